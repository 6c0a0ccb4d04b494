#include "services/order-manager/core/decide/commands.hpp"

#include <utility>
#include <variant>
#include <vector>

namespace polybot::order_manager {

using domain::CancelReason;
using domain::CommandDenyReason;
using domain::StateReason;
using domain::TradingState;

namespace {

domain::EventBody answer(const domain::CommandId& command, CommandDenyReason reason,
                         std::string issuer) {
  if (reason == CommandDenyReason::None) return domain::CommandAccepted{command, std::move(issuer)};
  return domain::CommandDenied{command, reason, std::move(issuer)};
}

// Open sells of the outcome take more than what is beyond its pairs.
bool breaks_pairs(const Ledger& ledger, const domain::Order& order) {
  const bool levels = order.purpose == domain::OrderPurpose::Unwind;
  return !levels && RiskEngine::unpaired(ledger, order.strategy, order.instrument).is_negative();
}

}  // namespace

void Commands::received(Turn& turn, const domain::Command& command) {
  if (const Ledger::Answer* given = turn.ledger.answer(command.id)) {
    domain::StreamedEvent repeat;
    repeat.event.seq = repeat.prev = given->seq;
    repeat.event.at = given->at;
    repeat.event.trace = command.trace;
    repeat.event.body = answer(command.id, given->reason, {});
    turn.after_commit.repeats.push_back(std::move(repeat));
    return;
  }
  const CommandDenyReason reason =
      turn.now >= command.expires_at ? CommandDenyReason::Expired : obey(turn, command);
  turn.record({}, command.trace, answer(command.id, reason, command.issuer));
}

CommandDenyReason Commands::obey(Turn& turn, const domain::Command& command) {
  if (const auto* start = std::get_if<domain::StartStrategy>(&command.body))
    return obey(turn, *start, command.trace);
  if (const auto* stop = std::get_if<domain::StopStrategy>(&command.body))
    return obey(turn, *stop, command.trace);
  if (const auto* set = std::get_if<domain::SetTradingState>(&command.body))
    return obey(turn, *set);
  if (const auto* cancel = std::get_if<domain::CancelOrder>(&command.body))
    return obey(turn, *cancel);
  if (const auto* cancel = std::get_if<domain::CancelAllOrders>(&command.body))
    return obey(turn, *cancel);
  return obey(turn, std::get<domain::FlattenPositions>(command.body), command);
}

bool Commands::unknown(const std::optional<StrategyName>& strategy) const {
  return strategy && !settings_.configures(*strategy) &&
         strategy->value != domain::kExternalStrategy;
}

CommandDenyReason Commands::obey(Turn& turn, const domain::StartStrategy& start,
                                 domain::TraceId trace) {
  const StrategyName& strategy = start.strategy;
  if (!settings_.configures(strategy)) return CommandDenyReason::UnknownStrategy;
  if (!turn.ledger.enabled(strategy).value_or(false))
    turn.record(strategy, trace, domain::StrategySwitched{strategy, true});
  return CommandDenyReason::None;
}

CommandDenyReason Commands::obey(Turn& turn, const domain::StopStrategy& stop,
                                 domain::TraceId trace) {
  const StrategyName& strategy = stop.strategy;
  if (!settings_.configures(strategy)) return CommandDenyReason::UnknownStrategy;
  if (turn.ledger.enabled(strategy).value_or(false))
    turn.record(strategy, trace, domain::StrategySwitched{strategy, false});
  quoting_.withdraw_where(turn, CancelReason::Operator, [&](const TargetKey& key, const Target&) {
    return key.strategy == strategy;
  });
  desk_.cancel_where(turn, CancelReason::Operator, [&](const OrderRecord& order) {
    return order.order.strategy == strategy && order.order.purpose == domain::OrderPurpose::Quote;
  });
  return CommandDenyReason::None;
}

CommandDenyReason Commands::obey(Turn& turn, const domain::SetTradingState& set) {
  // The holdings that an unconfigured strategy has left behind can be flattened, so its state can
  // be set too.
  if (unknown(set.strategy) && !flattening_.covers(turn.ledger, *set.strategy))
    return CommandDenyReason::UnknownStrategy;
  change_state(turn, {.strategy = set.strategy,
                      .state = set.state,
                      .reason = StateReason::Requested,
                      .stated_reason = set.stated_reason,
                      .acknowledged_until = set.acknowledged_until});
  return CommandDenyReason::None;
}

CommandDenyReason Commands::obey(Turn& turn, const domain::CancelOrder& cancel) {
  const OrderRecord* order = turn.ledger.orders().find(cancel.order);
  if (order == nullptr) return CommandDenyReason::UnknownOrder;
  if (order->terminal()) return CommandDenyReason::OrderAlreadyTerminal;
  // A quote that the operator takes away must not come back with the next tick.
  const TargetKey key{order->order.strategy, order->order.instrument.market};
  if (order->order.purpose == domain::OrderPurpose::Quote)
    quoting_.withdraw(turn, key, CancelReason::Operator);
  desk_.cancel(turn, cancel.order, CancelReason::Operator);
  return CommandDenyReason::None;
}

CommandDenyReason Commands::obey(Turn& turn, const domain::CancelAllOrders& cancel) {
  if (unknown(cancel.strategy)) return CommandDenyReason::UnknownStrategy;
  const auto in_scope = [&](const StrategyName& strategy, const domain::MarketId& market) {
    return (!cancel.strategy || *cancel.strategy == strategy) &&
           (!cancel.market || *cancel.market == market);
  };
  quoting_.withdraw_where(turn, CancelReason::Operator, [&](const TargetKey& key, const Target&) {
    return in_scope(key.strategy, key.market);
  });
  desk_.cancel_where(turn, CancelReason::Operator, [&](const OrderRecord& order) {
    return in_scope(order.order.strategy, order.order.instrument.market);
  });
  return CommandDenyReason::None;
}

CommandDenyReason Commands::obey(Turn& turn, const domain::FlattenPositions& flatten,
                                 const domain::Command& command) {
  if (flatten.strategy && !flattening_.covers(turn.ledger, *flatten.strategy))
    return CommandDenyReason::UnknownStrategy;
  // Halted means that no order is sent, not even one that gets out.
  const TradingState state = flatten.strategy ? turn.ledger.trading_state(*flatten.strategy)
                                              : turn.ledger.own_trading_state(std::nullopt);
  if (state == TradingState::Halted) return CommandDenyReason::TradingHalted;
  if (turn.ledger.own_trading_state(flatten.strategy) == TradingState::Active)
    change_state(turn, {flatten.strategy, TradingState::Reducing, StateReason::Flatten});
  turn.record({}, command.trace, domain::FlattenBegun{command.id, flatten.strategy});
  flattening_.drive(turn);
  return CommandDenyReason::None;
}

// ---- trading states ----------------------------------------------------------------------------

void Commands::change_state(Turn& turn, domain::TradingStateChanged change) {
  const std::optional<StrategyName> strategy = change.strategy;
  const TradingState state = change.state;
  const domain::TradingStatus own = turn.ledger.own_trading_status(strategy);
  // An unchanged Active is recorded too: an operator who resumes acknowledges the losses so far.
  // Of two halts the last one says why, and until when it is acknowledged.
  const bool same = own.state == state && own.stated_reason == change.stated_reason &&
                    own.acknowledged_until == change.acknowledged_until;
  if (!same || state == TradingState::Active) turn.record(std::move(change));
  if (state != TradingState::Active) return enforce_state(turn, strategy);
  // The account's resume does not end the flatten of a single strategy.
  for (const Ledger::Flatten& flatten : std::vector<Ledger::Flatten>(turn.ledger.flattens())) {
    if (flatten.strategy == strategy) flattening_.end(turn, flatten, domain::LeftReason::Resumed);
  }
}

void Commands::halt_at_start(Turn& turn) {
  if (turn.ledger.own_trading_state(std::nullopt) == TradingState::Halted) return;
  change_state(turn, {std::nullopt, TradingState::Halted, StateReason::FirstStart});
}

// Entering Halted cancels every resting order, entering Reducing every order that does not reduce.
void Commands::enforce_state(Turn& turn, const std::optional<StrategyName>& strategy) {
  const bool halted = turn.ledger.own_trading_state(strategy) == TradingState::Halted;
  const auto in_scope = [&](const StrategyName& name) { return !strategy || *strategy == name; };
  if (halted) {
    quoting_.withdraw_where(
        turn, CancelReason::TradingState,
        [&](const TargetKey& key, const Target&) { return in_scope(key.strategy); });
  }
  const auto reduces = [&](const domain::Order& order) {
    return order.side == domain::Side::Sell && !breaks_pairs(turn.ledger, order);
  };
  desk_.cancel_where(turn, CancelReason::TradingState, [&](const OrderRecord& order) {
    return in_scope(order.order.strategy) && (halted || !reduces(order.order)) &&
           !placed_by_hand(order.order);
  });
}

void Commands::check_breaches(Turn& turn) {
  for (const ConfiguredStrategy& strategy : settings_.strategies) check_breach(turn, strategy.name);
  check_breach(turn, std::nullopt);
}

void Commands::check_breach(Turn& turn, const std::optional<StrategyName>& strategy) {
  if (turn.ledger.own_trading_state(strategy) != TradingState::Active) return;
  const auto reason = desk_.risk().breach(turn.ledger, strategy);
  if (reason) change_state(turn, {strategy, TradingState::Reducing, *reason});
}

}  // namespace polybot::order_manager
