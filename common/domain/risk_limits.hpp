// The limits of what may be at risk. There is one set for the account and one per strategy; both
// must hold. Every figure counts what is held, what rests and what is in flight, each at its worst
// case, fees included.
#pragma once

#include <cstdint>

#include "common/domain/decimal.hpp"

namespace polybot::domain {

struct RiskLimits {
  // pUSD: limit price x quantity of one order that opens risk.
  Money order_notional_max = Money::from_units(250);
  // pUSD in one market: unpaired holdings at mark + open buys at their limit with fees.
  Money position_max = Money::from_units(500);
  // The same summed over the markets of one event.
  Money event_exposure_max = Money::from_units(1'000);
  // The same summed over everything.
  Money exposure_max = Money::from_units(5'000);
  // Orders that are in flight, resting, partly filled or ambiguous.
  std::uint32_t open_orders_max = 200;
  // New orders per second on average, and how many may come at once.
  std::uint32_t order_rate_max = 30;
  std::uint32_t order_burst_max = 60;
  // A buy may be priced at most this far above the mid, a sell at most this far below it.
  Price price_band = Price::from_raw(1'000);
  // pUSD lost since the UTC day opened, and below the highest equity ever: reaching either enters
  // Reducing. Unrealized results count.
  Money daily_loss_max = Money::from_units(500);
  Money drawdown_max = Money::from_units(1'000);
  // pUSD of free collateral that opening orders must leave untouched (account only).
  Money balance_min;

  bool operator==(const RiskLimits&) const = default;
};

}  // namespace polybot::domain
