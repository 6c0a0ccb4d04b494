#include "common/domain/ids.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

namespace polybot::domain {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

// The value of each character as a hex digit, -1 where it is none.
constexpr std::array<std::int8_t, 256> kHexValues = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  std::int8_t value = 0;
  for (const char lower : std::string_view(kHexDigits)) {
    const char upper = lower >= 'a' ? static_cast<char>(lower - 'a' + 'A') : lower;
    values[static_cast<unsigned char>(lower)] = values[static_cast<unsigned char>(upper)] = value++;
  }
  return values;
}();

int hex_value(char c) {
  return kHexValues[static_cast<unsigned char>(c)];
}

__extension__ using UnsignedWide = unsigned __int128;

// Reads eight digits at once. That pays because every market data entry names its token in 77
// digits. Neighbouring digits are combined to pairs, pairs to fours, fours to the value.
inline std::optional<std::uint64_t> parse_eight_digits(const char* text) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t digits = 0;
  std::memcpy(&digits, text, sizeof digits);
  // '0'..'9' are 0x30..0x39: the high halves are all 3, and still are after adding 6.
  constexpr std::uint64_t kHighHalves = 0xF0F0F0F0F0F0F0F0U;
  const std::uint64_t plus_six = digits + 0x0606060606060606U;
  if (((digits & kHighHalves) | ((plus_six & kHighHalves) >> 4)) != 0x3333333333333333U) {
    return std::nullopt;
  }
  digits -= 0x3030303030303030U;
  digits = digits * 10 + (digits >> 8);
  constexpr std::uint64_t kPairs = 0x000000FF000000FFU;
  const std::uint64_t high = (digits & kPairs) * (100U + (1'000'000ULL << 32));
  const std::uint64_t low = ((digits >> 16) & kPairs) * (1U + (10'000ULL << 32));
  return ((high + low) >> 32) & 0xFFFFFFFFU;
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

std::optional<std::array<std::uint8_t, 32>> parse_market32(std::string_view text) {
  constexpr std::size_t kOf31Bytes = 2 + 2 * 31;
  return text.size() == kOf31Bytes ? parse_hex32(std::string(text) + "00") : parse_hex32(text);
}

std::optional<std::array<std::uint8_t, 32>> parse_hex32(std::string_view text) {
  if (text.size() != 66 || text[0] != '0' || text[1] != 'x') return std::nullopt;
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < 32; ++i) {
    const int high = hex_value(text[2 + 2 * i]);
    const int low = hex_value(text[3 + 2 * i]);
    if ((high | low) < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return bytes;
}

// Works on eight 32-bit limbs, most significant first, nine decimal digits at a time.
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
  constexpr std::size_t kDigitsMax = 78;  // of 2^256 - 1
  constexpr std::size_t kChunk = 16;
  if (text.empty() || text.size() > kDigitsMax) return std::nullopt;
  std::array<std::uint64_t, 4> limbs{};  // least significant first
  const std::size_t head = text.size() % kChunk;
  for (const char c : text.substr(0, head)) {
    if (c < '0' || c > '9') return std::nullopt;
    limbs[0] = limbs[0] * 10 + static_cast<std::uint64_t>(c - '0');
  }
  for (std::size_t i = head; i < text.size(); i += kChunk) {
    const auto high = parse_eight_digits(text.data() + i);
    const auto low = parse_eight_digits(text.data() + i + 8);
    if (!high || !low) return std::nullopt;
    UnsignedWide carry = *high * 100'000'000 + *low;
    for (std::uint64_t& limb : limbs) {
      carry += UnsignedWide{limb} * 10'000'000'000'000'000U;
      limb = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    if (carry != 0) return std::nullopt;
  }
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < limbs.size(); ++i) {
    const std::uint64_t big_endian = __builtin_bswap64(limbs[3 - i]);
    std::memcpy(bytes.data() + 8 * i, &big_endian, sizeof big_endian);
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
  // The last bytes pass through few multiplications; without this, ids that count up share one
  // shard.
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDULL;
  return {static_cast<std::uint8_t>((hash >> 32) % kShards)};
}

}  // namespace polybot::domain
