// The venue may or may not have the order: only proof ends that, and it is never sent again.
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);

struct Ambiguous : testing::Test {
  void SetUp() override {
    rig.bring_up();
    id = rig.buy(kArb, kMarket, "0.52", "25");
    rig.lose_answer(id);
  }
  Rig rig;
  ClientOrderId id;
};

TEST_F(Ambiguous, KeepsItsReserveAndIsDeletedByIdAtOnce) {
  EXPECT_EQ(rig.status(id), OrderStatus::Ambiguous);
  ASSERT_EQ(rig.cancels.size(), 1U);
  EXPECT_EQ(rig.cancels[0], rig.venue_id(id));
  EXPECT_GT(rig.order(id).reserved_cash(), usd("13"));
  EXPECT_EQ(rig.snapshot(kArb).orders_ambiguous, 1U);
}

TEST_F(Ambiguous, IsNeverSentAgain) {
  rig.advance(seconds(40));
  EXPECT_EQ(rig.submits.size(), 1U);
}

TEST_F(Ambiguous, IsDeletedWithBackOffUntilTheHoldIsOver) {
  Settings settings = test_settings();
  settings.ambiguous_hold = seconds(30);
  Rig slow(settings);
  slow.bring_up();
  const ClientOrderId lost = slow.buy(kArb, kMarket, "0.52", "25");
  slow.lose_answer(lost);
  slow.advance(seconds(29));
  EXPECT_EQ(slow.status(lost), OrderStatus::Ambiguous);
  EXPECT_GE(slow.cancels.size(), 8U);
  EXPECT_LE(slow.cancels.size(), 12U);
  slow.advance(seconds(3));
  EXPECT_EQ(slow.status(lost), OrderStatus::Rejected);
}

TEST_F(Ambiguous, IsProvenEvenByATradeThatFailed) {
  rig.step(rig.taker_trade(id, "failed", "25", "0.52", VenueTradeStatus::Failed));
  EXPECT_EQ(rig.status(id), OrderStatus::Accepted);
  EXPECT_TRUE(rig.order(id).filled.is_zero());
  rig.expect_sound();
}

TEST_F(Ambiguous, WasAtTheVenueWhenItIsRefusedAtTheEndOfADelay) {
  rig.step(rig.update(id, VenueOrderStatus::Unmatched));
  EXPECT_EQ(rig.status(id), OrderStatus::Rejected);
  EXPECT_TRUE(rig.order(id).entered_status(OrderStatus::Accepted));
  EXPECT_EQ(rig.snapshot(kArb).counters.orders_refused_late, 1U);
  rig.expect_sound();
}

TEST_F(Ambiguous, IsWrittenOffWhenNoTraceIsLeftAfterTheHold) {
  rig.answer_cancel(id, CancelAnswered::Result::NotFound);
  EXPECT_EQ(rig.status(id), OrderStatus::Ambiguous)
      << "not found is no proof while it may be on its way";
  rig.advance(milliseconds(200));
  rig.step(rig.account());
  EXPECT_EQ(rig.status(id), OrderStatus::Ambiguous) << "nor is a reading before the hold is over";
  rig.advance(seconds(1));
  EXPECT_EQ(rig.status(id), OrderStatus::Rejected);
  EXPECT_EQ(rig.order(id).reject_reason, RejectReason::NotFoundAtVenue);
  EXPECT_EQ(rig.snapshot(kArb).counters.orders_written_off, 1U);
  EXPECT_TRUE(rig.order(id).reserved_cash().is_zero());
  rig.expect_sound();
}

TEST_F(Ambiguous, IsThereWhenTheVenueHoldsItBack) {
  rig.answer_cancel(id, CancelAnswered::Result::NotCanceled);
  EXPECT_EQ(rig.status(id), OrderStatus::Accepted);
}

TEST_F(Ambiguous, CountsTheHoldFromTheLastByteThatCouldHaveLeft) {
  const ClientOrderId slow = rig.buy(kArb, kMarket, "0.52", "25");
  rig.step(SubmitAnswered{rig.venue_id(slow),
                          SubmitAmbiguous{AmbiguityCause::Timeout, rig.now + seconds(5)}});
  rig.advance(seconds(5));
  EXPECT_EQ(rig.status(slow), OrderStatus::Ambiguous);
  rig.advance(seconds(1));
  EXPECT_EQ(rig.status(slow), OrderStatus::Rejected);
}

TEST_F(Ambiguous, IsNotWrittenOffByAReadingWhoseTradesBeginTooLate) {
  rig.venue_reads = false;
  rig.advance(seconds(1));
  VenueAccount reading = rig.account();
  reading.trades_since = rig.now;
  rig.step(reading);
  EXPECT_EQ(rig.status(id), OrderStatus::Ambiguous);
}

TEST_F(Ambiguous, IsAcceptedWhenAnOpenOrderNamesIt) {
  rig.venue_open = {rig.update(id, VenueOrderStatus::Live)};
  rig.step(rig.account());
  EXPECT_EQ(rig.status(id), OrderStatus::Accepted);
  rig.advance(seconds(2));
  EXPECT_GT(rig.cancels.size(), 1U) << "and is still taken away";
  rig.answer_cancel(id, CancelAnswered::Result::Canceled);
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
}

TEST_F(Ambiguous, IsFilledWhenATradeNamesIt) {
  rig.step(rig.taker_trade(id, "t1", "25", "0.52"));
  EXPECT_EQ(rig.status(id), OrderStatus::Filled);
  EXPECT_EQ(rig.position(kArb, kMarket).yes, shares("25"));
  rig.expect_sound();
}

TEST_F(Ambiguous, IsCanceledWhenOurDeleteFoundIt) {
  rig.answer_cancel(id, CancelAnswered::Result::Canceled);
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
  EXPECT_EQ(rig.order(id).cancel_reason, CancelReason::Ambiguous);
}

TEST_F(Ambiguous, TimeoutButFilledBooksOneFill) {
  rig.venue_trades = {rig.taker_trade(id, "t1", "25", "0.52")};
  rig.advance(seconds(2));
  EXPECT_EQ(rig.status(id), OrderStatus::Filled);
  EXPECT_EQ(rig.count<OrderFilled>(), 1U);
  EXPECT_EQ(rig.submits.size(), 1U);
}

TEST_F(Ambiguous, ComesBackToLifeAfterItWasWrittenOff) {
  const VenueOrderUpdate alive = rig.update(id, VenueOrderStatus::Live);
  const VenueTrade trade = rig.taker_trade(id, "late", "10", "0.52");
  rig.advance(seconds(1));
  ASSERT_EQ(rig.status(id), OrderStatus::Rejected);
  rig.forget_outputs();
  rig.step(alive);
  EXPECT_EQ(rig.status(id), OrderStatus::Accepted);
  EXPECT_EQ(rig.cancels.size(), 1U) << "what was written off is cancelled";
  rig.step(trade);
  EXPECT_EQ(rig.position(kArb, kMarket).yes, shares("10"));
  rig.answer_cancel(id, CancelAnswered::Result::Canceled);
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
  const auto counters = rig.snapshot(kArb).counters;
  EXPECT_EQ(counters.orders_resurrected, 1U);
  EXPECT_EQ(counters.orders_corrected, 1U);
  EXPECT_EQ(rig.orders(kArb, OrderStatus::Rejected), 1U);
  EXPECT_EQ(rig.orders(kArb, OrderStatus::Canceled), 0U) << "ended once, counted once";
  rig.expect_sound();
}

TEST_F(Ambiguous, BooksALateTradeOfAnOrderThatWasWrittenOff) {
  const VenueTrade trade = rig.taker_trade(id, "late", "25", "0.52");
  rig.advance(seconds(1));
  rig.step(trade);
  EXPECT_EQ(rig.status(id), OrderStatus::Filled);
  EXPECT_EQ(rig.position(kArb, kMarket).yes, shares("25"));
  EXPECT_EQ(rig.snapshot(kArb).counters.orders_resurrected, 1U);
  rig.expect_sound();
}

TEST_F(Ambiguous, DoesNotComeBackBecauseARefusalIsToldTwice) {
  const ClientOrderId refused = rig.buy(kArb, kMarket, "0.52", "25");
  rig.reject(refused);
  VenueOrderUpdate told = rig.update(refused, VenueOrderStatus::Canceled);
  rig.step(told);
  EXPECT_EQ(rig.status(refused), OrderStatus::Rejected);
}

// The answer to an order in a market with a taker delay can come after the end of the delay.
TEST_F(Ambiguous, DoesNotComeBackBecauseItsRefusalHasOvertakenItsAnswer) {
  rig.step(rig.update(id, VenueOrderStatus::Delayed));
  rig.step(rig.update(id, VenueOrderStatus::Unmatched));
  ASSERT_EQ(rig.status(id), OrderStatus::Rejected);
  rig.accept(id, SubmitAccepted::State::Delayed);
  rig.step(rig.update(id, VenueOrderStatus::Delayed));
  EXPECT_EQ(rig.status(id), OrderStatus::Rejected);
  EXPECT_EQ(rig.count<OrderResurrected>(), 0U);
}

TEST(Restart, TurnsUnansweredIntentsAmbiguousAndSendsNothingAgain) {
  Rig rig;
  rig.bring_up();
  const ClientOrderId unanswered = rig.buy(kArb, kMarket, "0.52", "25");
  const ClientOrderId answered = rig.buy(kArb, kMarket, "0.52", "30");
  rig.accept(answered);
  OrderManager again = rig.folded();
  Outputs out;
  again.start(0, rig.now + seconds(1), out);
  EXPECT_EQ(again.ledger().orders().find(unanswered)->status, OrderStatus::Ambiguous);
  EXPECT_EQ(again.ledger().orders().find(unanswered)->ambiguity, AmbiguityCause::Restarted);
  EXPECT_EQ(again.ledger().orders().find(answered)->status, OrderStatus::Accepted);
  EXPECT_TRUE(out.after_commit.submits.empty());
  EXPECT_EQ(out.at_once.cancels.size(), 1U);
}

TEST(Restart, IsNotReadyBeforeTheAccountIsReconciled) {
  Rig rig;
  EXPECT_FALSE(rig.core.not_ready().empty());
  rig.start();
  EXPECT_TRUE(rig.reads.empty()) << "nothing is read before the user channel is up";
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  ASSERT_EQ(rig.reads.size(), 1U);
  EXPECT_EQ(rig.core.not_ready(), std::vector{NotReady::NotReconciled});
  rig.cash = usd("500");
  rig.answer_account();
  EXPECT_TRUE(rig.core.not_ready().empty());
  EXPECT_EQ(rig.core.ledger().portfolio().cash(), usd("500"));
}

}  // namespace
}  // namespace polybot::order_manager::test
