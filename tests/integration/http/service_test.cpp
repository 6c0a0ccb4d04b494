// run_service as a process sees it: exit codes, what is printed, signals, the watchdog.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace polybot::runtime {
namespace {

using test_support::Process;
using testing::HasSubstr;
using testing::StartsWith;

// What a supervisor reads: one datagram per word.
class NotifySocket {
 public:
  // The socket is a file, or with "@" in front a name in the abstract namespace.
  explicit NotifySocket(std::string address) : address_(std::move(address)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    address_.copy(name.sun_path, sizeof name.sun_path - 1);
    if (address_.front() == '@') name.sun_path[0] = '\0';
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&name), size), 0) << address_;
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() { ::close(socket_); }

  [[nodiscard]] std::string variable() const { return "NOTIFY_SOCKET=" + address_; }
  // Empty when no datagram came for long.
  [[nodiscard]] std::string wait() const { return receive(0); }
  [[nodiscard]] std::string received() const { return receive(MSG_DONTWAIT); }

 private:
  [[nodiscard]] std::string receive(int flags) const {
    std::array<char, 256> words{};
    const auto got = ::recv(socket_, words.data(), words.size(), flags);
    return got > 0 ? std::string(words.data(), static_cast<std::size_t>(got)) : std::string();
  }
  std::string address_;
  int socket_ = -1;
};

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("polybot-service-test-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    config_ = folder_ / "probe.toml";
    std::ofstream(folder_ / "secret") << "hunter2\n";
    write_config("[probe]\nsecret_file = \"" + (folder_ / "secret").string() + "\"\n");
  }
  ~ServiceTest() override { std::filesystem::remove_all(folder_); }

  void write_config(const std::string& text) { std::ofstream(config_) << text; }
  Process start(const std::string& behavior, std::vector<std::string> environment = {}) {
    environment.push_back("POLYBOT_PROBE__BEHAVIOR=" + behavior);
    environment.emplace_back("POLYBOT_REPLICA=probe-1");
    return Process(POLYBOT_PROBE, {"--config", config_.string()}, std::move(environment));
  }
  static void expect_json_lines(const std::string& output) {
    std::istringstream lines(output);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      boost::system::error_code ec;
      const auto value = boost::json::parse(line, ec);
      ASSERT_FALSE(ec) << line;
      const auto& object = value.as_object();
      for (const char* const field : {"timestamp", "level", "message", "service", "replica"}) {
        ASSERT_TRUE(object.contains(field)) << line;
      }
      EXPECT_EQ(object.at("service"), "probe");
      EXPECT_EQ(object.at("replica"), "probe-1");
    }
    EXPECT_GT(count, 0);
  }

  std::filesystem::path folder_;
  std::filesystem::path config_;
};

TEST_F(ServiceTest, ExplainsItself) {
  Process help(POLYBOT_PROBE, {"--help"}, {});
  EXPECT_EQ(help.wait(), 0);
  for (const char* const text :
       {"--config", "--check-config", "--version", "POLYBOT_A__B", "echo", "Exit codes"}) {
    EXPECT_THAT(help.output, HasSubstr(text));
  }
  Process version(POLYBOT_PROBE, {"--version"}, {});
  EXPECT_EQ(version.wait(), 0);
  EXPECT_EQ(version.output, "probe 1.2.3 (commit abc)\n");
  Process wrong(POLYBOT_PROBE, {"--no-such-option"}, {});
  EXPECT_EQ(wrong.wait(), 1);
}

TEST_F(ServiceTest, RunsItsCommands) {
  Process echo(POLYBOT_PROBE, {"echo", "a", "--b"}, {});
  EXPECT_EQ(echo.wait(), 2);
  EXPECT_EQ(echo.output, "a\n--b\n");
}

TEST_F(ServiceTest, ListsTheKeysThatItsConfigurationMayHave) {
  Process process(POLYBOT_PROBE, {"--list-keys", "--config", config_.string()}, {});
  EXPECT_EQ(process.wait(), 0);
  EXPECT_THAT(process.output, HasSubstr("\nlog.level\n"));
  EXPECT_THAT(process.output, HasSubstr("probe.behavior\n"));
}

// The first start may make the file; but its path may also be misspelt.
TEST_F(ServiceTest, SaysWhenItChecksThatItWouldNotStartWithoutASecret) {
  write_config("[probe]\nsecret_file = \"/no/such/secret\"\n");
  Process process(POLYBOT_PROBE, {"--check-config", "--config", config_.string()}, {});
  EXPECT_EQ(process.wait(), 0);
  EXPECT_THAT(process.output, HasSubstr("probe.toml:2: probe.secret_file: cannot read /no/such/"));
  EXPECT_THAT(process.output, HasSubstr("no start without the file above"));
}

TEST_F(ServiceTest, WarnsOfASecretThatOthersMayRead) {
  const std::filesystem::path secret = folder_ / "secret";
  const std::string told =
      "probe.secret_file: " + secret.string() +
      " is open to other users of this host: make it the service's own, then chmod 600 " +
      secret.string();
  using enum std::filesystem::perms;
  std::filesystem::permissions(secret, owner_read | owner_write | others_read);
  Process checked(POLYBOT_PROBE, {"--check-config", "--config", config_.string()}, {});
  EXPECT_EQ(checked.wait(), 0);
  EXPECT_THAT(checked.output, HasSubstr(told));
  Process open = start("return");
  (void)open.wait();
  EXPECT_THAT(open.output, HasSubstr(told));
  std::filesystem::permissions(secret, owner_read | owner_write);
  Process closed = start("return");
  (void)closed.wait();
  EXPECT_THAT(closed.output, testing::Not(HasSubstr("chmod")));
}

TEST_F(ServiceTest, ChecksItsConfiguration) {
  Process good(POLYBOT_PROBE, {"--check-config", "--config", config_.string()}, {});
  EXPECT_EQ(good.wait(), 0);
  EXPECT_THAT(good.output, testing::EndsWith(": ok\n"));
  write_config("[prob]\nbehaviour = 1\n");
  Process bad(POLYBOT_PROBE, {"--check-config", "--config", config_.string()},
              {"POLYBOT_LOG__LEVEL=loud"});
  EXPECT_EQ(bad.wait(), 1);
  EXPECT_THAT(bad.output, HasSubstr("probe.toml:2: prob.behaviour: unknown key"));
  EXPECT_THAT(bad.output, HasSubstr("environment POLYBOT_LOG__LEVEL: log.level: must be trace"));
  Process missing(POLYBOT_PROBE, {"--config", "/no/such.toml"}, {});
  EXPECT_EQ(missing.wait(), 1);
  EXPECT_THAT(missing.output, HasSubstr("/no/such.toml: cannot read the configuration file"));
}

TEST_F(ServiceTest, StopsOnSigtermAndSaysSo) {
  Process process = start("wait");
  ASSERT_TRUE(process.wait_for("Waiting"));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
  EXPECT_THAT(process.output, HasSubstr("Stopped"));
}

TEST_F(ServiceTest, PrintsOnlyJsonInJsonModeAndNoSecret) {
  Process process = start("wait", {"LOG_FORMAT=json"});
  ASSERT_TRUE(process.wait_for("Waiting"));
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), 0);
  expect_json_lines(process.output);
  EXPECT_EQ(process.output.find("hunter2"), std::string::npos);
}

TEST_F(ServiceTest, LastWordsAreJsonToo) {
  struct Case {
    const char* behavior;
    int exit_code;
    const char* words;
  };
  for (const Case& c :
       {Case{"throw", 1, "it broke"}, Case{"cannot-start", 1, "the key is missing"},
        Case{"throw-in-the-loop", 1, "nobody awaits this"},
        Case{"assert", 128 + SIGABRT, "Broken invariant"},
        Case{"terminate", 128 + SIGABRT, "in a thread"}, Case{"return", 0, "Stopped"}}) {
    Process process = start(c.behavior, {"LOG_FORMAT=json"});
    EXPECT_EQ(process.wait(), c.exit_code) << c.behavior;
    EXPECT_THAT(process.output, HasSubstr(c.words));
    expect_json_lines(process.output);
  }
  write_config("[probe]\nnonsense = 1\n");
  Process process = start("wait", {"LOG_FORMAT=json"});
  EXPECT_EQ(process.wait(), 1);
  expect_json_lines(process.output);
}

TEST_F(ServiceTest, NamesAPortThatIsTaken) {
  boost::asio::io_context io;
  const boost::asio::ip::tcp::acceptor taken(io, {boost::asio::ip::address_v4::loopback(), 0});
  const std::string port = std::to_string(taken.local_endpoint().port());
  Process process = start("wait", {"POLYBOT_ADMIN__PORT=" + port});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_THAT(process.output, HasSubstr("cannot listen on 127.0.0.1:" + port +
                                        " (admin.port): Address already in use"));
}

TEST_F(ServiceTest, ASecondSignalEndsAtOnceAndTheGraceIsBounded) {
  Process impatient = start("linger");
  ASSERT_TRUE(impatient.wait_for("Waiting"));
  impatient.signal(SIGTERM);
  ASSERT_TRUE(impatient.wait_for("Stopping"));
  impatient.signal(SIGTERM);
  EXPECT_EQ(impatient.wait(), 1);
  EXPECT_THAT(impatient.output, HasSubstr("Second signal"));

  Process patient = start("linger", {"POLYBOT_SHUTDOWN__GRACE=50ms"});
  ASSERT_TRUE(patient.wait_for("Waiting"));
  patient.signal(SIGTERM);
  EXPECT_EQ(patient.wait(), 1);
  EXPECT_THAT(patient.output, HasSubstr("did not stop within shutdown.grace"));
}

TEST_F(ServiceTest, SaysThatItFailedWhenAnUnawaitedPartFails) {
  Process process = start("throw-in-the-loop");
  EXPECT_EQ(process.wait(), 1);
  EXPECT_THAT(process.output, HasSubstr("Service failed"));
  EXPECT_EQ(process.output.find("Cannot start"), std::string::npos);
}

TEST_F(ServiceTest, EndsForARestartWhenTheHostsClockIsSet) {
  Process process = start("clock-set");
  EXPECT_EQ(process.wait(), 75);
  EXPECT_THAT(process.output, HasSubstr("Stopped"));
}

TEST_F(ServiceTest, CountsTheTimeThatTheHostWasSuspended) {
  Process process = start("suspend");
  EXPECT_EQ(process.wait(), 0);
  EXPECT_THAT(process.output, HasSubstr("Slept for an hour"));
}

TEST_F(ServiceTest, ASignalWhileItEndsForTheClockIsTheFirstOne) {
  Process process = start("clock-set-and-slow");
  ASSERT_TRUE(process.wait_for("clock was set"));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << "its sender does not want the service back";
}

TEST_F(ServiceTest, TheWatchdogEndsAStuckProcess) {
  Process process = start("hang", {"POLYBOT_WATCHDOG__TIMEOUT=2s", "LOG_FORMAT=json"});
  EXPECT_EQ(process.wait(), 70);
  EXPECT_THAT(process.output, HasSubstr("The event loop is stuck"));
  expect_json_lines(process.output);
}

TEST_F(ServiceTest, TellsItsSupervisorThatItIsReadyThatItLivesAndThatItStops) {
  const std::string file = (folder_ / "notify").string();
  for (const std::string& address : {file, "@" + file}) {
    const NotifySocket supervisor(address);
    Process process = start("wait", {supervisor.variable(), "POLYBOT_WATCHDOG__TIMEOUT=2s"});
    ASSERT_EQ(supervisor.wait(), "READY=1");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(supervisor.wait(), "WATCHDOG=1");
    process.signal(SIGTERM);
    std::string last = supervisor.wait();
    while (last == "WATCHDOG=1") last = supervisor.wait();
    EXPECT_EQ(last, "STOPPING=1");
    EXPECT_EQ(process.wait(), 0);
  }
}

TEST_F(ServiceTest, GivesItsSupervisorNoSignOfLifeWhenItsLoopIsStuck) {
  const NotifySocket supervisor((folder_ / "notify").string());
  Process process = start("hang", {supervisor.variable(), "POLYBOT_WATCHDOG__TIMEOUT=2s"});
  EXPECT_EQ(process.wait(), 70);
  EXPECT_EQ(supervisor.received(), "");
}

TEST_F(ServiceTest, RunsWithoutTheSupervisorThatItsEnvironmentNames) {
  for (const std::string& address : {(folder_ / "nobody").string(), std::string(200, 'x')}) {
    Process process = start("return", {"NOTIFY_SOCKET=" + address});
    EXPECT_EQ(process.wait(), 0);
  }
}

TEST_F(ServiceTest, WritesToAFileWhenTold) {
  const auto file = folder_ / "probe.log";
  Process process = start("return", {"POLYBOT_LOG__FILE=" + file.string(), "LOG_FORMAT=json"});
  EXPECT_EQ(process.wait(), 0);
  EXPECT_EQ(process.output, "");
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  expect_json_lines(text.str());
  Process wrong = start("return", {"POLYBOT_LOG__FILE=" + (config_ / "x.log").string()});
  EXPECT_EQ(wrong.wait(), 1);
  EXPECT_THAT(wrong.output, HasSubstr("log.file: cannot open " + (config_ / "x.log").string()));
}

}  // namespace
}  // namespace polybot::runtime
