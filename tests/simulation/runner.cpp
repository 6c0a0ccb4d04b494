#include "tests/simulation/runner.hpp"

#include <algorithm>

#include "common/wire/signal_codec.hpp"
#include "common/wire/topics.hpp"
#include "services/strategy-runner/stream_inputs.hpp"

namespace polybot::simulation {

namespace sr = strategy_runner;
using domain::StrategyName;

namespace {

constexpr Duration kRunnerTimer = milliseconds(400);
constexpr Duration kAnnounce = milliseconds(500);

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
  follow_streams();
  every(kRunnerTimer, [this] {
    run(sr::TimerFired{});
    settle();
  });
  every(kAnnounce, [this] { announce(announcement(false)); });
  every(ProcessClock::kWatchEvery, [this] { watch_clock(); });
}

void RunnerProcess::follow_streams() {
  const auto apply = [this](const sr::Input& input) { run(input); };
  follow::MarketSink market_data = sr::inputs_of_market_data(apply);
  market_data.deliver = [this, deliver = std::move(market_data.deliver)](
                            const follow::FrameHead& head, const wire::MarketData& message) {
    ++delivered_;
    deliver(head, message);
  };
  market_data.refuse = [this](domain::Shard, wire::DecodeError) { ++stage_.totals["unreadable"]; };
  market_data.ask = [] {};  // settle() looks
  market_data_ = std::make_shared<follow::ShardFollowers>(std::move(market_data));
  follow::OrderSink orders = sr::inputs_of_orders(apply);
  orders.refuse = [this](wire::DecodeError) { ++stage_.totals["unreadable"]; };
  orders.ask = [] {};
  orders_ = std::make_shared<follow::OrderFollowers>(follow::Beginning::State, std::move(orders),
                                                     kPagesMax);
  for (const StrategyName& name : kStrategies) orders_->follow(name);
  continuity_ = bus::Continuity(256);
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
  if (std::holds_alternative<sr::OrdersRestored>(input)) ++stage_.totals["order streams restored"];
  if (std::holds_alternative<sr::OrderStreamMended>(input))
    ++stage_.totals["order streams replayed"];
  runner_->on(input, now(), out_);
}

void RunnerProcess::settle() {
  while (runner_->scan_next(now(), out_)) {
  }
  for (const domain::Signal& signal : std::exchange(out_.signals, {})) {
    stage_.tape.add(wire::encode_signal(signal));
    publish_signal(signal);
  }
  const auto is_awake = [this] { return awake(); };
  const auto answered = [this] { settle(); };
  put_questions(stage_, market_data_, ask_gateway, is_awake, answered);
  put_questions(stage_, orders_, ask_manager, is_awake, answered);
}

// ---- market data

void RunnerProcess::on_frame(const MarketDataFrame& frame) {
  if (!awake() || !subscribed(frame.head.shard)) return;
  std::vector<std::string_view> messages(frame.messages.begin(), frame.messages.end());
  const auto seen =
      continuity_.on_frame(frame.head.incarnation, wire::topics::market_data(frame.head.shard),
                           frame.head.first_seq, messages.size());
  if (seen.duplicated > 0) return;  // frames are repeated whole
  delivered_ = 0;
  market_data_->on_frame({.head = frame.head, .lost_before = seen.lost, .messages = messages},
                         stage_.now().time_since_epoch());
  if (delivered_ == messages.size()) check_books(frame);
  settle();
}

// A book that it trusts must be the gateway's.
void RunnerProcess::check_books(const MarketDataFrame& frame) const {
  for (const domain::BookSnapshot& truth : frame.books_after) {
    const sr::KeptBook* known = runner_->markets().any_book(truth.market);
    if (known == nullptr || known->stale) continue;
    require(std::ranges::equal(known->book.bids(), truth.bids) &&
                std::ranges::equal(known->book.asks(), truth.asks),
            "a runner trusts a book that is not the gateway's");
  }
}

void RunnerProcess::on_markets(const std::vector<domain::Market>& markets) {
  if (!awake()) return;
  for (const domain::Market& market : markets) {
    if (subscribed(domain::shard_of(market.event))) run(sr::MarketHeard{market});
  }
  settle();
}

// ---- order streams

void RunnerProcess::on_event(const StrategyName& stream, const std::string& bytes) {
  if (!awake()) return;
  orders_->on_message(stream, bytes);
  settle();
}

// The followed shards are those of the leases.
void RunnerProcess::take_leases(const std::vector<domain::Lease>& leases) {
  run(sr::LeasesHeard{leases});
  const auto change = market_data_->follow(runner_->shards());
  for (std::uint8_t i = 0; i < domain::kShards; ++i) {
    if ((change.lost >> i & 1) != 0) continuity_.forget(wire::topics::market_data({i}));
  }
  if (!runner_->released().empty()) announce(announcement(false));
}

void RunnerProcess::on_state(const std::vector<domain::StrategyState>& states,
                             const std::vector<domain::Lease>& leases) {
  if (!awake()) return;
  take_leases(leases);
  for (const domain::StrategyState& state : states) run(sr::StrategyHeard{state});
  orders_->on_states({.strategies = states, .account = {}});
  settle();
}

}  // namespace polybot::simulation
