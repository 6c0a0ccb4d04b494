#include "services/strategy-runner/core/strategies/statistics.hpp"

#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

const domain::Timestamp kStart = domain::from_unix_ms(1'000'000);

TEST(Statistics, TakesIntegerSquareRoots) {
  EXPECT_EQ(integer_sqrt(0), 0);
  EXPECT_EQ(integer_sqrt(1), 1);
  EXPECT_EQ(integer_sqrt(99), 9);
  EXPECT_EQ(integer_sqrt(100), 10);
  EXPECT_EQ(integer_sqrt(std::int64_t{3'037'000'499} * 3'037'000'499), 3'037'000'499);
  EXPECT_EQ(integer_sqrt(std::numeric_limits<std::int64_t>::max()), 3'037'000'499);
}

TEST(Statistics, MeasuresAVolatilityThatMatchesTheMoves) {
  // A move of 1 cent each second, for long: one standard deviation a second is 1 cent.
  Volatility volatility(30s);
  for (int i = 0; i < 600; ++i) volatility.observe(cents(50 + i % 2), kStart + i * 1s);
  const auto sigma = volatility.sigma(1s, kStart + 600s);
  EXPECT_NEAR(static_cast<double>(sigma.raw()), 100.0, 8.0);
  EXPECT_NEAR(static_cast<double>(volatility.sigma(4s, kStart + 600s).raw()), 200.0, 16.0);
}

TEST(Statistics, ForgetsOldMoves) {
  Volatility volatility(10s);
  volatility.observe(cents(50), kStart);
  volatility.observe(cents(60), kStart + 1s);
  const auto fresh = volatility.sigma(10s, kStart + 1s);
  const auto later = volatility.sigma(10s, kStart + 21s);
  EXPECT_GT(fresh.raw(), 0);
  EXPECT_NEAR(static_cast<double>(later.raw()), static_cast<double>(fresh.raw()) / 2, 5.0);
  EXPECT_EQ(volatility.sigma(10s, kStart + 1h).raw(), 0);
}

TEST(Statistics, KeepsFlowOfTheWindowOnly) {
  TradeFlow flow(5s);
  flow.add(domain::Side::Buy, shares(30), kStart);
  flow.add(domain::Side::Sell, shares(10), kStart + 3s);
  EXPECT_EQ(flow.total(), shares(40));
  EXPECT_EQ(flow.imbalance_ppm(), 500'000);
  flow.forget_before(kStart + 6s);
  EXPECT_EQ(flow.total(), shares(10));
  EXPECT_EQ(flow.imbalance_ppm(), -1'000'000);
  EXPECT_EQ(flow.trades(), 1);
}

TEST(Statistics, PlacesATradeThatComesLateWhereItBelongs) {
  TradeFlow flow(5s);
  flow.add(domain::Side::Buy, shares(30), kStart + 6s);
  flow.add(domain::Side::Sell, shares(10), kStart);
  flow.add(domain::Side::Sell, shares(20), kStart + 3s);
  flow.forget_before(kStart + 7s);
  EXPECT_EQ(flow.bought(), shares(30));
  EXPECT_EQ(flow.sold(), shares(20));
  flow.forget_before(kStart + 9s);
  EXPECT_EQ(flow.total(), shares(30));
}

TEST(Statistics, TakesOwnTradesOutOfTheFlow) {
  TradeFlow flow(5s);
  flow.remove_own(domain::Side::Buy, shares(30), kStart);  // our event may come first
  EXPECT_EQ(flow.total(), shares(0));
  flow.add(domain::Side::Buy, shares(30), kStart);
  EXPECT_EQ(flow.total(), shares(0));
  EXPECT_EQ(flow.trades(), 0);
}

TEST(Statistics, MeasuresTheMoveOverTheWindow) {
  PriceTrail trail(5s);
  EXPECT_EQ(trail.move().raw(), 0);
  trail.observe(cents(50), kStart);
  trail.observe(cents(51), kStart + 1s);
  trail.observe(cents(53), kStart + 4s);
  EXPECT_EQ(trail.move(), cents(3));
  trail.observe(cents(53),
                kStart + 7s);  // unchanged, but time has passed: 51 held at the window's start
  EXPECT_EQ(trail.move(), cents(2));
  trail.observe(cents(53), kStart + 30s);
  EXPECT_EQ(trail.move().raw(), 0);
}

TEST(Statistics, TellsUntilWhenAVolatilityStays) {
  for (const domain::Duration horizon : {domain::Duration(10ms), domain::Duration(5s)}) {
    for (const std::int64_t move : {1, 3, 20, 400, 4'000}) {
      Volatility volatility(30s);
      EXPECT_FALSE(volatility.sigma_until(horizon, kStart));
      volatility.observe(cents(50), kStart);
      volatility.observe(cents(50) + domain::Price::from_raw(move), kStart + 1s);
      domain::Timestamp now = kStart + 1s;
      int asked = 0;
      while (const auto until = volatility.sigma_until(horizon, now)) {
        ASSERT_GE(*until, now);
        ASSERT_LT(++asked, 20'000);
        const domain::Price sigma = volatility.sigma(horizon, now);
        for (int part = 1; part <= 8; ++part)
          ASSERT_EQ(volatility.sigma(horizon, now + (*until - now) / 8 * part), sigma);
        now = std::max(*until, now + 100ms);
      }
      EXPECT_EQ(volatility.sigma(horizon, now).raw(), 0);
      EXPECT_EQ(volatility.sigma(horizon, now + 1h).raw(), 0);
    }
  }
}

TEST(Statistics, TellsWhenAFlowForgets) {
  TradeFlow flow(8s);
  EXPECT_FALSE(flow.forgets_at());
  flow.add(domain::Side::Buy, shares(5), kStart);
  flow.add(domain::Side::Buy, shares(7), kStart + 1s);
  const auto at = flow.forgets_at();
  ASSERT_TRUE(at);
  flow.forget_before(*at - 1ns);
  EXPECT_EQ(flow.total(), shares(12));
  flow.forget_before(*at);
  EXPECT_EQ(flow.total(), shares(7));
}

TEST(Statistics, TellsWhenATrailSlides) {
  PriceTrail trail(8s);
  trail.observe(cents(50), kStart);
  EXPECT_FALSE(trail.slides_at());
  trail.observe(cents(53), kStart + 2s);
  const auto at = trail.slides_at();
  ASSERT_TRUE(at);
  trail.slide(*at - 1ns);
  EXPECT_EQ(trail.move(), cents(3));
  trail.slide(*at);
  EXPECT_EQ(trail.move(), domain::Price{});
  EXPECT_FALSE(trail.slides_at());
}

}  // namespace
}  // namespace polybot::strategy_runner
