// An order of ours from intent to end. Which event may follow which status is in order_table.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/domain/enumeration.hpp"
#include "common/domain/signal.hpp"

namespace polybot::domain {

// Fixed numbers and words: enumeration.hpp.
enum class OrderStatus : std::uint8_t {
  Submitted = 0,  // intent durable, send begun
  Ambiguous = 1,  // the venue may or may not have it
  Accepted = 2,   // resting, or being matched
  PartiallyFilled = 3,
  Filled = 4,  // terminal from here on
  Canceled = 5,
  Rejected = 6,
  Expired = 7,
};
inline constexpr std::size_t kOrderStatuses = kPlaces<OrderStatus>;
[[nodiscard]] constexpr bool is_terminal(OrderStatus status) {
  return status >= OrderStatus::Filled;
}

// Fixed numbers and words: enumeration.hpp.
enum class LiquiditySide : std::uint8_t { Maker = 0, Taker = 1 };

// Why an order exists; decides its priority in the send queue and whether it opens risk.
// Fixed numbers and words: enumeration.hpp.
enum class OrderPurpose : std::uint8_t { Leg = 0, Quote = 1, Exit = 2, Unwind = 3, Flatten = 4 };

// Everything that is signed, so that a second attempt is the same order to the venue.
struct SignedFields {
  std::uint64_t salt = 0;  // at most 2^53 - 1
  std::int64_t timestamp_ms = 0;
  Money maker_amount;  // 1e-6 of what we give (pUSD when buying, shares when selling)
  Money taker_amount;  // 1e-6 of what we get
  TokenId token;
  ExchangeVersion exchange = ExchangeVersion::V2;
  std::int64_t expiration_s = 0;  // not signed; GTD only
  bool operator==(const SignedFields&) const = default;
};

struct Order {
  ClientOrderId id;
  VenueOrderId venue_id;
  StrategyName strategy;
  EventGroupId event;
  Instrument instrument;
  Side side = Side::Buy;
  Price limit;
  Quantity quantity;
  TimeInForce time_in_force = TimeInForce::Gtc;
  bool post_only = false;
  OrderPurpose purpose = OrderPurpose::Leg;
  SignedFields fields;
  Timestamp decided_at{};
  Timestamp submitted_at{};
  TraceId trace;
  bool operator==(const Order&) const = default;
};

}  // namespace polybot::domain
