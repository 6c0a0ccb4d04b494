#include "tests/unit/metrics-aggregator/fault_world.hpp"

#include <algorithm>
#include <utility>

#include "services/metrics-aggregator/state/state_codec.hpp"

namespace polybot::metrics_aggregator::faults {

using namespace std::chrono_literals;
using metrics::Series;

namespace {

constexpr const char* kScans = "polybot_scans_total";
constexpr const char* kDuration = "polybot_scan_duration_seconds";
constexpr const char* kFills = "polybot_fills_reversed_total";
constexpr const char* kLastUpdate = "polybot_market_data_last_update_timestamp_seconds";
constexpr Duration kStep = 100ms;
constexpr Duration kInterval = 1s;
constexpr Duration kExpiry = 10s;
constexpr Duration kForgetAfter = 1h;
// Messages that kernel and library queues keep of a link that is cut.
constexpr std::size_t kHeldMessages = 8;

double unix_seconds(Timestamp at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

}  // namespace

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

Duration Random::between(Duration low, Duration high) {
  return low + Duration(static_cast<std::int64_t>(
                   below(static_cast<std::uint64_t>((high - low).count()))));
}

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::Loss:
      return "messages lost";
    case Fault::Duplicate:
      return "messages repeated";
    case Fault::Reordering:
      return "messages out of order";
    case Fault::ReplicaKill:
      return "replicas killed";
    case Fault::PauseBeyondExpiry:
      return "replicas paused beyond the expiry";
    case Fault::Cut:
      return "links cut";
    case Fault::CutBeyondForgetting:
      return "links cut for 1 to 30 hours";
    case Fault::AggregatorPause:
      return "aggregator paused";
    case Fault::AggregatorKill:
      return "aggregator killed, state kept";
    case Fault::AggregatorStateLost:
      return "aggregator killed, state lost";
    case Fault::PauseAfterEmptyStart:
      return "aggregator paused right after an empty start";
    case Fault::WrongClock:
      return "sender clocks an hour wrong";
  }
  return {};
}

Mix mix_of(std::uint64_t seed) {
  Random random(seed * 7919 + 1);
  Mix mix{.seed = seed, .runners = 1 + random.below(3)};
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
  mix.aggregator_kill = sometimes(800);
  if (random.one_in(4)) mix.state_loss = 800 + random.below(800);
  if (random.one_in(4)) {
    mix.cut_max = 30h;
    mix.cut = mix.cut == 0 ? 600 : mix.cut;
  }
  constexpr std::array<Duration, 3> kErrors = {0h, 1h, -1h};
  mix.clock_error = kErrors[random.below(kErrors.size())];
  return mix;
}

World::World(const Mix& mix) : mix_(mix), random_(mix.seed), now_(at(0s)) {
  merger_.begin_lineage(now_);
  for (std::size_t i = 0; i < mix.runners; ++i) {
    start_replica(Role::Runner, "runner-" + std::to_string(i + 1));
  }
  start_replica(Role::Gateway, "gateway-1");
  start_replica(Role::Manager, "order-manager-1");
  next_merge_ = now_ + kInterval;
}

World::~World() = default;

void World::run() {
  const Timestamp end = now_ + mix_.length;
  while (now_ < end && !testing::Test::HasFatalFailure()) step(Faults::On);
  // This is long enough for every cut-off and pause to end, every buffer to flush, and every new
  // sender to be judged.
  skip_to_the_end_of_faults();
  const Timestamp calm = now_ + 30s;
  while (now_ < calm && !testing::Test::HasFatalFailure()) step(Faults::Off);
  if (!testing::Test::HasFatalFailure()) check_the_end();
}

// --- Senders -------------------------------------------------------------------------------------

void World::start_replica(Role role, const std::string& name) {
  Replica& replica = replicas_.emplace_back();
  replica.role = role;
  replica.process = {.replica = name, .incarnation = random_.next() | 1, .born = now_};
  replica.next_snapshot = now_ + random_.between(0s, kInterval);
  if (role == Role::Manager) {
    replica.process.service = "order-manager";
    replica.process.fold = {"journal", 1};
  }
  if (role == Role::Gateway) {
    replica.process.service = "gateway";
    replica.registry = std::make_unique<metrics::Registry>(
        metrics::Identity{.service = "gateway", .replica = name, .version = "1", .revision = "r"});
    if (mix_.clock_error != 0h) note(Fault::WrongClock);
  }
}

void World::advance(std::size_t index, Faults faults) {
  Replica& replica = replicas_[index];
  if (replica.dead || now_ < replica.paused_until) return;
  work(replica);
  if (now_ >= replica.next_snapshot) {
    replica.next_snapshot += kInterval;
    publish(index, faults);
  }
  if (faults == Faults::On) trouble(replica);
}

void World::trouble(Replica& replica) {
  if (random_.one_in(mix_.kill)) {
    note(Fault::ReplicaKill);
    replica.dead = true;
    const Role role = replica.role;
    const std::string name = replica.process.replica;
    return start_replica(role, name);
  }
  if (random_.one_in(mix_.pause)) {
    const Duration pause = random_.between(1s, 40s);
    if (pause > kExpiry) note(Fault::PauseBeyondExpiry);
    replica.paused_until = now_ + pause;
  }
  if (random_.one_in(mix_.cut)) {
    const Duration cut = random_.between(1s, mix_.cut_max);
    note(Fault::Cut);
    replica.cut_until = now_ + cut;
  }
  if (mix_.cut_max > kForgetAfter && random_.one_in(400)) jump_while_cut();
}

void World::work(Replica& replica) {
  if (random_.one_in(2)) return;
  if (replica.role == Role::Manager) {
    journal_ += random_.below(3);
    replica.counted.journal = journal_;
    return;
  }
  replica.counted.scans += random_.below(20);
  replica.counted.observations += 1;
  replica.counted.seconds += static_cast<double>(random_.below(1'000'000)) * 1e-7;
}

metrics::Snapshot World::snapshot_of(Replica& replica) {
  switch (replica.role) {
    case Role::Manager:
      return replica.process.snapshot(
          now_, {family_of(kFills, {{"arbitrage", static_cast<double>(journal_)}})});
    case Role::Gateway: {
      // The value goes through the real instrument: its age must not depend on the clock.
      const Timestamp wall = now_ + mix_.clock_error;
      replica.registry->timestamp_gauge(kLastUpdate, {"polymarket"}).set(wall);
      return replica.process.snapshot(
          now_, replica.registry->collect({wall, now_ - replica.process.born}));
    }
    case Role::Runner:
      break;
  }
  Series histogram{"arbitrage", 0, std::vector<std::uint64_t>(17, 0), replica.counted.seconds};
  histogram.buckets[3] = replica.counted.observations / 2;
  histogram.buckets[16] = replica.counted.observations - histogram.buckets[3];
  return replica.process.snapshot(
      now_, {family_of(kScans, {{"arbitrage", static_cast<double>(replica.counted.scans)}}),
             family_of(kDuration, {histogram}),
             family_of("polybot_strategy_running", {{"arbitrage", 1}})});
}

void World::publish(std::size_t index, Faults faults) {
  Replica& replica = replicas_[index];
  if (replica.role == Role::Manager) replica.counted.journal = journal_;
  metrics::Snapshot snapshot = snapshot_of(replica);
  const Truth content = replica.counted;
  replica.published = content;
  std::vector<InFlight>& buffer = buffers_[index];
  if (now_ < replica.cut_until) {
    if (buffer.size() < kHeldMessages) {
      buffer.push_back({{}, 0, index, std::move(snapshot), content});
    }
    return;
  }
  for (InFlight& old : buffer) send(std::move(old), 1ms);
  buffer.clear();
  if (faults == Faults::On && random_.one_in(mix_.loss)) return note(Fault::Loss);
  if (faults == Faults::On && random_.one_in(mix_.duplicate)) {
    note(Fault::Duplicate);
    send({{}, 0, index, snapshot, content}, 2s);
  }
  const bool late = faults == Faults::On && random_.one_in(mix_.reorder);
  if (late) note(Fault::Reordering);
  const Duration delay = late ? random_.between(1s, 4s) : random_.between(0ms, 50ms);
  send({{}, 0, index, std::move(snapshot), content}, delay);
}

// --- The network ---------------------------------------------------------------------------------

void World::send(InFlight message, Duration delay) {
  if (now_ < aggregator_down_until_) return;  // there is no listener
  message.due = now_ + delay;
  message.order = ++order_;
  in_flight_.insert(std::move(message));
}

void World::deliver() {
  if (!aggregator_runs()) return;
  while (!in_flight_.empty() && in_flight_.begin()->due <= now_) {
    InFlight message = std::move(in_flight_.extract(in_flight_.begin()).value());
    Truth& delivered = replicas_[message.replica].delivered;
    if (message.content.scans >= delivered.scans &&
        message.content.observations >= delivered.observations &&
        message.content.journal >= delivered.journal) {
      delivered = message.content;
    }
    merger_.receive(std::move(message.snapshot), now_);
  }
}

// Hours pass in one step while a sender is cut off: the case of the forgotten sender.
void World::jump_while_cut() {
  const bool somebody_is_cut = std::ranges::any_of(replicas_, [&](const Replica& replica) {
    return !replica.dead && replica.cut_until > now_ + kForgetAfter;
  });
  if (!somebody_is_cut) return;
  note(Fault::CutBeyondForgetting);
  now_ += random_.between(1h, 3h);
}

// --- The aggregator ------------------------------------------------------------------------------

void World::step(Faults faults) {
  now_ += kStep;
  for (std::size_t i = 0; i < replicas_.size(); ++i) advance(i, faults);
  deliver();
  if (faults == Faults::On) trouble_the_aggregator();
  if (now_ < next_merge_ || !aggregator_runs()) return;
  next_merge_ = now_ + kInterval;
  if (!std::exchange(lineage_begun_, true)) merger_.begin_lineage(now_);
  merge_and_save();
  check();
}

void World::merge_and_save() {
  const std::size_t known = merger_.state().senders.size();
  merger_.merge(now_);
  forgot_ = forgot_ || merger_.state().senders.size() < known;
  saved_state_ = encode_state(merger_.state(), {.line = now_, .boot_id = "boot"});
  for (Replica& replica : replicas_) replica.saved = replica.delivered;
}

void World::trouble_the_aggregator() {
  if (!aggregator_runs()) return;
  if (random_.one_in(mix_.aggregator_pause)) {
    note(Fault::AggregatorPause);
    aggregator_paused_until_ = now_ + random_.between(1s, 40s);
  }
  if (random_.one_in(mix_.aggregator_kill)) kill_the_aggregator();
  if (random_.one_in(mix_.state_loss)) lose_the_state();
}

// Everything in its sockets and in its memory beyond the state is gone, and so are the connections
// with what they held. Half of the kills strike between the merge and the write of the state.
void World::kill_the_aggregator() {
  if (!saved_state_) return;
  note(Fault::AggregatorKill);
  if (random_.one_in(2)) merger_.merge(now_);
  in_flight_.clear();
  for (auto& [index, messages] : buffers_) messages.clear();
  for (Replica& replica : replicas_) replica.delivered = replica.saved;
  resume();
  aggregator_down_until_ = now_ + random_.between(0s, 20s);
  next_merge_ = aggregator_down_until_ + 100ms;
  check();  // what is shown before the first merge
}

void World::resume() {
  auto decoded = decode_state(*saved_state_);
  ASSERT_TRUE(std::holds_alternative<SavedState>(decoded)) << "seed " << mix_.seed;
  SavedState saved = std::get<SavedState>(std::move(decoded));
  ASSERT_EQ(encode_state(saved.state, saved.saved), *saved_state_) << "seed " << mix_.seed;
  if (random_.one_in(2)) {  // as after another boot of the machine
    for (auto& [incarnation, sender] : saved.state.senders) sender.birth_is_foreign = true;
  }
  merger_ = Merger();
  merger_.resume(std::move(saved.state), saved.saved.line);
}

// An empty start: totals begin again, and only later events may be counted.
void World::lose_the_state() {
  note(Fault::AggregatorStateLost);
  merger_ = Merger();
  saved_state_.reset();
  in_flight_.clear();
  for (auto& [index, messages] : buffers_) messages.clear();
  shown_ = {};
  state_was_lost_ = true;
  for (Replica& replica : replicas_) {
    replica.before_aggregator = replica.counted;
    replica.delivered = {};
    replica.saved = {};
  }
  next_merge_ = now_;
  lineage_begun_ = random_.one_in(2);
  if (lineage_begun_) {  // its first drain found nothing
    merger_.begin_lineage(now_);
    merger_.merge(now_);
  }
  if (random_.one_in(2)) {
    note(Fault::PauseAfterEmptyStart);
    aggregator_paused_until_ = now_ + random_.between(1s, 40s);
  }
}

// --- Judgement -----------------------------------------------------------------------------------

void World::skip_to_the_end_of_faults() {
  Timestamp last = std::max({now_, aggregator_paused_until_, aggregator_down_until_});
  for (const Replica& replica : replicas_) {
    if (!replica.dead) last = std::max({last, replica.paused_until, replica.cut_until});
  }
  if (last - now_ > 10min) now_ = last;
  while (now_ < last && !testing::Test::HasFatalFailure()) step(Faults::Off);
}

// Everything counted since the present lineage began.
Truth World::truth() const {
  Truth all{.journal = journal_};
  for (const Replica& replica : replicas_) {
    if (replica.role != Role::Runner) continue;
    all.scans += replica.counted.scans - replica.before_aggregator.scans;
    all.observations += replica.counted.observations - replica.before_aggregator.observations;
    all.seconds += replica.counted.seconds - replica.before_aggregator.seconds;
  }
  return all;
}

World::Shown World::read() const {
  const auto view = merger_.view({});
  Shown shown{.scans = value_in(view, kScans, "arbitrage").value_or(0),
              .journal = value_in(view, kFills, "arbitrage").value_or(0)};
  if (const Series* const histogram = series_in(view, kDuration, "arbitrage")) {
    for (const std::uint64_t count : histogram->buckets) shown.observations += count;
    shown.seconds = histogram->sum;
  }
  return shown;
}

void World::check() {
  ++checks_;
  const Shown shown = read();
  const Truth true_now = truth();
  ASSERT_GE(shown.scans, shown_.scans) << "a counter fell, seed " << mix_.seed;
  ASSERT_GE(shown.observations, shown_.observations) << "a histogram fell, seed " << mix_.seed;
  ASSERT_GE(shown.seconds, shown_.seconds) << "a sum fell, seed " << mix_.seed;
  ASSERT_GE(shown.journal, shown_.journal) << "an owned counter fell, seed " << mix_.seed;
  ASSERT_LE(shown.scans, static_cast<double>(true_now.scans))
      << "counted twice, seed " << mix_.seed;
  ASSERT_LE(shown.observations, true_now.observations) << "observed twice, seed " << mix_.seed;
  ASSERT_LE(shown.seconds, true_now.seconds + 1e-9) << "summed twice, seed " << mix_.seed;
  ASSERT_LE(shown.journal, static_cast<double>(journal_)) << "more than owned, seed " << mix_.seed;
  ASSERT_EQ(merger_.counts().regressions, 0U) << "seed " << mix_.seed;
  ASSERT_EQ(merger_.counts().of(Conflict::JournalRewound), 0U) << "seed " << mix_.seed;
  check_clock();
  shown_ = shown;
}

// A gateway sets its timestamp in each snapshot. A shown timestamp was heard within the expiry, and
// was not older than that when it came.
void World::check_clock() const {
  const std::optional<double> update = value_in(merger_.view({}), kLastUpdate, "polymarket");
  if (!update || !aggregator_runs()) return;
  const double age = unix_seconds(now_) - *update;
  ASSERT_GE(age, -1e-3) << "from the future, seed " << mix_.seed;
  ASSERT_LE(age, 25.0) << "older than it can be, seed " << mix_.seed;
}

void World::check_the_end() {
  merger_.merge(now_);
  Truth expected;
  for (const Replica& replica : replicas_) {
    if (replica.role != Role::Runner) continue;
    expected.scans += replica.delivered.scans;
    expected.observations += replica.delivered.observations;
    expected.seconds += replica.delivered.seconds;
    if (replica.dead) {
      missing_.unpublished += replica.counted.scans - replica.published.scans;
      // A lost lineage received its messages all the same.
      if (!state_was_lost_) {
        missing_.undelivered += replica.published.scans - replica.delivered.scans;
      }
      // Ten steps of at most nineteen: the counts of an interval and of the step it ends in.
      EXPECT_LE(replica.counted.scans - replica.published.scans, 19U * 11U) << "seed " << mix_.seed;
    } else {
      // A living replica has lost only what it counted since its last snapshot.
      EXPECT_LE(replica.counted.scans - replica.delivered.scans, 19U * 11U) << "seed " << mix_.seed;
    }
  }
  const Shown shown = read();
  // The journal's owner lives and has published; its counter needs no history.
  const auto manager = std::ranges::find_if(replicas_, [](const Replica& replica) {
    return replica.role == Role::Manager && !replica.dead;
  });
  ASSERT_NE(manager, replicas_.end());
  EXPECT_EQ(shown.journal, static_cast<double>(manager->delivered.journal)) << "seed " << mix_.seed;
  merger_.receive(snapshot_of(*manager), now_);
  merger_.merge(now_);
  EXPECT_EQ(read().journal, static_cast<double>(journal_)) << "seed " << mix_.seed;
  if (forgot_ || state_was_lost_) return;
  EXPECT_EQ(shown.scans, static_cast<double>(expected.scans)) << "seed " << mix_.seed;
  EXPECT_EQ(shown.observations, expected.observations) << "seed " << mix_.seed;
  EXPECT_NEAR(shown.seconds, expected.seconds, 1e-9) << "seed " << mix_.seed;
}

}  // namespace polybot::metrics_aggregator::faults
