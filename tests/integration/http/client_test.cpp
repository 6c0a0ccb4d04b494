#include "common/http/client.hpp"

#include <gmock/gmock.h>

#include <boost/asio/post.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

#include "common/http/fault.hpp"
#include "common/http/server.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::http {
namespace {

using test::kAsTuple;
using test::run;
using testing::HasSubstr;
using testing::StartsWith;
namespace asio = boost::asio;
using asio::ip::tcp;

std::string url_of(std::uint16_t port, const std::string& target,
                   const std::string& scheme = "http") {
  return scheme + "://127.0.0.1:" + std::to_string(port) + target;
}

// A server whose connections each follow a script: read a header, then do what the test says.
class ScriptedServer {
 public:
  using Script = std::function<asio::awaitable<void>(tcp::socket, std::string head)>;

  ScriptedServer(asio::io_context& io, Script script)
      : acceptor_(io, {asio::ip::address_v4::loopback(), 0}), script_(std::move(script)) {
    asio::co_spawn(io, accept(), asio::detached);
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  int connections = 0;

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (ec) co_return;
      ++connections;
      asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), asio::detached);
    }
  }
  asio::awaitable<void> serve(tcp::socket socket) {
    std::string head;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", kAsTuple);
    co_await script_(std::move(socket), std::move(head));
  }
  tcp::acceptor acceptor_;
  Script script_;
};

class HttpClientTest : public testing::Test {
 protected:
  void start_server() {
    server.emplace(io.get_executor(), ServerOptions{});
    server->router().post("/echo", [](Request request) -> asio::awaitable<Response> {
      Response response = json(request.body, 429);
      response.headers.set("Retry-After", "3");
      response.headers.set("X-Agent", request.headers.find("User-Agent").value_or("none"));
      response.headers.set("X-Host", request.headers.find("Host").value_or("none"));
      co_return response;
    });
    server->router().get("/", [](Request) -> asio::awaitable<Response> { co_return text("root"); });
    server->router().get("/big", [](Request) -> asio::awaitable<Response> {
      co_return text(std::string(100000, 'x'));
    });
    server->listen();
  }

  asio::io_context io;
  std::optional<Server> server;
  ClientOptions options;
};

TEST_F(HttpClientTest, SendsARequestAndShowsTheAnswersHeaders) {
  start_server();
  options.user_agent = "polybot-test/1";
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    ClientRequest request;
    request.method = Method::Post;
    request.url = url_of(server->port(), "/echo");
    request.body = "{\"a\":1}";
    const Outcome outcome = co_await client.send(request);
    EXPECT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->status, 429U) << "any status is a success of the transport";
    EXPECT_EQ(outcome->body, "{\"a\":1}");
    EXPECT_EQ(outcome->headers.find("retry-after"), "3");
    EXPECT_EQ(outcome->headers.find("X-Agent"), "polybot-test/1");
    EXPECT_EQ(outcome->headers.find("X-Host"), "127.0.0.1:" + std::to_string(server->port()));
  };
  run(io, body());
}

TEST_F(HttpClientTest, ReusesAConnection) {
  start_server();
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ((co_await client.get(url_of(server->port(), "/")))->body, "root");
    EXPECT_EQ(server->connections(), 1U);
    ClientRequest head;
    head.method = Method::Head;
    head.url = url_of(server->port(), "/big");
    EXPECT_EQ((co_await client.send(head))->headers.find("Content-Length"), "100000");
    EXPECT_EQ((co_await client.get(url_of(server->port(), "/")))->body, "root");
    EXPECT_EQ(client.connections(), 1U);
  };
  run(io, body());
}

TEST_F(HttpClientTest, BoundsConnectionsPerHostAndServesTheWaiting) {
  start_server();
  options.connections_per_host_max = 3;
  Client client(io.get_executor(), options);
  int done = 0;
  const auto body = [&]() -> asio::awaitable<void> {
    const auto one = [&]() -> asio::awaitable<void> {
      EXPECT_TRUE((co_await client.get(url_of(server->port(), "/"))).has_value());
      EXPECT_LE(client.connections(), 3U);
      ++done;
    };
    for (int i = 0; i < 40; ++i) asio::co_spawn(io, one(), asio::detached);
    while (done < 40) co_await asio::post(io, asio::use_awaitable);
    EXPECT_LE(server->connections(), 3U);
  };
  run(io, body());
}

TEST_F(HttpClientTest, NothingHasLeftWithoutAListener) {
  Client client(io.get_executor(), options);
  tcp::acceptor closed(io, {asio::ip::address_v4::loopback(), 0});
  const std::uint16_t port = closed.local_endpoint().port();
  closed.close();
  const auto body = [&]() -> asio::awaitable<void> {
    const Outcome outcome = co_await client.get(url_of(port, "/"));
    EXPECT_EQ(outcome.error().ec, asio::error::connection_refused);
    EXPECT_FALSE(outcome.error().request_may_have_left);
    EXPECT_EQ(outcome.error().stage, Failure::Stage::Connect);
    EXPECT_THROW(outcome.value(), boost::system::system_error);
    const Outcome nonsense = co_await client.get("not a url");
    EXPECT_EQ(nonsense.error().stage, Failure::Stage::Prepare);
    EXPECT_FALSE(nonsense.error().request_may_have_left);
  };
  run(io, body());
  EXPECT_EQ(client.connections(), 0U);
}

TEST_F(HttpClientTest, AsksWhenTheConnectionStandsWhetherToSend) {
  start_server();
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    std::size_t connections_then = 0;
    ClientRequest request;
    request.url = url_of(server->port(), "/");
    request.may_leave = [&] {
      connections_then = client.connections();
      return false;
    };
    const Outcome held = co_await client.send(std::move(request));
    EXPECT_FALSE(held.has_value());
    EXPECT_EQ(held.error().ec, Fault::HeldBack) << held.error().message();
    EXPECT_FALSE(held.error().request_may_have_left);
    EXPECT_EQ(connections_then, 1U);
    ClientRequest next;
    next.url = url_of(server->port(), "/");
    next.may_leave = [] { return true; };
    EXPECT_EQ((co_await client.send(std::move(next)))->body, "root");
    EXPECT_EQ(server->connections(), 1U) << "what was held back has used up no connection";
  };
  run(io, body());
}

TEST_F(HttpClientTest, TheRequestMayHaveLeftWhenTheAnswerIsLost) {
  const auto close_at_once = [](tcp::socket socket, std::string) -> asio::awaitable<void> {
    socket.close();
    co_return;
  };
  ScriptedServer peer(io, close_at_once);
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    const Outcome outcome = co_await client.get(url_of(peer.port(), "/"));
    EXPECT_TRUE(outcome.error().request_may_have_left);
    EXPECT_EQ(outcome.error().stage, Failure::Stage::Read);
    EXPECT_EQ(peer.connections, 1) << "never sent a second time";
  };
  run(io, body());
}

TEST_F(HttpClientTest, TheRequestMayHaveLeftWhenTheAnswerIsLate) {
  asio::steady_timer never(io, asio::steady_timer::time_point::max());
  const auto silent = [&](tcp::socket socket, std::string) -> asio::awaitable<void> {
    co_await never.async_wait(kAsTuple);
    socket.close();
  };
  ScriptedServer peer(io, silent);
  options.request_timeout = std::chrono::milliseconds(50);
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    const Outcome outcome = co_await client.get(url_of(peer.port(), "/"));
    EXPECT_EQ(outcome.error().ec, boost::beast::error::timeout);
    EXPECT_TRUE(outcome.error().request_may_have_left);
    EXPECT_EQ(client.connections(), 0U) << "its late answer must not meet the next request";
  };
  run(io, body());
  never.cancel();
}

TEST_F(HttpClientTest, ReplacesADeadPooledConnectionSilently) {
  // Answers once per connection, promises to keep it open, and closes it.
  const auto once = [](tcp::socket socket, std::string) -> asio::awaitable<void> {
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    co_await asio::async_write(socket, asio::buffer(answer), kAsTuple);
    socket.close();
  };
  ScriptedServer peer(io, once);
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    for (int i = 1; i <= 3; ++i) {
      EXPECT_EQ((co_await client.get(url_of(peer.port(), "/")))->body, "ok");
      EXPECT_EQ(peer.connections, i);
    }
  };
  run(io, body());
}

TEST_F(HttpClientTest, DropsAConnectionThatSaysMoreThanItWasAsked) {
  const auto chatty = [](tcp::socket socket, std::string) -> asio::awaitable<void> {
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: "
        "4\r\n\r\nevil";
    co_await asio::async_write(socket, asio::buffer(answer), kAsTuple);
    std::string rest;
    co_await asio::async_read(socket, asio::dynamic_buffer(rest), kAsTuple);
  };
  ScriptedServer peer(io, chatty);
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    EXPECT_EQ((co_await client.get(url_of(peer.port(), "/")))->body, "ok");
    EXPECT_EQ((co_await client.get(url_of(peer.port(), "/")))->body, "ok");
    EXPECT_EQ(peer.connections, 2);
  };
  run(io, body());
}

TEST_F(HttpClientTest, BoundsTheAnswer) {
  start_server();
  options.response_bytes_max = 1000;
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    const Outcome outcome = co_await client.get(url_of(server->port(), "/big"));
    EXPECT_EQ(outcome.error().ec, boost::beast::http::error::body_limit);
    EXPECT_TRUE(outcome.error().request_may_have_left);
  };
  run(io, body());
}

TEST_F(HttpClientTest, SkipsInformationalAnswers) {
  const auto early = [](tcp::socket socket, std::string) -> asio::awaitable<void> {
    const std::string answer =
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    co_await asio::async_write(socket, asio::buffer(answer), kAsTuple);
  };
  ScriptedServer peer(io, early);
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    EXPECT_EQ((co_await client.get(url_of(peer.port(), "/")))->body, "ok");
  };
  run(io, body());
}

TEST_F(HttpClientTest, ReadsAnAnswerInAnyPieces) {
  std::string answer;
  const auto drip = [&](tcp::socket socket, std::string) -> asio::awaitable<void> {
    socket.set_option(tcp::no_delay(true));
    for (const char c : answer) {
      co_await asio::async_write(socket, asio::buffer(&c, 1), kAsTuple);
      for (int i = 0; i < 4; ++i) co_await asio::post(io, asio::use_awaitable);  // let it be read
    }
  };
  ScriptedServer peer(io, drip);
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    EXPECT_EQ((co_await client.get(url_of(peer.port(), "/")))->body, "");
    answer =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: "
        "chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    EXPECT_EQ((co_await client.get(url_of(peer.port(), "/")))->body, "ok");
    answer = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
    EXPECT_EQ((co_await client.get(url_of(peer.port(), "/")))->body, "until the end");
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut short";
    EXPECT_EQ((co_await client.get(url_of(peer.port(), "/"))).error().ec,
              boost::beast::http::error::partial_message);
  };
  run(io, body());
}

TEST_F(HttpClientTest, RefusesGarbageAsAnAnswer) {
  const auto garbage = [](tcp::socket socket, std::string) -> asio::awaitable<void> {
    const std::string answer = "SSH-2.0-OpenSSH\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(answer), kAsTuple);
  };
  ScriptedServer peer(io, garbage);
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    const Outcome outcome = co_await client.get(url_of(peer.port(), "/"));
    EXPECT_TRUE(outcome.error().request_may_have_left);
  };
  run(io, body());
}

TEST_F(HttpClientTest, DestroyingTheClientEndsItsRequests) {
  asio::steady_timer never(io, asio::steady_timer::time_point::max());
  std::optional<Client> client(std::in_place, io.get_executor(), options);
  const auto silent = [&](tcp::socket socket, std::string) -> asio::awaitable<void> {
    client.reset();
    co_await never.async_wait(kAsTuple);
    socket.close();
  };
  ScriptedServer peer(io, silent);
  const auto body = [&]() -> asio::awaitable<void> {
    const Outcome outcome = co_await client->get(url_of(peer.port(), "/"));
    EXPECT_EQ(outcome.error().ec, asio::error::operation_aborted);
    EXPECT_TRUE(outcome.error().request_may_have_left);
  };
  run(io, body());
  never.cancel();
}

}  // namespace
}  // namespace polybot::http
