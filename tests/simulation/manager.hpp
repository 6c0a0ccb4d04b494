// The order-manager process around its core: turns with group commit, the journal, requests to the
// venue, and the lossless order streams with their recovery port. It can die at any instant of a
// turn, alone or with its machine, and its journal can refuse. Only what the journal's disk has
// kept survives.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/bus/continuity.hpp"
#include "common/follow/quote_follower.hpp"
#include "services/order-manager/core/order_manager.hpp"
#include "services/order-manager/kept_streams.hpp"
#include "tests/simulation/auditor.hpp"
#include "tests/simulation/clock.hpp"
#include "tests/simulation/end_watch.hpp"
#include "tests/simulation/gateway.hpp"
#include "tests/simulation/journal.hpp"
#include "tests/simulation/pause_watch.hpp"
#include "tests/simulation/reading_watch.hpp"
#include "tests/simulation/venue.hpp"

namespace polybot::simulation {

class Manager {
 public:
  Manager(Stage& stage, const Plan& plan, Venue& venue, Journal& journal, Auditor& auditor);

  // The bus; set once, before time runs.
  std::function<void(const domain::StreamedEvent&)> publish_event;
  std::function<void(const std::vector<domain::StrategyState>&, const std::vector<domain::Lease>&)>
      publish_state;

  void start();
  // An input that arrives while the process is dead is lost.
  void deliver(const order_manager::Input& input);
  void on_quotes(const QuoteFrame& frame);
  // Of which shards quotes are missing (bit n: shard n).
  [[nodiscard]] std::uint64_t quotes_wanted() const { return quotes_ ? quotes_->wanted() : 0; }

  // Where the process dies: at once, or in a turn. The last two wait for a turn that sends orders.
  enum class Death : std::uint8_t {
    Now,
    BeforeCommit,
    WhileWriting,  // a part of the group is written
    BeforeSync,    // all of it is, but it may not be safe
    AfterCommit,
    WhileSending,
  };
  static constexpr std::int64_t kDeaths = 6;
  // What dies: written records that are not synced outlive the process, but not the machine.
  enum class Crash : std::uint8_t { Process, Power };
  void die(Death death, Crash crash, Duration for_how_long);
  // When the plan's trap was sprung.
  [[nodiscard]] std::optional<Timestamp> trapped_at() const { return trapped_at_; }
  // An orderly stop and start.
  void stop_and_start();
  void heal() { commit_failure_ppm_ = 0; }
  [[nodiscard]] ProcessClock& clock() { return clock_; }
  // The present leases, their ends in true time.
  [[nodiscard]] std::vector<domain::Lease> leases() const;

  // The recovery port; empty when there is no answer.
  [[nodiscard]] std::optional<std::string> answer(const wire::OrdersRequest& request);

  // Number and birth of the present process.
  [[nodiscard]] std::uint64_t process() const { return process_; }
  [[nodiscard]] Timestamp born() const { return born_; }
  // Since when this process holds the account at the venue; a start after a lost heartbeat has to
  // wait for it.
  [[nodiscard]] std::optional<Timestamp> held_since() const {
    return alive() ? held_since_ : std::nullopt;
  }
  [[nodiscard]] bool alive() const { return core_ != nullptr; }
  [[nodiscard]] const order_manager::OrderManager& core() const { return *core_; }
  // It can grant and publish leases, and is not about to leave.
  [[nodiscard]] bool grants() const { return alive() && !failed_ && !stopping_; }
  // Every decision is durable: no commit is pending.
  [[nodiscard]] bool at_rest() const { return alive() && !failed_ && inputs_in_turn_ == 0; }

 private:
  void boot();
  void fold_and_start();
  void finish_turn();
  [[nodiscard]] bool commit(std::span<const domain::StreamedEvent> records);
  void sync();
  void carry_out(const order_manager::Outputs& out);
  void journal_failed();
  [[nodiscard]] bool dies_here() const;
  [[nodiscard]] bool trap_springs() const;
  void lose_process(Duration for_how_long);
  void send_cancels(const std::vector<domain::VenueOrderId>& orders);
  [[nodiscard]] Venue::OnReply take_reply();
  void set_link(order_manager::VenueChannel channel, order_manager::Link link);
  void connect_user_channel();
  void claim();
  void beat();
  // One heartbeat; `then` learns how long to wait before the next one.
  void send_heartbeat(std::function<void(Duration)> then);
  void show_heartbeat();
  void watch_clock();
  void keep_venue_clock();
  void forget_streams();
  void remember(const domain::StreamedEvent& event);
  void every(Duration span, std::function<void()> action);
  // Runs `action` only while the process that asked for it lives.
  void later(Duration span, std::function<void()> action);

  void follow_quotes();

  Stage& stage_;
  const Plan& plan_;
  Venue& venue_;
  Journal& journal_;
  Auditor& auditor_;
  Random random_;
  std::int64_t commit_failure_ppm_;

  ProcessClock clock_;
  std::unique_ptr<order_manager::OrderManager> core_;
  std::uint64_t process_ = 0;
  Timestamp born_{};
  std::optional<Timestamp> held_since_;
  order_manager::Outputs out_;
  std::size_t inputs_in_turn_ = 0;
  std::uint64_t lease_changes_told_ = 0;
  bool stopping_ = false;
  bool failed_ = false;         // the journal cannot be written
  std::optional<Death> fate_;   // of a turn to come
  std::optional<Death> dying_;  // in the present turn
  Crash crash_ = Crash::Process;
  Duration dead_for_{};
  std::optional<Trap> trap_;
  std::optional<Timestamp> trapped_at_;
  EndWatch ends_;
  PauseWatch pauses_;
  ReadingWatch readings_;
  bool key_refused_ = false;  // by the venue, until another is asked for
  std::map<order_manager::VenueChannel, order_manager::Link> links_;
  order_manager::HeartbeatChain heartbeats_{seconds(5)};
  std::string heartbeat_kept_;  // in a file: outlives the process
  order_manager::KeptStreams streams_;
  bus::Continuity quote_continuity_{2 * domain::kShards};
  std::unique_ptr<follow::QuoteFollower> quotes_;
};

}  // namespace polybot::simulation
