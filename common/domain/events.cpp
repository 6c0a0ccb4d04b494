#include "common/domain/events.hpp"

#include <array>
#include <type_traits>

namespace polybot::domain {
namespace {

// In the order of EventBody.
constexpr std::array<std::string_view, kEventKinds> kEventKindNames = {
    "signal_accepted",       "signal_denied",    "order_denied",
    "order_submitted",       "order_ambiguous",  "order_accepted",
    "order_rejected",        "order_filled",     "fill_advanced",
    "fill_reversed",         "cancel_requested", "order_canceled",
    "order_cancel_rejected", "order_expired",    "order_resurrected",
    "legs_imbalanced",       "legs_levelled",    "market_recorded",
    "market_resolved",       "claim_paid",       "cash_moved",
    "marks_taken",           "day_opened",       "drift_measured",
    "journal_opened",        "manager_started",  "trading_state_changed",
    "strategy_switched",     "lease_granted",    "command_accepted",
    "command_denied",        "flatten_begun",    "flatten_ended",
    "account_reconciled",    "journal_restored"};

// In the order of DenyReason.
constexpr std::array<std::string_view, kDenyReasons> kDenyReasonNames = {
    "none",
    "unknown_strategy",
    "unknown_market",
    "malformed_signal",
    "signal_expired",
    "lease_fenced",
    "stale_position",
    "clock_skew",
    "strategy_disabled",
    "trading_halted",
    "trading_reducing",
    "market_not_accepting",
    "market_about_to_end",
    "off_tick",
    "quantity_below_minimum",
    "notional_below_minimum",
    "notional_exceeds_maximum",
    "position_exceeds_maximum",
    "event_exposure_exceeds_maximum",
    "exposure_exceeds_maximum",
    "open_orders_exceed_maximum",
    "order_rate_exceeds_maximum",
    "price_outside_band",
    "quote_stale",
    "not_settled",
    "insufficient_balance",
    "would_self_trade",
    "legs_unhedged",
    "daily_loss_exceeded",
    "drawdown_exceeded",
    "venue_unavailable",
    "not_ready"};

// In the order of StateReason.
constexpr std::array<std::string_view, kStateReasons> kStateReasonNames = {
    "requested", "flatten", "daily_loss_exceeded", "drawdown_exceeded", "first_start", "restored"};

// In the order of LeftReason.
constexpr std::array<std::string_view, kLeftReasons> kLeftReasonNames = {
    "below_minimum", "market_over", "not_held", "resumed", "restored"};

}  // namespace

std::string_view event_kind_name(std::size_t kind) {
  POLYBOT_ASSERT(kind < kEventKindNames.size());
  return kEventKindNames[kind];
}

std::string_view deny_reason_name(DenyReason reason) {
  const auto index = static_cast<std::size_t>(reason);
  POLYBOT_ASSERT(index < kDenyReasonNames.size());
  return kDenyReasonNames[index];
}

std::string_view state_reason_name(StateReason reason) {
  const auto index = static_cast<std::size_t>(reason);
  POLYBOT_ASSERT(index < kStateReasonNames.size());
  return kStateReasonNames[index];
}

std::string_view state_origin_name(StateReason reason) {
  switch (reason) {
    case StateReason::Requested:
    case StateReason::Flatten:
      return "operator";
    case StateReason::DailyLossExceeded:
    case StateReason::DrawdownExceeded:
      return "risk_limit";
    case StateReason::FirstStart:
      return "configuration";
    case StateReason::Restored:
      return "restore";
  }
  return "";
}

DenyReason deny_reason_of(StateReason reason) {
  switch (reason) {
    case StateReason::DailyLossExceeded:
      return DenyReason::DailyLossExceeded;
    case StateReason::DrawdownExceeded:
      return DenyReason::DrawdownExceeded;
    case StateReason::Requested:
    case StateReason::Flatten:
    case StateReason::FirstStart:
    case StateReason::Restored:
      break;
  }
  return DenyReason::TradingReducing;
}

std::string_view left_reason_name(LeftReason reason) {
  const auto index = static_cast<std::size_t>(reason);
  POLYBOT_ASSERT(index < kLeftReasonNames.size());
  return kLeftReasonNames[index];
}

std::optional<ClientOrderId> order_of(const EventBody& body) {
  return std::visit(
      [](const auto& event) -> std::optional<ClientOrderId> {
        using Body = std::decay_t<decltype(event)>;
        if constexpr (std::is_same_v<Body, OrderSubmitted>) {
          return event.order.id;
        } else if constexpr (requires { event.fill.order; }) {
          return event.fill.order;
        } else if constexpr (requires { ClientOrderId(event.order); }) {
          return event.order;
        } else {
          return std::nullopt;
        }
      },
      body);
}

bool follows(const Event& event, std::uint64_t last) {
  if (event.seq == last + 1) return true;
  const auto* restored = std::get_if<JournalRestored>(&event.body);
  return restored != nullptr && restored->backup_seq == last && event.seq > last;
}

}  // namespace polybot::domain
