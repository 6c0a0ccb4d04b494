// Addresses of the chain and the encoding of what is hashed there.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "common/polymarket/digest.hpp"

namespace polybot::polymarket {

// A 20-byte account or contract address.
struct Address {
  std::array<std::uint8_t, 20> bytes{};
  auto operator<=>(const Address&) const = default;

  // "0x" + 40 hex digits in any case (the checksum is not demanded: venues send both forms).
  [[nodiscard]] static std::optional<Address> parse(std::string_view text);
};

// EIP-55 mixed case, as the official client sends it.
[[nodiscard]] std::string to_checksum(const Address& address);

// Of a literal: "0x" + 40 hex digits.
constexpr Address address_literal(std::string_view hex) {
  Address address;
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const auto value = [&](char c) {
      return c <= '9' ? c - '0' : (c <= 'F' ? c - 'A' + 10 : c - 'a' + 10);
    };
    address.bytes[i] =
        static_cast<std::uint8_t>(value(hex[2 + 2 * i]) * 16 + value(hex[3 + 2 * i]));
  }
  return address;
}

// The last 20 bytes of a hash, which name an account or a contract.
[[nodiscard]] Address address_of(const Hash32& hash);

// An ABI-encoded struct is a run of 32-byte words; every type the venue signs is fixed-size.
template <std::size_t Words>
class AbiWords {
 public:
  AbiWords& word(const Hash32& value) {
    std::memcpy(next(), value.data(), value.size());
    return *this;
  }
  AbiWords& number(std::uint64_t value) {
    std::uint8_t* const out = next();
    for (std::size_t i = 0; i < 8; ++i) out[31 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    return *this;
  }
  AbiWords& address(const Address& value) {
    std::memcpy(next() + 12, value.bytes.data(), value.bytes.size());
    return *this;
  }
  [[nodiscard]] ByteView bytes() const { return bytes_; }
  [[nodiscard]] Hash32 hash() const { return keccak256(bytes_); }

 private:
  std::uint8_t* next() { return bytes_.data() + 32 * count_++; }

  std::array<std::uint8_t, 32 * Words> bytes_{};
  std::size_t count_ = 0;
};

}  // namespace polybot::polymarket
