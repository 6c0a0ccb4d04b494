#include <gtest/gtest.h>

#include "common/bus/subscriber.hpp"

namespace polybot::bus {
namespace {

TEST(Subscription, AnExactTopicMatchesOnlyItself) {
  const Subscription exact = Subscription::topic("signal.arb");
  EXPECT_TRUE(exact.matches("signal.arb"));
  EXPECT_FALSE(exact.matches("signal.arb2"));
  EXPECT_FALSE(exact.matches("signal"));
  EXPECT_EQ(exact.filter(), std::string("signal.arb\0", 11));
}

TEST(Subscription, AChannelMatchesItsTopicsAndNoLongerName) {
  const Subscription channel = Subscription::channel("md");
  EXPECT_TRUE(channel.matches("md.0"));
  EXPECT_TRUE(channel.matches("md.x.y"));
  EXPECT_FALSE(channel.matches("md"));
  EXPECT_FALSE(channel.matches("mdx.0"));
  EXPECT_EQ(channel.filter(), "md.");
}

}  // namespace
}  // namespace polybot::bus
