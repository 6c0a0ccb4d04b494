#include "common/domain/events.hpp"

#include <array>

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
    "account_reconciled"};

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

}  // namespace polybot::domain
