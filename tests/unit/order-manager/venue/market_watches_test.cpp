#include "services/order-manager/core/venue/market_watches.hpp"

#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

struct WatchedMarkets : ::testing::Test {
  Bench bench;
  MarketWatches markets;
  const Market market = make_market(1);

  void hint(MarketStatus status) {
    Market told = market;
    told.status = status;
    Turn turn = bench.turn();
    markets.hinted(turn, told);
  }
  MarketWatches::News answer(std::optional<Market> record) {
    const auto outcome = record ? MarketRead::Outcome::Found : MarketRead::Outcome::NotFound;
    Turn turn = bench.turn();
    return markets.answered(turn, {market.id, outcome, std::move(record)});
  }
  void want() {
    Turn turn = bench.turn();
    markets.want(turn, market.id);
  }
  void drive() {
    Turn turn = bench.turn();
    markets.drive(turn, {}, bench.now);
  }
};

TEST_F(WatchedMarkets, TakeOrdersUntilTheGatewaySaysOtherwise) {
  EXPECT_TRUE(markets.accepting(market.id, Side::Buy, bench.now));
  hint(MarketStatus::ReduceOnly);
  EXPECT_FALSE(markets.accepting(market.id, Side::Buy, bench.now));
  EXPECT_TRUE(markets.accepting(market.id, Side::Sell, bench.now));
  hint(MarketStatus::Closed);
  EXPECT_FALSE(markets.accepting(market.id, Side::Sell, bench.now));
  EXPECT_TRUE(markets.hinted_over(market.id));
}

TEST_F(WatchedMarkets, AreAskedForOnceAtATime) {
  want();
  want();
  EXPECT_EQ(bench.reads<ReadMarket>().size(), 1U);
  answer(market);
  EXPECT_EQ(bench.recorded<MarketRecorded>().size(), 1U);
  bench.now += seconds(1);
  want();  // read a moment ago
  EXPECT_EQ(bench.reads<ReadMarket>().size(), 1U);
  bench.now += seconds(1);
  want();
  EXPECT_EQ(bench.reads<ReadMarket>().size(), 2U);
}

TEST_F(WatchedMarkets, TheVenueDoesNotKnowAreNotTradedForAWhile) {
  want();
  answer(std::nullopt);
  EXPECT_TRUE(markets.unknown_to_venue(market.id, bench.now));
  EXPECT_FALSE(markets.accepting(market.id, Side::Buy, bench.now));
  EXPECT_FALSE(markets.unknown_to_venue(market.id, bench.now + seconds(30)));
}

TEST_F(WatchedMarkets, OverWithNothingAtStakeAreNotRecorded) {
  Market closed = market;
  closed.status = MarketStatus::Closed;
  Turn turn = bench.turn();
  markets.want_for_account(turn, market.id);
  const MarketWatches::News news = answer(closed);
  EXPECT_TRUE(news.over);
  EXPECT_TRUE(news.account_waits);
  EXPECT_TRUE(bench.recorded<MarketRecorded>().empty());
  // The record is kept for what will be booked there.
  EXPECT_EQ(markets.record_of(bench.ledger, market.id), closed);
}

TEST_F(WatchedMarkets, OverAndHeldAreAskedForTheirResult) {
  bench.record(MarketRecorded{market});
  bench.hold(1, market, "10");
  drive();
  EXPECT_TRUE(bench.reads<ConfirmResolution>().empty());
  hint(MarketStatus::Closed);
  drive();
  ASSERT_EQ(bench.reads<ConfirmResolution>().size(), 1U);
  EXPECT_EQ(bench.reads<ConfirmResolution>().front().market, market.id);
}

TEST(ResolveMarket, RecordsOneResolutionPerHolder) {
  Bench bench;
  const Market market = make_market(1);
  bench.record(MarketRecorded{market});
  bench.hold(1, market, "10");
  Turn turn = bench.turn();
  resolve_market(turn, market.id, {price("0.7"), price("0.7")});  // no result
  EXPECT_TRUE(bench.recorded<MarketResolved>().empty());
  resolve_market(turn, market.id, {kPriceOne, Price{}});
  resolve_market(turn, market.id, {kPriceOne, Price{}});
  EXPECT_EQ(bench.recorded<MarketResolved>().size(), 1U);
  EXPECT_FALSE(tradable(bench.ledger, market.id));
}

}  // namespace
}  // namespace polybot::order_manager::test
