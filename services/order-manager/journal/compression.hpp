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

// A running sum over 64-bit words: tells apart what got lost, mixed up or overwritten; no defence
// against intent.
class WordSum {
 public:
  explicit WordSum(std::uint64_t sum = 0) : sum_(sum) {}
  void add(std::string_view bytes);
  [[nodiscard]] std::uint64_t value() const { return sum_; }

 private:
  std::uint64_t sum_;
};

}  // namespace polybot::order_manager
