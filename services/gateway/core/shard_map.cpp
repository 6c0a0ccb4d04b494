#include "services/gateway/core/shard_map.hpp"

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

}  // namespace polybot::gateway
