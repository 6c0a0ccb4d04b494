#include "services/order-manager/core/account/account_readings.hpp"

#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

struct ReadingsAlone : ::testing::Test {
  Bench bench;
  QuoteBoard quotes{bench.settings.quote_age_max};
  OrderWatches watches;
  UnreadRows unread{bench.readiness};
  Claims claims;
  Balances balances{bench.settings, quotes};
  AccountReadings readings{bench.settings, bench.readiness, watches, unread, claims, balances};

  std::size_t drive() {
    Turn turn = bench.turn();
    readings.drive(turn);
    return bench.reads<ReadAccount>().size();
  }
  Timestamp asked_since() const { return bench.reads<ReadAccount>().back().trades_since; }
};

TEST_F(ReadingsAlone, WaitForTheChannelAndTheClock) {
  EXPECT_EQ(drive(), 0U);
  bench.readiness.user_channel(Link::Up, bench.now);
  EXPECT_EQ(drive(), 0U);
  bench.readiness.clock({});
  EXPECT_EQ(drive(), 1U);
}

TEST_F(ReadingsAlone, AreAskedForOneAtATime) {
  bench.make_ready();
  EXPECT_EQ(drive(), 1U);
  readings.want();
  bench.now += seconds(5);
  EXPECT_EQ(drive(), 1U);
  readings.failed();
  EXPECT_EQ(readings.failures(), 1U);
  EXPECT_EQ(drive(), 2U);
}

TEST_F(ReadingsAlone, KeepAPauseBetweenThem) {
  bench.make_ready();
  drive();
  readings.answered(bench.now);
  readings.want();
  EXPECT_EQ(drive(), 1U);
  bench.now += bench.settings.account_read_pause;
  EXPECT_EQ(drive(), 2U);
}

TEST_F(ReadingsAlone, WaitAsLongAsTheVenueAsks) {
  bench.make_ready();
  readings.throttled(bench.now + seconds(30));
  EXPECT_EQ(drive(), 0U);
  bench.now += seconds(30);
  EXPECT_EQ(drive(), 1U);
}

TEST_F(ReadingsAlone, GoBackToTheLastOne) {
  bench.make_ready();
  drive();
  EXPECT_EQ(asked_since(), bench.ledger.opened_at() - kTradesMargin);
  bench.now += seconds(10);
  readings.answered(bench.now);
  readings.want();
  drive();
  EXPECT_EQ(asked_since(), bench.now - kTradesMargin);
}

TEST_F(ReadingsAlone, GoBackToAnOrderWithoutAnAnswer) {
  bench.make_ready();
  bench.record(MarketRecorded{make_market(1)});
  bench.submit(1, make_market(1), Side::Buy, "10");
  const Timestamp submitted_at = bench.now;
  bench.now += seconds(10);
  readings.answered(bench.now);
  drive();
  EXPECT_EQ(asked_since(), submitted_at - kTradesMargin);
}

// A trade can stay MATCHED for ever: it must not make each reading cover all the time since.
TEST_F(ReadingsAlone, AskForATradeThatIsStuckByItsId) {
  bench.make_ready();
  bench.record(MarketRecorded{make_market(1)});
  const ClientOrderId id = bench.submit(1, make_market(1), Side::Buy, "10");
  const Timestamp matched_at = bench.now;
  bench.fill(id, "stuck", "10", FillStatus::Matched);
  bench.now += std::chrono::minutes(5);
  readings.answered(bench.now);
  drive();
  EXPECT_EQ(asked_since(), matched_at - kTradesMargin) << "it may yet become final";
  EXPECT_TRUE(bench.reads<ReadAccount>().back().trades.empty());
  bench.now += std::chrono::hours(3);
  readings.answered(bench.now);
  readings.want();
  drive();
  EXPECT_EQ(asked_since(), bench.now - kTradesMargin);
  EXPECT_EQ(bench.reads<ReadAccount>().back().trades, std::vector<TradeId>{{"stuck"}});
}

TEST_F(ReadingsAlone, AreDueWhenADoubtIsOldEnough) {
  bench.make_ready();
  const ClientOrderId id = bench.submit(1, make_market(1), Side::Buy, "10");
  bench.record(kArb, OrderAmbiguous{id, AmbiguityCause::Timeout, bench.now});
  watches[id].last_byte_at = bench.now;
  drive();
  readings.answered(bench.now);
  readings.compared(bench.now, false);
  bench.now += bench.settings.ambiguous_hold - milliseconds(1);
  EXPECT_EQ(drive(), 1U);
  bench.now += seconds(1);
  EXPECT_EQ(drive(), 2U);
}

TEST_F(ReadingsAlone, CompareSoonAgainWhatHadToWait) {
  bench.make_ready();
  bench.record(MarketRecorded{make_market(1)});
  bench.hold(1, make_market(1), "10");
  drive();
  readings.answered(bench.now);
  readings.compared(bench.now, true);
  bench.now += seconds(2);
  EXPECT_EQ(drive(), 1U);
  bench.now += seconds(2);
  EXPECT_EQ(drive(), 2U);
  readings.answered(bench.now);
  readings.compared(bench.now, false);
  bench.now += seconds(4);
  EXPECT_EQ(drive(), 2U) << "all have been compared";
}

TEST_F(ReadingsAlone, CompareWhatIsHeldOnceReconciled) {
  bench.make_ready();
  bench.record(MarketRecorded{make_market(1)});
  bench.hold(1, make_market(1), "10");
  drive();
  const auto tokens = bench.reads<ReadAccount>().back().tokens;
  EXPECT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens.front(), make_market(1).yes_token);
}

}  // namespace
}  // namespace polybot::order_manager::test
