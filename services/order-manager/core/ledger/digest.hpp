// A running FNV-1a hash over a state, to compare a fold of the journal with the live state. Feed it
// in a fixed order; never feed it the iteration order of an unordered container.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "common/domain/decimal.hpp"
#include "common/domain/instrument.hpp"

namespace polybot::order_manager {

class Digest {
 public:
  template <class Int>
  requires(std::is_integral_v<Int> || std::is_enum_v<Int>) Digest& add(Int value) {
    auto word = static_cast<std::uint64_t>(value);
    for (int i = 0; i < 8; ++i, word >>= 8) mix(static_cast<std::uint8_t>(word));
    return *this;
  }
  Digest& add(std::string_view text) {
    add(text.size());
    for (const char c : text) mix(static_cast<std::uint8_t>(c));
    return *this;
  }
  template <class Tag>
  Digest& add(const domain::Bytes32<Tag>& id) {
    for (const std::uint8_t byte : id.bytes) mix(byte);
    return *this;
  }
  template <class Tag>
  Digest& add(const domain::Name<Tag>& name) {
    return add(std::string_view(name.value));
  }
  template <class Tag, int Digits>
  Digest& add(domain::Decimal<Tag, Digits> value) {
    return add(value.raw());
  }
  Digest& add(domain::Timestamp at) { return add(domain::to_unix_ns(at)); }
  Digest& add(const domain::SignalId& id) { return add(id.incarnation).add(id.counter); }
  Digest& add(const domain::ClientOrderId& id) { return add(id.signal).add(id.leg); }
  Digest& add(const domain::Instrument& instrument) {
    return add(instrument.market).add(instrument.outcome);
  }

  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  void mix(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001B3ULL; }
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

}  // namespace polybot::order_manager
