// The age of a quote counts from the gateway's stamp, not from its arrival.
#include "services/order-manager/core/venue/quote_board.hpp"

#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

struct QuoteAge : testing::Test {
  void hear(Timestamp stamped_at, bool stale = false) {
    board.update({.market = market,
                  .bid = level("0.50", "10"),
                  .ask = level("0.52", "10"),
                  .last = {},
                  .stale = stale,
                  .stamped_at = stamped_at},
                 now);
  }
  [[nodiscard]] bool fresh() const { return board.fresh(market, now) != nullptr; }
  [[nodiscard]] Duration stale_for() const { return board.stale_for(market, begun, now); }

  const MarketId market = id_of<MarketId>(1);
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

}  // namespace
}  // namespace polybot::order_manager::test
