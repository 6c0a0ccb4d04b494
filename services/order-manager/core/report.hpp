// What `order-manager verify` prints: positions, results and counters of a ledger as plain text, one
// fact per line, in a fixed order, so that two reports can be compared line by line.
#pragma once

#include <string>

#include "services/order-manager/core/ledger.hpp"

namespace polybot::order_manager {

[[nodiscard]] std::string report(const Ledger& ledger);

// The promise of polybot_orders_total: per strategy and side, submitted = filled + canceled + rejected +
// expired + live. Empty when it holds everywhere, else a line for each place where it does not.
[[nodiscard]] std::string broken_order_identity(const Ledger& ledger);

}  // namespace polybot::order_manager
