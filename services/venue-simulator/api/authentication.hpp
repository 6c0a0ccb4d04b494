// Tells who sends a request: the L1 signature that asks for credentials, the L2 HMAC of every
// private request (docs.polymarket.com/api-reference/authentication), and the read-only key that
// stands in for it where an account is only read. Timestamps may be off by a minute.
#pragma once

#include <optional>

#include "common/http/message.hpp"
#include "services/venue-simulator/api/members.hpp"

namespace polybot::venue_simulator {

inline constexpr std::int64_t kTimestampTolerance_s = 60;
inline constexpr std::string_view kHeaderReadOnlyKey = "POLY_READONLY_API_KEY";

// Who signed L1 headers, and which of its keys it means.
struct L1Caller {
  polymarket::Address address;
  std::uint64_t nonce = 0;
  bool operator==(const L1Caller&) const = default;
};
// Empty when anything about the headers is wrong.
[[nodiscard]] std::optional<L1Caller> authenticate_l1(const http::Request& request,
                                                      std::uint64_t chain_id, std::int64_t now_s);
// The member whose L2 headers are right for exactly this request; else null.
[[nodiscard]] const Member* authenticate_l2(const http::Request& request, const Members& members,
                                            std::int64_t now_s);
// The same, or the owner of the read-only key that the request names with its address.
[[nodiscard]] const Member* authenticate_reader(const http::Request& request,
                                                const Members& members, std::int64_t now_s);

}  // namespace polybot::venue_simulator
