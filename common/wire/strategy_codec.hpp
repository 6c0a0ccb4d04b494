// The state topic `strategy` as bytes: all configured strategies, and what concerns none of them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/state_topics.hpp"
#include "common/wire/lease_codec.hpp"

namespace polybot::wire {

inline constexpr std::size_t kParametersMax = 256;
inline constexpr std::size_t kFlattensMax = 100;

// Where a stream ends that is of no strategy above: of a past one, of what others did in the
// account, of the account itself (without a name).
struct StreamEnd {
  domain::StrategyName stream;
  std::uint64_t last_seq = 0;
  bool operator==(const StreamEnd&) const = default;
};
inline constexpr std::size_t kStreamEndsMax = 1024;  // those beyond are not told

struct StrategyTable {
  std::vector<domain::StrategyState> strategies;
  std::vector<StreamEnd> further{};
  domain::AccountState account;  // as new when the sender does not know of it
  bool operator==(const StrategyTable&) const = default;
};
[[nodiscard]] std::string encode_strategies(const StrategyTable& table);
DecodeError decode_strategies(std::string_view bytes, StrategyTable& out);

}  // namespace polybot::wire
