// Who trades what, and what rests at the venue for it: GET /leases of the admin port, for an
// operator and for tests. A pure rendering of the core's state.
#pragma once

#include <string>

#include "services/order-manager/core/order_manager.hpp"

namespace polybot::order_manager {

// {"at_ms","ready","leases":[{"strategy","shard","replica","incarnation","epoch","expires_in_ms"}],
//  "resting":[{"id","venue_id","strategy","shard","side","purpose"}]}; `resting` lists orders that
// have not ended and for which no cancel is under way. Incarnations are texts: they fill 64 bits.
[[nodiscard]] std::string lease_report(const OrderManager& core, domain::Timestamp now);

}  // namespace polybot::order_manager
