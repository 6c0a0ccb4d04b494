#include "services/order-manager/core/decide/quoting.hpp"

#include <algorithm>

#include "services/order-manager/core/orders/strategy_rules.hpp"

namespace polybot::order_manager {

using domain::BookSide;
using domain::CancelReason;
using domain::DenyReason;
using domain::OrderPurpose;
using domain::OrderStatus;
using domain::Quantity;
using domain::Timestamp;

namespace {

constexpr domain::Duration kPauseMax = std::chrono::seconds(8);

ShardKey shard_of(const TargetKey& key, const Target& target) {
  return {key.strategy, target.shard};
}

ShardKey shard_of(const domain::Order& order) {
  return {order.strategy, domain::shard_of(order.event)};
}

// What a strategy may offer in quotes: everything settled that no other sell of its has taken.
Quantity quotable(const Ledger& ledger, const StrategyName& strategy,
                  const domain::Instrument& instrument) {
  Quantity free = RiskEngine::sellable(ledger, strategy, instrument);
  for (const domain::ClientOrderId& id : ledger.commitments().open_in(instrument.market).ids) {
    const OrderRecord& order = *ledger.orders().find(id);
    const bool own_quote = order.order.purpose == OrderPurpose::Quote &&
                           order.order.strategy == strategy && order.order.instrument == instrument;
    if (own_quote) free += order.reserved_quantity();
  }
  return free;
}

// A post-only order there would be refused.
bool would_take(const domain::QuoteTick& quote, const WantedQuote& wanted) {
  const Price price = yes_price(wanted.instrument.outcome, wanted.limit);
  return wanted.book_side == BookSide::Bid ? quote.ask && price >= quote.ask->price
                                           : quote.bid && price <= quote.bid->price;
}

}  // namespace

bool Quoting::superseded(const TargetKey& key, const domain::SignalId& signal) const {
  const auto present = targets_.find(key);
  return present != targets_.end() && present->second.signal.incarnation == signal.incarnation &&
         present->second.signal.counter > signal.counter;
}

void Quoting::set(Turn& turn, const TargetKey& key, const Target& target, Timestamp tick_at) {
  Target& present = targets_[key];
  present = target;
  sync(turn, key, present, tick_at);
}

void Quoting::quoted(Turn& turn, const domain::MarketId& market) {
  for (const ConfiguredStrategy& strategy : settings_.strategies) {
    const TargetKey key{strategy.name, market};
    if (const auto it = targets_.find(key); it != targets_.end()) sync(turn, key, it->second);
  }
}

void Quoting::drive(Turn& turn) {
  for (auto& [key, target] : targets_) sync(turn, key, target);
}

void Quoting::sync(Turn& turn, const TargetKey& key, Target& target, Timestamp tick_at) {
  const Ledger& ledger = turn.ledger;
  const domain::Market* market = ledger.market(key.market);
  if (market == nullptr) return;
  // A filled quantity is not quoted again before the strategy has seen the fill.
  if (!saw_last_fill(ledger, key.strategy, key.market, target.applied_seq)) return;
  const auto wanted = wanted_quotes(
      target.quotes, *market, quotable(ledger, key.strategy, {key.market, domain::Outcome::Yes}),
      quotable(ledger, key.strategy, {key.market, domain::Outcome::No}));
  std::vector<LiveQuote> live;
  for (const domain::ClientOrderId& id : ledger.commitments().open_in(key.market).ids) {
    const OrderRecord& order = *ledger.orders().find(id);
    const bool ours =
        order.order.purpose == OrderPurpose::Quote && order.order.strategy == key.strategy;
    if (!ours) continue;
    live.push_back({id, order.order.instrument, order.order.side, order.order.limit, order.leaves(),
                    order.cancel_requested || order.status == OrderStatus::Ambiguous});
  }
  const QuotePlan plan = plan_quotes(wanted, live, settings_.requote_tolerance_ppm);
  for (const domain::ClientOrderId& id : plan.cancel)
    desk_.cancel(turn, id, CancelReason::Requested);
  // Between two holders resting orders are kept and none are added; a flatten needs the shares
  // itself.
  const bool held = leases_.in_force(shard_of(key, target), target.epoch, turn.now);
  if (!held || ledger.flattening(key.strategy)) return;
  for (const WantedQuote& quote : plan.place) place(turn, key, target, quote, tick_at);
}

void Quoting::place(Turn& turn, const TargetKey& key, Target& target, const WantedQuote& wanted,
                    Timestamp tick_at) {
  Pause& pause = pauses_[{key, wanted.book_side}];
  if (turn.now < pause.until) return;
  const domain::QuoteTick* quote = quotes_.fresh(key.market, turn.now);
  if (quote != nullptr && would_take(*quote, wanted)) return;  // waits until the market has moved
  const OrderDraft draft{.id = {target.signal, target.next_leg},
                         .strategy = key.strategy,
                         .instrument = wanted.instrument,
                         .side = wanted.side,
                         .limit = wanted.limit,
                         .quantity = wanted.quantity,
                         .time_in_force = domain::TimeInForce::Gtc,
                         .post_only = true,
                         .purpose = OrderPurpose::Quote,
                         .trace = target.trace};
  DenyReason reason = refuses_opening(turn.ledger, key.strategy, wanted.side);
  if (reason == DenyReason::None) reason = desk_.submit(turn, {draft}, tick_at);
  if (reason == DenyReason::None) {
    ++target.next_leg;
    pause.told = DenyReason::None;  // whether the venue takes it is not known yet
    return;
  }
  // Recorded once per reason, and tried again ever more slowly.
  if (pause.told != reason) {
    turn.record(key.strategy, target.trace,
                domain::OrderDenied{draft.id, draft.instrument, draft.side, reason});
    ++target.next_leg;
  }
  refused(key, wanted.book_side, turn.now);
  pause.told = reason;
}

void Quoting::refused(const TargetKey& key, BookSide side, Timestamp now) {
  Pause& pause = pauses_[{key, side}];
  pause.length = pause.length == domain::Duration{} ? settings_.requote_pause
                                                    : std::min(pause.length * 2, kPauseMax);
  pause.until = now + pause.length;
}

void Quoting::accepted(const TargetKey& key, BookSide side) {
  pauses_.erase({key, side});
}

void Quoting::withdraw(Turn& turn, const TargetKey& key, CancelReason reason) {
  targets_.erase(key);
  desk_.cancel_where(turn, reason, [&](const OrderRecord& order) {
    return order.order.purpose == OrderPurpose::Quote && order.order.strategy == key.strategy &&
           order.order.instrument.market == key.market;
  });
}

void Quoting::give_up(Turn& turn, const std::set<ShardKey>& shards) {
  withdraw_where(turn, CancelReason::LeaseLost, [&](const TargetKey& key, const Target& target) {
    return shards.contains(shard_of(key, target));
  });
  desk_.cancel_where(turn, CancelReason::LeaseLost, [&](const OrderRecord& order) {
    return order.order.purpose == OrderPurpose::Quote && shards.contains(shard_of(order.order));
  });
}

void Quoting::cancel_orphans(Turn& turn) {
  withdraw_where(turn, CancelReason::LeaseLost, [&](const TargetKey& key, const Target& target) {
    return leases_.orphaned(shard_of(key, target), target.epoch, turn.now);
  });
  desk_.cancel_where(turn, CancelReason::LeaseLost, [&](const OrderRecord& order) {
    if (order.order.purpose != OrderPurpose::Quote || order.cancel_requested) return false;
    if (targets_.contains({order.order.strategy, order.order.instrument.market})) return false;
    return leases_.orphaned(shard_of(order.order), std::nullopt, turn.now);
  });
}

void Quoting::cancel_stale(Turn& turn) {
  const auto stale = [&](const domain::MarketId& market, Timestamp since) {
    return quotes_.stale_for(market, std::max(since, readiness_.started_at()), turn.now) >=
           settings_.quote_stale_cancel;
  };
  withdraw_where(turn, CancelReason::QuoteStale, [&](const TargetKey& key, const Target& target) {
    return stale(key.market, target.since);
  });
  desk_.cancel_where(turn, CancelReason::QuoteStale, [&](const OrderRecord& order) {
    const bool opens = order.order.side == domain::Side::Buy;
    const bool ours = settings_.configures(order.order.strategy);
    return opens && ours && !order.cancel_requested &&
           stale(order.order.instrument.market,
                 readiness_.believed(order.order.submitted_at, turn.now));
  });
}

void Quoting::forget_old(Timestamp now) {
  std::erase_if(pauses_, [&](const auto& entry) {
    return !targets_.contains(entry.first.first) && now >= entry.second.until;
  });
}

}  // namespace polybot::order_manager
