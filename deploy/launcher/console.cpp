#include "deploy/launcher/console.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "common/runtime/bounded_write.hpp"
#include "common/runtime/clock.hpp"

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeptBytesMax = 64 * 1024;  // some hundred lines
// A slow reader gets the last lines within this time; the end of a stack does not wait for a reader
// that has stopped.
constexpr domain::Duration kLastMoment = 1s;

// All who share an open terminal or pipe share its O_NONBLOCK; opened once more, it is ours alone.
// A file is not opened again, because it would be written from its start and never blocks; a socket
// cannot be opened.
int own_descriptor(int output) {
  struct stat kind {};
  const bool is_pipe = ::fstat(output, &kind) == 0 && S_ISFIFO(kind.st_mode);
  if (is_pipe || ::isatty(output) == 1) {
    const std::string path = "/proc/self/fd/" + std::to_string(output);
    const int own = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0) return own;
  }
  return ::fcntl(output, F_DUPFD_CLOEXEC, 0);
}

}  // namespace

Console::Console(int output) : descriptor_(own_descriptor(output)) {}

Console::~Console() {
  const runtime::Clock clock;
  const domain::Duration end = clock.monotonic() + kLastMoment;
  while (!flush() && clock.monotonic() < end &&
         runtime::has_room(descriptor_, end - clock.monotonic())) {
  }
  ::close(descriptor_);
}

void Console::say(std::string_view text) {
  flush();
  if (dropped_ > 0 || kept_.size() + text.size() > kKeptBytesMax) {
    ++dropped_;
    return;
  }
  kept_ += text;
  flush();
}

std::size_t Console::show(std::string_view text) {
  return flush() ? runtime::write_while_room(descriptor_, text, 0s) : 0;
}

bool Console::flush() {
  kept_.erase(0, runtime::write_while_room(descriptor_, kept_, 0s));
  if (kept_.empty() && dropped_ > 0) {
    kept_ = "(" + std::to_string(dropped_) + " lines are missing here: nobody read them)\n";
    dropped_ = 0;
    kept_.erase(0, runtime::write_while_room(descriptor_, kept_, 0s));
  }
  return kept_.empty();
}

}  // namespace polybot::launcher
