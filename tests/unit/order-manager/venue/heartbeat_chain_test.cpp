#include "services/order-manager/core/venue/heartbeat_chain.hpp"

#include <gtest/gtest.h>

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using Result = HeartbeatAnswer::Result;

constexpr domain::Duration kInterval = 5s;

// A chain whose answers come at once, at times that the test names.
class Client {
 public:
  explicit Client(std::string remembered = {}, domain::Duration interval = kInterval)
      : chain(interval, std::move(remembered)) {}

  domain::Duration accepted(std::string id, domain::Duration at) {
    return chain.on_answer({Result::Accepted, std::move(id)}, at, at);
  }
  domain::Duration wrong(std::string expected, domain::Duration at) {
    return chain.on_answer({Result::WrongId, std::move(expected)}, at, at);
  }
  domain::Duration failed(domain::Duration at) { return chain.on_answer({}, at, at); }
  [[nodiscard]] bool held(domain::Duration at) const {
    return chain.standing(at) == Standing::Held;
  }

  HeartbeatChain chain;
};

TEST(HeartbeatChain, BeginsEmptyAndSendsBackWhatItWasGiven) {
  Client client;
  EXPECT_EQ(client.chain.id(), "");
  EXPECT_FALSE(client.chain.ours());
  EXPECT_EQ(client.accepted("a", 0s), kInterval);
  EXPECT_EQ(client.chain.id(), "a");
  EXPECT_TRUE(client.chain.ours());
  EXPECT_EQ(client.accepted("b", 5s), kInterval);
  EXPECT_EQ(client.chain.id(), "b");
}

TEST(HeartbeatChain, GoesOnAtOnceWithTheIdThatIsRemembered) {
  Client client("a");
  EXPECT_EQ(client.chain.id(), "a");
  EXPECT_EQ(client.accepted("b", 0s), kInterval);
  EXPECT_TRUE(client.chain.ours());
}

TEST(HeartbeatChain, ClaimsAnIdThatHasStoodStill) {
  Client client;
  EXPECT_GT(client.wrong("a", 0s), 0s);
  EXPECT_FALSE(client.held(0s)) << "a refused heartbeat is none";
  EXPECT_GT(client.wrong("a", kStandStill - 1ns), 0s);
  EXPECT_NE(client.chain.id(), "a");
  EXPECT_EQ(client.wrong("a", kStandStill), 0s);
  EXPECT_EQ(client.chain.id(), "a");
  EXPECT_FALSE(client.chain.ours()) << "only the venue's answer makes it ours";
  client.accepted("b", kStandStill);
  EXPECT_TRUE(client.chain.ours());
  EXPECT_EQ(client.chain.contests(), 0U);
}

TEST(HeartbeatChain, MeasuresTheStandStillBetweenAnswerAndRequest) {
  Client client;
  static_cast<void>(client.chain.on_answer({Result::WrongId, "a"}, 0s, 3s));
  static_cast<void>(
      client.chain.on_answer({Result::WrongId, "a"}, kStandStill + 2s, kStandStill + 5s));
  EXPECT_NE(client.chain.id(), "a")
      << "the venue may have been asked 3 s later, and answered early";
}

TEST(HeartbeatChain, IsFencedAtTheStartByAnOwnerThatLives) {
  Client client("of yesterday");
  client.wrong("a", 0s);
  client.wrong("b", 4s);
  EXPECT_FALSE(client.chain.fenced()) << "a late heartbeat of its predecessor";
  client.wrong("c", 9s);
  EXPECT_TRUE(client.chain.fenced());
  EXPECT_FALSE(client.chain.ours());
  EXPECT_EQ(client.chain.contests(), 1U);
}

TEST(HeartbeatChain, WaitsAgainAfterOneMove) {
  Client client;
  client.wrong("a", 0s);
  client.wrong("b", 4s);
  client.wrong("b", kStandStill + 1s);
  EXPECT_NE(client.chain.id(), "b");
  client.wrong("b", kStandStill + 4s);
  EXPECT_EQ(client.chain.id(), "b");
}

TEST(HeartbeatChain, GivesTheAccountUpAtAForeignId) {
  Client client;
  client.accepted("a", 0s);
  EXPECT_GT(client.wrong("x", 5s), 0s);
  EXPECT_FALSE(client.chain.ours());
  EXPECT_FALSE(client.chain.fenced());
  EXPECT_NE(client.chain.id(), "x");
  EXPECT_EQ(client.chain.contests(), 1U);
}

TEST(HeartbeatChain, IsFencedByTheSecondForeignId) {
  Client client;
  client.accepted("a", 0s);
  client.wrong("x", 5s);
  client.wrong("y", 9s);
  EXPECT_TRUE(client.chain.fenced());
  client.accepted("z", 10s);
  EXPECT_TRUE(client.chain.fenced()) << "for good";
  EXPECT_FALSE(client.chain.ours());
}

TEST(HeartbeatChain, ClaimsAgainWhatAVenueBeganAnew) {
  Client client;
  client.accepted("a", 0s);
  client.wrong("", 5s);
  client.wrong("", 5s + kStandStill);
  EXPECT_EQ(client.chain.id(), "");
  client.accepted("b", 5s + kStandStill);
  EXPECT_TRUE(client.chain.ours());
}

TEST(HeartbeatChain, TakesTheIdOfItsOwnLostAnswer) {
  Client client;
  client.accepted("a", 0s);
  client.failed(5s);
  EXPECT_EQ(client.wrong("b", 6s), 0s);
  EXPECT_EQ(client.chain.id(), "b");
  EXPECT_TRUE(client.chain.ours());
  EXPECT_EQ(client.chain.contests(), 0U);
}

TEST(HeartbeatChain, ExplainsOneMoveByOneLostAnswer) {
  Client client;
  client.accepted("a", 0s);
  client.failed(5s);
  client.wrong("b", 6s);
  client.wrong("c", 6s);
  EXPECT_FALSE(client.chain.ours());
  EXPECT_EQ(client.chain.contests(), 1U);
}

TEST(HeartbeatChain, ClaimsAgainAfterASilenceInWhichAnotherMayHaveClaimed) {
  Client client;
  client.accepted("a", 0s);
  client.failed(5s);
  EXPECT_GT(client.wrong("b", kStandStill), 0s);
  EXPECT_FALSE(client.chain.ours());
  EXPECT_EQ(client.chain.contests(), 0U) << "it may be the lost answer";
  client.wrong("c", kStandStill + 1s);
  EXPECT_FALSE(client.chain.fenced()) << "the first id that is foreign for certain";
  client.wrong("d", kStandStill + 2s);
  EXPECT_TRUE(client.chain.fenced());
}

TEST(HeartbeatChain, ExplainsAMoveByItsOwnClaimThatWasNotAnswered) {
  Client client;
  client.wrong("a", 0s);
  client.wrong("a", kStandStill);
  client.failed(kStandStill);
  client.wrong("b", kStandStill + 1s);
  client.wrong("c", kStandStill + 2s);
  EXPECT_FALSE(client.chain.fenced());
  client.wrong("d", kStandStill + 3s);
  EXPECT_TRUE(client.chain.fenced());
}

TEST(HeartbeatChain, DoesNotBelieveThatAKnownWrongIdWasTaken) {
  Client client("old");
  client.wrong("a", 0s);
  client.failed(1s);
  client.wrong("b", 2s);
  client.wrong("c", 3s);
  EXPECT_TRUE(client.chain.fenced()) << "the id that failed was wrong for certain";
}

TEST(HeartbeatChain, KeepsItsIdThroughAFailureAndRetriesSoon) {
  Client client;
  client.accepted("a", 0s);
  EXPECT_EQ(client.failed(5s), 1s);
  EXPECT_EQ(client.chain.id(), "a");
  EXPECT_TRUE(client.chain.ours());
}

TEST(HeartbeatChain, IsHeldForTheVenuesPatienceFromTheMomentOfSending) {
  Client client;
  EXPECT_FALSE(client.held(0s));
  static_cast<void>(client.chain.on_answer({Result::Accepted, "a"}, 2s, 3s));
  EXPECT_TRUE(client.held(2s));
  EXPECT_TRUE(client.held(2s + domain::kHeartbeatPatience - 1ns));
  EXPECT_FALSE(client.held(2s + domain::kHeartbeatPatience));
}

TEST(HeartbeatChain, HoldsNoCancelsBackWhileHeartbeatsOnlyFail) {
  Client fresh;
  EXPECT_EQ(fresh.chain.standing(0s), Standing::Unclaimed);
  EXPECT_TRUE(fresh.chain.may_cancel());
  fresh.failed(0s);
  EXPECT_EQ(fresh.chain.standing(0s), Standing::Silent);
  EXPECT_TRUE(fresh.chain.may_cancel());
  Client client;
  client.accepted("a", 0s);
  client.failed(5s);
  EXPECT_EQ(client.chain.standing(9s), Standing::Held);
  EXPECT_EQ(client.chain.standing(domain::kHeartbeatPatience), Standing::Silent);
  EXPECT_TRUE(client.chain.may_cancel());
  EXPECT_EQ(client.chain.foreign_id(), "");
}

TEST(HeartbeatChain, HoldsCancelsBackOnceAForeignIdWasSeen) {
  Client fresh;
  fresh.wrong("a", 0s);
  EXPECT_EQ(fresh.chain.standing(0s), Standing::Unclaimed) << "it may be its predecessor's";
  EXPECT_FALSE(fresh.chain.may_cancel());
  fresh.failed(1s);
  EXPECT_EQ(fresh.chain.standing(1s), Standing::Unclaimed);
  EXPECT_FALSE(fresh.chain.may_cancel()) << "a failure does not take back what was seen";
  fresh.wrong("a", kStandStill);
  fresh.accepted("b", kStandStill);
  EXPECT_EQ(fresh.chain.standing(kStandStill), Standing::Held);
  EXPECT_TRUE(fresh.chain.may_cancel());
}

TEST(HeartbeatChain, NamesTheProcessThatHoldsTheAccount) {
  Client client;
  client.accepted("a", 0s);
  client.wrong("x", 5s);
  EXPECT_EQ(client.chain.standing(5s), Standing::Contested);
  EXPECT_FALSE(client.chain.may_cancel());
  EXPECT_EQ(client.chain.foreign_id(), "x");
  client.wrong("y", 9s);
  EXPECT_EQ(client.chain.standing(9s), Standing::Fenced);
  EXPECT_FALSE(client.chain.may_cancel());
  EXPECT_EQ(client.chain.foreign_id(), "y");
  client.accepted("z", 10s);
  EXPECT_FALSE(client.chain.may_cancel());
}

TEST(HeartbeatChain, NeverWaitsLongerAfterAFailureThanAfterASuccess) {
  Client client({}, 200ms);
  EXPECT_EQ(client.failed(0s), 200ms);
  EXPECT_EQ(client.wrong("a", 0s), 200ms);
}

}  // namespace
}  // namespace polybot::order_manager
