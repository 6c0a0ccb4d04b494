#include "services/order-manager/core/venue/heartbeat_chain.hpp"

#include <algorithm>

namespace polybot::order_manager {

namespace {

// After a failure, and while the expected id is watched: often enough for several attempts within
// the venue's patience.
constexpr domain::Duration kRetry = std::chrono::seconds(1);
// One move may be a late heartbeat of our own predecessor, whose answer it has not written down.
constexpr int kMovesOfARival = 2;

}  // namespace

domain::Duration HeartbeatChain::on_answer(const HeartbeatAnswer& answer, domain::Duration sent_at,
                                           domain::Duration now) {
  using Result = HeartbeatAnswer::Result;
  switch (answer.result) {
    case Result::Accepted:
      id_ = answer.id;
      if (!fenced()) claim_ = Claim::Ours;
      in_doubt_ = false;
      accepted_at_ = sent_at;
      watched_.reset();
      moves_ = 0;
      return interval_;
    case Result::WrongId:
      return on_wrong_id(answer.id, sent_at, now);
    case Result::Failed:
      // An id that is known to be wrong cannot have been taken.
      if (!watched_ || watched_->id == id_) in_doubt_ = true;
      break;
  }
  return std::min(kRetry, interval_);
}

Standing HeartbeatChain::standing(domain::Duration now) const {
  if (fenced()) return Standing::Fenced;
  if (moves_ > 0) return Standing::Contested;
  // Before the first one is accepted only a failure leaves a doubt.
  if (watched_ || !(ours() || in_doubt_)) return Standing::Unclaimed;
  return held(now) ? Standing::Held : Standing::Silent;
}

domain::Duration HeartbeatChain::on_wrong_id(const std::string& expected, domain::Duration sent_at,
                                             domain::Duration now) {
  if (ours() && in_doubt_ && now - *accepted_at_ < kStandStill) {
    id_ = expected;
    in_doubt_ = false;
    return domain::Duration::zero();
  }
  if (ours()) give_up();
  if (watched_ && watched_->id == expected) {
    if (sent_at - watched_->seen_at < kStandStill) return std::min(kRetry, interval_);
    id_ = expected;
    return domain::Duration::zero();
  }
  if (watched_) note_move();
  watched_ = Watched{expected, now};
  in_doubt_ = false;
  return std::min(kRetry, interval_);
}

void HeartbeatChain::give_up() {
  claim_ = Claim::Open;
  if (in_doubt_) return;
  moves_ = 1;
  ++contests_;
}

void HeartbeatChain::note_move() {
  if (in_doubt_ || ++moves_ < kMovesOfARival) return;
  claim_ = Claim::Fenced;
  ++contests_;
}

}  // namespace polybot::order_manager
