// What the feed publishes: quotes, shards, metrics (core/telling.hpp).
#include <algorithm>
#include <utility>

#include "services/gateway/feed/feed.hpp"

namespace polybot::gateway {

using domain::Market;
using domain::MarketId;
using domain::Timestamp;

namespace {

// The end of the burst in it is milliseconds away; until then its changes are held back.
bool ends_soon(const std::optional<BookBuilder::View>& view) {
  return view && view->fresh() && !view->settled;
}

}  // namespace

// For a reader that asked. What does not reach it this way reaches it by the stream, soon.
Publication::Contents Feed::contents_of(domain::Shard shard) {
  telling_.ask(shard);
  Publication::Contents contents;
  for (const MarketId& id : shards_.markets_in(shard)) {
    if (const Market* market = catalogue_.find(id)) contents.markets.push_back(*market);
    if (auto snapshot = book(id)) contents.books.push_back(std::move(*snapshot));
    if (ends_soon(books_.find(id))) owed_.insert(id);
  }
  return contents;
}

// A market without a book (paused, ended) has an empty, stale quote: no price may come from it.
std::optional<domain::QuoteTick> Feed::quote(const MarketId& id) const {
  const auto view = books_.find(id);
  if (!view) {
    if (catalogue_.find(id) == nullptr) return std::nullopt;
    return domain::QuoteTick{
        .market = id, .bid = {}, .ask = {}, .last = {}, .stale = true, .stamped_at = clock_.now()};
  }
  return domain::QuoteTick{
      .market = id,
      .bid = view->book->best_bid(),
      .ask = view->book->best_ask(),
      .last = view->last,
      .stale = !view->fresh(),
      .stamped_at = view->fresh() ? std::max(view->stamped_at, vouched_at(id)) : view->stamped_at};
}

void Feed::publish_quote(const MarketId& id) {
  const auto tick = quote(id);
  if (!tick) return;
  publication_.publish(*tick);
  const Market* market = catalogue_.find(id);
  if (market != nullptr && listener_.on_quote) listener_.on_quote(*market, *tick);
}

// A quote inside an unfinished burst waits for the next round.
void Feed::publish_quotes() {
  for (auto id = changed_quotes_.begin(); id != changed_quotes_.end();) {
    if (ends_soon(books_.find(*id))) {
      ++id;
      continue;
    }
    publish_quote(*id);
    id = changed_quotes_.erase(id);
  }
}

void Feed::tell(domain::Duration now) {
  publish_owed();
  telling_.set_markets(shards_.size());
  const TellingPlan::Due due = telling_.due(now);
  if (due.complete.empty() && due.vouch.empty()) return;
  publish_quotes();
  for (const domain::Shard shard : due.complete) publish_shard(shard);
  for (const domain::Shard shard : due.vouch) vouch(shard, Told::Changes);
}

void Feed::hear_what_is_missed() {
  const std::uint64_t wanted = listener_.quotes_wanted ? listener_.quotes_wanted() : 0;
  for (std::uint8_t i = 0; i < domain::kShards; ++i) {
    if ((wanted >> i & 1) != 0) telling_.ask({i});
  }
}

void Feed::publish_shard(domain::Shard shard) {
  for (const MarketId& id : shards_.markets_in(shard)) publish_whole(id);
  vouch(shard, Told::Everything);
}

void Feed::publish_whole(const MarketId& id) {
  const Market* market = catalogue_.find(id);
  if (market == nullptr) return;
  publication_.publish(*market);
  if (ends_soon(books_.find(id))) {
    owed_.insert(id);
    return;
  }
  if (const auto tick = quote(id)) publication_.publish(*tick);
  if (auto snapshot = book(id)) publication_.publish(BookUpdate(std::move(*snapshot)));
}

void Feed::publish_owed() {
  for (const MarketId& id : std::exchange(owed_, {})) publish_whole(id);
}

void Feed::vouch(domain::Shard shard, Told told) {
  if (shards_.markets_in(shard).empty()) return;
  std::vector<TrustedBook> books;
  for (const MarketId& id : shards_.markets_in(shard)) {
    const auto view = books_.find(id);
    if (!view || !view->fresh()) continue;
    books.push_back({.market = id,
                     .as_of = std::max(view->stamped_at, vouched_at(id)),
                     .settled = view->settled});
  }
  std::vector<domain::ShardVouched> said = vouch_for(std::move(books));
  if (said.empty()) said.push_back({.as_of = clock_.now(), .except = {}});
  said.back().complete = told == Told::Everything;
  for (const domain::ShardVouched& one : said) publication_.publish(shard, one);
}

// A change of the price grid is told by the sockets themselves.
void Feed::record_gaps() {
  if (recorder_ == nullptr) return;
  std::map<ResyncReason, std::vector<MarketId>> gaps;
  for (const Resync& resync : updates_.resyncs) {
    if (resync.reason != ResyncReason::TickChanged) gaps[resync.reason].push_back(resync.market);
  }
  for (auto& [reason, markets] : gaps)
    recorder_->on_gap(domain::name_of(reason), std::move(markets));
}

void Feed::report() {
  if (recorder_ != nullptr) recorder_->report();
  const std::size_t books = books_.size();
  // A book that is wanted and has not begun is as good as a stale one.
  const std::size_t wanted = std::max(catalogue_.places(), books);
  const std::size_t stale = books_.stale_count() + (wanted - books);
  const std::size_t links = supervisor_.links();
  const std::size_t open = supervisor_.links_open();
  metrics_.markets_tracked.set(static_cast<double>(books));
  metrics_.markets_refused.set(static_cast<double>(catalogue_.refused()));
  metrics_.set_unreadable(catalogue_.unreadable());
  metrics_.books_stale.set(static_cast<double>(stale));
  metrics_.market_channel_connected.set(links > 0 && open == links ? 1 : 0);
  if (!discovery_.complete()) {
    health_.set_not_ready(kFeed, "the venue's listing has not been read yet");
  } else if (open < links) {
    health_.set_not_ready(kFeed, std::to_string(links - open) + " of " + std::to_string(links) +
                                     " market channel connections are down");
  } else {
    health_.set_ready(kFeed);
  }
  // One market that has just begun or is being repaired is no reason to stop the rest.
  if (wanted == 0) {
    health_.set_not_ready(kBooks, "no market that is chosen accepts orders");
  } else if (stale * 10 > wanted) {
    health_.set_not_ready(kBooks, std::to_string(stale) + " of " + std::to_string(wanted) +
                                      " wanted books are missing or stale");
  } else {
    health_.set_ready(kBooks);
  }
}

}  // namespace polybot::gateway
