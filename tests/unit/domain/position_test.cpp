// The arithmetic of a holding, on numbers that a trader can check by hand.
#include "common/domain/position.hpp"

#include <gtest/gtest.h>

namespace polybot::domain {
namespace {

Quantity shares(const char* text) {
  return *Quantity::parse(text);
}
Money usd(const char* text) {
  return *Money::parse(text);
}

TEST(Position, BooksTheResultOfTheTenSharesSoldAndNotOfAllHundred) {
  Holding holding;
  apply_fill(holding, Side::Buy, shares("100"), usd("40"), {});
  apply_fill(holding, Side::Sell, shares("10"), usd("5"), {});
  EXPECT_EQ(holding.realized, usd("1"));
  EXPECT_EQ(holding.quantity, shares("90"));
  EXPECT_EQ(holding.cost, usd("36"));
}

TEST(Position, CountsFeesOnBothSides) {
  Holding holding;
  apply_fill(holding, Side::Buy, shares("100"), usd("50"), usd("1"));
  apply_fill(holding, Side::Sell, shares("100"), usd("50"), usd("1"));
  EXPECT_EQ(holding.realized, usd("-2"));
  EXPECT_TRUE(holding.cost.is_zero());
}

TEST(Position, LeavesTheRestOfARoundedCostInTheCost) {
  Holding holding;
  apply_fill(holding, Side::Buy, shares("3"), usd("1"), {});
  apply_fill(holding, Side::Sell, shares("1"), usd("0.5"), {});
  EXPECT_EQ(holding.cost, usd("0.666667"));
  apply_fill(holding, Side::Sell, shares("1"), usd("0.5"), {});
  apply_fill(holding, Side::Sell, shares("1"), usd("0.5"), {});
  EXPECT_EQ(holding.realized, usd("0.5"));
  EXPECT_TRUE(holding.cost.is_zero());
}

TEST(Position, BooksALossOnce) {
  Holding holding;
  apply_fill(holding, Side::Buy, shares("1000"), usd("600"), {});
  apply_fill(holding, Side::Sell, shares("1000"), usd("300"), {});
  EXPECT_EQ(holding.realized, usd("-300"));
}

TEST(Position, GoesThroughZeroWithoutLosingACent) {
  Holding holding;
  apply_fill(holding, Side::Buy, shares("10"), usd("4"), {});
  apply_fill(holding, Side::Sell, shares("25"), usd("12.5"), {});
  EXPECT_EQ(holding.quantity, shares("-15"));
  EXPECT_EQ(holding.realized, usd("1"));
  EXPECT_EQ(holding.cost, usd("-7.5"));
  apply_fill(holding, Side::Buy, shares("15"), usd("6"), {});
  EXPECT_EQ(holding.realized, usd("2.5"));
  EXPECT_TRUE(holding.cost.is_zero());
  EXPECT_TRUE(holding.quantity.is_zero());
}

TEST(Position, ValuesSharesAtTheMarkRoundedAgainstUs) {
  EXPECT_EQ(value_at({shares("3.000001"), {}, {}}, *Price::parse("0.3333")), usd("0.9999"));
}

}  // namespace
}  // namespace polybot::domain
