#include "common/domain/signal.hpp"

#include <gtest/gtest.h>

namespace polybot::domain {
namespace {

TEST(TimeInForce, OnlyFillAndKillAndFillOrKillAreImmediate) {
  EXPECT_FALSE(immediate(TimeInForce::Gtc));
  EXPECT_FALSE(immediate(TimeInForce::Gtd));
  EXPECT_TRUE(immediate(TimeInForce::Fak));
  EXPECT_TRUE(immediate(TimeInForce::Fok));
}

}  // namespace
}  // namespace polybot::domain
