#include "services/strategy-runner/core/strategy.hpp"

#include <algorithm>
#include <array>

#include "services/strategy-runner/core/strategies/arbitrage.hpp"
#include "services/strategy-runner/core/strategies/momentum.hpp"
#include "services/strategy-runner/core/strategies/spread_farm.hpp"

namespace polybot::strategy_runner {

std::optional<domain::SignalId> Context::take(domain::SignalAction action, std::vector<domain::Leg> legs) {
  const bool executing = std::any_of(legs.begin(), legs.end(), [&](const domain::Leg& leg) {
    return holdings().taking(leg.instrument.market);
  });
  if (executing) return std::nullopt;
  return emitter_.emit({.action = action, .body = std::move(legs)}, stamp_, out_);
}

std::optional<domain::SignalId> Context::quote(domain::QuoteTarget target) {
  const bool withdraws = !target.bid && !target.ask;
  const auto action = withdraws ? domain::SignalAction::Cancel : domain::SignalAction::Quote;
  return emitter_.emit({.action = action, .body = std::move(target)}, stamp_, out_);
}

std::span<const StrategyType> strategy_types() {
  static const std::array<StrategyType, 3> kTypes{{
      {"arbitrage", Arbitrage::parameters(), Arbitrage::configure},
      {"spread_farm", SpreadFarm::parameters(), SpreadFarm::configure},
      {"momentum", Momentum::parameters(), Momentum::configure},
  }};
  return kTypes;
}

const StrategyType* find_strategy_type(std::string_view name) {
  const auto types = strategy_types();
  const auto at = std::find_if(types.begin(), types.end(),
                               [&](const StrategyType& type) { return type.name == name; });
  return at == types.end() ? nullptr : &*at;
}

}  // namespace polybot::strategy_runner
