// Watching: what one process does or does not do is nothing to the others.
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "common/runtime/clock.hpp"
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

  // A process that writes down its id and does nothing.
  ServicePlan plan(const std::string& name, std::uint16_t admin_port) const {
    ServicePlan plan;
    plan.service = name;
    plan.spec.name = name;
    plan.spec.program = "/bin/sh";
    plan.spec.arguments = {"-c", "cd '" + folder_.string() + "'; echo $$ >" + name + ".new; mv " +
                                     name + ".new " + name + "; exec sleep 60"};
    plan.spec.environment = {{"PATH", "/usr/bin:/bin"}};
    plan.spec.output = folder_ / (name + ".out");
    plan.admin_port = admin_port;
    return plan;
  }

  asio::awaitable<pid_t> pid_of(std::string name) const {
    while (true) {
      std::ifstream in(folder_ / name);
      if (pid_t pid = 0; in >> pid) co_return pid;
      co_await runtime::sleep_for(10ms);
    }
  }

  std::filesystem::path folder_;
  asio::io_context io_;
};

TEST_F(WatchTest, StartsAnewWhatEndedWhileAnotherHangs) {
  asio::ip::tcp::acceptor hanging(io_, {asio::ip::address_v4::loopback(), 0});
  Layout layout;
  layout.services = {plan("hanging", hanging.local_endpoint().port()), plan("ending", 1)};
  layout.data = folder_;
  Stack stack(io_.get_executor(), layout, 0, [](const std::string&) {});
  std::uint64_t starts_before = 0;
  std::optional<std::uint64_t> starts_after;
  const auto starts = [&] { return stack.views().at(1).restarts; };
  const auto body = [&]() -> asio::awaitable<void> {
    asio::ip::tcp::socket probe = co_await hanging.async_accept(asio::use_awaitable);
    ::kill(co_await pid_of("ending"), SIGKILL);
    starts_before = starts();
    std::string question;
    (void)co_await asio::async_read(probe, asio::dynamic_buffer(question), kAsTuple);
    starts_after = starts();  // the launcher has just lost its patience with the other
  };
  asio::co_spawn(io_, stack.watch(), asio::detached);
  test::run(io_, body());
  EXPECT_EQ(starts_after, starts_before + 1);
}

}  // namespace
}  // namespace polybot::launcher
