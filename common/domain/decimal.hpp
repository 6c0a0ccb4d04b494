// Exact decimal numbers for prices, quantities and money.
//
// A Decimal is a signed 64-bit count of a fixed unit, tagged so that a price can never be added to
// a quantity. No function rounds silently: parsing refuses what it cannot hold exactly, and the one
// product the project needs (price x quantity) names its rounding. Overflow is a broken invariant
// and ends the process; every value that comes from outside is range-checked where it is parsed.
//
//   Price     1e-4 pUSD per share   (all six venue ticks, 0.1 ... 0.0001, are whole counts)
//   Quantity  1e-6 share
//   Money     1e-6 pUSD
#pragma once

#include <array>
#include <charconv>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/assert.hpp"

namespace polybot::domain {

__extension__ using Wide = __int128;

template <class Tag, int Digits>
class Decimal {
 public:
  static constexpr int kDigits = Digits;
  static constexpr std::int64_t kScale = [] {
    std::int64_t scale = 1;
    for (int i = 0; i < Digits; ++i) scale *= 10;
    return scale;
  }();

  constexpr Decimal() = default;
  // `raw` counts units of 10^-Digits.
  static constexpr Decimal from_raw(std::int64_t raw) { return Decimal(raw); }
  static constexpr Decimal from_units(std::int64_t whole) { return Decimal(whole * kScale); }
  // Accepts [-]digits[.digits] and [-].digits with at most Digits significant decimals (further
  // zeros are fine); empty optional otherwise, also on overflow.
  [[nodiscard]] static constexpr std::optional<Decimal> parse(std::string_view text);

  [[nodiscard]] constexpr std::int64_t raw() const { return raw_; }
  [[nodiscard]] constexpr bool is_zero() const { return raw_ == 0; }
  [[nodiscard]] constexpr bool is_positive() const { return raw_ > 0; }
  [[nodiscard]] constexpr bool is_negative() const { return raw_ < 0; }
  // Shortest exact text: "0.45", "12", "-3.000001".
  [[nodiscard]] std::string to_string() const;

  constexpr auto operator<=>(const Decimal&) const = default;
  constexpr Decimal operator-() const { return Decimal(-raw_); }
  constexpr Decimal& operator+=(Decimal other) {
    POLYBOT_ASSERT(!__builtin_add_overflow(raw_, other.raw_, &raw_));
    return *this;
  }
  constexpr Decimal& operator-=(Decimal other) {
    POLYBOT_ASSERT(!__builtin_sub_overflow(raw_, other.raw_, &raw_));
    return *this;
  }
  friend constexpr Decimal operator+(Decimal a, Decimal b) { return a += b; }
  friend constexpr Decimal operator-(Decimal a, Decimal b) { return a -= b; }
  friend constexpr Decimal operator*(Decimal a, std::int64_t n) {
    std::int64_t product = 0;
    POLYBOT_ASSERT(!__builtin_mul_overflow(a.raw_, n, &product));
    return Decimal(product);
  }

 private:
  explicit constexpr Decimal(std::int64_t raw) : raw_(raw) {}
  std::int64_t raw_ = 0;
};

using Price = Decimal<struct PriceTag, 4>;
using Quantity = Decimal<struct QuantityTag, 6>;
using Money = Decimal<struct MoneyTag, 6>;

inline constexpr Price kPriceOne = Price::from_units(1);

// The price of the other outcome of the same market.
constexpr Price complement(Price price) {
  return kPriceOne - price;
}

enum class Rounding : std::uint8_t {
  Down,  // towards minus infinity
  Up,    // towards plus infinity
  HalfAwayFromZero,
};

// value * numerator / denominator, through 128 bits, rounded as asked. denominator > 0.
[[nodiscard]] std::int64_t mul_div(std::int64_t value, std::int64_t numerator,
                                   std::int64_t denominator, Rounding rounding);

// The cash value of `quantity` shares at `price`.
[[nodiscard]] Money notional(Price price, Quantity quantity, Rounding rounding);

// cash / quantity to the nearest 1e-4, for display and logs only; empty when quantity is 0.
[[nodiscard]] std::optional<Price> average_price(Money cash, Quantity quantity);

// ---------------------------------------------------------------------------------------------

template <class Tag, int Digits>
constexpr std::optional<Decimal<Tag, Digits>> Decimal<Tag, Digits>::parse(std::string_view text) {
  bool negative = false;
  if (!text.empty() && text.front() == '-') {
    negative = true;
    text.remove_prefix(1);
  }
  std::int64_t raw = 0;
  int decimals = -1;  // -1 until the point is seen
  bool any_digit = false;
  for (const char c : text) {
    if (c == '.') {
      if (decimals >= 0) return std::nullopt;
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    any_digit = true;
    if (decimals >= Digits) {
      if (c != '0') return std::nullopt;
      continue;
    }
    if (decimals >= 0) ++decimals;
    if (__builtin_mul_overflow(raw, std::int64_t{10}, &raw)) return std::nullopt;
    if (__builtin_add_overflow(raw, std::int64_t{c - '0'}, &raw)) return std::nullopt;
  }
  if (!any_digit) return std::nullopt;
  for (int i = decimals < 0 ? 0 : decimals; i < Digits; ++i) {
    if (__builtin_mul_overflow(raw, std::int64_t{10}, &raw)) return std::nullopt;
  }
  return Decimal(negative ? -raw : raw);
}

template <class Tag, int Digits>
std::string Decimal<Tag, Digits>::to_string() const {
  std::array<char, 24> digits{};
  const auto magnitude =
      raw_ < 0 ? 0 - static_cast<std::uint64_t>(raw_) : static_cast<std::uint64_t>(raw_);
  constexpr auto scale = static_cast<std::uint64_t>(kScale);
  std::string text = raw_ < 0 ? "-" : "";
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), magnitude / scale).ptr;
  text.append(digits.data(), end);
  const std::uint64_t fraction = magnitude % scale;
  if (fraction == 0) return text;
  end = std::to_chars(digits.data(), digits.data() + digits.size(), fraction + scale).ptr;
  std::string_view decimals(digits.data() + 1, static_cast<std::size_t>(end - digits.data() - 1));
  while (decimals.back() == '0') decimals.remove_suffix(1);
  return text.append(".").append(decimals);
}

}  // namespace polybot::domain

template <class Tag, int Digits>
struct std::hash<polybot::domain::Decimal<Tag, Digits>> {
  std::size_t operator()(polybot::domain::Decimal<Tag, Digits> value) const noexcept {
    return std::hash<std::int64_t>{}(value.raw());
  }
};
