// Joins a book snapshot fetched by request with the stream md.<shard> that went on meanwhile. Pure;
// one per shard.
//
//   every frame:  heard(...) -> InSync: apply its messages that applies() accepts
//                            -> Behind: the shard's books are stale; keep the frame (bounded)
//                               and ask for a snapshot
//   the answer:   snapshot_taken(position), load the books,
//                 then apply the kept messages that applies() accepts
//
// The server takes its snapshot after we heard the gap, so everything between is either in the
// snapshot or among the kept messages.
#pragma once

#include <compare>
#include <cstdint>

namespace polybot::wire {

// A place in one bus stream: the producer's incarnation and the number of a message.
struct Position {
  std::uint64_t incarnation = 0;
  std::uint64_t seq = 0;
  constexpr auto operator<=>(const Position&) const = default;
};

class Sequence {
 public:
  enum class State : std::uint8_t { InSync, Behind };

  // A frame of `incarnation` came; `lost_before` messages are missing before it. The first frame of
  // an incarnation is always Behind.
  State heard(std::uint64_t incarnation, std::uint64_t lost_before);
  // The books now stand at `position`. Ignored (still Behind) when it is of another incarnation
  // than the one last heard.
  State snapshot_taken(Position position);

  // Whether the message at `position` is to be applied on top of the books.
  [[nodiscard]] bool applies(Position position) const;
  [[nodiscard]] State state() const { return state_; }

 private:
  State state_ = State::Behind;
  std::uint64_t incarnation_ = 0;
  bool heard_any_ = false;
  std::uint64_t base_seq_ = 0;  // messages up to here are in the snapshot
};

}  // namespace polybot::wire
