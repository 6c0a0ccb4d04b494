#include "tests/simulation/plan.hpp"

namespace polybot::simulation {
namespace {

namespace sr = strategy_runner;
using domain::Money;
using domain::StrategyName;

// 2027-01-15 00:00:00 UTC.
constexpr std::int64_t kMidnightMs = 1'799'971'200'000;

// Trades count as stuck from 15 minutes on.
constexpr Duration kUntilStuckTradesCount = minutes(25);

domain::RiskLimits tight_limits() {
  domain::RiskLimits limits;
  limits.order_notional_max = Money::from_units(60);
  limits.position_max = Money::from_units(80);
  limits.event_exposure_max = Money::from_units(150);
  limits.exposure_max = Money::from_units(600);
  limits.open_orders_max = 25;
  limits.daily_loss_max = Money::from_units(30);
  limits.drawdown_max = Money::from_units(40);
  return limits;
}

order_manager::Settings manager_settings(Random& random) {
  order_manager::Settings settings;
  const bool tight = random.chance(500'000);
  for (const StrategyName& name : kStrategies) {
    settings.strategies.push_back({.name = name,
                                   .enabled_at_first = true,
                                   .limits = tight ? tight_limits() : domain::RiskLimits{}});
  }
  // Longer than, about as long as, and shorter than an order can be on its way.
  constexpr std::array<Duration, 4> kHolds{seconds(3), seconds(6), seconds(12), seconds(20)};
  settings.ambiguous_hold = kHolds[static_cast<std::size_t>(random.between(0, 3))];
  settings.drift_every = seconds(random.between(20, 60));
  if (random.chance(300'000)) settings.account_limits.exposure_max = Money::from_units(700);
  if (random.chance(300'000)) settings.account_limits.order_rate_max = 5;
  // Half of the operators let deposits and withdrawals be booked.
  if (random.chance(500'000)) settings.cash_moved_after = seconds(random.between(10, 40));
  return settings;
}

Weather bus_weather(Random& random) {
  return {.loss_ppm = random.between(0, 20'000),
          .repeat_ppm = random.between(0, 20'000),
          .delay_min = microseconds(100),
          .delay_max = milliseconds(random.between(1, 20)),
          .stall_ppm = random.between(0, 10'000),
          .stall_max = milliseconds(random.between(50, 1'500))};
}

// Answers that are under way while more is missed: older than what they should mend.
Weather slow_answers(Weather weather, Random& random) {
  weather.stall_ppm = random.between(100'000, 600'000);
  weather.stall_max = milliseconds(450);  // within the patience of who asks
  return weather;
}

Weather internet_weather(Random& random) {
  return {.loss_ppm = 0,
          .repeat_ppm = 0,
          .delay_min = milliseconds(5),
          .delay_max = milliseconds(random.between(10, 120)),
          .stall_ppm = random.between(0, 60'000),
          .stall_max = milliseconds(random.between(200, 2'500))};
}

// Unlike the shipped ones these overlap, so that the two meet each other's orders.
constexpr Division kOverlapping{.spread_farm_last = {47}, .momentum_first = {24}};

// Strategies that trade at the slightest reason and hold until their markets end.
std::map<std::string, sr::ParameterTexts> careless_parameters() {
  return {{"momentum",
           {{"window", "20s"},
            {"flow_min", "5"},
            {"trades_min", "1"},
            {"entry_imbalance", "0.2"},
            {"move_min", "0.001"},
            {"spread_max", "0.2"},
            {"rest", "5s"},
            {"time_to_end_min", "2s"},
            {"exit_before_end", "1s"}}},
          {"spread_farm",
           {{"inventory_max", "200"},
            {"refresh_interval", "5s"},
            {"reduce_before_end", "2s"},
            {"exit_before_end", "1s"}}}};
}

}  // namespace

Plan make_plan(std::uint64_t seed) {
  Random random(splitmix64(seed ^ 0x706C616EULL));
  Plan plan;
  plan.seed = seed;
  // A third of the seeds trade across the end of a UTC day.
  plan.start = domain::from_unix_ms(kMidnightMs) - seconds(random.between(0, 1'800));
  constexpr std::array<std::int64_t, 4> kDeposits{250, 800, 3'000, 20'000};
  plan.deposit = Money::from_units(kDeposits[static_cast<std::size_t>(random.between(0, 3))]);

  plan.exchange.seed = seed;
  plan.exchange.flow.book_changes_per_second = random.between(12, 30);
  plan.exchange.flow.rotate_period = seconds(random.between(100, 240));
  plan.exchange.flow.resolve_after_max = seconds(40);
  plan.exchange.engine.retention = minutes(60);

  plan.manager = manager_settings(random);
  plan.runners = random.chance(400'000) ? 1 : static_cast<int>(random.between(2, 4));
  if (random.chance(600'000)) plan.parameters = careless_parameters();
  constexpr std::array<std::size_t, 3> kKeptBytes{20'000, 200'000, 4'000'000};
  plan.streams = {.kept_bytes_max = kKeptBytes[static_cast<std::size_t>(random.between(0, 2))],
                  .answer_bytes_max = 100'000};

  plan.bus = bus_weather(random);
  plan.internet = internet_weather(random);
  plan.request_timeout = milliseconds(random.between(800, 3'000));
  plan.request_trouble_ppm = random.between(0, 30'000);
  plan.user_loss_ppm = random.chance(500'000) ? random.between(0, 20'000) : 0;
  plan.balance_refused_ppm = random.chance(300'000) ? random.between(10'000, 300'000) : 0;
  plan.tradeless_ppm = random.chance(250'000) ? random.between(100'000, 600'000) : 0;
  plan.executed_late_max = seconds(random.between(2, 15));
  plan.trouble_max = seconds(random.between(6, 14));
  plan.commit_failure_ppm = random.between(0, 1'000);
  plan.bus.unreadable_ppm = random.between(0, 2'000);
  if (random.chance(500'000)) plan.bought_before = static_cast<int>(random.between(1, 12));
  plan.answers = random.chance(300'000) ? slow_answers(plan.bus, random) : plan.bus;
  plan.balances_refused_for_good = random.chance(200'000);
  plan.key_ended_ppm = random.chance(250'000) ? random.between(500, 10'000) : 0;
  if (random.chance(300'000)) {
    plan.manager.account_limits.daily_loss_max =
        Money::from_raw(plan.deposit.raw() / 100 * random.between(4, 30));
  }
  plan.trades_stuck = random.chance(80'000);
  if (plan.trades_stuck) plan.horizon = kUntilStuckTradesCount;
  return plan;
}

sr::RunnerSettings runner_settings(const Plan& plan, int replica, std::uint64_t incarnation) {
  sr::RunnerSettings settings{.replica = {"runner-" + std::to_string(replica + 1)},
                              .incarnation = incarnation,
                              .strategies = {}};
  for (const StrategyName& name : kStrategies) {
    const auto tuned = plan.parameters.find(name.value);
    const auto configured =
        sr::find_strategy_type(name.value)
            ->configure(tuned == plan.parameters.end() ? sr::ParameterTexts{} : tuned->second);
    settings.strategies.push_back({.name = name,
                                   .factory = std::get<sr::StrategyFactory>(configured),
                                   .markets = markets_of(name, kOverlapping),
                                   .desk = {.strategy = name}});
  }
  return settings;
}

}  // namespace polybot::simulation
