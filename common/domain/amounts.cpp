#include "common/domain/amounts.hpp"

#include <numeric>

namespace polybot::domain {

Quantity immediate_buy_step(Price price) {
  POLYBOT_ASSERT(price.is_positive() && price < kPriceOne);
  // n hundredths of a share cost n x price.raw() x 1e-6 pUSD; a cent is 1e4 of those.
  constexpr std::int64_t kCent = 10'000;
  return kShareStep * (kCent / std::gcd(price.raw(), kCent));
}

Quantity common_step(Quantity a, Quantity b) {
  POLYBOT_ASSERT(a.is_positive() && b.is_positive());
  return a * (b.raw() / std::gcd(a.raw(), b.raw()));
}

Quantity floor_to_step(Quantity quantity, Quantity step) {
  POLYBOT_ASSERT(step.is_positive());
  if (!quantity.is_positive()) return {};
  return Quantity::from_raw(quantity.raw() - quantity.raw() % step.raw());
}

}  // namespace polybot::domain
