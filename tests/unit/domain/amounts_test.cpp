#include "common/domain/amounts.hpp"

#include <gtest/gtest.h>

namespace polybot::domain {
namespace {

Quantity hundredths(std::int64_t count) {
  return kShareStep * count;
}

TEST(Amounts, StepIsTheSmallestQuantityThatCostsWholeCents) {
  EXPECT_EQ(immediate_buy_step(Price::from_raw(5'000)), hundredths(2));
  EXPECT_EQ(immediate_buy_step(Price::from_raw(4'500)), hundredths(20));
  EXPECT_EQ(immediate_buy_step(Price::from_raw(3'300)), Quantity::from_units(1));
  EXPECT_EQ(immediate_buy_step(Price::from_raw(3'330)), Quantity::from_units(10));
  EXPECT_EQ(immediate_buy_step(Price::from_raw(9'999)), Quantity::from_units(100));
}

TEST(Amounts, EveryPriceHasAStepThatIsMinimalAndDividesAHundredShares) {
  for (std::int64_t raw = 1; raw < kPriceOne.raw(); ++raw) {
    const Price price = Price::from_raw(raw);
    const Quantity step = immediate_buy_step(price);
    const auto in_cents = [&](Quantity quantity) {
      return notional(price, quantity, Rounding::Down) == notional(price, quantity, Rounding::Up) &&
             notional(price, quantity, Rounding::Down).raw() % 10'000 == 0;
    };
    ASSERT_TRUE(in_cents(step)) << raw;
    ASSERT_EQ(Quantity::from_units(100).raw() % step.raw(), 0) << raw;
    for (const std::int64_t divisor : {2, 5}) {
      const bool divides = step.raw() % (divisor * kShareStep.raw()) == 0;
      if (!divides) continue;
      ASSERT_FALSE(in_cents(Quantity::from_raw(step.raw() / divisor))) << raw;
    }
  }
}

TEST(Amounts, CommonStepIsTheLeastMultipleOfBoth) {
  EXPECT_EQ(common_step(hundredths(20), hundredths(8)), hundredths(40));
  EXPECT_EQ(common_step(hundredths(7), hundredths(7)), hundredths(7));
}

TEST(Amounts, FloorsToTheStep) {
  EXPECT_EQ(floor_to_step(Quantity::from_raw(5'777'777), hundredths(20)),
            Quantity::from_raw(5'600'000));
  EXPECT_EQ(floor_to_step(hundredths(19), hundredths(20)), Quantity{});
  EXPECT_EQ(floor_to_step(-hundredths(40), hundredths(20)), Quantity{});
}

}  // namespace
}  // namespace polybot::domain
