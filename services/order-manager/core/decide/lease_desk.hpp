// The leases beside the ledger: grants to be recorded, shards that were lost with their resting
// orders, and shards that were given up in good order, whose quotes wait for the next holder.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "services/order-manager/core/decide/lease_table.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"
#include "services/order-manager/core/venue/readiness.hpp"

namespace polybot::order_manager {

class LeaseDesk {
 public:
  LeaseDesk(const Settings& settings, const Readiness& readiness)
      : settings_(settings),
        readiness_(readiness),
        table_(settings.lease_duration, settings.lease_gather) {}

  void start(std::uint32_t start_number, domain::Timestamp now) { table_.start(start_number, now); }
  void announced(const domain::RunnerAnnounced& runner, domain::Timestamp now) {
    table_.announced(runner, now);
  }

  struct Changes {
    // No runner answers for what rests there, even if the shard has a new holder already: that one
    // cannot know what its predecessor wanted.
    std::set<ShardKey> lost;
    std::vector<domain::LeaseGranted> granted;  // to be recorded after what is lost was given up
  };
  [[nodiscard]] Changes settle(const Ledger& ledger, domain::Timestamp now);

  // Whether the lease under which something was set is still in force.
  [[nodiscard]] bool in_force(const ShardKey& key, domain::LeaseEpoch epoch,
                              domain::Timestamp now) const;
  // No runner answers for a quote in this shard any more: what was passed on has not been taken
  // over, or a holder that is newer than the quote has not set one of its own. `set_under`: empty
  // for a quote without a target.
  [[nodiscard]] bool orphaned(const ShardKey& key, std::optional<domain::LeaseEpoch> set_under,
                              domain::Timestamp now) const;
  void forget_old(domain::Timestamp now);

  [[nodiscard]] const LeaseTable& table() const { return table_; }

 private:
  const Settings& settings_;
  const Readiness& readiness_;
  LeaseTable table_;
  // Shards given up in good order: until when their orders wait for a new holder.
  std::map<ShardKey, domain::Timestamp> passed_on_until_;
};

}  // namespace polybot::order_manager
