#include "services/strategy-runner/core/holdings.hpp"

#include <algorithm>
#include <utility>

namespace polybot::strategy_runner {

domain::Quantity LiveOrder::leaves() const {
  domain::Quantity filled;
  for (const auto& [trade, fill] : fills) filled += fill;
  return filled < quantity ? quantity - filled : domain::Quantity{};
}

domain::BookSide LiveOrder::book_side() const {
  return domain::book_side(instrument.outcome, side);
}

domain::Price LiveOrder::yes_price() const {
  return domain::yes_price(instrument.outcome, limit);
}

void Holdings::apply(const domain::StreamedEvent& streamed) {
  applied_seq_ = std::max(applied_seq_, streamed.event.seq);
  if (streamed.position) {
    const domain::PositionState& state = *streamed.position;
    const bool empty = state.yes.is_zero() && state.no.is_zero();
    // Empty positions are forgotten, because five-minute markets come and go all day.
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
  } else if (const auto* failed = std::get_if<domain::FillReversed>(&body)) {
    reversed(failed->fill);
  } else if (const auto* back = std::get_if<domain::OrderResurrected>(&body)) {
    resurrected(back->order);
  }
  const auto order = domain::order_of(body);
  if (order && streamed.status && domain::is_terminal(*streamed.status))
    ended(*order, *streamed.status);
}

void Holdings::restart_at(std::uint64_t seq) {
  *this = Holdings();
  applied_seq_ = seq;
}

void Holdings::submitted(const domain::Order& order) {
  if (market_of_live_.contains(order.id)) return;
  begin({.id = order.id,
         .instrument = order.instrument,
         .side = order.side,
         .limit = order.limit,
         .quantity = order.quantity,
         .purpose = order.purpose,
         .submitted_at = order.submitted_at});
}

void Holdings::begin(LiveOrder order) {
  const domain::MarketId market = order.instrument.market;
  market_of_live_[order.id] = market;
  live_[market].push_back(std::move(order));
}

void Holdings::filled(const domain::OrderFilled& fill) {
  if (fill.side == domain::Side::Buy && fill.status == domain::FillStatus::Matched) {
    unsettled_[fill.fill] = {.instrument = fill.instrument, .quantity = fill.quantity};
  }
  if (LiveOrder* order = find(fill.fill.order)) order->fills[fill.fill.trade] = fill.quantity;
}

// An order that is still live may fill again: as order-manager does, all of it is held back.
void Holdings::reversed(const domain::FillId& fill) {
  unsettled_.erase(fill);
  if (LiveOrder* order = find(fill.order)) order->fills.erase(fill.trade);
}

void Holdings::ended(const domain::ClientOrderId& id, domain::OrderStatus status) {
  const auto at = market_of_live_.find(id);
  if (at == market_of_live_.end()) return;
  const auto orders = live_.find(at->second);
  const auto order = std::find_if(orders->second.begin(), orders->second.end(),
                                  [&](const LiveOrder& one) { return one.id == id; });
  if (status == domain::OrderStatus::Rejected) remember_rejected(std::move(*order));
  orders->second.erase(order);
  if (orders->second.empty()) live_.erase(orders);
  market_of_live_.erase(at);
}

// Only what was rejected can come back, and the record of it tells no more than its id. The state
// of a stream tells the newest orders first, so the oldest is not the one that was told first.
void Holdings::remember_rejected(LiveOrder order) {
  rejected_by_age_.emplace(order.submitted_at, order.id);
  rejected_.emplace(order.id, std::move(order));
  if (rejected_.size() <= kRejectedOrdersMax) return;
  rejected_.erase(rejected_by_age_.begin()->second);
  rejected_by_age_.erase(rejected_by_age_.begin());
}

void Holdings::resurrected(const domain::ClientOrderId& id) {
  const auto rejected = rejected_.find(id);
  if (rejected == rejected_.end()) return;
  rejected_by_age_.erase({rejected->second.submitted_at, id});
  begin(std::move(rejected->second));
  rejected_.erase(rejected);
}

LiveOrder* Holdings::find(const domain::ClientOrderId& id) {
  const auto at = market_of_live_.find(id);
  if (at == market_of_live_.end()) return nullptr;
  std::vector<LiveOrder>& orders = live_.at(at->second);
  return &*std::find_if(orders.begin(), orders.end(),
                        [&](const LiveOrder& order) { return order.id == id; });
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
    if (order.instrument == instrument && order.side == domain::Side::Sell) free -= order.leaves();
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
    if (order.book_side() == side && order.yes_price() == yes_price) own += order.leaves();
  }
  return own;
}

std::span<const LiveOrder> Holdings::live_orders(const domain::MarketId& market) const {
  const auto at = live_.find(market);
  if (at == live_.end()) return {};
  return at->second;
}

std::optional<domain::MarketId> Holdings::market_of(const domain::ClientOrderId& id) const {
  if (const auto at = market_of_live_.find(id); at != market_of_live_.end()) return at->second;
  const auto rejected = rejected_.find(id);
  if (rejected == rejected_.end()) return std::nullopt;
  return rejected->second.instrument.market;
}

}  // namespace polybot::strategy_runner
