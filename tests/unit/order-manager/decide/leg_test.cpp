// Orders that belong together, and what happens when only some of them are filled.
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

struct Legs : testing::Test {
  void SetUp() override {
    rig.bring_up({a, b, c});
    for (const Market& market : {a, b, c}) rig.hold(kFarm, market, "0.50", "10");
    for (const Market& market : {a, b, c}) rig.set_quote(market, "0.30", "0.32");
    id = send("50");
  }
  SignalId send(const char* quantity) {
    const Signal signal =
        rig.legs_signal(kArb, a,
                        {{{a.id, Outcome::Yes}, Side::Buy, price("0.32"), shares(quantity)},
                         {{b.id, Outcome::Yes}, Side::Buy, price("0.32"), shares(quantity)},
                         {{c.id, Outcome::Yes}, Side::Buy, price("0.32"), shares(quantity)}});
    rig.send(signal);
    return signal.id;
  }
  void fill(std::uint32_t leg, const char* quantity = "50", bool settle = true) {
    const ClientOrderId order{id, leg};
    const std::string name = "leg-" + std::to_string(leg);
    const VenueTrade trade = rig.taker_trade(order, name.c_str(), quantity, "0.32");
    rig.accept(order, SubmitAccepted::State::Matched, {trade.id});
    rig.step(trade);
    if (settle) rig.confirm(trade);
  }
  Rig rig;
  Market a = make_market(1), b = make_market(2), c = make_market(3);
  SignalId id;
};

TEST_F(Legs, LeaveInOneBatch) {
  ASSERT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.submits[0].orders.size(), 3U);
}

TEST_F(Legs, AreLevelWhenAllAreFilledAndThenForgotten) {
  for (std::uint32_t leg = 0; leg < 3; ++leg) fill(leg);
  EXPECT_EQ(rig.count<LegsImbalanced>(), 0U);
  EXPECT_TRUE(rig.core.ledger().legs().all().empty());
}

TEST_F(Legs, AreLevelWhenNoneIsFilled) {
  for (std::uint32_t leg = 0; leg < 3; ++leg) rig.reject({id, leg});
  EXPECT_EQ(rig.count<LegsImbalanced>(), 0U);
  EXPECT_TRUE(rig.core.ledger().legs().all().empty());
}

TEST_F(Legs, SayThatTheyAreUnlevelOnlyOnceTheLastOneHasEnded) {
  fill(0);
  fill(1);
  EXPECT_EQ(rig.count<LegsImbalanced>(), 0U);
  rig.reject({id, 2});
  ASSERT_EQ(rig.count<LegsImbalanced>(), 1U);
  EXPECT_EQ(rig.recorded<LegsImbalanced>()[0].legs[2].quantity, Quantity{});
  EXPECT_EQ(rig.snapshot(kArb).unhedged_exposure,
            usd("32"));  // 100 shares, no mark of their own yet: 0.32
  rig.expect_sound();
}

TEST_F(Legs, OpenNothingInTheEventWhileUnlevel) {
  fill(0);
  fill(1);
  rig.reject({id, 2});
  rig.forget_outputs();
  rig.buy(kArb, a, "0.32", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::LegsUnhedged);
  rig.buy(kFarm, a, "0.32", "25");
  EXPECT_EQ(rig.submits.size(), 1U) << "another strategy is not concerned";
}

TEST_F(Legs, MayBeCompletedButNotBeyond) {
  fill(0);
  fill(1);
  rig.reject({id, 2});
  rig.buy(kArb, c, "0.32", "75");
  EXPECT_EQ(rig.last_denial(), DenyReason::LegsUnhedged);
  const ClientOrderId missing = rig.buy(kArb, c, "0.32", "50");
  ASSERT_EQ(rig.status(missing), OrderStatus::Submitted);
  rig.buy(kArb, c, "0.32", "25");
  EXPECT_EQ(rig.count<SignalDenied>(), 2U) << "what is under way counts";
  rig.step(rig.taker_trade(missing, "done", "50", "0.32"));
  EXPECT_EQ(rig.count<LegsLevelled>(), 1U);
  EXPECT_TRUE(rig.snapshot(kArb).unhedged_exposure.is_zero());
}

TEST_F(Legs, MayBeUnwoundByTheStrategy) {
  fill(0);
  rig.reject({id, 1});
  rig.reject({id, 2});
  const ClientOrderId out = rig.sell(kArb, a, "0.30", "50");
  rig.step(rig.taker_trade(out, "out", "50", "0.30"));
  EXPECT_EQ(rig.count<LegsLevelled>(), 1U);
}

TEST_F(Legs, AreUnwoundByOrderManagerAtLast) {
  fill(0);
  fill(1);
  rig.reject({id, 2});
  rig.forget_outputs();
  rig.advance(seconds(9));
  EXPECT_TRUE(rig.submits.empty());
  rig.advance(seconds(2));
  ASSERT_EQ(rig.submits.size(), 2U);
  for (const SubmitBatch& batch : rig.submits) {
    const Order& order = batch.orders.front();
    EXPECT_EQ(order.purpose, OrderPurpose::Unwind);
    EXPECT_EQ(order.side, Side::Sell);
    EXPECT_EQ(order.quantity, shares("50"));
    EXPECT_EQ(order.limit, price("0.25"));
    EXPECT_EQ(order.id.signal, id);
  }
  int number = 0;
  for (const SubmitBatch& batch : std::vector(rig.submits)) {
    const std::string trade = "unwind-" + std::to_string(++number);
    rig.step(rig.taker_trade(batch.orders.front().id, trade.c_str(), "50", "0.30"));
  }
  EXPECT_EQ(rig.count<LegsLevelled>(), 1U);
  rig.expect_sound();
}

TEST_F(Legs, AreNotUnwoundAgainWhileASaleIsUnanswered) {
  fill(0);
  fill(1);
  fill(2, "20");
  ASSERT_EQ(rig.count<LegsImbalanced>(), 1U);
  rig.forget_outputs();
  rig.advance(seconds(11));
  ASSERT_EQ(rig.submits.size(), 2U);
  rig.advance(seconds(5));
  EXPECT_EQ(rig.submits.size(), 2U) << "20 shares of each belong to the third leg";
  for (const SubmitBatch& batch : std::vector(rig.submits)) {
    EXPECT_EQ(batch.orders.front().quantity, shares("30"));
    rig.reject(batch.orders.front().id);
  }
  rig.advance(seconds(5));
  EXPECT_EQ(rig.submits.size(), 4U) << "nothing was sold";
}

TEST_F(Legs, AreNotUnwoundWhileTheirCompletionIsUnanswered) {
  fill(0);
  fill(1);
  rig.reject({id, 2});
  const ClientOrderId missing = rig.buy(kArb, c, "0.32", "50");
  rig.lose_answer(missing);
  rig.forget_outputs();
  rig.venue_reads = false;
  rig.advance(seconds(12));
  EXPECT_TRUE(rig.submits.empty());
  rig.step(rig.taker_trade(missing, "done", "50", "0.32"));
  EXPECT_EQ(rig.count<LegsLevelled>(), 1U);
}

TEST_F(Legs, AreNotUnwoundBeforeTheSharesAreSettled) {
  fill(0, "50", false);
  rig.reject({id, 1});
  rig.reject({id, 2});
  rig.forget_outputs();
  rig.advance(seconds(15));
  EXPECT_TRUE(rig.submits.empty());
  rig.confirm(rig.taker_trade({id, 0}, "leg-0", "50", "0.32"));
  rig.advance(seconds(2));
  EXPECT_EQ(rig.submits.size(), 1U);
}

TEST_F(Legs, BecomeUnlevelWhenAFilledLegFails) {
  for (std::uint32_t leg = 0; leg < 3; ++leg) fill(leg, "50", false);
  EXPECT_EQ(rig.count<LegsImbalanced>(), 0U);
  rig.step(rig.taker_trade({id, 1}, "leg-1", "50", "0.32", VenueTradeStatus::Failed));
  EXPECT_EQ(rig.count<LegsImbalanced>(), 1U);
  rig.expect_sound();
}

// The first leg spent its 16 pUSD at 0.29, where they are 55 shares.
TEST_F(Legs, AreLevelledWhenOneBroughtMoreThanTheOthers) {
  const ClientOrderId improved{id, 0};
  const VenueTrade cheap = rig.taker_trade(improved, "leg-0", "55", "0.29");
  rig.accept(improved, SubmitAccepted::State::Matched, {cheap.id});
  rig.step(cheap);
  rig.confirm(cheap);
  fill(1);
  fill(2);
  ASSERT_EQ(rig.count<LegsImbalanced>(), 1U);
  rig.forget_outputs();
  for (int i = 0; i < 11 && rig.submits.empty(); ++i) {
    for (const Market& market : {a, b, c}) rig.set_quote(market, "0.30", "0.32");
    rig.advance(seconds(1));
  }
  ASSERT_FALSE(rig.submits.empty());
  const Order sale = rig.submits[0].orders.at(0);
  EXPECT_EQ(sale.quantity, shares("5"));
  const VenueTrade sold = rig.taker_trade(sale.id, "sale", "5", "0.30");
  rig.accept(sale.id, SubmitAccepted::State::Matched, {sold.id});
  rig.step(sold);
  rig.advance(seconds(1));
  EXPECT_EQ(rig.count<LegsLevelled>(), 1U);
  EXPECT_EQ(rig.snapshot(kArb).unhedged_exposure, Money{});
}

// The strategy holds more of the outcome than this group bought, so the sale goes through.
TEST_F(Legs, AreLevelWhenALegFailsAfterItWasSold) {
  std::vector<VenueTrade> trades;
  for (std::uint32_t leg = 0; leg < 3; ++leg) {
    const ClientOrderId order{id, leg};
    const std::string name = "leg-" + std::to_string(leg);
    trades.push_back(rig.taker_trade(order, name.c_str(), "50", "0.32"));
    rig.accept(order, SubmitAccepted::State::Matched, {trades.back().id});
    rig.step(trades.back());
  }
  rig.hold(kArb, c, "0.32", "50");
  const auto fail = [&](VenueTrade trade) {
    trade.status = VenueTradeStatus::Failed;
    rig.step(trade);
  };
  fail(trades[0]);
  fail(trades[1]);
  rig.forget_outputs();
  for (int i = 0; i < 11 && rig.submits.empty(); ++i) {
    for (const Market& market : {a, b, c}) rig.set_quote(market, "0.30", "0.32");
    rig.advance(seconds(1));
  }
  ASSERT_FALSE(rig.submits.empty()) << "the third leg is a surplus";
  const Order sale = rig.submits[0].orders.at(0);
  const VenueTrade sold = rig.taker_trade(sale.id, "sale", "50", "0.30");
  rig.accept(sale.id, SubmitAccepted::State::Matched, {sold.id});
  rig.step(sold);
  fail(trades[2]);
  rig.advance(seconds(1));
  EXPECT_EQ(rig.count<LegsLevelled>(), 1U);
  EXPECT_EQ(rig.snapshot(kArb).unhedged_exposure, Money{});
}

// Both groups hold too much of one outcome, and its exits are paced together. A first rest that the
// venue always refuses must not block the second group's.
TEST_F(Legs, AreUnwoundFromTheLargestSurplusDown) {
  const auto fill_all = [&](const SignalId& signal, const char* quantity) {
    std::vector<VenueTrade> trades;
    for (std::uint32_t leg = 0; leg < 3; ++leg) {
      const ClientOrderId order{signal, leg};
      const std::string name = domain::to_string(order);
      trades.push_back(rig.taker_trade(order, name.c_str(), quantity, "0.32"));
      rig.accept(order, SubmitAccepted::State::Matched, {trades.back().id});
      rig.step(trades.back());
    }
    rig.confirm(trades[0]);
    rig.confirm(trades[1]);
    return trades[2];
  };
  VenueTrade first = fill_all(id, "50");
  const SignalId larger = send("70");
  VenueTrade second = fill_all(larger, "70");
  first.status = second.status = VenueTradeStatus::Failed;
  rig.step(first);
  rig.step(second);
  ASSERT_EQ(rig.count<LegsImbalanced>(), 2U);
  rig.forget_outputs();
  for (int i = 0; i < 11; ++i) {
    for (const Market& market : {a, b, c}) rig.set_quote(market, "0.30", "0.32");
    rig.advance(seconds(1));
  }
  ASSERT_FALSE(rig.submits.empty());
  EXPECT_EQ(rig.submits[0].orders.at(0).id.signal, larger);
}

// A sale of the first group's third leg, whose purchase then fails, has sold the second group's
// shares.
TEST_F(Legs, HoldNoMoreThanTheirStrategyDoes) {
  const auto fill_all = [&](const SignalId& signal) {
    std::vector<VenueTrade> trades;
    for (std::uint32_t leg = 0; leg < 3; ++leg) {
      const ClientOrderId order{signal, leg};
      const std::string name = domain::to_string(order);
      trades.push_back(rig.taker_trade(order, name.c_str(), "50", "0.32"));
      rig.accept(order, SubmitAccepted::State::Matched, {trades.back().id});
      rig.step(trades.back());
    }
    return trades;
  };
  const auto fail = [&](VenueTrade trade) {
    trade.status = VenueTradeStatus::Failed;
    rig.step(trade);
  };
  const auto first = fill_all(id);
  const auto second = fill_all(send("50"));
  rig.confirm(second[2]);  // the others may still fail, so that the group is kept
  fail(first[0]);
  fail(first[1]);
  ASSERT_EQ(rig.count<LegsImbalanced>(), 1U);
  rig.forget_outputs();
  for (int i = 0; i < 11 && rig.submits.empty(); ++i) {
    for (const Market& market : {a, b, c}) rig.set_quote(market, "0.30", "0.32");
    rig.advance(seconds(1));
  }
  ASSERT_FALSE(rig.submits.empty());
  const Order sale = rig.submits[0].orders.at(0);
  const VenueTrade sold = rig.taker_trade(sale.id, "sale", "50", "0.30");
  rig.accept(sale.id, SubmitAccepted::State::Matched, {sold.id});
  rig.step(sold);
  fail(first[2]);
  rig.advance(seconds(1));
  EXPECT_EQ(rig.count<LegsImbalanced>(), 2U) << "the second group has nothing left of the third";
  EXPECT_EQ(rig.snapshot(kArb).unhedged_exposure, Money::from_units(31));
}

// Other orders sell what was bought of it before its last leg has ended.
TEST_F(Legs, ClaimNothingOfALaterGroup) {
  fill(0);
  const ClientOrderId out = rig.sell(kArb, a, "0.30", "50");
  rig.confirm(rig.taker_trade(out, "out", "50", "0.30"));
  ASSERT_TRUE(rig.position(kArb, a).yes.is_zero());
  rig.reject({id, 1});
  rig.reject({id, 2});
  id = send("50");
  for (std::uint32_t leg = 0; leg < 3; ++leg) {
    const ClientOrderId order{id, leg};
    const std::string name = "later-" + std::to_string(leg);
    const VenueTrade trade = rig.taker_trade(order, name.c_str(), "50", "0.32");
    rig.accept(order, SubmitAccepted::State::Matched, {trade.id});
    rig.step(trade);
  }
  EXPECT_EQ(rig.count<LegsImbalanced>(), 0U);
  rig.expect_sound();
}

TEST_F(Legs, AreWatchedUntilTheSaleOfTheirRestIsFinal) {
  fill(0);
  const ClientOrderId out = rig.sell(kArb, a, "0.30", "50");
  VenueTrade sale = rig.taker_trade(out, "out", "50", "0.30");
  rig.step(sale);
  rig.reject({id, 1});
  rig.reject({id, 2});
  EXPECT_EQ(rig.count<LegsLevelled>(), 0U);
  sale.status = VenueTradeStatus::Failed;
  rig.step(sale);
  EXPECT_EQ(rig.count<LegsImbalanced>(), 1U) << "the sale failed: the leg is there again";
  rig.expect_sound();
}

TEST_F(Legs, OfAnEarlierVersionOfTheFoldMayBeForgotten) {
  for (std::uint32_t leg = 0; leg < 3; ++leg) fill(leg);
  ASSERT_TRUE(rig.core.ledger().legs().all().empty());
  Rig next;
  for (const Event& event : rig.journal) next.core.apply(event);
  Event late = rig.journal.back();
  late.strategy = kArb;
  for (const EventBody& body :
       {EventBody(LegsImbalanced{id, a.event, {}}), EventBody(LegsLevelled{id, a.event})}) {
    ++late.seq;
    late.body = body;
    next.core.apply(late);
  }
  EXPECT_TRUE(next.core.ledger().legs().all().empty());
}

TEST_F(Legs, AreDeclaredLevelOnceWhenTheyCannotBeLevelled) {
  fill(0);
  fill(1);
  fill(2, "50", false);
  const ClientOrderId out = rig.sell(kArb, a, "0.30", "50");
  rig.step(rig.taker_trade(out, "out", "50", "0.30"));
  Market closed = a;
  closed.status = MarketStatus::Closed;
  rig.step(MarketRead{a.id, MarketRead::Outcome::Found, closed});
  for (int i = 0; i < 20; ++i) rig.advance(seconds(1));
  EXPECT_LE(rig.count<LegsImbalanced>(), 1U);
  EXPECT_LE(rig.count<LegsLevelled>(), 1U);
}

TEST_F(Legs, CountAsLevelWhenTheRestIsTooLittleToSell) {
  fill(0, "3");
  rig.reject({id, 1});
  rig.reject({id, 2});
  ASSERT_EQ(rig.count<LegsImbalanced>(), 1U);
  rig.forget_outputs();
  for (int i = 0; i < 11; ++i) {
    for (const Market& market : {a, b, c}) rig.set_quote(market, "0.30", "0.32");
    rig.advance(seconds(1));
  }
  EXPECT_TRUE(rig.submits.empty()) << "0.90 pUSD is less than the venue takes";
  EXPECT_EQ(rig.count<LegsLevelled>(), 1U);
  EXPECT_EQ(rig.snapshot(kArb).unhedged_exposure, Money{});
}

TEST_F(Legs, CountAsLevelWhenTheirMarketHasEnded) {
  fill(0);
  rig.reject({id, 1});
  rig.reject({id, 2});
  Market closed = a;
  closed.status = MarketStatus::Closed;
  rig.step(MarketRead{a.id, MarketRead::Outcome::Found, closed});
  EXPECT_EQ(rig.count<LegsLevelled>(), 1U);
  rig.buy(kArb, b, "0.32", "25");
  EXPECT_EQ(rig.status({{kRunner, rig.counter}, 0}), OrderStatus::Submitted);
}

}  // namespace
}  // namespace polybot::order_manager::test
