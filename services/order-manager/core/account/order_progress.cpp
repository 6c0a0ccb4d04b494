#include "services/order-manager/core/account/order_progress.hpp"

#include <algorithm>

#include "services/order-manager/core/account/foreign_orders.hpp"

namespace polybot::order_manager {

using domain::CancelReason;
using domain::ClientOrderId;
using domain::OrderStatus;
using domain::Quantity;
using domain::RejectReason;
using domain::Timestamp;
using domain::VenueOrderStatus;

namespace {

// The venue's words, in a form that any journal reader accepts.
std::string shortened(std::string_view text) {
  std::string printable(text.substr(0, domain::kRejectTextBytesMax));
  for (char& c : printable) {
    if (c < ' ' || c > '~') c = '?';
  }
  return printable;
}

bool living(VenueOrderStatus status) {
  return status == VenueOrderStatus::Live || status == VenueOrderStatus::Delayed;
}

// A reading has said that the order does not exist.
bool written_off(const OrderRecord& order) {
  return order.status == OrderStatus::Rejected &&
         order.reject_reason == RejectReason::NotFoundAtVenue;
}

}  // namespace

// ---- answers -----------------------------------------------------------------------------------

bool OrderProgress::answered(Turn& turn, const domain::SubmitAnswered& answer) {
  const OrderRecord* order = turn.ledger.orders().find(answer.order);
  if (order == nullptr) return false;
  if (const auto* refusal = std::get_if<domain::SubmitRejected>(&answer.outcome))
    return rejected(turn, *order, *refusal);
  if (const auto* taken = std::get_if<domain::SubmitAccepted>(&answer.outcome)) {
    accepted(turn, *order, *taken);
    return false;
  }
  const auto& unclear = std::get<domain::SubmitAmbiguous>(answer.outcome);
  // A sign of life that came before is proof enough.
  if (order->status == OrderStatus::Submitted)
    turn_ambiguous(turn, order->order.id, unclear.cause, unclear.last_byte_at);
  return false;
}

void OrderProgress::accepted(Turn& turn, const OrderRecord& order,
                             const domain::SubmitAccepted& accepted) {
  using Placed = domain::SubmitAccepted::State;
  const ClientOrderId id = order.order.id;
  OrderWatch& watch = watches_[id];
  watch.delayed = accepted.state == Placed::Delayed;
  if (immediate(order.order.time_in_force) && accepted.state == Placed::Matched &&
      !accepted.trades.empty()) {
    watch.expected_trades = accepted.trades;
    watch.matched_at_once = true;
  }
  readiness_.pause.accepted(order.order.submitted_at, order.order.side);
  // The user channel has reported a refusal since, and that is newer.
  if (order.status == OrderStatus::Rejected && !written_off(order)) return;
  sign_of_life(turn, id);
  finish_if_closed(turn, id);
}

bool OrderProgress::rejected(Turn& turn, const OrderRecord& order,
                             const domain::SubmitRejected& rejected) {
  const ClientOrderId id = order.order.id;
  readiness_.pause.refused(rejected.reason, turn.now);
  if (rejected.reason == RejectReason::Balance) readings_.want_balances();
  if (rejected.reason == RejectReason::TickSize || rejected.reason == RejectReason::MarketNotReady)
    markets_.want(turn, order.order.instrument.market);
  if (rejected.reason == RejectReason::Duplicated) {
    // The venue refuses a copy of an order that it already has.
    sign_of_life(turn, id);
  } else if (order.status == OrderStatus::PartiallyFilled) {
    close(turn, id, order.filled);
  } else if (!order.terminal()) {
    turn.record(order, domain::OrderRejected{id, rejected.reason, shortened(rejected.text)});
    return true;
  }
  return false;
}

void OrderProgress::turn_ambiguous(Turn& turn, const ClientOrderId& id,
                                   domain::AmbiguityCause cause, Timestamp last_byte_at) {
  const OrderRecord& order = *turn.ledger.orders().find(id);
  const Timestamp not_before = readiness_.believed(order.order.submitted_at, turn.now);
  const Timestamp last = std::max(last_byte_at, not_before);
  watches_[id].last_byte_at = last;
  turn.record(order, domain::OrderAmbiguous{id, cause, last});
  desk_.cancel(turn, id, CancelReason::Ambiguous);
}

void OrderProgress::answered(Turn& turn, const domain::CancelAnswered& answer) {
  using Result = domain::CancelAnswered::Result;
  const OrderRecord* order = turn.ledger.orders().find(answer.order);
  if (order == nullptr) return;
  const ClientOrderId id = order->order.id;
  switch (answer.result) {
    case Result::Canceled:
      if (written_off(*order)) sign_of_life(turn, id);
      order = turn.ledger.orders().find(id);
      if (order->terminal()) return;
      // Fills that the user channel has told of come first.
      if (const Quantity told = watches_[id].told_matched; told > order->filled)
        return close(turn, id, told);
      turn.record(*order, domain::OrderCanceled{id, order->end_reason()});
      return;
    case Result::NotCanceled:
      if (order->status == OrderStatus::Ambiguous || written_off(*order)) {
        readings_.want();
        return sign_of_life(turn, id);
      }
      return cancel_refused(turn, *order, answer.text);
    case Result::NotFound:
      // The answer proves nothing while the order is in doubt: it may still be on its way.
      if (order->status == OrderStatus::Ambiguous) return;
      return cancel_refused(turn, *order, answer.text);
    case Result::Unknown:
      return;  // asked again by the desk
  }
}

// The order is held back, not there yet, or has ended in an unknown way: a reading shows which.
void OrderProgress::cancel_refused(Turn& turn, const OrderRecord& order, std::string_view text) {
  if (order.terminal() && order.status != OrderStatus::Filled) return;
  readings_.want();
  turn.record(order, domain::OrderCancelRejected{order.order.id, shortened(text)});
}

// ---- life and end ------------------------------------------------------------------------------

void OrderProgress::acknowledge(Turn& turn, const ClientOrderId& id) {
  const OrderRecord& order = *turn.ledger.orders().find(id);
  OrderWatch& watch = watches_[id];
  watch.seen_at = turn.now;
  watch.missing_since.reset();
  const bool acceptable =
      order.status != OrderStatus::Rejected && order.status != OrderStatus::Expired;
  if (acceptable && !order.entered_status(OrderStatus::Accepted))
    turn.record(order, domain::OrderAccepted{id});
}

void OrderProgress::sign_of_life(Turn& turn, const ClientOrderId& id) {
  const OrderRecord& order = *turn.ledger.orders().find(id);
  if (order.status == OrderStatus::Rejected) {
    turn.record(order, domain::OrderResurrected{id});
    desk_.cancel(turn, id, CancelReason::Resurrected);
  }
  acknowledge(turn, id);
}

void OrderProgress::close(Turn& turn, const ClientOrderId& id, Quantity matched) {
  OrderWatch& watch = watches_[id];
  if (!watch.closing_since) watch.closing_since = turn.now;
  watch.closing_quantity = std::max(watch.closing_quantity, matched);
  finish_if_closed(turn, id);
}

// Whether a reading that was begun after that could still report fills of the order.
bool OrderProgress::awaits_reading(const OrderRecord& order, Timestamp after) {
  if (readings_.read_at() > after) return unread_.may_concern(order.order.venue_id);
  readings_.want();
  return true;
}

void OrderProgress::finish_if_closed(Turn& turn, const ClientOrderId& id) {
  const OrderRecord* order = turn.ledger.orders().find(id);
  if (order == nullptr || order->terminal()) return;
  OrderWatch& watch = watches_[id];
  if (watch.matched_at_once && !watch.closing_since) watch.closing_since = turn.now;
  if (!watch.closing_since) return;
  // The fills that the end names come first, or a reading that was begun later shows that there are
  // none.
  const bool all_in =
      watch.matched_at_once
          ? std::all_of(watch.expected_trades.begin(), watch.expected_trades.end(),
                        [&](const domain::TradeId& trade) { return order->fills.contains(trade); })
          : mutated(Mutation::CanceledBeforeItsFills) || order->filled >= watch.closing_quantity;
  if (!all_in && awaits_reading(*order, *watch.closing_since)) return;
  turn.record(*order, domain::OrderCanceled{id, order->end_reason()});
}

void OrderProgress::finish_closed(Turn& turn) {
  std::vector<ClientOrderId> closing;
  for (const auto& [id, watch] : watches_) {
    if (watch.closing_since || watch.matched_at_once) closing.push_back(id);
  }
  for (const ClientOrderId& id : closing) finish_if_closed(turn, id);
}

// ---- user events -------------------------------------------------------------------------------

// A repeated refusal is no sign of life, unless the order had been written off. A placement is none
// either when a refusal at the end of its delay has overtaken it.
bool OrderProgress::revives(const OrderRecord& order, const domain::VenueOrderUpdate& update) {
  if (written_off(order)) return true;
  const bool overtaken = order.entered_status(OrderStatus::Accepted);
  return (living(update.status) && !overtaken) || update.status == VenueOrderStatus::Matched ||
         update.matched_quantity.is_positive();
}

void OrderProgress::updated(Turn& turn, const domain::VenueOrderUpdate& update) {
  const OrderRecord* order = turn.ledger.orders().find(update.order);
  if (order == nullptr) {
    // The end of an unknown order changes nothing; its fills come as trades.
    if (!living(update.status) || !update.original_quantity.is_positive()) return;
    // The cash at the journal's beginning already contains what the order traded before.
    const Timestamp placed = update.created_at.value_or(update.at);
    const OrderRecord* adopted = adopt(turn,
                                       {.id = update.order,
                                        .market = update.market,
                                        .token = update.token,
                                        .side = update.side,
                                        .price = update.price,
                                        .quantity = update.original_quantity,
                                        .at = std::max(placed, turn.ledger.opened_at())},
                                       markets_, watches_);
    if (adopted != nullptr) note_counted(turn, *adopted, update);
    return;
  }
  const ClientOrderId id = order->order.id;
  if (order->status == OrderStatus::Rejected) {
    if (!revives(*order, update)) return;
    sign_of_life(turn, id);
    order = turn.ledger.orders().find(id);
  }
  if (order->terminal()) return;
  switch (update.status) {
    case VenueOrderStatus::Live:
    case VenueOrderStatus::Delayed: {
      OrderWatch& watch = watches_[id];
      watch.delayed = update.status == VenueOrderStatus::Delayed;
      note_counted(turn, *order, update);
      return acknowledge(turn, id);
    }
    case VenueOrderStatus::Matched:
      acknowledge(turn, id);
      order = turn.ledger.orders().find(id);
      if (!immediate(order->order.time_in_force) && update.matched_quantity < order->order.quantity)
        return;
      return close(turn, id, update.matched_quantity);
    case VenueOrderStatus::Unmatched:
      return unmatched(turn, *order, update);
    case VenueOrderStatus::Canceled:
    case VenueOrderStatus::Invalid:
      return close(turn, id, update.matched_quantity);
    case VenueOrderStatus::Expired:
      if (order->status == OrderStatus::Submitted || order->status == OrderStatus::Ambiguous)
        acknowledge(turn, id);
      turn.record(*turn.ledger.orders().find(id), domain::OrderExpired{id});
      return;
  }
}

// A reading asks for the trades, if they do not come by themselves.
void OrderProgress::note_counted(const Turn& turn, const OrderRecord& order,
                                 const domain::VenueOrderUpdate& update) {
  OrderWatch& watch = watches_[order.order.id];
  const bool is_news = update.matched_quantity > std::max(order.filled, watch.told_matched);
  if (!is_news || mutated(Mutation::CountedFillsIgnored)) return;
  watch.told_matched = update.matched_quantity;
  watch.told_at = turn.now;
}

void OrderProgress::unmatched(Turn& turn, const OrderRecord& order,
                              const domain::VenueOrderUpdate& update) {
  const ClientOrderId id = order.order.id;
  const bool untouched = order.filled.is_zero() && update.matched_quantity.is_zero() &&
                         order.status != OrderStatus::PartiallyFilled;
  if (!untouched) return close(turn, id, update.matched_quantity);
  // The order was there, held back, even if no message ever said so.
  acknowledge(turn, id);
  const bool crossed = update.reason.find("post-only") != std::string::npos;
  turn.record(*turn.ledger.orders().find(id),
              domain::OrderRejected{id, crossed ? RejectReason::Crosses : RejectReason::NotFilled,
                                    shortened(update.reason)});
}

}  // namespace polybot::order_manager
