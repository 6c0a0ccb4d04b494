#include "common/domain/fees.hpp"

namespace polybot::domain {

Money taker_fee(const FeeSchedule& schedule, Price price, Quantity quantity, Rounding rounding) {
  POLYBOT_ASSERT(schedule.exponent == 1 || schedule.exponent == 2);
  // Units: quantity 1e-6, rate 1e-6, p(1-p) 1e-8 each time; the result counts 1e-5 pUSD.
  const Wide spread = Wide{price.raw()} * complement(price).raw();
  Wide fee = Wide{quantity.raw()} * schedule.rate_ppm * spread;
  Wide unit = Wide{1'000'000'000'000'000};  // 1e20 / 1e5
  if (schedule.exponent == 2) {
    fee *= spread;
    unit *= 100'000'000;
  }
  Wide counts = fee / unit;
  const Wide rest = fee % unit;
  const bool up = rounding == Rounding::Up
                      ? rest > 0
                      : rounding == Rounding::HalfAwayFromZero && rest * 2 >= unit;
  if (up) ++counts;
  return Money::from_raw(static_cast<std::int64_t>(counts) * 10);
}

}  // namespace polybot::domain
