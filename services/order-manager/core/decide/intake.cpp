#include "services/order-manager/core/decide/intake.hpp"

#include <algorithm>
#include <utility>

#include "common/domain/amounts.hpp"
#include "services/order-manager/core/orders/strategy_rules.hpp"

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

constexpr std::size_t kParkedSignalsMax = 256;
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

DenyReason refuses_shape(const Signal& signal) {
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

}  // namespace

Intake::Intake(const Settings& settings, const Readiness& readiness, const LeaseDesk& leases,
               MarketWatches& markets, OrderDesk& desk, Quoting& quoting)
    : settings_(settings),
      readiness_(readiness),
      leases_(leases),
      markets_(markets),
      desk_(desk),
      quoting_(quoting) {
  const TokenBucket full(settings.signal_rate_max, settings.signal_burst_max);
  for (const ConfiguredStrategy& strategy : settings.strategies)
    rates_.emplace(strategy.name, full);
  rates_.emplace(kUnknown, full);
}

void Intake::received(Turn& turn, const SignalReceived& input) {
  const Signal& signal = input.signal;
  const StrategyName& strategy = settings_.configures(signal.strategy) ? signal.strategy : kUnknown;
  const bool is_parked = std::any_of(parked_.begin(), parked_.end(), [&](const Parked& waiting) {
    return waiting.signal.id == signal.id;
  });
  if (!mutated(Mutation::DedupeOff) && (is_parked || turn.ledger.signals().seen(signal.id))) {
    ++counts_[strategy].duplicate;
    return;
  }
  if (!rates_.at(strategy).take(1, turn.now)) {
    ++counts_[strategy].shed;
    return;
  }
  if (strategy == kUnknown) return deny(turn, signal, kUnknown, DenyReason::UnknownStrategy);
  if (input.sent_at > turn.now + settings_.clock_skew_max)
    return deny(turn, signal, strategy, DenyReason::ClockSkew);
  decide(turn, signal);
}

void Intake::decide(Turn& turn, const Signal& signal) {
  DenyReason reason = refuses(turn, signal);
  if (reason == DenyReason::None) reason = refuses_shape(signal);
  if (reason == DenyReason::None && !withdraws(signal)) {
    if (park(turn, signal)) return;
    reason = refuses_markets(turn, signal);
  }
  if (reason != DenyReason::None) return deny(turn, signal, signal.strategy, reason);
  if (const auto* legs = std::get_if<std::vector<Leg>>(&signal.intent))
    return take_legs(turn, signal, *legs);
  take_target(turn, signal, std::get<QuoteTarget>(signal.intent));
}

void Intake::deny(Turn& turn, const Signal& signal, const StrategyName& strategy,
                  DenyReason reason) const {
  domain::SignalDenied denied{.signal = signal.id, .reason = reason};
  if (const auto* target = std::get_if<QuoteTarget>(&signal.intent)) {
    denied.buys = target->bid ? 1 : 0;
    denied.sells = target->ask ? 1 : 0;
  } else {
    for (const Leg& leg : std::get<std::vector<Leg>>(signal.intent)) {
      ++(leg.side == Side::Buy ? denied.buys : denied.sells);
    }
  }
  turn.record(strategy, signal.trace, denied);
}

DenyReason Intake::refuses(const Turn& turn, const Signal& signal) const {
  const bool leased = leases_.table().valid({signal.strategy, signal.shard}, signal.lease_epoch,
                                            signal.id.incarnation, turn.now);
  if (!leased && !mutated(Mutation::FenceOff)) return DenyReason::LeaseFenced;
  if (turn.now >= signal.expires_at) return DenyReason::SignalExpired;
  // A strategy may withdraw its quotes at any time.
  if (withdraws(signal)) return DenyReason::None;
  const domain::Duration skew_max = settings_.clock_skew_max;
  const bool ours_is_off = readiness_.clock_known() && !readiness_.clock_within(skew_max);
  // A book from the future would let the signal live for as long as the gateway's clock is ahead.
  const bool theirs_is_off =
      std::max(signal.decided_at, signal.oldest_book_at) > turn.now + skew_max;
  if (ours_is_off || theirs_is_off) return DenyReason::ClockSkew;
  if (!readiness_.trading()) return DenyReason::NotReady;
  if (!turn.ledger.enabled(signal.strategy).value_or(false)) return DenyReason::StrategyDisabled;
  if (turn.ledger.trading_state(signal.strategy) == TradingState::Halted)
    return DenyReason::TradingHalted;
  return readiness_.venue_open(turn.now) ? DenyReason::None : DenyReason::VenueUnavailable;
}

DenyReason Intake::refuses_markets(const Turn& turn, const Signal& signal) const {
  const std::vector<domain::MarketId> markets = markets_of(signal);
  for (const domain::MarketId& id : markets) {
    const domain::Market* market = turn.ledger.market(id);
    if (market == nullptr) {
      return markets_.hinted_over(id) ? DenyReason::MarketNotAccepting : DenyReason::UnknownMarket;
    }
    if (market->event != signal.event) return DenyReason::MalformedSignal;
  }
  const bool saw = std::all_of(markets.begin(), markets.end(), [&](const domain::MarketId& id) {
    return saw_last_fill(turn.ledger, signal.strategy, id, signal.applied_seq);
  });
  return saw ? DenyReason::None : DenyReason::StalePosition;
}

// The venue's own record is read before the first order of a market; the signal waits for it.
bool Intake::park(Turn& turn, const Signal& signal) {
  for (const domain::MarketId& id : markets_of(signal)) {
    const bool hopeless = markets_.unknown_to_venue(id, turn.now);
    if (turn.ledger.market(id) != nullptr || hopeless || parked_.size() >= kParkedSignalsMax)
      continue;
    markets_.want(turn, id);
    parked_.push_back({signal, id});
    return true;
  }
  return false;
}

template <class Chooses>
std::vector<Signal> Intake::take_parked(const Chooses& chooses) {
  std::vector<Signal> taken;
  std::erase_if(parked_, [&](const Parked& waiting) {
    const bool chosen = chooses(waiting);
    if (chosen) taken.push_back(waiting.signal);
    return chosen;
  });
  return taken;
}

void Intake::release(Turn& turn, const domain::MarketId& market) {
  const auto released =
      take_parked([&](const Parked& waiting) { return waiting.waits_for == market; });
  for (const Signal& signal : released) decide(turn, signal);
}

void Intake::expire(Turn& turn) {
  const auto expired =
      take_parked([&](const Parked& waiting) { return turn.now >= waiting.signal.expires_at; });
  for (const Signal& signal : expired)
    deny(turn, signal, signal.strategy, DenyReason::SignalExpired);
}

void Intake::take_legs(Turn& turn, const Signal& signal, const std::vector<Leg>& legs) {
  const bool exits = signal.action == SignalAction::Exit;
  std::vector<OrderDraft> drafts;
  DenyReason reason = DenyReason::None;
  for (const Leg& leg : legs) {
    if (reason == DenyReason::None)
      reason = refuses_opening(turn.ledger, signal.strategy, leg.side);
    drafts.push_back({.id = {signal.id, static_cast<std::uint32_t>(drafts.size())},
                      .strategy = signal.strategy,
                      .instrument = leg.instrument,
                      .side = leg.side,
                      .limit = leg.limit,
                      .quantity = leg.quantity,
                      .time_in_force = domain::TimeInForce::Fak,
                      .purpose = exits ? OrderPurpose::Exit : OrderPurpose::Leg,
                      .trace = signal.trace});
  }
  if (reason == DenyReason::None) {
    reason = desk_.submit(turn, drafts, signal.tick_at,
                          domain::SignalAccepted{signal.id, signal.action});
  }
  if (reason != DenyReason::None) deny(turn, signal, signal.strategy, reason);
}

void Intake::take_target(Turn& turn, const Signal& signal, const QuoteTarget& quotes) {
  const TargetKey key{signal.strategy, quotes.market};
  if (quoting_.superseded(key, signal.id))
    return deny(turn, signal, signal.strategy, DenyReason::SignalExpired);
  turn.record(signal.strategy, signal.trace, domain::SignalAccepted{signal.id, signal.action});
  if (!withdraws(signal)) {
    const Target target{.quotes = quotes,
                        .signal = signal.id,
                        .trace = signal.trace,
                        .next_leg = turn.ledger.orders().next_leg(signal.id),
                        .since = turn.now,
                        .shard = signal.shard,
                        .epoch = signal.lease_epoch,
                        .applied_seq = signal.applied_seq};
    return quoting_.set(turn, key, target, signal.tick_at);
  }
  // Signals may overtake each other, so a withdrawal does not wait.
  const auto dropped = take_parked([&](const Parked& waiting) {
    const auto* target = std::get_if<QuoteTarget>(&waiting.signal.intent);
    return target != nullptr && target->market == quotes.market &&
           waiting.signal.strategy == signal.strategy &&
           waiting.signal.id.incarnation == signal.id.incarnation &&
           waiting.signal.id.counter < signal.id.counter;
  });
  for (const Signal& late : dropped) deny(turn, late, late.strategy, DenyReason::SignalExpired);
  quoting_.withdraw(turn, key, domain::CancelReason::Requested);
}

std::set<domain::MarketId> Intake::waited_for() const {
  std::set<domain::MarketId> markets;
  for (const Parked& waiting : parked_) markets.insert(waiting.waits_for);
  return markets;
}

Intake::Counts Intake::counts(const StrategyName& strategy) const {
  const auto it = counts_.find(strategy);
  return it == counts_.end() ? Counts{} : it->second;
}

}  // namespace polybot::order_manager
