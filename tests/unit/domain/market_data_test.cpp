#include "common/domain/market_data.hpp"

#include <gtest/gtest.h>

namespace polybot::domain {
namespace {

TEST(YesTerms, BuyingOneOutcomeIsSellingTheOther) {
  EXPECT_EQ(yes_side(Outcome::Yes, Side::Buy), Side::Buy);
  EXPECT_EQ(yes_side(Outcome::Yes, Side::Sell), Side::Sell);
  EXPECT_EQ(yes_side(Outcome::No, Side::Buy), Side::Sell);
  EXPECT_EQ(yes_side(Outcome::No, Side::Sell), Side::Buy);
}

TEST(YesTerms, WhoBuysYesOrSellsNoStandsAmongTheBids) {
  EXPECT_EQ(book_side(Outcome::Yes, Side::Buy), BookSide::Bid);
  EXPECT_EQ(book_side(Outcome::Yes, Side::Sell), BookSide::Ask);
  EXPECT_EQ(book_side(Outcome::No, Side::Buy), BookSide::Ask);
  EXPECT_EQ(book_side(Outcome::No, Side::Sell), BookSide::Bid);
}

TEST(YesTerms, APriceOfNoIsWhatIsLeftOfOneThereAndBack) {
  const Price price = *Price::parse("0.4001");
  EXPECT_EQ(yes_price(Outcome::Yes, price), price);
  EXPECT_EQ(yes_price(Outcome::No, price), *Price::parse("0.5999"));
  EXPECT_EQ(yes_price(Outcome::No, yes_price(Outcome::No, price)), price);
  EXPECT_EQ(yes_price(Outcome::No, Price()), kPriceOne);
}

}  // namespace
}  // namespace polybot::domain
