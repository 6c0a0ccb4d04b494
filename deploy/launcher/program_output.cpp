#include "deploy/launcher/program_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace polybot::launcher {
namespace {

// A program prints a few lines within milliseconds; the rest is for a busy machine.
constexpr int kPatienceMs = 20'000;
constexpr std::size_t kTextBytesMax = 1 << 20;

// Reads until the end of the text, its bound or too long a silence.
std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() < kTextBytesMax) {
    pollfd readable{.fd = descriptor, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&readable, 1, kPatienceMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
    if (size <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace

ProgramOutput run_to_its_end(const ProgramSpec& spec) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot start " + spec.name);
  ProgramSpec piped = spec;
  piped.output = "/proc/self/fd/" + std::to_string(pipe[1]);
  ProgramOutput output;
  try {
    ChildProcess child(piped);
    ::close(pipe[1]);
    pipe[1] = -1;
    output.text = read_all(pipe[0]);
    child.signal(SIGKILL);  // nothing to one that has ended
    output.end = child.wait();
  } catch (...) {
    for (const int end : pipe) {
      if (end >= 0) ::close(end);
    }
    throw;
  }
  ::close(pipe[0]);
  return output;
}

}  // namespace polybot::launcher
