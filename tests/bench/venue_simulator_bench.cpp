// How fast the simulated exchange runs in virtual time: the crowd alone, and orders from outside.
#include <benchmark/benchmark.h>

#include "services/venue-simulator/core/exchange.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {
namespace {

using namespace std::chrono_literals;

const domain::Timestamp kStart = domain::from_unix_ms(1'790'000'000'000);

// One iteration is a second of market time at the default rate.
void BM_CrowdSecond(benchmark::State& state) {
  Outputs out;
  ExchangeSettings settings;
  settings.flow.edge = state.range(0) != 0;
  Exchange exchange(settings, kStart, out);
  domain::Timestamp now = kStart;
  std::int64_t changes = 0;
  for (auto _ : state) {
    now += 1s;
    out.clear();
    exchange.on(AdvanceTime{}, now, out);
    for (const MarketOutput& output : out.market) {
      if (const auto* changed = std::get_if<BookChanged>(&output)) {
        changes += static_cast<std::int64_t>(changed->changes.size());
      }
    }
  }
  state.counters["steps/s"] =
      benchmark::Counter(static_cast<double>(exchange.flow().steps()), benchmark::Counter::kIsRate);
  state.counters["book_changes/s"] =
      benchmark::Counter(static_cast<double>(changes), benchmark::Counter::kIsRate);
  state.counters["book_changes_per_market_second"] =
      benchmark::Counter(static_cast<double>(changes), benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_CrowdSecond)->Arg(1)->Arg(0);

// An outside order that rests, and its cancel.
void BM_SubmitAndCancel(benchmark::State& state) {
  Outputs out;
  Exchange exchange({}, kStart, out);
  exchange.on(OpenAccount{{1}, domain::Money::from_units(1'000'000)}, kStart, out);
  const AccountId account = out.opened.at(0);
  const MarketNo market = exchange.engine().markets().front();
  domain::Timestamp now = kStart;
  std::uint64_t number = 0;
  for (auto _ : state) {
    now += 1ms;
    NewOrder order;
    order.id = derived_id<domain::VenueOrderId>(3, IdKind::Order, ++number);
    order.token = exchange.engine().listing(market)->market.yes_token;
    order.limit = domain::Price::from_raw(500);
    order.quantity = domain::Quantity::from_units(20);
    out.clear();
    exchange.on(SubmitOrders{account, {order}}, now, out);
    exchange.on(CancelOrders{account, {order.id}}, now, out);
  }
  state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(BM_SubmitAndCancel);

}  // namespace
}  // namespace polybot::venue_simulator
