#include "common/domain/ids.hpp"

#include <algorithm>
#include <charconv>

namespace polybot::domain {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_hex64(std::string& text, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) text.push_back(kHexDigits[(value >> shift) & 15]);
}

template <class Int>
bool parse_whole(std::string_view text, Int& value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::string to_hex(const std::array<std::uint8_t, 32>& bytes) {
  std::string text = "0x";
  text.reserve(66);
  for (const std::uint8_t byte : bytes) {
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 15]);
  }
  return text;
}

std::optional<std::array<std::uint8_t, 32>> parse_hex32(std::string_view text) {
  if (text.size() != 66 || text[0] != '0' || text[1] != 'x') return std::nullopt;
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < 32; ++i) {
    const int high = hex_value(text[2 + 2 * i]);
    const int low = hex_value(text[3 + 2 * i]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return bytes;
}

// Both conversions work on eight 32-bit limbs, most significant first, nine decimal digits at a time.
std::string to_decimal(const std::array<std::uint8_t, 32>& bytes) {
  constexpr std::uint64_t kChunk = 1'000'000'000;
  std::array<std::uint32_t, 8> limbs{};
  for (std::size_t i = 0; i < 32; ++i) limbs[i / 4] = (limbs[i / 4] << 8) | bytes[i];
  std::string reversed;
  while (std::any_of(limbs.begin(), limbs.end(), [](std::uint32_t limb) { return limb != 0; })) {
    std::uint64_t remainder = 0;
    for (std::uint32_t& limb : limbs) {
      const std::uint64_t value = (remainder << 32) | limb;
      limb = static_cast<std::uint32_t>(value / kChunk);
      remainder = value % kChunk;
    }
    for (int i = 0; i < 9; ++i) {
      reversed.push_back(static_cast<char>('0' + remainder % 10));
      remainder /= 10;
    }
  }
  while (reversed.size() > 1 && reversed.back() == '0') reversed.pop_back();
  if (reversed.empty()) return "0";
  return {reversed.rbegin(), reversed.rend()};
}

std::optional<std::array<std::uint8_t, 32>> parse_decimal256(std::string_view text) {
  if (text.empty() || text.size() > 78) return std::nullopt;
  std::array<std::uint32_t, 8> limbs{};
  while (!text.empty()) {
    const std::size_t count = std::min<std::size_t>(9, text.size());
    std::uint64_t carry = 0;
    std::uint64_t scale = 1;
    for (std::size_t i = 0; i < count; ++i) {
      if (text[i] < '0' || text[i] > '9') return std::nullopt;
      carry = carry * 10 + static_cast<std::uint64_t>(text[i] - '0');
      scale *= 10;
    }
    for (std::size_t i = limbs.size(); i-- > 0;) {
      const std::uint64_t value = limbs[i] * scale + carry;
      limbs[i] = static_cast<std::uint32_t>(value);
      carry = value >> 32;
    }
    if (carry != 0) return std::nullopt;
    text.remove_prefix(count);
  }
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < 32; ++i) {
    bytes[i] = static_cast<std::uint8_t>(limbs[i / 4] >> (24 - 8 * (i % 4)));
  }
  return bytes;
}

std::string to_string(const SignalId& id) {
  std::string text;
  append_hex64(text, id.incarnation);
  return text.append("-").append(std::to_string(id.counter));
}

std::string to_string(const ClientOrderId& id) {
  return to_string(id.signal).append("-").append(std::to_string(id.leg));
}

std::string to_string(const TraceId& id) {
  std::string text;
  append_hex64(text, id.value);
  return text;
}

std::optional<ClientOrderId> parse_client_order_id(std::string_view text) {
  const std::size_t first = text.find('-');
  if (first != 16) return std::nullopt;
  const std::size_t second = text.find('-', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  ClientOrderId id;
  if (!parse_whole(text.substr(0, first), id.signal.incarnation, 16) ||
      !parse_whole(text.substr(first + 1, second - first - 1), id.signal.counter, 10) ||
      !parse_whole(text.substr(second + 1), id.leg, 10)) {
    return std::nullopt;
  }
  return id;
}

Shard shard_of(const EventGroupId& event) {
  // FNV-1a over all bytes: stable across builds and machines, which std::hash is not.
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const std::uint8_t byte : event.bytes) hash = (hash ^ byte) * 0x100000001B3ULL;
  // The last bytes pass through few multiplications; without this, ids that count up share one shard.
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDULL;
  return {static_cast<std::uint8_t>((hash >> 32) % kShards)};
}

}  // namespace polybot::domain
