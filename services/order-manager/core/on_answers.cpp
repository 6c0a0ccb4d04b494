// What the venue says of orders: answers to our requests, and events of the user channel.
#include <algorithm>

#include "common/domain/mutation.hpp"
#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::CancelReason;
using domain::ClientOrderId;
using domain::OrderPurpose;
using domain::OrderStatus;
using domain::Quantity;
using domain::RejectReason;
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

// Refusals that are about the venue, not about the order.
std::optional<PauseCause> concerns_venue(RejectReason reason) {
  if (reason == RejectReason::RateLimited) return PauseCause::RateLimited;
  if (reason == RejectReason::TradingDisabled) return PauseCause::TradingDisabled;
  if (reason == RejectReason::PostOnlyMode) return PauseCause::PostOnlyMode;
  if (reason == RejectReason::Unauthorized) return PauseCause::Unauthorized;
  if (reason == RejectReason::Forbidden) return PauseCause::Forbidden;
  return std::nullopt;
}

// Those that stay true until somebody does something about them.
bool lasting(PauseCause cause) {
  return cause == PauseCause::Unauthorized || cause == PauseCause::Forbidden ||
         cause == PauseCause::TradingDisabled;
}

}  // namespace

// The venue takes no order at all. Each attempt after a pause that is refused for a cause that
// lasts doubles the next pause of such a cause.
void OrderManager::State::pause_submissions(PauseCause cause) {
  const bool again = submission_pause && now < submission_pause->refused_at + kRefusalRemembered;
  if (!again) submission_pause = SubmissionPause{};
  // What was under way when the pause began says nothing new.
  const bool in_pause = again && submission_pause->cause == cause && now < submissions_paused_until;
  submission_pause->cause = cause;
  submission_pause->refused_at = now;
  if (in_pause) return;
  domain::Duration length = settings.refusal_pause;
  if (lasting(cause)) length *= 1 << std::min(submission_pause->lasting++, kRefusalDoublingsMax);
  submissions_paused_until =
      std::max(submissions_paused_until, now + std::min(length, kRefusalPauseMax));
}

std::optional<PauseCause> OrderManager::State::paused_by(Timestamp at) const {
  const auto& pause = submission_pause;
  if (pause && lasting(pause->cause) && at < pause->refused_at + kRefusalRemembered)
    return pause->cause;
  if (at >= submissions_paused_until) return std::nullopt;
  return pause ? pause->cause : PauseCause::Throttled;
}

// ---- answers -----------------------------------------------------------------------------------

void OrderManager::State::on(const domain::SubmitAnswered& answer) {
  const OrderRecord* order = ledger.orders().find(answer.order);
  if (order == nullptr) return;
  const ClientOrderId id = order->order.id;
  OrderWatch& watch = watches[id];
  watch.answered = true;
  if (const auto* accepted = std::get_if<domain::SubmitAccepted>(&answer.outcome)) {
    using Placed = domain::SubmitAccepted::State;
    watch.delayed = accepted->state == Placed::Delayed;
    const bool immediate = order->order.time_in_force == domain::TimeInForce::Fak ||
                           order->order.time_in_force == domain::TimeInForce::Fok;
    if (immediate && accepted->state == Placed::Matched && !accepted->trades.empty()) {
      watch.expected_trades = accepted->trades;
      watch.matched_at_once = true;
    }
    // What was under way when the pause began says nothing of what came after.
    if (submission_pause && order->order.submitted_at > submission_pause->refused_at)
      submission_pause.reset();
    // Refused since, by the user channel: that is the newer word.
    const bool overtaken = order->status == OrderStatus::Rejected &&
                           order->reject_reason != RejectReason::NotFoundAtVenue;
    if (overtaken) return;
    sign_of_life(id);
    return finish_if_closed(id);
  }
  if (const auto* unclear = std::get_if<domain::SubmitAmbiguous>(&answer.outcome)) {
    // A sign of life that came first is proof enough.
    if (order->status == OrderStatus::Submitted)
      turn_ambiguous(id, unclear->cause, unclear->last_byte_at);
    return;
  }
  const auto& rejected = std::get<domain::SubmitRejected>(answer.outcome);
  if (const auto cause = concerns_venue(rejected.reason)) pause_submissions(*cause);
  if (rejected.reason == RejectReason::Balance) want_account();
  if (rejected.reason == RejectReason::TickSize ||
      rejected.reason == RejectReason::MarketNotReady) {
    want_market(order->order.instrument.market);
  }
  // The venue refuses what it already has: that is a sign of life.
  if (rejected.reason == RejectReason::Duplicated) return sign_of_life(id);
  if (order->status == OrderStatus::PartiallyFilled) return close_order(id, order->filled);
  if (order->terminal()) return;
  if (order->order.purpose == OrderPurpose::Quote) {
    refused_quote({order->order.strategy, order->order.instrument.market},
                  book_side(order->order.instrument.outcome, order->order.side));
  }
  if (exits_position(order->order.purpose)) pace_exit(order->order.instrument);
  record_order(*order, domain::OrderRejected{id, rejected.reason, shortened(rejected.text)});
}

void OrderManager::State::turn_ambiguous(const ClientOrderId& id, domain::AmbiguityCause cause,
                                         Timestamp last_byte_at) {
  const OrderRecord& order = *ledger.orders().find(id);
  const Timestamp not_before = believed(order.order.submitted_at);
  watches[id].last_byte_at = std::max(last_byte_at, not_before);
  record_order(order, domain::OrderAmbiguous{id, cause, std::max(last_byte_at, not_before)});
  request_cancel(id, CancelReason::Ambiguous);
}

void OrderManager::State::on(const domain::CancelAnswered& answer) {
  using Result = domain::CancelAnswered::Result;
  const OrderRecord* order = ledger.orders().find(answer.order);
  if (order == nullptr) return;
  const ClientOrderId id = order->order.id;
  const bool written_off = order->status == OrderStatus::Rejected &&
                           order->reject_reason == RejectReason::NotFoundAtVenue;
  switch (answer.result) {
    case Result::Canceled:
      if (written_off) sign_of_life(id);
      if (!ledger.orders().find(id)->terminal()) {
        const CancelReason reason =
            order->cancel_requested ? order->cancel_reason : CancelReason::Venue;
        record_order(*order, domain::OrderCanceled{id, reason});
      }
      return;
    case Result::NotCanceled:
      if (order->status == OrderStatus::Ambiguous || written_off) {
        want_account();
        return sign_of_life(id);
      }
      return cancel_refused(*order, answer.text);
    case Result::NotFound:
      // No proof of anything while it is in doubt: it may still be on its way.
      if (order->status == OrderStatus::Ambiguous) return;
      return cancel_refused(*order, answer.text);
    case Result::Unknown:
      return;  // asked again by drive_cancels()
  }
}

// The order is held back, not there yet, or has ended in a way we have not heard of: a reading
// tells.
void OrderManager::State::cancel_refused(const OrderRecord& order, std::string_view text) {
  if (order.terminal() && order.status != OrderStatus::Filled) return;
  want_account();
  record_order(order, domain::OrderCancelRejected{order.order.id, shortened(text)});
}

// ---- user events -------------------------------------------------------------------------------

void OrderManager::State::acknowledge(const ClientOrderId& id) {
  const OrderRecord& order = *ledger.orders().find(id);
  OrderWatch& watch = watches[id];
  watch.seen_at = now;
  watch.missing_since.reset();
  const bool acceptable =
      order.status != OrderStatus::Rejected && order.status != OrderStatus::Expired;
  if (acceptable && !order.entered_status(OrderStatus::Accepted)) {
    record_order(order, domain::OrderAccepted{id});
  }
}

void OrderManager::State::sign_of_life(const ClientOrderId& id) {
  const OrderRecord& order = *ledger.orders().find(id);
  if (order.status != OrderStatus::Rejected) return acknowledge(id);
  record_order(order, domain::OrderResurrected{id});
  request_cancel(id, CancelReason::Resurrected);
  acknowledge(id);
}

void OrderManager::State::close_order(const ClientOrderId& id, Quantity matched) {
  OrderWatch& watch = watches[id];
  if (!watch.closing_since) watch.closing_since = now;
  watch.closing_quantity = std::max(watch.closing_quantity, matched);
  finish_if_closed(id);
}

// Whether a reading that was begun after that could still tell of fills of the order.
bool OrderManager::State::awaits_reading(const OrderRecord& order, Timestamp after) {
  if (account_read_at > after) return may_be_unread(order);
  want_account();
  return true;
}

void OrderManager::State::finish_if_closed(const ClientOrderId& id) {
  const OrderRecord* order = ledger.orders().find(id);
  if (order == nullptr || order->terminal()) return;
  OrderWatch& watch = watches[id];
  if (watch.matched_at_once) {
    const bool all_in =
        std::all_of(watch.expected_trades.begin(), watch.expected_trades.end(),
                    [&](const domain::TradeId& trade) { return order->fills.contains(trade); });
    if (!watch.closing_since) watch.closing_since = now;
    if (!all_in && awaits_reading(*order, *watch.closing_since)) return;
  } else {
    if (!watch.closing_since) return;
    // Fills that the end names come first, or a reading that was begun later shows there are none.
    if (!mutated(Mutation::CanceledBeforeItsFills) && order->filled < watch.closing_quantity &&
        awaits_reading(*order, *watch.closing_since)) {
      return;
    }
  }
  const CancelReason reason = order->cancel_requested ? order->cancel_reason : CancelReason::Venue;
  record_order(*order, domain::OrderCanceled{id, reason});
}

void OrderManager::State::on(const domain::VenueOrderUpdate& update) {
  const OrderRecord* order = ledger.orders().find(update.order);
  const bool living =
      update.status == VenueOrderStatus::Live || update.status == VenueOrderStatus::Delayed;
  if (order == nullptr) {
    // The end of an order nobody knew concerns nobody; its fills come as trades.
    if (living && update.original_quantity.is_positive()) {
      // What was traded of it before the journal began is in the cash that the journal began with.
      const Timestamp placed = update.created_at.value_or(update.at);
      adopt_foreign(update.order, update.market, update.token, update.side, update.price,
                    update.original_quantity, std::max(placed, ledger.opened_at()),
                    {std::string(domain::kExternalStrategy)});
    }
    return;
  }
  const ClientOrderId id = order->order.id;
  if (order->status == OrderStatus::Rejected) {
    // The same refusal told twice is no sign of life, except of what was said not to exist; nor is
    // the placement that a refusal at the end of its delay has overtaken.
    const bool overtaken = order->entered_status(OrderStatus::Accepted) &&
                           order->reject_reason != RejectReason::NotFoundAtVenue;
    const bool exists = (living && !overtaken) || update.status == VenueOrderStatus::Matched ||
                        update.matched_quantity.is_positive() ||
                        order->reject_reason == RejectReason::NotFoundAtVenue;
    if (!exists) return;
    sign_of_life(id);
    order = ledger.orders().find(id);
  }
  if (order->terminal()) return;
  switch (update.status) {
    case VenueOrderStatus::Live:
    case VenueOrderStatus::Delayed: {
      OrderWatch& watch = watches[id];
      watch.delayed = update.status == VenueOrderStatus::Delayed;
      if (update.matched_quantity > std::max(order->filled, watch.told_matched)) {
        watch.told_matched = update.matched_quantity;
        watch.told_at = now;
      }
      return acknowledge(id);
    }
    case VenueOrderStatus::Matched: {
      acknowledge(id);
      const bool rests = order->order.time_in_force == domain::TimeInForce::Gtc ||
                         order->order.time_in_force == domain::TimeInForce::Gtd;
      if (rests && update.matched_quantity < order->order.quantity) return;
      return close_order(id, update.matched_quantity);
    }
    case VenueOrderStatus::Unmatched:
      if (order->filled.is_zero() && update.matched_quantity.is_zero() &&
          order->status != OrderStatus::PartiallyFilled) {
        // It was there, and held back, whether or not that was ever told.
        acknowledge(id);
        const bool crossed = update.reason.find("post-only") != std::string::npos;
        record_order(
            *ledger.orders().find(id),
            domain::OrderRejected{id, crossed ? RejectReason::Crosses : RejectReason::NotFilled,
                                  shortened(update.reason)});
        return;
      }
      return close_order(id, update.matched_quantity);
    case VenueOrderStatus::Canceled:
    case VenueOrderStatus::Invalid:
      return close_order(id, update.matched_quantity);
    case VenueOrderStatus::Expired:
      if (order->status == OrderStatus::Submitted || order->status == OrderStatus::Ambiguous)
        acknowledge(id);
      record_order(*ledger.orders().find(id), domain::OrderExpired{id});
      return;
  }
}

}  // namespace polybot::order_manager
