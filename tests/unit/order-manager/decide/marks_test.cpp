#include "services/order-manager/core/decide/marks.hpp"

#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

using namespace std::chrono_literals;

struct TradingDay : ::testing::Test {
  Bench bench;
  QuoteBoard quotes{bench.settings.quote_age_max};

  // How many days were opened by now, in all.
  std::size_t opened_at(Timestamp now) {
    bench.now = now;
    Marks marks(bench.settings, quotes);
    Turn turn = bench.turn();
    marks.open_day_if_due(turn, bench.readiness);
    return bench.recorded<DayOpened>().size();
  }
  TradingDay() { bench.make_ready(); }
};

constexpr Timestamp kMidnight = from_unix_ms(20'776LL * 86'400'000);

TEST_F(TradingDay, BeginsAtMidnightUtcByDefault) {
  EXPECT_EQ(opened_at(kMidnight - 1s), 1u);
  EXPECT_EQ(opened_at(kMidnight - 1ms), 1u);
  EXPECT_EQ(opened_at(kMidnight), 2u);
  EXPECT_EQ(opened_at(kMidnight + 23h), 2u);
}

TEST_F(TradingDay, BeginsWhenTheSettingSays) {
  bench.settings.day_start = 22h;
  EXPECT_EQ(opened_at(kMidnight + 1h), 1u);
  EXPECT_EQ(opened_at(kMidnight + 22h - 1ms), 1u);
  EXPECT_EQ(opened_at(kMidnight + 22h), 2u);
  EXPECT_EQ(opened_at(kMidnight + 45h), 2u);
  EXPECT_EQ(opened_at(kMidnight + 46h), 3u);
}

TEST_F(TradingDay, IsNotOpenedTwiceWhenItsStartMoves) {
  EXPECT_EQ(opened_at(kMidnight + 1h), 1u);
  bench.settings.day_start = 22h;  // by this count it is still the day before
  EXPECT_EQ(opened_at(kMidnight + 2h), 1u);
  EXPECT_EQ(opened_at(kMidnight + 23h), 1u);
  EXPECT_EQ(opened_at(kMidnight + 46h), 2u);
}

}  // namespace
}  // namespace polybot::order_manager::test
