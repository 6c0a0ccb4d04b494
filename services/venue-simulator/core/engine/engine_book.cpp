// The books of the matching engine: levels, queues, reservations, and the orders of the house.
#include <algorithm>
#include <utility>

#include "services/venue-simulator/core/engine/engine_terms.hpp"
#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Level;
using domain::Outcome;
using domain::Price;
using domain::Quantity;
using domain::Side;
using domain::Timestamp;
using domain::VenueOrderStatus;

std::vector<Level> MatchingEngine::levels(MarketNo market, BookSide side) const {
  std::vector<Level> levels;
  const auto found = markets_.find(market);
  if (found == markets_.end()) return levels;
  const MarketState& state = found->second;
  if (side == BookSide::Bid) {
    for (const auto& [price, level] : state.bids) levels.push_back({price, level.total});
  } else {
    for (auto it = state.asks.rbegin(); it != state.asks.rend(); ++it) {
      levels.push_back({it->first, it->second.total});
    }
  }
  return levels;
}

std::optional<Level> MatchingEngine::best(MarketNo market, BookSide side) const {
  const auto found = markets_.find(market);
  if (found == markets_.end()) return std::nullopt;
  const Ladder& ladder = side == BookSide::Bid ? found->second.bids : found->second.asks;
  if (ladder.empty()) return std::nullopt;
  const auto top = side == BookSide::Bid ? std::prev(ladder.end()) : ladder.begin();
  return Level{top->first, top->second.total};
}

Quantity MatchingEngine::quantity_at(MarketNo market, BookSide side, Price price) const {
  const auto found = markets_.find(market);
  if (found == markets_.end()) return {};
  const Ladder& ladder = side == BookSide::Bid ? found->second.bids : found->second.asks;
  const auto level = ladder.find(price);
  return level == ladder.end() ? Quantity{} : level->second.total;
}

std::optional<Level> MatchingEngine::best_outside(MarketNo market, BookSide side) const {
  const auto found = markets_.find(market);
  if (found == markets_.end()) return std::nullopt;
  const auto outside_at = [this](const auto& entry) {
    Quantity quantity;
    for (const std::uint64_t number : entry.second.queue) {
      const Order& order = orders_.at(number);
      if (!order.house) quantity += order.leaves();
    }
    return quantity.is_positive() ? std::optional(Level{entry.first, quantity}) : std::nullopt;
  };
  if (side == BookSide::Bid) {
    const Ladder& bids = found->second.bids;
    for (auto it = bids.rbegin(); it != bids.rend(); ++it) {
      if (auto level = outside_at(*it)) return level;
    }
  } else {
    for (const auto& entry : found->second.asks) {
      if (auto level = outside_at(entry)) return level;
    }
  }
  return std::nullopt;
}

void MatchingEngine::touch(MarketNo number, MarketState& market, BookSide side, Price price) {
  if (market.touched.empty()) touched_markets_.push_back(number);
  market.touched.emplace_back(side, price);
}

void MatchingEngine::report_changes(Timestamp now, Outputs& out) {
  for (const MarketNo number : touched_markets_) {
    const auto found = markets_.find(number);
    if (found == markets_.end()) continue;
    auto touched = std::exchange(found->second.touched, {});
    if (!is_open(number)) continue;
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    BookChanged changed;
    changed.market = found->second.listing.market.id;
    changed.at = now;
    for (const auto& [side, price] : touched) {
      changed.changes.push_back({side, price, quantity_at(number, side, price)});
    }
    if (const auto bid = best(number, BookSide::Bid)) changed.best_bid = bid->price;
    if (const auto ask = best(number, BookSide::Ask)) changed.best_ask = ask->price;
    out.market.emplace_back(std::move(changed));
  }
  touched_markets_.clear();
}

void MatchingEngine::rest(Order& order) {
  MarketState& market = markets_.at(order.truth.market);
  Ladder& ladder = order.book_side == BookSide::Bid ? market.bids : market.asks;
  BookLevel& level = ladder[order.yes_price];
  level.total += order.leaves();
  level.queue.push_back(order.truth.number);
  touch(order.truth.market, market, order.book_side, order.yes_price);
  if (order.house) return;
  if (order.truth.side == Side::Buy) {
    order.reserved_cash = exact_notional(order.truth.price, order.leaves());
    accounts_.reserve_cash(order.truth.account, order.reserved_cash);
  } else {
    order.reserved_shares = order.leaves();
    accounts_.reserve_shares(order.truth.account, order.truth.market, order.outcome,
                             order.reserved_shares);
  }
}

void MatchingEngine::remove_from_book(const Order& order) {
  MarketState& market = markets_.at(order.truth.market);
  Ladder& ladder = order.book_side == BookSide::Bid ? market.bids : market.asks;
  const auto level = ladder.find(order.yes_price);
  POLYBOT_ASSERT(level != ladder.end());
  level->second.total -= order.leaves();
  std::erase(level->second.queue, order.truth.number);
  if (level->second.queue.empty()) ladder.erase(level);
  touch(order.truth.market, market, order.book_side, order.yes_price);
}

void MatchingEngine::release(Order& order) {
  if (order.house) return;
  if (!order.reserved_cash.is_zero()) {
    accounts_.release_cash(order.truth.account, std::exchange(order.reserved_cash, {}));
  }
  if (!order.reserved_shares.is_zero()) {
    accounts_.release_shares(order.truth.account, order.truth.market, order.outcome,
                             std::exchange(order.reserved_shares, {}));
  }
}

// The order must be off the book already.
void MatchingEngine::finish(std::uint64_t number, VenueOrderStatus status, std::string reason,
                            Turn& turn) {
  const auto found = orders_.find(number);
  Order& order = found->second;
  release(order);
  held_.erase(number);
  if (!order.house) {
    order.truth.status = status;
    order.truth.finished_at = turn.now;
    count_finished(order.truth);
    const auto kind =
        status == VenueOrderStatus::Matched ? OrderEventKind::Update : OrderEventKind::Cancellation;
    report_order(order, kind, status, std::move(reason), turn);
    living_ids_.erase(order.truth.id);
    finished_ids_[order.truth.id] = number;
    finished_[number] = order.truth;
  }
  orders_.erase(found);
}

// ---- house orders -------------------------------------------------------------------------------

std::uint64_t MatchingEngine::place_house(AccountId account, MarketNo market, BookSide side,
                                          Price price, Quantity quantity, Rest rest_remainder,
                                          Timestamp now, FaultBoard& faults, Outputs& out) {
  if (!is_open(market)) return 0;
  Turn turn{now, faults, out};
  Order order;
  order.house = true;
  order.book_side = side;
  order.yes_price = price;
  order.outcome = side == BookSide::Bid ? Outcome::Yes : Outcome::No;
  order.truth.number = ++order_count_;
  order.truth.account = account;
  order.truth.market = market;
  order.truth.side = Side::Buy;
  order.truth.price = in_terms_of(order.outcome, price);
  order.truth.quantity = floor_to_lot(quantity);
  if (!order.truth.quantity.is_positive()) return 0;
  const Plan planned = plan(order);
  const std::uint64_t number = order.truth.number;
  Order& living = orders_.emplace(number, order).first->second;
  for (const PlannedTrade& trade : planned.trades)
    static_cast<void>(match_level(living, trade, turn));
  if (living.leaves().is_zero() || rest_remainder == Rest::No) {
    orders_.erase(number);
    return 0;
  }
  rest(living);
  return number;
}

void MatchingEngine::cancel_house(std::uint64_t number) {
  const auto found = orders_.find(number);
  if (found == orders_.end()) return;
  POLYBOT_ASSERT(found->second.house);
  remove_from_book(found->second);
  orders_.erase(found);
}

Quantity MatchingEngine::house_leaves(std::uint64_t number) const {
  const auto found = orders_.find(number);
  return found == orders_.end() ? Quantity{} : found->second.leaves();
}

Quantity MatchingEngine::house_at(MarketNo market, BookSide side, Price price) const {
  Quantity quantity;
  const auto found = markets_.find(market);
  if (found == markets_.end()) return quantity;
  const Ladder& ladder = side == BookSide::Bid ? found->second.bids : found->second.asks;
  const auto level = ladder.find(price);
  if (level == ladder.end()) return quantity;
  for (const std::uint64_t number : level->second.queue) {
    const Order& order = orders_.at(number);
    if (order.house) quantity += order.leaves();
  }
  return quantity;
}

void MatchingEngine::put_outside_last(MarketNo market) {
  const auto found = markets_.find(market);
  if (found == markets_.end()) return;
  for (Ladder* ladder : {&found->second.bids, &found->second.asks}) {
    for (auto& [price, level] : *ladder) {
      std::stable_partition(level.queue.begin(), level.queue.end(),
                            [this](std::uint64_t number) { return orders_.at(number).house; });
    }
  }
}

Quantity MatchingEngine::reduce_house_level(MarketNo market, BookSide side, Price price,
                                            Quantity quantity) {
  Quantity behind;
  const auto state = markets_.find(market);
  if (state == markets_.end()) return behind;
  Ladder& ladder = side == BookSide::Bid ? state->second.bids : state->second.asks;
  const auto level = ladder.find(price);
  if (level == ladder.end()) return behind;
  Quantity left = quantity;
  bool outside_ahead = false;
  const std::vector<std::uint64_t> queue = level->second.queue;
  for (const std::uint64_t number : queue) {
    if (!left.is_positive()) break;
    Order& order = orders_.at(number);
    if (!order.house) {
      outside_ahead = true;
      continue;
    }
    const Quantity taken = std::min(left, order.leaves());
    left -= taken;
    if (outside_ahead) behind += taken;
    if (taken == order.leaves()) {
      cancel_house(number);
      continue;
    }
    order.truth.quantity -= taken;
    ladder.at(price).total -= taken;
    touch(market, state->second, side, price);
  }
  return behind;
}

}  // namespace polybot::venue_simulator
