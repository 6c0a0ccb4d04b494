#include "common/domain/order_book.hpp"

#include <algorithm>
#include <utility>

namespace polybot::domain {
namespace {

// Orders prices of one side worst first: bids ascend, asks descend.
struct WorstFirst {
  BookSide side;
  bool operator()(Price a, Price b) const { return side == BookSide::Bid ? a < b : b < a; }
};

void set_level(std::vector<Level>& levels, BookSide side, Price price, Quantity quantity) {
  const WorstFirst worst_first{side};
  // Most changes are near the best level: look from the end before searching.
  auto at = levels.end();
  for (int steps = 0; steps < 4 && at != levels.begin(); ++steps) {
    const auto previous = at - 1;
    if (worst_first(previous->price, price)) break;
    at = previous;
    if (at->price == price) break;
  }
  const bool settled = at == levels.begin() || worst_first((at - 1)->price, price);
  if (!settled) {
    at = std::lower_bound(levels.begin(), at, price, [&](const Level& level, Price wanted) {
      return worst_first(level.price, wanted);
    });
  }
  const bool found = at != levels.end() && at->price == price;
  if (quantity.is_zero()) {
    if (found) levels.erase(at);
  } else if (found) {
    at->quantity = quantity;
  } else {
    levels.insert(at, Level{price, quantity});
  }
}

bool load_side(std::vector<Level>& levels, BookSide side, std::span<const Level> from) {
  // A book is mostly repeated, in this order.
  if (std::equal(levels.begin(), levels.end(), from.begin(), from.end())) return false;
  std::vector<Level> loaded(from.begin(), from.end());
  const WorstFirst worst_first{side};
  std::stable_sort(loaded.begin(), loaded.end(),
                   [&](const Level& a, const Level& b) { return worst_first(a.price, b.price); });
  // Of equal prices keep the last one given.
  auto out = loaded.begin();
  for (auto in = loaded.begin(); in != loaded.end(); ++in) {
    const auto next = in + 1;
    if (next != loaded.end() && next->price == in->price) continue;
    if (!in->quantity.is_zero()) *out++ = *in;
  }
  loaded.erase(out, loaded.end());
  if (loaded == levels) return false;
  levels = std::move(loaded);
  return true;
}

std::optional<Level> last_of(std::span<const Level> levels) {
  if (levels.empty()) return std::nullopt;
  return levels.back();
}

}  // namespace

bool OrderBook::load(std::span<const Level> bids, std::span<const Level> asks) {
  const bool bids_changed = load_side(bids_, BookSide::Bid, bids);
  return load_side(asks_, BookSide::Ask, asks) || bids_changed;
}

void OrderBook::apply(const LevelChange& change) {
  set_level(change.side == BookSide::Bid ? bids_ : asks_, change.side, change.price,
            change.quantity);
}

void OrderBook::apply(std::span<const LevelChange> changes) {
  for (const LevelChange& change : changes) apply(change);
}

void OrderBook::clear() {
  bids_.clear();
  asks_.clear();
}

std::optional<Level> OrderBook::best_bid() const {
  return last_of(bids_);
}
std::optional<Level> OrderBook::best_ask() const {
  return last_of(asks_);
}

std::optional<Price> OrderBook::mid() const {
  if (bids_.empty() || asks_.empty()) return std::nullopt;
  return Price::from_raw((bids_.back().price.raw() + asks_.back().price.raw()) / 2);
}

bool OrderBook::crossed() const {
  return !bids_.empty() && !asks_.empty() && bids_.back().price >= asks_.back().price;
}

Quantity OrderBook::quantity_at(BookSide side, Price price) const {
  const auto& levels = side == BookSide::Bid ? bids_ : asks_;
  const WorstFirst worst_first{side};
  const auto at = std::lower_bound(
      levels.begin(), levels.end(), price,
      [&](const Level& level, Price wanted) { return worst_first(level.price, wanted); });
  return at != levels.end() && at->price == price ? at->quantity : Quantity{};
}

std::optional<Level> OrderBook::best_to_take(Outcome outcome, Side side) const {
  auto best = yes_side(outcome, side) == Side::Buy ? best_ask() : best_bid();
  if (best) best->price = yes_price(outcome, best->price);
  return best;
}

OrderBook::Sweep OrderBook::sweep(Outcome outcome, Side side, Quantity quantity,
                                  Price limit) const {
  const std::span<const Level> levels = yes_side(outcome, side) == Side::Buy ? asks() : bids();
  Sweep result;
  Quantity left = quantity;
  for (auto level = levels.rbegin(); level != levels.rend() && left.is_positive(); ++level) {
    const Price price = yes_price(outcome, level->price);
    if (side == Side::Buy ? price > limit : price < limit) break;
    const Quantity taken = std::min(left, level->quantity);
    result.quantity += taken;
    result.cash += notional(price, taken, side == Side::Buy ? Rounding::Up : Rounding::Down);
    result.worst = price;
    left -= taken;
  }
  return result;
}

}  // namespace polybot::domain
