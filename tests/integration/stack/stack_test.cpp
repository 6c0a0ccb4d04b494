// The real processes under the launcher, as `make run` starts them. They become ready, trade,
// survive kills, gain and lose runners, and stop in order, and venue, journal and metrics agree to
// the last share.
#include "tests/integration/stack/stack.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstdio>

namespace polybot::stack {
namespace {

using testing::HasSubstr;

// The commit that `polybot --version` names: "polybot 0.1.0 (commit 0123abcd)".
std::string commit_of_launcher() {
  std::FILE* const pipe = ::popen("'" POLYBOT_LAUNCHER "' --version", "r");
  std::array<char, 256> said{};
  const std::size_t size = std::fread(said.data(), 1, said.size(), pipe);
  ::pclose(pipe);
  const std::string text(said.data(), size);
  static const std::regex commit(R"(\(commit ([^)]+)\))");
  std::smatch match;
  return std::regex_search(text, match, commit) ? match[1].str() : "";
}

// By polybot_build_info: all programs are built from the same commit ("unknown" outside of a
// clone).
std::ptrdiff_t services_naming_their_commit(const Stack& stack) {
  const std::string metrics = stack.get(8000, "/metrics").body;
  const std::regex info(R"(polybot_build_info\{[^}]*revision=")" + commit_of_launcher() +
                        R"("[^}]*\} 1\n)");
  return std::distance(std::sregex_iterator(metrics.begin(), metrics.end(), info),
                       std::sregex_iterator());
}

TEST_F(StackTest, TradesSurvivesAKillOfEveryProcessAndAgreesAtTheEnd) {
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
  EXPECT_EQ(services_naming_their_commit(stack), 4);
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

// A client with the answer to a command may read its effect at once: half a second later is too
// late for a script.
TEST_F(StackTest, ShowsWhatACommandDidFromItsAnswerOn) {
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  const auto momentum = [&] {
    const std::string body = stack.get(8080, "/api/v1/strategies").body;
    const std::size_t begin = body.find(R"("name":"momentum")");
    return begin == std::string::npos ? body : body.substr(begin, body.find('}', begin) - begin);
  };
  const std::pair<std::string, std::string> cases[] = {
      {"strategies/momentum/stop", R"("enabled":false)"},
      {"trading/halt?strategy=momentum", R"("trading_state":"halted")"},
      {"strategies/momentum/start", R"("enabled":true)"},
      {"trading/resume?strategy=momentum", R"("trading_state":"active")"},
      {"trading/reduce", R"("trading_state":"reducing")"},
      {"trading/resume", R"("trading_state":"active")"}};
  for (const auto& [command, effect] : cases) {
    ASSERT_EQ(stack.command(folder_, "/api/v1/" + command).status, 200) << command;
    EXPECT_THAT(momentum(), HasSubstr(effect)) << command;
  }
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
}

// The parameters go from the runners' configuration through order-manager to the API and the
// screen.
TEST_F(StackTest, ShowsTheParametersThatRunnersRunWith) {
  Stack stack(folder_,
              [] { ::setenv("POLYBOT_STRATEGIES__MOMENTUM__PARAMETERS__FLOW_MIN", "49", 1); });
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  for (const char* path : {"/api/v1/strategies", "/api/v1/status"}) {
    EXPECT_TRUE(stack.wait_until([&] {
      const std::string body = stack.get(8080, path).body;
      return body.find(R"("flow_min":"49")") != std::string::npos &&
             body.find(R"("edge_min":"0.004")") != std::string::npos;
    })) << stack.get(8080, path).body;
  }
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
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

// In a long path the sockets go elsewhere; everything else is below DATA, whatever its name.
TEST_F(StackTest, TradesInADataFolderOfAnyPath) {
  const std::filesystem::path data =
      folder_ / std::string(120, 'x') / "Größe und 'mehr' \"$HOME\" #1; $(false)";
  Stack stack(data);
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  EXPECT_TRUE(std::filesystem::is_symlink(data / "bus"));
  EXPECT_TRUE(std::filesystem::is_socket(data / "bus" / "metrics.ipc"));
  ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
  ASSERT_EQ(scale(data / "", "2"), 0);
  ASSERT_TRUE(stack.wait_for_line(std::regex("6/6 ready"))) << stack.transcript();
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
  EXPECT_FALSE(std::filesystem::is_symlink(data / "bus"));
}

TEST_F(StackTest, TradesBesideAnotherStackButNotOnItsPorts) {
  Stack first(folder_ / "first");
  ASSERT_TRUE(first.wait_for_line(kFills)) << first.transcript();
  {
    Stack refused(folder_ / "second", nullptr, first.port_offset());
    EXPECT_EQ(refused.wait_for_end(), 1);
    EXPECT_THAT(refused.transcript(),
                testing::ContainsRegex("is in use by .*\\(process [0-9]+\\)"));
    EXPECT_THAT(refused.transcript(), testing::ContainsRegex("PORT_OFFSET=[0-9]+"));
  }
  EXPECT_THAT(first.get(8003, "/status").body, HasSubstr(R"("running":true)"));
  Stack second(folder_ / "second");
  ASSERT_TRUE(second.wait_for_line(kFills)) << second.transcript();
  for (Stack* const stack : {&second, &first}) {
    stack->interrupt();
    EXPECT_EQ(stack->wait_for_end(), 0) << stack->transcript();
    EXPECT_THAT(stack->transcript(), HasSubstr("venue == journal == metrics"));
  }
}

TEST_F(StackTest, GainsAndLosesRunnersWhileItRuns) {
  EXPECT_NE(scale(folder_, "3"), 0) << "nothing runs there yet";
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  EXPECT_NE(scale(folder_, "0"), 0);
  EXPECT_NE(scale(folder_, "many"), 0);
  ASSERT_EQ(scale(folder_, "3"), 0);
  ASSERT_TRUE(stack.wait_for_line(std::regex("7/7 ready.*fills [1-9]"))) << stack.transcript();
  EXPECT_EQ(stack.services().size(), 7u);
  ASSERT_EQ(scale(folder_, "1"), 0);
  ASSERT_TRUE(stack.wait_for_line(std::regex("5/5 ready"))) << stack.transcript();
  EXPECT_EQ(stack.services().size(), 5u);
  std::filesystem::remove(folder_ / "control" / "runners");
  EXPECT_EQ(scale(folder_, "2"), 0) << "the number is gone, the stack is not";
  ASSERT_TRUE(stack.wait_for_line(std::regex("6/6 ready"))) << stack.transcript();
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "control" / "runners"));
}

TEST_F(StackTest, IsNotScaledAfterItsLauncherWasKilled) {
  {
    Stack stack(folder_);
    ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  }  // kills it
  EXPECT_NE(scale(folder_, "2"), 0);
}

TEST_F(StackTest, KeepsTryingToRestartAProcess) {
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  const std::filesystem::path logs = folder_ / "logs";
  const std::filesystem::path away = folder_ / "logs-away";
  std::filesystem::rename(logs, away);  // no process can be started without
  const std::vector<pid_t> services = stack.services();
  for (const pid_t pid : services) ::kill(pid, SIGKILL);
  EXPECT_TRUE(stack.wait_for_line(std::regex("order-manager cannot be started: ")))
      << stack.transcript();
  std::filesystem::rename(away, logs);
  ASSERT_TRUE(stack.wait_for_line(std::regex("5/5 ready"))) << stack.transcript();
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
}

TEST_F(StackTest, SaysWhyAProcessCannotBeStartedAtAll) {
  std::filesystem::create_directories(folder_ / "logs" / "gateway.out");
  Stack stack(folder_);
  EXPECT_EQ(stack.wait_for_end(), 1);
  EXPECT_THAT(stack.transcript(), HasSubstr("gateway cannot be started: "));
}

TEST_F(StackTest, RefusesAnOverrideThatNoServiceTakes) {
  Stack stack(folder_, [] {
    ::setenv("POLYBOT_STRATEGIES__MOMENTUM__ENABLED", "false", 1);
    ::setenv("POLYBOT_RISKS__POSITION_MAX", "50", 1);
    ::setenv("POLYBOT_API__PORT", "9999", 1);
  });
  EXPECT_EQ(stack.wait_for_end(), 1);
  EXPECT_THAT(stack.transcript(), HasSubstr("POLYBOT_RISKS__POSITION_MAX: no service"));
  EXPECT_THAT(stack.transcript(), HasSubstr("did you mean POLYBOT_RISK__POSITION_MAX?"));
  EXPECT_THAT(stack.transcript(), HasSubstr("POLYBOT_API__PORT: the launcher itself"));
  EXPECT_THAT(stack.transcript(), testing::Not(HasSubstr("MOMENTUM")));
}

// This comes before any process is started: no service says that it waits.
TEST_F(StackTest, RefusesAWrongValueByTheNameOfItsVariable) {
  for (const char* variable : {"POLYBOT_RISK__POSITION_MAX", "LOG_LEVEL"}) {
    Stack stack(folder_, [&] { ::setenv(variable, "loud", 1); });
    EXPECT_EQ(stack.wait_for_end(), 1);
    EXPECT_THAT(stack.transcript(), HasSubstr(std::string("environment ") + variable + ": "));
    EXPECT_THAT(stack.transcript(), testing::Not(HasSubstr("Starting in")));
  }
}

TEST_F(StackTest, NamesAFaultThatWasLeftOnWhileItCanBeCleared) {
  {
    Stack stack(folder_);
    ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
    ASSERT_EQ(stack.request("POST", 8003, "/faults/venue-down").status, 200);
    ::kill(stack.launcher(), SIGTERM);
    (void)stack.wait_for_end();
  }
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(std::regex("fault venue-down on.*DELETE http.*/venue-down")))
      << stack.transcript();
  ASSERT_EQ(stack.request("DELETE", 8003, "/faults/venue-down").status, 200);
  EXPECT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
}

TEST_F(StackTest, StopsInOrderWhenItsTerminalIsClosed) {
  Stack stack(folder_, [] { ::signal(SIGHUP, SIG_DFL); });  // whatever the caller inherited
  ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
  EXPECT_EQ(stack.hang_up(), 0);  // the books are equal
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
  Stack stack(folder_, [] { ::setenv("SEED", "8", 1); });
  ASSERT_TRUE(stack.wait_for_line(std::regex("SEED=8 has no effect.*keeps its seed 1")))
      << stack.transcript();
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
}  // namespace polybot::stack
