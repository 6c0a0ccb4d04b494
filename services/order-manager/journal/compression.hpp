// zstd for snapshots and archives: frames that carry their own sum, so that damage is noticed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace polybot::order_manager {

// One frame. `level` as zstd counts them: 1 is fastest.
[[nodiscard]] std::string compress(std::string_view bytes, int level);
// Empty when it is not exactly one whole frame of at most `bytes_max` bytes.
[[nodiscard]] std::optional<std::string> decompress(std::string_view frame, std::size_t bytes_max);

// Carries a sum over 64-bit words on: tells apart what got lost, mixed up or overwritten; no
// defence against intent.
[[nodiscard]] std::uint64_t word_sum(std::string_view bytes, std::uint64_t before = 0);

}  // namespace polybot::order_manager
