// Which markets are published on which topic, and when. All markets of an event share a shard; the
// complete state of every shard goes out once per period, one slice of the shards at a time, so
// that no burst of snapshots ever fills a queue.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"

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

// Deals the shards out over a period: each comes due once in every period, in order.
class ShardPacer {
 public:
  explicit ShardPacer(domain::Duration period) : period_(period) {}

  // The shards that have become due since the last call; after a pause longer than a period each of
  // them once. `now` is monotonic. The first call starts the clock and returns nothing.
  [[nodiscard]] std::vector<domain::Shard> due(domain::Duration now);

 private:
  domain::Duration period_;
  domain::Duration started_{-1};
  std::int64_t dealt_ = 0;  // shards returned since the start
};

}  // namespace polybot::gateway
