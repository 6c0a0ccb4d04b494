// Quote targets: kept up while everything they rest on holds, taken away when it does not.
#include <algorithm>

#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::BookSide;
using domain::CancelReason;
using domain::DenyReason;
using domain::OrderPurpose;
using domain::OrderStatus;
using domain::Quantity;

namespace {

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

void OrderManager::State::on(const domain::QuoteTick& quote) {
  quotes.update(quote, now);
  if (stopping) return;
  for (const StrategySettings& strategy : settings.strategies) {
    const TargetKey key{strategy.name, quote.market};
    if (targets.contains(key)) sync_quotes(key);
  }
}

void OrderManager::State::sync_quotes(const TargetKey& key) {
  const auto it = targets.find(key);
  const domain::Market* market = ledger.market(key.market);
  if (it == targets.end() || market == nullptr) return;
  Target& target = it->second;
  // What was filled is not wanted again before the strategy has seen the fill.
  if (!saw_last_fill(key.strategy, key.market, target.applied_seq)) return;
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
  const QuotePlan plan = plan_quotes(wanted, live, settings.requote_tolerance_ppm);
  for (const domain::ClientOrderId& id : plan.cancel) request_cancel(id, CancelReason::Requested);
  // Between two holders what rests is kept and nothing is added; a flatten needs the shares itself.
  if (!held(key, target) || ledger.flattening(key.strategy)) return;
  for (const WantedQuote& quote : plan.place) place_quote(key, target, quote);
}

void OrderManager::State::place_quote(const TargetKey& key, Target& target,
                                      const WantedQuote& wanted) {
  RequotePause& pause = requote_pauses[{key, wanted.book_side}];
  if (now < pause.until) return;
  const domain::QuoteTick* quote = quotes.fresh(key.market, now);
  if (quote != nullptr && would_take(*quote, wanted)) return;  // waits until the market has moved
  const Draft draft{.id = {target.signal, target.next_leg},
                    .strategy = key.strategy,
                    .instrument = wanted.instrument,
                    .side = wanted.side,
                    .limit = wanted.limit,
                    .quantity = wanted.quantity,
                    .time_in_force = domain::TimeInForce::Gtc,
                    .post_only = true,
                    .purpose = OrderPurpose::Quote,
                    .trace = target.trace};
  DenyReason reason = refuses_opening(key.strategy, wanted.side);
  if (reason == DenyReason::None) reason = submit({draft});
  if (reason == DenyReason::None) {
    ++target.next_leg;
    pause = {};
    return;
  }
  // Said once per reason, tried again ever more slowly.
  if (pause.told != reason) {
    record(key.strategy, target.trace,
           domain::OrderDenied{draft.id, draft.instrument, draft.side, reason});
    ++target.next_leg;
  }
  refused_quote(key, wanted.book_side);
  pause.told = reason;
}

void OrderManager::State::refused_quote(const TargetKey& key, BookSide side) {
  RequotePause& pause = requote_pauses[{key, side}];
  pause.pause = pause.pause == domain::Duration{} ? settings.requote_pause
                                                  : std::min(pause.pause * 2, kRequotePauseMax);
  pause.until = now + pause.pause;
}

void OrderManager::State::withdraw(const TargetKey& key, CancelReason reason) {
  targets.erase(key);
  for (const BookSide side : {BookSide::Bid, BookSide::Ask}) requote_pauses.erase({key, side});
  cancel_where(reason, [&](const OrderRecord& order) {
    return order.order.purpose == OrderPurpose::Quote && order.order.strategy == key.strategy &&
           order.order.instrument.market == key.market;
  });
}

// Whether the runner that set the target still stands for it.
bool OrderManager::State::held(const TargetKey& key, const Target& target) const {
  const auto lease = leases.present({key.strategy, target.shard}, now);
  return lease && lease->epoch == target.epoch;
}

void OrderManager::State::give_up(const std::set<ShardKey>& shards) {
  std::vector<TargetKey> gone;
  for (const auto& [key, target] : targets) {
    if (shards.contains({key.strategy, target.shard})) gone.push_back(key);
  }
  for (const TargetKey& key : gone) withdraw(key, CancelReason::LeaseLost);
  cancel_where(CancelReason::LeaseLost, [&](const OrderRecord& order) {
    return order.order.purpose == OrderPurpose::Quote &&
           shards.contains({order.order.strategy, domain::shard_of(order.order.event)});
  });
}

// Nobody stands for a quote in this shard any more: what was passed on has not been taken over, or
// its holder, new since the quote was set, has not set one of its own.
bool OrderManager::State::orphaned(const ShardKey& key, const Target* target) const {
  const auto lease = leases.present(key, now);
  if (!lease) {
    const auto waits = passed_on_until.find(key);
    return now >=
           (waits != passed_on_until.end() ? waits->second : started_at + settings.lease_duration);
  }
  if (target != nullptr && target->epoch == lease->epoch) return false;
  // Before the account is reconciled nobody could take a quote over.
  return reconciled && now >= std::max(lease->granted_at, started_at) + settings.target_adoption;
}

void OrderManager::State::cancel_orphans() {
  std::vector<TargetKey> gone;
  for (const auto& [key, target] : targets) {
    if (orphaned({key.strategy, target.shard}, &target)) gone.push_back(key);
  }
  for (const TargetKey& key : gone) withdraw(key, CancelReason::LeaseLost);
  cancel_where(CancelReason::LeaseLost, [&](const OrderRecord& order) {
    if (order.order.purpose != OrderPurpose::Quote || order.cancel_requested) return false;
    if (targets.contains({order.order.strategy, order.order.instrument.market})) return false;
    return orphaned({order.order.strategy, domain::shard_of(order.order.event)}, nullptr);
  });
  std::erase_if(passed_on_until, [&](const auto& entry) { return now >= entry.second; });
}

void OrderManager::State::cancel_stale() {
  const auto stale = [&](const domain::MarketId& market, Timestamp since) {
    return quotes.stale_for(market, std::max(since, started_at), now) >=
           settings.quote_stale_cancel;
  };
  std::vector<TargetKey> gone;
  for (const auto& [key, target] : targets) {
    if (stale(key.market, target.since)) gone.push_back(key);
  }
  for (const TargetKey& key : gone) withdraw(key, CancelReason::QuoteStale);
  cancel_where(CancelReason::QuoteStale, [&](const OrderRecord& order) {
    const bool opens = order.order.side == domain::Side::Buy;
    const bool ours = is_configured(order.order.strategy);
    return opens && ours && !order.cancel_requested &&
           stale(order.order.instrument.market, believed(order.order.submitted_at));
  });
}

}  // namespace polybot::order_manager
