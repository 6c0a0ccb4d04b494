// Sizing of a basket: one buy in each of several markets of an event, the same quantity everywhere,
// worth a known amount per share at resolution. Works on price ladders over several levels and on
// the grid of quantities that every leg can express. Integers only; pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "common/domain/instrument.hpp"
#include "common/domain/order_book.hpp"
#include "common/domain/signal.hpp"

namespace polybot::strategy_runner {

// Levels of a leg that are used; deeper ones are never worth their risk.
inline constexpr std::size_t kLadderLevelsMax = 12;

// What buying one outcome costs, best level first, in the outcome's own terms. No price twice.
struct Ladder {
  domain::Instrument instrument;
  domain::FeeSchedule fee;
  domain::Quantity min_size;
  std::vector<domain::Level> levels;
};
[[nodiscard]] Ladder buy_ladder(const domain::Market& market, domain::Outcome outcome,
                                const domain::OrderBook& book);

// Walking a ladder for a quantity.
struct Walk {
  domain::Money cash;   // rounded against us
  domain::Money fee;    // rounded up
  domain::Price limit;  // of the last level needed
};
// Empty when the ladder is not deep enough.
[[nodiscard]] std::optional<Walk> walk(const Ladder& ladder, domain::Quantity quantity);

struct BasketLimits {
  domain::Money edge_min;  // per share, at the worst prices the limits allow
  domain::Quantity quantity_max;
  domain::Money leg_cost_max;
  domain::Money basket_cost_max;
};

struct Basket {
  std::vector<domain::Leg> legs;
  domain::Quantity quantity;
  domain::Money cost;    // of all legs at the visible prices, fees included
  domain::Money payout;  // certain, at resolution
  [[nodiscard]] domain::Money profit() const { return payout - cost; }
};

// One YES of every outcome of a complete event pays 1 per share. Empty when no basket is worth it.
[[nodiscard]] std::optional<Basket> best_yes_basket(std::span<const Ladder> ladders,
                                                    const BasketLimits& limits);
// One NO of any k >= 2 outcomes of an exclusive event pays at least k - 1 per share; picks the
// subset.
[[nodiscard]] std::optional<Basket> best_no_basket(std::span<const Ladder> ladders,
                                                   const BasketLimits& limits);

}  // namespace polybot::strategy_runner
