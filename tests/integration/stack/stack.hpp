// The five real processes under the launcher, as `make run` starts them, in a folder of their own.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace polybot::stack {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

inline constexpr auto kPatience = 120s;  // of a machine that does something else as well

inline bool is_free(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool free = ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return free;
}

// The launcher has fixed ports, shifted by one number. This finds an offset at which all are free,
// from PORT_OFFSET on if the caller sets it. Each process tries a hundred numbers of its own, below
// those that the system gives to any program, so that two that look at the same time find different
// ones.
inline int free_port_offset() {
  constexpr int kHundreds = 230;
  const char* const wanted = std::getenv("PORT_OFFSET");
  const int first = wanted != nullptr && *wanted != '\0' ? std::atoi(wanted) : 1'000;
  for (int tried = 0; tried < kHundreds; ++tried) {
    const int offset = first + (::getpid() + tried * 7) % kHundreds * 100;
    bool all = true;
    for (const int port : {8000, 8001, 8002, 8003, 8010, 8011, 8012, 8080, 8090})
      all = all && is_free(port + offset);
    if (all) return offset;
  }
  return 0;
}

class Stack {
 public:
  // `prepare` runs in the launcher's process before it becomes the launcher.
  explicit Stack(const std::filesystem::path& data, const std::function<void()>& prepare = nullptr,
                 std::optional<int> port_offset = std::nullopt)
      : offset_(port_offset ? *port_offset : free_port_offset()) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      if (prepare) prepare();
      ::setenv("DATA", data.c_str(), 1);
      ::setenv("PORT_OFFSET", std::to_string(offset_).c_str(), 1);
      ::setenv("LOG_FORMAT", "json", 1);
      ::execl(POLYBOT_LAUNCHER, POLYBOT_LAUNCHER, "run", nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
  }
  ~Stack() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    if (output_ >= 0) ::close(output_);
  }

  // Reads on until a line matches; empty when the output ends or patience does.
  std::optional<std::smatch> wait_for_line(const std::regex& pattern) {
    const auto deadline = Clock::now() + kPatience;
    while (true) {
      for (std::size_t end = 0; (end = pending_.find('\n')) != std::string::npos;) {
        line_ = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        transcript_ += line_ + "\n";
        std::smatch match;
        if (std::regex_search(line_, match, pattern)) return match;
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0 || !read_some(static_cast<int>(left))) return std::nullopt;
    }
  }

  void interrupt() const { ::kill(child_, SIGINT); }

  // Does what a closed terminal does: it is no longer read, and SIGHUP. Returns the exit code.
  int hang_up() {
    ::close(std::exchange(output_, -1));
    ::kill(child_, SIGHUP);
    return take_exit_code();
  }

  // Reads everything up to the end; returns the exit code.
  int wait_for_end() {
    (void)wait_for_line(std::regex("^$^"));  // matches nothing
    return take_exit_code();
  }

  struct Answer {
    int status = 0;  // 0 = no answer
    std::string body;
  };
  // GET of one of the stack's ports, as they are without an offset.
  [[nodiscard]] Answer get(int port, const std::string& path) const {
    return request("GET", port, path);
  }
  // `fields` are further lines of the header, each with its line break.
  Answer request(const std::string& method, int port, const std::string& path,
                 const std::string& fields = "") const {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 2, .tv_usec = 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port + offset_));
    std::string text;
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      const std::string request = method + " " + path +
                                  " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + fields +
                                  "Content-Length: 0\r\n\r\n";
      (void)!::write(descriptor, request.data(), request.size());
      char buffer[65536];
      for (ssize_t size = 0; (size = ::read(descriptor, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(size));
    }
    ::close(descriptor);
    const std::size_t head = text.find("\r\n\r\n");
    if (head == std::string::npos) return {};
    return {std::atoi(text.c_str() + text.find(' ')), text.substr(head + 4)};
  }
  // Asks again, while the launcher's lines are read, until `holds`; false when patience ends.
  bool wait_until(const std::function<bool()>& holds) {
    const auto deadline = Clock::now() + kPatience;
    while (Clock::now() < deadline) {
      if (holds()) return true;
      read_some(5);
    }
    return false;
  }
  // A command of the client API, with the token that is in `data`.
  [[nodiscard]] Answer command(const std::filesystem::path& data, const std::string& path) const {
    std::ifstream in(data / "secrets" / "api-token");
    std::string token;
    std::getline(in, token);
    return request("POST", 8080, path, "Authorization: Bearer " + token + "\r\n");
  }
  // The process of that name among the launcher's children; -1 = none.
  [[nodiscard]] pid_t service(const std::string& name) const {
    for (const pid_t pid : services()) {
      std::ifstream in("/proc/" + std::to_string(pid) + "/comm");
      std::string command;
      std::getline(in, command);
      if (command == name.substr(0, 15)) return pid;
    }
    return -1;
  }
  [[nodiscard]] pid_t launcher() const { return child_; }
  [[nodiscard]] int port_offset() const { return offset_; }

  // The launcher's own children.
  std::vector<pid_t> services() const {
    std::vector<pid_t> found;
    std::ifstream in("/proc/" + std::to_string(child_) + "/task/" + std::to_string(child_) +
                     "/children");
    for (pid_t pid = 0; in >> pid;) found.push_back(pid);
    return found;
  }

  const std::string& transcript() const { return transcript_; }

 private:
  int take_exit_code() {
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  // Waits for more of the launcher's lines; false: none came, or there are no more.
  bool read_some(int milliseconds) {
    pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, milliseconds) <= 0) return false;
    char buffer[4096];
    const ssize_t size = ::read(output_, buffer, sizeof buffer);
    if (size <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

  int offset_;
  pid_t child_ = -1;
  int output_ = -1;
  std::string pending_;
  std::string line_;
  std::string transcript_;
};

// `polybot scale` for the stack in `data`; its exit code.
inline int scale(const std::filesystem::path& data, const char* runners) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("DATA", data.c_str(), 1);
    ::execl(POLYBOT_LAUNCHER, POLYBOT_LAUNCHER, "scale", runners, nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class StackTest : public testing::Test {
 protected:
  StackTest() {
    std::string name = testing::TempDir() + "stack-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~StackTest() override { std::filesystem::remove_all(folder_); }

  std::size_t sockets_left() const {
    const std::filesystem::directory_iterator left(folder_ / "bus");
    return static_cast<std::size_t>(std::distance(begin(left), end(left)));
  }

  std::filesystem::path folder_;
};

inline const std::regex kReady("^ready:");
inline const std::regex kFills("fills [1-9][0-9]*;");

}  // namespace polybot::stack
