#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::Outcome;
using domain::Side;

class MomentumTest : public testing::Test {
 protected:
  World world{"momentum"};

  void watch() {
    world.start();
    world.define(make_market(1, 1, 1));
    world.book(1, {level(48, 500)}, {level(50, 500)});
  }
  // Three buys and a mid two cents higher.
  void rise() {
    for (int i = 0; i < 3; ++i) {
      world.trade(1, Side::Buy, 50, 30);
      world.advance(200ms);
    }
    world.book(1, {level(50, 500)}, {level(52, 500)});
  }
  void fall() {
    for (int i = 0; i < 3; ++i) {
      world.trade(1, Side::Sell, 48, 30);
      world.advance(200ms);
    }
    world.book(1, {level(46, 500)}, {level(48, 500)});
  }
  domain::Signal only_signal() {
    const auto signals = world.signals();
    EXPECT_EQ(signals.size(), 1U);
    return signals.empty() ? domain::Signal{} : signals[0];
  }
  // The entry was filled at 0.52 and has settled.
  void filled(const domain::Signal& signal) {
    const domain::Leg leg = legs_of(signal).at(0);
    const domain::Money cost = domain::notional(cents(52), leg.quantity, domain::Rounding::Up);
    const domain::ClientOrderId order{signal.id, 0};
    world.event(domain::SignalAccepted{signal.id, signal.action});
    world.event(domain::OrderSubmitted{{.id = order,
                                        .venue_id = {},
                                        .strategy = World::kName,
                                        .event = event_id(1),
                                        .instrument = leg.instrument,
                                        .side = leg.side,
                                        .limit = leg.limit,
                                        .quantity = leg.quantity}},
                std::nullopt, domain::OrderStatus::Submitted);
    const domain::FillId fill{{"t"}, order};
    world.event(domain::OrderFilled{.fill = fill,
                                    .instrument = leg.instrument,
                                    .side = leg.side,
                                    .quantity = leg.quantity,
                                    .cash = cost,
                                    .fee = {}},
                domain::PositionState{.market = market_id(1),
                                      .yes = leg.quantity,
                                      .no = {},
                                      .yes_cost = cost,
                                      .no_cost = {},
                                      .realized = {}},
                domain::OrderStatus::Filled);
    world.event(domain::FillAdvanced{fill, domain::FillStatus::Mined});
  }
};

TEST_F(MomentumTest, FollowsARiseByBuyingYes) {
  watch();
  rise();
  const domain::Signal signal = only_signal();
  EXPECT_EQ(signal.action, domain::SignalAction::Buy);
  const domain::Leg leg = legs_of(signal).at(0);
  EXPECT_EQ(leg.instrument.outcome, Outcome::Yes);
  EXPECT_EQ(leg.limit, cents(53));
  EXPECT_EQ(leg.quantity, shares(49));  // whole shares at 0.53 for what 50 cost at 0.52
}

TEST_F(MomentumTest, FollowsAFallByBuyingNo) {
  watch();
  fall();
  const domain::Leg leg = legs_of(only_signal()).at(0);
  EXPECT_EQ(leg.instrument.outcome, Outcome::No);
  EXPECT_EQ(leg.side, Side::Buy);
  EXPECT_EQ(leg.limit, cents(55));
}

TEST_F(MomentumTest, DoesNotEnterOnFlowThatMovesNothing) {
  watch();
  for (int i = 0; i < 5; ++i) world.trade(1, Side::Buy, 50, 30);
  world.book(1, {level(48, 500)}, {level(50, 500)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(MomentumTest, DoesNotEnterOnAMoveWithoutFlow) {
  watch();
  world.book(1, {level(55, 500)}, {level(57, 500)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(MomentumTest, DoesNotEnterOnBalancedFlow) {
  watch();
  for (int i = 0; i < 3; ++i) {
    world.trade(1, Side::Buy, 50, 30);
    world.trade(1, Side::Sell, 50, 20);
  }
  world.book(1, {level(50, 500)}, {level(52, 500)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(MomentumTest, TakesFlowThatWaitedForOld) {
  watch();
  for (int i = 0; i < 3; ++i) world.trade(1, Side::Buy, 50, 30, 9s);
  world.book(1, {level(50, 500)}, {level(52, 500)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(MomentumTest, CountsFlowOfAClockAheadAsOfNow) {
  watch();
  for (int i = 0; i < 3; ++i) world.trade(1, Side::Buy, 50, 30, -1h);
  world.advance(10s);
  world.book(1, {level(50, 500)}, {level(52, 500)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(MomentumTest, ForgetsFlowThatIsOld) {
  watch();
  for (int i = 0; i < 3; ++i) world.trade(1, Side::Buy, 50, 30);
  world.advance(10s);
  world.book(1, {level(50, 500)}, {level(52, 500)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(MomentumTest, DoesNotEnterWideMarketsOrAtTheEdges) {
  watch();
  rise();
  static_cast<void>(world.signals());
  World other{"momentum"};
  other.start();
  other.define(make_market(1, 1, 1));
  other.book(1, {level(93, 500)}, {level(95, 500)});
  for (int i = 0; i < 3; ++i) other.trade(1, Side::Buy, 95, 30);
  other.book(1, {level(95, 500)}, {level(97, 500)});
  EXPECT_TRUE(other.signals().empty());
  other.book(1, {level(50, 500)}, {level(60, 500)});
  EXPECT_TRUE(other.signals().empty());
}

TEST_F(MomentumTest, WarmsUpForAWholeWindowFirst) {
  world.lease_all();
  world.enable();
  world.define(make_market(1, 1, 1));
  world.book(1, {level(48, 500)}, {level(50, 500)});
  rise();
  EXPECT_TRUE(world.signals().empty());
  EXPECT_GT(world.runner().desk(0).refused(Refusal::Muted), 0U);
}

TEST_F(MomentumTest, IsSizedByDepthAndCost) {
  World small{"momentum", {{"position_cost_max", "10"}}};
  small.start();
  small.define(make_market(1, 1, 1));
  small.book(1, {level(48, 500)}, {level(50, 500)});
  for (int i = 0; i < 3; ++i) small.trade(1, Side::Buy, 50, 30);
  small.book(1, {level(50, 500)}, {level(52, 500)});
  auto signals = small.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(legs_of(signals[0])[0].quantity, shares(18));  // whole shares at 0.53
  watch();
  for (int i = 0; i < 3; ++i) world.trade(1, Side::Buy, 50, 30);
  world.book(1, {level(50, 500)}, {level(52, 9), level(53, 8), level(54, 500)});
  EXPECT_EQ(legs_of(only_signal())[0].quantity, shares(16));  // for what the visible 17 cost
}

TEST_F(MomentumTest, TakesItsProfit) {
  watch();
  rise();
  filled(only_signal());
  world.book(1, {level(56, 500)}, {level(58, 500)});
  EXPECT_TRUE(world.signals().empty());
  world.book(1, {level(57, 500)}, {level(59, 500)});
  const domain::Signal exit = only_signal();
  EXPECT_EQ(exit.action, domain::SignalAction::Exit);
  EXPECT_EQ(legs_of(exit)[0].side, Side::Sell);
  EXPECT_EQ(legs_of(exit)[0].quantity, shares(49));
  EXPECT_EQ(legs_of(exit)[0].limit, cents(56));
}

TEST_F(MomentumTest, StopsItsLoss) {
  watch();
  rise();
  filled(only_signal());
  world.book(1, {level(46, 500)}, {level(48, 500)});
  EXPECT_EQ(only_signal().action, domain::SignalAction::Exit);
}

TEST_F(MomentumTest, LeavesWhenTimeIsUp) {
  watch();
  rise();
  filled(only_signal());
  world.book(1, {level(51, 500)}, {level(53, 500)});
  EXPECT_TRUE(world.signals().empty());
  world.advance(46s);
  world.book(1, {level(51, 500)}, {level(53, 500)});
  EXPECT_EQ(only_signal().action, domain::SignalAction::Exit);
}

TEST_F(MomentumTest, LeavesWhenTheFlowTurns) {
  watch();
  rise();
  filled(only_signal());
  world.advance(9s);
  world.book(1, {level(51, 500)}, {level(53, 500)});
  for (int i = 0; i < 3; ++i) world.trade(1, Side::Sell, 51, 30);
  EXPECT_EQ(only_signal().action, domain::SignalAction::Exit);
}

TEST_F(MomentumTest, SellsOnlyWhatHasSettled) {
  watch();
  rise();
  const domain::Signal entry = only_signal();
  const domain::Leg leg = legs_of(entry).at(0);
  world.event(domain::SignalAccepted{entry.id, entry.action});
  const domain::FillId fill{{"t"}, {entry.id, 0}};
  world.event(domain::OrderFilled{.fill = fill,
                                  .instrument = leg.instrument,
                                  .side = leg.side,
                                  .quantity = leg.quantity,
                                  .cash = usd(26),
                                  .fee = {}},
              domain::PositionState{.market = market_id(1),
                                    .yes = leg.quantity,
                                    .no = {},
                                    .yes_cost = usd(26),
                                    .no_cost = {},
                                    .realized = {}},
              domain::OrderStatus::Filled);
  world.advance(3s);
  world.book(1, {level(60, 500)}, {level(62, 500)});
  EXPECT_TRUE(world.signals().empty());
  world.event(domain::FillAdvanced{fill, domain::FillStatus::Mined});
  world.book(1, {level(60, 500)}, {level(62, 500)});
  EXPECT_EQ(only_signal().action, domain::SignalAction::Exit);
}

TEST_F(MomentumTest, DoesNotFollowItsOwnTrades) {
  watch();
  rise();
  const domain::Signal entry = only_signal();
  filled(entry);
  world.hold(1, {});
  world.advance(9s);
  // The market data shows the entry: without it nothing was traded.
  world.trade(1, Side::Buy, 52, 50);
  world.event(domain::OrderFilled{.fill = {{"u"}, {entry.id, 1}},
                                  .instrument = {market_id(1), Outcome::Yes},
                                  .side = Side::Buy,
                                  .quantity = shares(50),
                                  .cash = usd(26),
                                  .fee = {}});
  world.advance(21s);
  EXPECT_TRUE(world.signals().empty());
}

// A state that is restored tells of fills that the flow of the last seconds has nothing to do with.
TEST_F(MomentumTest, TakesNoFillOfLongAgoOutOfTheFlow) {
  watch();
  for (int i = 0; i < 3; ++i) world.trade(1, Side::Buy, 50, 30);
  const domain::OrderFilled fill{.fill = {{"u"}, {{1, 1}, 0}},
                                 .instrument = {market_id(1), Outcome::Yes},
                                 .side = Side::Buy,
                                 .quantity = shares(90),
                                 .cash = usd(45),
                                 .fee = {}};
  world.event(fill, std::nullopt, std::nullopt, 1h);
  world.book(1, {level(50, 500)}, {level(52, 500)});
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(MomentumTest, RestsAfterLeaving) {
  watch();
  rise();
  filled(only_signal());
  world.hold(1, {});
  world.book(1, {level(51, 500)}, {level(53, 500)});
  rise();
  EXPECT_TRUE(world.signals().empty());
}

}  // namespace
}  // namespace polybot::strategy_runner
