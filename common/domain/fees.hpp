// The venue's taker fee: C x rate x (p(1-p))^exponent pUSD, to 5 decimals, less than 0.00001 is
// free. Source: the venue's fee documentation; the direction of rounding is not documented, so
// callers that reserve money round up and the simulator rounds half away from zero.
#pragma once

#include "common/domain/instrument.hpp"

namespace polybot::domain {

[[nodiscard]] Money taker_fee(const FeeSchedule& schedule, Price price, Quantity quantity,
                              Rounding rounding);

// The most that a purchase can cost in fees which spends `cash` at `limit` or at any better price:
// cheaper shares are more shares. Rounded up; `limit` in (0, 1).
[[nodiscard]] Money most_taker_fee(const FeeSchedule& schedule, Price limit, Money cash);

}  // namespace polybot::domain
