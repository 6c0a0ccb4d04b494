// Who may trade which shards of which strategy. A lease is an epoch that fences: a signal must
// carry the epoch of the present lease and come from its holder, or it is denied. Epochs are
// (durable start number of order-manager, counter), so none survives a restart.
//
// One runner holds all shards of a strategy; others wait until its lease has ended. Who ended a
// lease in good order (leaving) passes its resting orders on; from who fell silent they are taken
// away.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "common/domain/events.hpp"

namespace polybot::order_manager {

class LeaseTable {
 public:
  explicit LeaseTable(domain::Duration lease_duration) : lease_duration_(lease_duration) {}

  // Epochs from here on are (start, 1), (start, 2), ...
  void start(std::uint32_t start_number) { start_ = start_number; }

  // A runner says that it lives and which strategies it could run. Renews what it holds and takes
  // what is free of `strategies`. Returns the new grants, to be recorded.
  struct Wanted {
    domain::StrategyName strategy;
    std::uint64_t last_seq = 0;  // of order.<strategy>: what a new holder must have applied
  };
  [[nodiscard]] std::vector<domain::LeaseGranted> announced(const domain::RunnerAnnounced& runner,
                                                            std::span<const Wanted> strategies,
                                                            domain::Timestamp now);

  enum class End : std::uint8_t { Expired, Left };
  struct Ended {
    domain::StrategyName strategy;
    End end = End::Expired;
  };
  // Leases that ended since the last call.
  [[nodiscard]] std::vector<Ended> take_ended(domain::Timestamp now);

  [[nodiscard]] bool valid(const domain::StrategyName& strategy, domain::Shard shard,
                           domain::LeaseEpoch epoch, std::uint64_t incarnation,
                           domain::Timestamp now) const;
  // When the present lease of the strategy was granted; empty when there is none.
  [[nodiscard]] std::optional<domain::Timestamp> granted_at(const domain::StrategyName& strategy,
                                                            domain::Timestamp now) const;
  [[nodiscard]] std::uint64_t shards_leased(const domain::StrategyName& strategy,
                                            domain::Timestamp now) const;
  // One entry per strategy and shard.
  [[nodiscard]] std::vector<domain::Lease> leases() const;

 private:
  struct Holding {
    domain::ReplicaName replica;
    std::uint64_t incarnation = 0;
    domain::LeaseEpoch epoch;
    std::uint64_t granted_seq = 0;
    domain::Timestamp granted_at{};
    domain::Timestamp expires_at{};
  };

  domain::Duration lease_duration_;
  std::uint32_t start_ = 0;
  std::uint32_t counter_ = 0;
  std::map<domain::StrategyName, Holding> holdings_;
  std::vector<Ended> ended_;
};

}  // namespace polybot::order_manager
