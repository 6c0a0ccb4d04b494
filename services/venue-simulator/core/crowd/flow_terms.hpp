// The numbers that the parts of the simulated crowd share. Fair values and prices are counted in
// 1e-4.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/domain/decimal.hpp"
#include "common/domain/time.hpp"

namespace polybot::venue_simulator {

// Fair values stay inside these, so that every market keeps two sides.
inline constexpr std::int64_t kFairLow = 250;
inline constexpr std::int64_t kFairHigh = 9'750;
inline constexpr std::int64_t kOne = 10'000;

// The shortest time between two mispricings of an event.
inline constexpr domain::Duration kEpisodePauseMin = std::chrono::seconds(2);

constexpr domain::Price price_of(std::int64_t value) {
  return domain::Price::from_raw(value);
}
constexpr domain::Quantity shares(std::int64_t whole) {
  return domain::Quantity::from_units(whole);
}

constexpr std::int64_t floor_to(std::int64_t value, std::int64_t tick) {
  return value >= 0 ? value - value % tick : -((-value + tick - 1) / tick * tick);
}
constexpr std::int64_t ceil_to(std::int64_t value, std::int64_t tick) {
  return -floor_to(-value, tick);
}

// rate x p(1-p) per share.
constexpr std::int64_t fee_per_share(std::int64_t rate_ppm, std::int64_t price) {
  return rate_ppm * price / kOne * (kOne - price) / 1'000'000;
}

}  // namespace polybot::venue_simulator
