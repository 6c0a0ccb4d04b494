// Operator commands, trading states and getting out.
#include <algorithm>

#include "common/domain/amounts.hpp"
#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::CancelReason;
using domain::CommandDenyReason;
using domain::LeftReason;
using domain::Quantity;
using domain::Side;
using domain::StateReason;
using domain::TradingState;

void OrderManager::State::on(const domain::Command& command) {
  if (const Ledger::Answer* given = ledger.answer(command.id)) {
    domain::StreamedEvent repeat;
    repeat.event.seq = given->seq;
    repeat.event.at = given->at;
    repeat.event.trace = command.trace;
    if (given->reason == CommandDenyReason::None) {
      repeat.event.body = domain::CommandAccepted{command.id};
    } else {
      repeat.event.body = domain::CommandDenied{command.id, given->reason};
    }
    out->after_commit.repeats.push_back(std::move(repeat));
    return;
  }
  const CommandDenyReason reason =
      now >= command.expires_at ? CommandDenyReason::Expired : obey(command);
  if (reason == CommandDenyReason::None) {
    record({}, command.trace, domain::CommandAccepted{command.id});
  } else {
    record({}, command.trace, domain::CommandDenied{command.id, reason});
  }
}

CommandDenyReason OrderManager::State::obey(const domain::Command& command) {
  const auto unknown = [this](const std::optional<StrategyName>& strategy) {
    return strategy && !is_configured(*strategy) && strategy->value != domain::kExternalStrategy;
  };
  const auto switched = [&](const StrategyName& strategy, bool on_now) {
    if (!is_configured(strategy)) return CommandDenyReason::UnknownStrategy;
    if (enabled(strategy) != on_now) {
      record(strategy, command.trace, domain::StrategySwitched{strategy, on_now});
    }
    if (on_now) return CommandDenyReason::None;
    withdraw_where(CancelReason::Operator,
                   [&](const TargetKey& key) { return key.strategy == strategy; });
    cancel_where(CancelReason::Operator, [&](const OrderRecord& order) {
      return order.order.strategy == strategy && order.order.purpose == domain::OrderPurpose::Quote;
    });
    return CommandDenyReason::None;
  };
  if (const auto* start = std::get_if<domain::StartStrategy>(&command.body)) {
    return switched(start->strategy, true);
  }
  if (const auto* stop = std::get_if<domain::StopStrategy>(&command.body)) {
    return switched(stop->strategy, false);
  }
  if (const auto* set = std::get_if<domain::SetTradingState>(&command.body)) {
    // What a strategy has left behind is flattened, so it can be let, too.
    if (unknown(set->strategy) && !may_flatten(*set->strategy)) {
      return CommandDenyReason::UnknownStrategy;
    }
    change_trading_state(set->strategy, set->state, StateReason::Requested);
    return CommandDenyReason::None;
  }
  if (const auto* cancel = std::get_if<domain::CancelOrder>(&command.body)) {
    const OrderRecord* order = ledger.orders().find(cancel->order);
    if (order == nullptr) return CommandDenyReason::UnknownOrder;
    if (order->terminal()) return CommandDenyReason::OrderAlreadyTerminal;
    // A quote that the operator takes away must not come back with the next tick.
    const TargetKey key{order->order.strategy, order->order.instrument.market};
    if (order->order.purpose == domain::OrderPurpose::Quote) withdraw(key, CancelReason::Operator);
    request_cancel(cancel->order, CancelReason::Operator);
    return CommandDenyReason::None;
  }
  if (const auto* cancel = std::get_if<domain::CancelAllOrders>(&command.body)) {
    if (unknown(cancel->strategy)) return CommandDenyReason::UnknownStrategy;
    const auto in_scope = [&](const StrategyName& strategy, const domain::MarketId& market) {
      return (!cancel->strategy || *cancel->strategy == strategy) &&
             (!cancel->market || *cancel->market == market);
    };
    withdraw_where(CancelReason::Operator,
                   [&](const TargetKey& key) { return in_scope(key.strategy, key.market); });
    cancel_where(CancelReason::Operator, [&](const OrderRecord& order) {
      return in_scope(order.order.strategy, order.order.instrument.market);
    });
    return CommandDenyReason::None;
  }
  const auto& flatten = std::get<domain::FlattenPositions>(command.body);
  if (flatten.strategy && !may_flatten(*flatten.strategy)) {
    return CommandDenyReason::UnknownStrategy;
  }
  // Halted means that nothing is sent, not even what gets out.
  const TradingState state = flatten.strategy ? ledger.trading_state(*flatten.strategy)
                                              : ledger.own_trading_state(std::nullopt);
  if (state == TradingState::Halted) return CommandDenyReason::TradingHalted;
  if (ledger.own_trading_state(flatten.strategy) == TradingState::Active) {
    change_trading_state(flatten.strategy, TradingState::Reducing, StateReason::Flatten);
  }
  record({}, command.trace, domain::FlattenBegun{command.id, flatten.strategy});
  drive_flattens();
  return CommandDenyReason::None;
}

// ---- trading states ----------------------------------------------------------------------------

void OrderManager::State::change_trading_state(const std::optional<StrategyName>& strategy,
                                               TradingState state, StateReason reason) {
  // Also when it is the same: an operator who resumes acknowledges the losses so far.
  const bool same = ledger.own_trading_state(strategy) == state;
  if (!same || state == TradingState::Active) {
    record({}, {}, domain::TradingStateChanged{strategy, state, reason});
  }
  if (state != TradingState::Active) return enforce_trading_state(strategy);
  for (const Ledger::Flatten& flatten : std::vector<Ledger::Flatten>(ledger.flattens())) {
    if (!strategy || flatten.strategy == strategy) end_flatten(flatten, LeftReason::Resumed);
  }
}

// Entering Halted cancels every resting order, entering Reducing every order that does not reduce.
void OrderManager::State::enforce_trading_state(const std::optional<StrategyName>& strategy) {
  const TradingState state = ledger.own_trading_state(strategy);
  const auto in_scope = [&](const StrategyName& name) { return !strategy || *strategy == name; };
  if (state == TradingState::Halted) {
    withdraw_where(CancelReason::TradingState,
                   [&](const TargetKey& key) { return in_scope(key.strategy); });
  }
  cancel_where(CancelReason::TradingState, [&](const OrderRecord& order) {
    const bool opens = order.order.side == Side::Buy;
    return in_scope(order.order.strategy) && (state == TradingState::Halted || opens);
  });
}

void OrderManager::State::check_breaches() {
  for (const StrategySettings& strategy : settings.strategies) check_breach(strategy.name);
  check_breach(std::nullopt);
}

void OrderManager::State::check_breach(const std::optional<StrategyName>& strategy) {
  if (ledger.own_trading_state(strategy) != TradingState::Active) return;
  const auto reason = risk.breach(ledger, strategy);
  if (reason) change_trading_state(strategy, TradingState::Reducing, *reason);
}

// ---- getting out -------------------------------------------------------------------------------

bool OrderManager::State::sell_at_market(const domain::ClientOrderId& id,
                                         const StrategyName& strategy,
                                         const domain::Instrument& instrument, Quantity quantity,
                                         domain::OrderPurpose purpose, domain::TraceId trace) {
  const domain::Market* market = ledger.market(instrument.market);
  if (market == nullptr || !tradable(instrument.market)) return false;
  ExitPace& pace = exits[instrument];
  if (now < pace.next) return true;
  // Resting quotes hold back the shares, or would meet this order.
  cancel_where(CancelReason::Requested, [&](const OrderRecord& order) {
    return order.order.purpose == domain::OrderPurpose::Quote && order.order.strategy == strategy &&
           order.order.instrument.market == instrument.market;
  });
  const Quantity free = RiskEngine::sellable(ledger, strategy, instrument);
  const auto bid = quotes.best_bid(instrument, now);
  if (!bid) return true;
  const Quantity at_best = std::min({quantity, free, bid->quantity});
  // A slice that is worth less than the minimum is refused whole: better all, at what it finds.
  const bool too_small = domain::notional(bid->price, at_best, domain::Rounding::Down) <
                         domain::kMarketableNotionalMin;
  const Quantity size =
      domain::floor_to_step(too_small ? std::min(quantity, free) : at_best, domain::kShareStep);
  if (!size.is_positive()) return quantity >= domain::kShareStep;
  const std::int64_t tick = market->tick.raw();
  const std::int64_t limit =
      std::max(tick, (bid->price.raw() - settings.exit_slippage.raw()) / tick * tick);
  pace.next = now + settings.unwind_pause;
  const Draft draft{.id = id,
                    .strategy = strategy,
                    .instrument = instrument,
                    .side = Side::Sell,
                    .limit = Price::from_raw(limit),
                    .quantity = size,
                    .time_in_force = domain::TimeInForce::Fak,
                    .purpose = purpose,
                    .trace = trace};
  if (ledger.trading_state(strategy) != TradingState::Halted) {
    static_cast<void>(submit({draft}));  // what is refused now is tried again after the pause
  }
  return true;
}

void OrderManager::State::pace_exit(const domain::Instrument& instrument) {
  constexpr int kDoublingsMax = 5;
  ExitPace& pace = exits[instrument];
  pace.refused = std::min(pace.refused + 1, kDoublingsMax);
  pace.next = now + settings.unwind_pause * (1 << pace.refused);
}

void OrderManager::State::drive_flattens() {
  if (stopping || !reconciled) return;
  for (const Ledger::Flatten& flatten : std::vector<Ledger::Flatten>(ledger.flattens())) {
    if (!flatten_step(flatten)) end_flatten(flatten);
  }
}

// Also what a strategy left behind that is no longer configured. What somebody holds by hand is
// theirs to sell.
bool OrderManager::State::may_flatten(const StrategyName& strategy) const {
  const bool known = is_configured(strategy) || ledger.portfolio().positions().contains(strategy);
  return known && strategy.value != domain::kExternalStrategy;
}

std::vector<OrderManager::State::Held> OrderManager::State::held_in(
    const Ledger::Flatten& flatten) const {
  std::vector<Held> held;
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    if (!may_flatten(strategy) || (flatten.strategy && *flatten.strategy != strategy)) continue;
    for (const auto& [market, position] : positions) {
      if (ledger.portfolio().resolutions().contains(market)) continue;  // a claim
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        const Quantity quantity = position.token(outcome).holding().quantity;
        if (quantity.is_positive()) held.push_back({strategy, {market, outcome}, quantity});
      }
    }
  }
  return held;
}

// True while something may still be sold.
bool OrderManager::State::flatten_step(const Ledger::Flatten& flatten) {
  const domain::SignalId cause{flatten.command.high, flatten.command.low};
  bool waiting = false;
  for (const Held& held : held_in(flatten)) {
    if (held.quantity < domain::kShareStep) continue;
    if (may_be_worth_more(held)) {
      waiting = true;
      continue;
    }
    if (left_reason(held)) continue;
    waiting = sell_at_market({cause, ledger.orders().next_leg(cause)}, held.strategy,
                             held.instrument, held.quantity, domain::OrderPurpose::Flatten, {}) ||
              waiting;
  }
  return waiting;
}

// Whether the bid that makes it worth too little has not stood for long.
bool OrderManager::State::may_be_worth_more(const Held& held) {
  const std::pair key{held.strategy, held.instrument};
  if (left_reason(held) != LeftReason::BelowMinimum) {
    worthless_since.erase(key);
    return false;
  }
  return now < worthless_since.try_emplace(key, now).first->second + settings.unwind_after;
}

// Why the venue buys none of it; none while it may, or while that cannot be known: something of it
// is under way, or nobody has a fresh quote.
std::optional<LeftReason> OrderManager::State::left_reason(const Held& held) const {
  if (!tradable(held.instrument.market)) return LeftReason::MarketOver;
  const Quantity there =
      std::min(held.quantity, ledger.portfolio().account_quantity(held.instrument));
  if (there < domain::kShareStep) {
    return held.quantity < domain::kShareStep ? LeftReason::BelowMinimum : LeftReason::NotHeld;
  }
  const Quantity rest = domain::floor_to_step(there, domain::kShareStep);
  if (RiskEngine::sellable(ledger, held.strategy, held.instrument) < rest) return std::nullopt;
  const auto bid = quotes.best_bid(held.instrument, now);
  if (!bid) return std::nullopt;
  const bool worth_it =
      domain::notional(bid->price, rest, domain::Rounding::Down) >= domain::kMarketableNotionalMin;
  return worth_it ? std::nullopt : std::optional(LeftReason::BelowMinimum);
}

void OrderManager::State::end_flatten(const Ledger::Flatten& flatten,
                                      std::optional<LeftReason> stopped) {
  domain::FlattenEnded ended{.command = flatten.command, .left = {}};
  for (const Held& held : held_in(flatten)) {
    if (ended.left.size() == domain::kLeftMax) break;
    const auto reason = stopped ? stopped : left_reason(held);
    ended.left.push_back(
        {held.strategy, held.instrument, held.quantity, reason.value_or(LeftReason::BelowMinimum)});
  }
  record({}, {}, std::move(ended));
  if (ledger.flattens().empty()) worthless_since.clear();
}

}  // namespace polybot::order_manager
