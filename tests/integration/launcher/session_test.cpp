// A run of the launcher that ends before its stack is ready.
#include "deploy/launcher/session.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <string>
#include <vector>

#include "tests/integration/http/loop.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::launcher {
namespace {

namespace asio = boost::asio;
using test::kAsTuple;

// Two stacks that begin at the same moment on the same ports both find them free. The one that is
// too late ends, and must not stop the flow of the other's venue on its way.
TEST(SessionTest, LeavesTheVenueOfAnotherStackAlone) {
  const test_support::TemporaryFolder folder{"session"};
  asio::io_context io;
  asio::ip::tcp::acceptor theirs(io, {asio::ip::address_v4::loopback(), 0});
  std::vector<std::string> asked;
  const auto venue_of_another = [&]() -> asio::awaitable<void> {
    while (true) {
      auto [ec, socket] = co_await theirs.async_accept(kAsTuple);
      if (ec) co_return;
      std::string head;
      (void)co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n",
                                            kAsTuple);
      asked.push_back(head.substr(0, head.find('\r')));
      if (asked.size() == 1) ::raise(SIGINT);
    }
  };
  Layout layout;
  ServicePlan plan;
  plan.service = plan.spec.name = "venue-simulator";
  plan.spec.program = "/bin/sleep";
  plan.spec.arguments = {"60"};
  plan.spec.output = folder / "venue-simulator.out";
  plan.admin_port = theirs.local_endpoint().port();
  layout.services = {plan};
  layout.data = folder.path();
  layout.sockets = folder / "bus";
  layout.simulator_url = "http://127.0.0.1:" + std::to_string(plan.admin_port);
  int code = -1;
  const auto body = [&]() -> asio::awaitable<void> {
    Session session(io, Options{.data = folder.path(), .runners = 0}, layout, Display::Lines);
    code = co_await session.run();
  };
  asio::co_spawn(io, venue_of_another(), asio::detached);
  test::run(io, body());
  EXPECT_EQ(code, 1);
  ASSERT_FALSE(asked.empty());
  for (const std::string& request : asked) EXPECT_TRUE(request.starts_with("GET ")) << request;
}

}  // namespace
}  // namespace polybot::launcher
