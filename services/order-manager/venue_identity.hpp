// The identity of our orders at the real venue: amounts, salt, timestamp and EIP-712 digest, all
// functions of the order, so that a second attempt is the same order to the venue.
#pragma once

#include <cstdint>

#include "common/polymarket/messages/orders.hpp"
#include "services/order-manager/core/orders/order_identity.hpp"

namespace polybot::order_manager {

// Throws std::invalid_argument for a chain without exchanges.
[[nodiscard]] OrderIdentity venue_identity(std::uint64_t chain_id,
                                           const polymarket::OrderParty& party);

}  // namespace polybot::order_manager
