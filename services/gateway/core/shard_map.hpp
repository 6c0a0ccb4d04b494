// Which markets are published on which topic. All markets of an event share a shard.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "common/domain/ids.hpp"

namespace polybot::gateway {

class ShardMap {
 public:
  // Adding a known market again changes nothing; its event never changes.
  void add(const domain::MarketId& market, const domain::EventGroupId& event);
  void remove(const domain::MarketId& market);

  // Zero for a market that is not here; callers ask for markets they have added.
  [[nodiscard]] domain::Shard shard_of(const domain::MarketId& market) const;
  [[nodiscard]] const std::set<domain::MarketId>& markets_in(domain::Shard shard) const;
  [[nodiscard]] std::size_t size() const { return shards_.size(); }

 private:
  std::map<domain::MarketId, domain::Shard> shards_;
  std::array<std::set<domain::MarketId>, domain::kShards> members_;
};

}  // namespace polybot::gateway
