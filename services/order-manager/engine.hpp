// The loop around the core: inputs in, one durable transaction per turn, effects out.
//
// post() queues; one turn of the loop takes what is queued, lets the core decide, commits the
// records, and only then sends, publishes and answers (outputs.hpp knows the order). When a commit
// fails the core cancels everything and decides nothing more; start-up then runs again from the
// journal, with a pause between attempts, until the journal can be written. Between turns snapshots
// of the state are written, a piece at a time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "services/order-manager/core/order_manager.hpp"
#include "services/order-manager/journal/journal.hpp"
#include "services/order-manager/start_up.hpp"

namespace polybot::order_manager {

class Engine {
 public:
  // What a turn does to the world. All are called on the loop, none may call back into post() with
  // the expectation of being handled in the same turn.
  struct Effects {
    std::function<void(const std::vector<domain::VenueOrderId>&)> cancel;
    // Readies a request before the commit, when nothing may leave yet; what it returns sends it.
    std::function<std::function<void()>(const SubmitBatch&)> prepare;
    std::function<void(const Read&)> read;
    std::function<void(const domain::StreamedEvent&)> publish;  // durable, in order
    std::function<void()> forget;  // what was remembered and published: it is read again
    std::function<void(const Ledger&)> resume;                   // start-up: from a snapshot
    std::function<void(const domain::StreamedEvent&)> remember;  // start-up: for the replay ring
    std::function<void(domain::Duration)> decided;          // how long one signal took the core
    std::function<void(domain::Duration)> committed;        // how long one commit took
    std::function<void(const std::string&)> commit_failed;  // why
    std::function<void(const StartUp&)> started;            // the core is (again) running
    std::function<void(SnapshotTaker::Step, const std::string&)> snapshot;  // what came of one; why
  };

  Engine(boost::asio::any_io_executor executor, std::string journal_path, Settings settings,
         OrderIdentity identity, Effects effects);

  // Opens and folds the journal, then starts the core. Throws JournalError, also when the journal
  // is of another account than settings.account.
  void start();
  // An input for the next turn. One that is not urgent causes none: it shares the commit of the
  // next that is, at the latest the timer's.
  void post(Input input);
  // More inputs wait than a turn of seconds takes: their sources should wait, too, so that the bus
  // counts what is lost. Commands never wait behind others.
  [[nodiscard]] bool is_behind() const { return inputs_.size() > kInputsWaitingMax; }
  // The last input of each kind that a new core must be told again after a restart of the core.
  void post_link(VenueSessionChanged change);
  // Writes a snapshot of the state, so that the next start is short. At the end, after run().
  void take_last_snapshot();
  // Fires the core's timer until cancelled, and restarts it from the journal after a failed commit.
  [[nodiscard]] boost::asio::awaitable<void> run();

  [[nodiscard]] const OrderManager& core() const { return *core_; }
  // While it is not, core() has decided things that never became durable.
  [[nodiscard]] bool journal_writable() const { return !failed_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] std::uint64_t journal_sequence() const {
    return journal_ ? journal_->last_seq() : 0;
  }

 private:
  static constexpr std::size_t kInputsWaitingMax = 16'384;

  void begin();
  void schedule();
  void turn();
  [[nodiscard]] std::optional<Input> next();
  void finish();
  void fail(const std::string& why);
  [[nodiscard]] bool commit(const std::vector<domain::StreamedEvent>& records);
  void carry_out(const Outputs& outputs);
  void take_snapshot();

  boost::asio::any_io_executor executor_;
  std::string journal_path_;
  Settings settings_;
  OrderIdentity identity_;
  Effects effects_;
  runtime::Clock clock_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<OrderManager> core_;
  SnapshotTaker snapshots_;
  std::deque<Input> commands_;  // taken first
  std::deque<Input> inputs_;
  std::map<VenueChannel, Link> links_;
  bool stopping_ = false;  // asked for: a core that is folded again has to know
  Outputs outputs_;
  bool scheduled_ = false;
  bool failed_ = false;
  std::string failure_;
  domain::Duration retry_at_{};
  runtime::log::Limited failure_log_{std::chrono::seconds(30)};
};

}  // namespace polybot::order_manager
