// What the trading states and the newest fill allow a strategy: questions to the ledger alone.
#pragma once

#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

// Reducing allows sells, Halted allows nothing.
[[nodiscard]] domain::DenyReason refuses_opening(const Ledger& ledger,
                                                 const domain::StrategyName& strategy,
                                                 domain::Side side);

// Whether a runner that had applied the order events up to `applied_seq` knows the strategy's last
// fill.
[[nodiscard]] bool saw_last_fill(const Ledger& ledger, const domain::StrategyName& strategy,
                                 const domain::MarketId& market, std::uint64_t applied_seq);

}  // namespace polybot::order_manager
