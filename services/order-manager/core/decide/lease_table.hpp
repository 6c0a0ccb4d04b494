// Who may trade which shard of which strategy. A lease is an epoch that fences: a signal must carry
// the epoch of the present lease and come from its holder, or it is denied. Epochs are (durable
// start number of order-manager, counter), so none survives a restart.
//
// The shards of a strategy are spread over the living runners that offer it, evenly to within one,
// and as few as possible move when runners come or go. A shard of a living runner moves in good
// order: it is revoked (leases() shows it; it is no longer renewed), its holder stops and releases
// it or the lease runs out, and then it is granted again. So two runners never hold one. Only the
// start number is durable: a restart forgets who held what, and every old epoch with it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "common/domain/state_topics.hpp"

namespace polybot::order_manager {

struct ShardKey {
  domain::StrategyName strategy;
  domain::Shard shard;
  auto operator<=>(const ShardKey&) const = default;
};

class LeaseTable {
 public:
  // Further runners are ignored: this is one shard each.
  static constexpr std::size_t kRunnersMax = domain::kShards;
  // A message of a runner that has left may come after its farewell, but not this late.
  static constexpr domain::Duration kFarewellRemembered = std::chrono::seconds(60);

  // No shard is granted during `gather` after the start. The runners present must be known first,
  // so that the first one does not get everything and lose most of it again.
  LeaseTable(domain::Duration lease_duration, domain::Duration gather)
      : lease_duration_(lease_duration), gather_(gather) {}

  // Epochs from here on are (start, 1), (start, 2), ...
  void start(std::uint32_t start_number, domain::Timestamp now);

  // A runner announces that it lives, what it could run, what it has stopped, or that it leaves.
  // This renews what it holds; settle() draws the conclusions.
  void announced(const domain::RunnerAnnounced& runner, domain::Timestamp now);

  enum class End : std::uint8_t {
    Expired,   // the holder fell silent: no runner answers for what it left
    PassedOn,  // released, or the holder left in good order: what rests waits for the next holder
  };
  struct Ended {
    ShardKey key;
    End end = End::Expired;
  };
  struct Changes {
    std::vector<Ended> ended;                   // since the last call
    std::vector<domain::LeaseGranted> granted;  // after those; to be recorded
  };
  struct Wanted {
    domain::StrategyName strategy;
    std::uint64_t last_seq = 0;  // of order.<strategy>: what a new holder must have applied
  };
  // Ends leases that ran out, revokes those that must move, grants free shards. Call it after every
  // announcement and from time to time.
  [[nodiscard]] Changes settle(std::span<const Wanted> strategies, domain::Timestamp now);

  [[nodiscard]] bool valid(const ShardKey& key, domain::LeaseEpoch epoch, std::uint64_t incarnation,
                           domain::Timestamp now) const;
  struct Present {
    domain::LeaseEpoch epoch;
    domain::Timestamp granted_at{};
  };
  // The lease in force, revoked or not; empty when there is none.
  [[nodiscard]] std::optional<Present> present(const ShardKey& key, domain::Timestamp now) const;
  [[nodiscard]] std::uint64_t shards_leased(const domain::StrategyName& strategy,
                                            domain::Timestamp now) const;
  // One entry per strategy and shard that is leased.
  [[nodiscard]] std::vector<domain::Lease> leases() const;
  // Rises with every grant, revocation and end, not with renewals.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

 private:
  struct Holding {
    domain::ReplicaName replica;
    std::uint64_t incarnation = 0;
    domain::LeaseEpoch epoch;
    std::uint64_t granted_seq = 0;
    domain::Timestamp granted_at{};
    domain::Timestamp expires_at{};
    bool revoked = false;
  };
  struct Runner {
    domain::ReplicaName replica;
    std::set<domain::StrategyName> strategies;
    domain::Timestamp expires_at{};
  };
  struct Share;
  using Shards = std::array<std::optional<Holding>, domain::kShards>;

  void end(const domain::StrategyName& strategy, std::size_t shard, End how);
  void release(const domain::RunnerAnnounced& runner);
  void drop_silent(domain::Timestamp now);
  [[nodiscard]] std::vector<Share> shares_of(const domain::StrategyName& strategy) const;
  void revoke(Shards& shards, const Share& share);
  void balance(const Wanted& wanted, domain::Timestamp now,
               std::vector<domain::LeaseGranted>& granted);
  [[nodiscard]] const Holding* find(const ShardKey& key, domain::Timestamp now) const;

  domain::Duration lease_duration_;
  domain::Duration gather_;
  std::uint32_t start_ = 0;
  std::uint32_t counter_ = 0;
  domain::Timestamp grants_from_{};
  std::map<std::uint64_t, Runner> runners_;              // living, by incarnation
  std::map<std::uint64_t, domain::Timestamp> departed_;  // who has left, and when that is forgotten
  std::map<domain::StrategyName, Shards> table_;
  std::vector<Ended> ended_;
  std::uint64_t changes_ = 0;
};

}  // namespace polybot::order_manager
