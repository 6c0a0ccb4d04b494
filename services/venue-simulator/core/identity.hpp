// Names for simulated things: 32-byte ids and trade ids derived from the seed and a running number,
// so that a seed always names its world the same way and two seeds never share a name.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "common/domain/ids.hpp"
#include "services/venue-simulator/core/random.hpp"

namespace polybot::venue_simulator {

// The reason in a cancellation that the end of a market caused.
inline constexpr std::string_view kMarketClosedReason = "MARKET_RESOLVED";

// The number is part of every derived id, so the numbers stay.
enum class IdKind : std::uint8_t {
  Market = 1,
  YesToken = 2,
  NoToken = 3,
  Event = 4,
  Order = 5,
  Trade = 6
};

// Well mixed, never zero.
template <class Id>
[[nodiscard]] Id derived_id(std::uint64_t seed, IdKind kind, std::uint64_t number) {
  Id id;
  std::uint64_t state =
      splitmix64(splitmix64(seed) ^ (static_cast<std::uint64_t>(kind) << 56) ^ number);
  for (std::size_t i = 0; i < 4; ++i) {
    state = splitmix64(state + i);
    std::memcpy(id.bytes.data() + 8 * i, &state, sizeof state);
  }
  // Real token ids have 77 or 78 digits; a leading byte from 0x10 to 0xEF gives that length.
  id.bytes[0] = static_cast<std::uint8_t>(0x10 + id.bytes[0] % 0xE0);
  return id;
}

// A UUID (version 4 in form).
[[nodiscard]] inline std::string derived_uuid(std::uint64_t seed, std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::uint64_t high = splitmix64(splitmix64(seed) ^ number);
  const std::uint64_t low = splitmix64(high ^ number);
  std::string id;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) id.push_back('-');
    const std::uint64_t word = i < 16 ? high : low;
    auto digit = static_cast<std::size_t>((word >> (4 * (15 - i % 16))) & 15);
    if (i == 12) digit = 4;
    if (i == 16) digit = 8 + digit % 4;
    id.push_back(kDigits[digit]);
  }
  return id;
}
[[nodiscard]] inline domain::TradeId derived_trade_id(std::uint64_t seed, std::uint64_t number) {
  return {derived_uuid(seed ^ 0x7472616465ULL, number)};
}

}  // namespace polybot::venue_simulator
