#include "services/order-manager/tools/venue_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace polybot::order_manager {

doctor::Look look_of_output() {
  const char* const terminal = std::getenv("TERM");
  const bool can = ::isatty(STDOUT_FILENO) == 1 && terminal != nullptr &&
                   std::string_view(terminal) != "dumb" && std::getenv("NO_COLOR") == nullptr;
  return can ? doctor::Look::Coloured : doctor::Look::Plain;
}

int tell_that_it_cannot_run(std::string_view command, std::string_view why) {
  std::istringstream lines{std::string(why)};
  for (std::string line; std::getline(lines, line);)
    fmt::print(stderr, "{}: cannot be run: {}\n", command, line);
  return kExitCannotRun;
}

}  // namespace polybot::order_manager
