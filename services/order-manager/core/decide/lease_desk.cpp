#include "services/order-manager/core/decide/lease_desk.hpp"

#include <algorithm>
#include <utility>

namespace polybot::order_manager {

using domain::Timestamp;

LeaseDesk::Changes LeaseDesk::settle(const Ledger& ledger, Timestamp now) {
  std::vector<LeaseTable::Wanted> wanted;
  for (const ConfiguredStrategy& strategy : settings_.strategies) {
    wanted.push_back({strategy.name, ledger.last_seq(strategy.name)});
  }
  LeaseTable::Changes settled = table_.settle(wanted, now);
  Changes changes{.lost = {}, .granted = std::move(settled.granted)};
  for (const LeaseTable::Ended& ended : settled.ended) {
    switch (ended.end) {
      case LeaseTable::End::Expired:
        changes.lost.insert(ended.key);
        break;
      case LeaseTable::End::PassedOn:
        passed_on_until_[ended.key] = now + settings_.lease_duration;
        break;
    }
  }
  for (const domain::LeaseGranted& grant : changes.granted) {
    std::erase_if(passed_on_until_, [&](const auto& entry) {
      return entry.first.strategy == grant.strategy &&
             (grant.shards >> entry.first.shard.value & 1) != 0;
    });
  }
  return changes;
}

bool LeaseDesk::in_force(const ShardKey& key, domain::LeaseEpoch epoch, Timestamp now) const {
  const auto lease = table_.present(key, now);
  return lease && lease->epoch == epoch;
}

bool LeaseDesk::orphaned(const ShardKey& key, std::optional<domain::LeaseEpoch> set_under,
                         Timestamp now) const {
  const auto lease = table_.present(key, now);
  if (!lease) {
    const auto waits = passed_on_until_.find(key);
    const Timestamp from_start = readiness_.started_at() + settings_.lease_duration;
    return now >= (waits != passed_on_until_.end() ? waits->second : from_start);
  }
  if (set_under == lease->epoch) return false;
  // Before the account is reconciled no holder could take a quote over.
  const Timestamp since = std::max(lease->granted_at, readiness_.started_at());
  return readiness_.reconciled() && now >= since + settings_.target_adoption;
}

void LeaseDesk::forget_old(Timestamp now) {
  std::erase_if(passed_on_until_, [&](const auto& entry) { return now >= entry.second; });
}

}  // namespace polybot::order_manager
