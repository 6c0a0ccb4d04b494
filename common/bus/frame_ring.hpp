// The bounded ring between the NNG socket and the consumer. When it is full the oldest frame goes,
// its messages are counted as lost, and the consumer learns of them with the next frame of that
// topic (or, if none follows, in a frame without messages). Pure but for owning the received
// buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/bus/frame.hpp"
#include "common/bus/nng.hpp"
#include "common/bus/stats.hpp"

namespace polybot::bus {

// One frame as the consumer gets it. Owns its bytes; `messages` point into them and stay valid when
// it is moved.
struct Received {
  Producer producer;
  std::string topic;
  std::uint64_t first_seq = 0;  // of messages[0]; 0 when there are none
  std::int64_t sent_unix_ns = 0;
  std::vector<std::string_view> messages;  // empty: this only reports a loss
  // Messages of this stream that were lost between the previous frame and this one.
  std::uint64_t lost_before = 0;
  // The first frame ever heard of this (incarnation, topic): what came before is unknown.
  bool first_contact = false;
  nng::Message storage;
};

class FrameRing {
 public:
  FrameRing(std::size_t frames_max, std::size_t bytes_max)
      : frames_max_(frames_max), bytes_max_(bytes_max) {}

  // `channel` counts the waiting messages and what is dropped; it outlives the ring.
  void push(Received frame, ChannelStats& channel);
  [[nodiscard]] std::optional<Received> pop();
  [[nodiscard]] bool empty() const { return frames_.empty() && unreported_.empty(); }
  [[nodiscard]] std::size_t size() const { return frames_.size(); }
  // A dropped frame of this stream has not been reported to the consumer yet.
  [[nodiscard]] bool owes_report(std::uint64_t incarnation, const std::string& topic) const;

 private:
  struct Entry {
    Received frame;
    ChannelStats* channel;
    std::size_t bytes;
  };
  struct Unreported {
    Producer producer;
    std::int64_t sent_unix_ns = 0;
    std::uint64_t lost = 0;
    bool first_contact = false;
  };
  using StreamKey = std::pair<std::uint64_t, std::string>;

  void drop_oldest();
  Received take_report();

  std::size_t frames_max_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::deque<Entry> frames_;
  std::map<StreamKey, Unreported> unreported_;
};

}  // namespace polybot::bus
