#include "services/order-manager/core/ledger/commitments.hpp"

namespace polybot::order_manager {

using domain::EventGroupId;
using domain::MarketId;
using domain::Money;
using domain::Order;
using domain::Price;
using domain::StrategyName;

namespace {

// A sum of zero is not listed, so that what has come and gone leaves no entry.
void add(std::unordered_map<EventGroupId, Money>& events, const EventGroupId& event, Money more) {
  if (more.is_zero()) return;
  const auto it = events.try_emplace(event).first;
  it->second += more;
  if (it->second.is_zero()) events.erase(it);
}

template <class Change>
void change_in(Commitments::Sums& sums, const MarketId& market, const Change& change) {
  const auto it = sums.markets.try_emplace(market).first;
  change(it->second);
  if (it->second == Commitments::InMarket{}) sums.markets.erase(it);
}

std::map<Price, std::uint32_t>& side_of(Commitments::OpenOrders& open, const Order& order) {
  return book_side(order.instrument.outcome, order.side) == domain::BookSide::Bid ? open.bids
                                                                                  : open.asks;
}

}  // namespace

// ---- orders ------------------------------------------------------------------------------------

void Commitments::order_changed(const OrderRecord& record) {
  const Order& order = record.order;
  const auto known = promises_.find(order.id);
  const bool was_open = known != promises_.end();
  if (!was_open && record.terminal()) return;
  const Promise was = was_open ? known->second : Promise{};
  const Promise is{record.reserved_cash(), record.reserved_quantity()};
  if (!was_open) {
    stand(order);
    promises_.emplace(order.id, is);
  } else if (record.terminal()) {
    leave(order);
    promises_.erase(known);
  } else {
    known->second = is;
  }
  const Promise more{is.cash - was.cash, is.quantity - was.quantity};
  if (more == Promise{}) return;
  promise(account_, order, more);
  promise(strategies_[order.strategy], order, more);
}

void Commitments::stand(const Order& order) {
  OpenOrders& open = open_[order.instrument.market];
  open.ids.insert(order.id);
  ++side_of(open, order)[yes_price(order.instrument.outcome, order.limit)];
  ++account_.open_orders;
  ++strategies_[order.strategy].open_orders;
}

void Commitments::leave(const Order& order) {
  const auto open = open_.find(order.instrument.market);
  POLYBOT_ASSERT(open != open_.end());
  auto& side = side_of(open->second, order);
  const auto level = side.find(yes_price(order.instrument.outcome, order.limit));
  POLYBOT_ASSERT(level != side.end());
  if (--level->second == 0) side.erase(level);
  open->second.ids.erase(order.id);
  if (open->second.ids.empty()) open_.erase(open);
  --account_.open_orders;
  --strategies_[order.strategy].open_orders;
}

void Commitments::promise(Sums& sums, const Order& order, const Promise& more) {
  sums.used += more.cash;
  sums.reserved += more.cash;
  add(sums.events, order.event, more.cash);
  change_in(sums, order.instrument.market, [&](InMarket& market) {
    market.reserved += more.cash;
    market.promised[static_cast<std::size_t>(order.instrument.outcome)] += more.quantity;
  });
}

// ---- positions ---------------------------------------------------------------------------------

void Commitments::position_changed(const StrategyName& strategy, const MarketId& market,
                                   const EventGroupId& event, const Portfolio& portfolio) {
  Holdings& holdings = holdings_[strategy];
  const auto known = holdings.find(market);
  const MarketPosition* position = portfolio.find(strategy, market);
  const Holding was = known == holdings.end() ? Holding{} : known->second;
  Holding is;
  if (position != nullptr) {
    is.held = portfolio.exposure(strategy, market);
    is.unsettled = position->yes.unsettled_proceeds() + position->no.unsettled_proceeds();
    is.event = event;
  }
  if (is == was) return;
  if (position == nullptr) {
    holdings.erase(known);
  } else {
    holdings[market] = is;
  }
  hold(account_, market, was, is);
  hold(strategies_[strategy], market, was, is);
}

void Commitments::hold(Sums& sums, const MarketId& market, const Holding& was, const Holding& is) {
  sums.used += is.held - was.held;
  sums.unsettled += is.unsettled - was.unsettled;
  add(sums.events, was.event, -was.held);
  add(sums.events, is.event, is.held);
  change_in(sums, market, [&](InMarket& in) {
    in.held += is.held - was.held;
    in.unsettled += is.unsettled - was.unsettled;
  });
}

// ---- queries -----------------------------------------------------------------------------------

const Commitments::InMarket& Commitments::Sums::in(const MarketId& market) const {
  static const InMarket kNothing{};
  const auto it = markets.find(market);
  return it == markets.end() ? kNothing : it->second;
}

Money Commitments::Sums::in(const EventGroupId& event) const {
  const auto it = events.find(event);
  return it == events.end() ? Money{} : it->second;
}

const Commitments::Sums& Commitments::of(const std::optional<StrategyName>& strategy) const {
  static const Sums kNothing{};
  if (!strategy) return account_;
  const auto it = strategies_.find(*strategy);
  return it == strategies_.end() ? kNothing : it->second;
}

const Commitments::OpenOrders& Commitments::open_in(const MarketId& market) const {
  static const OpenOrders kNothing{};
  const auto it = open_.find(market);
  return it == open_.end() ? kNothing : it->second;
}

}  // namespace polybot::order_manager
