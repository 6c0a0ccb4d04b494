// The screen and the shell behind it: a job in the background leaves the terminal alone.
#include "deploy/launcher/terminal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

namespace polybot::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Runs `body` in a process of its own; returns whether it reports success.
template <class Body>
bool in_process(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool draws(const std::string& line) {
  Console console(STDOUT_FILENO);
  Terminal terminal(console);
  terminal.draw({line});
  return terminal.entered();
}

// A new terminal that no process controls.
struct Pty {
  Pty() { EXPECT_EQ(::openpty(&reader, &program_end, nullptr, nullptr, nullptr), 0); }
  ~Pty() {
    ::close(program_end);
    ::close(reader);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  // Runs in the process whose terminal it becomes; a process that waits for a reader is ended.
  void take() const {
    ::alarm(20);
    ::setsid();
    ::ioctl(program_end, TIOCSCTTY, 0);
    ::dup2(program_end, STDOUT_FILENO);
  }
  // The text that can be read now.
  [[nodiscard]] std::string text() const {
    ::fcntl(reader, F_SETFL, O_NONBLOCK);
    std::string all;
    std::array<char, 4096> bytes{};
    for (ssize_t size = 0; (size = ::read(reader, bytes.data(), bytes.size())) > 0;)
      all.append(bytes.data(), static_cast<std::size_t>(size));
    return all;
  }

  int reader = -1;
  int program_end = -1;
};

TEST(TerminalTest, IsDrawnOnInTheForegroundOnly) {
  const Pty pty;
  EXPECT_TRUE(in_process([&] {
    pty.take();
    return draws("before") && in_process([] {
             ::setpgid(0, 0);  // as a shell does, which keeps the terminal: `bg`
             return !draws("behind");
           });
  }));
  EXPECT_THAT(pty.text(), AllOf(HasSubstr("before"), Not(HasSubstr("behind"))));
}

TEST(TerminalTest, IsNotWaitedForWithoutAReader) {
  const Pty pty;
  EXPECT_TRUE(in_process([&] {
    pty.take();
    Console console(STDOUT_FILENO);
    Terminal terminal(console);
    for (int drawn = 0; drawn < 1000; ++drawn) terminal.draw({std::string(200, 'x')});
    // A process that shares the terminal writes as before.
    const bool is_ours_alone = (::fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK) == 0;
    return terminal.entered() && is_ours_alone;
  }));
}

TEST(TerminalTest, IsNotDrawnOnWhenItIsDumb) {
  const Pty pty;
  EXPECT_TRUE(in_process([&] {
    pty.take();
    return Terminal::can_be_drawn_on({{"TERM", "xterm"}}) && Terminal::can_be_drawn_on({}) &&
           !Terminal::can_be_drawn_on({{"TERM", "dumb"}});
  }));
}

TEST(ConsoleTest, KeepsWhatFitsAndCountsTheRestWithoutAReader) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  constexpr std::size_t kLines = 10'000;
  const std::string line(99, 'x');
  EXPECT_TRUE(in_process([&] {
    ::alarm(20);
    Console console(pipe[1]);
    for (std::size_t said = 0; said < kLines; ++said) console.say(line + "\n");
    return true;
  }));
  ::close(pipe[1]);
  std::array<char, 4096> bytes{};
  std::string all;
  for (ssize_t size = 0; (size = ::read(pipe[0], bytes.data(), bytes.size())) > 0;)
    all.append(bytes.data(), static_cast<std::size_t>(size));
  ::close(pipe[0]);
  EXPECT_EQ(all.find(line + "\n"), 0U);
  EXPECT_LT(all.size(), kLines * 100);
}

// When it is read again, it says what is missing and goes on.
TEST(ConsoleTest, SaysHowMuchIsMissingOnceItIsRead) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
  constexpr std::size_t kLines = 50'000;
  std::string all;
  std::array<char, 4096> bytes{};
  const auto read = [&] {
    for (ssize_t size = 0; (size = ::read(pipe[0], bytes.data(), bytes.size())) > 0;)
      all.append(bytes.data(), static_cast<std::size_t>(size));
  };
  {
    Console console(pipe[1]);
    for (std::size_t said = 0; said < kLines; ++said) console.say("a line\n");
    EXPECT_EQ(console.show("a drawing"), 0U) << "not before what is kept";
    for (int turn = 0; turn < 3; ++turn) {
      read();
      (void)console.show("");
    }
    console.say("the end\n");
  }
  read();
  const auto lines = static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
  const std::size_t gap = all.find('(');
  ASSERT_NE(gap, std::string::npos);
  EXPECT_EQ(std::stoul(all.substr(gap + 1)) + lines - 2, kLines);
  EXPECT_THAT(all, testing::EndsWith(" lines are missing here: nobody read them)\nthe end\n"));
  for (const int end : pipe) ::close(end);
}

}  // namespace
}  // namespace polybot::launcher
