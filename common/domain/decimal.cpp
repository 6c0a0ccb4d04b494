#include "common/domain/decimal.hpp"

#include <limits>

namespace polybot::domain {
namespace {

template <class Integer>
Integer divided(Integer product, Integer denominator, Rounding rounding) {
  const Integer quotient = product / denominator;
  const Integer remainder = product % denominator;
  if (remainder == 0) return quotient;
  switch (rounding) {
    case Rounding::Down:
      return remainder < 0 ? quotient - 1 : quotient;
    case Rounding::Up:
      return remainder > 0 ? quotient + 1 : quotient;
    case Rounding::HalfAwayFromZero:
      break;
  }
  const Integer size = remainder < 0 ? -remainder : remainder;
  if (size < denominator - size) return quotient;
  return product < 0 ? quotient - 1 : quotient + 1;
}

}  // namespace

std::int64_t mul_div(std::int64_t value, std::int64_t numerator, std::int64_t denominator,
                     Rounding rounding) {
  POLYBOT_ASSERT(denominator > 0);
  // Nearly every product fits 64 bits, and dividing those is several times faster.
  std::int64_t narrow = 0;
  if (!__builtin_mul_overflow(value, numerator, &narrow))
    return divided(narrow, denominator, rounding);
  const Wide quotient = divided(Wide{value} * numerator, Wide{denominator}, rounding);
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
