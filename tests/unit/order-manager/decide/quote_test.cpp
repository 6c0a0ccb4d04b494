// Targets are kept up as resting orders, and withdrawn when their conditions are gone.
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);

struct Quotes : testing::Test {
  void SetUp() override { rig.bring_up(); }
  void quote(const char* bid, const char* ask, const char* quantity = "20") {
    rig.send(rig.quote_signal(kFarm, kMarket, level(bid, quantity), level(ask, quantity)));
  }
  void accept_all() {
    for (const Order& order : rig.open_orders()) {
      if (rig.status(order.id) == OrderStatus::Submitted) rig.accept(order.id);
    }
  }
  void cancel_all() {
    for (const Order& order : rig.open_orders()) {
      if (rig.order(order.id).cancel_requested)
        rig.answer_cancel(order.id, CancelAnswered::Result::Canceled);
    }
  }
  std::size_t leaving() const {
    std::size_t count = 0;
    for (const Order& order : rig.open_orders())
      count += rig.order(order.id).cancel_requested ? 1U : 0U;
    return count;
  }
  Rig rig;
};

TEST_F(Quotes, RestPostOnlyOnBothSides) {
  quote("0.45", "0.55");
  const auto open = rig.open_orders();
  ASSERT_EQ(open.size(), 2U);
  for (const Order& order : open) {
    EXPECT_TRUE(order.post_only);
    EXPECT_EQ(order.time_in_force, TimeInForce::Gtc);
    EXPECT_EQ(order.purpose, OrderPurpose::Quote);
  }
  rig.expect_sound();
}

TEST_F(Quotes, AreReplacedAfterTheOldOnesAreGone) {
  quote("0.45", "0.55");
  accept_all();
  quote("0.46", "0.55");
  EXPECT_EQ(leaving(), 1U) << "only the side that changed";
  EXPECT_EQ(rig.open_orders().size(), 2U);
  cancel_all();
  rig.advance(milliseconds(100));
  const auto open = rig.open_orders();
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open.back().limit, price("0.46"));
}

TEST_F(Quotes, StayWhenTheNewTargetIsTheSame) {
  quote("0.45", "0.55");
  accept_all();
  rig.forget_outputs();
  for (int i = 0; i < 5; ++i) quote("0.45", "0.55", "18");
  EXPECT_TRUE(rig.submits.empty());
  EXPECT_TRUE(rig.cancels.empty());
}

TEST_F(Quotes, AreNotRefilledBeforeTheirStrategyHasSeenTheFill) {
  quote("0.45", "0.55");
  accept_all();
  const ClientOrderId bid = rig.open_orders().front().id;
  rig.forget_outputs();
  rig.step(rig.maker_trade(bid, "t1", "20"));
  rig.advance(seconds(1));
  EXPECT_TRUE(rig.submits.empty());
  quote("0.45", "0.55");
  EXPECT_EQ(rig.submits.size(), 1U);
}

TEST_F(Quotes, AreWithdrawnByAnEmptyTarget) {
  quote("0.45", "0.55");
  rig.send(rig.quote_signal(kFarm, kMarket, std::nullopt, std::nullopt));
  EXPECT_EQ(leaving(), 2U);
  cancel_all();
  rig.advance(seconds(2));
  EXPECT_TRUE(rig.open_orders().empty());
}

TEST_F(Quotes, SellInventoryFirst) {
  rig.hold(kFarm, kMarket, "0.52", "30");
  quote("0.45", "0.55", "20");
  bool sells = false;
  for (const Order& order : rig.open_orders()) {
    sells = sells || (order.side == Side::Sell && order.instrument.outcome == Outcome::Yes &&
                      order.quantity == shares("20"));
  }
  EXPECT_TRUE(sells);
}

TEST_F(Quotes, AreCancelledWhenTheLeaseExpires) {
  quote("0.45", "0.55");
  accept_all();
  rig.runner_lives = false;
  rig.advance(seconds(2));
  EXPECT_EQ(leaving(), 0U);
  rig.advance(seconds(2));
  EXPECT_EQ(leaving(), 2U);
  EXPECT_EQ(rig.recorded<CancelRequested>().back().reason, CancelReason::LeaseLost);
}

TEST_F(Quotes, ArePassedOnInAnOrderlyRelease) {
  quote("0.45", "0.55");
  accept_all();
  rig.runner_lives = false;
  rig.step(RunnerAnnounced{{"runner-1"}, kRunner, {kArb, kFarm}, true});
  rig.advance(seconds(1));
  rig.announce(0xCD, "runner-2");
  Signal taken_over = rig.quote_signal(kFarm, kMarket, level("0.45", "20"), level("0.55", "20"));
  taken_over.id = {0xCD, 1};
  rig.send(taken_over);
  rig.forget_outputs();
  for (int i = 0; i < 6; ++i) {
    rig.announce(0xCD, "runner-2");
    rig.advance(seconds(1));
  }
  EXPECT_EQ(leaving(), 0U);
  EXPECT_TRUE(rig.submits.empty());
}

TEST_F(Quotes, AreCancelledWithoutANewHolder) {
  quote("0.45", "0.55");
  accept_all();
  rig.runner_lives = false;
  rig.step(RunnerAnnounced{{"runner-1"}, kRunner, {kArb, kFarm}, true});
  rig.advance(seconds(4));
  EXPECT_EQ(leaving(), 2U);
}

TEST_F(Quotes, AreCancelledWhenTheQuoteIsStaleForFiveSeconds) {
  quote("0.45", "0.55");
  accept_all();
  rig.gateway_lives = false;
  rig.advance(seconds(4));
  EXPECT_EQ(leaving(), 0U);
  rig.advance(seconds(2));
  EXPECT_EQ(leaving(), 2U);
  EXPECT_EQ(rig.recorded<CancelRequested>().back().reason, CancelReason::QuoteStale);
}

TEST_F(Quotes, DoNotComeBackWhenTheirStrategyIsStopped) {
  quote("0.45", "0.55");
  accept_all();
  rig.step(Command{{1, 1}, StopStrategy{kFarm}, rig.now, rig.now + seconds(5), {}});
  EXPECT_EQ(leaving(), 2U);
  cancel_all();
  rig.advance(seconds(3));
  EXPECT_TRUE(rig.open_orders().empty());
  quote("0.45", "0.55");
  EXPECT_EQ(rig.last_denial(), DenyReason::StrategyDisabled);
}

TEST_F(Quotes, InheritedByARestartAreKeptForAWhileAndThenTakenAway) {
  quote("0.45", "0.55");
  accept_all();
  Rig next;
  next.counter = rig.counter;
  next.now = rig.now;
  next.markets = rig.markets;
  for (const Event& event : rig.journal) next.core.apply(event);
  next.journal = rig.journal;
  next.start();
  for (const Order& order : next.open_orders())
    next.venue_open.push_back(next.update(order.id, VenueOrderStatus::Live));
  next.connect(usd("1000"));
  next.announce();
  next.set_quote(kMarket, "0.50", "0.52");
  next.advance(seconds(3));
  EXPECT_EQ(next.open_orders().size(), 2U);
  EXPECT_EQ(next.count<CancelRequested>(), 0U);
  next.advance(seconds(3));
  EXPECT_EQ(next.count<CancelRequested>(), 2U);
}

TEST_F(Quotes, WaitWhileTheyWouldTake) {
  quote("0.52", "0.60");
  ASSERT_EQ(rig.open_orders().size(), 1U);
  rig.set_quote(kMarket, "0.51", "0.54");
  EXPECT_EQ(rig.open_orders().size(), 2U);
}

TEST_F(Quotes, SayOnceWhyTheyAreDeniedAndTryAgainLater) {
  Settings settings = test_settings();
  settings.strategies[1].limits.order_notional_max = usd("1");
  Rig tight(settings);
  tight.bring_up();
  tight.send(tight.quote_signal(kFarm, kMarket, level("0.45", "20"), std::nullopt));
  tight.advance(seconds(20));
  EXPECT_EQ(tight.count<OrderDenied>(), 1U);
  EXPECT_EQ(
      tight.snapshot(kFarm).counters.denials[static_cast<int>(DenyReason::NotionalExceedsMaximum)],
      1U);
  tight.expect_sound();
}

TEST_F(Quotes, RefusedByTheVenueAreTriedAgainEverLessOften) {
  rig.send(rig.quote_signal(kFarm, kMarket, level("0.45", "20"), std::nullopt));
  std::size_t tries = 0;
  const auto refuse_for = [&](Duration span) {
    for (Duration gone{}; gone < span; gone += milliseconds(100)) {
      for (const Order& open : rig.open_orders()) {
        rig.reject(open.id, RejectReason::BelowMinimum);
        ++tries;
      }
      rig.advance(milliseconds(100));
    }
  };
  refuse_for(seconds(30));  // after 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 23.5 s
  EXPECT_LE(tries, 8U);
  EXPECT_GE(tries, 5U);
  const std::vector<Order> open = rig.open_orders();
  rig.advance(seconds(8));
  ASSERT_EQ(rig.open_orders().size(), 1U);
  rig.accept(rig.open_orders()[0].id);
  rig.answer_cancel(rig.open_orders()[0].id, CancelAnswered::Result::Canceled);
  tries = 0;
  refuse_for(seconds(3));  // taken once, so the next refusal is the first again
  EXPECT_GE(tries, 2U);
}

TEST_F(Quotes, LeaveTheLastQuarterOfTheVenuesBudgetToOthers) {
  Settings settings = test_settings();
  settings.venue_order_rate = 1;
  settings.venue_order_burst = 4;
  Rig poor(settings);
  std::vector<Market> markets = {make_market(1), make_market(2), make_market(3), make_market(4)};
  poor.bring_up(markets);
  for (const Market& market : markets) {
    poor.send(poor.quote_signal(kFarm, market, level("0.45", "20"), std::nullopt));
  }
  EXPECT_EQ(poor.open_orders().size(), 3U);
  poor.buy(kArb, markets[3], "0.52", "25");
  EXPECT_EQ(poor.open_orders().size(), 4U);
}

TEST(QuoteOrder, IsAfterExitsAndTakersOfTheSameTurn) {
  const Market other = make_market(2);
  Rig rig;
  rig.bring_up({kMarket, other});
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.hold(kFarm, other, "0.52", "25");
  Outputs out;
  rig.core.on(
      SignalReceived{rig.quote_signal(kFarm, kMarket, level("0.45", "20"), std::nullopt), rig.now},
      rig.now, out);
  rig.core.on(
      SignalReceived{
          rig.legs_signal(kArb, other,
                          {{{other.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}}),
          rig.now},
      rig.now, out);
  Signal exit = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Sell, price("0.50"), shares("10")}},
      SignalAction::Exit);
  exit.applied_seq = 1'000'000;
  rig.core.on(SignalReceived{exit, rig.now}, rig.now, out);
  ASSERT_EQ(out.after_commit.submits.size(), 3U);
  EXPECT_EQ(out.after_commit.submits[0].orders[0].purpose, OrderPurpose::Exit);
  EXPECT_EQ(out.after_commit.submits[1].orders[0].purpose, OrderPurpose::Leg);
  EXPECT_EQ(out.after_commit.submits[2].orders[0].purpose, OrderPurpose::Quote);
}

TEST_F(Quotes, IgnoreATargetThatWasOvertaken) {
  const Signal old = rig.quote_signal(kFarm, kMarket, level("0.44", "20"), std::nullopt);
  quote("0.45", "0.55");
  rig.send(old);
  EXPECT_EQ(rig.last_denial(), DenyReason::SignalExpired);
}

}  // namespace
}  // namespace polybot::order_manager::test
