// The only place of the project that reads a clock. Cores get time as an argument from here.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "common/domain/time.hpp"

namespace polybot::runtime {

// Stateless; a value so that a collaborator names its need of time in its constructor.
class Clock {
 public:
  // UTC: the wall clock when the process began, plus the time since. It does not follow when the
  // wall clock is set (clock_watch.hpp). It counts time in which the machine was suspended: what
  // was known before is old.
  [[nodiscard]] domain::Timestamp now() const;
  // The host's wall clock (UTC), as it is set now.
  [[nodiscard]] domain::Timestamp wall() const;
  // Since an arbitrary start; never goes back; does not count time the machine was suspended.
  [[nodiscard]] domain::Duration monotonic() const;
  // CPU time of this process, user and system.
  [[nodiscard]] domain::Duration cpu() const;
};

// Names the boot from which Clock::monotonic() counts: readings of two processes with the same name
// are comparable. Empty when it cannot be read.
[[nodiscard]] std::string boot_id();

// RFC 3339 in UTC with milliseconds: "2026-06-08T12:00:00.123Z".
[[nodiscard]] std::string to_rfc3339(domain::Timestamp at);

// Sleeps on the current executor. Cancellation ends it with an exception of operation_aborted.
[[nodiscard]] boost::asio::awaitable<void> sleep_for(domain::Duration span);

// Every `interval`, reports by how much a timer on the current executor came late: the time a ready
// event waits in this loop. Runs until cancelled.
[[nodiscard]] boost::asio::awaitable<void> sample_loop_lag(
    domain::Duration interval, std::function<void(domain::Duration lag)> observe);

}  // namespace polybot::runtime
