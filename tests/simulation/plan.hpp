// What a seed means: how long, how hostile, how rich, how tightly limited. All differences between
// seeds are decided here; the actors only carry them out.
#pragma once

#include "services/order-manager/core/settings.hpp"
#include "services/order-manager/kept_streams.hpp"
#include "services/strategy-runner/core/runner.hpp"
#include "services/venue-simulator/core/exchange.hpp"
#include "services/venue-simulator/core/faults.hpp"
#include "tests/simulation/link.hpp"
#include "tests/simulation/mapping.hpp"
#include "tests/simulation/trap.hpp"

namespace polybot::simulation {

struct Plan {
  std::uint64_t seed = 1;
  Timestamp start{};
  Duration horizon = minutes(10);  // of trading; what follows only settles
  // A slow world trades on until it has shown enough, but not beyond five horizons.
  std::uint64_t orders_wanted = 100;
  domain::Money deposit;

  venue_simulator::ExchangeSettings exchange;
  order_manager::Settings manager;
  int runners = 1;      // at first
  int runners_max = 4;  // when scaled up
  // By strategy; parameters not named are as shipped.
  std::map<std::string, strategy_runner::ParameterTexts> parameters;
  order_manager::KeptStreamsBounds streams;  // what order-manager keeps for replays

  Weather bus;       // between our processes
  Weather answers;   // of the recovery ports
  Weather internet;  // to the venue
  Duration request_timeout = seconds(2);
  std::int64_t request_trouble_ppm =
      0;                           // of a request to the venue that ends without a proper answer
  std::int64_t user_loss_ppm = 0;  // of a user event that never comes though the channel is up
  // Of a session of the user channel that tells no trades: only events of orders say that something
  // was matched.
  std::int64_t tradeless_ppm = 0;
  std::int64_t balance_refused_ppm = 0;  // of one token's balance in one reading
  // The balances of some worthless tokens are refused to the end.
  bool balances_refused_for_good = false;
  std::int64_t key_ended_ppm = 0;  // of a signed request that finds its API key ended
  // The trades of one market stay unsettled until the world is healed.
  bool trades_stuck = false;
  // Purchases that a person made before order-manager was ever started.
  int bought_before = 0;
  Duration executed_late_max = seconds(15);

  Duration trouble_min = seconds(3);  // between two things that go wrong
  Duration trouble_max = seconds(15);
  std::int64_t commit_failure_ppm = 0;  // of one commit

  // Constructed worlds: faults of the venue that are on until the end, and one death.
  std::vector<venue_simulator::Fault> faults;
  std::optional<Trap> trap;
};

[[nodiscard]] Plan make_plan(std::uint64_t seed);

// The settings of one runner process.
[[nodiscard]] strategy_runner::RunnerSettings runner_settings(const Plan& plan, int replica,
                                                              std::uint64_t incarnation);

}  // namespace polybot::simulation
