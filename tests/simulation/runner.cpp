#include "tests/simulation/runner.hpp"

#include "common/wire/signal_codec.hpp"

namespace polybot::simulation {

namespace sr = strategy_runner;
using domain::StrategyName;
using domain::StreamedEvent;
using Verdict = bus::StreamTracker::Verdict;

namespace {

constexpr Duration kRunnerTimer = milliseconds(400);
constexpr Duration kAnnounce = milliseconds(500);
constexpr Duration kAskAgain = milliseconds(700);

}  // namespace

RunnerProcess::RunnerProcess(Stage& stage, const Plan& plan, int replica)
    : stage_(stage),
      plan_(plan),
      replica_(replica),
      random_(stage.random(100 + static_cast<std::uint64_t>(replica))),
      clock_(stage) {}

void RunnerProcess::later(Duration span, std::function<void()> action) {
  stage_.schedule.after(span, [this, incarnation = incarnation_, action = std::move(action)] {
    if (incarnation == incarnation_ && runner_) action();
  });
}

void RunnerProcess::every(Duration span, std::function<void()> action) {
  later(span, [this, span, action] {
    if (awake()) action();
    every(span, action);
  });
}

// ---- the process

void RunnerProcess::start() {
  wanted_ = true;
  if (!runner_) boot();
}

void RunnerProcess::come_back(Duration after) {
  stage_.schedule.after(after, [this] {
    if (!runner_ && wanted_) boot();
  });
}

void RunnerProcess::boot() {
  incarnation_ = splitmix64(plan_.seed ^ random_.next()) | 1;
  runner_ = std::make_unique<sr::Runner>(runner_settings(plan_, replica_, incarnation_));
  out_ = {};
  clock_.begin();
  blind_until_ = frozen_until_ = {};
  shards_.clear();
  streams_.clear();
  for (const StrategyName& name : kStrategies) ask(name, streams_[name]);
  every(kRunnerTimer, [this] {
    run(sr::TimerFired{});
    settle();
  });
  every(kAnnounce, [this] { announce(announcement(false)); });
  every(ProcessClock::kWatchEvery, [this] { watch_clock(); });
  every(kAskAgain, [this] {
    for (const auto& [name, stream] : streams_) ask(name, stream);
  });
}

domain::RunnerAnnounced RunnerProcess::announcement(bool leaving) const {
  return {.replica = {"runner-" + std::to_string(replica_ + 1)},
          .incarnation = incarnation_,
          .strategies = {kStrategies.begin(), kStrategies.end()},
          .leaving = leaving,
          .released = runner_->released()};
}

void RunnerProcess::die(Duration for_how_long) {
  if (!runner_) return;
  stage_.fault("runner killed");
  runner_.reset();
  ++incarnation_;
  come_back(for_how_long);
}

void RunnerProcess::leave(Duration for_how_long) {
  if (!awake()) return;
  stage_.fault("runner stopped");
  announce(announcement(true));
  runner_.reset();
  ++incarnation_;
  come_back(for_how_long);
}

void RunnerProcess::watch_clock() {
  if (clock_.stepped()) leave(milliseconds(random_.between(100, 2'000)));
}

void RunnerProcess::retire() {
  wanted_ = false;
  if (!runner_) return;
  if (awake()) announce(announcement(true));
  runner_.reset();
  ++incarnation_;
}

void RunnerProcess::hire() {
  wanted_ = true;
  come_back({});
}

void RunnerProcess::freeze(Duration span) {
  if (!awake()) return;
  stage_.fault("runner frozen");
  frozen_until_ = stage_.now() + span;
}

void RunnerProcess::turn_zombie(Duration span, Duration blind) {
  if (!awake() || stage_.now() < blind_until_) return;
  stage_.fault("runner turned zombie");
  frozen_until_ = stage_.now() + span;
  blind_until_ = frozen_until_ + blind;
  lag_ = span;
}

void RunnerProcess::run(const sr::Input& input) {
  runner_->on(input, now(), out_);
}

void RunnerProcess::settle() {
  while (runner_->scan_next(now(), out_)) {
  }
  for (const domain::Shard shard : std::exchange(out_.snapshots_wanted, {})) ask_for_books(shard);
  for (const domain::Signal& signal : std::exchange(out_.signals, {})) {
    stage_.tape.add(wire::encode_signal(signal));
    publish_signal(signal);
  }
}

// ---- market data

void RunnerProcess::on_frame(const MarketDataFrame& frame) {
  if (!awake() || !subscribed(frame.shard)) return;
  ShardFrames& shard = shards_[frame.shard];
  if (frame.incarnation < shard.incarnation) return;
  const bool known = frame.incarnation == shard.incarnation;
  if (known && frame.seq < shard.next_seq) return;  // repeated, or overtaken and counted as lost
  const bool gap = !known || frame.seq > shard.next_seq;
  shard = {frame.incarnation, frame.seq + 1};
  if (gap) run(sr::MarketDataGap{frame.shard});
  const sr::FrameOrigin origin{.shard = frame.shard,
                               .sent_at = frame.sent_at,
                               .trace = {frame.seq << 7 | frame.shard.value | 1}};
  struct Apply {
    RunnerProcess& process;
    const sr::FrameOrigin& origin;
    void operator()(const domain::BookSnapshot& snapshot) const {
      process.run(sr::BookLoaded{origin, snapshot});
    }
    void operator()(const domain::BookDelta& delta) const {
      process.run(sr::BookChanged{origin, delta});
    }
    void operator()(const domain::TradeTick& trade) const {
      process.run(sr::TradeSeen{origin, trade});
    }
    void operator()(const domain::BookStale& stale) const {
      process.run(sr::BookDistrusted{stale});
    }
  };
  for (const gateway::BookUpdate& update : frame.updates) std::visit(Apply{*this, origin}, update);
  settle();
}

void RunnerProcess::on_markets(const std::vector<domain::Market>& markets) {
  if (!awake()) return;
  for (const domain::Market& market : markets) {
    if (subscribed(domain::shard_of(market.event))) run(sr::MarketHeard{market});
  }
  settle();
}

// ---- order streams: as the real order feed joins them, without the waiting

void RunnerProcess::on_event(const StreamedEvent& event) {
  if (!awake()) return;
  const auto stream = streams_.find(event.event.strategy);
  if (stream == streams_.end()) return;
  observe(stream->first, stream->second, event);
  settle();
}

void RunnerProcess::observe(const StrategyName& name, Stream& stream, const StreamedEvent& event) {
  stream.newest_seq = std::max(stream.newest_seq, event.event.seq);
  if (stream.need == Need::Snapshot) return;
  switch (stream.tracker.observe(event.event.seq, event.prev)) {
    case Verdict::Deliver:
      return run(sr::OrderEventSeen{event});
    case Verdict::Duplicate:
      return;
    case Verdict::Gap:
      return broken(name, stream, Need::Replay);
    case Verdict::Diverged:
      broken(name, stream, Need::Snapshot);
      stream.newest_seq = 0;
      return;
  }
}

void RunnerProcess::broken(const StrategyName& name, Stream& stream, Need need) {
  const bool asked = stream.need >= need;
  stream.need = std::max(stream.need, need);
  run(sr::OrderStreamBroken{name});
  if (!asked) ask(name, stream);
}

void RunnerProcess::ask(const StrategyName& name, const Stream& stream) {
  if (stream.need == Need::Replay) ask_for_replay(name, stream.tracker.last_seq());
  if (stream.need == Need::Snapshot) ask_for_snapshot(name);
}

void RunnerProcess::on_replay(const StrategyName& name, const Manager::Replay& answer) {
  if (!awake()) return;
  Stream& stream = streams_[name];
  if (stream.need != Need::Replay) return;
  ++stage_.totals["order streams replayed"];
  if (!answer.snapshot_needed) {
    for (const StreamedEvent& event : answer.events) observe(name, stream, event);
  }
  if (stream.need == Need::Snapshot || answer.snapshot_needed ||
      stream.tracker.last_seq() < stream.newest_seq) {
    stream.need = Need::Snapshot;
    stream.newest_seq = 0;
    return ask(name, stream);
  }
  stream.need = Need::Nothing;
  run(sr::OrderStreamMended{name});
  settle();
}

void RunnerProcess::on_snapshot(const StrategyName& name, const Manager::Snapshot& answer) {
  if (!awake()) return;
  Stream& stream = streams_[name];
  if (stream.need != Need::Snapshot) return;
  ++stage_.totals["order streams restored"];
  stream.tracker.forget();
  stream.tracker.resume_after(answer.at_seq);
  stream.state_seq_before = 0;
  stream.need = Need::Nothing;
  run(sr::OrdersRestored{.strategy = name, .seq = answer.at_seq, .entries = answer.entries});
  // What came while the snapshot was under way was dropped: a replay joins it.
  if (stream.newest_seq > answer.at_seq) broken(name, stream, Need::Replay);
  settle();
}

// What is listened to follows the leases.
void RunnerProcess::take_leases(const std::vector<domain::Lease>& leases) {
  const std::uint64_t before = runner_->shards();
  run(sr::LeasesHeard{leases});
  const std::uint64_t gained = runner_->shards() & ~before;
  const std::uint64_t lost = before & ~runner_->shards();
  for (std::uint8_t i = 0; i < domain::kShards; ++i) {
    if ((lost >> i & 1) != 0) shards_.erase({i});
    if ((gained >> i & 1) == 0) continue;
    run(sr::MarketDataGap{{i}});
    ask_for_books({i});
  }
  if (!runner_->released().empty()) announce(announcement(false));
}

void RunnerProcess::on_state(const std::vector<domain::StrategyState>& states,
                             const std::vector<domain::Lease>& leases) {
  if (!awake()) return;
  take_leases(leases);
  for (const domain::StrategyState& state : states) {
    run(sr::StrategyHeard{state});
    const auto found = streams_.find(state.strategy);
    if (found == streams_.end()) continue;
    Stream& stream = found->second;
    const bool behind =
        stream.need == Need::Nothing && stream.state_seq_before > stream.tracker.last_seq();
    if (behind) broken(state.strategy, stream, Need::Replay);
    stream.state_seq_before = state.last_seq;
    stream.newest_seq = std::max(stream.newest_seq, state.last_seq);
  }
  settle();
}

}  // namespace polybot::simulation
