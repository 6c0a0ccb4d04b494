#include "common/polymarket/address.hpp"

#include <algorithm>
#include <array>

namespace polybot::polymarket {

std::optional<Address> Address::parse(std::string_view text) {
  Address address;
  if (!text.starts_with("0x") || !parse_hex(text, address.bytes)) return std::nullopt;
  return address;
}

namespace {

std::string checksummed(const Address& address) {
  const std::string digits = to_hex(address.bytes);
  const Hash32 hash = keccak256(bytes_of(digits));
  std::string text = "0x";
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const int nibble = (hash[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15;
    const bool upper = digits[i] >= 'a' && nibble >= 8;
    text.push_back(upper ? static_cast<char>(digits[i] - 'a' + 'A') : digits[i]);
  }
  return text;
}

// The addresses of one account, which are in each of its orders.
constexpr std::size_t kRemembered = 4;

}  // namespace

// Each costs a hash, and a thread writes the same few again and again.
std::string to_checksum(const Address& address) {
  struct Known {
    Address address;
    std::string text;
  };
  thread_local std::array<Known, kRemembered> known;
  thread_local std::size_t next = 0;
  for (const Known& one : known) {
    if (one.address == address && !one.text.empty()) return one.text;
  }
  Known& made = known[next];
  next = (next + 1) % kRemembered;
  made = {address, checksummed(address)};
  return made.text;
}

Address address_of(const Hash32& hash) {
  Address address;
  std::copy_n(hash.begin() + 12, address.bytes.size(), address.bytes.begin());
  return address;
}

}  // namespace polybot::polymarket
