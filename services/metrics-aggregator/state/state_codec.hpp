// The merger's knowledge as bytes, so that a restarted aggregator goes on without a gap, and back.
// A format of its own rather than protobuf: it is written once a second for up to 100,000 series
// and read once per start.
//
//     "PBSTATE1"  format (u32)  body bytes (u64)  CRC-32 of the body (u32)  body
//
// Numbers of the head are little-endian. The body names each family with its fingerprint: values of
// a family that this build knows under another fingerprint, or not at all, are left out, so that
// the family starts again at 0. Reading trusts nothing: what it returns can be merged and rendered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "common/domain/time.hpp"
#include "services/metrics-aggregator/core/merger_state.hpp"

namespace polybot::metrics_aggregator {

// When a state was true: on the merger's line of time, and on the monotonic clock of one boot of
// the machine, by which a later process of the same boot continues the line exactly.
struct StateMoment {
  domain::Timestamp line;
  domain::Duration monotonic{};
  std::string boot_id;
};

struct SavedState {
  MergerState state;  // linked
  StateMoment saved;
  std::size_t families_afresh = 0;  // left out: unknown, or with another fingerprint
};

enum class StateFault : std::uint8_t {
  NotAState,      // does not begin as one
  OtherFormat,    // written by another version
  Truncated,      // shorter or longer than it says
  Corrupt,        // the checksum does not match
  Contradictory,  // reads well and cannot be true
};
std::string_view to_string(StateFault fault);

[[nodiscard]] std::string encode_state(const MergerState& state, const StateMoment& saved);
[[nodiscard]] std::variant<SavedState, StateFault> decode_state(std::string_view bytes);

// Puts the head before a body, as encode_state() does; for tests of what a body may hold.
[[nodiscard]] std::string seal_state(std::string_view body);

}  // namespace polybot::metrics_aggregator
