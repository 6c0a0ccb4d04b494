// Heartbeats as bytes (status.proto).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/metrics/snapshot.hpp"

namespace polybot::wire {

[[nodiscard]] std::string encode_status(const metrics::Status& status);

// Empty for anything that is no heartbeat: undecodable, without service or replica, or with a
// number of reasons or a text that no service of ours would send.
[[nodiscard]] std::optional<metrics::Status> decode_status(std::string_view bytes);

}  // namespace polybot::wire
