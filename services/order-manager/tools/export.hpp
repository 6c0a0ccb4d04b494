// `order-manager export WHAT JOURNAL`: what the journal holds, as comma-separated values for
// spreadsheets and scripts. Reads a journal, also one whose owner is running.
#pragma once

#include <string>
#include <vector>

namespace polybot::order_manager {

// export orders|fills|pnl|states [--csv] JOURNAL: one header line, then a row each, to standard
// output. Throws runtime::CannotStart or JournalError.
//
//   orders  a row per order, denied ones included: `status` is how it stands, `counted_as` the
//           status it ended in first (`live`: not yet), by which verify, the API and the metrics
//           count, so that the rows add up to their numbers
//   fills   a row per fill, reversed ones included
//   pnl     a row per strategy and mark
//   states  a row per change of a trading state: who did what, and why
int export_csv(const std::vector<std::string>& arguments);

}  // namespace polybot::order_manager
