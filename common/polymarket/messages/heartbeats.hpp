// POST /v1/heartbeats, the venue's dead man's switch. A client that has once sent a heartbeat must
// go on, or the venue cancels every open order of the key ten seconds after the last one. The first
// heartbeat carries an empty id, each further one the id from the answer before it. A wrong id is
// refused, and the refusal names the expected one.
#pragma once

#include <string>
#include <string_view>

#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

inline constexpr std::string_view kHeartbeatPath = "/v1/heartbeats";
inline constexpr std::string_view kInvalidHeartbeatId = "Invalid Heartbeat ID";

struct HeartbeatResponse {
  std::string heartbeat_id;  // to be sent next; empty when refused by a chain that has not begun
  bool refused = false;      // the id was not the one expected, and nothing was taken
  bool operator==(const HeartbeatResponse&) const = default;
};

// The id of a request; MissingField without one.
[[nodiscard]] ParseResult<std::string> parse_heartbeat_body(std::string_view text);
[[nodiscard]] std::string write_heartbeat_body(std::string_view heartbeat_id);
// Of a 200 and of the 400 that names the expected id alike; any other answer is an error.
[[nodiscard]] ParseResult<HeartbeatResponse> parse_heartbeat_answer(std::string_view text);
[[nodiscard]] std::string write_heartbeat_answer(const HeartbeatResponse& response);

}  // namespace polybot::polymarket
