// Points in time and spans as cores see them: passed in, never read. Nanoseconds since the Unix
// epoch (UTC) in a signed 64-bit count; the simulation runs them in virtual time.
#pragma once

#include <chrono>
#include <cstdint>

namespace polybot::domain {

using Duration = std::chrono::nanoseconds;

struct TimestampClock {  // tag only: it has no now()
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<TimestampClock>;
  static constexpr bool is_steady = false;
};
using Timestamp = TimestampClock::time_point;

constexpr Timestamp from_unix_ns(std::int64_t ns) {
  return Timestamp(Duration(ns));
}
constexpr std::int64_t to_unix_ns(Timestamp at) {
  return at.time_since_epoch().count();
}
constexpr Timestamp from_unix_ms(std::int64_t ms) {
  return Timestamp(std::chrono::milliseconds(ms));
}
constexpr std::int64_t to_unix_ms(Timestamp at) {
  return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

// Days since the epoch in UTC; the trading day of an instant.
struct UtcDate {
  std::int32_t days = 0;
  constexpr auto operator<=>(const UtcDate&) const = default;
};
constexpr UtcDate utc_date(Timestamp at) {
  return {static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(at.time_since_epoch()).count())};
}

}  // namespace polybot::domain
