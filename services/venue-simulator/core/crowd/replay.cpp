#include "services/venue-simulator/core/crowd/replay.hpp"

#include <algorithm>

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Price;
using domain::Quantity;
using domain::Side;
using Rest = MatchingEngine::Rest;

namespace {

// A trade and the decrease of the level it caused are reported within this time of each other, in
// either order (in the recordings the decrease comes some 20 ms before the trade).
constexpr domain::Duration kSameCause = std::chrono::seconds(1);

Quantity take_credit(Quantity& credit, Quantity wanted) {
  const Quantity taken = std::min(credit, wanted);
  credit -= taken;
  return taken;
}

}  // namespace

void Replay::begin(MatchingEngine& engine) {
  crowd_ = engine.open_house_account();
  begun_ = true;
}

// The frames of one moment are one step, because recorded books are crossed only inside a burst.
void Replay::play(const PlayFrames& frames, domain::Timestamp now, MatchingEngine& engine,
                  FaultBoard& faults, Outputs& out) {
  static_cast<void>(step(frames.events, now, engine, faults, out));
  position_ = frames.first + frames.count;
}

std::vector<Replay::Met> Replay::step(const std::vector<RecordedEvent>& events,
                                      domain::Timestamp now, MatchingEngine& engine,
                                      FaultBoard& faults, Outputs& out) {
  Turn turn{now, engine, faults, out, {}};
  std::map<Place, Quantity> totals;
  for (const RecordedEvent& event : events) {
    if (const auto* book = std::get_if<RecordedBook>(&event)) collect(*book, engine, totals);
    if (const auto* change = std::get_if<RecordedChange>(&event)) collect(*change, engine, totals);
  }
  for (const auto& [place, total] : totals) {
    if (total < level(place).shown) decrease(place, total, turn);
  }
  for (const RecordedEvent& event : events) {
    if (const auto* trade = std::get_if<RecordedTrade>(&event)) execute(*trade, turn);
  }
  for (const auto& [place, total] : totals) {
    if (total > level(place).shown) increase(place, total, turn);
  }
  return std::move(turn.met);
}

Quantity Replay::shown(const Place& place) const {
  const auto found = levels_.find(place);
  return found == levels_.end() ? Quantity{} : found->second.shown;
}

std::vector<Replay::Place> Replay::places(MarketNo market) const {
  std::vector<Place> found;
  for (auto it = levels_.lower_bound({market, BookSide::Bid, {}});
       it != levels_.end() && it->first.market == market; ++it) {
    found.push_back(it->first);
  }
  return found;
}

bool Replay::settled(const Place& place, domain::Timestamp now) const {
  const auto found = levels_.find(place);
  return found == levels_.end() || found->second.traded.is_zero() ||
         now - found->second.traded_at > kSameCause;
}

void Replay::forget(MarketNo market) {
  std::erase_if(levels_, [&](const auto& level) { return level.first.market == market; });
}

// Both outcomes are recorded and mirror each other; the YES side alone is used.
void Replay::collect(const RecordedBook& book, const MatchingEngine& engine,
                     std::map<Place, Quantity>& totals) {
  const auto found = engine.find_token(book.token);
  if (!found || found->outcome != domain::Outcome::Yes) return;
  for (const auto& [place, state] : levels_) {
    if (place.market == found->market) totals[place] = {};
  }
  for (auto it = totals.begin(); it != totals.end(); ++it) {
    if (it->first.market == found->market) it->second = {};
  }
  for (const domain::Level& bid : book.bids) {
    totals[{found->market, BookSide::Bid, bid.price}] = bid.quantity;
  }
  for (const domain::Level& ask : book.asks) {
    totals[{found->market, BookSide::Ask, ask.price}] = ask.quantity;
  }
}

void Replay::collect(const RecordedChange& change, const MatchingEngine& engine,
                     std::map<Place, Quantity>& totals) {
  const auto found = engine.find_token(change.token);
  if (!found || found->outcome != domain::Outcome::Yes) return;
  const BookSide side = change.side == Side::Buy ? BookSide::Bid : BookSide::Ask;
  totals[{found->market, side, change.price}] = change.quantity;
}

Replay::LevelState& Replay::level(const Place& place) {
  return levels_[place];
}

void Replay::decrease(const Place& place, Quantity total, Turn& turn) {
  LevelState& state = level(place);
  Quantity gone = state.shown - total;
  state.shown = total;
  if (turn.now - state.traded_at > kSameCause) state.traded = {};
  gone -= take_credit(state.traded, gone);
  const bool fresh = turn.now - state.vanished_at <= kSameCause;
  if (!fresh) state.vanished = state.behind = {};
  state.vanished += gone;
  state.vanished_at = turn.now;
  state.behind += turn.engine.reduce_house_level(place.market, place.side, place.price, gone);
  if (!total.is_zero()) return;
  // Whatever the accounts of this level say, an empty level shows no quantity.
  constexpr Quantity kAll = Quantity::from_units(1'000'000'000);
  static_cast<void>(turn.engine.reduce_house_level(place.market, place.side, place.price, kAll));
}

void Replay::increase(const Place& place, Quantity total, Turn& turn) {
  // A market that is paused takes no orders, not even these; they are shown when it goes on.
  if (!turn.engine.is_open(place.market)) return;
  clear_crossed(place, turn);
  LevelState& state = level(place);
  const Quantity more = total - state.shown;
  state.shown = total;
  const Quantity before = turn.engine.house_at(place.market, place.side, place.price);
  static_cast<void>(turn.engine.place_house(crowd_, place.market, place.side, place.price, more,
                                            Rest::Yes, turn.now, turn.faults, turn.out));
  const Quantity came = turn.engine.house_at(place.market, place.side, place.price) - before;
  if (more - came >= kLot) turn.met.push_back({place, more - came});
}

// Recorded depth must not trade with recorded depth: quantity that the newer one contradicts is
// withdrawn and counts as not shown.
void Replay::clear_crossed(const Place& place, Turn& turn) {
  const BookSide other = opposite(place.side);
  const bool bid = place.side == BookSide::Bid;
  for (const domain::Level& opposing : turn.engine.levels(place.market, other)) {
    const bool crossed = bid ? opposing.price <= place.price : opposing.price >= place.price;
    if (!crossed) continue;
    level({place.market, other, opposing.price}).shown = {};
    static_cast<void>(
        turn.engine.reduce_house_level(place.market, other, opposing.price, opposing.quantity));
  }
}

void Replay::execute(const RecordedTrade& trade, Turn& turn) {
  const auto found = turn.engine.find_token(trade.token);
  if (!found) return;
  const bool yes = found->outcome == domain::Outcome::Yes;
  const Price price = yes ? trade.price : domain::complement(trade.price);
  const bool buys = (trade.side == Side::Buy) == yes;
  const BookSide taker = buys ? BookSide::Bid : BookSide::Ask;
  const BookSide side = opposite(taker);
  Quantity left = trade.quantity;
  const auto take = [&](Price limit, Quantity quantity) {
    static_cast<void>(turn.engine.place_house(crowd_, found->market, taker, limit, quantity,
                                              Rest::No, turn.now, turn.faults, turn.out));
  };
  // The trade went through every better price, so orders that rest there are filled first.
  while (left.is_positive()) {
    const auto better = turn.engine.best_outside(found->market, side);
    if (!better || (buys ? better->price >= price : better->price <= price)) break;
    const Quantity quantity = std::min(left, better->quantity);
    take(better->price, quantity);
    left -= quantity;
    if (quantity < kLot) break;
  }
  LevelState& state = level({found->market, side, price});
  if (turn.now - state.vanished_at > kSameCause) state.vanished = state.behind = {};
  const Quantity reported = take_credit(state.vanished, left);
  // The part of the decrease that stood behind an outside order would not have been reached.
  const Quantity ours = take_credit(state.behind, reported);
  const Quantity before = turn.engine.quantity_at(found->market, side, price);
  take(price, left - reported + ours);
  const Quantity after = turn.engine.quantity_at(found->market, side, price);
  if (turn.now - state.traded_at > kSameCause) state.traded = {};
  state.traded += std::min(before - after, left - reported);
  state.traded_at = turn.now;
}

}  // namespace polybot::venue_simulator
