// The age of a quote counts from the gateway's stamp, not from its arrival.
#include "services/order-manager/core/venue/quote_board.hpp"

#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

struct QuoteAge : testing::Test {
  void hear(Timestamp stamped_at, bool stale = false) {
    board.update(shard,
                 {.market = market,
                  .bid = level("0.50", "10"),
                  .ask = level("0.52", "10"),
                  .last = {},
                  .stale = stale,
                  .stamped_at = stamped_at},
                 now);
  }
  void vouch(Timestamp as_of, std::vector<MarketId> except = {}) {
    board.vouch(shard, {.as_of = as_of, .except = std::move(except)}, now);
  }
  [[nodiscard]] bool fresh() const { return board.fresh(market, now) != nullptr; }
  [[nodiscard]] Duration stale_for() const { return board.stale_for(market, begun, now); }

  const MarketId market = id_of<MarketId>(1);
  const Shard shard{7};
  const Timestamp begun = from_unix_ms(1'000'000);
  Timestamp now = begun + seconds(60);
  QuoteBoard board{seconds(3)};
};

TEST_F(QuoteAge, CountsFromTheStampThroughRepetitions) {
  const Timestamp stamped_at = now;
  hear(stamped_at);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fresh());
    EXPECT_EQ(stale_for(), Duration{});
    now += seconds(1);
    hear(stamped_at);
  }
  EXPECT_TRUE(fresh());
  now += seconds(1);
  hear(stamped_at);
  EXPECT_FALSE(fresh());
  EXPECT_EQ(stale_for(), seconds(4));
  hear(now);
  EXPECT_TRUE(fresh());
}

TEST_F(QuoteAge, IsNeverNegative) {
  hear(now + std::chrono::hours(1));
  EXPECT_TRUE(fresh());
  now += seconds(4);
  EXPECT_FALSE(fresh());
  EXPECT_EQ(stale_for(), seconds(4));
}

TEST_F(QuoteAge, IsNotRenewedByAStaleQuote) {
  hear(now);
  now += seconds(2);
  hear(now, true);
  EXPECT_FALSE(fresh());
  EXPECT_EQ(stale_for(), seconds(2));
}

TEST_F(QuoteAge, CountsFromWhatTheShardIsVouchedFor) {
  hear(now);
  for (int i = 0; i < 3; ++i) {
    now += seconds(2);
    vouch(now - seconds(1));
    EXPECT_TRUE(fresh());
    EXPECT_EQ(stale_for(), Duration{});
  }
  now += seconds(2) + milliseconds(1);
  EXPECT_FALSE(fresh());
  board.vouch({8}, {.as_of = now, .except = {}}, now);  // another shard
  vouch(now, {market});
  vouch(now - seconds(10));
  EXPECT_FALSE(fresh());
  vouch(now);
  EXPECT_TRUE(fresh());
}

TEST_F(QuoteAge, IsNotVouchedForAfterAHoleBeforeItIsToldAgain) {
  hear(now);
  board.miss(shard);
  EXPECT_TRUE(fresh());
  now += seconds(4);
  vouch(now);
  EXPECT_FALSE(fresh());
  hear(now);
  now += seconds(4);
  vouch(now);
  EXPECT_TRUE(fresh());
}

TEST_F(QuoteAge, OfAStaleQuoteIsNotVouchedFor) {
  hear(now, true);
  vouch(now);
  EXPECT_FALSE(fresh());
}

TEST_F(QuoteAge, FollowsAMarketToAnotherShard) {
  hear(now);
  board.update({8}, {.market = market, .stale = false, .stamped_at = now}, now);
  now += seconds(4);
  vouch(now);
  EXPECT_FALSE(fresh());
  board.vouch({8}, {.as_of = now, .except = {}}, now);
  EXPECT_TRUE(fresh());
}

}  // namespace
}  // namespace polybot::order_manager::test
