// Which wallets may make orders: the one place that decides it.
#pragma once

#include <string>

#include "common/polymarket/signing.hpp"
#include "services/venue-simulator/api/members.hpp"

namespace polybot::venue_simulator {

// The venue's words when the maker, the signer or the signature type of an order are not those of a
// wallet that its sender may trade with; empty when they are. The simulated venue knows the plain
// accounts (type 0) alone.
[[nodiscard]] std::string refused_wallet(const Member& member,
                                         const polymarket::OrderToSign& order);

}  // namespace polybot::venue_simulator
