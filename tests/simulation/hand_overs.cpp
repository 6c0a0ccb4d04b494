#include "tests/simulation/hand_overs.hpp"

#include <algorithm>

namespace polybot::simulation {

HandOvers::HandOvers(const Plan& plan)
    : max_(kMax + std::max(plan.bus.stall_max, plan.answers.stall_max) + kSampleEvery) {
  const auto settings = runner_settings(plan, 0, 1);
  for (std::size_t i = 0; i < kStrategies.size(); ++i)
    warm_up_[i] = settings.strategies[i].factory()->warm_up();
}

void HandOvers::note_health(const Sample& sample) {
  if (manager_ != sample.manager) {
    manager_ = sample.manager;
    manager_since_ = sample.at;
  }
  std::map<std::uint64_t, Timestamp> healthy;
  for (const Holder& runner : sample.runners) {
    if (!runner.healthy) continue;
    const auto before = healthy_since_.find(runner.incarnation);
    healthy[runner.incarnation] = before == healthy_since_.end() ? sample.at : before->second;
  }
  healthy_since_ = std::move(healthy);
}

bool HandOvers::healthy_since(std::uint64_t incarnation, Timestamp since) const {
  const auto found = healthy_since_.find(incarnation);
  return found != healthy_since_.end() && found->second <= since;
}

void HandOvers::observe(const Sample& sample) {
  note_health(sample);
  std::array<std::array<const domain::Lease*, domain::kShards>, kStrategies.size()> leases{};
  for (const domain::Lease& lease : sample.leases) {
    const auto strategy = std::find(kStrategies.begin(), kStrategies.end(), lease.strategy);
    if (strategy == kStrategies.end() || lease.expires_at <= sample.at) continue;
    leases[static_cast<std::size_t>(strategy - kStrategies.begin())][lease.shard.value] = &lease;
  }
  for (std::size_t strategy = 0; strategy < kStrategies.size(); ++strategy) {
    for (std::size_t shard = 0; shard < domain::kShards; ++shard)
      follow(strategy, shard, sample, leases[strategy][shard]);
  }
}

void HandOvers::follow(std::size_t strategy, std::size_t shard, const Sample& sample,
                       const domain::Lease* lease) {
  Seat& seat = seats_[strategy][shard];
  const std::uint64_t holder = lease == nullptr || lease->revoked ? 0 : lease->incarnation;
  const auto runner =
      std::find_if(sample.runners.begin(), sample.runners.end(),
                   [&](const Holder& one) { return holder != 0 && one.incarnation == holder; });
  const bool ready = runner != sample.runners.end() && runner->healthy &&
                     (runner->ready[strategy] >> shard & 1) != 0;
  if (!seat.gap) {
    if (ready) seat.epoch = lease->epoch;
    if (ready || !seat.epoch) return;
    seat.gap = Gap{sample.at, 0, false};
  }
  Gap& gap = *seat.gap;
  // The successor is gone before it could take over: that is another hand-over.
  if (gap.waits_for != 0 && gap.waits_for != holder && !ready) gap = {sample.at, 0, false};
  if (holder != 0 && lease->epoch != seat.epoch) gap.waits_for = holder;
  // While a lease without a living holder runs out, any runner may be about to take over.
  const bool old_lease = holder == 0 || lease->epoch == seat.epoch;
  const bool cut_off = runner != sample.runners.end() && runner->cut_off;
  const bool somebody =
      old_lease ? !cut_off && std::any_of(healthy_since_.begin(), healthy_since_.end(),
                                          [&](const auto& one) { return one.second <= gap.since; })
                : healthy_since(holder, gap.since);
  const bool calm = sample.manager && manager_since_ <= gap.since && sample.enabled[strategy];
  if (!calm || !somebody) gap.disturbed = true;
  const Duration beyond = sample.at - gap.since - warm_up_[strategy];
  if (ready) {
    const bool handed_over = seat.epoch != lease->epoch;
    if (handed_over) (gap.disturbed ? disturbed_ : undisturbed_).push_back(beyond);
    seat.epoch = lease->epoch;
    seat.gap.reset();
    return;
  }
  require(gap.disturbed || beyond <= max_,
          "shard " + std::to_string(shard) + " of " + kStrategies[strategy].value +
              " has had nobody who may act for more than 4 s and the warm-up");
}

}  // namespace polybot::simulation
