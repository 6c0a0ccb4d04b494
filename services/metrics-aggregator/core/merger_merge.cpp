// The part of the merger that turns waiting values into totals and gauges.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "services/metrics-aggregator/core/merger.hpp"

namespace polybot::metrics_aggregator {

namespace {

using domain::Duration;
using domain::Timestamp;
using metrics::Family;
using metrics::FamilyIndex;
using metrics::Policy;
using metrics::Type;

double unix_seconds(Timestamp at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

}  // namespace

// --- Merging -------------------------------------------------------------------------------------

void Merger::merge(Timestamp now) {
  merged_at_ = now;
  for (auto& [incarnation, sender] : state_.senders) merge_sender(sender, now);
  expire(now);
  note_conflicts(now);
  note_sticky(now);
  forget(now);
}

void Merger::merge_sender(Sender& sender, Timestamp now) {
  decide_start(sender, now);
  for (auto& [index, family] : sender.families) {
    if (!family.waiting) continue;
    // Counters of a sender that may be new or may be a forgotten one wait for decide_start().
    if (sender.start == Start::Undecided && is_count(metrics::at(index))) continue;
    merge_family(sender, index, family, now);
  }
}

// The first snapshot of an unknown incarnation does not show whether it is new: after a cut-off or
// a pause it may have lain in a queue, which makes an old process look young. A birth estimate only
// ever falls, so "old" is certain at once. "New" is certain when a snapshot that was sent an
// interval after the first contact has not changed it. A sender that falls silent before that is
// judged by what is known.
//
// Even then a birth may be estimated too late, when this process was stopped while the only
// snapshots of the sender were on their way. It was certainly born after the floor only if that
// holds for the earliest moment at which they can have been sent. A miss is better than a spike.
void Merger::decide_start(Sender& sender, Timestamp now) const {
  if (sender.start != Start::Undecided) return;
  if (!state_.floor || sender.birth <= *state_.floor) {
    sender.start = Start::FromCurrent;
  } else if (sender.last_heard - sender.first_heard >= sender.interval) {
    sender.start = sender.returned ? Start::FromCurrent : Start::FromZero;
  } else if (!is_live(sender, now)) {
    const bool surely_new = !sender.returned && sender.born_after > *state_.floor;
    sender.start = surely_new ? Start::FromZero : Start::FromCurrent;
  }
}

void Merger::merge_family(Sender& sender, FamilyIndex index, SenderFamily& family, Timestamp now) {
  std::vector<Series> series = std::move(*family.waiting);
  family.waiting.reset();
  const Family& declared = metrics::at(index);
  if (const std::optional<Drop> fault = fault_of(declared, family, series)) return count(*fault);
  if (is_count(declared)) return merge_counts(sender, index, family, series);
  if (declared.policy == Policy::Owned)
    return merge_owned(sender, index, family, std::move(series), now);
  if (!family.waiting_is_fresh) return;
  if (declared.is_timestamp()) {
    for (Series& one : series) {
      one.value =
          one.value == metrics::kNoAge ? 0 : unix_seconds(family.waiting_received) - one.value;
    }
  }
  merge_levels(sender, index, family, std::move(series));
}

// Labels are judged once: in a steady state every series has the place and the key that it had in
// the last snapshot.
std::optional<Drop> Merger::fault_of(const Family& family, const SenderFamily& known,
                                     const std::vector<Series>& series) const {
  std::unordered_set<std::string_view> seen;
  const bool is_level = !is_count(family);
  if (is_level) seen.reserve(series.size());
  const bool may_be_negative = family.type == Type::Gauge && !family.is_timestamp();
  auto baseline = known.baselines.begin();
  for (std::size_t i = 0; i < series.size(); ++i) {
    const Series& one = series[i];
    const bool unchanged =
        is_level ? i < known.levels.size() && known.levels[i].labels == one.labels
                 : baseline != known.baselines.end() && baseline->labels == one.labels;
    if (unchanged && !is_level) ++baseline;
    Drop fault{};
    if (!unchanged && !has_good_labels(family, one.labels, fault)) return fault;
    const std::size_t buckets = family.type == Type::Histogram ? family.bounds.size() + 1 : 0;
    if (one.buckets.size() != buckets) return Drop::BadShape;
    if (!std::isfinite(one.value) || !std::isfinite(one.sum)) return Drop::NotFinite;
    const bool is_none = family.is_timestamp() && one.value == metrics::kNoAge;
    if (!may_be_negative && !is_none && (one.value < 0 || one.sum < 0)) return Drop::NotFinite;
    if (family.type != Type::Gauge && !can_be_counted(family, one)) return Drop::NotFinite;
    if (is_level && !seen.insert(one.labels).second) return Drop::DuplicateSeries;
  }
  return std::nullopt;
}

bool Merger::has_good_labels(const Family& family, std::string_view key, Drop& fault) const {
  const std::vector<std::string_view> values = metrics::split_labels(key);
  fault = Drop::BadShape;
  if (family.labels.empty()) return key.empty();
  if (values.size() != family.labels.size()) return false;
  for (const std::string_view value : values) {
    if (value.size() > limits_.label_value_bytes_max) return false;
    if (!metrics::is_utf8(value)) {
      fault = Drop::BadUtf8;
      return false;
    }
  }
  return true;
}

// Counters and histograms: what was counted since the last merge is added to the total, for ever.
void Merger::merge_counts(Sender& sender, FamilyIndex index, SenderFamily& family,
                          const std::vector<Series>& series) {
  const Family& declared = metrics::at(index);
  std::optional<Series> overflow;
  std::size_t next = 0;
  for (const Series& one : series) {
    Baseline* baseline = nullptr;
    if (next < family.baselines.size() && family.baselines[next].labels == one.labels) {
      baseline = &family.baselines[next++];
    } else {
      baseline = baseline_for(sender, index, family, one);
    }
    if (baseline == nullptr) {
      add_to_overflow(declared, overflow, one);
    } else if (baseline->merged_seq == family.newest_seq) {
      count(Drop::DuplicateSeries);
    } else {
      baseline->merged_seq = family.newest_seq;
      if (add_difference(declared.type, *baseline, one)) ++counts_.regressions;
    }
  }
  if (overflow) merge_overflow(sender, index, family, *overflow);
  family.counted = true;
}

// nullptr when the caps leave no room for a new label set. A label set that appears after its
// family was first counted began at 0, whatever the sender's own past.
Baseline* Merger::baseline_for(Sender& sender, FamilyIndex index, SenderFamily& family,
                               const Series& series) {
  const auto found = family.by_labels.find(series.labels);
  if (found != family.by_labels.end()) return found->second;
  Total* const total = total_for(sender, index, series.labels);
  if (total == nullptr) return nullptr;
  return &add_baseline(family, series, *total, family.counted ? Start::FromZero : sender.start);
}

// Nobody remembers which series are in this sum. If it falls, one is missing, and nothing may be
// added.
void Merger::merge_overflow(Sender& sender, FamilyIndex index, SenderFamily& family,
                            const Series& overflow) {
  const auto found = family.by_labels.find(overflow.labels);
  Baseline& baseline =
      found != family.by_labels.end()
          ? *found->second
          : add_baseline(family, overflow, state_.totals[index].series[overflow.labels],
                         family.counted ? Start::FromZero : sender.start);
  if (fell(baseline, overflow)) {
    baseline.value = overflow.value;
    baseline.buckets = overflow.buckets;
    baseline.sum = overflow.sum;
  } else {
    add_difference(metrics::at(index).type, baseline, overflow);
  }
}

// The total a label set goes to; nullptr when the caps leave no room for a new one.
Total* Merger::total_for(Sender& sender, FamilyIndex index, const std::string& labels) {
  auto& totals = state_.totals[index].series;
  if (const auto found = totals.find(labels); found != totals.end()) return &found->second;
  std::size_t& of_service = state_.series_made_by[sender.bit];
  if (totals.size() >= label_sets_max(index)) {
    ++counts_.overflowed[static_cast<std::size_t>(Cap::Family)];
    return nullptr;
  }
  if (of_service >= limits_.series_per_service_max) {
    ++counts_.overflowed[static_cast<std::size_t>(Cap::Service)];
    return nullptr;
  }
  ++of_service;
  return &totals.try_emplace(labels, Total{.made_by = sender.bit}).first->second;
}

// Owned values are absolute. Within one fold they only rise, so the larger of two is the later;
// another fold is another history and replaces the family, which is an honest reset. A process that
// has been replaced may finish its history but not bring back another one.
void Merger::merge_owned(Sender& sender, FamilyIndex index, SenderFamily& family,
                         std::vector<Series> series, Timestamp now) {
  bound_levels(sender, index, series);
  FamilyTotals& totals = state_.totals[index];
  const bool newest = family.waiting_is_fresh && is_newest_owner(sender, now);
  if (totals.fold != family.waiting_fold) {
    if (!newest) return;
    totals.fold = family.waiting_fold;
    totals.series.clear();
  }
  bool rewound = false;
  std::optional<Series> overflow;
  const auto raise = [&](const Series& one) {
    Total& total = totals.series[one.labels];
    rewound = rewound || one.value < total.value;
    total.value = std::max(total.value, one.value);
  };
  for (const Series& one : series) {
    // Every label set of the fold stays, so they are bounded here as well as per snapshot.
    const bool fits =
        totals.series.size() < label_sets_max(index) || totals.series.contains(one.labels);
    if (fits) {
      raise(one);
    } else {
      ++counts_.overflowed[static_cast<std::size_t>(Cap::Family)];
      add_to_overflow(metrics::at(index), overflow, one);
    }
  }
  if (overflow) raise(*overflow);
  // A single message of an unknown sender may be a late one of a process that has been replaced.
  const bool sure = newest && sender.start != Start::Undecided;
  if (rewound && sure) ++counts_.conflicts[static_cast<std::size_t>(Conflict::JournalRewound)];
  family.levels = std::move(series);
}

bool Merger::is_newest_owner(const Sender& sender, Timestamp now) const {
  return std::ranges::none_of(state_.senders, [&](const auto& entry) {
    const Sender& other = entry.second;
    return &other != &sender && other.service == sender.service && other.birth > sender.birth &&
           (is_live(other, now) || other.final);
  });
}

// Gauges: the complete set of this snapshot replaces the last one, so that a closed position
// disappears.
void Merger::merge_levels(Sender& sender, FamilyIndex index, SenderFamily& family,
                          std::vector<Series> series) {
  bound_levels(sender, index, series);
  family.levels = std::move(series);
}

void Merger::bound_levels(const Sender& sender, FamilyIndex index, std::vector<Series>& series) {
  const Family& declared = metrics::at(index);
  std::size_t others = 0;
  for (const auto& [other, family] : sender.families) {
    if (other != index) others += family.levels.size();
  }
  const std::size_t room_of_service =
      limits_.series_per_service_max - std::min(others, limits_.series_per_service_max);
  const std::size_t room = std::min(label_sets_max(index), room_of_service);
  if (series.size() <= room) return;
  const Cap cap = room_of_service < label_sets_max(index) ? Cap::Service : Cap::Family;
  counts_.overflowed[static_cast<std::size_t>(cap)] += series.size() - room;
  Series overflow = series[room];
  overflow.labels = overflow_key(declared);
  for (std::size_t i = room + 1; i < series.size(); ++i) {
    overflow.value = combine(declared.policy, overflow.value, series[i].value);
  }
  series.resize(room);
  std::erase_if(series, [&](const Series& one) { return one.labels == overflow.labels; });
  series.push_back(std::move(overflow));
}

}  // namespace polybot::metrics_aggregator
