#include "services/order-manager/core/lease_table.hpp"

#include <algorithm>
#include <utility>

namespace polybot::order_manager {

using domain::StrategyName;
using domain::Timestamp;

namespace {

constexpr std::uint64_t kAllShards = ~std::uint64_t{0};
static_assert(domain::kShards == 64, "one bit per shard");

}  // namespace

std::vector<domain::LeaseGranted> LeaseTable::announced(const domain::RunnerAnnounced& runner,
                                                        std::span<const Wanted> strategies,
                                                        Timestamp now) {
  std::vector<domain::LeaseGranted> grants;
  for (const Wanted& wanted : strategies) {
    const bool offers = std::find(runner.strategies.begin(), runner.strategies.end(),
                                  wanted.strategy) != runner.strategies.end();
    const auto it = holdings_.find(wanted.strategy);
    const bool held = it != holdings_.end() && it->second.expires_at > now;
    const bool holder = held && it->second.incarnation == runner.incarnation;
    if (holder && (runner.leaving || !offers)) {
      holdings_.erase(it);
      ended_.push_back({wanted.strategy, End::Left});
    } else if (holder) {
      it->second.expires_at = now + lease_duration_;
    } else if (!held && offers && !runner.leaving) {
      if (it != holdings_.end()) ended_.push_back({wanted.strategy, End::Expired});
      Holding& holding = holdings_[wanted.strategy];
      holding = {.replica = runner.replica,
                 .incarnation = runner.incarnation,
                 .epoch = {start_, ++counter_},
                 .granted_seq = wanted.last_seq,
                 .granted_at = now,
                 .expires_at = now + lease_duration_};
      grants.push_back(
          {wanted.strategy, runner.replica, runner.incarnation, holding.epoch, kAllShards});
    }
  }
  return grants;
}

std::vector<LeaseTable::Ended> LeaseTable::take_ended(Timestamp now) {
  for (auto it = holdings_.begin(); it != holdings_.end();) {
    if (it->second.expires_at > now) {
      ++it;
      continue;
    }
    ended_.push_back({it->first, End::Expired});
    it = holdings_.erase(it);
  }
  return std::exchange(ended_, {});
}

bool LeaseTable::valid(const StrategyName& strategy, domain::Shard shard, domain::LeaseEpoch epoch,
                       std::uint64_t incarnation, Timestamp now) const {
  const auto it = holdings_.find(strategy);
  if (it == holdings_.end() || it->second.expires_at <= now) return false;
  return shard.value < domain::kShards && it->second.epoch == epoch &&
         it->second.incarnation == incarnation;
}

std::optional<Timestamp> LeaseTable::granted_at(const StrategyName& strategy, Timestamp now) const {
  const auto it = holdings_.find(strategy);
  if (it == holdings_.end() || it->second.expires_at <= now) return std::nullopt;
  return it->second.granted_at;
}

std::uint64_t LeaseTable::shards_leased(const StrategyName& strategy, Timestamp now) const {
  return granted_at(strategy, now) ? domain::kShards : 0;
}

std::vector<domain::Lease> LeaseTable::leases() const {
  std::vector<domain::Lease> leases;
  for (const auto& [strategy, holding] : holdings_) {
    for (int shard = 0; shard < domain::kShards; ++shard) {
      leases.push_back({.strategy = strategy,
                        .shard = {static_cast<std::uint8_t>(shard)},
                        .replica = holding.replica,
                        .incarnation = holding.incarnation,
                        .epoch = holding.epoch,
                        .expires_at = holding.expires_at,
                        .granted_seq = holding.granted_seq});
    }
  }
  return leases;
}

}  // namespace polybot::order_manager
