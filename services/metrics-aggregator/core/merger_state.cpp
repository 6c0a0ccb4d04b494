#include "services/metrics-aggregator/core/merger_state.hpp"

#include <algorithm>
#include <cmath>

namespace polybot::metrics_aggregator {

namespace {

using metrics::Family;
using metrics::Policy;
using metrics::Type;

// Neumaier's summation: what the addition rounds away is kept in `carry`.
void add_exactly(double& sum, double& carry, double amount) {
  const double next = sum + amount;
  carry += std::abs(sum) >= std::abs(amount) ? (sum - next) + amount : (amount - next) + sum;
  sum = next;
}

}  // namespace

bool is_count(const Family& family) {
  return family.type != Type::Gauge && family.policy == Policy::Sum;
}

bool can_be_counted(const Family& family, const metrics::Series& series) {
  const std::size_t buckets = family.type == Type::Histogram ? family.bounds.size() + 1 : 0;
  const auto in_range = [](double value) { return value >= 0 && value <= kCountMax; };
  return series.buckets.size() == buckets && in_range(series.value) && in_range(series.sum) &&
         std::ranges::all_of(series.buckets,
                             [](std::uint64_t count) { return count <= kBucketMax; });
}

double combine(Policy policy, double a, double b) {
  switch (policy) {
    case Policy::Max:
      return std::max(a, b);
    case Policy::Min:
      return std::min(a, b);
    case Policy::Sum:
    case Policy::Last:
    case Policy::Owned:
      return a + b;
  }
  return a;
}

std::string overflow_key(const Family& family) {
  const std::vector<std::string> values(family.labels.size(), std::string(kOverflow));
  return metrics::join_labels(values);
}

bool fell(const Baseline& before, const metrics::Series& now) {
  if (now.value < before.value || now.sum < before.sum) return true;
  for (std::size_t i = 0; i < before.buckets.size(); ++i) {
    if (now.buckets[i] < before.buckets[i]) return true;
  }
  return false;
}

Baseline& add_baseline(SenderFamily& family, const metrics::Series& series, Total& total,
                       Start start) {
  Baseline& baseline = family.baselines.emplace_back(Baseline{
      .labels = series.labels, .buckets = std::vector<std::uint64_t>(series.buckets.size(), 0)});
  if (start == Start::FromCurrent) {
    baseline.value = series.value;
    baseline.buckets = series.buckets;
    baseline.sum = series.sum;
  }
  baseline.total = &total;
  total.buckets.resize(series.buckets.size(), 0);
  family.by_labels.emplace(baseline.labels, &baseline);
  return baseline;
}

// A histogram is one value: it is reset as a whole or not at all.
bool add_difference(metrics::Type type, Baseline& baseline, const metrics::Series& series) {
  const bool reset = fell(baseline, series);
  if (reset) {
    baseline.value = 0;
    baseline.sum = 0;
    std::ranges::fill(baseline.buckets, 0);
  }
  Total& total = *baseline.total;
  if (type == metrics::Type::Histogram) {
    for (std::size_t i = 0; i < series.buckets.size(); ++i) {
      total.buckets[i] =
          std::min(total.buckets[i] + (series.buckets[i] - baseline.buckets[i]), kTotalBucketMax);
    }
    add_exactly(total.sum, total.sum_carry, series.sum - baseline.sum);
    baseline.buckets = series.buckets;
    baseline.sum = series.sum;
  } else {
    add_exactly(total.value, total.value_carry, series.value - baseline.value);
    baseline.value = series.value;
  }
  return reset;
}

bool link(MergerState& state) {
  state.series_made_by.clear();
  for (const FamilyTotals& totals : state.totals) {
    for (const auto& [labels, total] : totals.series) {
      if (total.made_by != 0) ++state.series_made_by[total.made_by];
    }
  }
  for (auto& [incarnation, sender] : state.senders) {
    for (auto& [index, family] : sender.families) {
      family.by_labels.clear();
      for (Baseline& baseline : family.baselines) {
        const auto total = state.totals[index].series.find(baseline.labels);
        if (total == state.totals[index].series.end()) return false;
        baseline.total = &total->second;
        if (!family.by_labels.emplace(baseline.labels, &baseline).second) return false;
      }
    }
  }
  return true;
}

void add_to_overflow(const Family& family, std::optional<metrics::Series>& overflow,
                     const metrics::Series& series) {
  if (!overflow) {
    overflow = metrics::Series{.labels = overflow_key(family),
                               .buckets = std::vector<std::uint64_t>(series.buckets.size(), 0)};
  }
  overflow->value += series.value;
  overflow->sum += series.sum;
  std::ranges::transform(overflow->buckets, series.buckets, overflow->buckets.begin(),
                         [](std::uint64_t sum, std::uint64_t count) {
                           return std::min(sum + count, kTotalBucketMax);
                         });
}

}  // namespace polybot::metrics_aggregator
