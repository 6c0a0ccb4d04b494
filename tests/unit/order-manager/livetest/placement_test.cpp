#include "services/order-manager/livetest/placement.hpp"

#include <gtest/gtest.h>

namespace polybot::order_manager::livetest {
namespace {

using domain::Level;
using domain::Market;
using domain::Money;
using domain::Price;
using domain::Quantity;

Price price(const char* text) {
  return *Price::parse(text);
}
Quantity shares(const char* text) {
  return *Quantity::parse(text);
}

polybot::polymarket::BookSummary book(std::vector<Level> bids, std::vector<Level> asks) {
  polybot::polymarket::BookSummary made;
  made.bids = std::move(bids);
  made.asks = std::move(asks);
  return made;
}

TEST(Placement, RestsAtTheLowestPriceFarBelowTheBestBid) {
  const auto far =
      far_order(Market{}, book({{price("0.40"), shares("9")}, {price("0.42"), shares("9")}}, {}));
  ASSERT_TRUE(far);
  EXPECT_EQ(far->price, price("0.01"));
  EXPECT_EQ(far->quantity, shares("5"));
  EXPECT_EQ(far->cost(), *Money::parse("0.05"));
}

TEST(Placement, IsRefusedWhereTheLowestPriceIsNearTheMarket) {
  EXPECT_FALSE(far_order(Market{}, book({}, {{price("0.02"), shares("9")}})));
  EXPECT_FALSE(far_order(Market{}, book({{price("0.02"), shares("9")}}, {})));
  EXPECT_TRUE(far_order(Market{}, book({{price("0.03"), shares("9")}}, {})));
}

// An immediate purchase costs whole cents, and one unit of money at least.
TEST(Placement, FillsTheSmallestAmountThatTheVenueTakes) {
  for (const auto& [at, quantity] : {std::pair{"0.50", "2"}, {"0.37", "3"}, {"0.99", "2"}}) {
    const auto smallest = smallest_fill(
        Market{}, book({}, {{price("0.999"), shares("500")}, {price(at), shares("500")}}));
    ASSERT_TRUE(std::holds_alternative<Placement>(smallest)) << at;
    EXPECT_EQ(std::get<Placement>(smallest).quantity, shares(quantity)) << at;
    EXPECT_GE(std::get<Placement>(smallest).cost(), *Money::parse("1")) << at;
  }
}

TEST(Placement, SaysWhyNothingCanBeFilled) {
  EXPECT_TRUE(std::holds_alternative<std::string>(smallest_fill(Market{}, book({}, {}))));
  EXPECT_TRUE(std::holds_alternative<std::string>(
      smallest_fill(Market{}, book({}, {{price("0.50"), shares("1.99")}}))));
}

}  // namespace
}  // namespace polybot::order_manager::livetest
