// The screen and the shell behind it: who is in the background leaves the terminal alone.
#include "deploy/launcher/terminal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

namespace polybot::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Runs `body` in a process of its own; whether it says that all is well.
template <class Body>
bool in_process(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool draws(const std::string& line) {
  Terminal terminal;
  terminal.draw({line});
  return terminal.entered();
}

TEST(TerminalTest, IsDrawnOnInTheForegroundOnly) {
  int terminal = -1;
  int program_end = -1;
  ASSERT_EQ(::openpty(&terminal, &program_end, nullptr, nullptr, nullptr), 0);
  EXPECT_TRUE(in_process([&] {
    ::setsid();
    ::ioctl(program_end, TIOCSCTTY, 0);
    ::dup2(program_end, STDOUT_FILENO);
    return draws("before") && in_process([] {
             ::setpgid(0, 0);  // as a shell does, which keeps the terminal: `bg`
             return !draws("behind");
           });
  }));
  ::fcntl(terminal, F_SETFL, O_NONBLOCK);
  std::array<char, 4096> bytes{};
  const ssize_t size = ::read(terminal, bytes.data(), bytes.size());
  EXPECT_THAT(std::string(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0),
              AllOf(HasSubstr("before"), Not(HasSubstr("behind"))));
  ::close(program_end);
  ::close(terminal);
}

}  // namespace
}  // namespace polybot::launcher
