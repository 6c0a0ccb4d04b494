// What doctor and livetest share, the commands that ask the venue.
#pragma once

#include <string_view>

#include "services/order-manager/doctor/report.hpp"

namespace polybot::order_manager {

// Beside 0, every check passed, and 1, one failed.
inline constexpr int kExitCannotRun = 2;

[[nodiscard]] doctor::Look look_of_output();
// A line on standard error for each reason. Returns kExitCannotRun.
[[nodiscard]] int tell_that_it_cannot_run(std::string_view command, std::string_view why);

}  // namespace polybot::order_manager
