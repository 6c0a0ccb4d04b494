// The search for the best basket written plainly: every quantity at which a level is used up, every
// number of legs, each worked out in full. What the strategies use must find the same, and is
// measured beside this.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "common/domain/amounts.hpp"
#include "common/domain/fees.hpp"
#include "services/strategy-runner/core/strategies/basket.hpp"

namespace polybot::plain_search {

using domain::Money;
using domain::Price;
using domain::Quantity;
using strategy_runner::Basket;
using strategy_runner::BasketLimits;
using strategy_runner::Ladder;

inline constexpr Quantity kOneShare = Quantity::from_units(1);

// What one more share costs at `price`, with its fee.
inline Money marginal_cost(const Ladder& ladder, Price price) {
  return domain::notional(price, kOneShare, domain::Rounding::Up) +
         domain::taker_fee(ladder.fee, price, kOneShare, domain::Rounding::Up);
}

// The largest quantity whose cost at `price` stays within `cost_max`.
inline Quantity affordable(Money cost_max, Price price) {
  return Quantity::from_raw(
      domain::mul_div(cost_max.raw(), Price::kScale, price.raw(), domain::Rounding::Down));
}

// Quantities at which some ladder's best level is used up.
inline std::vector<Quantity> breakpoints(std::span<const Ladder> ladders) {
  std::vector<Quantity> points;
  for (const Ladder& ladder : ladders) {
    if (!ladder.levels.empty()) points.push_back(ladder.levels.front().quantity);
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

// A ladder with the walk it needs at one breakpoint.
struct Candidate {
  const Ladder* ladder;
  Price limit;
  Money marginal;
};

// An immediate buy spends its limit times its quantity, and on the way over several levels that is
// more shares than the quantity: the legs would not be level. So each leg takes its best level
// alone; the next basket takes the next.
inline std::vector<Candidate> candidates_at(std::span<const Ladder> ladders, Quantity quantity) {
  std::vector<Candidate> candidates;
  for (const Ladder& ladder : ladders) {
    const auto needed = walk(ladder, quantity);
    if (needed && needed->limit == ladder.levels.front().price)
      candidates.push_back({&ladder, needed->limit, marginal_cost(ladder, needed->limit)});
  }
  return candidates;
}

// The largest expressible basket of these legs up to `quantity`, with the limits they need there.
inline std::optional<Basket> build(std::span<const Candidate> legs, Quantity quantity,
                                   Money payout_per_share, const BasketLimits& limits) {
  Money marginal;
  Price price_sum;
  Quantity step = domain::kShareStep;
  quantity = std::min(quantity, limits.quantity_max);
  for (const Candidate& leg : legs) {
    marginal += leg.marginal;
    price_sum += leg.limit;
    step = domain::common_step(step, domain::immediate_buy_step(leg.limit));
    quantity = std::min(quantity, affordable(limits.leg_cost_max, leg.limit));
  }
  if (marginal + limits.edge_min > payout_per_share) return std::nullopt;
  quantity = std::min(quantity, affordable(limits.basket_cost_max, price_sum));
  quantity = domain::floor_to_step(quantity, step);
  if (!quantity.is_positive()) return std::nullopt;

  Basket basket{.legs = {}, .quantity = quantity, .cost = {}, .payout = {}};
  for (const Candidate& leg : legs) {
    if (quantity < leg.ladder->min_size) return std::nullopt;
    const Money worth = domain::notional(leg.limit, quantity, domain::Rounding::Down);
    if (worth < domain::kMarketableNotionalMin) return std::nullopt;
    const auto paid = walk(*leg.ladder, quantity);
    basket.cost += paid->cash + paid->fee;
    basket.legs.push_back({.instrument = leg.ladder->instrument,
                           .side = domain::Side::Buy,
                           .limit = leg.limit,
                           .quantity = quantity});
  }
  basket.payout = Money::from_raw(domain::mul_div(payout_per_share.raw(), quantity.raw(),
                                                  Quantity::kScale, domain::Rounding::Down));
  return basket;
}

inline void keep_better(std::optional<Basket>& best, std::optional<Basket> other) {
  if (other && other->profit().is_positive() && (!best || other->profit() > best->profit())) {
    best = std::move(other);
  }
}

inline std::optional<Basket> best_yes_basket(std::span<const Ladder> ladders,
                                             const BasketLimits& limits) {
  std::optional<Basket> best;
  if (ladders.size() < 2 || ladders.size() > domain::kLegsMax) return best;
  for (const Quantity quantity : breakpoints(ladders)) {
    const std::vector<Candidate> legs = candidates_at(ladders, quantity);
    if (legs.size() != ladders.size()) break;  // deeper points only lose more legs
    keep_better(best, build(legs, quantity, Money::from_units(1), limits));
  }
  return best;
}

inline std::optional<Basket> best_no_basket(std::span<const Ladder> ladders,
                                            const BasketLimits& limits) {
  std::optional<Basket> best;
  for (const Quantity quantity : breakpoints(ladders)) {
    std::vector<Candidate> legs = candidates_at(ladders, quantity);
    // A NO adds 1 - its cost to what is certain; one that adds less than the edge only binds
    // capital.
    std::erase_if(legs, [&](const Candidate& leg) {
      return Money::from_units(1) - leg.marginal < limits.edge_min;
    });
    std::stable_sort(legs.begin(), legs.end(), [](const Candidate& a, const Candidate& b) {
      return a.marginal < b.marginal;
    });
    const std::size_t legs_max = std::min(legs.size(), domain::kLegsMax);
    for (std::size_t k = 2; k <= legs_max; ++k) {
      const Money payout = Money::from_units(static_cast<std::int64_t>(k) - 1);
      keep_better(best, build(std::span(legs).first(k), quantity, payout, limits));
    }
  }
  return best;
}

}  // namespace polybot::plain_search
