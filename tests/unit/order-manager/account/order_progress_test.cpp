#include "services/order-manager/core/account/order_progress.hpp"

#include "services/order-manager/core/account/account.hpp"
#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

struct AccountAlone : ::testing::Test {
  Bench bench;
  MarketWatches markets;
  QuoteBoard quotes{bench.settings.quote_age_max};
  OrderWatches watches;
  OrderDesk desk{bench.settings, fake_identity, bench.readiness, markets, quotes, watches};
  Exits exits{bench.settings, quotes, desk};
  Account account{bench.settings, bench.readiness, quotes, markets, desk, exits, watches};
  const Market market = make_market(1);
  ClientOrderId id;

  AccountAlone() {
    bench.make_ready();
    bench.record(MarketRecorded{market});
    id = bench.submit(1, market, Side::Buy, "10");
    bench.outputs.clear();
  }
  const OrderRecord& order() const { return bench.order(id); }
  bool answer(SubmitOutcome outcome) {
    Turn turn = bench.turn();
    return account.progress.answered(turn, SubmitAnswered{order().order.venue_id, outcome});
  }
  void update(VenueOrderStatus status, const char* matched) {
    const Order& of = order().order;
    Turn turn = bench.turn();
    account.progress.updated(turn, {of.venue_id, market.id, of.fields.token, of.side, status,
                                    of.limit, of.quantity, shares(matched), "", bench.now});
  }
  VenueTrade trade(const VenueOrderId& taker, VenueTradeStatus status) const {
    VenueTrade made;
    made.id = {"t-1"};
    made.status = status;
    made.taker_order = taker;
    made.market = market.id;
    made.token = market.yes_token;
    made.quantity = shares("10");
    made.price = price("0.50");
    made.we_are_taker = true;
    made.matched_at = bench.now;
    return made;
  }
  void tell(const VenueTrade& made) {
    Turn turn = bench.turn();
    account.trades.told(turn, made);
  }
  void reconcile(VenueAccount reading) {
    reading.collateral = usd("1000");
    reading.read_at = bench.now;
    Turn turn = bench.turn();
    account.reconcile(turn, reading);
  }
};

TEST_F(AccountAlone, RecordsARefusalOnce) {
  EXPECT_TRUE(answer(SubmitRejected{RejectReason::NotFilled, "no"}));
  EXPECT_FALSE(answer(SubmitRejected{RejectReason::NotFilled, "no"}));
  EXPECT_EQ(bench.recorded<OrderRejected>().size(), 1U);
}

TEST_F(AccountAlone, TakesADuplicateForASignOfLife) {
  EXPECT_FALSE(answer(SubmitRejected{RejectReason::Duplicated, "again"}));
  EXPECT_EQ(order().status, OrderStatus::Accepted);
}

TEST_F(AccountAlone, CancelsWhatIsInDoubt) {
  answer(SubmitAmbiguous{AmbiguityCause::Timeout, bench.now});
  EXPECT_EQ(order().status, OrderStatus::Ambiguous);
  EXPECT_EQ(bench.outputs.at_once.cancels.size(), 1U);
}

TEST_F(AccountAlone, EndsAnOrderOnceTheFillsItNamesAreIn) {
  update(VenueOrderStatus::Canceled, "4");
  EXPECT_FALSE(order().terminal());
  VenueTrade made = trade(order().order.venue_id, VenueTradeStatus::Matched);
  made.quantity = shares("4");
  tell(made);
  EXPECT_EQ(order().status, OrderStatus::Canceled);
  EXPECT_EQ(order().filled, shares("4"));
}

TEST_F(AccountAlone, WaitsForToldFillsWhenACancelIsAnswered) {
  answer(SubmitAccepted{SubmitAccepted::State::Live, {}});
  update(VenueOrderStatus::Live, "4");
  Turn turn = bench.turn();
  account.progress.answered(
      turn, CancelAnswered{order().order.venue_id, CancelAnswered::Result::Canceled, {}});
  EXPECT_FALSE(order().terminal());
  VenueTrade made = trade(VenueOrderId{}, VenueTradeStatus::Matched);
  made.we_are_taker = false;
  made.makers = {{.order = order().order.venue_id,
                  .token = market.yes_token,
                  .side = Side::Buy,
                  .quantity = shares("4"),
                  .price = price("0.50")}};
  tell(made);
  EXPECT_EQ(order().status, OrderStatus::Canceled);
  EXPECT_EQ(order().filled, shares("4"));
}

TEST_F(AccountAlone, EndsAnOrderWhoseFillsNoLaterReadingShows) {
  update(VenueOrderStatus::Canceled, "4");
  bench.now += seconds(1);
  reconcile({});
  EXPECT_EQ(order().status, OrderStatus::Canceled);
}

TEST_F(AccountAlone, BooksATradeOnceAndTakesItBackWhenItFails) {
  const VenueOrderId taker = order().order.venue_id;
  tell(trade(taker, VenueTradeStatus::Matched));
  tell(trade(taker, VenueTradeStatus::Matched));
  tell(trade(taker, VenueTradeStatus::Mined));
  EXPECT_EQ(bench.recorded<OrderFilled>().size(), 1U);
  EXPECT_EQ(bench.recorded<FillAdvanced>().size(), 1U);
  tell(trade(taker, VenueTradeStatus::Failed));
  tell(trade(taker, VenueTradeStatus::Mined));  // stays failed
  EXPECT_EQ(bench.recorded<FillReversed>().size(), 1U);
  EXPECT_EQ(bench.recorded<FillAdvanced>().size(), 1U);
}

TEST_F(AccountAlone, BooksTradesOfOthersToNoStrategyOfOurs) {
  tell(trade(id_of<VenueOrderId>(77), VenueTradeStatus::Confirmed));
  ASSERT_EQ(bench.recorded<OrderSubmitted>().size(), 1U);
  EXPECT_EQ(bench.recorded<OrderSubmitted>().front().order.strategy, kExternal);
  EXPECT_EQ(bench.recorded<OrderFilled>().size(), 1U);
}

TEST_F(AccountAlone, AsksForTheMarketOfAForeignTrade) {
  VenueTrade made = trade(id_of<VenueOrderId>(77), VenueTradeStatus::Confirmed);
  made.market = make_market(9).id;
  made.token = make_market(9).yes_token;
  tell(made);
  EXPECT_TRUE(bench.recorded<OrderSubmitted>().empty());
  EXPECT_EQ(bench.reads<ReadMarket>().size(), 1U);
  EXPECT_EQ(account.unread.unbooked_since(), bench.now);
}

TEST_F(AccountAlone, WritesOffWhatNoReadingAfterTheHoldShows) {
  answer(SubmitAmbiguous{AmbiguityCause::Timeout, bench.now});
  reconcile({});
  EXPECT_EQ(order().status, OrderStatus::Ambiguous);
  bench.now += bench.settings.ambiguous_hold;
  reconcile({});
  EXPECT_EQ(order().status, OrderStatus::Rejected);
  EXPECT_EQ(order().reject_reason, RejectReason::NotFoundAtVenue);
}

TEST_F(AccountAlone, EndsAMissingOrderOnceTwoReadingsAgree) {
  update(VenueOrderStatus::Live, "0");
  bench.now += seconds(1);
  reconcile({});
  EXPECT_FALSE(order().terminal());
  bench.now += bench.settings.missing_hold;
  reconcile({});
  EXPECT_EQ(order().status, OrderStatus::Canceled);
}

}  // namespace
}  // namespace polybot::order_manager::test
