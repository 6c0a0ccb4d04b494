#include "services/strategy-runner/core/strategies/basket.hpp"

#include <gtest/gtest.h>

#include "common/domain/amounts.hpp"
#include "common/domain/fees.hpp"
#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

Ladder ladder(int market, domain::Outcome outcome, std::vector<domain::Level> levels,
              std::int64_t fee_ppm = 0) {
  return {.instrument = {market_id(market), outcome},
          .fee = {.rate_ppm = fee_ppm, .exponent = 1},
          .min_size = shares(5),
          .levels = std::move(levels)};
}

BasketLimits limits() {
  return {.edge_min = domain::Money::from_raw(1'000),
          .quantity_max = shares(10'000),
          .leg_cost_max = usd(10'000),
          .basket_cost_max = usd(10'000)};
}

TEST(Basket, BuysOneYesOfEveryOutcomeWhenTheyCostLessThanOne) {
  const std::vector<Ladder> legs{ladder(1, domain::Outcome::Yes, {level(30, 100)}),
                                 ladder(2, domain::Outcome::Yes, {level(30, 100)}),
                                 ladder(3, domain::Outcome::Yes, {level(35, 100)})};
  const auto basket = best_yes_basket(legs, limits());
  ASSERT_TRUE(basket);
  EXPECT_EQ(basket->quantity, shares(100));
  EXPECT_EQ(basket->cost, usd(95));
  EXPECT_EQ(basket->payout, usd(100));
  EXPECT_EQ(basket->legs.size(), 3U);
}

TEST(Basket, DoesNothingWhenTheSumIsOne) {
  const std::vector<Ladder> legs{ladder(1, domain::Outcome::Yes, {level(50, 100)}),
                                 ladder(2, domain::Outcome::Yes, {level(50, 100)})};
  EXPECT_FALSE(best_yes_basket(legs, limits()));
}

TEST(Basket, CountsTheFeesOfEveryLeg) {
  // 0.49 + 0.49 leaves two cents; a 7 % fee takes 1.75 cents of each leg.
  const auto legs = [](std::int64_t fee_ppm) {
    return std::vector<Ladder>{ladder(1, domain::Outcome::Yes, {level(49, 100)}, fee_ppm),
                               ladder(2, domain::Outcome::Yes, {level(49, 100)}, fee_ppm)};
  };
  EXPECT_TRUE(best_yes_basket(legs(0), limits()));
  EXPECT_FALSE(best_yes_basket(legs(70'000), limits()));
}

// An immediate buy of 100 at 0.49 spends 49 pUSD: 50 shares at 0.45 leave enough for 54 more.
TEST(Basket, TakesTheBestLevelOfEachLegAlone) {
  const std::vector<Ladder> legs{
      ladder(1, domain::Outcome::Yes, {level(45, 50), level(49, 50), level(51, 500)}),
      ladder(2, domain::Outcome::Yes, {level(50, 1'000)})};
  const auto basket = best_yes_basket(legs, limits());
  ASSERT_TRUE(basket);
  EXPECT_EQ(basket->quantity, shares(50));
  EXPECT_EQ(basket->legs[0].limit, cents(45));
  EXPECT_EQ(basket->cost, domain::Money::from_raw(22'500'000 + 25'000'000));
}

TEST(Basket, IsLimitedByTheThinnestLeg) {
  const std::vector<Ladder> legs{ladder(1, domain::Outcome::Yes, {level(40, 1'000)}),
                                 ladder(2, domain::Outcome::Yes, {level(40, 12)})};
  const auto basket = best_yes_basket(legs, limits());
  ASSERT_TRUE(basket);
  EXPECT_EQ(basket->quantity, shares(12));
}

TEST(Basket, StaysOnAStepThatEveryLegCanExpress) {
  // 0.33 needs whole shares, 0.125 steps of 0.08: together 2 shares.
  const domain::Price eighth = domain::Price::from_raw(1'250);
  const std::vector<Ladder> legs{
      ladder(1, domain::Outcome::Yes, {{cents(33), domain::Quantity::from_raw(57'770'000)}}),
      ladder(2, domain::Outcome::Yes, {{eighth, domain::Quantity::from_raw(99'990'000)}})};
  const auto basket = best_yes_basket(legs, limits());
  ASSERT_TRUE(basket);
  const auto step = domain::common_step(domain::immediate_buy_step(cents(33)),
                                        domain::immediate_buy_step(eighth));
  EXPECT_EQ(step, shares(2));
  EXPECT_EQ(basket->quantity, shares(56));
  for (const domain::Leg& leg : basket->legs) {
    EXPECT_EQ(domain::notional(leg.limit, leg.quantity, domain::Rounding::Down).raw() % 10'000, 0);
  }
}

TEST(Basket, RefusesALegWorthLessThanOneDollar) {
  const std::vector<Ladder> legs{ladder(1, domain::Outcome::Yes, {level(1, 90)}),
                                 ladder(2, domain::Outcome::Yes, {level(80, 90)})};
  EXPECT_FALSE(best_yes_basket(legs, limits()));
}

TEST(Basket, KeepsWithinTheCostLimits) {
  const std::vector<Ladder> legs{ladder(1, domain::Outcome::Yes, {level(40, 1'000)}),
                                 ladder(2, domain::Outcome::Yes, {level(50, 1'000)})};
  BasketLimits tight = limits();
  tight.leg_cost_max = usd(25);
  EXPECT_EQ(best_yes_basket(legs, tight)->quantity, shares(50));
  tight = limits();
  tight.basket_cost_max = usd(45);
  EXPECT_EQ(best_yes_basket(legs, tight)->quantity, shares(50));
  tight = limits();
  tight.quantity_max = shares(7);
  EXPECT_EQ(best_yes_basket(legs, tight)->quantity, shares(7));
}

TEST(Basket, BuysNoOfTwoOutcomesThatTogetherCostLessThanOne) {
  const std::vector<Ladder> legs{ladder(1, domain::Outcome::No, {level(45, 100)}),
                                 ladder(2, domain::Outcome::No, {level(50, 100)})};
  const auto basket = best_no_basket(legs, limits());
  ASSERT_TRUE(basket);
  EXPECT_EQ(basket->payout, usd(100));
  EXPECT_EQ(basket->cost, usd(95));
}

TEST(Basket, ChoosesTheSubsetOfNosThatEarnsMost) {
  // Three NOs at 0.60 pay 2 for 1.80; the fourth at 0.9995 adds nothing, the fifth is too thin to
  // help.
  const std::vector<Ladder> legs{
      ladder(1, domain::Outcome::No, {level(60, 100)}),
      ladder(2, domain::Outcome::No, {level(60, 100)}),
      ladder(3, domain::Outcome::No, {level(60, 100)}),
      ladder(4, domain::Outcome::No, {{domain::Price::from_raw(9'995), shares(100)}}),
      ladder(5, domain::Outcome::No, {level(60, 6)})};
  const auto basket = best_no_basket(legs, limits());
  ASSERT_TRUE(basket);
  EXPECT_EQ(basket->legs.size(), 3U);
  EXPECT_EQ(basket->quantity, shares(100));
  EXPECT_EQ(basket->profit(), usd(20));
}

TEST(Basket, NeedsMoreThanOneNo) {
  const std::vector<Ladder> legs{ladder(1, domain::Outcome::No, {level(1, 1'000)})};
  EXPECT_FALSE(best_no_basket(legs, limits()));
}

TEST(Basket, NeverHasMoreLegsThanABatchHolds) {
  std::vector<Ladder> legs;
  for (int i = 1; i <= 20; ++i) legs.push_back(ladder(i, domain::Outcome::No, {level(80, 100)}));
  const auto basket = best_no_basket(legs, limits());
  ASSERT_TRUE(basket);
  EXPECT_EQ(basket->legs.size(), domain::kLegsMax);
  for (Ladder& leg : legs) leg.levels = {level(4, 100)};
  EXPECT_FALSE(best_yes_basket(legs, limits()));
}

TEST(Basket, ReadsTheNoLadderOffTheYesBids) {
  domain::OrderBook book;
  book.load(std::vector{level(40, 10), level(38, 20)}, std::vector{level(45, 30)});
  const Ladder no = buy_ladder(make_market(1, 1, 2), domain::Outcome::No, book);
  ASSERT_EQ(no.levels.size(), 2U);
  EXPECT_EQ(no.levels[0], level(60, 10));
  EXPECT_EQ(no.levels[1], level(62, 20));
}

TEST(Basket, WalksRoundAgainstUs) {
  const Ladder leg = ladder(1, domain::Outcome::Yes,
                            {{cents(33), domain::Quantity::from_raw(1)}, level(34, 10)}, 40'000);
  const auto needed = walk(leg, shares(2));
  ASSERT_TRUE(needed);
  EXPECT_EQ(needed->limit, cents(34));
  EXPECT_GE(needed->cash, domain::notional(cents(33), shares(2), domain::Rounding::Up));
  EXPECT_FALSE(walk(leg, shares(11)));
}

}  // namespace
}  // namespace polybot::strategy_runner
