#include "services/strategy-runner/core/strategy.hpp"

#include <algorithm>
#include <array>

#include "services/strategy-runner/core/strategies/arbitrage.hpp"
#include "services/strategy-runner/core/strategies/momentum.hpp"
#include "services/strategy-runner/core/strategies/spread_farm.hpp"

namespace polybot::strategy_runner {

bool View::meets_own_order(const domain::Leg& leg) const {
  const LiveOrder taker{
      .id = {}, .instrument = leg.instrument, .side = leg.side, .limit = leg.limit};
  const bool buys_yes = taker.book_side() == domain::BookSide::Bid;
  const auto meets = [&](const LiveOrder& order) {
    if (order.book_side() == taker.book_side()) return false;
    return buys_yes ? order.yes_price() <= taker.yes_price()
                    : order.yes_price() >= taker.yes_price();
  };
  return std::any_of(everyone_.begin(), everyone_.end(), [&](const Holdings* one) {
    const auto orders = one->live_orders(leg.instrument.market);
    return std::any_of(orders.begin(), orders.end(), meets);
  });
}

std::optional<domain::SignalId> Context::take(domain::SignalAction action,
                                              std::vector<domain::Leg> legs) {
  const bool hindered = std::any_of(legs.begin(), legs.end(), [&](const domain::Leg& leg) {
    return holdings().taking(leg.instrument.market) || meets_own_order(leg);
  });
  const auto market = legs.empty() ? std::nullopt : std::optional(legs.front().instrument.market);
  std::optional<domain::SignalId> id;
  if (!hindered) id = emitter_.emit({.action = action, .body = std::move(legs)}, stamp_, out_);
  if (!id && market) held_back(*market);
  return id;
}

std::optional<domain::SignalId> Context::quote(domain::QuoteTarget target) {
  const bool withdraws = !target.bid && !target.ask;
  const auto action = withdraws ? domain::SignalAction::Cancel : domain::SignalAction::Quote;
  const auto id = emitter_.emit({.action = action, .body = target}, stamp_, out_);
  if (!id) held_back(target.market);
  return id;
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
