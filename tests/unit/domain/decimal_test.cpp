#include "common/domain/decimal.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace polybot::domain {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

TEST(Decimal, ParsesWhatTheVenuePrints) {
  EXPECT_EQ(Price::parse("0.45"), Price::from_raw(4500));
  EXPECT_EQ(Price::parse(".45"), Price::from_raw(4500));
  EXPECT_EQ(Price::parse("0.4500000000"), Price::from_raw(4500));
  EXPECT_EQ(Price::parse("1"), kPriceOne);
  EXPECT_EQ(Price::parse("0"), Price());
  EXPECT_EQ(Price::parse("-0"), Price());
  EXPECT_EQ(Price::parse("-0.0001"), Price::from_raw(-1));
  EXPECT_EQ(Price::parse("000.5"), Price::from_raw(5000));
  EXPECT_EQ(Quantity::parse("16069385.26"), Quantity::from_raw(16'069'385'260'000));
  EXPECT_EQ(Quantity::parse("219.217767"), Quantity::from_raw(219'217'767));
}

TEST(Decimal, RefusesWhatItCannotHoldExactly) {
  EXPECT_FALSE(Price::parse("0.00001").has_value());
  EXPECT_FALSE(Price::parse("0.450001").has_value());
  EXPECT_FALSE(Quantity::parse("0.0000001").has_value());
  EXPECT_TRUE(Quantity::parse("0.0000010").has_value());
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-", ".", "-.", "+1", "1e3", "1,5", " 1", "1 ", "1.2.3", "0x10",
                           "--1", "1-", "nan", "inf", "½", "1_000", "0.1a"}) {
    EXPECT_FALSE(Price::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(Price::parse(std::string_view("1\0", 2)).has_value());
}

TEST(Decimal, RefusesOverflowInsteadOfWrapping) {
  EXPECT_EQ(Quantity::parse("9223372036854.775807"), Quantity::from_raw(kMost));
  EXPECT_EQ(Quantity::parse("-9223372036854.775807"), Quantity::from_raw(-kMost));
  EXPECT_FALSE(Quantity::parse("9223372036854.775808").has_value());
  EXPECT_FALSE(Quantity::parse("9223372036855").has_value());
  EXPECT_FALSE(Quantity::parse("99999999999999999999999999").has_value());
  EXPECT_FALSE(Quantity::parse(std::string(1000, '9')).has_value());
  EXPECT_TRUE(Quantity::parse(std::string(1000, '0')).has_value());
}

TEST(Decimal, PrintsTheShortestExactText) {
  EXPECT_EQ(Price::from_raw(4500).to_string(), "0.45");
  EXPECT_EQ(kPriceOne.to_string(), "1");
  EXPECT_EQ(Price().to_string(), "0");
  EXPECT_EQ(Price::from_raw(-1).to_string(), "-0.0001");
  EXPECT_EQ(Money::from_raw(-3'000'001).to_string(), "-3.000001");
  EXPECT_EQ(Money::from_raw(120'000'000).to_string(), "120");
  EXPECT_EQ(Money::from_raw(kMost).to_string(), "9223372036854.775807");
  EXPECT_EQ(Money::from_raw(kLeast).to_string(), "-9223372036854.775808");
}

TEST(Decimal, PrintsWhatItParses) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto shift = static_cast<int>(random() % 63);
    const auto raw = static_cast<std::int64_t>(random() >> shift);
    if (raw == kLeast) continue;
    const Money value = Money::from_raw(i % 2 == 0 ? raw : -raw);
    EXPECT_EQ(Money::parse(value.to_string()), value) << value.to_string();
  }
}

TEST(Decimal, ComputesExactly) {
  const Money a = *Money::parse("0.1");
  const Money b = *Money::parse("0.2");
  EXPECT_EQ(a + b, *Money::parse("0.3"));
  EXPECT_EQ(a - b, *Money::parse("-0.1"));
  EXPECT_EQ(a * 3, *Money::parse("0.3"));
  EXPECT_EQ(-a, *Money::parse("-0.1"));
  EXPECT_LT(a, b);
  EXPECT_EQ(complement(*Price::parse("0.37")), *Price::parse("0.63"));
  EXPECT_TRUE(a.is_positive());
  EXPECT_TRUE((-a).is_negative());
  EXPECT_TRUE(Money().is_zero());
}

TEST(DecimalDeathTest, OverflowEndsTheProcess) {
  const Money most = Money::from_raw(kMost);
  EXPECT_DEATH(static_cast<void>(most + Money::from_raw(1)), "broken invariant");
  EXPECT_DEATH(static_cast<void>(Money::from_raw(kLeast) - Money::from_raw(1)), "broken invariant");
  EXPECT_DEATH(static_cast<void>(most * 2), "broken invariant");
  EXPECT_DEATH(static_cast<void>(mul_div(kMost, kMost, 1, Rounding::Down)), "broken invariant");
  EXPECT_DEATH(static_cast<void>(mul_div(1, 1, 0, Rounding::Down)), "broken invariant");
}

TEST(MulDiv, RoundsAsAsked) {
  struct Row {
    std::int64_t value, numerator, denominator, down, up, half;
  };
  for (const Row& row : {Row{7, 1, 2, 3, 4, 4}, Row{-7, 1, 2, -4, -3, -4}, Row{1, 1, 3, 0, 1, 0},
                         Row{-1, 1, 3, -1, 0, 0}, Row{2, 1, 3, 0, 1, 1}, Row{-2, 1, 3, -1, 0, -1},
                         Row{6, 1, 3, 2, 2, 2}, Row{-6, 1, 3, -2, -2, -2}, Row{0, 5, 3, 0, 0, 0},
                         Row{5, -1, 2, -3, -2, -3}}) {
    EXPECT_EQ(mul_div(row.value, row.numerator, row.denominator, Rounding::Down), row.down);
    EXPECT_EQ(mul_div(row.value, row.numerator, row.denominator, Rounding::Up), row.up);
    EXPECT_EQ(mul_div(row.value, row.numerator, row.denominator, Rounding::HalfAwayFromZero),
              row.half);
  }
}

TEST(MulDiv, GoesThroughMoreThan64Bits) {
  EXPECT_EQ(mul_div(kMost, 1'000'000, 1'000'000, Rounding::Down), kMost);
  EXPECT_EQ(mul_div(kLeast, 3, 3, Rounding::Up), kLeast);
  EXPECT_EQ(mul_div(kMost, kMost, kMost, Rounding::HalfAwayFromZero), kMost);
}

// The same quotient of products of up to 40 and of up to 120 bits.
TEST(MulDiv, RoundsAlikeWhateverTheWidth) {
  std::mt19937_64 random(5);
  const auto drawn = [&] { return static_cast<std::int64_t>(random() % (1 << 20)); };
  constexpr std::int64_t kWider = std::int64_t{1} << 40;
  for (int i = 0; i < 2'000; ++i) {
    const std::int64_t value = i % 2 == 0 ? drawn() : -drawn();
    const std::int64_t numerator = drawn();
    const std::int64_t denominator = 1 + (i % 3 == 0 ? drawn() : drawn() % 8);
    for (const Rounding rounding : {Rounding::Down, Rounding::Up, Rounding::HalfAwayFromZero}) {
      EXPECT_EQ(mul_div(value * kWider, numerator, denominator * kWider, rounding),
                mul_div(value, numerator, denominator, rounding))
          << value << " * " << numerator << " / " << denominator;
    }
  }
}

TEST(Notional, IsPriceTimesQuantityRoundedAsAsked) {
  EXPECT_EQ(notional(*Price::parse("0.45"), *Quantity::parse("100"), Rounding::Down),
            *Money::parse("45"));
  const Price price = *Price::parse("0.3333");
  const Quantity quantity = *Quantity::parse("0.000001");
  EXPECT_EQ(notional(price, quantity, Rounding::Down), Money());
  EXPECT_EQ(notional(price, quantity, Rounding::Up), Money::from_raw(1));
  EXPECT_EQ(notional(price, quantity, Rounding::HalfAwayFromZero), Money());
}

TEST(Notional, OfBothOutcomesIsOnePerShare) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 1000; ++i) {
    const Price price = Price::from_raw(static_cast<std::int64_t>(random() % 10'001));
    const Quantity quantity =
        Quantity::from_raw(static_cast<std::int64_t>(random() % 1'000'000'000'000));
    EXPECT_EQ(notional(price, quantity, Rounding::Down) +
                  notional(complement(price), quantity, Rounding::Up),
              Money::from_raw(quantity.raw()));
  }
}

TEST(AveragePrice, IsForDisplayAndNeverDividesByZero) {
  EXPECT_EQ(average_price(*Money::parse("45"), *Quantity::parse("100")), Price::parse("0.45"));
  EXPECT_EQ(average_price(*Money::parse("1"), *Quantity::parse("3")), Price::parse("0.3333"));
  EXPECT_EQ(average_price(*Money::parse("2"), *Quantity::parse("3")), Price::parse("0.6667"));
  EXPECT_FALSE(average_price(*Money::parse("1"), Quantity()).has_value());
}

}  // namespace
}  // namespace polybot::domain
