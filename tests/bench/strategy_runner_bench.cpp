// The strategy runner on hand-made events: the search for the best basket beside the plain search
// that finds the same, a whole scan of an event for each change of one of its books, and a book
// that is heard again unchanged; arguments are outcomes of the event. At last all that a second
// brings to a runner of three strategies when no book moves; the argument is the number of markets.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <vector>

#include "services/strategy-runner/core/runner.hpp"
#include "tests/support/basket_search.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::Level;
using domain::Price;
using domain::Quantity;

// The nth market is one of the outcomes of the event n / outcomes.
domain::MarketId id_of(int n) {
  domain::MarketId id;
  id.bytes[0] = 0xAA;
  id.bytes[30] = static_cast<std::uint8_t>(n >> 8);
  id.bytes[31] = static_cast<std::uint8_t>(n);
  return id;
}

domain::Market market_of(int n, int outcomes) {
  domain::Market market;
  market.id = id_of(n);
  market.event.bytes[30] = static_cast<std::uint8_t>(n / outcomes >> 8);
  market.event.bytes[31] = static_cast<std::uint8_t>(n / outcomes);
  market.slug = "market-" + std::to_string(n);
  market.min_size = Quantity::from_units(5);
  market.fee = {.rate_ppm = 40'000, .exponent = 1};
  market.neg_risk = true;
  market.event_market_count = static_cast<std::uint16_t>(outcomes);
  return market;
}

// Sizes that all differ, so that every one of them is a quantity to be tried.
Quantity size_of(int n, int level) {
  return Quantity::from_raw(20'000'000 + 370'000 * (n % 100) + 1'110'000 * level);
}

// Outcomes at 1 / n with a spread of a tick: no basket pays. `cheap` makes the NOs of every seventh
// outcome pay together.
struct Sides {
  std::vector<Level> bids;
  std::vector<Level> asks;
};
Sides sides_of(int n, int outcomes, bool cheap) {
  const std::int64_t fair = cheap && n % 7 == 0 ? 3'500 : 10'000 / outcomes;
  Sides sides;
  for (int level = 9; level >= 0; --level) {
    if (fair - 10 - level * 10 > 0)
      sides.bids.push_back({Price::from_raw(fair - 10 - level * 10), size_of(n, level)});
    sides.asks.push_back({Price::from_raw(fair + 10 + level * 10), size_of(n, level)});
  }
  return sides;
}

std::vector<Ladder> ladders_of(int outcomes, bool cheap) {
  std::vector<Ladder> ladders;
  for (int n = 0; n < outcomes; ++n) {
    const Sides sides = sides_of(n, outcomes, cheap);
    domain::OrderBook book;
    book.load(sides.bids, sides.asks);
    ladders.push_back(buy_ladder(market_of(n, outcomes), domain::Outcome::No, book));
  }
  return ladders;
}

BasketLimits limits() {
  return {.edge_min = domain::Money::from_raw(4'000),
          .quantity_max = Quantity::from_units(200),
          .leg_cost_max = domain::Money::from_units(100),
          .basket_cost_max = domain::Money::from_units(250)};
}

using Search = std::optional<Basket> (*)(std::span<const Ladder>, const BasketLimits&);

double seconds_of(Search best, std::span<const Ladder> ladders) {
  const auto begun = std::chrono::steady_clock::now();
  benchmark::DoNotOptimize(best(ladders, limits()));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

// Both searches in turn; the time shown is ours.
void search(benchmark::State& state, bool cheap) {
  const std::vector<Ladder> ladders = ladders_of(static_cast<int>(state.range(0)), cheap);
  const auto found = best_no_basket(ladders, limits());
  const auto plain = plain_search::best_no_basket(ladders, limits());
  const bool same = found.has_value() == cheap && plain.has_value() == cheap &&
                    (!cheap || (found->legs == plain->legs && found->profit() == plain->profit()));
  if (!same) state.SkipWithError("another result");
  double ours_s = 0;
  double plain_s = 0;
  for (auto _ : state) {
    const double ours = seconds_of(best_no_basket, ladders);
    state.SetIterationTime(ours);
    ours_s += ours;
    plain_s += seconds_of(plain_search::best_no_basket, ladders);
  }
  const auto rounds = static_cast<double>(state.iterations());
  state.counters["plain_us"] = plain_s / rounds * 1e6;
  state.counters["plain/ours"] = plain_s / ours_s;
}

void SearchAtRest(benchmark::State& state) {
  search(state, false);
}
void SearchThatFinds(benchmark::State& state) {
  search(state, true);
}
BENCHMARK(SearchAtRest)
    ->Arg(10)
    ->Arg(50)
    ->Arg(100)
    ->UseManualTime()
    ->Iterations(1'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(SearchThatFinds)
    ->Arg(20)
    ->Arg(50)
    ->Arg(100)
    ->UseManualTime()
    ->Iterations(1'000)
    ->Unit(benchmark::kMicrosecond);

// A runner with all shards of its strategies leased.
class Scene {
 public:
  Scene(std::vector<std::string> strategies, int markets, int outcomes)
      : outcomes_(outcomes), runner_(settings(strategies)) {
    std::vector<domain::Lease> leases;
    for (const std::string& name : strategies) {
      tell(OrdersRestored{{name}, 0, {}});
      tell(StrategyHeard{
          {.strategy = {name}, .enabled = true, .parameters = {}, .last_seq = 0, .figures = {}}});
      for (int shard = 0; shard < domain::kShards; ++shard) {
        leases.push_back({.strategy = {name},
                          .shard = {static_cast<std::uint8_t>(shard)},
                          .replica = {"runner-1"},
                          .incarnation = 1,
                          .epoch = {1, 1},
                          .expires_at = now_ + std::chrono::hours(1'000)});
      }
    }
    tell(LeasesHeard{leases});
    for (int n = 0; n < markets; ++n) {
      tell(MarketHeard{market_of(n, outcomes_)});
      load(n);
    }
  }

  void load(int n) {
    const Sides sides = sides_of(n, outcomes_, false);
    tell(BookLoaded{
        {.shard = {}, .sent_at = now_, .trace = {}},
        {.market = id_of(n), .bids = sides.bids, .asks = sides.asks, .stamped_at = now_}});
  }
  void change(int n, std::int64_t quantity) {
    tell(BookChanged{{.shard = {}, .sent_at = now_, .trace = {}},
                     {.market = id_of(n),
                      .changes = {{domain::BookSide::Ask, Price::from_raw(10'000 / outcomes_ + 10),
                                   Quantity::from_units(20 + quantity)}},
                      .stamped_at = now_}});
  }
  void define(int n) { tell(MarketHeard{market_of(n, outcomes_)}); }
  void pass(domain::Duration span) {
    now_ += span;
    tell(TimerFired{});
  }
  [[nodiscard]] std::uint64_t scans() const { return runner_.status(0, now_).scans; }
  [[nodiscard]] bool silent() const { return out_.signals.empty(); }
  [[nodiscard]] const Runner& runner() const { return runner_; }

 private:
  static RunnerSettings settings(const std::vector<std::string>& strategies) {
    RunnerSettings settings{.replica = {"runner-1"}, .incarnation = 1, .strategies = {}};
    for (const std::string& name : strategies) {
      settings.strategies.push_back(
          {.name = {name},
           .factory = std::get<StrategyFactory>(find_strategy_type(name)->configure({})),
           .markets = {},
           .desk = {.strategy = {name}}});
    }
    return settings;
  }
  void tell(const Input& input) {
    runner_.on(input, now_, out_);
    while (runner_.scan_next(now_, out_)) {
    }
  }

  int outcomes_;
  domain::Timestamp now_ = domain::from_unix_ms(1'700'000'000'000);
  Runner runner_;
  Outputs out_;
};

// A change of one book and the scan of its event that it causes.
void ScanOfAnEvent(benchmark::State& state) {
  const auto outcomes = static_cast<int>(state.range(0));
  Scene scene({"arbitrage"}, outcomes, outcomes);
  const std::uint64_t before = scene.scans();
  int step = 0;
  for (auto _ : state) {
    scene.change(step % outcomes, step % 50);
    ++step;
  }
  const std::uint64_t scans = scene.scans() - before;
  if (scans != static_cast<std::uint64_t>(step) || !scene.silent())
    state.SkipWithError("not one scan for each change");
}
BENCHMARK(ScanOfAnEvent)->Arg(2)->Arg(10)->Arg(50)->Arg(100)->Unit(benchmark::kMicrosecond);

void BookHeardUnchanged(benchmark::State& state) {
  const auto outcomes = static_cast<int>(state.range(0));
  Scene scene({"arbitrage"}, outcomes, outcomes);
  const std::uint64_t before = scene.scans();
  int step = 0;
  for (auto _ : state) scene.load(step++ % outcomes);
  if (scene.scans() != before) state.SkipWithError("it was scanned");
}
BENCHMARK(BookHeardUnchanged)->Arg(100)->Unit(benchmark::kMicrosecond);

// Each book once, ten timers, and what is shown of the strategies.
void SecondAtRest(benchmark::State& state) {
  constexpr int kTimers = 10;
  const auto markets = static_cast<int>(state.range(0));
  Scene scene({"arbitrage", "spread_farm", "momentum"}, markets, 10);
  const auto second = [&] {
    for (int timer = 0; timer < kTimers; ++timer) {
      scene.pass(std::chrono::milliseconds(1'000 / kTimers));
      for (int n = timer; n < markets; n += kTimers) scene.load(n);
    }
    for (std::size_t i = 0; i < scene.runner().strategies(); ++i)
      benchmark::DoNotOptimize(scene.runner().markets_traded(i));
  };
  for (int seconds = 0; seconds < 20; ++seconds) second();  // all are warm
  for (auto _ : state) {
    second();
    state.PauseTiming();
    for (int n = 0; n < markets; ++n) scene.define(n);
    state.ResumeTiming();
  }
}
BENCHMARK(SecondAtRest)->Arg(2'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace polybot::strategy_runner
