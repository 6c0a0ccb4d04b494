#include "common/domain/time.hpp"

#include <gtest/gtest.h>

namespace polybot::domain {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(Time, CountsNanosecondsSinceTheEpoch) {
  EXPECT_EQ(to_unix_ns(from_unix_ns(1'791'258'810'641'000'001)), 1'791'258'810'641'000'001);
  EXPECT_EQ(to_unix_ns(Timestamp{}), 0);
  EXPECT_EQ(from_unix_ms(1'791'258'810'641), from_unix_ns(1'791'258'810'641'000'000));
}

TEST(Time, MillisecondsRoundTowardsThePast) {
  EXPECT_EQ(to_unix_ms(from_unix_ns(1'999'999)), 1);
  EXPECT_EQ(to_unix_ms(from_unix_ns(-1)), -1);
}

TEST(Time, SpansAreExact) {
  EXPECT_EQ(from_unix_ms(10) + milliseconds(5), from_unix_ms(15));
  EXPECT_EQ(from_unix_ms(10) - from_unix_ms(12), -milliseconds(2));
}

TEST(Time, TheTradingDayTurnsAtMidnightUtc) {
  EXPECT_EQ(utc_date(Timestamp{}).days, 0);
  EXPECT_EQ(utc_date(Timestamp{} + hours(24) - nanoseconds(1)).days, 0);
  EXPECT_EQ(utc_date(Timestamp{} + hours(24)).days, 1);
  EXPECT_EQ(utc_date(Timestamp{} - nanoseconds(1)).days, -1);
  EXPECT_EQ(utc_date(from_unix_ms(1'791'158'400'000)).days, 20731);  // 2026-10-05T00:00:00Z
  EXPECT_LT(utc_date(from_unix_ms(0)), utc_date(from_unix_ms(1'791'158'400'000)));
}

}  // namespace
}  // namespace polybot::domain
