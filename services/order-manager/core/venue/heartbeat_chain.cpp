#include "services/order-manager/core/venue/heartbeat_chain.hpp"

#include <algorithm>

namespace polybot::order_manager {

namespace {

// After a failure: often enough for several attempts within the venue's patience.
constexpr domain::Duration kRetry = std::chrono::seconds(1);

}  // namespace

domain::Duration HeartbeatChain::on_answer(const HeartbeatAnswer& answer,
                                           domain::Duration sent_at) {
  using Result = HeartbeatAnswer::Result;
  const domain::Duration retry = std::min(kRetry, interval_);
  switch (answer.result) {
    case Result::Accepted:
      id_ = answer.id;
      corrected_ = false;
      accepted_at_ = sent_at;
      return interval_;
    case Result::WrongId:
      id_ = answer.id;
      // At once, but not twice in a row: another process may send heartbeats for the same account,
      // and the two would answer each other as fast as the venue does.
      corrected_ = !corrected_;
      return corrected_ ? domain::Duration::zero() : retry;
    case Result::Failed:
      return retry;
  }
  return retry;
}

}  // namespace polybot::order_manager
