// Makes one set of metrics from the cumulative snapshots of all replicas. Pure: time is an
// argument, and a wrong input only counts as dropped.
//
// It guarantees, whatever the network and the processes do, that a merged counter never falls and
// never counts an event twice. It can miss the unpublished last interval of a killed process. The
// rules stand with their reasons at the functions that follow them.
//
// Use: receive() every snapshot as it arrives, merge() once per interval after the socket was
// drained, then view(). One thread. `Timestamp`s are of one line that never jumps (a wall clock
// read once, carried on by the monotonic clock). Only view() is told what to add to get the present
// wall clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/enumeration.hpp"
#include "common/domain/time.hpp"
#include "common/metrics/catalogue.hpp"
#include "common/metrics/snapshot.hpp"
#include "services/metrics-aggregator/core/merger_state.hpp"

namespace polybot::metrics_aggregator {

// Why something received was not merged; the values of polybot_aggregator_dropped_total{reason}.
// Words of this enum and of those below: domain/enumeration.hpp.
enum class Drop : std::uint8_t {
  Undecodable = 0,  // counted by the shell: the bytes were no snapshot
  Oversize = 1,     // counted by the shell: above 1 MiB
  BadUtf8 = 2,
  UnknownFamily = 3,
  WrongOwner = 4,   // a service that must not have this family, or no service of ours
  Fingerprint = 5,  // sender and aggregator disagree on what the family is
  Stale = 6,        // an older or repeated part of what is known
  BadShape = 7,     // labels or buckets of the wrong number
  NotFinite = 8,    // NaN, infinite, a negative count, or more than can have been counted
  DuplicateSeries = 9,
  TooManySenders = 10,
};

enum class Conflict : std::uint8_t {
  TwinReplica = 0,     // two live processes under one name
  Owner = 1,           // two live owners of a family that has one
  JournalRewound = 2,  // an owned value fell within one fold
};

enum class Cap : std::uint8_t { Service = 0, Family = 1 };

struct MergerLimits {
  // A replica is gone after max(expiry_min, expiry_intervals × its interval) without a snapshot.
  domain::Duration expiry_min = std::chrono::seconds(10);
  int expiry_intervals = 5;
  domain::Duration interval_max = std::chrono::seconds(60);  // a longer one is not believed
  // An incarnation unheard for this long is forgotten; its birth plus the margin becomes the floor.
  domain::Duration forget_after = std::chrono::hours(1);
  domain::Duration forget_margin = std::chrono::seconds(5);
  // From the first merge after resume() no sender is forgotten for this long, because senders must
  // connect again.
  domain::Duration reunion = std::chrono::minutes(1);
  domain::Duration sticky_for = std::chrono::hours(24);
  std::size_t series_per_service_max = 40'000;
  std::size_t label_sets_per_family_max = 2'000;  // or the family's own, if that is more
  std::size_t senders_max = 1'024;
  std::size_t forgotten_max = 4'096;
  // Merges closer together than this show that this process ran all the time between them.
  domain::Duration attentive = std::chrono::seconds(2);
  std::size_t label_value_bytes_max = 256;
};

struct MergerCounts {
  std::uint64_t snapshots = 0;
  std::uint64_t regressions = 0;
  std::array<std::uint64_t, domain::kPlaces<Drop>> dropped{};
  std::array<std::uint64_t, domain::kPlaces<Conflict>> conflicts{};
  std::array<std::uint64_t, domain::kPlaces<Cap>> overflowed{};  // series folded, per merge

  std::uint64_t of(Drop drop) const { return dropped[static_cast<std::size_t>(drop)]; }
  std::uint64_t of(Conflict kind) const { return conflicts[static_cast<std::size_t>(kind)]; }
  std::uint64_t of(Cap cap) const { return overflowed[static_cast<std::size_t>(cap)]; }
};

class Merger {
 public:
  explicit Merger(MergerLimits limits = {});

  // The stateless start of a lineage, after the first drain of the socket: every process that is
  // alive by now has an unknown past. Until then every sender counts as older.
  void begin_lineage(domain::Timestamp now);

  // Goes on from the state of an earlier merger at `saved`, instead of begin_lineage(). Until the
  // next merge the view is that merger's last one. `state` must be one that link() accepted.
  void resume(MergerState state, domain::Timestamp saved);

  void receive(metrics::Snapshot snapshot, domain::Timestamp received);
  void count(Drop drop, std::uint64_t times = 1) {
    counts_.dropped[static_cast<std::size_t>(drop)] += times;
  }

  // Applies the newest values of each incarnation and family, lets silent replicas expire, and
  // forgets incarnations.
  void merge(domain::Timestamp now);

  // All families with all their series, sorted, in catalogue order, as of the last merge. Timestamp
  // gauges in wall-clock seconds: `wall_offset` is the wall clock minus the line of time used
  // above.
  std::vector<metrics::FamilyValues> view(domain::Duration wall_offset) const;
  // The raw values of each live replica, with "<service>/<replica>" as one more label value at the
  // end.
  std::vector<metrics::FamilyValues> replica_view(domain::Duration wall_offset) const;

  // How many label sets of a family are kept; the others share the overflow series.
  std::size_t label_sets_max(metrics::FamilyIndex index) const { return caps_[index]; }

  const MergerCounts& counts() const { return counts_; }
  const MergerState& state() const { return state_; }

 private:
  using Series = metrics::Series;

  Sender* sender_of(const metrics::Snapshot& snapshot, domain::Timestamp received);
  Sender* meet(const metrics::Snapshot& snapshot, metrics::OwnerSet bit,
               domain::Timestamp received);
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
                    const std::vector<Series>& series);
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
  void bound_levels(const Sender& sender, metrics::FamilyIndex index, std::vector<Series>& series);

  void expire(domain::Timestamp now);
  void forget(domain::Timestamp now);
  void forget_one(std::uint64_t incarnation, const Sender& sender);
  bool make_room(domain::Timestamp now);
  void note_conflicts(domain::Timestamp now);
  void note_sticky(domain::Timestamp now);
  void count(Conflict kind, const std::string& service, domain::Timestamp now);

  std::map<std::string, double> merged_levels(metrics::FamilyIndex index) const;

  MergerLimits limits_;
  std::vector<std::size_t> caps_;  // label_sets_max() by FamilyIndex
  MergerState state_;
  MergerCounts counts_;
  domain::Timestamp merged_at_{};
  bool resumed_ = false;  // and not yet merged
  domain::Timestamp forgets_from_{};
  // When a conflict was last counted; a lasting one counts once per expiry.
  std::map<std::pair<Conflict, std::string>, domain::Timestamp> conflict_counted_;
};

}  // namespace polybot::metrics_aggregator
