#include "common/domain/instrument.hpp"

#include <gtest/gtest.h>

namespace polybot::domain {
namespace {

TEST(Instrument, OutcomesAndSidesHaveOpposites) {
  EXPECT_EQ(other(Outcome::Yes), Outcome::No);
  EXPECT_EQ(other(other(Outcome::No)), Outcome::No);
  EXPECT_EQ(opposite(Side::Buy), Side::Sell);
  EXPECT_EQ(opposite(opposite(Side::Sell)), Side::Sell);
}

TEST(Instrument, KnowsTheTokenOfAnOutcome) {
  Market market;
  market.yes_token.bytes[0] = 1;
  market.no_token.bytes[0] = 2;
  EXPECT_EQ(token_of(market, Outcome::Yes).bytes[0], 1);
  EXPECT_EQ(token_of(market, Outcome::No).bytes[0], 2);
}

TEST(Instrument, AMarketIsOverWhenItIsClosedOrResolved) {
  EXPECT_FALSE(over(MarketStatus::Active));
  EXPECT_FALSE(over(MarketStatus::Paused));
  EXPECT_FALSE(over(MarketStatus::ReduceOnly));
  EXPECT_TRUE(over(MarketStatus::Closed));
  EXPECT_TRUE(over(MarketStatus::Resolved));
}

TEST(Instrument, PricesLieOnTicksInsideTheGame) {
  for (const char* tick_text : {"0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"}) {
    const Price tick = *Price::parse(tick_text);
    EXPECT_TRUE(on_tick(tick, tick)) << tick_text;
    EXPECT_TRUE(on_tick(kPriceOne - tick, tick)) << tick_text;
    EXPECT_TRUE(on_tick(*Price::parse("0.5"), tick)) << tick_text;
    EXPECT_FALSE(on_tick(Price(), tick)) << tick_text;
    EXPECT_FALSE(on_tick(kPriceOne, tick)) << tick_text;
    EXPECT_FALSE(on_tick(-tick, tick)) << tick_text;
  }
  EXPECT_FALSE(on_tick(*Price::parse("0.455"), *Price::parse("0.01")));
  EXPECT_TRUE(on_tick(*Price::parse("0.455"), *Price::parse("0.005")));
}

}  // namespace
}  // namespace polybot::domain
