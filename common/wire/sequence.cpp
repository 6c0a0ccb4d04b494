#include "common/wire/sequence.hpp"

namespace polybot::wire {

Sequence::State Sequence::heard(std::uint64_t incarnation, std::uint64_t lost_before) {
  if (!heard_any_ || incarnation != incarnation_ || lost_before > 0) state_ = State::Behind;
  heard_any_ = true;
  incarnation_ = incarnation;
  return state_;
}

Sequence::State Sequence::snapshot_taken(Position position) {
  // Before the first frame there is nothing to join with: the first one will be kept and judged.
  if (heard_any_ && position.incarnation == incarnation_) {
    state_ = State::InSync;
    base_seq_ = position.seq;
  }
  return state_;
}

bool Sequence::applies(Position position) const {
  return state_ == State::InSync && position.incarnation == incarnation_ &&
         position.seq > base_seq_;
}

}  // namespace polybot::wire
