// The merger under random faults, in virtual time: loss, duplicates, reordering, kills and
// restarts, pauses beyond the expiry, cut-offs of up to thirty hours whose buffers flush old
// messages first, pauses and stateless restarts of the aggregator. Each seed is one mix, replayed
// exactly by its number.
//
// Held throughout: no merged counter falls, none exceeds what was really counted, histograms add
// up. At the end of a mix without forgetting, every counter equals the newest values that were
// delivered: what is missing is what killed processes had not published or the network had lost for
// good.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>

#include "services/metrics-aggregator/core/merger.hpp"
#include "tests/unit/metrics-aggregator/merger_fixture.hpp"

namespace polybot::metrics_aggregator {
namespace {

using namespace std::chrono_literals;
using domain::Duration;
using domain::Timestamp;
using metrics::Series;

constexpr const char* kScans = "polybot_scans_total";
constexpr const char* kDuration = "polybot_scan_duration_seconds";
constexpr const char* kFills = "polybot_fills_reversed_total";
constexpr Duration kStep = 100ms;

// SplitMix64: the same on every machine, unlike the standard distributions.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool one_in(std::uint64_t n) { return n != 0 && below(n) == 0; }
  Duration between(Duration low, Duration high) {
    return low + Duration(static_cast<std::int64_t>(
                     below(static_cast<std::uint64_t>((high - low).count()))));
  }

 private:
  std::uint64_t state_;
};

// How hostile a mix is; every rate is one in n steps or messages, 0 never.
struct Mix {
  std::uint64_t seed = 0;
  std::size_t replicas = 1;
  std::uint64_t loss = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t reorder = 0;
  std::uint64_t kill = 0;
  std::uint64_t pause = 0;
  std::uint64_t cut = 0;
  Duration cut_max = 60s;  // above an hour, senders are forgotten
  std::uint64_t aggregator_pause = 0;
  std::uint64_t aggregator_restart = 0;
  Duration length = 5min;

  bool forgets() const { return cut_max > 1h; }
};

Mix mix_of(std::uint64_t seed) {
  Random random(seed * 7919 + 1);
  Mix mix{.seed = seed, .replicas = 1 + random.below(4)};
  const auto sometimes = [&](std::uint64_t rate) {
    return random.one_in(3) ? 0 : rate / 2 + random.below(rate);
  };
  mix.loss = sometimes(10);
  mix.duplicate = sometimes(20);
  mix.reorder = sometimes(20);
  mix.kill = sometimes(600);
  mix.pause = sometimes(900);
  mix.cut = sometimes(900);
  mix.aggregator_pause = sometimes(1500);
  if (random.one_in(4)) mix.aggregator_restart = 1000 + random.below(1000);
  if (random.one_in(4)) {
    mix.cut_max = 30h;
    mix.cut = mix.cut == 0 ? 600 : mix.cut;
  }
  return mix;
}

struct Truth {
  std::uint64_t scans = 0;
  std::uint64_t observations = 0;
  double seconds = 0;
};

// A process that counts and publishes, with the network between it and the aggregator.
struct Replica {
  Process process;
  Truth counted;
  Truth delivered;          // the newest that reached the merger
  Truth before_aggregator;  // counted when the present aggregator started
  bool dead = false;
  Timestamp next_snapshot{};
  Timestamp paused_until{};
  Timestamp cut_until{};
  std::vector<metrics::Snapshot>
      buffered;  // lie in queues and kernel buffers until a pause or cut-off ends
};

struct InFlight {
  Timestamp due;
  std::uint64_t order;
  std::size_t replica;
  metrics::Snapshot snapshot;
  Truth content;
  bool operator<(const InFlight& other) const {
    return std::tie(due, order) < std::tie(other.due, other.order);
  }
};

class World {
 public:
  explicit World(const Mix& mix) : mix_(mix), random_(mix.seed), now_(at(0s)) {
    merger_.begin_lineage(now_);
    for (std::size_t i = 0; i < mix.replicas; ++i) start_replica("runner-" + std::to_string(i));
    next_merge_ = now_ + 1s;
  }

  void run() {
    const Timestamp end = now_ + mix_.length;
    while (now_ < end && !testing::Test::HasFatalFailure()) step(Faults::On);
    // Long enough for every cut-off and pause to end, every buffer to flush, every stranger to be
    // judged.
    skip_to_the_end_of_faults();
    const Timestamp calm = now_ + 30s;
    while (now_ < calm && !testing::Test::HasFatalFailure()) step(Faults::Off);
    check_the_end();
  }

  std::size_t kills() const { return kills_; }
  std::size_t forgotten() const { return forgotten_; }

 private:
  enum class Faults { On, Off };

  void start_replica(const std::string& name) {
    Replica& replica = replicas_.emplace_back();
    replica.process = {.replica = name, .incarnation = random_.next() | 1, .born = now_};
    replica.next_snapshot = now_ + random_.between(0s, 1s);
  }

  void step(Faults faults) {
    now_ += kStep;
    for (std::size_t i = 0; i < replicas_.size(); ++i) advance(i, faults);
    deliver();
    if (faults == Faults::On) trouble_the_aggregator();
    if (now_ >= next_merge_ && now_ >= aggregator_paused_until_) {
      next_merge_ = now_ + 1s;
      const std::size_t known = merger_.state().senders.size();
      merger_.merge(now_);
      forgotten_ += known - merger_.state().senders.size();
      check();
    }
  }

  void advance(std::size_t index, Faults faults) {
    Replica& replica = replicas_[index];
    if (replica.dead || now_ < replica.paused_until) return;
    work(replica);
    if (now_ >= replica.next_snapshot) {
      replica.next_snapshot += 1s;
      publish(index, faults);
    }
    if (faults == Faults::Off) return;
    if (random_.one_in(mix_.kill)) {
      replica.dead = true;
      ++kills_;
      return start_replica(replica.process.replica);
    }
    if (random_.one_in(mix_.pause)) replica.paused_until = now_ + random_.between(1s, 40s);
    if (random_.one_in(mix_.cut)) replica.cut_until = now_ + random_.between(1s, mix_.cut_max);
    if (random_.one_in(mix_.pause + mix_.cut == 0 ? 0 : 400)) jump_while_cut();
  }

  void work(Replica& replica) {
    if (random_.one_in(2)) return;
    replica.counted.scans += random_.below(20);
    const double seconds = static_cast<double>(random_.below(1'000'000)) * 1e-7;
    replica.counted.observations += 1;
    replica.counted.seconds += seconds;
  }

  metrics::Snapshot snapshot_of(Replica& replica) {
    Series histogram{"arbitrage", 0, std::vector<std::uint64_t>(17, 0), replica.counted.seconds};
    histogram.buckets[3] = replica.counted.observations / 2;
    histogram.buckets[16] = replica.counted.observations - histogram.buckets[3];
    return replica.process.snapshot(
        now_, {family_of(kScans, {{"arbitrage", static_cast<double>(replica.counted.scans)}}),
               family_of(kDuration, {histogram}),
               family_of("polybot_strategy_running", {{"arbitrage", 1}})});
  }

  void publish(std::size_t index, Faults faults) {
    Replica& replica = replicas_[index];
    metrics::Snapshot snapshot = snapshot_of(replica);
    const Truth content = replica.counted;
    if (now_ < replica.cut_until) {
      // Kernel and library queues keep the first few and drop the rest.
      if (buffer_[index].size() < 8)
        buffer_[index].push_back({{}, 0, index, std::move(snapshot), content});
      return;
    }
    for (InFlight& old : buffer_[index]) send(std::move(old), 1ms);
    buffer_[index].clear();
    if (faults == Faults::On && random_.one_in(mix_.loss)) return;
    if (faults == Faults::On && random_.one_in(mix_.duplicate))
      send({{}, 0, index, snapshot, content}, 2s);
    const bool late = faults == Faults::On && random_.one_in(mix_.reorder);
    const Duration delay = late ? random_.between(1s, 4s) : random_.between(0ms, 50ms);
    send({{}, 0, index, std::move(snapshot), content}, delay);
  }

  void send(InFlight message, Duration delay) {
    message.due = now_ + delay;
    message.order = ++order_;
    in_flight_.insert(std::move(message));
  }

  void deliver() {
    if (now_ < aggregator_paused_until_) return;
    while (!in_flight_.empty() && in_flight_.begin()->due <= now_) {
      InFlight message = std::move(in_flight_.extract(in_flight_.begin()).value());
      Replica& replica = replicas_[message.replica];
      if (message.content.scans >= replica.delivered.scans &&
          message.content.observations >= replica.delivered.observations) {
        replica.delivered = message.content;
      }
      merger_.receive(std::move(message.snapshot), now_);
    }
  }

  // Hours pass in one step while somebody is cut off: the case of the forgotten sender.
  void jump_while_cut() {
    if (!mix_.forgets()) return;
    const bool somebody_is_cut = std::ranges::any_of(replicas_, [&](const Replica& replica) {
      return !replica.dead && replica.cut_until > now_ + 1h;
    });
    if (somebody_is_cut) now_ += random_.between(1h, 3h);
  }

  void trouble_the_aggregator() {
    if (random_.one_in(mix_.aggregator_pause))
      aggregator_paused_until_ = now_ + random_.between(1s, 40s);
    if (!random_.one_in(mix_.aggregator_restart)) return;
    // Stateless: its totals begin anew, its connections too, so nothing sent before arrives.
    merger_ = Merger();
    in_flight_.clear();
    for (auto& [index, messages] : buffer_) messages.clear();
    merger_.begin_lineage(now_);
    restarted_ = true;
    shown_ = {};
    for (Replica& replica : replicas_) replica.before_aggregator = replica.counted;
  }

  void skip_to_the_end_of_faults() {
    Timestamp last = std::max(now_, aggregator_paused_until_);
    for (const Replica& replica : replicas_) {
      if (!replica.dead) last = std::max({last, replica.paused_until, replica.cut_until});
    }
    if (last - now_ > 10min) now_ = last;
    while (now_ < last) step(Faults::Off);
  }

  // All that was counted since the present aggregator began.
  Truth truth() const {
    Truth all;
    for (const Replica& replica : replicas_) {
      all.scans += replica.counted.scans - replica.before_aggregator.scans;
      all.observations += replica.counted.observations - replica.before_aggregator.observations;
      all.seconds += replica.counted.seconds - replica.before_aggregator.seconds;
    }
    return all;
  }

  struct Shown {
    double scans = 0;
    std::uint64_t observations = 0;
    double seconds = 0;
  };

  Shown read() const {
    const auto view = merger_.view({});
    Shown shown{.scans = value_in(view, kScans, "arbitrage").value_or(0)};
    if (const Series* const histogram = series_in(view, kDuration, "arbitrage")) {
      for (const std::uint64_t count : histogram->buckets) shown.observations += count;
      shown.seconds = histogram->sum;
    }
    return shown;
  }

  void check() {
    const Shown shown = read();
    const Truth true_now = truth();
    ASSERT_GE(shown.scans, shown_.scans) << "a counter fell, seed " << mix_.seed;
    ASSERT_GE(shown.observations, shown_.observations) << "a histogram fell, seed " << mix_.seed;
    ASSERT_GE(shown.seconds, shown_.seconds) << "a sum fell, seed " << mix_.seed;
    ASSERT_LE(shown.scans, static_cast<double>(true_now.scans))
        << "counted twice, seed " << mix_.seed;
    ASSERT_LE(shown.observations, true_now.observations) << "observed twice, seed " << mix_.seed;
    ASSERT_LE(shown.seconds, true_now.seconds + 1e-9) << "summed twice, seed " << mix_.seed;
    ASSERT_EQ(merger_.counts().regressions, 0U) << "seed " << mix_.seed;
    shown_ = shown;
  }

  void check_the_end() {
    if (mix_.forgets() || restarted_) return;
    merger_.merge(now_);
    Truth expected;
    for (const Replica& replica : replicas_) {
      expected.scans += replica.delivered.scans;
      expected.observations += replica.delivered.observations;
      expected.seconds += replica.delivered.seconds;
      if (!replica.dead) {
        // Who lives has lost nothing but what it counted since its last snapshot.
        EXPECT_LE(replica.counted.scans - replica.delivered.scans, 20U * 10U)
            << "seed " << mix_.seed;
      }
    }
    const Shown shown = read();
    EXPECT_EQ(shown.scans, static_cast<double>(expected.scans)) << "seed " << mix_.seed;
    EXPECT_EQ(shown.observations, expected.observations) << "seed " << mix_.seed;
    EXPECT_NEAR(shown.seconds, expected.seconds, 1e-9) << "seed " << mix_.seed;
  }

  Mix mix_;
  Random random_;
  Timestamp now_;
  Timestamp next_merge_{};
  Timestamp aggregator_paused_until_{};
  Merger merger_;
  std::deque<Replica> replicas_;
  std::map<std::size_t, std::vector<InFlight>> buffer_;
  std::set<InFlight> in_flight_;
  std::uint64_t order_ = 0;
  bool restarted_ = false;
  Shown shown_;
  std::size_t kills_ = 0;
  std::size_t forgotten_ = 0;
};

TEST(MergerUnderFaults, NeverFallsAndNeverCountsTwice) {
  constexpr std::uint64_t kMixes = 300;
  std::size_t kills = 0;
  std::size_t forgotten = 0;
  for (std::uint64_t seed = 1; seed <= kMixes; ++seed) {
    World world(mix_of(seed));
    world.run();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    kills += world.kills();
    forgotten += world.forgotten();
  }
  // The faults that make the test worth its name did happen.
  EXPECT_GT(kills, kMixes);
  EXPECT_GT(forgotten, kMixes / 10);
}

// The journal is the truth of owned families; whoever publishes it, restarts and lateness
// notwithstanding, the merged value is the largest that arrived.
TEST(MergerUnderFaults, OwnedValuesEqualTheJournal) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Merger merger;
    merger.begin_lineage(at(0s));
    Process manager{.service = "order-manager",
                    .replica = "om",
                    .incarnation = seed,
                    .born = at(0s),
                    .fold = {"journal", 1}};
    std::uint64_t journal = 0;
    std::uint64_t arrived = 0;
    std::vector<std::pair<metrics::Snapshot, std::uint64_t>> late;
    double shown = 0;
    for (int second = 1; second < 200; ++second) {
      const Timestamp now = at(std::chrono::seconds(second));
      journal += random.below(5);
      if (random.one_in(20)) {
        manager = {.service = "order-manager",
                   .replica = "om",
                   .incarnation = random.next(),
                   .born = now,
                   .fold = {"journal", 1}};
      }
      metrics::Snapshot snapshot =
          manager.snapshot(now, {family_of(kFills, {{"arbitrage", static_cast<double>(journal)}})});
      if (manager.seq > 1 && random.one_in(4)) {
        late.emplace_back(std::move(snapshot), journal);
      } else if (!random.one_in(10)) {
        merger.receive(std::move(snapshot), now);
        arrived = std::max(arrived, journal);
      }
      // Nothing is later than a replica may be silent, and no first message is late: the birth of a
      // process that was heard only once cannot be told from its lateness.
      if (late.size() > 2) late.erase(late.begin());
      if (!late.empty() && random.one_in(2)) {
        arrived = std::max(arrived, late.front().second);
        merger.receive(std::move(late.front().first), now);
        late.erase(late.begin());
      }
      merger.merge(now);
      const double value = value_in(merger.view({}), kFills, "arbitrage").value_or(0);
      ASSERT_GE(value, shown) << "seed " << seed;
      ASSERT_LE(value, static_cast<double>(journal)) << "seed " << seed;
      shown = value;
    }
    merger.receive(
        manager.snapshot(at(200s),
                         {family_of(kFills, {{"arbitrage", static_cast<double>(journal)}})}),
        at(200s));
    merger.merge(at(200s));
    EXPECT_EQ(value_in(merger.view({}), kFills, "arbitrage"), static_cast<double>(journal))
        << "seed " << seed;
    EXPECT_EQ(merger.counts().of(Conflict::JournalRewound), 0U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace polybot::metrics_aggregator
