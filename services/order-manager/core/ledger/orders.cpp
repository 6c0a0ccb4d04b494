#include "services/order-manager/core/ledger/orders.hpp"

#include <algorithm>
#include <limits>

#include "common/domain/fees.hpp"
#include "common/domain/mutation.hpp"

namespace polybot::order_manager {

using domain::OrderEventKind;
using domain::OrderStatus;
using domain::Quantity;

bool placed_by_hand(const domain::Order& order) {
  return order.strategy.value == domain::kExternalStrategy &&
         !mutated(Mutation::HandOrdersCanceled);
}

bool spends_cash(const domain::Order& order) {
  return order.side == domain::Side::Buy && immediate(order.time_in_force) &&
         order.fields.maker_amount.is_positive();
}

domain::Money cash_worst(const domain::Order& order) {
  if (order.side == domain::Side::Sell) return {};
  return spends_cash(order) ? order.fields.maker_amount
                            : domain::notional(order.limit, order.quantity, domain::Rounding::Up);
}

domain::Money fee_worst(const domain::Order& order, const domain::FeeSchedule& schedule) {
  if (order.post_only) return {};
  return spends_cash(order)
             ? domain::most_taker_fee(schedule, order.limit, cash_worst(order))
             : domain::taker_fee(schedule, order.limit, order.quantity, domain::Rounding::Up);
}

bool OrderRecord::ended() const {
  return entered_status(OrderStatus::Filled) || entered_status(OrderStatus::Canceled) ||
         entered_status(OrderStatus::Rejected) || entered_status(OrderStatus::Expired);
}

Quantity OrderRecord::leaves() const {
  return filled < order.quantity ? order.quantity - filled : Quantity{};
}

domain::Money OrderRecord::reserved_cash() const {
  if (terminal() || order.side == domain::Side::Sell) return {};
  if (mutated(Mutation::ReserveFreedWhenAmbiguous) && status == OrderStatus::Ambiguous) return {};
  const auto part = [](domain::Money of, std::int64_t left, std::int64_t whole) {
    return domain::Money::from_raw(
        domain::mul_div(of.raw(), left, std::max<std::int64_t>(whole, 1), domain::Rounding::Up));
  };
  if (spends_cash(order) && !mutated(Mutation::ImmediateBuyByShares)) {
    const domain::Money whole = cash_worst(order);
    const domain::Money left = std::max(whole - filled_cash, domain::Money{});
    return left + part(fee_worst, left.raw(), whole.raw());
  }
  const Quantity open = leaves();
  return domain::notional(order.limit, open, domain::Rounding::Up) +
         part(fee_worst, open.raw(), order.quantity.raw());
}

Quantity OrderRecord::reserved_quantity() const {
  if (terminal() || order.side == domain::Side::Buy) return {};
  if (mutated(Mutation::ReserveFreedWhenAmbiguous) && status == OrderStatus::Ambiguous) return {};
  return leaves();
}

const OrderRecord* Orders::find(const domain::ClientOrderId& id) const {
  const auto it = orders_.find(id);
  return it == orders_.end() ? nullptr : &it->second;
}

const OrderRecord* Orders::find(const domain::VenueOrderId& id) const {
  const auto it = by_venue_id_.find(id);
  return it == by_venue_id_.end() ? nullptr : find(it->second);
}

const FillRecord* Orders::find_fill(const domain::FillId& id) const {
  if (mutated(Mutation::FillKeyedByTradeOnly)) {
    for (const auto& [order, record] : orders_) {
      const auto it = record.fills.find(id.trade);
      if (it != record.fills.end()) return &it->second;
    }
    return nullptr;
  }
  const OrderRecord* record = find(id.order);
  if (record == nullptr) return nullptr;
  const auto it = record->fills.find(id.trade);
  return it == record->fills.end() ? nullptr : &it->second;
}

std::uint32_t Orders::next_leg(const domain::SignalId& signal) const {
  auto it = orders_.upper_bound({signal, std::numeric_limits<std::uint32_t>::max()});
  if (it == orders_.begin()) return 0;
  --it;
  return it->first.signal == signal ? it->first.leg + 1 : 0;
}

OrderRecord& Orders::known(const domain::ClientOrderId& id) {
  const auto it = orders_.find(id);
  POLYBOT_ASSERT(it != orders_.end());
  return it->second;
}

OrderChange Orders::enter(OrderRecord& record, OrderStatus status) const {
  OrderChange change;
  const bool counts =
      !record.entered_status(status) && !(domain::is_terminal(status) && record.ended());
  if (counts) change.entered = status;
  record.entered =
      static_cast<std::uint16_t>(record.entered | (1U << static_cast<unsigned>(status)));
  return change;
}

OrderChange Orders::move(OrderRecord& record, OrderEventKind event, domain::Timestamp at) {
  const auto completion = record.filled >= record.order.quantity ? domain::Completion::Complete
                                                                 : domain::Completion::Partial;
  ++rows_taken_[static_cast<std::size_t>(record.status)][static_cast<std::size_t>(event)];
  const bool had_ended = record.ended();
  const OrderStatus next = domain::next_status(record.status, event, completion);
  OrderChange change;
  if (next != record.status) {
    record.status = next;
    record.changed_at = at;
    change = enter(record, next);
    if (domain::is_terminal(next)) {
      open_.erase(record.order.id);
    } else {
      open_.insert(record.order.id);
    }
  }
  change.corrected =
      had_ended && (event == OrderEventKind::Fill || event == OrderEventKind::Reversal);
  retire_if_final(record, at);
  return change;
}

void Orders::retire_if_final(const OrderRecord& record, domain::Timestamp at) {
  if (!record.terminal() || record.provisional != 0) return;
  if (final_.empty() || final_.back() != record.order.id) final_.push_back(record.order.id);
  if (final_.size() <= kEndedOrdersMax) return;
  const domain::ClientOrderId oldest = final_.front();
  final_.pop_front();
  const auto it = orders_.find(oldest);
  // The order may have come back to life since, or be listed twice.
  if (it == orders_.end() || !it->second.terminal() || it->second.provisional != 0) return;
  if (oldest == record.order.id) return;
  // The venue's clock matches trades and may be ahead of ours. Also, one reading may give the
  // moment in nanoseconds where another knew only the second.
  domain::Timestamp last = it->second.changed_at;
  for (const auto& [trade, known] : it->second.fills) {
    last = std::max(last, known.fill.matched_at + std::chrono::seconds(1));
  }
  forgotten_before_ = std::max(forgotten_before_, std::min(last, at));
  by_venue_id_.erase(it->second.order.venue_id);
  const auto market = by_market_.find(it->second.order.instrument.market);
  if (--market->second == 0) {
    unnamed_.push_back(market->first);
    by_market_.erase(market);
  }
  orders_.erase(it);
}

OrderChange Orders::submitted(const domain::Order& order, domain::Money fee_worst,
                              domain::Timestamp at) {
  OrderRecord record;
  record.order = order;
  record.fee_worst = fee_worst;
  record.changed_at = at;
  const OrderChange change = enter(record, OrderStatus::Submitted);
  const bool fresh_id = orders_.emplace(order.id, std::move(record)).second;
  POLYBOT_ASSERT(fresh_id);
  const bool fresh_venue_id = by_venue_id_.emplace(order.venue_id, order.id).second;
  POLYBOT_ASSERT(fresh_venue_id);
  open_.insert(order.id);
  ++by_market_[order.instrument.market];
  return change;
}

OrderChange Orders::ambiguous(const domain::OrderAmbiguous& event, domain::Timestamp at) {
  OrderRecord& record = known(event.order);
  record.ambiguity = event.cause;
  record.last_byte_at = event.last_byte_at;
  return move(record, OrderEventKind::Ambiguous, at);
}

OrderChange Orders::accepted(const domain::ClientOrderId& id, domain::Timestamp at) {
  OrderRecord& record = known(id);
  OrderChange change = move(record, OrderEventKind::Accepted, at);
  if (!change.entered) change = enter(record, OrderStatus::Accepted);
  return change;
}

OrderChange Orders::rejected(const domain::OrderRejected& event, domain::Timestamp at) {
  OrderRecord& record = known(event.order);
  record.reject_reason = event.reason;
  return move(record, OrderEventKind::Rejected, at);
}

OrderChange Orders::cancel_requested(const domain::CancelRequested& event, domain::Timestamp at) {
  OrderRecord& record = known(event.order);
  record.cancel_requested = true;
  record.cancel_reason = event.reason;
  return move(record, OrderEventKind::CancelRequested, at);
}

OrderChange Orders::cancel_rejected(const domain::ClientOrderId& id, domain::Timestamp at) {
  return move(known(id), OrderEventKind::CancelRejected, at);
}

OrderChange Orders::canceled(const domain::OrderCanceled& event, domain::Timestamp at) {
  OrderRecord& record = known(event.order);
  record.cancel_reason = event.reason;
  return move(record, OrderEventKind::Canceled, at);
}

OrderChange Orders::expired(const domain::ClientOrderId& id, domain::Timestamp at) {
  return move(known(id), OrderEventKind::Expired, at);
}

OrderChange Orders::resurrected(const domain::ClientOrderId& id, domain::Timestamp at) {
  OrderRecord& record = known(id);
  record.cancel_requested = false;
  return move(record, OrderEventKind::Resurrected, at);
}

OrderChange Orders::filled(const domain::OrderFilled& fill, std::uint64_t seq,
                           domain::Timestamp at) {
  OrderRecord& record = known(fill.fill.order);
  FillRecord& booked = record.fills[fill.fill.trade];
  POLYBOT_ASSERT(booked.seq == 0 && !booked.reversed);
  booked.fill = fill;
  booked.seq = seq;
  record.filled += fill.quantity;
  record.filled_cash += fill.cash;
  if (fill.status != domain::FillStatus::Confirmed) ++record.provisional;
  return move(record, OrderEventKind::Fill, at);
}

void Orders::fill_advanced(const domain::FillAdvanced& event, domain::Timestamp at) {
  OrderRecord& record = known(event.fill.order);
  const auto it = record.fills.find(event.fill.trade);
  POLYBOT_ASSERT(it != record.fills.end() && it->second.booked());
  POLYBOT_ASSERT(event.status > it->second.fill.status);
  it->second.fill.status = event.status;
  if (event.status != domain::FillStatus::Confirmed) return;
  POLYBOT_ASSERT(record.provisional > 0);
  --record.provisional;
  retire_if_final(record, at);
}

Orders::Reversal Orders::fill_reversed(const domain::FillReversed& event, domain::Timestamp at) {
  OrderRecord& record = known(event.fill.order);
  FillRecord& fill = record.fills[event.fill.trade];
  POLYBOT_ASSERT(!fill.reversed && fill.fill.status != domain::FillStatus::Confirmed);
  fill.reversed = true;
  if (fill.seq == 0) {
    fill.fill.fill = event.fill;
    return {};
  }
  record.filled -= fill.fill.quantity;
  record.filled_cash -= fill.fill.cash;
  POLYBOT_ASSERT(record.provisional > 0);
  --record.provisional;
  return {true, move(record, OrderEventKind::Reversal, at)};
}

void Orders::digest(Digest& digest) const {
  for (const auto& [id, record] : orders_) {
    digest.add(id).add(record.order.venue_id).add(record.order.strategy).add(record.status);
    digest.add(record.entered).add(record.filled).add(record.filled_cash).add(record.provisional);
    digest.add(record.fee_worst).add(record.cancel_requested).add(record.cancel_reason);
    digest.add(record.ambiguity).add(record.last_byte_at).add(record.reject_reason);
    digest.add(record.changed_at).add(record.order.instrument).add(record.order.side);
    digest.add(record.order.limit).add(record.order.quantity).add(record.order.purpose);
    for (const auto& [trade, fill] : record.fills) {
      digest.add(trade).add(fill.seq).add(fill.reversed).add(fill.fill.status);
      digest.add(fill.fill.quantity).add(fill.fill.cash).add(fill.fill.fee);
    }
  }
  for (const domain::ClientOrderId& id : open_) digest.add(id);
  for (const domain::ClientOrderId& id : final_) digest.add(id);
  digest.add(forgotten_before_);
}

}  // namespace polybot::order_manager
