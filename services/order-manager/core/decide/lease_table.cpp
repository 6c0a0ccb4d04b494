#include "services/order-manager/core/decide/lease_table.hpp"

#include <algorithm>
#include <utility>

namespace polybot::order_manager {

using domain::StrategyName;
using domain::Timestamp;

namespace {

constexpr std::size_t kShardCount = domain::kShards;
static_assert(kShardCount == 64, "one bit per shard");

domain::Shard shard_at(std::size_t index) {
  return {static_cast<std::uint8_t>(index)};
}

// All shards in an order that spreads neighbours (bits reversed): a strategy may be confined to a
// stretch of shards, and that should be shared out too.
const std::array<std::size_t, kShardCount>& scattered() {
  static const auto order = [] {
    std::array<std::size_t, kShardCount> shards{};
    for (std::size_t i = 0; i < kShardCount; ++i) {
      for (std::size_t bit = 0; bit < 6; ++bit) shards[i] |= (i >> bit & 1) << (5 - bit);
    }
    return shards;
  }();
  return order;
}

}  // namespace

// What one living runner has of a strategy, and what it ought to have.
struct LeaseTable::Share {
  std::uint64_t incarnation = 0;
  std::size_t held = 0;  // revoked ones are as good as gone
  std::size_t quota = 0;
};

void LeaseTable::start(std::uint32_t start_number, Timestamp now) {
  start_ = start_number;
  grants_from_ = now + gather_;
}

// ---- what runners say --------------------------------------------------------------------------

void LeaseTable::announced(const domain::RunnerAnnounced& runner, Timestamp now) {
  if (departed_.contains(runner.incarnation)) return;  // said before it left
  // A runner that comes back after its lease ran out has lost it, even if that was not noticed yet.
  drop_silent(now);
  release(runner);
  if (runner.leaving) {
    runners_.erase(runner.incarnation);
    departed_[runner.incarnation] = now + kFarewellRemembered;
  } else if (runners_.contains(runner.incarnation) || runners_.size() < kRunnersMax) {
    runners_[runner.incarnation] = {
        .replica = runner.replica,
        .strategies = {runner.strategies.begin(), runner.strategies.end()},
        .expires_at = now + lease_duration_};
  }
  for (auto& [strategy, shards] : table_) {
    const bool offers = std::find(runner.strategies.begin(), runner.strategies.end(), strategy) !=
                        runner.strategies.end();
    for (std::size_t i = 0; i < kShardCount; ++i) {
      if (!shards[i] || shards[i]->incarnation != runner.incarnation) continue;
      if (runner.leaving || !offers) {
        end(strategy, i, End::PassedOn);
      } else if (!shards[i]->revoked) {
        shards[i]->expires_at = now + lease_duration_;
      }
    }
  }
}

// A release names the epoch, so it is true for that epoch alone, whenever it arrives.
void LeaseTable::release(const domain::RunnerAnnounced& runner) {
  for (const domain::LeaseReleased& released : runner.released) {
    const auto found = table_.find(released.strategy);
    if (found == table_.end()) continue;
    for (std::size_t i = 0; i < kShardCount; ++i) {
      const auto& holding = found->second[i];
      const bool named = (released.shards >> i & 1) != 0;
      if (!named || !holding || !holding->revoked) continue;
      if (holding->incarnation == runner.incarnation && holding->epoch == released.epoch)
        end(released.strategy, i, End::PassedOn);
    }
  }
}

void LeaseTable::end(const StrategyName& strategy, std::size_t shard, End how) {
  table_.at(strategy)[shard].reset();
  ended_.push_back({{strategy, shard_at(shard)}, how});
  ++changes_;
}

void LeaseTable::drop_silent(Timestamp now) {
  std::erase_if(runners_, [&](const auto& entry) { return entry.second.expires_at <= now; });
  std::erase_if(departed_, [&](const auto& entry) { return entry.second <= now; });
  for (auto& [strategy, shards] : table_) {
    for (std::size_t i = 0; i < kShardCount; ++i) {
      if (shards[i] && shards[i]->expires_at <= now) end(strategy, i, End::Expired);
    }
  }
}

// ---- who gets what -----------------------------------------------------------------------------

LeaseTable::Changes LeaseTable::settle(std::span<const Wanted> strategies, Timestamp now) {
  drop_silent(now);
  Changes changes;
  if (now >= grants_from_) {
    for (const Wanted& wanted : strategies) balance(wanted, now, changes.granted);
  }
  changes.ended = std::exchange(ended_, {});
  return changes;
}

// Largest holders first: those are given the odd shards, which moves the fewest.
std::vector<LeaseTable::Share> LeaseTable::shares_of(const StrategyName& strategy) const {
  std::vector<Share> shares;
  const auto found = table_.find(strategy);
  for (const auto& [incarnation, runner] : runners_) {
    if (!runner.strategies.contains(strategy)) continue;
    Share share{.incarnation = incarnation};
    if (found != table_.end()) {
      share.held = static_cast<std::size_t>(
          std::count_if(found->second.begin(), found->second.end(), [&](const auto& holding) {
            return holding && holding->incarnation == share.incarnation && !holding->revoked;
          }));
    }
    shares.push_back(share);
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.held > b.held; });
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const bool odd = i < kShardCount % shares.size();
    shares[i].quota = kShardCount / shares.size() + (odd ? 1 : 0);
  }
  return shares;
}

// Takes back what was granted last, because it has been warm for the shortest time.
void LeaseTable::revoke(Shards& shards, const Share& share) {
  for (std::size_t surplus = share.held; surplus > share.quota; --surplus) {
    Holding* newest = nullptr;
    for (const std::size_t shard : scattered()) {
      auto& holding = shards[shard];
      if (!holding || holding->incarnation != share.incarnation || holding->revoked) continue;
      if (newest == nullptr || holding->epoch > newest->epoch) newest = &*holding;
    }
    newest->revoked = true;
    ++changes_;
  }
}

// Free shards are dealt out in turn, one to each.
void LeaseTable::balance(const Wanted& wanted, Timestamp now,
                         std::vector<domain::LeaseGranted>& granted) {
  Shards& shards = table_[wanted.strategy];
  std::vector<Share> shares = shares_of(wanted.strategy);
  for (const Share& share : shares) revoke(shards, share);
  std::erase_if(shares, [](const Share& share) { return share.held >= share.quota; });
  const std::size_t first = granted.size();
  std::size_t turn = 0;
  for (std::size_t i = 0; i < kShardCount && !shares.empty(); ++i) {
    if (shards[i]) continue;
    turn %= shares.size();
    Share& share = shares[turn];
    const Runner& runner = runners_.at(share.incarnation);
    auto grant = std::find_if(
        granted.begin() + static_cast<std::ptrdiff_t>(first), granted.end(),
        [&](const domain::LeaseGranted& one) { return one.incarnation == share.incarnation; });
    if (grant == granted.end()) {
      const domain::LeaseEpoch epoch{start_, ++counter_};
      grant = granted.insert(grant, {wanted.strategy, runner.replica, share.incarnation, epoch, 0});
      ++changes_;
    }
    grant->shards |= std::uint64_t{1} << i;
    shards[i] = Holding{.replica = runner.replica,
                        .incarnation = share.incarnation,
                        .epoch = grant->epoch,
                        .granted_seq = wanted.last_seq,
                        .granted_at = now,
                        .expires_at = runner.expires_at};
    if (++share.held == share.quota) {
      shares.erase(shares.begin() + static_cast<std::ptrdiff_t>(turn));
    } else {
      ++turn;
    }
  }
}

// ---- questions ---------------------------------------------------------------------------------

const LeaseTable::Holding* LeaseTable::find(const ShardKey& key, Timestamp now) const {
  const auto found = table_.find(key.strategy);
  if (found == table_.end() || key.shard.value >= kShardCount) return nullptr;
  const auto& holding = found->second[key.shard.value];
  return holding && holding->expires_at > now ? &*holding : nullptr;
}

bool LeaseTable::valid(const ShardKey& key, domain::LeaseEpoch epoch, std::uint64_t incarnation,
                       Timestamp now) const {
  const Holding* holding = find(key, now);
  return holding != nullptr && holding->epoch == epoch && holding->incarnation == incarnation;
}

std::optional<LeaseTable::Present> LeaseTable::present(const ShardKey& key, Timestamp now) const {
  const Holding* holding = find(key, now);
  if (holding == nullptr) return std::nullopt;
  return Present{holding->epoch, holding->granted_at};
}

std::uint64_t LeaseTable::shards_leased(const StrategyName& strategy, Timestamp now) const {
  const auto found = table_.find(strategy);
  if (found == table_.end()) return 0;
  return static_cast<std::uint64_t>(
      std::count_if(found->second.begin(), found->second.end(),
                    [&](const auto& holding) { return holding && holding->expires_at > now; }));
}

std::vector<domain::Lease> LeaseTable::leases() const {
  std::vector<domain::Lease> leases;
  for (const auto& [strategy, shards] : table_) {
    for (std::size_t i = 0; i < kShardCount; ++i) {
      if (!shards[i]) continue;
      const Holding& holding = *shards[i];
      leases.push_back({.strategy = strategy,
                        .shard = shard_at(i),
                        .replica = holding.replica,
                        .incarnation = holding.incarnation,
                        .epoch = holding.epoch,
                        .expires_at = holding.expires_at,
                        .granted_seq = holding.granted_seq,
                        .revoked = holding.revoked});
    }
  }
  return leases;
}

}  // namespace polybot::order_manager
