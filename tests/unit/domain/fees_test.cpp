#include "common/domain/fees.hpp"

#include <gtest/gtest.h>

#include <random>

namespace polybot::domain {
namespace {

Money fee(std::int64_t rate_ppm, std::int32_t exponent, const char* price, const char* quantity,
          Rounding rounding) {
  return taker_fee({.rate_ppm = rate_ppm, .exponent = exponent}, *Price::parse(price),
                   *Quantity::parse(quantity), rounding);
}

TEST(TakerFee, IsRateTimesSharesTimesThePriceSpread) {
  EXPECT_EQ(fee(70'000, 1, "0.5", "100", Rounding::HalfAwayFromZero), *Money::parse("1.75"));
  EXPECT_EQ(fee(40'000, 1, "0.1", "100", Rounding::HalfAwayFromZero), *Money::parse("0.36"));
  EXPECT_EQ(fee(250'000, 2, "0.5", "100", Rounding::HalfAwayFromZero), *Money::parse("1.5625"));
}

TEST(TakerFee, IsTheSameForBothOutcomes) {
  for (int raw = 1; raw < 10'000; raw += 37) {
    const Price price = Price::from_raw(raw);
    const FeeSchedule schedule{.rate_ppm = 70'000, .exponent = 1};
    EXPECT_EQ(taker_fee(schedule, price, *Quantity::parse("12.34"), Rounding::Up),
              taker_fee(schedule, complement(price), *Quantity::parse("12.34"), Rounding::Up));
  }
}

TEST(TakerFee, IsCountedInHundredThousandths) {
  // 0.07 x 0.0001 x 0.25 = 0.00000175: below the venue's smallest fee.
  EXPECT_EQ(fee(70'000, 1, "0.5", "0.0001", Rounding::Down), Money());
  EXPECT_EQ(fee(70'000, 1, "0.5", "0.0001", Rounding::HalfAwayFromZero), Money());
  EXPECT_EQ(fee(70'000, 1, "0.5", "0.0001", Rounding::Up), *Money::parse("0.00001"));
  EXPECT_EQ(fee(70'000, 1, "0.5", "0.0005", Rounding::HalfAwayFromZero), *Money::parse("0.00001"));
}

TEST(TakerFee, IsNothingWithoutARateOrAtTheEdges) {
  EXPECT_EQ(fee(0, 1, "0.5", "1000000", Rounding::Up), Money());
  EXPECT_EQ(fee(70'000, 1, "0", "1000000", Rounding::Up), Money());
  EXPECT_EQ(fee(70'000, 1, "1", "1000000", Rounding::Up), Money());
}

TEST(TakerFee, HoldsTheLargestQuantityTheBusCarries) {
  EXPECT_EQ(fee(1'000'000, 1, "0.5", "900000000", Rounding::Down), *Money::parse("225000000"));
  EXPECT_EQ(fee(1'000'000, 2, "0.5", "900000000", Rounding::Down), *Money::parse("56250000"));
}

TEST(TakerFee, IsExactForFewSharesAndForMany) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 4'000; ++i) {
    const auto raw = static_cast<std::int64_t>(random() % 10'001);
    const auto rate = static_cast<std::int64_t>(random() % 1'000'000);
    // From a hundredth of a share to a hundred million.
    const auto quantity = static_cast<std::int64_t>(random() >> (16 + random() % 34));
    const Wide product = Wide{quantity} * rate * raw * (10'000 - raw);
    const Wide unit = 1'000'000'000'000'000;
    const FeeSchedule schedule{.rate_ppm = rate, .exponent = 1};
    const auto fee_of = [&](Rounding rounding) {
      return taker_fee(schedule, Price::from_raw(raw), Quantity::from_raw(quantity), rounding)
          .raw();
    };
    EXPECT_EQ(fee_of(Rounding::Down), static_cast<std::int64_t>(product / unit) * 10);
    EXPECT_EQ(fee_of(Rounding::Up), static_cast<std::int64_t>((product + unit - 1) / unit) * 10);
    EXPECT_EQ(fee_of(Rounding::HalfAwayFromZero),
              static_cast<std::int64_t>((product * 2 + unit) / (unit * 2)) * 10);
  }
}

// 55 pUSD at 0.55 or better: at 0.50 they buy 110 shares, at 0.10 five times as many.
TEST(TakerFee, OfAPurchaseGrowsWithEveryBetterPrice) {
  const Money cash = *Money::parse("55");
  const Price limit = *Price::parse("0.55");
  for (const std::int32_t exponent : {1, 2}) {
    const FeeSchedule schedule{.rate_ppm = 70'000, .exponent = exponent};
    const Money most = most_taker_fee(schedule, limit, cash);
    EXPECT_LE(most, *Money::parse("3.85"));
    for (int raw = 1; raw <= limit.raw(); raw += 7) {
      const Price price = Price::from_raw(raw);
      const auto bought = mul_div(cash.raw(), Price::kScale, raw, Rounding::Down);
      EXPECT_LE(taker_fee(schedule, price, Quantity::from_raw(bought), Rounding::HalfAwayFromZero),
                most)
          << price.to_string();
    }
  }
  EXPECT_EQ(most_taker_fee({}, limit, cash), Money());
}

}  // namespace
}  // namespace polybot::domain
