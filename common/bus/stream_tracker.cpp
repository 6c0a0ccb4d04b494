#include "common/bus/stream_tracker.hpp"

namespace polybot::bus {

StreamTracker::Verdict StreamTracker::observe(std::uint64_t seq, std::uint64_t prev) {
  if (seq <= prev) return Verdict::Diverged;
  if (seq <= last_seq_) return Verdict::Duplicate;
  if (prev > last_seq_) return Verdict::Gap;
  // prev < last_seq_ < seq: only a snapshot may lie between two messages of a topic. Anything else
  // means that a message we applied is not part of this stream's history.
  if (prev < last_seq_ && !at_snapshot_) return Verdict::Diverged;
  last_seq_ = seq;
  at_snapshot_ = false;
  return Verdict::Deliver;
}

void StreamTracker::resume_after(std::uint64_t seq) {
  last_seq_ = seq;
  at_snapshot_ = true;
}

void StreamTracker::forget() {
  last_seq_ = 0;
  at_snapshot_ = false;
}

}  // namespace polybot::bus
