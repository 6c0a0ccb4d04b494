// A second opinion on leases, from what order-manager heard and what it recorded: whether a grant
// may stand, whether a signal came from the holder of a lease in force, and how long a shard is
// free though a runner could take it. It throws each fault as a Violation.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "services/order-manager/core/decide/lease_table.hpp"
#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

class LeaseAudit {
 public:
  LeaseAudit(const Stage& stage, Duration lease_duration)
      : stage_(stage), duration_(lease_duration) {}

  // The announcement reached a living order-manager.
  void on_announced(const domain::RunnerAnnounced& runner);
  // Call it with the present table whenever it has changed.
  void on_changed(const std::vector<domain::Lease>& leases);
  void on_manager_started(const domain::Event& event);
  void on_granted(const domain::Event& event, const domain::LeaseGranted& grant);
  void check_accepted(const domain::Event& event, const domain::Signal& signal) const;

  // Call it from time to time, while order-manager is alive: no shard is free, and no order rests
  // in a free one, for longer than a hand-over may take.
  void check_gaps(const std::vector<domain::Lease>& leases,
                  const std::vector<domain::StrategyName>& strategies,
                  const std::set<order_manager::ShardKey>& resting);

  // The number of shards that changed hands.
  [[nodiscard]] std::uint64_t moves() const { return moves_; }

 private:
  using ShardKey = order_manager::ShardKey;
  struct Lease {
    std::uint64_t incarnation = 0;
    domain::LeaseEpoch epoch;
    Timestamp granted_at{};
  };
  // The time in which one runner was heard without interruption.
  struct Hearing {
    Timestamp since{};
    Timestamp until{};
  };
  [[nodiscard]] bool heard(std::uint64_t incarnation, Timestamp from, Timestamp to) const;
  [[nodiscard]] bool in_force(const ShardKey& key, const Lease& lease, Timestamp at) const;
  [[nodiscard]] bool somebody_since(Timestamp from) const;

  const Stage& stage_;
  Duration duration_;
  Timestamp started_at_{};  // order-manager, last
  std::map<ShardKey, Lease> leases_;
  domain::LeaseEpoch newest_;  // of all epochs ever granted
  std::map<std::uint64_t, std::vector<Hearing>> hearings_;
  std::map<std::uint64_t, Timestamp> left_;
  struct End {
    domain::LeaseEpoch epoch;
    Timestamp at{};
  };
  std::map<ShardKey, End> released_;
  std::map<ShardKey, End> revoked_;  // and when that ends without a release
  std::map<ShardKey, Timestamp> nobodys_since_;
  std::map<ShardKey, std::uint64_t> last_holder_;
  std::uint64_t moves_ = 0;
};

}  // namespace polybot::simulation
