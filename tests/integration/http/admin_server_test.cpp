#include "common/runtime/admin_server.hpp"

#include <gmock/gmock.h>

#include "common/http/client.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::runtime {
namespace {

namespace asio = boost::asio;

TEST(AdminServerTest, AnswersTheProbes) {
  asio::io_context io;
  Health health("gateway", "gateway-1", "0.1.0",
                [] { return domain::from_unix_ms(1'780'000'000'123); });
  AdminServer admin(io.get_executor(), {.address = "127.0.0.1", .port = 0}, health);
  admin.router().get("/metrics", [](http::Request) -> asio::awaitable<http::Response> {
    co_return http::text("x 1\n");
  });
  admin.listen();
  http::Client client(io.get_executor(), {});
  const std::string base = "http://127.0.0.1:" + std::to_string(admin.port());
  const auto body = [&]() -> asio::awaitable<void> {
    const auto live = co_await client.get(base + "/health/live");
    EXPECT_EQ(live->status, 200U);
    EXPECT_EQ(live->body, R"({"status":"alive"})");
    EXPECT_EQ(live->headers.find("Cache-Control"), "no-store");

    health.add("feed", "connecting");
    const auto not_ready = co_await client.get(base + "/health/ready");
    EXPECT_EQ(not_ready->status, 503U);
    EXPECT_THAT(not_ready->body, testing::HasSubstr(R"("reasons":["feed: connecting"])"));

    health.set_ready("feed");
    EXPECT_EQ((co_await client.get(base + "/health/ready"))->status, 200U);
    const auto all = co_await client.get(base + "/health");
    EXPECT_EQ(all->status, 200U);
    EXPECT_THAT(all->body, testing::HasSubstr(R"("components":{"feed":{"status":"ready")"));
    EXPECT_EQ((co_await client.get(base + "/metrics"))->body, "x 1\n");
  };
  test::run(io, body());
}

// What a page could send from a browser on this host, with its name rebound to this address.
TEST(AdminServerTest, RefusesAndCountsWhatWebPagesSend) {
  asio::io_context io;
  Health health("gateway", "gateway-1", "0.1.0",
                [] { return domain::from_unix_ms(1'780'000'000'123); });
  AdminServer admin(io.get_executor(), {.address = "127.0.0.1", .port = 0, .hosts = {"polybot"}},
                    health);
  int switched = 0;
  admin.router().post("/flow/pause", [&](http::Request) -> asio::awaitable<http::Response> {
    ++switched;
    co_return http::text("");
  });
  admin.listen();
  const auto ask = [&](std::string request) -> asio::awaitable<std::string> {
    test::RawConnection raw(io.get_executor());
    co_await raw.connect(admin.port());
    co_await raw.send(request + "Connection: close\r\n\r\n");
    co_return (co_await raw.rest()).substr(0, 12);
  };
  const auto body = [&]() -> asio::awaitable<void> {
    const std::string get = "GET /health/live HTTP/1.1\r\nHost: ";
    EXPECT_EQ(co_await ask(get + "polybot:8000\r\n"), "HTTP/1.1 200");
    EXPECT_EQ(co_await ask(get + "10.0.0.7:8000\r\n"), "HTTP/1.1 200");
    EXPECT_EQ(co_await ask(get + "evil.example\r\n"), "HTTP/1.1 403");
    EXPECT_EQ(co_await ask("POST /flow/pause HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                           "Origin: https://evil.example\r\n"),
              "HTTP/1.1 403");
  };
  test::run(io, body());
  EXPECT_EQ(switched, 0);
  EXPECT_EQ(admin.refused().host, 1U);
  EXPECT_EQ(admin.refused().origin, 1U);
}

}  // namespace
}  // namespace polybot::runtime
