// What the merger knows, as plain values: everything that a later run needs to go on without a gap.
// merger.hpp holds the rules; here are the values and the leaf functions on them.
#pragma once

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

// The value of every label of the series that collects what the caps keep out.
inline constexpr std::string_view kOverflow = "__overflow__";

// A merged series: for counters and owned families `value`, for histograms `buckets` and `sum`.
struct Total {
  metrics::OwnerSet made_by = 0;  // the service whose share of the caps it takes; 0: none
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

// What an incarnation's counters start from. Saved by number (domain/enumeration.hpp).
enum class Start : std::uint8_t {
  Undecided = 0,    // unknown so far and perhaps new: wait until its birth can be judged
  FromZero = 1,     // born after the floor: everything it counted is new
  FromCurrent = 2,  // born before: what it counted until now was counted, or belongs to a lost past
};

struct Sender {
  std::string service;
  std::string replica;
  metrics::OwnerSet bit = 0;
  Start start = Start::Undecided;
  domain::Timestamp birth{};  // the least of (received − uptime)
  // Like birth, but as if snapshots received after a standstill of this process had been sent at
  // its beginning: the birth is hardly earlier.
  domain::Timestamp born_after{};
  bool returned = false;  // one of the forgotten: never starts from zero
  // Its birth was measured on a line of time that ended; the next snapshot measures it again.
  bool birth_is_foreign = false;
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
  std::map<std::uint64_t, Sender> senders;  // by incarnation
  // The incarnations that were forgotten last, oldest first. They are known for certain if they
  // come back, where a birth can only be estimated.
  std::deque<std::uint64_t> forgotten;
  std::vector<FamilyTotals> totals;                         // by FamilyIndex
  std::map<metrics::OwnerSet, std::size_t> series_made_by;  // derived: totals by their made_by
};

// --- Leaf functions ------------------------------------------------------------------------------

// Whether values of the family are accumulated over incarnations: counters and histograms that are
// summed.
bool is_count(const metrics::Family& family);

// The most that one process can have counted. Beyond it additions of doubles and of buckets would
// no longer be exact, so a larger value is garbage. The buckets of a total stop at it, so that no
// sum wraps.
inline constexpr double kCountMax = 9007199254740992.0;  // 2^53
inline constexpr std::uint64_t kBucketMax = std::uint64_t{1} << 48;
inline constexpr std::uint64_t kTotalBucketMax = std::uint64_t{1} << 56;

// Whether a series of a counter or histogram has its family's shape and numbers that can be true.
bool can_be_counted(const metrics::Family& family, const metrics::Series& series);

// Two gauges of different replicas, or two series that share the overflow, as one value.
double combine(metrics::Policy policy, double a, double b);

// The key of the family's overflow series.
std::string overflow_key(const metrics::Family& family);

// A later value of the same incarnation can only be larger; otherwise the producer began again.
bool fell(const Baseline& before, const metrics::Series& now);

// A baseline for a series seen for the first time.
Baseline& add_baseline(SenderFamily& family, const metrics::Series& series, Total& total,
                       Start start);

// What was counted since the baseline goes into its total, and the baseline moves on. True when the
// series fell: then all of it was counted since.
bool add_difference(metrics::Type type, Baseline& baseline, const metrics::Series& series);

// Sets what is marked as derived, after the other values have been read. False when a baseline has
// no total to go to: then the state contradicts itself and must not be used.
[[nodiscard]] bool link(MergerState& state);

// Sums the series for which there was no room.
void add_to_overflow(const metrics::Family& family, std::optional<metrics::Series>& overflow,
                     const metrics::Series& series);

}  // namespace polybot::metrics_aggregator
