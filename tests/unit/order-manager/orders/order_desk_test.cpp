#include "services/order-manager/core/orders/order_desk.hpp"

#include "services/order-manager/core/orders/exits.hpp"
#include "services/order-manager/core/orders/last_cancels.hpp"
#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

struct DeskOnTheBench : ::testing::Test {
  Bench bench;
  MarketWatches markets;
  QuoteBoard quotes{bench.settings.quote_age_max};
  OrderWatches watches;
  OrderDesk desk{bench.settings, fake_identity, bench.readiness, markets, quotes, watches};
  Exits exits{bench.settings, quotes, desk};
  const Market market = make_market(1);

  DeskOnTheBench() {
    bench.record(MarketRecorded{market});
    bench.record(DayOpened{utc_date(bench.now), {}});
    quote("0.50", "0.52");
  }
  void quote(const char* bid, const char* ask) {
    quotes.update({},
                  {.market = market.id,
                   .bid = level(bid, "1000"),
                   .ask = level(ask, "1000"),
                   .stamped_at = bench.now},
                  bench.now);
  }
  OrderDraft draft(std::uint64_t number = 1) const {
    return {.id = {{kRunner, number}, 0},
            .strategy = kArb,
            .instrument = {market.id, Outcome::Yes},
            .limit = price("0.50"),
            .quantity = shares("10")};
  }
  DenyReason submit(const OrderDraft& order, Timestamp tick_at = {}) {
    Turn turn = bench.turn();
    return desk.submit(turn, {order}, tick_at);
  }
  bool sell(std::uint64_t number, const char* quantity) {
    Turn turn = bench.turn();
    return exits.sell(turn, {{kRunner, number}, 0},
                      {kArb, {market.id, Outcome::Yes}, shares(quantity)}, OrderPurpose::Flatten,
                      {});
  }
  const std::vector<SubmitBatch>& submits() const { return bench.outputs.after_commit.submits; }
};

TEST_F(DeskOnTheBench, SendsNothingBeforeTheAccountIsReconciled) {
  EXPECT_EQ(submit(draft()), DenyReason::NotReady);
  bench.make_ready();
  bench.readiness.rest(Link::Down);
  EXPECT_EQ(submit(draft()), DenyReason::VenueUnavailable);
  bench.readiness.rest(Link::Up);
  bench.readiness.clock(seconds(5));
  EXPECT_EQ(submit(draft()), DenyReason::ClockSkew);
  EXPECT_TRUE(submits().empty());
}

TEST_F(DeskOnTheBench, RecordsAnOrderBeforeItLeaves) {
  bench.make_ready();
  ASSERT_EQ(submit(draft(), bench.now), DenyReason::None);
  ASSERT_EQ(bench.recorded<OrderSubmitted>().size(), 1U);
  ASSERT_EQ(submits().size(), 1U);
  EXPECT_EQ(submits().front().tick_at, bench.now);
  EXPECT_EQ(submits().front().orders.front(), bench.recorded<OrderSubmitted>().front().order);
}

TEST_F(DeskOnTheBench, RepeatsACancelUntilTheOrderIsGone) {
  const ClientOrderId id = bench.submit(1, market, Side::Buy, "10");
  const auto& cancels = bench.outputs.at_once.cancels;
  Turn turn = bench.turn();
  desk.cancel(turn, id, CancelReason::Operator);
  desk.cancel(turn, id, CancelReason::Operator);
  EXPECT_EQ(cancels.size(), 1U);
  bench.now += bench.settings.cancel_retry_min;
  Turn later = bench.turn();
  desk.drive_cancels(later);
  desk.drive_cancels(later);
  EXPECT_EQ(cancels.size(), 2U);
  later.record(bench.order(id), OrderCanceled{id, CancelReason::Operator});
  bench.now += seconds(10);
  Turn last = bench.turn();
  desk.drive_cancels(last);
  EXPECT_EQ(cancels.size(), 2U);
  EXPECT_TRUE(watches.empty());
}

TEST_F(DeskOnTheBench, ExitsBelowTheBestBid) {
  bench.make_ready();
  bench.hold(1, market, "10");
  EXPECT_TRUE(sell(2, "10"));
  ASSERT_EQ(submits().size(), 1U);
  const Order& order = submits().front().orders.front();
  EXPECT_EQ(order.limit, price("0.45"));
  EXPECT_EQ(order.quantity, shares("10"));
  EXPECT_EQ(order.side, Side::Sell);
}

TEST_F(DeskOnTheBench, PacesExitsThatTheVenueRefuses) {
  bench.make_ready();
  bench.hold(1, market, "30");
  EXPECT_TRUE(sell(2, "10"));
  exits.refused({market.id, Outcome::Yes}, bench.now);
  bench.now += bench.settings.unwind_pause;
  EXPECT_TRUE(sell(3, "10"));
  EXPECT_EQ(submits().size(), 1U);
  bench.now += bench.settings.unwind_pause;
  EXPECT_TRUE(sell(3, "10"));
  EXPECT_EQ(submits().size(), 2U);
}

TEST_F(DeskOnTheBench, HasNothingToWaitForOnceAMarketIsOver) {
  bench.hold(1, market, "10");
  Market closed = market;
  closed.status = MarketStatus::Closed;
  bench.record(MarketRecorded{closed});
  EXPECT_FALSE(sell(2, "10"));
}

TEST(LastCancels, AreSentUntilTheVenueSaysThatTheyAreGone) {
  Bench bench;
  LastCancels last(bench.settings);
  const ClientOrderId first = bench.submit(1, make_market(1), Side::Buy, "10");
  bench.submit(2, make_market(1), Side::Buy, "10");
  Turn turn = bench.turn();
  last.begin(turn);
  EXPECT_EQ(bench.outputs.at_once.cancels.size(), 2U);
  const VenueOrderId gone = bench.order(first).order.venue_id;
  last.on(turn, CancelAnswered{gone, CancelAnswered::Result::Canceled, {}});
  last.on(turn, TimerFired{});
  EXPECT_EQ(bench.outputs.at_once.cancels.size(), 2U);
  bench.now += bench.settings.cancel_retry_max;
  Turn later = bench.turn();
  last.on(later, TimerFired{});
  EXPECT_EQ(bench.outputs.at_once.cancels.size(), 3U);
}

}  // namespace
}  // namespace polybot::order_manager::test
