#include "services/order-manager/livetest/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/domain/amounts.hpp"

namespace polybot::order_manager::livetest {

using domain::Money;
using domain::Price;
using domain::Quantity;

namespace {

constexpr auto by_price = [](const domain::Level& a, const domain::Level& b) {
  return a.price < b.price;
};

// Rounded up to what the venue can express.
Quantity worth_at_least(Money cash, Price price, Quantity step) {
  Quantity quantity =
      domain::floor_to_step(Quantity::from_raw(cash.raw() * Price::kScale / price.raw()), step);
  while (domain::notional(price, quantity, domain::Rounding::Down) < cash) quantity += step;
  return quantity;
}

}  // namespace

std::optional<Placement> far_order(const domain::Market& market,
                                   const polymarket::BookSummary& book) {
  const auto best = std::max_element(book.bids.begin(), book.bids.end(), by_price);
  if (best == book.bids.end() || best->price < market.tick + market.tick + market.tick)
    return std::nullopt;
  return Placement{market.tick, market.min_size};
}

std::variant<Placement, std::string> smallest_fill(const domain::Market& market,
                                                   const polymarket::BookSummary& book) {
  const auto best = std::min_element(book.asks.begin(), book.asks.end(), by_price);
  if (best == book.asks.end()) return "nobody sells " + market.slug;
  const Placement placement{best->price, worth_at_least(domain::kMarketableNotionalMin, best->price,
                                                        domain::immediate_buy_step(best->price))};
  if (best->quantity < placement.quantity) {
    return fmt::format(
        "at the best price of {}, {}, only {} shares are sold, and the smallest "
        "order is of {}",
        market.slug, best->price.to_string(), best->quantity.to_string(),
        placement.quantity.to_string());
  }
  return placement;
}

}  // namespace polybot::order_manager::livetest
