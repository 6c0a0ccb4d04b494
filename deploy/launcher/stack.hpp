// The running processes: starts them, watches them, starts a process again, after a pause, when it
// ended unexpectedly, adds and removes runners as the control file says, and stops them in order.
// It uses only signals and the admin ports.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/time.hpp"
#include "common/http/client.hpp"
#include "common/runtime/clock.hpp"
#include "deploy/launcher/child_process.hpp"
#include "deploy/launcher/layout.hpp"
#include "deploy/launcher/restart_policy.hpp"

namespace polybot::launcher {

// What the screen shows about one process.
struct ServiceView {
  std::string name;
  std::string service;
  bool running = false;
  bool ready = false;
  std::string reason;                                // why it is not ready
  std::optional<domain::Timestamp> not_ready_since;  // none while it is ready
  std::uint64_t restarts = 0;
  std::optional<domain::Timestamp> ended_at;  // when it last ended unasked
  std::string cause;                          // of that end, as far as it said
  bool fenced = false;                        // it ended for good: another process does its work
  // RestartPolicy::ends_in_a_row, and when they began.
  std::uint64_t ends_in_a_row = 0;
  std::optional<domain::Timestamp> ending_since;
  std::uint64_t resident_bytes = 0;
};

class Stack {
 public:
  // Begins with `runners` runners. `say` prints one line for the person watching.
  Stack(boost::asio::any_io_executor executor, Layout layout, std::size_t runners,
        std::function<void(const std::string&)> say);

  // Starts every process and waits until each is ready, saying what it waits for. Returns an empty
  // text, or why the stack cannot run: a process ended before it was ever ready (its last words
  // included), or `patience` passed.
  [[nodiscard]] boost::asio::awaitable<std::string> start(domain::Duration patience);
  // Polls the processes and their readiness for ever, restarts processes that ended, obeys the
  // control file. Ends when cancelled.
  [[nodiscard]] boost::asio::awaitable<void> watch();
  // From now on an end is expected: watch() restarts no process any more.
  void begin_stop() { stopping_ = true; }
  // Runners, gateway, order-manager, aggregator, simulator: they are stopped in this order.
  [[nodiscard]] std::vector<ServiceView> stop_order() const;
  // SIGTERM, then SIGKILL after `patience`. False when it had to be killed or ended with an error.
  [[nodiscard]] boost::asio::awaitable<bool> stop(std::string name, domain::Duration patience);

  [[nodiscard]] std::vector<ServiceView> views() const;
  [[nodiscard]] http::Client& http() { return http_; }

 private:
  struct Member {
    ServicePlan plan;
    std::unique_ptr<ChildProcess> child;
    ServiceView view;
    bool was_ready = false;
    bool is_confirmed = false;                   // this process itself answers at its admin port
    bool end_told = false;                       // why it ended has been said
    std::optional<domain::Duration> retired_at;  // asked to leave for good
    domain::Timestamp started_on{};              // as the log tells time
    RestartPolicy restarts;
  };
  void add(const ServicePlan& plan);
  // False when no process can be made (no descriptors, no room, no folder); the view says why.
  [[nodiscard]] bool launch(Member& member);
  void launch_or_retry(Member& member);
  void scale(std::size_t runners);
  void retire(Member& member);
  void check_retired(Member& member);
  void check_process(Member& member);
  void note_end(Member& member, const ExitStatus& ended);
  void tell_end(const Member& member);
  void set_not_ready(Member& member, std::string reason);
  [[nodiscard]] boost::asio::awaitable<void> watch_processes();
  [[nodiscard]] boost::asio::awaitable<void> watch_readiness();
  [[nodiscard]] Member* find(const std::string& name);
  [[nodiscard]] Member* find_at_work(const std::string& name, std::optional<pid_t> pid = {});
  [[nodiscard]] boost::asio::awaitable<void> check_readiness(std::string name);
  // What the process said when it ended so, line by line.
  [[nodiscard]] std::vector<std::string> words_of(const Member& member,
                                                  const ExitStatus& ended) const;

  boost::asio::any_io_executor executor_;
  runtime::Clock clock_;
  http::Client http_;
  std::function<void(const std::string&)> say_;
  Layout layout_;
  std::list<Member> members_;  // each where it is for as long as it lives
  std::size_t runners_ = 0;    // wanted
  bool stopping_ = false;
};

}  // namespace polybot::launcher
