// Metric snapshots as bytes (metrics.proto). Encoding trusts its input; decoding trusts nothing.
// Only the shape of the message is judged here: the aggregator judges names, fingerprints and
// values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/metrics/snapshot.hpp"

namespace polybot::wire {

// No sender emits more. A receiver drops larger snapshots without reading them.
inline constexpr std::size_t kSnapshotBytesMax = std::size_t{1} << 20;

struct EncodedSnapshot {
  // Messages numbered snapshot.seq, seq + 1, …; each is complete for the families it names. There
  // is at least one, so that a process without families is heard too. `final` is set on the last
  // alone, because it ends the rest.
  std::vector<std::string> parts;
  std::size_t families_left_out = 0;  // a single family that no part could hold
};
// No part is longer than `bytes_max`.
[[nodiscard]] EncodedSnapshot encode_snapshot(const metrics::Snapshot& snapshot,
                                              std::size_t bytes_max = kSnapshotBytesMax);

enum class SnapshotRefusal : std::uint8_t {
  Oversize,
  Undecodable,  // not this message, or a sender without a name, number or uptime that can be true
};
[[nodiscard]] std::variant<metrics::Snapshot, SnapshotRefusal> decode_snapshot(
    std::string_view bytes);

}  // namespace polybot::wire
