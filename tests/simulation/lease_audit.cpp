#include "tests/simulation/lease_audit.hpp"

#include <algorithm>

namespace polybot::simulation {

using domain::LeaseEpoch;
using order_manager::ShardKey;

namespace {

// From the end of a lease to the next: an announcement may have been lost, and order-manager looks
// only from time to time.
constexpr Duration kHandOverMax = seconds(4);

std::string name(const ShardKey& key) {
  return "shard " + std::to_string(key.shard.value) + " of " + key.strategy.value;
}

}  // namespace

void LeaseAudit::on_announced(const domain::RunnerAnnounced& runner) {
  const Timestamp now = stage_.now();
  if (left_.contains(runner.incarnation)) return;  // said before it left
  for (const domain::LeaseReleased& released : runner.released) {
    for (std::uint8_t i = 0; i < domain::kShards; ++i) {
      if ((released.shards >> i & 1) == 0) continue;
      End& end = released_[{released.strategy, {i}}];
      if (end.epoch < released.epoch) end = {released.epoch, now};
    }
  }
  if (runner.leaving) {
    left_.emplace(runner.incarnation, now);
    return;
  }
  std::vector<Hearing>& hearings = hearings_[runner.incarnation];
  if (hearings.empty() || hearings.back().until <= now) hearings.push_back({now, now});
  hearings.back().until = now + duration_;
}

void LeaseAudit::on_changed(const std::vector<domain::Lease>& leases) {
  std::set<ShardKey> seen;
  for (const domain::Lease& lease : leases) {
    const ShardKey key{lease.strategy, lease.shard};
    require(seen.insert(key).second, name(key) + " is leased twice");
    if (lease.revoked) revoked_[key] = {lease.epoch, lease.expires_at};
  }
}

void LeaseAudit::on_manager_started(const domain::Event& event) {
  started_at_ = event.at;
  leases_.clear();
  hearings_.clear();
  left_.clear();
  nobodys_since_.clear();
}

bool LeaseAudit::heard(std::uint64_t incarnation, Timestamp from, Timestamp to) const {
  const auto found = hearings_.find(incarnation);
  if (found == hearings_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const Hearing& hearing) {
    return hearing.since <= from && from <= to && to < hearing.until;
  });
}

// A message of the same instant may have come before or after.
bool LeaseAudit::in_force(const ShardKey& key, const Lease& lease, Timestamp at) const {
  const auto ended = [&](const std::map<ShardKey, End>& ends) {
    const auto found = ends.find(key);
    return found != ends.end() && found->second.epoch == lease.epoch && found->second.at < at;
  };
  const auto left = left_.find(lease.incarnation);
  if (left != left_.end() && left->second < at) return false;
  return heard(lease.incarnation, lease.granted_at, at) && !ended(released_) && !ended(revoked_);
}

void LeaseAudit::on_granted(const domain::Event& event, const domain::LeaseGranted& grant) {
  require(newest_ < grant.epoch, "an epoch is granted that is not newer than all before");
  newest_ = grant.epoch;
  for (std::uint8_t i = 0; i < domain::kShards; ++i) {
    if ((grant.shards >> i & 1) == 0) continue;
    const ShardKey key{grant.strategy, {i}};
    const auto former = leases_.find(key);
    // An instant later, so that a farewell or release of this very moment counts as well.
    require(
        former == leases_.end() || !in_force(key, former->second, event.at + domain::Duration(1)),
        name(key) + " is granted though its lease has not ended");
    leases_[key] = {grant.incarnation, grant.epoch, event.at};
    std::uint64_t& holder = last_holder_[key];
    if (holder != 0 && holder != grant.incarnation) ++moves_;
    holder = grant.incarnation;
  }
}

void LeaseAudit::check_accepted(const domain::Event& event, const domain::Signal& signal) const {
  const ShardKey key{signal.strategy, signal.shard};
  const auto lease = leases_.find(key);
  require(lease != leases_.end() && lease->second.incarnation == signal.id.incarnation &&
              lease->second.epoch == signal.lease_epoch && in_force(key, lease->second, event.at),
          "signal " + domain::to_string(signal.id) + " is accepted under a lease that has ended");
}

// Whether a runner has been heard without interruption from then until now.
bool LeaseAudit::somebody_since(Timestamp from) const {
  return std::any_of(hearings_.begin(), hearings_.end(), [&](const auto& entry) {
    return !left_.contains(entry.first) && heard(entry.first, from, stage_.now());
  });
}

void LeaseAudit::check_gaps(const std::vector<domain::Lease>& leases,
                            const std::vector<domain::StrategyName>& strategies,
                            const std::set<ShardKey>& resting) {
  const Timestamp now = stage_.now();
  std::set<ShardKey> leased;
  for (const domain::Lease& lease : leases) {
    if (lease.expires_at > now) leased.insert({lease.strategy, lease.shard});
  }
  for (const domain::StrategyName& strategy : strategies) {
    for (std::uint8_t i = 0; i < domain::kShards; ++i) {
      const ShardKey key{strategy, {i}};
      if (leased.contains(key)) {
        nobodys_since_.erase(key);
        continue;
      }
      const Timestamp since =
          std::max(started_at_, nobodys_since_.try_emplace(key, now).first->second);
      if (now - since <= kHandOverMax) continue;
      require(!somebody_since(now - kHandOverMax),
              name(key) + " is nobody's for more than 4 s though a runner is there");
      require(!resting.contains(key), "an order that opens rests in " + name(key) +
                                          ", which has been nobody's for more than 4 s");
    }
  }
}

}  // namespace polybot::simulation
