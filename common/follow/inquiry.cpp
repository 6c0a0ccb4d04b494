#include "common/follow/inquiry.hpp"

#include "common/domain/mutation.hpp"

namespace polybot::follow {

void Inquiry::want() {
  wanted_ = overtaken_ = true;
  not_before_ = {};
}

void Inquiry::ask(std::uint64_t number) {
  number_ = number;
  under_way_ = true;
  overtaken_ = false;
}

Inquiry::Answer Inquiry::answered(std::uint64_t number, domain::Duration now) {
  const bool believes_all = mutated(Mutation::OldAnswerAccepted);
  if ((!under_way_ || number != number_) && !believes_all) return Answer::Stray;
  under_way_ = false;
  if (overtaken_ && !believes_all) return Answer::Overtaken;
  not_before_ = now + pause_;
  return Answer::Timely;
}

}  // namespace polybot::follow
