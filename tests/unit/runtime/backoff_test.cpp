#include <gtest/gtest.h>

#include "common/runtime/supervise.hpp"

namespace polybot::runtime {
namespace {

using std::chrono::seconds;

TEST(BackoffTest, DoublesUpToItsMaximumWithJitter) {
  Backoff backoff({.min = seconds(1), .max = seconds(30), .healthy_after = seconds(60)}, 7);
  domain::Duration step = seconds(1);
  for (int i = 0; i < 10; ++i) {
    const domain::Duration pause = backoff.next(seconds(0));
    EXPECT_GE(pause, step / 2);
    EXPECT_LE(pause, step);
    step = std::min<domain::Duration>(step * 2, seconds(30));
  }
}

TEST(BackoffTest, StartsAgainAfterASessionThatHeld) {
  Backoff backoff({.min = seconds(1), .max = seconds(30), .healthy_after = seconds(60)}, 7);
  for (int i = 0; i < 6; ++i) (void)backoff.next(seconds(0));
  EXPECT_LE(backoff.next(seconds(61)), seconds(1));
}

TEST(BackoffTest, TwoReplicasDoNotReturnTogether) {
  Backoff one({}, 1);
  Backoff two({}, 2);
  EXPECT_NE(one.next(seconds(0)), two.next(seconds(0)));
}

}  // namespace
}  // namespace polybot::runtime
