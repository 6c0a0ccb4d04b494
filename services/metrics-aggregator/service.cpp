#include "services/metrics-aggregator/service.hpp"

#include <boost/asio/co_spawn.hpp>

#include "common/runtime/logging.hpp"
#include "common/runtime/until_one_ends.hpp"
#include "common/wire/topics.hpp"
#include "services/metrics-aggregator/aggregator.hpp"

namespace polybot::metrics_aggregator {

namespace {

// A scrape takes milliseconds; a longer request is not waited for.
constexpr auto kLastRequests = std::chrono::milliseconds(500);

}  // namespace

boost::asio::awaitable<void> run(runtime::Runtime& runtime, Config config) {
  runtime.health.add("bus", "not listening");
  if (!config.state_folder.empty()) runtime.health.add("state", "not written yet");
  bus::Stats stats;
  // This process reads its own metrics without the bus.
  const auto own = runtime::make_metrics(runtime, config.bus, stats, wire::channels::kOfAggregator,
                                         config.state_folder);
  const domain::Timestamp started = runtime.health.started_at();
  const domain::Duration monotonic_start =
      runtime.clock.monotonic() - (runtime.clock.now() - started);
  Aggregator aggregator(
      runtime.io.get_executor(),
      {.metrics_address = config.metrics_address,
       .status_address = config.status_address,
       .services = config.services,
       .trust = config.bus.security.trust,
       .interval = std::chrono::duration_cast<std::chrono::milliseconds>(config.interval),
       .merger = config.merger,
       .liveness = config.liveness,
       .expected_services = config.expected_services,
       .now =
           [clock = runtime.clock, monotonic_start] {
             return metrics::Moment{clock.wall(), clock.monotonic() - monotonic_start};
           },
       .state_folder = config.state_folder,
       .sync_every = std::chrono::duration_cast<std::chrono::milliseconds>(config.sync_every),
       .monotonic_start = monotonic_start,
       .boot_id = runtime::boot_id()},
      *own, runtime.health, stats);
  aggregator.add_routes(runtime.admin.router());
  runtime::log::info("Metrics aggregator listens", {{"metrics", aggregator.metrics_address()},
                                                    {"status", aggregator.status_address()},
                                                    {"http", runtime.admin.address()}});
  (void)co_await runtime::until_one_ends(aggregator.receive_snapshots(),
                                         aggregator.receive_heartbeats(),
                                         aggregator.merge_repeatedly(), runtime.stop.wait());
  co_await aggregator.finish();
  aggregator.close();
  // The routes refer to this object, so no request may be under way when it goes.
  co_await runtime.admin.stop(kLastRequests);
}

}  // namespace polybot::metrics_aggregator
