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
  return std::nullopt;
}

// Causes that stay true until a person acts.
bool lasting(PauseCause cause) {
  return cause == PauseCause::Unauthorized || cause == PauseCause::Forbidden ||
         cause == PauseCause::TradingDisabled;
}

}  // namespace

void SubmissionPause::refused(RejectReason reason, Timestamp now) {
  const auto cause = concerns_venue(reason);
  if (!cause) return;
  const bool again = refusal_ && now < refusal_->at + kRefusalRemembered;
  if (!again) refusal_ = Refusal{};
  // A refusal of an order that was under way when the pause began says nothing new.
  const bool in_pause = again && refusal_->cause == *cause && now < until_;
  refusal_->cause = *cause;
  refusal_->at = now;
  if (in_pause) return;
  domain::Duration length = length_;
  if (lasting(*cause)) length *= 1 << std::min(refusal_->lasting++, kRefusalDoublingsMax);
  until_ = std::max(until_, now + std::min(length, kRefusalPauseMax));
}

// An order that was under way when the pause began says nothing of the time after it.
void SubmissionPause::accepted(Timestamp submitted_at) {
  if (refusal_ && submitted_at > refusal_->at) refusal_.reset();
}

std::optional<PauseCause> SubmissionPause::cause(Timestamp at) const {
  if (refusal_ && lasting(refusal_->cause) && at < refusal_->at + kRefusalRemembered)
    return refusal_->cause;
  if (!holds(at)) return std::nullopt;
  return refusal_ ? refusal_->cause : PauseCause::Throttled;
}

}  // namespace polybot::order_manager
