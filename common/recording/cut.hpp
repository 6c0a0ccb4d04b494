// A part of a recording as a recording: complete by itself. It begins with a header, with the
// markets as they stood then, and with their books; then come the lines of the part.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include "common/recording/reader.hpp"

namespace polybot::recording {

struct Part {
  std::int64_t from_ms = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_ms = std::numeric_limits<std::int64_t>::max();  // with lines of this time
  // Ids, slugs, or slugs of events, as notes name them; empty: all markets.
  std::set<std::string> markets;
};

// Gives the lines of the part to `write`, in pieces. Frames with messages of other markets, too,
// are written without them. Returns how many frames of the recording are in it.
[[nodiscard]] std::uint64_t cut(Recording& recording, const Part& part,
                                const std::function<void(std::string_view lines)>& write);

}  // namespace polybot::recording
