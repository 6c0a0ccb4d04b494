// The last check of a seed: once everything has settled, the journal must equal the venue's truth,
// exactly.
#pragma once

#include <string>
#include <vector>

#include "services/order-manager/core/ledger/ledger.hpp"
#include "services/strategy-runner/core/runner.hpp"
#include "tests/simulation/auditor.hpp"
#include "tests/simulation/venue.hpp"

namespace polybot::simulation {

// One sentence for each difference between the venue's truth and the ledger; empty when they agree
// on cash, holdings, fills, the end of every order, and when nothing is open, provisional or owed
// any more.
[[nodiscard]] std::vector<std::string> differences(const order_manager::Ledger& ledger,
                                                   const Venue& venue);

// What must hold at any moment: money is conserved, and no trade has us on both sides, except by
// hand or with an order that had been written off. Throws Violation.
void check_venue(const Venue& venue, const Auditor& auditor);

// The book begins with no shares but those that the account had before. Throws Violation.
void check_openings(const order_manager::Ledger& ledger, const Venue& venue);

// What a runner believes to hold when it has heard every event. Throws Violation.
void check_holdings(const strategy_runner::Runner& runner, const order_manager::Ledger& ledger,
                    Timestamp now);

// Orders that were written off though they had reached the venue within the hold. Throws Violation.
void check_written_off(const Venue& venue, const Auditor& auditor, Duration hold);

}  // namespace polybot::simulation
