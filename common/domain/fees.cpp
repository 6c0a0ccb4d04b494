#include "common/domain/fees.hpp"

#include <algorithm>

namespace polybot::domain {
namespace {

// In whole counts of 1e-5 pUSD.
template <class Integer>
Money counted(Integer fee, Integer unit, Rounding rounding) {
  const Integer counts = fee / unit;
  const Integer rest = fee % unit;
  const bool up = rounding == Rounding::Up
                      ? rest > 0
                      : rounding == Rounding::HalfAwayFromZero && rest >= unit - rest;
  return Money::from_raw((static_cast<std::int64_t>(counts) + (up ? 1 : 0)) * 10);
}

}  // namespace

Money taker_fee(const FeeSchedule& schedule, Price price, Quantity quantity, Rounding rounding) {
  POLYBOT_ASSERT(schedule.exponent == 1 || schedule.exponent == 2);
  // Units: quantity 1e-6, rate 1e-6, p(1-p) 1e-8 each time; the result counts 1e-5 pUSD.
  constexpr std::int64_t kUnit = 1'000'000'000'000'000;  // 1e20 / 1e5
  const Wide spread = Wide{price.raw()} * complement(price).raw();
  const Wide fee = Wide{quantity.raw()} * schedule.rate_ppm * spread;
  if (schedule.exponent == 2) return counted(fee * spread, Wide{kUnit} * 100'000'000, rounding);
  // Of a few shares it fits 64 bits, and dividing those is several times faster.
  const auto narrow = static_cast<std::int64_t>(fee);
  return narrow == fee ? counted(narrow, kUnit, rounding) : counted(fee, Wide{kUnit}, rounding);
}

Money most_taker_fee(const FeeSchedule& schedule, Price limit, Money cash) {
  POLYBOT_ASSERT(schedule.exponent == 1 || schedule.exponent == 2);
  // Per pUSD spent the fee is rate x (1 - p), so at most the rate; with the exponent 2 it is
  // rate x p x (1 - p)^2, which is largest at a third.
  if (schedule.exponent == 1) {
    constexpr std::int64_t kUnit = 10;  // 1e-5 pUSD
    const auto counts = mul_div(cash.raw(), schedule.rate_ppm, 1'000'000 * kUnit, Rounding::Up);
    return Money::from_raw(counts * kUnit);
  }
  const Price dearest = std::min(limit, Price::from_raw(Price::kScale / 3));
  const auto shares = mul_div(cash.raw(), Price::kScale, dearest.raw(), Rounding::Up);
  return taker_fee(schedule, dearest, Quantity::from_raw(shares), Rounding::Up);
}

}  // namespace polybot::domain
