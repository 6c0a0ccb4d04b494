// When to ask for what is missing of one stream, and whether an answer still counts: the part that
// all followers share. It asks at once when something is missing, one question at a time, and again
// after a pause when the answer did not help. The number of a question comes back with its answer.
// Pure; time is monotonic.
#pragma once

#include <cstdint>

#include "common/domain/time.hpp"

namespace polybot::follow {

class Inquiry {
 public:
  explicit Inquiry(domain::Duration pause) : pause_(pause) {}

  // Something, or something more, is missing: ask at once.
  void want();
  // Ask again when the pause since the last answer is over, though nothing new is missing.
  void remind() { wanted_ = true; }
  // Nothing is missing any more.
  void settle() { wanted_ = false; }

  [[nodiscard]] bool due(domain::Duration now) const {
    return wanted_ && !under_way_ && now >= not_before_;
  }
  // Begins a question with a number that no other question has.
  void ask(std::uint64_t number);

  enum class Answer : std::uint8_t {
    Timely,
    Overtaken,  // something more was missed since it was asked for
    Stray,      // of no question that is under way: a repetition
  };
  // An answer came, or the time for one is over. The owner then calls settle(), or want() to ask
  // again at once.
  [[nodiscard]] Answer answered(std::uint64_t number, domain::Duration now);

 private:
  domain::Duration pause_;
  domain::Duration not_before_{};
  std::uint64_t number_ = 0;  // of the newest question
  bool wanted_ = false;
  bool under_way_ = false;
  bool overtaken_ = false;
};

}  // namespace polybot::follow
