// Counts what PUB/SUB silently lost. Pure: no clock, no I/O.
//
// Sequence numbers are per (producer incarnation, exact topic). The first contact with such a
// stream is never a loss: whoever joins late gets the past from a snapshot or a replay, not from
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace polybot::bus {

// A larger jump is not a loss but nonsense: a producer would need years to send as many.
inline constexpr std::uint64_t kGapMessagesMax = std::uint64_t{1} << 40;

class Continuity {
 public:
  // Streams beyond `streams_max` push out the one unheard for longest (its next frame is a first
  // contact again), so that restarting producers cannot grow this for ever. `streams_max` > 0.
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

  // The topic is no longer listened to: its next frame is a first contact, and what passed
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
