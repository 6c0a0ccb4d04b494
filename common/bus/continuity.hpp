// Counts what PUB/SUB silently lost. Pure: no clock, no I/O.
//
// Sequence numbers are per (producer incarnation, exact topic). The first contact with such a
// stream is never a loss: a reader that joins late gets the past from a snapshot or a replay, not
// from here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace polybot::bus {

// A larger jump is nonsense, not a loss: a producer would need years to send so many messages.
inline constexpr std::uint64_t kGapMessagesMax = std::uint64_t{1} << 40;

class Continuity {
 public:
  // Beyond `streams_max` streams the one that was silent for longest is dropped (its next frame is
  // a first contact again), so that restarting producers cannot make this grow for ever.
  // `streams_max` > 0.
  explicit Continuity(std::size_t streams_max);

  struct Observation {
    std::uint64_t lost = 0;        // messages missing just before this frame
    std::uint64_t duplicated = 0;  // leading messages of this frame that were seen before
    bool first_contact = false;
    bool implausible = false;  // nothing was recorded, drop the frame
  };
  // A frame with `count` >= 1 messages, numbered from `first_seq` >= 1; their sum does not
  // overflow.
  Observation on_frame(std::uint64_t incarnation, std::string_view topic, std::uint64_t first_seq,
                       std::uint64_t count);
  // A tip: `tip_seq` >= 1 was the last number sent.
  Observation on_tip(std::uint64_t incarnation, std::string_view topic, std::uint64_t tip_seq);

  // The subscription to the topic has ended: its next frame is a first contact, and what passed
  // meanwhile is no loss.
  void forget(std::string_view topic);

  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

 private:
  struct Stream {
    std::uint64_t incarnation = 0;
    std::string topic;
    std::uint64_t next_seq = 0;  // 0 until the first contact
  };
  using Streams = std::list<Stream>;  // most recently heard first

  Stream& touch(std::uint64_t incarnation, std::string_view topic);
  Observation advance(Stream& stream, std::uint64_t first_seq, std::uint64_t next_seq);

  struct Key {
    std::uint64_t incarnation;
    std::string_view topic;  // into the Stream it leads to
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };

  std::size_t streams_max_;
  Streams streams_;
  std::unordered_map<Key, Streams::iterator, KeyHash> index_;
};

}  // namespace polybot::bus
