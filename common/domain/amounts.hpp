// Which share quantities the venue can express. An immediate buy (FAK, FOK) names its cost in whole
// cents and shares have two decimals, so not every quantity can be bought at every price: multiples
// of the step can. Integer rules without I/O, shared by all code that sizes an order. Source: the
// venue's rounding rules for market orders.
#pragma once

#include "common/domain/decimal.hpp"

namespace polybot::domain {

// Every order's shares are a multiple of this.
inline constexpr Quantity kShareStep = Quantity::from_raw(10'000);
// An order that would match at once must be worth at least this.
inline constexpr Money kMarketableNotionalMin = Money::from_units(1);

// The smallest multiple of 0.01 share whose cost at `price` is a whole number of cents; `price` in
// (0, 1). At most 100 shares, and always a divisor of 100 shares.
[[nodiscard]] Quantity immediate_buy_step(Price price);
// Least common multiple of two positive steps.
[[nodiscard]] Quantity common_step(Quantity a, Quantity b);
// The largest multiple of `step` not above `quantity`; 0 when there is none. `step` > 0.
[[nodiscard]] Quantity floor_to_step(Quantity quantity, Quantity step);

}  // namespace polybot::domain
