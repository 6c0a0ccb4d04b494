// What becomes of a signal: fenced, deduplicated, judged, answered by a record.
#include <algorithm>

#include "common/domain/amounts.hpp"
#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::DenyReason;
using domain::Leg;
using domain::OrderPurpose;
using domain::QuoteTarget;
using domain::Side;
using domain::Signal;
using domain::SignalAction;
using domain::TradingState;

namespace {

const StrategyName kUnknown{std::string(domain::kUnknownStrategy)};

bool withdraws(const Signal& signal) {
  const auto* target = std::get_if<QuoteTarget>(&signal.intent);
  return target != nullptr && !target->bid && !target->ask;
}

std::vector<domain::MarketId> markets_of(const Signal& signal) {
  if (const auto* target = std::get_if<QuoteTarget>(&signal.intent)) return {target->market};
  std::vector<domain::MarketId> markets;
  for (const Leg& leg : std::get<std::vector<Leg>>(signal.intent))
    markets.push_back(leg.instrument.market);
  return markets;
}

// The venue's grid for immediate orders; an opening batch also needs equal quantities to be level.
bool expressible(const std::vector<Leg>& legs) {
  if (legs.empty() || legs.size() > domain::kLegsMax) return false;
  bool all_buys = true;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    const Leg& leg = legs[i];
    if (leg.limit.raw() <= 0 || leg.limit >= domain::kPriceOne || !leg.quantity.is_positive())
      return false;
    const domain::Quantity step =
        leg.side == Side::Buy ? domain::immediate_buy_step(leg.limit) : domain::kShareStep;
    if (leg.quantity.raw() % step.raw() != 0) return false;
    all_buys = all_buys && leg.side == Side::Buy;
    for (std::size_t j = 0; j < i; ++j) {
      if (legs[j].instrument == leg.instrument) return false;
    }
  }
  return !all_buys || std::all_of(legs.begin(), legs.end(), [&](const Leg& leg) {
    return leg.quantity == legs.front().quantity;
  });
}

bool quotable(const std::optional<domain::Level>& level) {
  return !level || (level->price.raw() > 0 && level->price < domain::kPriceOne &&
                    level->quantity.is_positive());
}

}  // namespace

void OrderManager::State::on(const SignalReceived& input) {
  const Signal& signal = input.signal;
  const StrategyName& strategy = is_configured(signal.strategy) ? signal.strategy : kUnknown;
  const bool is_parked =
      std::any_of(parked.begin(), parked.end(),
                  [&](const ParkedSignal& waiting) { return waiting.signal.id == signal.id; });
  if (!mutated(Mutation::DedupeOff) && (is_parked || ledger.signals().seen(signal.id))) {
    ++signals_duplicate[strategy];
    return;
  }
  if (!signal_rates.at(strategy).take(1, now)) {
    ++signals_shed[strategy];
    return;
  }
  if (strategy == kUnknown) return deny(signal, kUnknown, DenyReason::UnknownStrategy);
  if (input.sent_at > now + settings.clock_skew_max)
    return deny(signal, strategy, DenyReason::ClockSkew);
  decide(signal);
}

void OrderManager::State::decide(const Signal& signal) {
  answered_tick = signal.tick_at;
  accept_or_deny(signal);
  answered_tick = {};
}

void OrderManager::State::accept_or_deny(const Signal& signal) {
  DenyReason reason = refuses_strategy(signal);
  if (reason == DenyReason::None) reason = refuses_shape(signal);
  if (reason == DenyReason::None && !withdraws(signal)) {
    if (park(signal)) return;
    reason = refuses_markets(signal);
    for (const domain::MarketId& market : markets_of(signal)) {
      const bool saw = saw_last_fill(signal.strategy, market, signal.applied_seq);
      if (reason == DenyReason::None && !saw) reason = DenyReason::StalePosition;
    }
  }
  if (reason != DenyReason::None) return deny(signal, signal.strategy, reason);
  if (const auto* legs = std::get_if<std::vector<Leg>>(&signal.intent))
    return take_legs(signal, *legs);
  take_target(signal, std::get<QuoteTarget>(signal.intent));
}

void OrderManager::State::deny(const Signal& signal, const StrategyName& strategy,
                               DenyReason reason) {
  domain::SignalDenied denied{.signal = signal.id, .reason = reason};
  if (const auto* target = std::get_if<QuoteTarget>(&signal.intent)) {
    denied.buys = target->bid ? 1 : 0;
    denied.sells = target->ask ? 1 : 0;
  } else {
    for (const Leg& leg : std::get<std::vector<Leg>>(signal.intent)) {
      ++(leg.side == Side::Buy ? denied.buys : denied.sells);
    }
  }
  record(strategy, signal.trace, denied);
}

DenyReason OrderManager::State::refuses_strategy(const Signal& signal) const {
  const bool leased =
      leases.valid({signal.strategy, signal.shard}, signal.lease_epoch, signal.id.incarnation, now);
  if (!leased && !mutated(Mutation::FenceOff)) return DenyReason::LeaseFenced;
  if (now >= signal.expires_at) return DenyReason::SignalExpired;
  const bool ours_is_off = clock_offset && !clock_within(settings.clock_skew_max);
  // A book of the future would let the signal live for as long as the gateway's clock is ahead.
  const bool theirs_is_off =
      std::max(signal.decided_at, signal.oldest_book_at) > now + settings.clock_skew_max;
  // Nothing keeps a strategy from taking its quotes away.
  if (withdraws(signal)) return DenyReason::None;
  if (ours_is_off || theirs_is_off) return DenyReason::ClockSkew;
  if (stopping || !reconciled) return DenyReason::NotReady;
  if (!enabled(signal.strategy)) return DenyReason::StrategyDisabled;
  if (ledger.trading_state(signal.strategy) == TradingState::Halted)
    return DenyReason::TradingHalted;
  if (!user_up || !rest_up || now < submissions_paused_until) return DenyReason::VenueUnavailable;
  return DenyReason::None;
}

DenyReason OrderManager::State::refuses_opening(const StrategyName& strategy, Side side) const {
  switch (ledger.trading_state(strategy)) {
    case TradingState::Active:
      return DenyReason::None;
    case TradingState::Halted:
      return DenyReason::TradingHalted;
    case TradingState::Reducing:
      break;
  }
  if (side == Side::Sell) return DenyReason::None;
  return domain::deny_reason_of(ledger.trading_status(strategy).reason);
}

DenyReason OrderManager::State::refuses_shape(const Signal& signal) const {
  if (signal.expires_at - signal.oldest_book_at > domain::kSignalLifeMax)
    return DenyReason::MalformedSignal;
  if (signal.shard != domain::shard_of(signal.event)) return DenyReason::MalformedSignal;
  if (const auto* target = std::get_if<QuoteTarget>(&signal.intent)) {
    const bool ordered = !target->bid || !target->ask || target->bid->price < target->ask->price;
    const bool sound = quotable(target->bid) && quotable(target->ask) && ordered;
    return sound ? DenyReason::None : DenyReason::MalformedSignal;
  }
  return expressible(std::get<std::vector<Leg>>(signal.intent)) ? DenyReason::None
                                                                : DenyReason::MalformedSignal;
}

DenyReason OrderManager::State::refuses_markets(const Signal& signal) const {
  for (const domain::MarketId& id : markets_of(signal)) {
    const domain::Market* market = ledger.market(id);
    if (market == nullptr)
      return is_over(id) ? DenyReason::MarketNotAccepting : DenyReason::UnknownMarket;
    if (market->event != signal.event) return DenyReason::MalformedSignal;
  }
  return DenyReason::None;
}

// Whether who had applied the order events up to there knows of the strategy's last fill.
bool OrderManager::State::saw_last_fill(const StrategyName& strategy,
                                        const domain::MarketId& market,
                                        std::uint64_t applied_seq) const {
  if (mutated(Mutation::StalePositionIgnored)) return true;
  const MarketPosition* position = ledger.portfolio().find(strategy, market);
  return position == nullptr || position->last_fill_seq <= applied_seq;
}

// The venue's own record is read before the first order of a market; the signal waits for it.
bool OrderManager::State::park(const Signal& signal) {
  for (const domain::MarketId& id : markets_of(signal)) {
    const auto watch = market_watches.find(id);
    const bool hopeless = watch != market_watches.end() && now < watch->second.not_found_until;
    if (ledger.market(id) != nullptr || hopeless || parked.size() >= kParkedSignalsMax) continue;
    want_market(id);
    parked.push_back({signal, id});
    return true;
  }
  return false;
}

void OrderManager::State::release_parked(const domain::MarketId& market) {
  std::vector<Signal> released;
  std::erase_if(parked, [&](const ParkedSignal& waiting) {
    if (waiting.waits_for != market) return false;
    released.push_back(waiting.signal);
    return true;
  });
  for (const Signal& signal : released) decide(signal);
}

// Signals may overtake each other: a withdrawal waits for nothing.
void OrderManager::State::drop_superseded(const Signal& withdrawal,
                                          const domain::MarketId& market) {
  std::vector<Signal> dropped;
  std::erase_if(parked, [&](const ParkedSignal& waiting) {
    const auto* target = std::get_if<QuoteTarget>(&waiting.signal.intent);
    const bool superseded = target != nullptr && target->market == market &&
                            waiting.signal.strategy == withdrawal.strategy &&
                            waiting.signal.id.incarnation == withdrawal.id.incarnation &&
                            waiting.signal.id.counter < withdrawal.id.counter;
    if (superseded) dropped.push_back(waiting.signal);
    return superseded;
  });
  for (const Signal& signal : dropped) deny(signal, signal.strategy, DenyReason::SignalExpired);
}

void OrderManager::State::expire_parked() {
  std::vector<Signal> expired;
  std::erase_if(parked, [&](const ParkedSignal& waiting) {
    if (now < waiting.signal.expires_at) return false;
    expired.push_back(waiting.signal);
    return true;
  });
  for (const Signal& signal : expired) deny(signal, signal.strategy, DenyReason::SignalExpired);
}

void OrderManager::State::take_legs(const Signal& signal, const std::vector<Leg>& legs) {
  std::vector<Draft> drafts;
  DenyReason reason = DenyReason::None;
  for (const Leg& leg : legs) {
    if (reason == DenyReason::None) reason = refuses_opening(signal.strategy, leg.side);
    drafts.push_back(
        {.id = {signal.id, static_cast<std::uint32_t>(drafts.size())},
         .strategy = signal.strategy,
         .instrument = leg.instrument,
         .side = leg.side,
         .limit = leg.limit,
         .quantity = leg.quantity,
         .time_in_force = domain::TimeInForce::Fak,
         .purpose = signal.action == SignalAction::Exit ? OrderPurpose::Exit : OrderPurpose::Leg,
         .trace = signal.trace});
  }
  if (reason == DenyReason::None) {
    reason = submit(drafts, domain::SignalAccepted{signal.id, signal.action});
  }
  if (reason != DenyReason::None) deny(signal, signal.strategy, reason);
}

void OrderManager::State::take_target(const Signal& signal, const QuoteTarget& quotes_wanted) {
  const TargetKey key{signal.strategy, quotes_wanted.market};
  const auto present = targets.find(key);
  // Signals may overtake each other; the newest target of a runner stands.
  const bool superseded = present != targets.end() &&
                          present->second.signal.incarnation == signal.id.incarnation &&
                          present->second.signal.counter > signal.id.counter;
  if (superseded) return deny(signal, signal.strategy, DenyReason::SignalExpired);
  record(signal.strategy, signal.trace, domain::SignalAccepted{signal.id, signal.action});
  if (withdraws(signal)) {
    drop_superseded(signal, quotes_wanted.market);
    return withdraw(key, domain::CancelReason::Requested);
  }
  targets[key] = {.quotes = quotes_wanted,
                  .signal = signal.id,
                  .trace = signal.trace,
                  .next_leg = ledger.orders().next_leg(signal.id),
                  .since = now,
                  .shard = signal.shard,
                  .epoch = signal.lease_epoch,
                  .applied_seq = signal.applied_seq};
  sync_quotes(key);
}

}  // namespace polybot::order_manager
