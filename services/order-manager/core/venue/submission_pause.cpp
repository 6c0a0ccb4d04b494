#include "services/order-manager/core/venue/submission_pause.hpp"

namespace polybot::order_manager {

using domain::RejectReason;
using domain::Timestamp;

namespace {

constexpr int kRefusalDoublingsMax = 4;

std::optional<PauseCause> concerns_venue(RejectReason reason) {
  if (reason == RejectReason::RateLimited) return PauseCause::RateLimited;
  if (reason == RejectReason::TradingDisabled) return PauseCause::TradingDisabled;
  if (reason == RejectReason::PostOnlyMode) return PauseCause::PostOnlyMode;
  if (reason == RejectReason::Unauthorized) return PauseCause::Unauthorized;
  if (reason == RejectReason::Forbidden) return PauseCause::Forbidden;
  if (reason == RejectReason::ClosedOnly) return PauseCause::ClosedOnly;
  if (reason == RejectReason::CancelOnly) return PauseCause::CancelOnly;
  return std::nullopt;
}

// Causes that stay true until a person acts.
bool lasting(PauseCause cause) {
  return cause == PauseCause::Unauthorized || cause == PauseCause::Forbidden ||
         cause == PauseCause::TradingDisabled || cause == PauseCause::ClosedOnly ||
         cause == PauseCause::CancelOnly;
}

}  // namespace

void SubmissionPause::refused(RejectReason reason, Timestamp now) {
  const auto cause = concerns_venue(reason);
  if (!cause) return;
  const bool again = refusal_ && now < refusal_->at + kRefusalRemembered;
  if (!again) refusal_ = Refusal{};
  // A refusal of an order that was under way when the pause began says nothing new.
  Timestamp& until = *cause == PauseCause::ClosedOnly ? buys_until_ : until_;
  const bool in_pause = again && refusal_->cause == *cause && now < until;
  refusal_->cause = *cause;
  refusal_->at = now;
  if (in_pause) return;
  domain::Duration length = length_;
  if (lasting(*cause)) length *= 1 << std::min(refusal_->lasting++, kRefusalDoublingsMax);
  until = std::max(until, now + std::min(length, kRefusalPauseMax));
}

// An order that was under way when the pause began says nothing of the time after it.
void SubmissionPause::accepted(Timestamp submitted_at, domain::Side side) {
  if (!refusal_ || submitted_at <= refusal_->at) return;
  if (refusal_->cause == PauseCause::ClosedOnly && side == domain::Side::Sell) return;
  refusal_.reset();
}

std::optional<PauseCause> SubmissionPause::cause(Timestamp at) const {
  if (refusal_ && lasting(refusal_->cause) && at < refusal_->at + kRefusalRemembered)
    return refusal_->cause;
  if (!holds(at)) return std::nullopt;
  return refusal_ ? refusal_->cause : PauseCause::Throttled;
}

}  // namespace polybot::order_manager
