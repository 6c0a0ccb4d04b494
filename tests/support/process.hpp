// A program that a test starts and ends: its output (both streams) is read through one pipe. It
// ends with the test, however that ends.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polybot::test_support {

class Process {
 public:
  // Of the test's own environment and descriptors the program gets none.
  Process(std::string program, std::vector<std::string> arguments,
          std::vector<std::string> environment) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    arguments.insert(arguments.begin(), program);
    const std::vector<char*> argument_pointers = pointers(arguments);
    const std::vector<char*> environment_pointers = pointers(environment);
    // Between fork and exec only calls that are safe beside other threads.
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(pipe[1], STDOUT_FILENO);
      ::dup2(pipe[1], STDERR_FILENO);
      ::close_range(STDERR_FILENO + 1, ~0U, 0);
      ::execve(program.c_str(), argument_pointers.data(), environment_pointers.data());
      ::_exit(127);
    }
    EXPECT_GT(pid_, 0);
    ::close(pipe[1]);
    out_ = pipe[0];
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(out_);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  // Reads until `text` has been printed at `from` or later; false at the end of the output.
  bool wait_for(std::string_view text, std::size_t from = 0) {
    while (output.find(text, from) == std::string::npos) {
      if (!read_more()) return false;
    }
    return true;
  }
  // The exit code, or 128 + the signal.
  int wait() {
    while (read_more()) {
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string output;

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
  }
  bool read_more() {
    std::array<char, 4096> piece{};
    const auto got = ::read(out_, piece.data(), piece.size());
    if (got <= 0) return false;
    output.append(piece.data(), static_cast<std::size_t>(got));
    return true;
  }
  pid_t pid_ = -1;
  int out_ = -1;
};

}  // namespace polybot::test_support
