#include "services/gateway/core/shard_map.hpp"

#include <algorithm>

namespace polybot::gateway {

using domain::Shard;

void ShardMap::add(const domain::MarketId& market, const domain::EventGroupId& event) {
  const Shard shard = domain::shard_of(event);
  if (!shards_.try_emplace(market, shard).second) return;
  members_.at(shard.value).insert(market);
}

void ShardMap::remove(const domain::MarketId& market) {
  const auto at = shards_.find(market);
  if (at == shards_.end()) return;
  members_.at(at->second.value).erase(market);
  shards_.erase(at);
}

Shard ShardMap::shard_of(const domain::MarketId& market) const {
  const auto at = shards_.find(market);
  return at == shards_.end() ? Shard{} : at->second;
}

const std::set<domain::MarketId>& ShardMap::markets_in(Shard shard) const {
  return members_.at(shard.value);
}

std::vector<Shard> ShardPacer::due(domain::Duration now) {
  if (started_ < domain::Duration::zero()) {
    started_ = now;
    return {};
  }
  const std::int64_t wanted = (now - started_).count() / (period_.count() / domain::kShards);
  // Late by more than a period: missed rounds are not made up for, and each shard goes out once.
  dealt_ = std::max(dealt_, wanted - domain::kShards);
  std::vector<Shard> shards;
  for (; dealt_ < wanted; ++dealt_) {
    shards.push_back({static_cast<std::uint8_t>(dealt_ % domain::kShards)});
  }
  return shards;
}

}  // namespace polybot::gateway
