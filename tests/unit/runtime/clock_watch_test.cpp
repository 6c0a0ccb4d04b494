#include "common/runtime/clock_watch.hpp"

#include <gtest/gtest.h>

#include "common/runtime/clock.hpp"

namespace polybot::runtime {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

const domain::Timestamp kNow = domain::from_unix_ms(1'800'000'000'000);

TEST(ClockWatch, MindsAStepInEitherDirection) {
  EXPECT_TRUE(clock_stepped(kNow + hours(1), kNow));
  EXPECT_TRUE(clock_stepped(kNow - hours(1), kNow));
  EXPECT_TRUE(clock_stepped(kNow + kClockStepMax + milliseconds(1), kNow));
}

TEST(ClockWatch, DoesNotMindWhatPassesForAgreement) {
  EXPECT_FALSE(clock_stepped(kNow, kNow));
  EXPECT_FALSE(clock_stepped(kNow + kClockStepMax, kNow));
  EXPECT_FALSE(clock_stepped(kNow - kClockStepMax, kNow));
}

TEST(Clock, GoesOnWithTheMonotonicClockFromTheTimeOfTheHost) {
  const Clock clock;
  EXPECT_FALSE(clock_stepped(clock.wall(), clock.now()));
  const domain::Duration before = clock.now().time_since_epoch() - clock.monotonic();
  const domain::Duration after = clock.now().time_since_epoch() - clock.monotonic();
  // Each pair is read within a moment; their distance is a constant of the process.
  EXPECT_LT(std::chrono::abs(after - before), milliseconds(50));
}

}  // namespace
}  // namespace polybot::runtime
