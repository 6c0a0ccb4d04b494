// Running statistics in integers: no double decides about a price. Pure values, bounded memory.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "common/domain/decimal.hpp"
#include "common/domain/instrument.hpp"
#include "common/domain/time.hpp"

namespace polybot::strategy_runner {

// The largest integer whose square is not above `value`; `value` >= 0.
[[nodiscard]] std::int64_t integer_sqrt(std::int64_t value);

// Variance per second of a price, from its changes, with exponential forgetting. In units of
// (1e-4)^2 with 16 binary places.
class Volatility {
 public:
  explicit Volatility(domain::Duration half_life) : half_life_(half_life) {}

  void observe(domain::Price price, domain::Timestamp at);
  // One standard deviation of the move over `horizon`.
  [[nodiscard]] domain::Price sigma(domain::Duration horizon, domain::Timestamp now) const;
  // Until when, at least, sigma() stays as it is if nothing is observed; empty when it is 0 and
  // stays so.
  [[nodiscard]] std::optional<domain::Timestamp> sigma_until(domain::Duration horizon,
                                                             domain::Timestamp now) const;

 private:
  static constexpr int kFractionBits = 16;
  [[nodiscard]] std::int64_t decayed(domain::Timestamp now) const;

  domain::Duration half_life_;
  std::int64_t variance_per_s_ = 0;
  domain::Price last_;
  domain::Timestamp at_{};
  bool seen_ = false;
};

// Trades of one market over a sliding window.
class TradeFlow {
 public:
  explicit TradeFlow(domain::Duration window) : window_(window) {}

  // A public trade by its aggressor. Trades that had waited come late and stand where they belong.
  void add(domain::Side aggressor, domain::Quantity quantity, domain::Timestamp at);
  // Our own share of the public trades, which says nothing about others.
  void remove_own(domain::Side aggressor, domain::Quantity quantity, domain::Timestamp at);
  void forget_before(domain::Timestamp now);

  [[nodiscard]] domain::Quantity bought() const { return clamp(bought_); }
  [[nodiscard]] domain::Quantity sold() const { return clamp(sold_); }
  [[nodiscard]] domain::Quantity total() const { return bought() + sold(); }
  [[nodiscard]] std::int64_t trades() const { return trades_; }
  // (bought - sold) / (bought + sold) in parts per million; 0 without trades.
  [[nodiscard]] std::int64_t imbalance_ppm() const;
  // When forget_before() will next find something to forget; empty without trades.
  [[nodiscard]] std::optional<domain::Timestamp> forgets_at() const;

 private:
  // Beyond this the oldest goes early: a window is seconds long, no market prints more.
  static constexpr std::size_t kPrintsMax = 4096;
  struct Print {
    domain::Timestamp at{};
    domain::Quantity bought;
    domain::Quantity sold;
    std::int64_t trades = 0;
  };
  static domain::Quantity clamp(domain::Quantity value) {
    return value.is_negative() ? domain::Quantity{} : value;
  }
  void push(const Print& print);
  void pop();

  domain::Duration window_;
  std::deque<Print> prints_;  // by time
  domain::Quantity bought_;
  domain::Quantity sold_;
  std::int64_t trades_ = 0;
};

// What a price was at the start of a sliding window.
class PriceTrail {
 public:
  explicit PriceTrail(domain::Duration window) : window_(window) {}

  void observe(domain::Price price, domain::Timestamp at);
  // The price has not changed up to then.
  void slide(domain::Timestamp at);
  // The latest price minus the one a window ago (or the oldest known); 0 without two.
  [[nodiscard]] domain::Price move() const;
  // From when on slide() changes move(); empty when nothing is left to slide out.
  [[nodiscard]] std::optional<domain::Timestamp> slides_at() const;

 private:
  static constexpr std::size_t kPointsMax = 512;
  struct Point {
    domain::Timestamp at{};
    domain::Price price;
  };
  domain::Duration window_;
  std::deque<Point> points_;
};

}  // namespace polybot::strategy_runner
