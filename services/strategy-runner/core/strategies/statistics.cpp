#include "services/strategy-runner/core/strategies/statistics.hpp"

#include <algorithm>

namespace polybot::strategy_runner {

std::int64_t integer_sqrt(std::int64_t value) {
  POLYBOT_ASSERT(value >= 0);
  std::int64_t root = 0;
  for (std::int64_t bit = std::int64_t{1} << 31; bit != 0; bit >>= 1) {
    const std::int64_t next = root | bit;
    if (next <= 3'037'000'499 && next * next <= value)
      root = next;  // the bound keeps the square in range
  }
  return root;
}

namespace {

// 2^-x for x in [0, 1), both in parts per million: a cubic, within 0.3 % of the exponential.
std::int64_t halved_ppm(std::int64_t x) {
  constexpr std::int64_t kMillion = 1'000'000;
  const std::int64_t square = x * x / kMillion;
  const std::int64_t cube = square * x / kMillion;
  return kMillion - 693'147 * x / kMillion + 240'227 * square / kMillion - 47'080 * cube / kMillion;
}

}  // namespace

std::int64_t Volatility::decayed(domain::Timestamp now) const {
  const std::int64_t age = std::max<std::int64_t>((now - at_).count(), 0);
  const std::int64_t life = half_life_.count();
  const std::int64_t halvings = age / life;
  if (halvings >= 40) return 0;
  const std::int64_t rest_ppm =
      domain::mul_div(age % life, 1'000'000, life, domain::Rounding::Down);
  return domain::mul_div(variance_per_s_ >> halvings, halved_ppm(rest_ppm), 1'000'000,
                         domain::Rounding::Down);
}

void Volatility::observe(domain::Price price, domain::Timestamp at) {
  if (!seen_) {
    seen_ = true;
    last_ = price;
    at_ = at;
    return;
  }
  if (price == last_) return;
  const std::int64_t move = price.raw() - last_.raw();
  // An exponential window of half life h weighs a jump with ln 2 / h per second: 0.693 =
  // 693147/10^6.
  const std::int64_t square = (move * move) << kFractionBits;
  const std::int64_t per_second = domain::mul_div(
      square, 693'147'000, half_life_.count() / 1'000'000 * 1'000, domain::Rounding::Down);
  variance_per_s_ = decayed(at) + per_second / 1'000;
  last_ = price;
  at_ = std::max(at_, at);
}

domain::Price Volatility::sigma(domain::Duration horizon, domain::Timestamp now) const {
  const std::int64_t variance =
      domain::mul_div(decayed(now), horizon.count(), 1'000'000'000, domain::Rounding::Down);
  return domain::Price::from_raw(
      std::min<std::int64_t>(integer_sqrt(variance >> kFractionBits), domain::kPriceOne.raw()));
}

// The variance falls with the half life: by less than a part of itself in the same part of a half
// life, which leaves room for what decayed() is off by. kCount is for its rounding.
std::optional<domain::Timestamp> Volatility::sigma_until(domain::Duration horizon,
                                                         domain::Timestamp now) const {
  constexpr std::int64_t kCount = 8;
  const std::int64_t present = sigma(horizon, now).raw();
  if (present == 0) return std::nullopt;
  const std::int64_t variance = decayed(now);
  const std::int64_t least = domain::mul_div((present * present) << kFractionBits, 1'000'000'000,
                                             horizon.count(), domain::Rounding::Up);
  const std::int64_t excess = std::max<std::int64_t>(variance - least - kCount, 0);
  return now + domain::Duration(
                   domain::mul_div(half_life_.count(), excess, variance, domain::Rounding::Down));
}

void TradeFlow::push(const Print& print) {
  bought_ += print.bought;
  sold_ += print.sold;
  trades_ += print.trades;
  const auto later = std::find_if(prints_.rbegin(), prints_.rend(),
                                  [&](const Print& other) { return other.at <= print.at; });
  prints_.insert(later.base(), print);
  if (prints_.size() > kPrintsMax) pop();
}

void TradeFlow::pop() {
  bought_ -= prints_.front().bought;
  sold_ -= prints_.front().sold;
  trades_ -= prints_.front().trades;
  prints_.pop_front();
}

void TradeFlow::add(domain::Side aggressor, domain::Quantity quantity, domain::Timestamp at) {
  const bool buy = aggressor == domain::Side::Buy;
  push({.at = at,
        .bought = buy ? quantity : domain::Quantity{},
        .sold = buy ? domain::Quantity{} : quantity,
        .trades = 1});
  forget_before(at);
}

void TradeFlow::remove_own(domain::Side aggressor, domain::Quantity quantity,
                           domain::Timestamp at) {
  const bool buy = aggressor == domain::Side::Buy;
  push({.at = at,
        .bought = buy ? -quantity : domain::Quantity{},
        .sold = buy ? domain::Quantity{} : -quantity,
        .trades = -1});
}

void TradeFlow::forget_before(domain::Timestamp now) {
  while (!prints_.empty() && now - prints_.front().at > window_) pop();
}

std::int64_t TradeFlow::imbalance_ppm() const {
  if (!total().is_positive()) return 0;
  return domain::mul_div((bought() - sold()).raw(), 1'000'000, total().raw(),
                         domain::Rounding::Down);
}

std::optional<domain::Timestamp> TradeFlow::forgets_at() const {
  if (prints_.empty()) return std::nullopt;
  return prints_.front().at + window_ + domain::Duration(1);
}

void PriceTrail::observe(domain::Price price, domain::Timestamp at) {
  // An unchanged price needs no point of its own.
  if (points_.empty() || points_.back().price != price) points_.push_back({at, price});
  if (points_.size() > kPointsMax) points_.pop_front();
  slide(at);
}

void PriceTrail::slide(domain::Timestamp at) {
  // The front is the price that held at the start of the window.
  while (points_.size() > 1 && at - points_[1].at >= window_) points_.pop_front();
}

std::optional<domain::Timestamp> PriceTrail::slides_at() const {
  if (points_.size() < 2) return std::nullopt;
  return points_[1].at + window_;
}

domain::Price PriceTrail::move() const {
  if (points_.empty()) return {};
  return points_.back().price - points_.front().price;
}

}  // namespace polybot::strategy_runner
