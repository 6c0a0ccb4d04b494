#include "common/bus/frame.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace polybot::bus {
namespace {

// Field numbers of frame.proto, with the wire type in the low three bits.
enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };
constexpr std::uint32_t tag(std::uint32_t field, WireType type) {
  return field << 3 | type;
}
constexpr std::uint32_t kFrameProducer = tag(1, kLengthDelimited);
constexpr std::uint32_t kFrameTopic = tag(2, kLengthDelimited);
constexpr std::uint32_t kFrameFirstSeq = tag(3, kVarint);
constexpr std::uint32_t kFrameSent = tag(4, kFixed64);
constexpr std::uint32_t kFrameMessage = tag(5, kLengthDelimited);
constexpr std::uint32_t kFrameTip = tag(6, kVarint);
constexpr std::uint32_t kProducerService = tag(1, kLengthDelimited);
constexpr std::uint32_t kProducerReplica = tag(2, kLengthDelimited);
constexpr std::uint32_t kProducerIncarnation = tag(3, kFixed64);

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void append_fixed64(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

void append_bytes(std::string& out, std::uint32_t field_tag, std::string_view bytes) {
  append_varint(out, field_tag);
  append_varint(out, bytes.size());
  out.append(bytes);
}

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

std::string encode_producer(const Producer& producer) {
  std::string out;
  append_bytes(out, kProducerService, producer.service);
  append_bytes(out, kProducerReplica, producer.replica);
  append_varint(out, kProducerIncarnation);
  append_fixed64(out, producer.incarnation);
  return out;
}

// Topic, NUL and the fields that every frame has.
std::string encode_start(const Producer& producer, std::string_view topic,
                         std::int64_t sent_unix_ns) {
  std::string out(topic);
  out.push_back('\0');
  append_bytes(out, kFrameProducer, encode_producer(producer));
  append_bytes(out, kFrameTopic, topic);
  append_varint(out, kFrameSent);
  append_fixed64(out, static_cast<std::uint64_t>(sent_unix_ns));
  return out;
}

// Reads protobuf fields from the front of a view. Every read says whether the bytes were there.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool at_end() const { return bytes_.empty(); }

  [[nodiscard]] bool read_varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return shift < 63 || byte <= 1;
    }
    return false;
  }

  [[nodiscard]] bool read_fixed64(std::uint64_t& value) {
    if (bytes_.size() < 8) return false;
    value = 0;
    for (unsigned i = 0; i < 8; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(bytes_[i])} << (8 * i);
    }
    bytes_.remove_prefix(8);
    return true;
  }

  [[nodiscard]] bool read_bytes(std::string_view& value) {
    std::uint64_t size = 0;
    if (!read_varint(size) || size > bytes_.size()) return false;
    value = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }

  // A field tag: number 1 to 2^29-1 and one of the wire types still in use.
  [[nodiscard]] bool read_tag(std::uint32_t& field_tag) {
    std::uint64_t value = 0;
    if (!read_varint(value) || value > std::numeric_limits<std::uint32_t>::max()) return false;
    field_tag = static_cast<std::uint32_t>(value);
    return field_tag >> 3 != 0;
  }

  [[nodiscard]] bool skip(std::uint32_t field_tag) {
    std::uint64_t number = 0;
    std::string_view bytes;
    switch (field_tag & 7U) {
      case kVarint:
        return read_varint(number);
      case kFixed64:
        return read_fixed64(number);
      case kLengthDelimited:
        return read_bytes(bytes);
      case kFixed32:
        if (bytes_.size() < 4) return false;
        bytes_.remove_prefix(4);
        return true;
      default:
        return false;  // groups are not part of proto3
    }
  }

 private:
  std::string_view bytes_;
};

bool read_producer(std::string_view bytes, Producer& producer) {
  Reader reader(bytes);
  while (!reader.at_end()) {
    std::uint32_t field_tag = 0;
    std::string_view text;
    if (!reader.read_tag(field_tag)) return false;
    switch (field_tag) {
      case kProducerService:
        if (!reader.read_bytes(text)) return false;
        producer.service = text.substr(0, kProducerNameBytesMax + 1);
        break;
      case kProducerReplica:
        if (!reader.read_bytes(text)) return false;
        producer.replica = text.substr(0, kProducerNameBytesMax + 1);
        break;
      case kProducerIncarnation:
        if (!reader.read_fixed64(producer.incarnation)) return false;
        break;
      default:
        if (!reader.skip(field_tag)) return false;
    }
  }
  return true;
}

std::optional<Refusal> read_field(Reader& reader, std::uint32_t field_tag, FrameView& frame) {
  std::string_view bytes;
  std::uint64_t number = 0;
  bool read = false;
  switch (field_tag) {
    case kFrameProducer:
      read = reader.read_bytes(bytes) && read_producer(bytes, frame.producer);
      break;
    case kFrameTopic:
      read = reader.read_bytes(bytes);
      frame.topic = bytes.substr(0, kTopicBytesMax + 1);
      break;
    case kFrameFirstSeq:
      read = reader.read_varint(frame.first_seq);
      break;
    case kFrameSent:
      read = reader.read_fixed64(number);
      frame.sent_unix_ns = static_cast<std::int64_t>(number);
      break;
    case kFrameMessage:
      read = reader.read_bytes(bytes);
      if (frame.messages.size() >= kFrameMessagesMax) return Refusal::TooManyMessages;
      frame.messages.push_back(bytes);
      break;
    case kFrameTip:
      read = reader.read_varint(frame.tip_seq);
      break;
    default:
      read = reader.skip(field_tag);
  }
  if (!read) return Refusal::Undecodable;
  return std::nullopt;
}

bool sequence_is_sound(const FrameView& frame) {
  constexpr auto kLast = std::numeric_limits<std::uint64_t>::max();
  if (frame.tip_seq != 0) {
    return frame.messages.empty() && frame.first_seq == 0 && frame.tip_seq < kLast;
  }
  return !frame.messages.empty() && frame.first_seq != 0 &&
         frame.first_seq <= kLast - frame.messages.size();
}

}  // namespace

bool is_valid_topic(std::string_view topic) {
  if (topic.empty() || topic.size() > kTopicBytesMax) return false;
  if (topic.front() == '.' || topic.back() == '.') return false;
  return std::all_of(topic.begin(), topic.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

bool is_valid_producer_name(std::string_view name) {
  if (name.empty() || name.size() > kProducerNameBytesMax) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void append_message(std::string& body, std::string_view message) {
  append_bytes(body, kFrameMessage, message);
}

std::size_t encoded_message_size(std::string_view message) {
  return 1 + varint_size(message.size()) + message.size();
}

std::string encode_header(const Producer& producer, std::string_view topic, std::uint64_t first_seq,
                          std::int64_t sent_unix_ns) {
  std::string out = encode_start(producer, topic, sent_unix_ns);
  append_varint(out, kFrameFirstSeq);
  append_varint(out, first_seq);
  return out;
}

std::string encode_tip(const Producer& producer, std::string_view topic, std::uint64_t tip_seq,
                       std::int64_t sent_unix_ns) {
  std::string out = encode_start(producer, topic, sent_unix_ns);
  append_varint(out, kFrameTip);
  append_varint(out, tip_seq);
  return out;
}

std::variant<FrameView, Refusal> decode_frame(std::string_view wire) {
  if (wire.size() > kFrameBytesMax) return Refusal::Oversize;
  const std::size_t topic_end = wire.substr(0, kTopicBytesMax + 1).find('\0');
  if (topic_end == std::string_view::npos) return Refusal::NoTopic;
  const std::string_view topic = wire.substr(0, topic_end);
  if (!is_valid_topic(topic)) return Refusal::NoTopic;

  FrameView frame;
  Reader reader(wire.substr(topic_end + 1));
  while (!reader.at_end()) {
    std::uint32_t field_tag = 0;
    if (!reader.read_tag(field_tag)) return Refusal::Undecodable;
    if (const auto refusal = read_field(reader, field_tag, frame)) return *refusal;
  }
  if (frame.topic != topic) return Refusal::TopicMismatch;
  if (!is_valid_producer_name(frame.producer.service) ||
      !is_valid_producer_name(frame.producer.replica)) {
    return Refusal::BadProducer;
  }
  if (!sequence_is_sound(frame)) return Refusal::BadSequence;
  return frame;
}

}  // namespace polybot::bus
