// Strong identifiers. Two kinds: 32-byte venue identifiers (token, condition, order hash), which
// print and parse in the venue's own notation, and our own small composed ids.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace polybot::domain {

// A 256-bit big-endian value; the tag keeps tokens, markets and orders apart.
template <class Tag>
struct Bytes32 {
  std::array<std::uint8_t, 32> bytes{};
  constexpr auto operator<=>(const Bytes32&) const = default;
  [[nodiscard]] constexpr bool is_zero() const { return *this == Bytes32{}; }
};

using MarketId = Bytes32<struct MarketTag>;          // the venue's condition id
using TokenId = Bytes32<struct TokenTag>;            // one outcome's token
using VenueOrderId = Bytes32<struct VenueOrderTag>;  // OrderID (37): the order's EIP-712 digest
using EventGroupId =
    Bytes32<struct EventGroupTag>;  // the neg-risk market id, else hash of the event slug

// "0x" + 64 hex digits. Parsing accepts upper and lower case; anything else is refused.
[[nodiscard]] std::string to_hex(const std::array<std::uint8_t, 32>& bytes);
[[nodiscard]] std::optional<std::array<std::uint8_t, 32>> parse_hex32(std::string_view text);
// A market's id. Those of the venue's second protocol have 31 bytes: 62 digits stand for the same
// with 00 behind them, as the venue writes them elsewhere.
[[nodiscard]] std::optional<std::array<std::uint8_t, 32>> parse_market32(std::string_view text);
// Unsigned decimal without sign or leading zeros needed (token ids have 77-78 digits).
[[nodiscard]] std::string to_decimal(const std::array<std::uint8_t, 32>& bytes);
[[nodiscard]] std::optional<std::array<std::uint8_t, 32>> parse_decimal256(std::string_view text);

template <class Id>
[[nodiscard]] std::optional<Id> parse_hex(std::string_view text) {
  const auto bytes = parse_hex32(text);
  return bytes ? std::optional<Id>(Id{*bytes}) : std::nullopt;
}
template <>
[[nodiscard]] inline std::optional<MarketId> parse_hex<MarketId>(std::string_view text) {
  const auto bytes = parse_market32(text);
  return bytes ? std::optional<MarketId>(MarketId{*bytes}) : std::nullopt;
}
inline std::string to_string(const MarketId& id) {
  return to_hex(id.bytes);
}
inline std::string to_string(const VenueOrderId& id) {
  return to_hex(id.bytes);
}
inline std::string to_string(const EventGroupId& id) {
  return to_hex(id.bytes);
}
inline std::string to_string(const TokenId& id) {
  return to_decimal(id.bytes);
}
[[nodiscard]] inline std::optional<TokenId> parse_token(std::string_view text) {
  const auto bytes = parse_decimal256(text);
  return bytes ? std::optional<TokenId>(TokenId{*bytes}) : std::nullopt;
}

// A string with a meaning of its own.
template <class Tag>
struct Name {
  std::string value;
  auto operator<=>(const Name&) const = default;
};
using StrategyName = Name<struct StrategyTag>;
using ReplicaName = Name<struct ReplicaTag>;
using TradeId = Name<struct TradeTag>;  // the venue's id of one match; at most kTradeIdBytesMax

inline constexpr std::size_t kTradeIdBytesMax =
    80;  // venue ids are UUIDs (36); the rest is headroom

// Strategy names that configuration may not use.
inline constexpr std::string_view kAllStrategies = "all";
inline constexpr std::string_view kUnknownStrategy = "unknown";
inline constexpr std::string_view kExternalStrategy = "external";

// The idempotency key of a signal, end to end: a runner's random process incarnation and its
// counter.
struct SignalId {
  std::uint64_t incarnation = 0;
  std::uint64_t counter = 0;
  constexpr auto operator<=>(const SignalId&) const = default;
};

// ClOrdID (11): one order of one signal. Legs of a signal count from 0; the orders that the quoter,
// the unwinder and the operator's commands create carry the id of what caused them and count on.
struct ClientOrderId {
  SignalId signal;
  std::uint32_t leg = 0;
  constexpr auto operator<=>(const ClientOrderId&) const = default;
};

// ExecID (17): one of our orders' share of one venue match. Dedupes fills.
struct FillId {
  TradeId trade;
  ClientOrderId order;
  auto operator<=>(const FillId&) const = default;
};

// The causal thread from a tick to a fill; 0 = none.
struct TraceId {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const TraceId&) const = default;
};

// "<16 hex>-<decimal>" and "<16 hex>-<decimal>-<leg>"; 16 hex digits.
[[nodiscard]] std::string to_string(const SignalId& id);
[[nodiscard]] std::string to_string(const ClientOrderId& id);
[[nodiscard]] std::string to_string(const TraceId& id);
[[nodiscard]] std::optional<ClientOrderId> parse_client_order_id(std::string_view text);

// One of kShards groups of events: the unit that is leased to a runner.
struct Shard {
  std::uint8_t value = 0;
  constexpr auto operator<=>(const Shard&) const = default;
};
inline constexpr int kShards = 64;

// All markets of one event share a shard, so that one runner sees an event as a whole.
[[nodiscard]] Shard shard_of(const EventGroupId& event);

// (durable start number of order-manager, counter within that start); 0/0 = none.
struct LeaseEpoch {
  std::uint32_t start = 0;
  std::uint32_t counter = 0;
  constexpr auto operator<=>(const LeaseEpoch&) const = default;
};

}  // namespace polybot::domain

// Ids from the venue are hashes, but simulated ones need not be: mix all words.
template <class Tag>
struct std::hash<polybot::domain::Bytes32<Tag>> {
  std::size_t operator()(const polybot::domain::Bytes32<Tag>& id) const noexcept {
    std::array<std::uint64_t, 4> words{};
    std::memcpy(words.data(), id.bytes.data(), sizeof words);
    std::uint64_t mixed = words[0] ^ (words[1] * 0x9E3779B97F4A7C15ULL);
    mixed ^= (words[2] + (words[3] << 1)) * 0xC2B2AE3D27D4EB4FULL;
    return static_cast<std::size_t>(mixed ^ (mixed >> 29));
  }
};
template <class Tag>
struct std::hash<polybot::domain::Name<Tag>> {
  std::size_t operator()(const polybot::domain::Name<Tag>& name) const noexcept {
    return std::hash<std::string>{}(name.value);
  }
};
template <>
struct std::hash<polybot::domain::SignalId> {
  std::size_t operator()(const polybot::domain::SignalId& id) const noexcept {
    return static_cast<std::size_t>((id.incarnation ^ (id.counter * 0x9E3779B97F4A7C15ULL)));
  }
};
template <>
struct std::hash<polybot::domain::ClientOrderId> {
  std::size_t operator()(const polybot::domain::ClientOrderId& id) const noexcept {
    return std::hash<polybot::domain::SignalId>{}(id.signal) ^ (std::size_t{id.leg} << 40);
  }
};
template <>
struct std::hash<polybot::domain::FillId> {
  std::size_t operator()(const polybot::domain::FillId& id) const noexcept {
    return std::hash<polybot::domain::TradeId>{}(id.trade) ^
           std::hash<polybot::domain::ClientOrderId>{}(id.order);
  }
};
