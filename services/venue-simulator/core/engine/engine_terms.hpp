// The arithmetic that the parts of the matching engine share: lots, sides of the YES book, exact
// cash.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>

#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

// How often long ended orders and trades are forgotten.
inline constexpr domain::Duration kTidyEvery = std::chrono::minutes(1);

constexpr domain::Quantity floor_to_lot(domain::Quantity quantity) {
  return domain::Quantity::from_raw(quantity.raw() - quantity.raw() % kLot.raw());
}

constexpr bool rests(domain::TimeInForce time_in_force) {
  return time_in_force == domain::TimeInForce::Gtc || time_in_force == domain::TimeInForce::Gtd;
}

// Which side of the YES book an order stands on. The venue's own arithmetic, not shared with ours:
// the simulation proves one by the other.
constexpr domain::BookSide book_side_of(domain::Outcome outcome, domain::Side side) {
  return (outcome == domain::Outcome::Yes) == (side == domain::Side::Buy) ? domain::BookSide::Bid
                                                                          : domain::BookSide::Ask;
}

// A YES price as the outcome's own, and the other way round.
constexpr domain::Price in_terms_of(domain::Outcome outcome, domain::Price price) {
  return outcome == domain::Outcome::Yes ? price : domain::complement(price);
}

// Lots and whole ticks make this exact.
inline domain::Money exact_notional(domain::Price price, domain::Quantity quantity) {
  return domain::notional(price, quantity, domain::Rounding::HalfAwayFromZero);
}

inline std::uint64_t short_id(const domain::VenueOrderId& id) {
  std::uint64_t word = 0;
  std::memcpy(&word, id.bytes.data(), sizeof word);
  return word;
}

}  // namespace polybot::venue_simulator
