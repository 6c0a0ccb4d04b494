#include "services/metrics-aggregator/core/merger.hpp"

#include <algorithm>
#include <utility>

namespace polybot::metrics_aggregator {

namespace {

using domain::Duration;
using domain::Timestamp;
using metrics::FamilyIndex;
using metrics::FamilyValues;
using metrics::Policy;

}  // namespace

Merger::Merger(MergerLimits limits) : limits_(limits) {
  state_.totals.resize(metrics::families().size());
  for (std::size_t i = 0; i < state_.totals.size(); ++i) {
    const std::size_t own = metrics::label_sets_max(static_cast<FamilyIndex>(i));
    caps_.push_back(std::max(own, limits_.label_sets_per_family_max));
  }
}

void Merger::begin_lineage(Timestamp now) {
  state_.floor = now;
}

void Merger::resume(MergerState state, Timestamp saved) {
  // Maps and deques keep their elements' places when they are moved, so the links stay right.
  state_ = std::move(state);
  merged_at_ = saved;
  resumed_ = true;
}

// --- Receiving -----------------------------------------------------------------------------------

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

// A snapshot that waited for longer than a replica may be silent says nothing about now: it can
// still count, but it neither revives its sender nor shows its gauges.
bool Merger::is_fresh(const Sender& sender, const metrics::Snapshot& snapshot,
                      Timestamp received) const {
  const Duration age = received - (sender.birth + std::chrono::milliseconds(snapshot.uptime_ms));
  return age <= expiry(sender);
}

// The sender, added if it is new; nullptr when the snapshot has no valid sender.
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
  const auto found = state_.senders.find(snapshot.incarnation);
  Sender* const known =
      found != state_.senders.end() ? &found->second : meet(snapshot, bit, received);
  if (known == nullptr) return nullptr;
  Sender& sender = *known;
  if (sender.service != snapshot.service || sender.replica != snapshot.replica) {
    count(Drop::WrongOwner);  // an incarnation does not change its name
    return nullptr;
  }
  // Waiting in queues only makes a birth look later, so the earliest estimate is the best.
  sender.birth = sender.birth_is_foreign ? birth : std::min(sender.birth, birth);
  sender.birth_is_foreign = false;
  const Duration since_merge = received - merged_at_;
  const bool attentive = merged_at_ == Timestamp{} || since_merge <= limits_.attentive;
  const Duration unattended = attentive ? Duration::zero() : since_merge;
  sender.born_after = std::max(sender.born_after, birth - unattended);
  sender.interval = interval;
  return &sender;
}

// A sender not heard before; nullptr when there are too many.
Sender* Merger::meet(const metrics::Snapshot& snapshot, metrics::OwnerSet bit, Timestamp received) {
  if (state_.senders.size() >= limits_.senders_max && !make_room(received)) {
    count(Drop::TooManySenders);
    return nullptr;
  }
  const bool returned = std::erase(state_.forgotten, snapshot.incarnation) > 0;
  return &state_.senders
              .try_emplace(snapshot.incarnation,
                           Sender{.service = snapshot.service,
                                  .replica = snapshot.replica,
                                  .bit = bit,
                                  .birth = received - std::chrono::milliseconds(snapshot.uptime_ms),
                                  .returned = returned,
                                  .first_heard = received,
                                  .last_received = received,
                                  .last_heard = received})
              .first->second;
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

// --- Ends ----------------------------------------------------------------------------------------

// The counters of a replica that is gone stay in the totals for ever; its gauges vanish.
void Merger::expire(Timestamp now) {
  for (auto& [incarnation, sender] : state_.senders) {
    if (is_live(sender, now) && !sender.superseded) continue;
    for (auto& [index, family] : sender.families) family.levels.clear();
  }
}

// The floor rises to a forgotten birth. So this incarnation, if it ever comes back, starts from its
// current values, and nothing can be counted twice, at any age. While this process was down the
// living were as silent as the dead, so after a restart they first get time to be heard.
void Merger::forget(Timestamp now) {
  if (std::exchange(resumed_, false)) forgets_from_ = now + limits_.reunion;
  if (now < forgets_from_) return;
  std::erase_if(state_.senders, [&](const auto& entry) {
    if (now - entry.second.last_received <= limits_.forget_after) return false;
    forget_one(entry.first, entry.second);
    return true;
  });
  std::erase_if(conflict_counted_,
                [&](const auto& entry) { return now - entry.second > limits_.forget_after; });
}

void Merger::forget_one(std::uint64_t incarnation, const Sender& sender) {
  const Timestamp forgotten = sender.birth + limits_.forget_margin;
  state_.floor = state_.floor ? std::max(*state_.floor, forgotten) : forgotten;
  state_.forgotten.push_back(incarnation);
  if (state_.forgotten.size() > limits_.forgotten_max) state_.forgotten.pop_front();
}

// Processes that end and start again without pause must not shut the others out for an hour. So of
// the senders that are gone and merged, the one that has been silent longest is forgotten early.
bool Merger::make_room(Timestamp now) {
  auto longest_silent = state_.senders.end();
  for (auto it = state_.senders.begin(); it != state_.senders.end(); ++it) {
    const Sender& sender = it->second;
    const bool waits = std::ranges::any_of(
        sender.families, [](const auto& entry) { return entry.second.waiting.has_value(); });
    if (waits || is_live(sender, now)) continue;
    if (longest_silent == state_.senders.end() ||
        sender.last_received < longest_silent->second.last_received) {
      longest_silent = it;
    }
  }
  if (longest_silent == state_.senders.end()) return false;
  forget_one(longest_silent->first, longest_silent->second);
  state_.senders.erase(longest_silent);
  return true;
}

// A restart overlaps with its predecessor until the predecessor expires. A longer overlap means a
// second process that should not be there.
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
      if (seen.size() < label_sets_max(index) || seen.contains(labels)) seen[labels] = now;
    }
    std::erase_if(seen, [&](const auto& entry) { return now - entry.second > limits_.sticky_for; });
  }
}

}  // namespace polybot::metrics_aggregator
