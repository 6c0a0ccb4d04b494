#include "services/strategy-runner/core/holdings.hpp"

#include <algorithm>

namespace polybot::strategy_runner {

domain::BookSide LiveOrder::book_side() const {
  const bool bid = (instrument.outcome == domain::Outcome::Yes) == (side == domain::Side::Buy);
  return bid ? domain::BookSide::Bid : domain::BookSide::Ask;
}

domain::Price LiveOrder::yes_price() const {
  return instrument.outcome == domain::Outcome::Yes ? limit : domain::complement(limit);
}

void Holdings::apply(const domain::StreamedEvent& streamed) {
  applied_seq_ = std::max(applied_seq_, streamed.event.seq);
  if (streamed.position) {
    const domain::PositionState& state = *streamed.position;
    const bool empty = state.yes.is_zero() && state.no.is_zero();
    // What is no longer held is forgotten: five-minute markets come and go all day.
    if (empty) {
      positions_.erase(state.market);
    } else {
      positions_[state.market] = state;
    }
  }
  const domain::EventBody& body = streamed.event.body;
  if (const auto* event = std::get_if<domain::OrderSubmitted>(&body)) {
    submitted(event->order);
  } else if (const auto* fill = std::get_if<domain::OrderFilled>(&body)) {
    filled(*fill);
  } else if (const auto* advanced = std::get_if<domain::FillAdvanced>(&body)) {
    if (advanced->status != domain::FillStatus::Matched) unsettled_.erase(advanced->fill);
  } else if (const auto* reversed = std::get_if<domain::FillReversed>(&body)) {
    unsettled_.erase(reversed->fill);
  }
  const auto order = domain::order_of(body);
  if (order && streamed.status && domain::is_terminal(*streamed.status)) ended(*order);
}

void Holdings::restart_at(std::uint64_t seq) {
  *this = Holdings();
  applied_seq_ = seq;
}

void Holdings::submitted(const domain::Order& order) {
  if (market_of_order_.contains(order.id)) return;
  market_of_order_[order.id] = order.instrument.market;
  live_[order.instrument.market].push_back({.id = order.id,
                                            .instrument = order.instrument,
                                            .side = order.side,
                                            .limit = order.limit,
                                            .leaves_quantity = order.quantity,
                                            .purpose = order.purpose});
}

void Holdings::filled(const domain::OrderFilled& fill) {
  if (fill.side == domain::Side::Buy && fill.status == domain::FillStatus::Matched) {
    unsettled_[fill.fill] = {.instrument = fill.instrument, .quantity = fill.quantity};
  }
  std::vector<LiveOrder>* orders = orders_of(fill.fill.order);
  if (orders == nullptr) return;
  for (LiveOrder& order : *orders) {
    if (order.id != fill.fill.order) continue;
    order.leaves_quantity -= std::min(order.leaves_quantity, fill.quantity);
  }
}

void Holdings::ended(const domain::ClientOrderId& id) {
  const auto at = market_of_order_.find(id);
  if (at == market_of_order_.end()) return;
  const auto orders = live_.find(at->second);
  std::erase_if(orders->second, [&](const LiveOrder& order) { return order.id == id; });
  if (orders->second.empty()) live_.erase(orders);
  market_of_order_.erase(at);
}

std::vector<LiveOrder>* Holdings::orders_of(const domain::ClientOrderId& id) {
  const auto at = market_of_order_.find(id);
  return at == market_of_order_.end() ? nullptr : &live_.at(at->second);
}

domain::PositionState Holdings::position(const domain::MarketId& market) const {
  const auto at = positions_.find(market);
  if (at == positions_.end()) return {.market = market};
  return at->second;
}

domain::Quantity Holdings::sellable(const domain::Instrument& instrument) const {
  const domain::PositionState state = position(instrument.market);
  domain::Quantity free = instrument.outcome == domain::Outcome::Yes ? state.yes : state.no;
  for (const auto& [fill, unsettled] : unsettled_) {
    if (unsettled.instrument == instrument) free -= unsettled.quantity;
  }
  for (const LiveOrder& order : live_orders(instrument.market)) {
    if (order.instrument == instrument && order.side == domain::Side::Sell)
      free -= order.leaves_quantity;
  }
  return std::max(free, domain::Quantity{});
}

bool Holdings::taking(const domain::MarketId& market) const {
  const auto orders = live_orders(market);
  return std::any_of(orders.begin(), orders.end(), [](const LiveOrder& order) {
    return order.purpose != domain::OrderPurpose::Quote;
  });
}

domain::Quantity Holdings::own_quantity(const domain::MarketId& market, domain::BookSide side,
                                        domain::Price yes_price) const {
  domain::Quantity own;
  for (const LiveOrder& order : live_orders(market)) {
    if (order.book_side() == side && order.yes_price() == yes_price) own += order.leaves_quantity;
  }
  return own;
}

std::span<const LiveOrder> Holdings::live_orders(const domain::MarketId& market) const {
  const auto at = live_.find(market);
  if (at == live_.end()) return {};
  return at->second;
}

const LiveOrder* Holdings::find_order(const domain::ClientOrderId& id) const {
  const auto at = market_of_order_.find(id);
  if (at == market_of_order_.end()) return nullptr;
  for (const LiveOrder& order : live_.at(at->second)) {
    if (order.id == id) return &order;
  }
  return nullptr;
}

}  // namespace polybot::strategy_runner
