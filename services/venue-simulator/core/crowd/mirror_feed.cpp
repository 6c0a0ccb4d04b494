#include "services/venue-simulator/core/crowd/mirror_feed.hpp"

#include <algorithm>
#include <utility>

namespace polybot::venue_simulator {

using domain::Timestamp;

namespace {

// A market that is over is told of for minutes; then nobody needs it here.
constexpr domain::Duration kForgottenAfter = std::chrono::minutes(5);

domain::Side side_of(domain::BookSide side) {
  return side == domain::BookSide::Bid ? domain::Side::Buy : domain::Side::Sell;
}

}  // namespace

MirrorFeed::Entry* MirrorFeed::entry_of(const domain::MarketId& market) {
  const auto found = entries_.find(market);
  return found == entries_.end() ? nullptr : &found->second;
}

const domain::Market* MirrorFeed::find(const domain::MarketId& market) const {
  const auto found = entries_.find(market);
  return found == entries_.end() ? nullptr : &found->second.market;
}

void MirrorFeed::on(const domain::Market& market, Timestamp now, Inputs& out) {
  Entry* known = entry_of(market.id);
  if (known != nullptr) known->heard_at = now;
  if (known != nullptr && known->market == market) return;
  if (known == nullptr && entries_.size() >= kMarketsMax) return;
  Entry& entry = entries_[market.id];
  // A new grid is a new book; so is that of a market that takes orders again.
  const bool opens =
      domain::accepts_orders(market.status) && !domain::accepts_orders(entry.market.status);
  if (entry.fresh && (opens || entry.market.tick != market.tick)) {
    entry.fresh = false;
    out.emplace_back(HaltMirrored{{market.id}});
  }
  entry.market = market;
  entry.shard = domain::shard_of(market.event);
  entry.heard_at = now;
  if (known == nullptr && !domain::over(market.status))
    out.emplace_back(ListRecordedMarket{market});
  out.emplace_back(FollowRecordedMarket{market});
}

void MirrorFeed::on(const domain::BookSnapshot& book, Inputs& out) {
  Entry* entry = entry_of(book.market);
  if (entry == nullptr || domain::over(entry->market.status)) return;
  if (book.stale) return on(domain::BookStale{book.market, book.stamped_at}, out);
  const bool changed = entry->book.load(book.bids, book.asks);
  entry->vouched(book.stamped_at);
  if (!domain::accepts_orders(entry->market.status)) return;
  if (std::exchange(entry->fresh, true) && !changed) return;
  out.emplace_back(PlayMirror{{RecordedBook{entry->market.yes_token, book.bids, book.asks}}});
}

void MirrorFeed::on(const domain::BookDelta& delta, Inputs& out) {
  Entry* entry = entry_of(delta.market);
  if (entry == nullptr || !entry->fresh) return;
  entry->book.apply(delta.changes);
  entry->vouched(delta.stamped_at);
  PlayMirror moment;
  for (const domain::LevelChange& change : delta.changes) {
    moment.events.emplace_back(RecordedChange{entry->market.yes_token, side_of(change.side),
                                              change.price, change.quantity});
  }
  out.emplace_back(std::move(moment));
}

void MirrorFeed::on(const domain::TradeTick& trade, Inputs& out) {
  const Entry* entry = entry_of(trade.market);
  if (entry == nullptr || !entry->fresh) return;
  out.emplace_back(PlayMirror{
      {RecordedTrade{entry->market.yes_token, trade.aggressor, trade.price, trade.quantity}}});
}

void MirrorFeed::on(const domain::BookStale& stale, Inputs& out) {
  Entry* entry = entry_of(stale.market);
  if (entry == nullptr || !std::exchange(entry->fresh, false)) return;
  out.emplace_back(HaltMirrored{{stale.market}});
}

void MirrorFeed::on(domain::Shard shard, const domain::ShardVouched& vouched) {
  for (auto& [id, entry] : entries_) {
    if (!entry.fresh || entry.shard != shard) continue;
    if (std::ranges::find(vouched.except, id) == vouched.except.end()) entry.vouched(vouched.as_of);
  }
}

void MirrorFeed::on_gap(domain::Shard shard, Inputs& out) {
  HaltMirrored halt;
  for (auto& [id, entry] : entries_) {
    if (entry.shard == shard && std::exchange(entry.fresh, false)) halt.markets.push_back(id);
  }
  if (!halt.markets.empty()) out.emplace_back(std::move(halt));
}

void MirrorFeed::on_time(Timestamp now, Inputs& out) {
  HaltMirrored halt;
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = it->second;
    if (entry.fresh && now - entry.as_of > book_age_max_) {
      entry.fresh = false;
      halt.markets.push_back(it->first);
    }
    const bool gone = domain::over(entry.market.status) && now - entry.heard_at > kForgottenAfter;
    it = gone ? entries_.erase(it) : std::next(it);
  }
  if (!halt.markets.empty()) out.emplace_back(std::move(halt));
}

MirrorFeed::Count MirrorFeed::count() const {
  Count count;
  for (const auto& [id, entry] : entries_) {
    if (domain::over(entry.market.status)) continue;
    ++count.markets;
    if (entry.fresh) ++count.fresh;
    if (!domain::accepts_orders(entry.market.status)) ++count.paused;
  }
  return count;
}

}  // namespace polybot::venue_simulator
