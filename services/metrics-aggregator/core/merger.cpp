#include "services/metrics-aggregator/core/merger.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <unordered_set>
#include <utility>

namespace polybot::metrics_aggregator {

namespace {

using domain::Duration;
using domain::Timestamp;
using metrics::Family;
using metrics::FamilyIndex;
using metrics::FamilyValues;
using metrics::Policy;
using metrics::Type;

void add_exactly(double& sum, double& carry, double amount) {
  const double next = sum + amount;
  carry += std::abs(sum) >= std::abs(amount) ? (sum - next) + amount : (amount - next) + sum;
  sum = next;
}

double seconds(Duration span) {
  return std::chrono::duration<double>(span).count();
}

double unix_seconds(Timestamp at) {
  return seconds(at.time_since_epoch());
}

std::string overflow_key(const Family& family) {
  const std::vector<std::string> values(family.labels.size(), std::string(kOverflow));
  return metrics::join_labels(values);
}

// A later value of the same incarnation can only be larger; else the producer began anew.
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

void add_to_overflow(const Family& family, std::optional<metrics::Series>& overflow,
                     const metrics::Series& series) {
  if (!overflow) {
    overflow = metrics::Series{.labels = overflow_key(family),
                               .buckets = std::vector<std::uint64_t>(series.buckets.size(), 0)};
  }
  overflow->value += series.value;
  overflow->sum += series.sum;
  std::ranges::transform(overflow->buckets, series.buckets, overflow->buckets.begin(),
                         std::plus<>());
}

bool is_count(const Family& family) {
  return family.type != Type::Gauge && family.policy == Policy::Sum;
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

// 0 is a timestamp gauge's "none", with and without an offset.
double to_wall(const Family& family, double value, Duration wall_offset) {
  return family.is_timestamp() && value != 0 ? value + seconds(wall_offset) : value;
}

}  // namespace

std::string_view to_string(Drop drop) {
  switch (drop) {
    case Drop::Undecodable:
      return "undecodable";
    case Drop::Oversize:
      return "oversize";
    case Drop::BadUtf8:
      return "bad_utf8";
    case Drop::UnknownFamily:
      return "unknown_family";
    case Drop::WrongOwner:
      return "wrong_owner";
    case Drop::Fingerprint:
      return "fingerprint";
    case Drop::Stale:
      return "stale";
    case Drop::BadShape:
      return "bad_shape";
    case Drop::NotFinite:
      return "not_finite";
    case Drop::DuplicateSeries:
      return "duplicate_series";
    case Drop::TooManySenders:
      return "too_many_senders";
  }
  return {};
}

std::string_view to_string(Conflict conflict) {
  switch (conflict) {
    case Conflict::TwinReplica:
      return "twin_replica";
    case Conflict::Owner:
      return "owner";
    case Conflict::JournalRewound:
      return "journal_rewound";
  }
  return {};
}

std::string_view to_string(Cap cap) {
  switch (cap) {
    case Cap::Service:
      return "service";
    case Cap::Family:
      return "family";
  }
  return {};
}

Merger::Merger(MergerLimits limits) : limits_(limits) {
  state_.totals.resize(metrics::families().size());
}

void Merger::begin_lineage(Timestamp now) {
  state_.floor = now;
}

// --- Receiving
// --------------------------------------------------------------------------------------------

void Merger::receive(metrics::Snapshot snapshot, Timestamp received) {
  Sender* const sender = sender_of(snapshot, received);
  if (sender == nullptr) return;
  sender->last_received = received;
  if (snapshot.seq > sender->newest_seq && is_fresh(*sender, snapshot, received)) {
    sender->last_heard = received;
    sender->final = sender->final || snapshot.final;
  }
  sender->newest_seq = std::max(sender->newest_seq, snapshot.seq);
  ++counts_.snapshots;
  bool stale = false;
  std::vector<FamilyValues> families = std::move(snapshot.families);
  for (FamilyValues& family : families) {
    stale = !accept(*sender, std::move(family), snapshot, received) || stale;
  }
  if (stale) count(Drop::Stale);
  refresh_names(*sender, received);
}

// What waited somewhere for longer than a replica may be silent says nothing about now: it can
// still count, but it neither revives its sender nor shows its gauges.
bool Merger::is_fresh(const Sender& sender, const metrics::Snapshot& snapshot,
                      Timestamp received) const {
  const Duration age = received - (sender.birth + std::chrono::milliseconds(snapshot.uptime_ms));
  return age <= expiry(sender);
}

// The sender, made known if it is new; nullptr when the snapshot is nobody's.
Sender* Merger::sender_of(const metrics::Snapshot& snapshot, Timestamp received) {
  const metrics::OwnerSet bit = metrics::owner_bit(snapshot.service);
  if (bit == 0) {
    count(Drop::WrongOwner);
    return nullptr;
  }
  if (!metrics::is_utf8(snapshot.replica) || !metrics::is_utf8(snapshot.fold.journal_id)) {
    count(Drop::BadUtf8);
    return nullptr;
  }
  const Timestamp birth = received - std::chrono::milliseconds(snapshot.uptime_ms);
  const Duration interval =
      std::min<Duration>(std::chrono::milliseconds(snapshot.interval_ms), limits_.interval_max);
  auto found = state_.senders.find(snapshot.incarnation);
  if (found == state_.senders.end()) {
    if (state_.senders.size() >= limits_.senders_max) {
      count(Drop::TooManySenders);
      return nullptr;
    }
    found = state_.senders
                .try_emplace(snapshot.incarnation, Sender{.service = snapshot.service,
                                                          .replica = snapshot.replica,
                                                          .bit = bit,
                                                          .birth = birth,
                                                          .first_heard = received,
                                                          .last_received = received,
                                                          .last_heard = received})
                .first;
  }
  Sender& sender = found->second;
  if (sender.service != snapshot.service || sender.replica != snapshot.replica) {
    count(Drop::WrongOwner);  // an incarnation does not change its name
    return nullptr;
  }
  // Waiting in queues only makes a birth look later, so the earliest estimate is the best.
  sender.birth = std::min(sender.birth, birth);
  sender.interval = interval;
  return &sender;
}

// Keeps a family's values for the next merge. False when they are older than what is known.
bool Merger::accept(Sender& sender, FamilyValues family, const metrics::Snapshot& head,
                    Timestamp received) {
  const FamilyIndex index = metrics::find(family.name);
  if (index == metrics::kNoFamily) {
    count(Drop::UnknownFamily);
  } else if ((metrics::at(index).owners & sender.bit) == 0) {
    count(Drop::WrongOwner);
  } else if (metrics::fingerprint(index) != family.fingerprint) {
    count(Drop::Fingerprint);
  } else {
    SenderFamily& known = sender.families[index];
    if (head.seq <= known.newest_seq) return false;
    known.newest_seq = head.seq;
    known.waiting = std::move(family.series);
    known.waiting_is_fresh = is_fresh(sender, head, received);
    known.waiting_received = received;
    known.waiting_fold = head.fold;
  }
  return true;
}

Duration Merger::expiry(const Sender& sender) const {
  return std::max(limits_.expiry_min, sender.interval * limits_.expiry_intervals);
}

bool Merger::is_live(const Sender& sender, Timestamp now) const {
  return !sender.final && now - sender.last_heard <= expiry(sender);
}

// Of the live incarnations of one replica only the youngest shows its gauges: a restarted process
// replaces its predecessor at once, without waiting for the predecessor's expiry.
void Merger::refresh_names(Sender& sender, Timestamp now) {
  Sender* youngest = nullptr;
  for (auto& [incarnation, other] : state_.senders) {
    if (other.service != sender.service || other.replica != sender.replica) continue;
    if (!is_live(other, now)) continue;
    if (youngest == nullptr || other.birth > youngest->birth) youngest = &other;
  }
  for (auto& [incarnation, other] : state_.senders) {
    if (other.service != sender.service || other.replica != sender.replica) continue;
    other.superseded = youngest != nullptr && &other != youngest;
  }
}

// --- Merging
// ----------------------------------------------------------------------------------------------

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
    // Counters of a sender that may be new or may be a forgotten one wait for the decision.
    if (sender.start == Start::Undecided && is_count(metrics::at(index))) continue;
    merge_family(sender, index, family, now);
  }
}

// Whether an unknown incarnation is new cannot be told from its first snapshot: after a cut-off or
// a pause the first to arrive may be one that lay in a queue all the while, and makes an old
// process look young. A birth estimate only ever falls, so "old" is certain at once; "new" is
// certain when a snapshot that was sent an interval after the first contact has not changed it. A
// sender that falls silent before that is judged by what is known.
void Merger::decide_start(Sender& sender, Timestamp now) const {
  if (sender.start != Start::Undecided) return;
  if (!state_.floor || sender.birth <= *state_.floor) {
    sender.start = Start::FromCurrent;
  } else if (!is_live(sender, now) || sender.last_heard - sender.first_heard >= sender.interval) {
    sender.start = Start::FromZero;
  }
}

void Merger::merge_family(Sender& sender, FamilyIndex index, SenderFamily& family, Timestamp now) {
  std::vector<Series> series = std::move(*family.waiting);
  family.waiting.reset();
  const Family& declared = metrics::at(index);
  if (const std::optional<Drop> fault = fault_of(declared, family, series)) return count(*fault);
  if (is_count(declared)) return merge_counts(sender, index, family, std::move(series));
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

// Labels are judged once: in a steady state every series has the place and key of the last
// snapshot.
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
                          std::vector<Series> series) {
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
      add_difference(declared, *baseline, one);
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

// Which series are in this sum is not remembered: if it falls, one is missing, and nothing may be
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
    add_difference(metrics::at(index), baseline, overflow);
  }
}

// The total a label set goes to; nullptr when the caps leave no room for a new one.
Total* Merger::total_for(Sender& sender, FamilyIndex index, const std::string& labels) {
  auto& totals = state_.totals[index].series;
  if (const auto found = totals.find(labels); found != totals.end()) return &found->second;
  std::size_t& of_service = state_.series_by_service[sender.service];
  if (totals.size() >= limits_.label_sets_per_family_max) {
    ++counts_.overflowed[static_cast<std::size_t>(Cap::Family)];
    return nullptr;
  }
  if (of_service >= limits_.series_per_service_max) {
    ++counts_.overflowed[static_cast<std::size_t>(Cap::Service)];
    return nullptr;
  }
  ++of_service;
  return &totals[labels];
}

// A histogram is one value: it is reset as a whole or not at all.
void Merger::add_difference(const Family& family, Baseline& baseline, const Series& series) {
  if (fell(baseline, series)) {
    ++counts_.regressions;
    baseline.value = 0;
    baseline.sum = 0;
    std::ranges::fill(baseline.buckets, 0);
  }
  Total& total = *baseline.total;
  if (family.type == Type::Histogram) {
    for (std::size_t i = 0; i < series.buckets.size(); ++i) {
      total.buckets[i] += series.buckets[i] - baseline.buckets[i];
    }
    add_exactly(total.sum, total.sum_carry, series.sum - baseline.sum);
    baseline.buckets = series.buckets;
    baseline.sum = series.sum;
  } else {
    add_exactly(total.value, total.value_carry, series.value - baseline.value);
    baseline.value = series.value;
  }
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
  for (const Series& one : series) {
    Total& total = totals.series[one.labels];
    rewound = rewound || one.value < total.value;
    total.value = std::max(total.value, one.value);
  }
  if (rewound && newest) ++counts_.conflicts[static_cast<std::size_t>(Conflict::JournalRewound)];
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
  const std::size_t room = std::min(limits_.label_sets_per_family_max, room_of_service);
  if (series.size() <= room) return;
  const Cap cap = room_of_service < limits_.label_sets_per_family_max ? Cap::Service : Cap::Family;
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

// --- Ends
// -------------------------------------------------------------------------------------------------

// The counters of a replica that is gone stay in the totals for ever, its gauges vanish.
void Merger::expire(Timestamp now) {
  for (auto& [incarnation, sender] : state_.senders) {
    if (is_live(sender, now) && !sender.superseded) continue;
    for (auto& [index, family] : sender.families) family.levels.clear();
  }
}

// Raising the floor to a forgotten birth means that this incarnation, should it ever come back,
// starts from its current values: nothing can be counted twice, at any age.
void Merger::forget(Timestamp now) {
  std::erase_if(state_.senders, [&](const auto& entry) {
    const Sender& sender = entry.second;
    if (now - sender.last_received <= limits_.forget_after) return false;
    const Timestamp forgotten = sender.birth + limits_.forget_margin;
    state_.floor = state_.floor ? std::max(*state_.floor, forgotten) : forgotten;
    return true;
  });
  std::erase_if(conflict_counted_,
                [&](const auto& entry) { return now - entry.second > limits_.forget_after; });
}

// A restart overlaps with its predecessor for as long as the predecessor takes to expire; what
// overlaps for longer is a second process that should not be there.
void Merger::note_conflicts(Timestamp now) {
  const auto owns = [](const Sender& sender) {
    return std::ranges::any_of(sender.families, [](const auto& entry) {
      const Policy policy = metrics::at(entry.first).policy;
      return policy == Policy::Last || policy == Policy::Owned;
    });
  };
  for (auto a = state_.senders.begin(); a != state_.senders.end(); ++a) {
    if (!is_live(a->second, now)) continue;
    for (auto b = std::next(a); b != state_.senders.end(); ++b) {
      const Sender& one = a->second;
      const Sender& other = b->second;
      if (one.service != other.service || !is_live(other, now)) continue;
      const Duration overlap =
          std::min(one.last_heard, other.last_heard) - std::max(one.first_heard, other.first_heard);
      if (overlap <= std::max(expiry(one), expiry(other))) continue;
      if (one.replica == other.replica) count(Conflict::TwinReplica, one.service, now);
      if (owns(one) && owns(other)) count(Conflict::Owner, one.service, now);
    }
  }
}

void Merger::count(Conflict kind, const std::string& service, Timestamp now) {
  const auto [counted, first] = conflict_counted_.try_emplace({kind, service}, now);
  if (!first && now - counted->second <= limits_.expiry_min) return;
  counted->second = now;
  ++counts_.conflicts[static_cast<std::size_t>(kind)];
}

void Merger::note_sticky(Timestamp now) {
  for (std::size_t i = 0; i < state_.totals.size(); ++i) {
    const auto index = static_cast<FamilyIndex>(i);
    if (!metrics::at(index).sticky) continue;
    auto& seen = state_.totals[i].sticky_seen;
    for (const auto& [labels, value] : merged_levels(index)) {
      if (seen.size() < limits_.label_sets_per_family_max || seen.contains(labels))
        seen[labels] = now;
    }
    std::erase_if(seen, [&](const auto& entry) { return now - entry.second > limits_.sticky_for; });
  }
}

// --- Views
// ------------------------------------------------------------------------------------------------

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
      const bool fits =
          merged.size() < limits_.label_sets_per_family_max || merged.contains(one.labels);
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
      const auto with_replica = [&](std::string_view labels) {
        std::string key(labels);
        if (!declared.labels.empty()) key.push_back(metrics::kLabelSeparator);
        return key.append(sender.service).append(1, '/').append(sender.replica);
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
