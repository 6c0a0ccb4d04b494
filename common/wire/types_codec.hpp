// The shared parts of all codecs: types.proto <-> domain. Included by codec .cpp files only.
//
// A Reading converts the fields of one message and remembers the first thing that was wrong; the
// codec reads all fields and asks once at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/commands.hpp"
#include "common/domain/instrument.hpp"
#include "common/domain/signal.hpp"
#include "common/wire/decode_error.hpp"
#include "polybot/v1/types.pb.h"

namespace polybot::wire {

inline constexpr std::size_t kNameBytesMax = 128;  // replicas, services
inline constexpr std::size_t kTextBytesMax = 4096;

class Reading {
 public:
  [[nodiscard]] DecodeError error() const { return error_; }
  [[nodiscard]] bool failed() const { return error_ != DecodeError::None; }
  // Records the first failure.
  void fail(DecodeError error) {
    if (error_ == DecodeError::None) error_ = error;
  }
  void require(bool condition, DecodeError otherwise) {
    if (!condition) fail(otherwise);
  }

  template <class Id>
  Id id32(std::string_view bytes) {
    Id id;
    require(bytes.size() == id.bytes.size(), DecodeError::BadId);
    if (bytes.size() == id.bytes.size()) copy_id(bytes, id.bytes.data());
    return id;
  }
  // The inverse of wire_enum().
  template <class Enum>
  Enum enumerated(std::int64_t wire_value) {
    const bool known = domain::is_enumerator<Enum>(wire_value - 1);
    require(known, DecodeError::BadEnum);
    return known ? static_cast<Enum>(wire_value - 1) : Enum{};
  }
  domain::Price price(std::uint64_t raw);         // 0 to 1
  domain::Price price_inside(std::uint64_t raw);  // above 0, below 1
  domain::Quantity quantity(std::uint64_t raw);   // 0 to kQuantityRawMax
  domain::Quantity quantity_positive(std::uint64_t raw);
  domain::Timestamp at(std::int64_t unix_ns);  // 1970 to 2100
  std::uint32_t at_most(std::uint64_t value, std::uint32_t limit);
  domain::Shard shard(std::uint32_t value);
  domain::StrategyName strategy(std::string_view bytes);  // is_topic_part()
  domain::ReplicaName replica(std::string_view bytes);    // printable ASCII, at most kNameBytesMax
  std::string token_name(std::string_view bytes);         // is_topic_part(), or empty
  std::string text(std::string_view bytes, std::size_t bytes_max);  // UTF-8

  domain::Instrument instrument(const v1::Instrument& message);
  domain::Level level(const v1::Level& message);  // price inside, quantity positive
  domain::SignalId signal_id(const v1::SignalId& message);
  domain::ClientOrderId client_order_id(const v1::ClientOrderId& message);
  domain::LeaseEpoch lease_epoch(const v1::LeaseEpoch& message);
  domain::Market market(const v1::Market& message);

 private:
  static void copy_id(std::string_view from, std::uint8_t* to);
  DecodeError error_ = DecodeError::None;
};

template <class Tag>
std::string_view bytes_of(const domain::Bytes32<Tag>& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}
template <class Tag>
void put_id(const domain::Bytes32<Tag>& id, std::string* out) {
  out->assign(bytes_of(id));
}
// The number of a domain enum (enumeration.hpp) plus 1, since a field that was not sent reads as 0.
// Where the protocol names no enum it is a plain number, in a field called `..._n`.
template <class WireEnum = std::uint32_t, class Enum>
WireEnum wire_enum(Enum value) {
  return static_cast<WireEnum>(static_cast<std::uint32_t>(value) + 1);
}
template <class Tag, int Digits>
std::uint64_t wire_number(domain::Decimal<Tag, Digits> value) {
  return static_cast<std::uint64_t>(value.raw());
}
inline std::uint32_t wire_price(domain::Price price) {
  return static_cast<std::uint32_t>(price.raw());
}

void put(const domain::Instrument& from, v1::Instrument& to);
void put(const domain::Level& from, v1::Level& to);
void put(const domain::SignalId& from, v1::SignalId& to);
void put(const domain::ClientOrderId& from, v1::ClientOrderId& to);
void put(const domain::LeaseEpoch& from, v1::LeaseEpoch& to);
void put(const domain::Market& from, v1::Market& to);

[[nodiscard]] bool is_utf8(std::string_view bytes);

// Protobuf's own parser, bounded to what an int can say.
template <class Message>
[[nodiscard]] bool parse(std::string_view bytes, Message& message) {
  constexpr std::size_t kBytesMax = std::size_t{8} << 20;
  return bytes.size() <= kBytesMax &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace polybot::wire
