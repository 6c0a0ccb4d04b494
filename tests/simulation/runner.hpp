// The strategy-runner process around its core: follows market data of its shards and the order
// streams as the real one does (common/follow), announces itself, and emits signals. It keeps
// nothing when it dies.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/bus/continuity.hpp"
#include "common/follow/order_followers.hpp"
#include "common/follow/shard_followers.hpp"
#include "services/strategy-runner/core/runner.hpp"
#include "tests/simulation/clock.hpp"
#include "tests/simulation/gateway.hpp"
#include "tests/simulation/manager.hpp"
#include "tests/simulation/questions.hpp"

namespace polybot::simulation {

class RunnerProcess {
 public:
  RunnerProcess(Stage& stage, const Plan& plan, int replica);

  // The bus; set once, before time runs.
  std::function<void(const domain::Signal&)> publish_signal;
  std::function<void(const domain::RunnerAnnounced&)> announce;
  // The recovery ports.
  Ask ask_gateway;
  Ask ask_manager;

  void start();
  void die(Duration for_how_long);
  // Stops in good order: resting orders are passed on.
  void leave(Duration for_how_long);
  // Neither reads nor sends for a while, then goes on as if nothing had happened. A zombie does not
  // even know how late it is: its clock stood still as well, and is put right `blind` later.
  void freeze(Duration span);
  void turn_zombie(Duration span, Duration blind);
  // Scaling: it leaves in good order and stays away, or comes (back).
  void retire();
  void hire();
  // Wakes up and knows the time.
  void heal() { frozen_until_ = blind_until_ = {}; }
  [[nodiscard]] ProcessClock& clock() { return clock_; }
  [[nodiscard]] bool running() const { return runner_ != nullptr; }
  [[nodiscard]] const strategy_runner::Runner& core() const { return *runner_; }
  // Awake, and not about to restart.
  [[nodiscard]] bool settled() const { return awake() && !clock_.stepped(); }
  [[nodiscard]] std::uint64_t shards_warm(std::size_t strategy) const {
    return runner_->shards_warm(strategy, now());
  }
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }

  // Whether it follows the shard: frames that no process follows are not sent.
  [[nodiscard]] bool subscribed(domain::Shard shard) const {
    return runner_ != nullptr && market_data_->follows(shard);
  }
  void on_frame(const MarketDataFrame& frame);
  void on_markets(const std::vector<domain::Market>& markets);
  void on_event(const domain::StrategyName& stream, const std::string& bytes);
  void on_state(const std::vector<domain::StrategyState>& states,
                const std::vector<domain::Lease>& leases);

 private:
  [[nodiscard]] bool awake() const { return runner_ != nullptr && stage_.now() >= frozen_until_; }
  [[nodiscard]] Timestamp now() const {
    return stage_.now() < blind_until_ ? clock_.now() - lag_ : clock_.now();
  }
  void boot();
  void come_back(Duration after);
  void watch_clock();
  void take_leases(const std::vector<domain::Lease>& leases);
  void run(const strategy_runner::Input& input);
  void settle();
  void follow_streams();
  void check_books(const MarketDataFrame& frame) const;
  void later(Duration span, std::function<void()> action);
  void every(Duration span, std::function<void()> action);
  [[nodiscard]] domain::RunnerAnnounced announcement(bool leaving) const;

  Stage& stage_;
  const Plan& plan_;
  int replica_;
  Random random_;
  ProcessClock clock_;
  std::uint64_t incarnation_ = 0;
  std::unique_ptr<strategy_runner::Runner> runner_;
  strategy_runner::Outputs out_;
  bool wanted_ = false;  // by the scaling operator
  Timestamp frozen_until_{};
  Timestamp blind_until_{};
  Duration lag_{};
  std::shared_ptr<follow::ShardFollowers> market_data_;
  std::shared_ptr<follow::OrderFollowers> orders_;
  bus::Continuity continuity_{256};  // of market data
  std::size_t delivered_ = 0;        // messages of the present frame
};

}  // namespace polybot::simulation
