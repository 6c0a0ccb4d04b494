// Market records, closings, resolutions. The gateway's word is a hint; the venue's record decides.
#include <algorithm>
#include <utility>

#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::CancelReason;
using domain::Market;
using domain::MarketId;
using domain::MarketStatus;

namespace {

constexpr std::size_t kQuestionBytesMax = 4'096;

// What order-manager's decisions depend on. What the gateway cannot read here cannot be read
// either.
bool differs(const Market& record, const Market& hint) {
  const bool unreadable = hint.status == MarketStatus::ReduceOnly;
  const MarketStatus status = unreadable ? MarketStatus::Active : hint.status;
  return record.status != status || record.tick != hint.tick || record.min_size != hint.min_size ||
         record.ends_at != hint.ends_at || record.fee != hint.fee;
}

bool over(MarketStatus status) {
  return status == MarketStatus::Closed || status == MarketStatus::Resolved;
}

// Texts are for people; one that is too long must not make the record unreadable.
Market recordable(Market market) {
  for (std::string* text :
       {&market.slug, &market.event_slug, &market.yes_label, &market.no_label}) {
    if (text->size() > domain::kSlugBytesMax) text->clear();
  }
  if (market.question.size() > kQuestionBytesMax) market.question.clear();
  return market;
}

}  // namespace

bool OrderManager::State::accepting(const MarketId& id, domain::Side side) const {
  const auto watch = market_watches.find(id);
  if (watch == market_watches.end()) return true;
  const bool open = side == domain::Side::Buy ? watch->second.hinted == MarketStatus::Active
                                              : domain::accepts_orders(watch->second.hinted);
  return open && now >= watch->second.not_found_until;
}

bool OrderManager::State::is_over(const MarketId& id) const {
  const auto watch = market_watches.find(id);
  return watch != market_watches.end() && over(watch->second.hinted);
}

// Whether the account has something there: a holding, or an order that may still fill.
bool OrderManager::State::interested(const MarketId& id) const {
  return ledger.portfolio().holds(id) || !ledger.commitments().open_in(id).ids.empty();
}

void OrderManager::State::want_market(const MarketId& id) {
  MarketWatch& watch = market_watches[id];
  if (now < watch.next_read_at) return;
  watch.reading = true;
  watch.next_read_at = now + kMarketReadTimeout;
  out->after_commit.reads.push_back(ReadMarket{id});
}

void OrderManager::State::on(const MarketHinted& hint) {
  const Market& market = hint.market;
  const auto known = market_watches.find(market.id);
  if (known == market_watches.end() && market_watches.size() >= kMarketWatchesMax) return;
  MarketWatch& watch = market_watches[market.id];
  watch.hinted = market.status;
  watch.hinted_at = now;
  watch.hinted_payout.reset();
  if (market.status == MarketStatus::Resolved) watch.hinted_payout = market.payout;
  if (over(market.status)) close_market(market.id);
  if (market.status == MarketStatus::ReduceOnly) {
    cancel_where(CancelReason::MarketClosed, [&](const OrderRecord& order) {
      return order.order.instrument.market == market.id && order.order.side == domain::Side::Buy;
    });
  }
  const Market* record = ledger.market(market.id);
  if (record != nullptr && differs(*record, market)) want_market(market.id);
}

void OrderManager::State::on(const MarketRead& read) {
  MarketWatch& watch = market_watches[read.id];
  watch.reading = false;
  watch.next_read_at = now + kMarketReadPause;
  if (read.outcome == MarketRead::Outcome::Failed)
    return;  // parked signals wait for the next attempt
  if (read.outcome == MarketRead::Outcome::NotFound || !read.market) {
    watch.not_found_until = now + kNotFoundRemembered;
    return release_parked(read.id);
  }
  const Market market = recordable(*read.market);
  watch.not_found_until = {};
  // A finished market where nothing is at stake is not worth a record; it is not asked for again
  // soon.
  const bool finished = over(market.status);
  if (finished && !interested(market.id)) {
    watch.hinted = market.status;
    watch.not_found_until = now + kNotFoundRemembered;
  }
  const Market* record_now = ledger.market(market.id);
  const bool worth_it = !finished || interested(market.id) || record_now != nullptr;
  if (worth_it && (record_now == nullptr || *record_now != market)) {
    record({}, {}, domain::MarketRecorded{market});
  }
  if (std::exchange(watch.account_waits, false)) {
    if (!worth_it) watch.ended = std::make_shared<const Market>(market);
    want_account();
  }
  if (finished) close_market(market.id);
  if (market.status == MarketStatus::Resolved) resolve(market.id, market.payout);
  release_parked(read.id);
}

void OrderManager::State::on(const ResolutionConfirmed& input) {
  close_market(input.market);
  resolve(input.market, input.payout);
}

void OrderManager::State::close_market(const MarketId& id) {
  withdraw_where(CancelReason::MarketClosed,
                 [&](const TargetKey& key) { return key.market == id; });
  cancel_where(CancelReason::MarketClosed,
               [&](const OrderRecord& order) { return order.order.instrument.market == id; });
}

// Holdings become a claim. One record per strategy that has a position, so that each stream tells.
void OrderManager::State::resolve(const MarketId& id, const domain::Payout& payout) {
  if (payout.yes + payout.no != domain::kPriceOne || payout.yes.is_negative() ||
      payout.no.is_negative()) {
    return;  // not a result: asked for again
  }
  if (ledger.portfolio().resolutions().contains(id)) return;
  std::vector<StrategyName> holders;
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    if (positions.contains(id)) holders.push_back(strategy);
  }
  for (const StrategyName& strategy : holders) {
    record(strategy, {}, domain::MarketResolved{id, payout});
  }
  const Market* market = ledger.market(id);
  if (holders.empty() && market != nullptr && market->status != MarketStatus::Resolved) {
    Market resolved = *market;
    resolved.status = MarketStatus::Resolved;
    resolved.payout = payout;
    record({}, {}, domain::MarketRecorded{std::move(resolved)});
  }
}

// Asks for the result of every market that is over and that we have traded: often where something
// is held, seldom where a result only lets us forget it. A gateway that was not there when a market
// ended never tells of it; so what is held where nobody tells of anything is asked for, too.
void OrderManager::State::drive_markets() {
  std::map<MarketId, bool> open;  // whether anything is held there
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [market, position] : positions) {
      if (ledger.portfolio().resolutions().contains(market)) continue;
      bool& held = open[market];
      held = held || !position.flat() || !position.yes.final() || !position.no.final();
    }
  }
  for (const auto& [id, held] : open) {
    const Market* market = ledger.market(id);
    MarketWatch& watch = market_watches[id];
    const bool ended = over(watch.hinted) || (market != nullptr && over(market->status));
    // Many a market trades on beyond its date: a result is not what most of these will have.
    const bool overdue =
        market != nullptr && market->ends_at != Timestamp{} && now >= market->ends_at;
    const bool untold = held && now >= std::max(watch.hinted_at, started_at) + kUntoldAfter;
    domain::Duration pause = kConfirmPauseFlat;
    if (held && ended) pause = kConfirmPause;
    if (held && !ended && overdue) pause = kConfirmPauseOverdue;
    if ((!ended && !overdue && !untold) || now < watch.asked_result_at + pause) continue;
    watch.asked_result_at = now;
    out->after_commit.reads.push_back(ConfirmResolution{id, watch.hinted_payout});
  }
  std::set<MarketId> waited_for;
  for (const ParkedSignal& waiting : parked) waited_for.insert(waiting.waits_for);
  for (const MarketId& id : waited_for) want_market(id);
  // Records of markets that are over and in which nothing is at stake any more.
  std::vector<MarketId> finished;
  for (const auto& [id, market] : ledger.markets()) {
    const auto watch = market_watches.find(id);
    const bool hinted_over = watch != market_watches.end() && over(watch->second.hinted);
    if (hinted_over && !over(market.status)) finished.push_back(id);
  }
  for (const MarketId& id : finished) want_market(id);
  std::erase_if(market_watches, [&](const auto& entry) {
    const MarketWatch& watch = entry.second;
    const bool recent = now - watch.hinted_at < std::chrono::minutes(10) ||
                        now < watch.next_read_at || now < watch.not_found_until || watch.reading;
    const Market* market = ledger.market(entry.first);
    return !recent && !open.contains(entry.first) && (market == nullptr || over(market->status));
  });
}

}  // namespace polybot::order_manager
