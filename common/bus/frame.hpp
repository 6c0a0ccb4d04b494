// The bytes of one wire message: `topic` NUL `Frame` (frame.proto). Pure functions, no I/O.
//
// The NUL ends the topic inside NNG's prefix filter, so that a subscription to signal.arb never
// matches signal.arb2. Frames are written and read by hand over the protobuf wire format: messages
// go in as they are published (a Frame is the concatenation of its encoded fields) and come out as
// views into the received bytes, where the generated class would copy each one. Tests and the
// fuzzer hold both ways to the generated class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/bus/stats.hpp"

namespace polybot::bus {

// Sent and received: one wire message, topic included. Far below NNG_OPT_RECVMAXSZ (8 MiB), above
// which a receiver closes the pipe while sends keep succeeding.
inline constexpr std::size_t kFrameBytesMax = std::size_t{1} << 20;
// What the header of a frame can take at most: topic twice, producer, sequence, time, lengths.
inline constexpr std::size_t kFrameHeaderBytesMax = 1024;
// The largest message that is sure to fit a frame.
inline constexpr std::size_t kMessageBytesMax = kFrameBytesMax - kFrameHeaderBytesMax;
inline constexpr std::size_t kTopicBytesMax = 128;
inline constexpr std::size_t kProducerNameBytesMax = 128;
// An empty message costs two bytes on the wire and sixteen as a view: bounds what a frame can
// unfold to.
inline constexpr std::size_t kFrameMessagesMax = std::size_t{1} << 16;

// Who publishes. `incarnation` is random per process start; sequence numbers live inside it.
struct Producer {
  std::string service;
  std::string replica;
  std::uint64_t incarnation = 0;
  bool operator==(const Producer&) const = default;
};

// A decoded frame; `messages` are views into the decoded bytes.
struct FrameView {
  Producer producer;
  std::string topic;
  std::uint64_t first_seq = 0;  // of messages[0]; 0 in a tip
  std::int64_t sent_unix_ns = 0;
  std::uint64_t tip_seq = 0;  // not 0: an idle topic's last sequence number, no messages
  std::vector<std::string_view> messages;
};

// 1 to 128 bytes of letters, digits, '.', '_' and '-', not starting or ending with a dot.
[[nodiscard]] bool is_valid_topic(std::string_view topic);
// 1 to 128 bytes of printable ASCII.
[[nodiscard]] bool is_valid_producer_name(std::string_view name);

// Appends one message as a field of a Frame; a run of these is the `body` below.
void append_message(std::string& body, std::string_view message);
// The bytes append_message() adds.
[[nodiscard]] std::size_t encoded_message_size(std::string_view message);

// Everything of a wire message before its body: topic, NUL, frame header.
[[nodiscard]] std::string encode_header(const Producer& producer, std::string_view topic,
                                        std::uint64_t first_seq, std::int64_t sent_unix_ns);
// A whole wire message that says "the last sequence number of this topic is `tip_seq`".
[[nodiscard]] std::string encode_tip(const Producer& producer, std::string_view topic,
                                     std::uint64_t tip_seq, std::int64_t sent_unix_ns);

// Reads one wire message from outside. Any bytes are safe; unknown fields are skipped (a newer
// producer may send them). The views live as long as `wire`.
[[nodiscard]] std::variant<FrameView, Refusal> decode_frame(std::string_view wire);

}  // namespace polybot::bus
