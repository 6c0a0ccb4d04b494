// What must be true of every ledger, after any input. For tests, the simulation and `verify`: a
// fold that breaks one of these is wrong, not unlucky.
#pragma once

#include <string>
#include <vector>

#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

// One sentence for each violation; empty = sound. Checks that
//  - per strategy and side, submitted = filled + canceled + rejected + expired + live;
//  - every order's filled quantity and provisional count are those of its booked fills;
//  - positions are what the booked fills came to, and cash is deposits - costs + results + payouts;
//  - the set of open orders is the set of those whose status is not terminal;
//  - broken_commitments() finds nothing.
[[nodiscard]] std::vector<std::string> broken_invariants(const Ledger& ledger);

// The sums that limits are judged by, and the places of open orders in the books, against a count
// from the beginning. Holds after every record, also in histories that no venue could have.
[[nodiscard]] std::vector<std::string> broken_commitments(const Ledger& ledger);

}  // namespace polybot::order_manager
