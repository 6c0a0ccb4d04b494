// The real processes under the launcher, as `make run` starts them: they become ready, trade,
// survive being killed, gain and lose runners, stop in order, and venue, journal and metrics agree
// to the last share.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::HasSubstr;

constexpr auto kPatience = 120s;  // of a machine that does something else as well

bool is_free(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool free = ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return free;
}

// The launcher has fixed ports, shifted by one number: finds one under which all are free.
int free_port_offset() {
  for (int offset = 1000 + ::getpid() % 20000; offset < 40000; offset += 37) {
    bool all = true;
    for (const int port : {8000, 8001, 8002, 8003, 8010, 8011, 8012, 8080, 8090})
      all = all && is_free(port + offset);
    if (all) return offset;
  }
  return 0;
}

class Stack {
 public:
  explicit Stack(const std::filesystem::path& data) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::setenv("DATA", data.c_str(), 1);
      ::setenv("PORT_OFFSET", std::to_string(free_port_offset()).c_str(), 1);
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
    ::close(output_);
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
      pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) <= 0) return std::nullopt;
      char buffer[4096];
      const ssize_t size = ::read(output_, buffer, sizeof buffer);
      if (size <= 0) return std::nullopt;
      pending_.append(buffer, static_cast<std::size_t>(size));
    }
  }

  void interrupt() const { ::kill(child_, SIGINT); }

  // Everything up to the end, and the exit code.
  int wait_for_end() {
    (void)wait_for_line(std::regex("^$^"));  // matches nothing
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

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
  pid_t child_ = -1;
  int output_ = -1;
  std::string pending_;
  std::string line_;
  std::string transcript_;
};

class StackTest : public testing::Test {
 protected:
  StackTest() {
    std::string name = testing::TempDir() + "stack-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~StackTest() override { std::filesystem::remove_all(folder_); }

  std::size_t sockets_left() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_ / "bus"))
      ++count;
    return count;
  }

  std::filesystem::path folder_;
};

const std::regex kReady("^ready:");
const std::regex kFills("fills [1-9][0-9]*;");

TEST_F(StackTest, TradesSurvivesAKillOfEveryProcessAndAgreesAtTheEnd) {
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
  const std::vector<pid_t> services = stack.services();
  ASSERT_EQ(services.size(), 5u);
  for (const pid_t pid : services) ::kill(pid, SIGKILL);
  ASSERT_TRUE(
      stack.wait_for_line(std::regex("5/5 ready.*"
                                     "fills [1-9]")))
      << stack.transcript();
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
  EXPECT_EQ(sockets_left(), 0u);
}

TEST_F(StackTest, RefusesASecondStackInTheSameFolder) {
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  Stack second(folder_);
  EXPECT_EQ(second.wait_for_end(), 1);
  EXPECT_THAT(second.transcript(), HasSubstr("another stack runs in " + folder_.string()));
  ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
}

TEST_F(StackTest, GainsAndLosesRunnersWhileItRuns) {
  const auto scale = [&](const char* runners) {
    const std::string command =
        "DATA='" + folder_.string() + "' '" POLYBOT_LAUNCHER "' scale " + runners + " 2>&1";
    return std::system(command.c_str());
  };
  EXPECT_NE(scale("3"), 0) << "nothing runs there yet";
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  EXPECT_NE(scale("0"), 0);
  EXPECT_NE(scale("many"), 0);
  ASSERT_EQ(scale("3"), 0);
  ASSERT_TRUE(stack.wait_for_line(std::regex("7/7 ready.*fills [1-9]"))) << stack.transcript();
  EXPECT_EQ(stack.services().size(), 7u);
  ASSERT_EQ(scale("1"), 0);
  ASSERT_TRUE(stack.wait_for_line(std::regex("5/5 ready"))) << stack.transcript();
  EXPECT_EQ(stack.services().size(), 5u);
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "control" / "runners"));
}

TEST_F(StackTest, ResumesWhereItStopped) {
  std::string first;
  {
    Stack stack(folder_);
    ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
    stack.interrupt();
    ASSERT_EQ(stack.wait_for_end(), 0) << stack.transcript();
    first = stack.transcript();
  }
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  const std::regex fills("fills booked +([0-9]+)");
  std::smatch before;
  std::smatch after;
  const std::string& second = stack.transcript();
  ASSERT_TRUE(std::regex_search(first, before, fills));
  ASSERT_TRUE(std::regex_search(second, after, fills));
  EXPECT_GE(std::stoull(after[1]), std::stoull(before[1]));
}

}  // namespace
