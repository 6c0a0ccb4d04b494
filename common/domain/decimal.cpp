#include "common/domain/decimal.hpp"

#include <limits>

namespace polybot::domain {

std::int64_t mul_div(std::int64_t value, std::int64_t numerator, std::int64_t denominator,
                     Rounding rounding) {
  POLYBOT_ASSERT(denominator > 0);
  const Wide product = Wide{value} * numerator;
  Wide quotient = product / denominator;
  const Wide remainder = product % denominator;
  if (remainder != 0) {
    switch (rounding) {
      case Rounding::Down:
        if (remainder < 0) --quotient;
        break;
      case Rounding::Up:
        if (remainder > 0) ++quotient;
        break;
      case Rounding::HalfAwayFromZero: {
        const Wide twice = (remainder < 0 ? -remainder : remainder) * 2;
        if (twice >= denominator) quotient += product < 0 ? -1 : 1;
        break;
      }
    }
  }
  POLYBOT_ASSERT(quotient >= std::numeric_limits<std::int64_t>::min());
  POLYBOT_ASSERT(quotient <= std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(quotient);
}

Money notional(Price price, Quantity quantity, Rounding rounding) {
  static_assert(Money::kScale == Quantity::kScale);
  return Money::from_raw(mul_div(price.raw(), quantity.raw(), Price::kScale, rounding));
}

std::optional<Price> average_price(Money cash, Quantity quantity) {
  if (!quantity.is_positive()) return std::nullopt;
  return Price::from_raw(
      mul_div(cash.raw(), Price::kScale, quantity.raw(), Rounding::HalfAwayFromZero));
}

}  // namespace polybot::domain
