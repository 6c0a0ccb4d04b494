// What a message and a journal record may hold. Code that takes a value from outside refuses what
// lies beyond, so that everything written can be read again.
#pragma once

#include <cstdint>

#include "common/domain/decimal.hpp"
#include "common/domain/time.hpp"

namespace polybot::domain {

inline constexpr Timestamp kTimestampMax =
    from_unix_ns(std::int64_t{4'102'444'800} * 1'000'000'000);  // 2100-01-01
// Nine hundred million shares: all levels of a book still add up within 64 bits.
inline constexpr Quantity kQuantityMax = Quantity::from_raw(900'000'000'000'000);
// The whole of what is traded.
inline constexpr std::int64_t kFeeRatePpmMax = 1'000'000;

}  // namespace polybot::domain
