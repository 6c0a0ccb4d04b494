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

struct StrategyTable {
  std::vector<domain::StrategyState> strategies;
  domain::AccountState account;  // as new when the sender does not know of it
  bool operator==(const StrategyTable&) const = default;
};
[[nodiscard]] std::string encode_strategies(const StrategyTable& table);
DecodeError decode_strategies(std::string_view bytes, StrategyTable& out);

}  // namespace polybot::wire
