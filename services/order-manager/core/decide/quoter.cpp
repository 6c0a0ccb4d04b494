#include "services/order-manager/core/decide/quoter.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "common/domain/amounts.hpp"

namespace polybot::order_manager {

using domain::BookSide;
using domain::Outcome;
using domain::Price;
using domain::Quantity;
using domain::Side;

namespace {

Price down_to_tick(Price price, Price tick) {
  return Price::from_raw(price.raw() / tick.raw() * tick.raw());
}

Price up_to_tick(Price price, Price tick) {
  return Price::from_raw((price.raw() + tick.raw() - 1) / tick.raw() * tick.raw());
}

// The two orders that make one side of a target.
void add_side(std::vector<WantedQuote>& wanted, const domain::Market& market, BookSide side,
              Price price, Quantity quantity, Quantity sellable) {
  if (!domain::on_tick(price, market.tick)) return;
  quantity = domain::floor_to_step(std::max(quantity, Quantity{}), domain::kShareStep);
  const Outcome sold = side == BookSide::Bid ? Outcome::No : Outcome::Yes;
  const Price sell_price = side == BookSide::Bid ? domain::complement(price) : price;
  Quantity sell =
      domain::floor_to_step(std::max(Quantity{}, std::min(quantity, sellable)), domain::kShareStep);
  if (sell < market.min_size) sell = {};
  const Quantity buy = quantity - sell;
  if (sell.is_positive()) {
    wanted.push_back({side, {market.id, sold}, Side::Sell, sell_price, sell});
  }
  if (buy >= market.min_size && buy.is_positive()) {
    const Outcome bought = domain::other(sold);
    wanted.push_back({side, {market.id, bought}, Side::Buy, domain::complement(sell_price), buy});
  }
}

bool matches(const WantedQuote& wanted, const LiveQuote& live, std::int64_t tolerance_ppm) {
  if (live.leaving || wanted.instrument != live.instrument || wanted.side != live.side ||
      wanted.limit != live.limit) {
    return false;
  }
  const std::int64_t slack =
      domain::mul_div(wanted.quantity.raw(), tolerance_ppm, 1'000'000, domain::Rounding::Down);
  return std::abs(wanted.quantity.raw() - live.leaves.raw()) <= slack;
}

}  // namespace

std::vector<WantedQuote> wanted_quotes(const domain::QuoteTarget& target,
                                       const domain::Market& market, Quantity sellable_yes,
                                       Quantity sellable_no) {
  std::vector<WantedQuote> wanted;
  if (target.bid) {
    add_side(wanted, market, BookSide::Bid, down_to_tick(target.bid->price, market.tick),
             target.bid->quantity, sellable_no);
  }
  if (target.ask) {
    add_side(wanted, market, BookSide::Ask, up_to_tick(target.ask->price, market.tick),
             target.ask->quantity, sellable_yes);
  }
  return wanted;
}

QuotePlan plan_quotes(std::span<const WantedQuote> wanted, std::span<const LiveQuote> live,
                      std::int64_t tolerance_ppm) {
  QuotePlan plan;
  std::vector<bool> resting(wanted.size(), false);
  std::array<bool, 2> blocked{};  // by book side
  for (const LiveQuote& order : live) {
    std::optional<std::size_t> keeps;
    for (std::size_t i = 0; i < wanted.size() && !keeps; ++i) {
      if (!resting[i] && matches(wanted[i], order, tolerance_ppm)) keeps = i;
    }
    if (keeps) {
      resting[*keeps] = true;
      continue;
    }
    if (!order.leaving) plan.cancel.push_back(order.id);
    blocked[static_cast<std::size_t>(book_side(order.instrument.outcome, order.side))] = true;
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (resting[i] || blocked[static_cast<std::size_t>(wanted[i].book_side)]) continue;
    plan.place.push_back(wanted[i]);
  }
  return plan;
}

}  // namespace polybot::order_manager
