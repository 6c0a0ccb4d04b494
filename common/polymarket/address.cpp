#include "common/polymarket/address.hpp"

#include <algorithm>

namespace polybot::polymarket {

std::optional<Address> Address::parse(std::string_view text) {
  Address address;
  if (!text.starts_with("0x") || !parse_hex(text, address.bytes)) return std::nullopt;
  return address;
}

std::string to_checksum(const Address& address) {
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

Address address_of(const Hash32& hash) {
  Address address;
  std::copy_n(hash.begin() + 12, address.bytes.size(), address.bytes.begin());
  return address;
}

}  // namespace polybot::polymarket
