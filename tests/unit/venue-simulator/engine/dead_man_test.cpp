// The venue's dead man's switch: a client that has once sent a heartbeat must go on.
#include "services/venue-simulator/core/engine/dead_man_switch.hpp"
#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

struct DeadManTest : ::testing::Test {
  Venue venue;
  AccountId account = venue.open(1);
  MarketNo market = venue.list();
  std::string id;  // the venue expects next

  HeartbeatAnswer beat(const std::string& with) {
    venue.on(Heartbeat{account, with});
    return venue.out.heartbeats.at(0);
  }
  void beat() {
    const HeartbeatAnswer answer = beat(id);
    ASSERT_TRUE(answer.valid);
    id = answer.next;
  }
  void rest_order() {
    accepted(venue.submit(account, market, Outcome::Yes, Side::Buy, "0.40", "10"));
  }
  std::size_t open() { return venue.exchange.engine().open_orders(account).size(); }
  // When everything open was canceled, in steps of a second; kStart when it was not.
  Timestamp wait_for_cancel(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      venue.advance(1s);
      if (open() == 0) return venue.now;
    }
    return kStart;
  }
};

TEST_F(DeadManTest, NothingIsCanceledWhileNoHeartbeatWasEverSent) {
  rest_order();
  venue.advance(1h);
  EXPECT_EQ(open(), 1U);
}

TEST_F(DeadManTest, EachHeartbeatNamesTheIdOfTheNext) {
  const HeartbeatAnswer first = beat("");
  EXPECT_TRUE(first.valid);
  EXPECT_FALSE(first.next.empty());
  const HeartbeatAnswer second = beat(first.next);
  EXPECT_TRUE(second.valid);
  EXPECT_NE(second.next, first.next);
}

TEST_F(DeadManTest, AWrongIdIsRefusedWithTheOneExpected) {
  beat();
  for (const char* wrong : {"", "something else"}) {
    const HeartbeatAnswer answer = beat(std::string(wrong));
    EXPECT_FALSE(answer.valid);
    EXPECT_EQ(answer.next, id);
  }
  EXPECT_TRUE(beat(id).valid);
}

TEST_F(DeadManTest, CancelsEverythingAtTheFirstLookAfterTenSecondsOfSilence) {
  rest_order();
  rest_order();
  venue.advance(2s);  // the venue looks at multiples of five seconds, and kStart is one of them
  beat();
  venue.advance(10s);
  EXPECT_EQ(open(), 2U) << "ten seconds are over, but no check has come yet";
  venue.advance(3s);
  EXPECT_EQ(open(), 0U);
  const auto told = of_type<OrderOutput>(venue.out.account);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].update.status, VenueOrderStatus::Canceled);
  EXPECT_EQ(told[0].update.reason, kHeartbeatReason);
  EXPECT_TRUE(venue.exchange.dead_man_switch().lapsed(account));
}

TEST_F(DeadManTest, HeartbeatsEachFiveSecondsKeepEverything) {
  rest_order();
  for (int i = 0; i < 60; ++i) {
    beat();
    venue.advance(5s);
  }
  EXPECT_EQ(open(), 1U);
}

TEST_F(DeadManTest, ARefusedHeartbeatDoesNotCount) {
  rest_order();
  beat();
  for (int i = 0; i < 4; ++i) {
    venue.advance(4s);
    EXPECT_FALSE(beat("wrong").valid);
  }
  EXPECT_EQ(open(), 0U);
}

TEST_F(DeadManTest, WhatArrivesAfterTheLapseIsCanceledAtTheNextLook) {
  beat();
  venue.advance(16s);
  rest_order();
  EXPECT_EQ(wait_for_cancel(6), kStart + 20s);
}

TEST_F(DeadManTest, AValidHeartbeatEndsTheLapse) {
  beat();
  venue.advance(20s);
  beat();
  EXPECT_FALSE(venue.exchange.dead_man_switch().lapsed(account));
  rest_order();
  venue.advance(9s);
  EXPECT_EQ(open(), 1U);
}

TEST_F(DeadManTest, OtherAccountsAreLeftAlone) {
  const AccountId other = venue.open(2);
  accepted(venue.submit(other, market, Outcome::Yes, Side::Buy, "0.40", "10"));
  rest_order();
  beat();
  venue.advance(20s);
  EXPECT_EQ(open(), 0U);
  EXPECT_EQ(venue.exchange.engine().open_orders(other).size(), 1U);
}

TEST_F(DeadManTest, TheAnswersToARequestAreItsOwn) {
  rest_order();
  beat();
  venue.now += 20s;  // the lapse is worked off by the cancel's own turn
  const auto mine = venue.order(market, Outcome::Yes, Side::Buy, "0.30", "10");
  venue.on(CancelOrders{account, {mine.id}});
  ASSERT_EQ(venue.out.cancels.size(), 1U);
  EXPECT_EQ(venue.out.cancels[0].order, mine.id);
}

TEST_F(DeadManTest, IsPartOfTheStateThatSurvivesARestart) {
  rest_order();
  beat();
  const std::string state = venue.exchange.save();
  Venue again;
  ASSERT_TRUE(again.exchange.load(state));
  again.now = venue.now;
  again.on(Heartbeat{account, id});
  EXPECT_TRUE(again.out.heartbeats.at(0).valid);
  again.advance(20s);
  EXPECT_TRUE(again.exchange.engine().open_orders(account).empty());
}

// The data that stands at the end of a state since then.
TEST_F(DeadManTest, AStateFromBeforeItsLastPartsCanStillBeRead) {
  rest_order();
  const std::string state = venue.exchange.save();
  std::string end;
  Saver saver(end);
  KeyRing keys = venue.exchange.key_ring();
  OrderOrigins origins = venue.exchange.origins();
  TradeTape tape = venue.exchange.tape();
  Notices notices = venue.exchange.notices();
  venue.exchange.faults().latest_fields(saver);
  const std::size_t latest = end.size();
  ChainCopies copies = venue.exchange.chain_copies();
  saver(copies);
  const std::size_t chain = end.size();
  saver(keys, origins, tape, notices);
  const std::size_t records = end.size();
  venue.exchange.faults().later_fields(saver);
  constexpr std::size_t kNoChains = sizeof(std::uint32_t);  // an empty map
  for (const std::size_t missing : {latest, chain, records, end.size(), end.size() + kNoChains}) {
    Venue again;
    EXPECT_TRUE(again.exchange.load(std::string_view(state).substr(0, state.size() - missing)));
    EXPECT_EQ(again.exchange.engine().open_orders(account).size(), 1U);
    // Before there were keys its owner had one, though none was written down.
    EXPECT_EQ(again.exchange.key_ring().active({account, KeyKind::Api, 0}), missing >= records);
  }
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
