#include "services/gateway/core/book_builder.hpp"

#include <algorithm>
#include <utility>

namespace polybot::gateway {

using domain::LevelChange;
using domain::MarketId;
using domain::Outcome;
using domain::Price;
using domain::Timestamp;
using domain::TokenId;

namespace {

LevelChange in_yes_terms(const TokenChange& change, Outcome outcome) {
  return {.side = book_side(outcome, change.side),
          .price = yes_price(outcome, change.price),
          .quantity = change.quantity};
}

// A removal may name a price of the grid before a tick change; a resting level may not.
bool sound(const LevelChange& change, Price tick) {
  if (change.quantity.is_negative()) return false;
  if (change.quantity.is_zero())
    return change.price.is_positive() && change.price < domain::kPriceOne;
  return domain::on_tick(change.price, tick);
}

bool sound(std::span<const domain::Level> levels, Price tick) {
  return std::all_of(levels.begin(), levels.end(), [&](const domain::Level& level) {
    return !level.quantity.is_negative() &&
           (level.quantity.is_zero() || domain::on_tick(level.price, tick));
  });
}

std::optional<Price> complement_of(std::optional<Price> price) {
  return price ? std::optional<Price>(domain::complement(*price)) : std::nullopt;
}

std::vector<domain::Level> mirrored(std::span<const domain::Level> levels) {
  std::vector<domain::Level> result(levels.begin(), levels.end());
  for (domain::Level& level : result) level.price = domain::complement(level.price);
  return result;
}

template <class Expected>
bool agrees(const domain::OrderBook& book, const Expected& expected) {
  if (!expected.known) return true;
  const auto price_of = [](const std::optional<domain::Level>& level) {
    return level ? std::optional<Price>(level->price) : std::nullopt;
  };
  return price_of(book.best_bid()) == expected.bid && price_of(book.best_ask()) == expected.ask;
}

// Every NO entry must be the mirror of what the YES entries left. Of several entries for one level
// the last counts.
bool mirrors(const domain::OrderBook& book, const std::vector<LevelChange>& entries) {
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
    if (book.quantity_at(entry->side, entry->price) == entry->quantity) continue;
    const bool superseded = std::any_of(entry + 1, entries.end(), [&](const LevelChange& later) {
      return later.side == entry->side && later.price == entry->price;
    });
    if (!superseded) return false;
  }
  return true;
}

}  // namespace

void BookUpdates::clear() {
  updates.clear();
  resyncs.clear();
  ticks.clear();
  ignored = 0;
}

void BookBuilder::track(const MarketId& market, const TokenId& yes, const TokenId& no, Price tick) {
  const auto [at, added] = markets_.try_emplace(market);
  if (!added) return;
  MarketBook& entry = at->second;
  entry.market = market;
  entry.yes = yes;
  entry.no = no;
  entry.tick = tick;
  tokens_[yes] = {&entry, Outcome::Yes};
  tokens_[no] = {&entry, Outcome::No};
}

void BookBuilder::untrack(const MarketId& market) {
  const auto at = markets_.find(market);
  if (at == markets_.end()) return;
  if (at->second.trust == BookTrust::Fresh) --fresh_;
  tokens_.erase(at->second.yes);
  tokens_.erase(at->second.no);
  markets_.erase(at);
}

BookBuilder::TokenRef BookBuilder::find_token(const TokenId& token) const {
  const auto at = tokens_.find(token);
  return at == tokens_.end() ? TokenRef{} : at->second;
}

// ---- snapshots -------------------------------------------------------------------------------

void BookBuilder::load(MarketBook& market, const TokenBook& book, Outcome outcome) {
  if (outcome == Outcome::Yes) {
    market.book.load(book.bids, book.asks);
  } else {
    market.book.load(mirrored(book.asks), mirrored(book.bids));
  }
  market.venue_at = book.venue_at;
  if (book.last) market.last = book.last;
}

void BookBuilder::on(const TokenBook& book, SnapshotSource source, Timestamp now,
                     BookUpdates& out) {
  const TokenRef ref = find_token(book.token);
  if (ref.market == nullptr) {
    ++out.ignored;
    return;
  }
  MarketBook& market = *ref.market;
  // Where both tokens are subscribed the YES book is the source and the NO book adds nothing.
  if (source == SnapshotSource::Socket && ref.outcome == Outcome::No) return;
  if (source == SnapshotSource::Rest) {
    if (market.trust == BookTrust::Fresh) return;  // the socket was faster
    // A snapshot requested after an earlier failure may be older than what was applied since.
    if (book.venue_at < std::max(market.kept_from, market.venue_at)) {
      out.resyncs.push_back({market.market, market.yes, ResyncReason::SnapshotMissing});
      return;
    }
  }
  if (book.tick && *book.tick != market.tick) {
    market.tick = *book.tick;
    out.ticks.push_back({market.market, market.tick});
  }
  // A book that was not requested means that it changed.
  const Timestamp asked_at = market.trust == BookTrust::Fresh ? Timestamp{} : book.asked_at;
  market.burst = {};
  market.held.clear();
  if (!sound(book.bids, market.tick) || !sound(book.asks, market.tick)) {
    fail(market, ResyncReason::BadLevel, now, out);
    return;
  }
  load(market, book, ref.outcome);
  if (market.book.crossed()) {
    fail(market, ResyncReason::Crossed, now, out);
    return;
  }
  if (std::exchange(market.trust, BookTrust::Fresh) != BookTrust::Fresh) ++fresh_;
  market.stamped_at = std::max(known_at(book.venue_at, now), std::min(asked_at, now));
  out.updates.emplace_back(to_snapshot(market));
  if (source == SnapshotSource::Rest) replay_kept(market, book.venue_at, now, out);
  market.kept.clear();
  market.kept_from = {};
}

// Changes carry absolute totals, so repeating those of the snapshot's own millisecond is harmless.
void BookBuilder::replay_kept(MarketBook& market, Timestamp from, Timestamp now, BookUpdates& out) {
  std::deque<Message> kept = std::move(market.kept);
  market.kept.clear();
  for (Message& message : kept) {
    if (message.venue_at < from) continue;
    if (market.trust != BookTrust::Fresh) return;
    apply(market, std::move(message), now, out);
  }
}

// ---- changes ---------------------------------------------------------------------------------

BookBuilder::Message BookBuilder::read(const TokenChanges& message,
                                       const MarketBook& market) const {
  Message result{
      .venue_at = message.venue_at, .changes = {}, .mirrored = {}, .by_yes = {}, .by_no = {}};
  for (const TokenChange& change : message.changes) {
    if (change.token == market.yes) {
      result.changes.push_back(in_yes_terms(change, Outcome::Yes));
      if (change.has_best) result.by_yes = {true, change.best_bid, change.best_ask};
    } else if (change.token == market.no) {
      result.mirrored.push_back(in_yes_terms(change, Outcome::No));
      if (change.has_best) {
        result.by_no = {true, complement_of(change.best_ask), complement_of(change.best_bid)};
      }
    }
  }
  // A message about the NO token alone says the same in mirror image, so it builds the book.
  if (result.changes.empty()) result.changes.swap(result.mirrored);
  return result;
}

void BookBuilder::on(const TokenChanges& message, Timestamp now, BookUpdates& out) {
  // The venue sends each market a message of its own. If one message holds several, each gets its
  // part.
  MarketBook* previous = nullptr;
  for (const TokenChange& change : message.changes) {
    const TokenRef ref = find_token(change.token);
    if (ref.market == nullptr) {
      ++out.ignored;
      continue;
    }
    if (ref.market == previous) continue;
    const bool repeated =
        previous != nullptr &&
        std::any_of(message.changes.data(), &change, [&](const TokenChange& earlier) {
          return find_token(earlier.token).market == ref.market;
        });
    if (repeated) continue;
    previous = ref.market;
    apply(*ref.market, read(message, *ref.market), now, out);
  }
}

void BookBuilder::keep(MarketBook& market, Message message) {
  if (market.kept.size() == kKeptMessagesMax) {
    market.kept_from = market.kept.front().venue_at;
    market.kept.pop_front();
  }
  market.kept.push_back(std::move(message));
}

void BookBuilder::apply(MarketBook& market, Message message, Timestamp now, BookUpdates& out) {
  if (market.trust != BookTrust::Fresh) {
    keep(market, std::move(message));
    return;
  }
  if (market.burst.open && market.burst.venue_at != message.venue_at) {
    if (const auto reason = judge_burst(market)) {
      fail(market, *reason, now, out);
      keep(market, std::move(message));
      return;
    }
    tell_held(market, out);
  }
  market.venue_at = message.venue_at;
  const bool all_sound =
      std::all_of(message.changes.begin(), message.changes.end(),
                  [&](const LevelChange& change) { return sound(change, market.tick); });
  if (!all_sound) {
    fail(market, ResyncReason::BadLevel, now, out);
    return;
  }
  market.book.apply(message.changes);
  if (!mirrors(market.book, message.mirrored)) {
    fail(market, ResyncReason::MirrorMismatch, now, out);
    return;
  }
  Burst& burst = market.burst;
  if (!burst.open) {
    burst = {
        .open = true, .venue_at = message.venue_at, .received_at = now, .by_yes = {}, .by_no = {}};
    bursts_.insert(market.market);
  }
  burst.received_at = now;
  if (message.by_yes.known) burst.by_yes = message.by_yes;
  if (message.by_no.known) burst.by_no = message.by_no;
  market.stamped_at = known_at(message.venue_at, now);
  if (market.held.empty()) {
    market.held = std::move(message.changes);
  } else {
    market.held.insert(market.held.end(), message.changes.begin(), message.changes.end());
  }
  if (agrees(market.book, burst.by_yes) && agrees(market.book, burst.by_no) &&
      !market.book.crossed()) {
    tell_held(market, out);
  }
}

void BookBuilder::tell_held(MarketBook& market, BookUpdates& out) {
  if (market.held.empty()) return;
  out.updates.emplace_back(domain::BookDelta{.market = market.market,
                                             .changes = std::exchange(market.held, {}),
                                             .venue_at = market.venue_at,
                                             .stamped_at = market.stamped_at});
}

std::optional<ResyncReason> BookBuilder::judge_burst(MarketBook& market) {
  const Burst burst = market.burst;
  market.burst = {};
  if (market.book.crossed()) return ResyncReason::Crossed;
  if (!agrees(market.book, burst.by_yes)) return ResyncReason::BestMismatch;
  if (!agrees(market.book, burst.by_no)) {
    return burst.by_yes.known ? ResyncReason::MirrorMismatch : ResyncReason::BestMismatch;
  }
  return std::nullopt;
}

void BookBuilder::judge(Timestamp now, BookUpdates& out) {
  for (auto at = bursts_.begin(); at != bursts_.end();) {
    const auto found = markets_.find(*at);
    const bool open = found != markets_.end() && found->second.burst.open;
    if (open && now - found->second.burst.received_at < kBurstQuiet) {
      ++at;
      continue;
    }
    at = bursts_.erase(at);
    if (!open) continue;
    MarketBook& market = found->second;
    if (const auto reason = judge_burst(market)) {
      fail(market, *reason, now, out);
    } else {
      tell_held(market, out);
    }
  }
}

// ---- the rest --------------------------------------------------------------------------------

void BookBuilder::on(const TokenTrade& trade, Timestamp now, BookUpdates& out) {
  const TokenRef ref = find_token(trade.token);
  const bool plausible =
      trade.price.is_positive() && trade.price < domain::kPriceOne && trade.quantity.is_positive();
  if (ref.market == nullptr || !plausible) {
    ++out.ignored;
    return;
  }
  const Price price = yes_price(ref.outcome, trade.price);
  ref.market->last = price;
  out.updates.emplace_back(domain::TradeTick{.market = ref.market->market,
                                             .aggressor = yes_side(ref.outcome, trade.side),
                                             .price = price,
                                             .quantity = trade.quantity,
                                             .venue_at = trade.venue_at,
                                             .stamped_at = known_at(trade.venue_at, now)});
}

void BookBuilder::on(const TokenTick& tick, Timestamp now, BookUpdates& out) {
  const TokenRef ref = find_token(tick.token);
  if (ref.market == nullptr || !tick.tick.is_positive() || tick.tick >= domain::kPriceOne) {
    ++out.ignored;
    return;
  }
  MarketBook& market = *ref.market;
  if (market.tick == tick.tick) return;  // the other token's message said it
  market.tick = tick.tick;
  out.ticks.push_back({market.market, tick.tick});
  fail(market, ResyncReason::TickChanged, now, out);
  // The kept messages are on the old grid, and so is a REST book from before the change.
  market.kept.clear();
  market.kept_from = tick.venue_at;
}

void BookBuilder::fail(MarketBook& market, ResyncReason reason, Timestamp now, BookUpdates& out) {
  const bool was_fresh = market.trust == BookTrust::Fresh;
  if (was_fresh) {
    market.trust = BookTrust::Stale;
    --fresh_;
  }
  market.burst = {};
  market.held.clear();
  if (was_fresh)
    out.updates.emplace_back(domain::BookStale{.market = market.market, .stamped_at = now});
  out.resyncs.push_back({market.market, market.yes, reason});
}

void BookBuilder::mark_stale(const MarketId& id, ResyncReason reason, Timestamp now,
                             BookUpdates& out) {
  const auto at = markets_.find(id);
  if (at == markets_.end()) return;
  MarketBook& market = at->second;
  market.kept.clear();
  market.kept_from = {};
  if (market.trust == BookTrust::Fresh) fail(market, reason, now, out);
}

Agreement BookBuilder::compare(const TokenBook& rest) {
  const TokenRef ref = find_token(rest.token);
  if (ref.market == nullptr || ref.market->trust != BookTrust::Fresh)
    return Agreement::Inconclusive;
  MarketBook& market = *ref.market;
  MarketBook other;
  load(other, rest, ref.outcome);
  if (other.book.best_bid() == market.book.best_bid() &&
      other.book.best_ask() == market.book.best_ask()) {
    market.stamped_at = std::max(market.stamped_at, rest.asked_at);
    return Agreement::Equal;
  }
  return rest.venue_at > market.venue_at + kBehindAfter ? Agreement::Behind
                                                        : Agreement::Inconclusive;
}

std::optional<BookBuilder::View> BookBuilder::find(const MarketId& id) const {
  const auto at = markets_.find(id);
  if (at == markets_.end()) return std::nullopt;
  const MarketBook& market = at->second;
  return View{.yes = market.yes,
              .trust = market.trust,
              .book = &market.book,
              .tick = market.tick,
              .last = market.last,
              .venue_at = market.venue_at,
              .stamped_at = market.stamped_at,
              .settled = market.held.empty()};
}

std::optional<MarketId> BookBuilder::market_of(const TokenId& token) const {
  const TokenRef ref = find_token(token);
  return ref.market == nullptr ? std::nullopt : std::optional<MarketId>(ref.market->market);
}

domain::BookSnapshot BookBuilder::to_snapshot(const MarketBook& market) {
  return {.market = market.market,
          .bids = {market.book.bids().begin(), market.book.bids().end()},
          .asks = {market.book.asks().begin(), market.book.asks().end()},
          .tick = market.tick,
          .stale = market.trust != BookTrust::Fresh || !market.held.empty(),
          .venue_at = market.venue_at,
          .stamped_at = market.stamped_at};
}

std::optional<domain::BookSnapshot> BookBuilder::snapshot(const MarketId& id,
                                                          Timestamp vouched_at) const {
  const auto at = markets_.find(id);
  if (at == markets_.end()) return std::nullopt;
  domain::BookSnapshot result = to_snapshot(at->second);
  if (!result.stale) result.stamped_at = std::max(result.stamped_at, vouched_at);
  return result;
}

}  // namespace polybot::gateway
