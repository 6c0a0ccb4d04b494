// What can be traded. A market is one yes/no question; its two outcome tokens are instruments.
// Markets of the same question family form an event (for neg-risk events exactly one market
// resolves Yes).
//
// All market data, position limits and quotes are kept in YES terms: the NO book is the exact
// mirror.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/decimal.hpp"
#include "common/domain/enumeration.hpp"
#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"

namespace polybot::domain {

// Fixed numbers and words: enumeration.hpp.
enum class Outcome : std::uint8_t { Yes = 0, No = 1 };
constexpr Outcome other(Outcome outcome) {
  return outcome == Outcome::Yes ? Outcome::No : Outcome::Yes;
}

// Fixed numbers and words: enumeration.hpp.
enum class Side : std::uint8_t { Buy = 0, Sell = 1 };
constexpr Side opposite(Side side) {
  return side == Side::Buy ? Side::Sell : Side::Buy;
}

// One outcome token of a market: what an order names.
struct Instrument {
  MarketId market;
  Outcome outcome = Outcome::Yes;
  constexpr auto operator<=>(const Instrument&) const = default;
};

// Taker fee = shares x rate x (price x (1 - price))^exponent; makers pay nothing.
// Source: the venue's feeSchedule / clob-markets fd field.
struct FeeSchedule {
  std::int64_t rate_ppm = 0;  // 70000 = 0.07; 0 = free
  std::int32_t exponent = 1;  // 1 or 2
  constexpr bool operator==(const FeeSchedule&) const = default;
};

// Which exchange contract signs the market's orders (EIP-712 domain). Fixed numbers and words.
enum class ExchangeVersion : std::uint8_t { V2 = 0, V2NegRisk = 1, V3 = 2 };

// Fixed numbers and words: enumeration.hpp.
enum class MarketStatus : std::uint8_t {
  Active = 0,    // accepts orders
  Paused = 1,    // listed, does not accept orders now
  Closed = 2,    // its book is gone; the result is not known yet
  Resolved = 3,  // `payout` is final
  // The market accepts orders, but its terms as the venue gives them now cannot be read. Nothing is
  // opened there.
  ReduceOnly = 4,
};

// Whether the venue takes orders there.
[[nodiscard]] constexpr bool accepts_orders(MarketStatus status) {
  return status == MarketStatus::Active || status == MarketStatus::ReduceOnly;
}

// Whether trading has ended there for good.
[[nodiscard]] constexpr bool over(MarketStatus status) {
  return status == MarketStatus::Closed || status == MarketStatus::Resolved;
}

// What one share pays at resolution; (1,0), (0,1) or (1/2,1/2) of 1 pUSD.
struct Payout {
  Price yes;
  Price no;
  constexpr bool operator==(const Payout&) const = default;
};

// The definition of a market as the gateway publishes it and order-manager journals it.
struct Market {
  MarketId id;
  EventGroupId event;
  std::string slug;  // unique, at most kSlugBytesMax
  std::string question;
  std::string event_slug;
  std::string yes_label = "Yes";
  std::string no_label = "No";
  TokenId yes_token;
  TokenId no_token;
  Price tick = Price::from_raw(100);
  Quantity min_size = Quantity::from_units(5);
  FeeSchedule fee;
  ExchangeVersion exchange = ExchangeVersion::V2;
  MarketStatus status = MarketStatus::Active;
  // Neg-risk: exactly one market of the event resolves Yes. Augmented: outcomes may be added later.
  bool neg_risk = false;
  bool augmented = false;
  bool placeholder =
      false;  // an unnamed outcome of an augmented event, or its "other": may win, untradable
  bool taker_delay = false;  // marketable orders are held before they match
  // How many markets the venue says the event has; an event is complete when all are known.
  std::uint16_t event_market_count = 1;
  Timestamp ends_at{};  // when the book closes; epoch = unknown
  Payout payout{};      // meaningful when status == Resolved
  bool operator==(const Market&) const = default;
};

inline constexpr std::size_t kSlugBytesMax = 256;

[[nodiscard]] constexpr const TokenId& token_of(const Market& market, Outcome outcome) {
  return outcome == Outcome::Yes ? market.yes_token : market.no_token;
}

// nullopt: a token of another market.
[[nodiscard]] constexpr std::optional<Outcome> outcome_of(const Market& market,
                                                          const TokenId& token) {
  if (token == market.yes_token) return Outcome::Yes;
  if (token == market.no_token) return Outcome::No;
  return std::nullopt;
}

[[nodiscard]] constexpr bool on_tick(Price price, Price tick) {
  return price >= tick && price <= kPriceOne - tick && price.raw() % tick.raw() == 0;
}

}  // namespace polybot::domain
