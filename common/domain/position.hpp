// The arithmetic of holding one outcome token: quantity, total cost and realized result, never an
// average price. It is exact: for any order of buys and sells,
//
//   paid for buys - received for sells == cost - realized
//
// holds to the last 1e-6 pUSD. A holding may be negative (someone else sold the account's shares,
// or a buy that had been sold from turned out never to have happened): then cost is negative too,
// the money received for what is owed.
#pragma once

#include "common/domain/instrument.hpp"

namespace polybot::domain {

struct Holding {
  Quantity quantity;
  Money cost;      // total paid for what is held, fees included; same sign as quantity
  Money realized;  // result of everything closed so far, net of fees
  constexpr bool operator==(const Holding&) const = default;
};

// One fill: `cash` changed hands against `quantity` shares; `fee` was paid on top (buy) or kept
// back (sell). Closing part of a holding realizes proceeds - cost x closed/held, rounded once (half
// away from zero); the remainder stays in the cost.
void apply_fill(Holding& holding, Side side, Quantity quantity, Money cash, Money fee);

// quantity x price, rounded down: what the holding is worth at `mark`.
[[nodiscard]] Money value_at(const Holding& holding, Price mark);

}  // namespace polybot::domain
