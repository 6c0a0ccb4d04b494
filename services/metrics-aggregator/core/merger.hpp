// Makes one set of metrics out of the cumulative snapshots of all replicas. Pure: time is an
// argument, and no input, however wrong, does more than count as dropped.
//
// What it guarantees, whatever the network and the processes do: a merged counter never falls and
// never counts an event twice; what it can miss is the unpublished last interval of a killed
// process. The rules are METRICS §3; their reasons stand at the functions in merger.cpp.
//
// Use: receive() every snapshot as it arrives, merge() once per interval after the socket was
// drained, then view(). One thread. `Timestamp`s are of one line that never jumps (a wall clock
// read once, carried on by the monotonic clock); only view() is told what to add for the wall clock
// of now.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/domain/time.hpp"
#include "common/metrics/catalogue.hpp"
#include "common/metrics/snapshot.hpp"

namespace polybot::metrics_aggregator {

// Why something received was not merged; the values of polybot_aggregator_dropped_total{reason}.
enum class Drop : std::uint8_t {
  Undecodable,  // counted by the shell: the bytes were no snapshot
  Oversize,     // counted by the shell: above 1 MiB
  BadUtf8,
  UnknownFamily,
  WrongOwner,   // a service that must not have this family, or no service of ours
  Fingerprint,  // sender and aggregator disagree on what the family is
  Stale,        // an older or repeated part of what is known
  BadShape,     // labels or buckets of the wrong number
  NotFinite,    // NaN, infinite, or a negative count
  DuplicateSeries,
  TooManySenders,
};
inline constexpr std::size_t kDropCount = 11;
std::string_view to_string(Drop drop);

enum class Conflict : std::uint8_t {
  TwinReplica,     // two live processes under one name
  Owner,           // two live owners of a family that has one
  JournalRewound,  // an owned value fell within one fold
};
inline constexpr std::size_t kConflictCount = 3;
std::string_view to_string(Conflict conflict);

enum class Cap : std::uint8_t { Service, Family };
inline constexpr std::size_t kCapCount = 2;
std::string_view to_string(Cap cap);

// Every label of the series that takes what the caps keep out.
inline constexpr std::string_view kOverflow = "__overflow__";

struct MergerLimits {
  // A replica is gone after max(expiry_min, expiry_intervals × its interval) without a snapshot.
  domain::Duration expiry_min = std::chrono::seconds(10);
  int expiry_intervals = 5;
  domain::Duration interval_max = std::chrono::seconds(60);  // a longer one is not believed
  // An incarnation unheard for this long is forgotten; its birth plus the margin becomes the floor.
  domain::Duration forget_after = std::chrono::hours(1);
  domain::Duration forget_margin = std::chrono::seconds(5);
  domain::Duration sticky_for = std::chrono::hours(24);
  std::size_t series_per_service_max = 10'000;
  std::size_t label_sets_per_family_max = 2'000;
  std::size_t senders_max = 1'024;
  std::size_t label_value_bytes_max = 256;
};

struct MergerCounts {
  std::uint64_t snapshots = 0;
  std::uint64_t regressions = 0;
  std::array<std::uint64_t, kDropCount> dropped{};
  std::array<std::uint64_t, kConflictCount> conflicts{};
  std::array<std::uint64_t, kCapCount> overflowed{};  // series folded, per merge

  std::uint64_t of(Drop drop) const { return dropped[static_cast<std::size_t>(drop)]; }
  std::uint64_t of(Conflict kind) const { return conflicts[static_cast<std::size_t>(kind)]; }
  std::uint64_t of(Cap cap) const { return overflowed[static_cast<std::size_t>(cap)]; }
};

// --- State: everything a later run would need to go on without a seam
// -------------------------------------

// A merged series: for counters and owned families `value`, for histograms `buckets` and `sum`.
struct Total {
  double value = 0;
  double value_carry =
      0;  // rounding errors of the additions (Neumaier), so that years of seconds add up
  std::vector<std::uint64_t> buckets = {};
  double sum = 0;
  double sum_carry = 0;
};

struct FamilyTotals {
  std::map<std::string, Total, std::less<>> series;
  metrics::Fold fold;  // of an owned family
  // Of a sticky family: when each label set was last carried by a live replica.
  std::map<std::string, domain::Timestamp, std::less<>> sticky_seen;
};

// The last value of one incarnation's series that went into its total.
struct Baseline {
  std::string labels;
  double value = 0;
  std::vector<std::uint64_t> buckets = {};
  double sum = 0;
  Total* total = nullptr;        // derived: the sender family's total of these labels
  std::uint64_t merged_seq = 0;  // of the last merge; two in one merge are a duplicate
};

struct SenderFamily {
  std::uint64_t newest_seq = 0;                         // seen, merged or waiting
  std::optional<std::vector<metrics::Series>> waiting;  // the newest values, not yet merged
  bool waiting_is_fresh = false;                        // young enough to say something about now
  domain::Timestamp waiting_received{};
  metrics::Fold waiting_fold;
  bool counted = false;  // merged at least once: a label set that appears from now on began at 0
  // Counters and histograms: by order of arrival, which the next snapshot repeats.
  std::deque<Baseline> baselines;
  std::unordered_map<std::string_view, Baseline*> by_labels;  // derived: points into baselines
  std::vector<metrics::Series> levels;  // gauges and owned families: the last complete set
};

// What an incarnation's counters start from.
enum class Start : std::uint8_t {
  Undecided,    // unknown so far and perhaps new: wait until its birth can be judged
  FromZero,     // born after the floor: everything it counted is new
  FromCurrent,  // born before: what it counted until now was counted, or belongs to a lost past
};

struct Sender {
  std::string service;
  std::string replica;
  metrics::OwnerSet bit = 0;
  Start start = Start::Undecided;
  domain::Timestamp birth{};  // the least of (received − uptime)
  domain::Timestamp first_heard{};
  domain::Timestamp last_received{};  // of anything: delays forgetting
  domain::Timestamp last_heard{};     // of a fresh snapshot: being alive
  domain::Duration interval{};
  std::uint64_t newest_seq = 0;
  bool final = false;
  bool superseded = false;  // a younger incarnation of the same replica is alive
  std::map<metrics::FamilyIndex, SenderFamily> families;
};

struct MergerState {
  // Incarnations born at or before it start from their current values. Empty until begin_lineage().
  std::optional<domain::Timestamp> floor;
  std::map<std::uint64_t, Sender> senders;               // by incarnation
  std::vector<FamilyTotals> totals;                      // by FamilyIndex
  std::map<std::string, std::size_t> series_by_service;  // totals first made for a service
};

class Merger {
 public:
  explicit Merger(MergerLimits limits = {});

  // The stateless start of a lineage, after the first drain of the socket: whoever was alive by now
  // has an unknown past. Until then every sender counts as older.
  void begin_lineage(domain::Timestamp now);

  void receive(metrics::Snapshot snapshot, domain::Timestamp received);
  void count(Drop drop) { ++counts_.dropped[static_cast<std::size_t>(drop)]; }

  // Applies the newest values of each incarnation and family, lets the silent expire, forgets the
  // lost.
  void merge(domain::Timestamp now);

  // All families with all their series, sorted, in catalogue order, as of the last merge. Timestamp
  // gauges in wall-clock seconds: `wall_offset` is the wall clock minus the line of time used
  // above.
  std::vector<metrics::FamilyValues> view(domain::Duration wall_offset) const;
  // The raw values of each live replica, with "<service>/<replica>" as one more label value at the
  // end.
  std::vector<metrics::FamilyValues> replica_view(domain::Duration wall_offset) const;

  const MergerCounts& counts() const { return counts_; }
  const MergerState& state() const { return state_; }

 private:
  using Series = metrics::Series;

  Sender* sender_of(const metrics::Snapshot& snapshot, domain::Timestamp received);
  bool accept(Sender& sender, metrics::FamilyValues family, const metrics::Snapshot& head,
              domain::Timestamp received);
  void decide_start(Sender& sender, domain::Timestamp now) const;
  void refresh_names(Sender& sender, domain::Timestamp now);
  domain::Duration expiry(const Sender& sender) const;
  bool is_live(const Sender& sender, domain::Timestamp now) const;
  bool is_fresh(const Sender& sender, const metrics::Snapshot& snapshot,
                domain::Timestamp received) const;
  bool is_newest_owner(const Sender& sender, domain::Timestamp now) const;

  void merge_sender(Sender& sender, domain::Timestamp now);
  void merge_family(Sender& sender, metrics::FamilyIndex index, SenderFamily& family,
                    domain::Timestamp now);
  void merge_counts(Sender& sender, metrics::FamilyIndex index, SenderFamily& family,
                    std::vector<Series> series);
  void merge_owned(Sender& sender, metrics::FamilyIndex index, SenderFamily& family,
                   std::vector<Series> series, domain::Timestamp now);
  void merge_levels(Sender& sender, metrics::FamilyIndex index, SenderFamily& family,
                    std::vector<Series> series);
  std::optional<Drop> fault_of(const metrics::Family& family, const SenderFamily& known,
                               const std::vector<Series>& series) const;
  bool has_good_labels(const metrics::Family& family, std::string_view key, Drop& fault) const;
  Baseline* baseline_for(Sender& sender, metrics::FamilyIndex index, SenderFamily& family,
                         const Series& series);
  void merge_overflow(Sender& sender, metrics::FamilyIndex index, SenderFamily& family,
                      const Series& overflow);
  Total* total_for(Sender& sender, metrics::FamilyIndex index, const std::string& labels);
  void add_difference(const metrics::Family& family, Baseline& baseline, const Series& series);
  void bound_levels(const Sender& sender, metrics::FamilyIndex index, std::vector<Series>& series);

  void expire(domain::Timestamp now);
  void forget(domain::Timestamp now);
  void note_conflicts(domain::Timestamp now);
  void note_sticky(domain::Timestamp now);
  void count(Conflict kind, const std::string& service, domain::Timestamp now);

  std::map<std::string, double> merged_levels(metrics::FamilyIndex index) const;

  MergerLimits limits_;
  MergerState state_;
  MergerCounts counts_;
  domain::Timestamp merged_at_{};
  // When a conflict was last counted; a lasting one counts once per expiry.
  std::map<std::pair<Conflict, std::string>, domain::Timestamp> conflict_counted_;
};

}  // namespace polybot::metrics_aggregator
