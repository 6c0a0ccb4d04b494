// What order-manager tells an aggregator with many strategies and positions, once a second, by its
// own code: for aggregator_size.py, which measures what that costs.
//   metrics_load METRICS_ADDRESS STATUS_ADDRESS STRATEGIES POSITIONS    until it is ended
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <string>

#include "common/domain/number_text.hpp"
#include "common/metrics/service_metrics.hpp"
#include "common/runtime/clock.hpp"
#include "services/order-manager/manager_metrics.hpp"

namespace {

using namespace polybot;

// Slugs as long as the venue's are; each strategy holds its share of the positions.
order_manager::Figures figures_of(std::size_t strategies, std::size_t positions) {
  order_manager::Figures figures{.journal_id = 1, .fold_version = 1, .sequence = 1};
  for (std::size_t i = 0; i < strategies; ++i) {
    order_manager::StrategySnapshot snapshot;
    snapshot.strategy = {"strategy_" + std::to_string(i)};
    for (std::size_t j = i; j < positions; j += strategies) {
      domain::MarketId id;
      for (std::size_t byte = 0; byte < 4; ++byte)
        id.bytes[byte] = static_cast<std::uint8_t>(j >> (8 * byte));
      snapshot.position_values.push_back(
          {id, "will-it-rain-in-the-city-of-number-" + std::to_string(j) + "-tomorrow",
           domain::Money::from_units(static_cast<std::int64_t>(j % 500))});
    }
    snapshot.positions_open = snapshot.position_values.size();
    figures.strategies.push_back(std::move(snapshot));
  }
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  const auto strategies = argc == 5 ? domain::parse_number<std::size_t>(argv[3]) : std::nullopt;
  const auto positions = argc == 5 ? domain::parse_number<std::size_t>(argv[4]) : std::nullopt;
  if (!strategies || *strategies == 0 || !positions) {
    std::fprintf(stderr, "usage: metrics_load METRICS STATUS STRATEGIES POSITIONS\n");
    return 2;
  }
  boost::asio::io_context io;
  bus::Stats stats;
  const runtime::Clock clock;
  const domain::Duration started = clock.monotonic();
  metrics::ServiceMetrics metrics(
      io.get_executor(),
      {.identity = {"order-manager", "order-manager-1", 7, "load", "load"},
       .metrics_address = argv[1],
       .status_address = argv[2],
       .now =
           [&] {
             return metrics::Moment{clock.wall(), clock.monotonic() - started};
           }},
      stats);
  const order_manager::Figures figures = figures_of(*strategies, *positions);
  order_manager::ManagerMetrics manager(
      metrics.registry(),
      {.figures = [&] { return figures; }, .backups = [] { return order_manager::BackupTimes{}; }});
  manager.set_fold(1, 1);
  metrics.set_readiness(true, {});
  metrics.start();
  boost::asio::signal_set ended(io, SIGTERM, SIGINT);
  ended.async_wait([&](auto, auto) { io.stop(); });
  io.run();
  return 0;
}
