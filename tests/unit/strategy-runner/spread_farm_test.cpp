#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::Side;

class SpreadFarmTest : public testing::Test {
 protected:
  World world{"spread_farm"};

  void quote_one(const std::function<void(domain::Market&)>& change = [](domain::Market&) {}) {
    world.start();
    domain::Market market = make_market(1, 1, 1);
    change(market);
    world.define(market);
    wide_book();
  }
  void wide_book() {
    world.book(1, {level(46, 500), level(45, 500)}, {level(54, 500), level(55, 500)});
  }
  domain::Signal only_signal() {
    const auto signals = world.signals();
    EXPECT_EQ(signals.size(), 1U);
    return signals.empty() ? domain::Signal{} : signals[0];
  }
  void accept(const domain::Signal& signal) {
    world.event(domain::SignalAccepted{signal.id, signal.action});
  }
};

TEST_F(SpreadFarmTest, QuotesBothSidesOneTickInsideAWideMarket) {
  quote_one();
  const domain::Signal signal = only_signal();
  EXPECT_EQ(signal.action, domain::SignalAction::Quote);
  EXPECT_EQ(target_of(signal).bid, level(47, 20));
  EXPECT_EQ(target_of(signal).ask, level(53, 20));
}

TEST_F(SpreadFarmTest, NeverCrossesTheMarket) {
  World close{"spread_farm",
              {{"spread_min", "0.01"}, {"half_spread_min", "0.0001"}, {"fee_weight", "0"}}};
  close.start();
  close.define(make_market(1, 1, 1));
  close.book(1, {level(50, 500)}, {level(52, 500)});
  const auto signals = close.signals();
  ASSERT_EQ(signals.size(), 1U);
  const domain::QuoteTarget& target = target_of(signals[0]);
  ASSERT_TRUE(target.bid || target.ask);
  EXPECT_LT(target.bid.value_or(level(51, 1)).price, cents(52));
  EXPECT_GT(target.ask.value_or(level(51, 1)).price, cents(50));
}

TEST_F(SpreadFarmTest, StaysOutOfNarrowMarkets) {
  world.start();
  world.define(make_market(1, 1, 1));
  world.book(1, {level(49, 500)}, {level(50, 500)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(SpreadFarmTest, LeansAgainstItsInventory) {
  world.start();
  world.define(make_market(1, 1, 1));
  world.hold(1, shares(50));
  wide_book();
  const domain::Signal signal = only_signal();
  EXPECT_LT(target_of(signal).bid->price, cents(49));
  EXPECT_EQ(target_of(signal).ask, level(53, 20));
  World opposite{"spread_farm"};
  opposite.start();
  opposite.define(make_market(1, 1, 1));
  opposite.hold(1, {}, shares(100));
  opposite.book(1, {level(46, 500)}, {level(54, 500)});
  const auto signals = opposite.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_FALSE(target_of(signals[0]).ask);  // as short as it may be
  EXPECT_TRUE(target_of(signals[0]).bid);
}

TEST_F(SpreadFarmTest, WidensWhenThePriceMoves) {
  World calm{"spread_farm", {{"volatility_weight", "4"}}};
  calm.start();
  calm.define(make_market(1, 1, 1));
  for (const std::int64_t shift : {0, 4, 0, 4, 0}) {
    calm.book(1, {level(46 + shift, 500)}, {level(54 + shift, 500)});
    calm.advance(600ms);
  }
  const auto signals = calm.signals();
  ASSERT_FALSE(signals.empty());
  const domain::QuoteTarget& last = target_of(signals.back());
  const auto width = last.ask->price - last.bid->price;
  EXPECT_GT(width, cents(6));
}

TEST_F(SpreadFarmTest, DoesNotFollowItsOwnQuotes) {
  quote_one();
  const domain::Signal signal = only_signal();
  accept(signal);
  // Our bid rests at 0.47 and shows in the book: the mid of the others is unchanged.
  world.event(domain::OrderSubmitted{{.id = {signal.id, 0},
                                      .venue_id = {},
                                      .strategy = World::kName,
                                      .event = event_id(1),
                                      .instrument = {market_id(1), domain::Outcome::Yes},
                                      .side = Side::Buy,
                                      .limit = cents(47),
                                      .quantity = shares(20),
                                      .purpose = domain::OrderPurpose::Quote}},
              std::nullopt, domain::OrderStatus::Submitted);
  world.advance(600ms);
  world.book(1, {level(46, 500), level(47, 20)}, {level(54, 500)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(SpreadFarmTest, RequotesOnlyOnAMeaningfulChange) {
  quote_one();
  accept(only_signal());
  world.advance(600ms);
  world.book(1, {level(46, 400)}, {level(54, 600)});
  EXPECT_TRUE(world.signals().empty());
  world.book(1, {level(48, 400)}, {level(56, 600)});
  EXPECT_EQ(target_of(only_signal()).bid, level(49, 20));
}

TEST_F(SpreadFarmTest, RequotesAfterAFill) {
  quote_one();
  const domain::Signal signal = only_signal();
  accept(signal);
  world.advance(600ms);
  world.event(domain::OrderFilled{.fill = {{"t"}, {signal.id, 0}},
                                  .instrument = {market_id(1), domain::Outcome::Yes},
                                  .side = Side::Buy,
                                  .quantity = shares(20),
                                  .cash = usd(9),
                                  .fee = {},
                                  .liquidity = domain::LiquiditySide::Maker},
              domain::PositionState{.market = market_id(1),
                                    .yes = shares(20),
                                    .no = {},
                                    .yes_cost = usd(9),
                                    .no_cost = {},
                                    .realized = {}},
              domain::OrderStatus::Filled);
  const domain::Signal next = only_signal();
  EXPECT_EQ(next.applied_seq, world.seq());
  EXPECT_EQ(next.action, domain::SignalAction::Quote);
}

TEST_F(SpreadFarmTest, WithdrawsWhenTheBookGoesStale) {
  quote_one();
  accept(only_signal());
  world.on(BookDistrusted{{market_id(1), world.now()}});
  const domain::Signal signal = only_signal();
  EXPECT_EQ(signal.action, domain::SignalAction::Cancel);
  EXPECT_FALSE(target_of(signal).bid || target_of(signal).ask);
}

TEST_F(SpreadFarmTest, WithdrawsWhenTheGatewayStopsVouchingForTheBook) {
  quote_one();
  accept(only_signal());
  world.advance(4s);
  EXPECT_EQ(only_signal().action, domain::SignalAction::Cancel);
}

TEST_F(SpreadFarmTest, WithdrawsFromOneSidedFlowForAWhile) {
  quote_one();
  accept(only_signal());
  world.trade(1, Side::Buy, 54, 200);
  EXPECT_TRUE(world.signals().empty());
  world.trade(1, Side::Buy, 54, 200);
  const domain::Signal withdrawal = only_signal();
  EXPECT_EQ(withdrawal.action, domain::SignalAction::Cancel);
  accept(withdrawal);
  world.advance(1s);
  wide_book();
  EXPECT_TRUE(world.signals().empty());
  world.advance(3s);
  wide_book();
  EXPECT_EQ(only_signal().action, domain::SignalAction::Quote);
}

TEST_F(SpreadFarmTest, WithdrawsWhileItsOrderStreamHasAHole) {
  quote_one();
  const domain::Signal quotes = only_signal();
  accept(quotes);
  world.on(OrderStreamBroken{World::kName});
  world.on(BookDistrusted{{market_id(1), world.now()}});
  const domain::Signal withdrawal = only_signal();
  EXPECT_EQ(withdrawal.action, domain::SignalAction::Cancel);
  EXPECT_FALSE(target_of(withdrawal).bid || target_of(withdrawal).ask);
  EXPECT_EQ(withdrawal.lease_epoch, quotes.lease_epoch);
  EXPECT_EQ(withdrawal.applied_seq, world.seq());
  EXPECT_GT(withdrawal.id.counter, quotes.id.counter);
  // It quotes again only when its orders are known again.
  accept(withdrawal);
  world.advance(1s);
  wide_book();
  EXPECT_TRUE(world.signals().empty());
  world.on(OrderStreamMended{World::kName});
  wide_book();
  EXPECT_EQ(only_signal().action, domain::SignalAction::Quote);
}

TEST_F(SpreadFarmTest, AStoppedStrategyHasNothingToWithdraw) {
  quote_one();
  accept(only_signal());
  world.enable(false);
  world.on(BookDistrusted{{market_id(1), world.now()}});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(SpreadFarmTest, DoesNotTakeFlowThatWaitedForFlowOfNow) {
  quote_one();
  accept(only_signal());
  for (int i = 0; i < 4; ++i) world.trade(1, Side::Buy, 54, 200, 3s);
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(SpreadFarmTest, OnlyReducesWhenTheMarketEndsSoon) {
  world.start();
  domain::Market market = make_market(1, 1, 1);
  market.ends_at = world.now() + 50s;
  world.define(market);
  world.hold(1, shares(40));
  wide_book();
  const domain::Signal signal = only_signal();
  EXPECT_FALSE(target_of(signal).bid);
  EXPECT_TRUE(target_of(signal).ask);
}

TEST_F(SpreadFarmTest, SellsWhatIsLeftBeforeTheEnd) {
  world.start();
  domain::Market market = make_market(1, 1, 1);
  market.ends_at = world.now() + 10s;
  world.define(market);
  world.hold(1, shares(40));
  wide_book();
  const domain::Signal signal = only_signal();
  EXPECT_EQ(signal.action, domain::SignalAction::Exit);
  ASSERT_EQ(legs_of(signal).size(), 1U);
  EXPECT_EQ(legs_of(signal)[0].side, Side::Sell);
  EXPECT_EQ(legs_of(signal)[0].quantity, shares(40));
  EXPECT_EQ(legs_of(signal)[0].limit, cents(46));
}

TEST_F(SpreadFarmTest, QuotesAgainAfterADenialWasWaitedOut) {
  quote_one();
  world.event(
      domain::SignalDenied{only_signal().id, domain::DenyReason::OpenOrdersExceedMaximum, 1, 1});
  wide_book();
  EXPECT_TRUE(world.signals().empty());
  world.advance(1s);
  EXPECT_EQ(only_signal().action, domain::SignalAction::Quote);
}

TEST_F(SpreadFarmTest, QuotesAgainWhenOthersCanceledItsOrders) {
  quote_one();
  const domain::Signal signal = only_signal();
  accept(signal);
  world.event(domain::OrderSubmitted{{.id = {signal.id, 0},
                                      .venue_id = {},
                                      .strategy = World::kName,
                                      .event = event_id(1),
                                      .instrument = {market_id(1), domain::Outcome::Yes},
                                      .limit = cents(47),
                                      .quantity = shares(20),
                                      .purpose = domain::OrderPurpose::Quote}},
              std::nullopt, domain::OrderStatus::Submitted);
  world.event(domain::OrderCanceled{{signal.id, 0}, domain::CancelReason::QuoteStale}, std::nullopt,
              domain::OrderStatus::Canceled);
  world.advance(1s);
  EXPECT_EQ(only_signal().action, domain::SignalAction::Quote);
}

}  // namespace
}  // namespace polybot::strategy_runner
