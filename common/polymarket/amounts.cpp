#include "common/polymarket/amounts.hpp"

#include <array>
#include <limits>

#include "common/polymarket/messages/refusals.hpp"

namespace polybot::polymarket {
namespace {

using domain::Money;
using domain::Price;
using domain::Quantity;
using domain::Side;
using domain::TimeInForce;
using domain::Wide;

constexpr std::int64_t kTwoDecimals = 10'000;  // 0.01 in 1e-6 units
constexpr std::int64_t kFourDecimals = 100;
constexpr std::int64_t kThreeDecimals = 1'000;

// A tick and the decimals the venue allows a resting order's cash amount.
struct TickRule {
  Price tick;
  int cash_decimals;
};
constexpr std::array<TickRule, 6> kTickRules{{{Price::from_raw(1000), 3},
                                              {Price::from_raw(100), 4},
                                              {Price::from_raw(50), 5},
                                              {Price::from_raw(25), 6},
                                              {Price::from_raw(10), 5},
                                              {Price::from_raw(1), 6}}};

std::int64_t floor_to(std::int64_t value, std::int64_t step) {
  return value - value % step;
}

std::uint64_t unsigned_of(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

std::int64_t unit_of(int decimals) {
  std::int64_t unit = 1;
  for (int i = decimals; i < Money::kDigits; ++i) unit *= 10;
  return unit;
}

int cash_decimals(Price tick) {
  for (const TickRule& rule : kTickRules) {
    if (rule.tick == tick) return rule.cash_decimals;
  }
  return 4;
}

// Shares have 2 decimals, so this product has at most 6 and is exact.
std::int64_t cash_of(std::int64_t shares, Price price) {
  return domain::mul_div(shares, price.raw(), Price::kScale, domain::Rounding::Down);
}

// The shares a cash amount buys at `price`; the finest tick families allow 4 decimals, 0.1 only 3.
Wide shares_of(std::int64_t cash, Price price, Price tick) {
  const std::int64_t unit = cash_decimals(tick) < 4 ? kThreeDecimals : kFourDecimals;
  const Wide shares = Wide{cash} * Price::kScale / price.raw();
  return shares - shares % unit;
}

std::string accuracy_text(Side side, TimeInForce time_in_force, int maker, int taker) {
  std::string text = "invalid amounts, the ";
  if (immediate(time_in_force)) text += "market ";
  text += side == Side::Buy ? "buy" : "sell";
  text += " orders maker amount supports a max accuracy of " + std::to_string(maker);
  return text + " decimals, taker amount a max of " + std::to_string(taker) + " decimals";
}

// Shares and cash of an order, whichever side they are on.
struct Sides {
  std::int64_t shares;
  std::int64_t cash;
};

// Prices implied by immediate orders are off the grid by what the amounts were floored; the order's
// limit is the grid price that produces exactly these amounts.
std::optional<Price> immediate_price(Side side, Sides amounts, Price tick) {
  const Wide scaled = Wide{amounts.cash} * Price::kScale;
  const Wide floored = scaled / amounts.shares;
  if (floored > Price::kScale) return std::nullopt;
  const auto down = Price::from_raw(floor_to(static_cast<std::int64_t>(floored), tick.raw()));
  const bool exact = scaled == Wide{down.raw()} * amounts.shares;
  const Price price = exact || side == Side::Buy ? down : down + tick;
  if (!domain::on_tick(price, tick)) return std::nullopt;
  if (exact) return price;
  if (side == Side::Buy) {
    if (shares_of(amounts.cash, price, tick) != amounts.shares) return std::nullopt;
  } else if (floor_to(cash_of(amounts.shares, price), kFourDecimals) != amounts.cash) {
    return std::nullopt;
  }
  return price;
}

std::optional<Price> resting_price(Sides amounts, Price tick) {
  const Wide scaled = Wide{amounts.cash} * Price::kScale;
  if (scaled % amounts.shares != 0 || scaled / amounts.shares > Price::kScale) return std::nullopt;
  const auto price = Price::from_raw(static_cast<std::int64_t>(scaled / amounts.shares));
  if (!domain::on_tick(price, tick)) return std::nullopt;
  return price;
}

// For the error text only.
Price nearest_price(Sides amounts) {
  const Wide price = Wide{amounts.cash} * Price::kScale / amounts.shares;
  constexpr Wide kShown = Price::kScale * 1'000'000;
  return Price::from_raw(static_cast<std::int64_t>(price < kShown ? price : kShown));
}

// The text that refuses amounts with too many decimals; empty when they are fine.
std::string check_accuracy(const AmountCheck& order, Sides amounts) {
  const bool buys = order.side == Side::Buy;
  if (immediate(order.time_in_force)) {
    const bool fine = (buys ? amounts.cash : amounts.shares) % kTwoDecimals == 0 &&
                      (buys ? amounts.shares : amounts.cash) % kFourDecimals == 0;
    return fine ? "" : accuracy_text(order.side, order.time_in_force, 2, 4);
  }
  const int decimals = cash_decimals(order.tick);
  const bool fine = amounts.shares % kTwoDecimals == 0 && amounts.cash % unit_of(decimals) == 0;
  if (fine) return "";
  return accuracy_text(order.side, order.time_in_force, buys ? decimals : 2, buys ? 2 : decimals);
}

}  // namespace

std::string_view to_string(AmountError error) {
  switch (error) {
    case AmountError::UnknownTick:
      return "unknown tick";
    case AmountError::PriceOffTick:
      return "price off tick";
    case AmountError::RoundsToZero:
      return "quantity rounds to zero";
  }
  return "unknown";
}

bool is_known_tick(Price tick) {
  for (const TickRule& rule : kTickRules) {
    if (rule.tick == tick) return true;
  }
  return false;
}

AmountsResult amounts_for_shares(Side side, Quantity quantity, Price price, Price tick,
                                 TimeInForce time_in_force) {
  if (!is_known_tick(tick)) return AmountError::UnknownTick;
  if (!domain::on_tick(price, tick)) return AmountError::PriceOffTick;
  const bool whole_cents = side == Side::Buy && immediate(time_in_force);
  const Quantity step = whole_cents ? domain::immediate_buy_step(price) : domain::kShareStep;
  const std::int64_t shares = domain::floor_to_step(quantity, step).raw();
  std::int64_t cash = cash_of(shares, price);
  if (side == Side::Sell && immediate(time_in_force)) cash = floor_to(cash, kFourDecimals);
  if (shares == 0 || cash == 0) return AmountError::RoundsToZero;
  if (side == Side::Buy) return OrderAmounts{unsigned_of(cash), unsigned_of(shares)};
  return OrderAmounts{unsigned_of(shares), unsigned_of(cash)};
}

std::variant<OrderTerms, std::string> check_amounts(const AmountCheck& order) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto [maker, taker] = order.amounts;
  if (maker == 0 || taker == 0 || maker > kMax || taker > kMax || !is_known_tick(order.tick)) {
    return std::string(refusal::kInvalidPayload);
  }
  const bool buys = order.side == Side::Buy;
  const Sides amounts{static_cast<std::int64_t>(buys ? taker : maker),
                      static_cast<std::int64_t>(buys ? maker : taker)};
  if (std::string text = check_accuracy(order, amounts); !text.empty()) return text;
  const auto price = immediate(order.time_in_force)
                         ? immediate_price(order.side, amounts, order.tick)
                         : resting_price(amounts, order.tick);
  if (!price) return refusal::off_tick(order.order_id, nearest_price(amounts), order.tick);
  const auto quantity = Quantity::from_raw(amounts.shares);
  if (!immediate(order.time_in_force) && quantity < order.min_size) {
    return refusal::below_minimum(order.order_id, quantity, order.min_size);
  }
  return OrderTerms{*price, quantity, Money::from_raw(amounts.cash)};
}

std::string check_marketable_notional(Side side, Money notional) {
  if (notional >= domain::kMarketableNotionalMin) return {};
  return std::string("invalid amount for a marketable ") + (side == Side::Buy ? "BUY" : "SELL") +
         " order ($" + notional.to_string() + "), min size: $" +
         domain::kMarketableNotionalMin.to_string();
}

}  // namespace polybot::polymarket
