// Compares the time of a process with the time of its host. Clock::now() never jumps while a
// process lives, so that no lease, hold or deadline is cut short or drawn out when the host's clock
// is set. The price is that the process is off by that step from then on: against the venue,
// against other hosts, and in the stamps of its records. A process that is too far off therefore
// ends in good order, and its supervisor starts it again with the right time: start-up also copes
// with everything else. Slewing (adjtime, chrony) and suspending the machine move both clocks alike
// and are not noticed.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/domain/time.hpp"

namespace polybot::runtime {

// This is less than what order-manager tolerates between clocks, and more than any measuring error.
inline constexpr domain::Duration kClockStepMax = std::chrono::milliseconds(500);

// Whether the wall clock has been set by more than that since the process began. Both arguments are
// of the same moment: Clock::wall() and Clock::now().
[[nodiscard]] constexpr bool clock_stepped(domain::Timestamp wall, domain::Timestamp now) {
  return wall - now > kClockStepMax || now - wall > kClockStepMax;
}

// Returns once the host's clock has been set. Looks every second.
[[nodiscard]] boost::asio::awaitable<void> wait_for_clock_step();

}  // namespace polybot::runtime
