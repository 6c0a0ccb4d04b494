// The receiving side of a lossless stream (`order.<strategy>`): each message names the journal
// number of the message before it on the same topic, so a hole is certain, not a guess. Pure.
//
// The owner asks the recovery port for what is missing, feeds the replayed messages through
// observe() as well, and so needs no second path; after a snapshot it calls resume_after(). One
// tracker per topic.
#pragma once

#include <cstdint>
#include <optional>

namespace polybot::bus {

class StreamTracker {
 public:
  enum class Verdict : std::uint8_t {
    Deliver,    // the next message: apply it
    Duplicate,  // already applied: drop it
    Gap,  // messages after last_seq() are missing: replay from there, then observe this one again
    Diverged,  // it contradicts what was seen (the journal was rewound or replaced): take a
               // snapshot
  };

  // Nothing is known yet: the first message of a topic has prev 0 and is delivered only if the
  // stream is known from its beginning; anything else is a gap from 0.
  [[nodiscard]] Verdict observe(std::uint64_t seq, std::uint64_t prev);

  // A snapshot taken at `seq` was applied: the next message is the one whose prev is at or before
  // it.
  void resume_after(std::uint64_t seq);
  void forget();

  // The last number applied: where a replay starts. 0 before the first.
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }

 private:
  std::uint64_t last_seq_ = 0;
  // last_seq_ came from a snapshot, which may lie between two messages of this topic.
  bool at_snapshot_ = false;
};

}  // namespace polybot::bus
