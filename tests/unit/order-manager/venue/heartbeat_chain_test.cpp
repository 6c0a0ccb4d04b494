#include "services/order-manager/core/venue/heartbeat_chain.hpp"

#include <gtest/gtest.h>

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using Result = HeartbeatAnswer::Result;

constexpr domain::Duration kInterval = 5s;

TEST(HeartbeatChain, BeginsEmptyAndSendsBackWhatItWasGiven) {
  HeartbeatChain chain(kInterval);
  EXPECT_EQ(chain.id(), "");
  EXPECT_EQ(chain.on_answer({Result::Accepted, "a"}, 0s), kInterval);
  EXPECT_EQ(chain.id(), "a");
  EXPECT_EQ(chain.on_answer({Result::Accepted, "b"}, 5s), kInterval);
  EXPECT_EQ(chain.id(), "b");
}

TEST(HeartbeatChain, TakesTheIdOfARefusalAndSendsItAtOnce) {
  HeartbeatChain chain(kInterval);
  EXPECT_EQ(chain.on_answer({Result::WrongId, "expected"}, 0s), 0s);
  EXPECT_EQ(chain.id(), "expected");
  EXPECT_FALSE(chain.held(0s)) << "a refused heartbeat is none";
}

TEST(HeartbeatChain, DoesNotChaseAnotherOwnerOfTheAccount) {
  HeartbeatChain chain(kInterval);
  EXPECT_EQ(chain.on_answer({Result::WrongId, "a"}, 0s), 0s);
  EXPECT_EQ(chain.on_answer({Result::WrongId, "b"}, 0s), 1s);
  EXPECT_EQ(chain.on_answer({Result::WrongId, "c"}, 1s), 0s) << "but it goes on trying";
  EXPECT_EQ(chain.on_answer({Result::Accepted, "d"}, 1s), kInterval);
}

TEST(HeartbeatChain, KeepsItsIdThroughAFailureAndRetriesSoon) {
  HeartbeatChain chain(kInterval);
  static_cast<void>(chain.on_answer({Result::Accepted, "a"}, 0s));
  EXPECT_EQ(chain.on_answer({Result::Failed, ""}, 5s), 1s);
  EXPECT_EQ(chain.id(), "a");
}

TEST(HeartbeatChain, IsHeldForTheVenuesPatienceFromTheMomentOfSending) {
  HeartbeatChain chain(kInterval);
  EXPECT_FALSE(chain.held(0s));
  static_cast<void>(chain.on_answer({Result::Accepted, "a"}, 2s));
  EXPECT_TRUE(chain.held(2s));
  EXPECT_TRUE(chain.held(2s + domain::kHeartbeatPatience - 1ns));
  EXPECT_FALSE(chain.held(2s + domain::kHeartbeatPatience));
}

TEST(HeartbeatChain, NeverWaitsLongerAfterAFailureThanAfterASuccess) {
  HeartbeatChain chain(200ms);
  EXPECT_EQ(chain.on_answer({Result::Failed, ""}, 0s), 200ms);
}

}  // namespace
}  // namespace polybot::order_manager
