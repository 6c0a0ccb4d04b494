// Watching: one process must not delay the watching of the others.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "deploy/launcher/scale.hpp"
#include "deploy/launcher/stack.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;
using test::kAsTuple;
namespace asio = boost::asio;

class WatchTest : public testing::Test {
 protected:
  WatchTest() {
    std::string name = (std::filesystem::temp_directory_path() / "launcher-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~WatchTest() override { std::filesystem::remove_all(folder_); }

  // A process that does nothing after the script.
  ServicePlan plan(const std::string& name, std::uint16_t admin_port,
                   const std::string& script) const {
    ServicePlan plan;
    plan.service = name;
    plan.spec.name = name;
    plan.spec.program = "/bin/sh";
    plan.spec.arguments = {"-c", "cd \"$0\"; " + script + "exec sleep 60", folder_.string()};
    plan.spec.environment = {{"PATH", "/usr/bin:/bin"}};
    plan.spec.output = folder_ / (name + ".out");
    plan.admin_port = admin_port;
    return plan;
  }

  // A pipe with a name in the folder, for a script to write into.
  asio::posix::stream_descriptor make_pipe(const std::string& name) {
    const std::string path = (folder_ / name).string();
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return {io_, ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  }

  // The next line that is written into the pipe.
  static asio::awaitable<std::string> line_of(asio::posix::stream_descriptor& pipe) {
    std::string line;
    (void)co_await asio::async_read_until(pipe, asio::dynamic_buffer(line), '\n', kAsTuple);
    co_return line;
  }

  std::filesystem::path folder_;
  asio::io_context io_;
};

// A stack and what it says while it is watched.
struct Told {
  Told(asio::io_context& io_context, const Layout& layout)
      : io(io_context),
        more(io, asio::steady_timer::time_point::max()),
        stack(io.get_executor(), layout, 0, [this](const std::string& line) {
          said.push_back(line);
          more.cancel();
        }) {}

  // Asks after each line.
  template <class Enough>
  void run_until(Enough enough) {
    const auto body = [&]() -> asio::awaitable<void> {
      while (!enough()) (void)co_await more.async_wait(kAsTuple);
    };
    asio::co_spawn(io, stack.watch(), asio::detached);
    test::run(io, body());
  }

  asio::io_context& io;
  std::vector<std::string> said;
  asio::steady_timer more;
  Stack stack;
};

TEST_F(WatchTest, RestartsAProcessWhileAnotherHangs) {
  asio::posix::stream_descriptor pids = make_pipe("pids");
  asio::ip::tcp::acceptor hanging(io_, {asio::ip::address_v4::loopback(), 0});
  Layout layout;
  layout.services = {plan("hanging", hanging.local_endpoint().port(), ""),
                     plan("ending", 1, "echo $$ >pids; ")};
  layout.data = folder_;
  Stack stack(io_.get_executor(), layout, 0, [](const std::string&) {});
  std::uint64_t starts_before = 0;
  std::optional<std::uint64_t> starts_after;
  const auto starts = [&] { return stack.views().at(1).restarts; };
  const auto body = [&]() -> asio::awaitable<void> {
    asio::ip::tcp::socket probe = co_await hanging.async_accept(asio::use_awaitable);
    const std::string pid = co_await line_of(pids);
    ::kill(std::stoi(pid), SIGKILL);
    starts_before = starts();
    std::string question;
    (void)co_await asio::async_read(probe, asio::dynamic_buffer(question), kAsTuple);
    starts_after = starts();  // the launcher has just lost its patience with the other
  };
  asio::co_spawn(io_, stack.watch(), asio::detached);
  test::run(io_, body());
  EXPECT_EQ(starts_after, starts_before + 1);
}

// Its own process says nothing there yet, and another program answers that all is well.
TEST_F(WatchTest, BelievesOnlyItsOwnProcess) {
  asio::posix::stream_descriptor pids = make_pipe("pids");
  asio::ip::tcp::acceptor stranger(io_, {asio::ip::address_v4::loopback(), 0});
  Layout layout;
  layout.services = {plan("gateway", stranger.local_endpoint().port(), "echo $$ >pids; ")};
  layout.data = folder_;
  Stack stack(io_.get_executor(), layout, 0, [](const std::string&) {});
  const auto body = [&]() -> asio::awaitable<void> {
    const std::string answer =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    // A child has copies of our sockets, this listener too, until it runs its program.
    (void)co_await line_of(pids);
    // The second question comes after the answer to the first has been judged.
    for (int asked = 0; asked < 2; ++asked) {
      asio::ip::tcp::socket probe = co_await stranger.async_accept(asio::use_awaitable);
      std::string question;
      (void)co_await asio::async_read_until(probe, asio::dynamic_buffer(question), "\r\n\r\n",
                                            kAsTuple);
      if (asked == 0) (void)co_await asio::async_write(probe, asio::buffer(answer), kAsTuple);
    }
  };
  asio::co_spawn(io_, stack.watch(), asio::detached);
  test::run(io_, body());
  EXPECT_FALSE(stack.views().at(0).ready);
  EXPECT_NE(stack.views().at(0).reason.find("is in use by launcher_integr"), std::string::npos)
      << stack.views().at(0).reason;
}

TEST_F(WatchTest, TellsWhyAProcessEndsAgainAndAgainAndSinceWhen) {
  Layout layout;
  layout.services = {plan("gateway", 1, "echo 'Address already in use'; exit 1; ")};
  layout.data = folder_;
  Told told(io_, layout);
  told.run_until([&] { return told.said.size() >= 2; });
  EXPECT_EQ(told.said.at(0),
            "gateway ended with exit code 1: Address already in use; starting it again");
  EXPECT_EQ(told.said.at(1), told.said.at(0) + " (it ended 2 times in a row)");
  const ServiceView view = told.stack.views().at(0);
  EXPECT_EQ(view.cause, "Address already in use");
  EXPECT_EQ(view.ends_in_a_row, 2U);
  ASSERT_TRUE(view.ending_since && view.ended_at);
  EXPECT_LT(*view.ending_since, *view.ended_at);
}

TEST_F(WatchTest, StartsNoProcessAgainWhoseWorkAnotherDoes) {
  Layout layout;
  layout.services = {plan("order-manager", 1, "echo 'another one trades'; exit 76; "),
                     plan("gateway", 1, "exit 1; ")};
  layout.data = folder_;
  Told told(io_, layout);
  // Meanwhile the other one is started again twice.
  told.run_until([&] { return told.stack.views().at(1).restarts >= 2; });
  EXPECT_EQ(told.said.at(0),
            "order-manager ended with exit code 76: another one trades; it is not started again");
  const ServiceView view = told.stack.views().at(0);
  EXPECT_EQ(view.restarts, 1U) << "the first start alone";
  EXPECT_FALSE(view.running);
}

// The newest complaint of its log is about something else, which it has outlived.
TEST_F(WatchTest, NamesNoCauseForWhatWasKilled) {
  Layout layout;
  layout.services = {plan("gateway", 1,
                          "date -u '+%FT%T.999Z ERROR gateway/gateway The venue is down' "
                          ">logs/gateway.log; kill -KILL $$; ")};
  layout.data = folder_;
  std::filesystem::create_directory(folder_ / "logs");
  Told told(io_, layout);
  told.run_until([&] { return !told.said.empty(); });
  EXPECT_EQ(told.said.at(0), "gateway ended with signal 9 (Killed); starting it again");
  EXPECT_EQ(told.stack.views().at(0).cause, "signal 9 (Killed)");
}

TEST_F(WatchTest, SaysThatAnotherProgramHasThePortOfANewRunner) {
  asio::ip::tcp::acceptor other(io_, {asio::ip::address_v4::loopback(), 0});
  Layout layout;
  layout.runners = {plan("runner-1", other.local_endpoint().port(), "")};
  layout.data = folder_;
  std::filesystem::create_directory(folder_ / "control");
  write_wanted_runners(folder_, 1);
  Told told(io_, layout);
  told.run_until([&] { return told.said.size() >= 2; });
  EXPECT_EQ(told.said.at(0), "scaling from 0 to 1 runners");
  EXPECT_EQ(told.said.at(1), "port " + std::to_string(other.local_endpoint().port()) +
                                 " of runner-1 is in use by launcher_integr (process " +
                                 std::to_string(::getpid()) + "); end that one, and it starts");
}

}  // namespace
}  // namespace polybot::launcher
