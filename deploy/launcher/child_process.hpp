// One child process: started in a process group of its own (so that a Ctrl-C in the terminal
// reaches the launcher alone, which then stops the children in order), ended by the kernel when the
// launcher dies.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/runtime/service.hpp"

namespace polybot::launcher {

struct ProgramSpec {
  std::string name;  // "gateway", "runner-1": also names its files
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // the whole of it
  std::filesystem::path output;  // standard output and error, truncated at each start
};

// How a process ended.
struct ExitStatus {
  int code = 0;  // meaningful when signal is 0
  int signal = 0;
  [[nodiscard]] bool clean() const { return code == 0 && signal == 0; }
  // Ended by the SIGTERM it was sent, before its handler could make the end orderly.
  [[nodiscard]] bool terminated() const { return signal == SIGTERM; }
  // Ended only in order to be started again.
  [[nodiscard]] bool wants_restart() const { return signal == 0 && code == runtime::kExitClock; }
  // Another process does its work: it would only end again.
  [[nodiscard]] bool fenced() const { return signal == 0 && code == runtime::kExitFenced; }
  // "exit code 1", "signal 9 (Killed)"
  [[nodiscard]] std::string text() const;
};

class ChildProcess {
 public:
  // Throws std::system_error when it cannot be started.
  explicit ChildProcess(const ProgramSpec& spec);
  // Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Non-blocking; the status stays known once the process has ended.
  [[nodiscard]] std::optional<ExitStatus> poll();
  // Blocks until it has ended.
  [[nodiscard]] ExitStatus wait();
  void signal(int number) const;

 private:
  void take(int status);

  pid_t pid_ = -1;
  std::optional<ExitStatus> ended_;
};

}  // namespace polybot::launcher
