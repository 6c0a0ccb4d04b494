// The part of the merger that shows its values: all replicas as one, or each for itself.
#include <algorithm>
#include <chrono>
#include <utility>

#include "services/metrics-aggregator/core/merger.hpp"

namespace polybot::metrics_aggregator {

namespace {

using domain::Duration;
using domain::Timestamp;
using metrics::Family;
using metrics::FamilyIndex;
using metrics::FamilyValues;
using metrics::Policy;
using metrics::Type;

// 0 is a timestamp gauge's "none", with and without an offset.
double to_wall(const Family& family, double value, Duration wall_offset) {
  return family.is_timestamp() && value != 0
             ? value + std::chrono::duration<double>(wall_offset).count()
             : value;
}

}  // namespace

// --- Views ---------------------------------------------------------------------------------------

// The gauges of one family over all live replicas.
std::map<std::string, double> Merger::merged_levels(FamilyIndex index) const {
  const Family& declared = metrics::at(index);
  std::vector<const Sender*> carriers;
  for (const auto& [incarnation, sender] : state_.senders) {
    if (sender.superseded || !is_live(sender, merged_at_) || !sender.families.contains(index))
      continue;
    carriers.push_back(&sender);
  }
  if (declared.policy == Policy::Last && carriers.size() > 1) {
    const Sender* const newest =
        *std::ranges::max_element(carriers, {}, [](const Sender* sender) { return sender->birth; });
    carriers = {newest};
  }
  std::map<std::string, double> merged;
  const std::string overflow = overflow_key(declared);
  for (const Sender* const sender : carriers) {
    for (const Series& one : sender->families.at(index).levels) {
      const bool fits = merged.size() < label_sets_max(index) || merged.contains(one.labels);
      const auto [slot, added] = merged.try_emplace(fits ? one.labels : overflow, one.value);
      if (!added) slot->second = combine(declared.policy, slot->second, one.value);
    }
  }
  return merged;
}

std::vector<FamilyValues> Merger::view(Duration wall_offset) const {
  std::vector<FamilyValues> all;
  for (std::size_t i = 0; i < state_.totals.size(); ++i) {
    const auto index = static_cast<FamilyIndex>(i);
    const Family& declared = metrics::at(index);
    const FamilyTotals& totals = state_.totals[i];
    FamilyValues family{std::string(declared.name), metrics::fingerprint(index), {}};
    if (declared.type != Type::Gauge) {
      family.series.reserve(totals.series.size());
      for (const auto& [labels, total] : totals.series) {
        family.series.push_back(
            {labels, total.value + total.value_carry, total.buckets, total.sum + total.sum_carry});
      }
    } else {
      std::map<std::string, double> levels = merged_levels(index);
      for (const auto& [labels, seen] : totals.sticky_seen) levels.try_emplace(labels, 0.0);
      family.series.reserve(levels.size());
      for (const auto& [labels, value] : levels) {
        family.series.push_back({labels, to_wall(declared, value, wall_offset)});
      }
    }
    if (!family.series.empty()) all.push_back(std::move(family));
  }
  return all;
}

std::vector<FamilyValues> Merger::replica_view(Duration wall_offset) const {
  std::vector<FamilyValues> all;
  for (std::size_t i = 0; i < state_.totals.size(); ++i) {
    const auto index = static_cast<FamilyIndex>(i);
    const Family& declared = metrics::at(index);
    FamilyValues family{std::string(declared.name), metrics::fingerprint(index), {}};
    for (const auto& [incarnation, sender] : state_.senders) {
      const auto found = sender.families.find(index);
      if (found == sender.families.end() || sender.superseded || !is_live(sender, merged_at_))
        continue;
      const std::string replica = sender.service + '/' + sender.replica;
      const auto with_replica = [&](std::string_view labels) {
        std::string key(labels);
        if (!declared.labels.empty()) key.push_back(metrics::kLabelSeparator);
        return key.append(replica);
      };
      for (const Baseline& one : found->second.baselines) {
        family.series.push_back({with_replica(one.labels), one.value, one.buckets, one.sum});
      }
      for (const Series& one : found->second.levels) {
        family.series.push_back(
            {with_replica(one.labels), to_wall(declared, one.value, wall_offset)});
      }
    }
    std::ranges::sort(family.series, {}, &Series::labels);
    if (!family.series.empty()) all.push_back(std::move(family));
  }
  return all;
}

}  // namespace polybot::metrics_aggregator
