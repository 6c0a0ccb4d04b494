// The whole state of one stream, told as events, for a reader that missed more than is kept for
// replays. Of order.<strategy>: positions and unpaid claims first, then living and the newest ended
// orders with their booked fills, then unlevel legs. Of order.all: the trading states of the
// account and its strategies, then the resolved markets that owe nothing. Every entry carries the
// journal number at which the snapshot was taken.
#pragma once

#include <vector>

#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

// In folding order. An empty name gives the state of order.all.
[[nodiscard]] std::vector<domain::StreamedEvent> snapshot_of(const Ledger& ledger,
                                                             const domain::StrategyName& strategy);

}  // namespace polybot::order_manager
