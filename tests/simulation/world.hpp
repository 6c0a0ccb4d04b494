// One seed of the whole stack: every core, every link between them, and all troubles, in one thread
// and in virtual time. run() trades for the plan's horizon, then heals the world, lets it settle
// and compares. Throws Violation at the first state that must not be.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/order-manager/core/ledger/orders.hpp"
#include "tests/simulation/api_reader.hpp"
#include "tests/simulation/gateway.hpp"
#include "tests/simulation/hand_overs.hpp"
#include "tests/simulation/link.hpp"
#include "tests/simulation/manager.hpp"
#include "tests/simulation/monitor.hpp"
#include "tests/simulation/runner.hpp"
#include "tests/simulation/verdict.hpp"

namespace polybot::simulation {

struct Outcome {
  Tape tape;
  Tally faults;
  Tally totals;
  order_manager::Orders::RowCounts rows{};
  std::uint64_t orders = 0;  // of our strategies and by hand
  std::uint64_t steps = 0;
  std::optional<Duration> trapped_after;  // since the start
  // Beyond the warm-up.
  std::vector<Duration> hand_overs;
  std::vector<Duration> hand_overs_disturbed;
};

class World {
 public:
  // A replay of a seed that has been run leaves out costly checks that change nothing.
  enum class Kind : std::uint8_t { Audited, Told, Replay };
  explicit World(const Plan& plan, Kind kind);

  [[nodiscard]] Outcome run();

  [[nodiscard]] std::uint64_t steps() const { return stage_.schedule.steps(); }
  [[nodiscard]] Timestamp now() const { return stage_.now(); }

 private:
  // The links between order-manager and one reader of its streams.
  struct ReaderLinks {
    Link events, requests, answers;
    Timestamp lied_to_until;  // in answers given for order-manager
    Timestamp ask_lost_at;    // or its answer: the reader waits and asks again

    void heal() {
      for (Link* link : {&events, &requests, &answers}) link->heal();
      lied_to_until = {};
    }
  };
  struct RunnerLinks : ReaderLinks {
    Link market_data, signals;
  };
  [[nodiscard]] ReaderLinks reader_links(std::uint64_t first);
  [[nodiscard]] Ask asking(ReaderLinks& links,
                           std::function<std::optional<std::string>(const std::string&)> answer);
  void connect();
  void connect(std::size_t index);
  [[nodiscard]] std::optional<std::string> answer_orders(const ReaderLinks& links,
                                                         const std::string& request);
  void live_before();
  void run_until(Timestamp until);
  void check();
  void check_leases();
  [[nodiscard]] bool in_touch(std::size_t runner);
  void watch_hand_overs();
  void check_spread();
  void settle();

  // ---- trouble
  void plan_trouble();
  void make_trouble();
  void set_fault();
  void set_fault(venue_simulator::Fault fault);
  void kill_manager();
  void stick_trades();
  void lose_power();
  void step_clocks();
  void set_clocks(Duration ahead);
  void disturb_runner();
  void scale_runners();
  void partition_runner();
  void cut_link();
  void command_something();
  void command(domain::CommandBody body, Duration after = {});
  void collect(Outcome& outcome) const;
  [[nodiscard]] std::optional<domain::StrategyName> any_strategy();

  Plan plan_;
  Kind kind_;
  Stage stage_;
  Random random_;
  Random lies_;
  Venue venue_;
  Journal journal_;
  Auditor auditor_;
  Gateway gateway_;
  Manager manager_;
  Monitor monitor_;
  HandOvers hand_overs_;
  std::vector<std::unique_ptr<RunnerProcess>> runners_;
  std::vector<std::unique_ptr<RunnerLinks>> links_;
  Link quotes_;
  Link commands_;
  ApiReader api_;
  ReaderLinks api_links_;
  bool healed_ = false;
  std::uint64_t commands_sent_ = 0;
  std::uint64_t checked_step_ = 0;
  std::uint64_t checked_venue_step_ = 0;
};

}  // namespace polybot::simulation
