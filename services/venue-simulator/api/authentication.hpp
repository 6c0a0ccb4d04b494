// Tells who sends a request: the L1 signature that asks for credentials, and the L2 HMAC of every
// private request (docs.polymarket.com/api-reference/authentication). Timestamps may be off by a
// minute.
#pragma once

#include <optional>

#include "common/http/message.hpp"
#include "services/venue-simulator/api/members.hpp"

namespace polybot::venue_simulator {

inline constexpr std::int64_t kTimestampTolerance_s = 60;

// The address that signed the L1 headers; empty when anything about them is wrong.
[[nodiscard]] std::optional<polymarket::Address> authenticate_l1(const http::Request& request,
                                                                 std::uint64_t chain_id,
                                                                 std::int64_t now_s);
// The member whose L2 headers are right for exactly this request; else null.
[[nodiscard]] const Member* authenticate_l2(const http::Request& request, const Members& members,
                                            std::int64_t now_s);

}  // namespace polybot::venue_simulator
