// Ends a process whose loop is stuck, so that its supervisor can start it again.
//
// WatchdogLogic is the pure rule; Watchdog runs it on a thread of its own. The thread also measures
// its own sleep. When that took too long, the whole process was stopped (SIGSTOP, a debugger, a
// suspended machine), and the count begins again, so that a resumed process is not killed for
// having been paused.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "common/domain/time.hpp"

namespace polybot::runtime {

class WatchdogLogic {
 public:
  enum class Verdict : std::uint8_t { Fine, Restarted, Stuck };

  // `interval` is how often check() is meant to be called.
  WatchdogLogic(domain::Duration timeout, domain::Duration interval)
      : timeout_(timeout), interval_(interval) {}

  // `now` is monotonic, `ticks` the number of times the loop has turned so far. Restarted: the
  // watch itself came late by more than an interval, and the count began again.
  [[nodiscard]] Verdict check(domain::Duration now, std::uint64_t ticks);
  // For how long the loop has not ticked, at the last check.
  [[nodiscard]] domain::Duration silent_for() const { return silent_for_; }

 private:
  domain::Duration timeout_;
  domain::Duration interval_;
  bool started_ = false;
  std::uint64_t ticks_ = 0;
  domain::Duration last_check_{};
  domain::Duration last_progress_{};
  domain::Duration silent_for_{};
};

class Watchdog {
 public:
  static constexpr auto kTickInterval = std::chrono::milliseconds(500);

  // Both run on the watchdog's thread: `on_progress` at each check that finds the loop has turned
  // since the last one (at least every two seconds, while it does), `on_stuck` once.
  Watchdog(boost::asio::any_io_executor loop, domain::Duration timeout,
           std::function<void()> on_progress,
           std::function<void(domain::Duration silent_for)> on_stuck);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Ends the ticks, so that an io_context without other work can return. The loop's thread only.
  void stop();

 private:
  void tick();
  void watch();

  boost::asio::steady_timer timer_;
  domain::Duration timeout_;
  std::function<void()> on_progress_;
  std::function<void(domain::Duration)> on_stuck_;
  std::atomic<std::uint64_t> ticks_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace polybot::runtime
