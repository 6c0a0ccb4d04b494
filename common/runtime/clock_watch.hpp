// Time of a process and time of its host. Clock::now() never jumps while a process lives, so that
// no lease, hold or deadline is cut short or drawn out when somebody sets the host's clock. The
// price is that the process is off by as much from then on: against the venue, against other hosts,
// in the stamps of its records. A process that finds itself too far off therefore ends in good
// order, and its supervisor starts it anew on the right time: start-up is the path that copes with
// everything else, too. Slewing (adjtime, chrony) and suspending the machine move both clocks alike
// and are not noticed.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/domain/time.hpp"

namespace polybot::runtime {

// Less than what order-manager tolerates between clocks, more than any honest measuring error.
inline constexpr domain::Duration kClockStepMax = std::chrono::milliseconds(500);

// Whether the wall clock has been set by more than that since the process began. Both
// are of the same moment: Clock::wall() and Clock::now().
[[nodiscard]] constexpr bool clock_stepped(domain::Timestamp wall, domain::Timestamp now) {
  return wall - now > kClockStepMax || now - wall > kClockStepMax;
}

// Returns once the host's clock has been set. Looks every second.
[[nodiscard]] boost::asio::awaitable<void> wait_for_clock_step();

}  // namespace polybot::runtime
