#include <gmock/gmock.h>

#include <boost/asio/post.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/websocket/error.hpp>

#include "common/http/server.hpp"
#include "common/http/websocket_client.hpp"
#include "common/http/websocket_session.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::http {
namespace {

using test::RawConnection;
using test::run;
using testing::HasSubstr;
namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;

class WebSocketTest : public testing::Test {
 protected:
  void start(WebSocketOptions options = {}) {
    ServerOptions server_options;
    server_options.observer.on_websocket = [this](int delta) { open_now += delta; };
    server_options.observer.on_request = [this](std::string_view, std::string_view endpoint,
                                                unsigned status, double) {
      requests.emplace_back(std::string(endpoint) + " " + std::to_string(status));
    };
    server.emplace(io.get_executor(), std::move(server_options));
    server->router().websocket(
        "/echo/{room}",
        [this](std::shared_ptr<WebSocketSession> session) -> asio::awaitable<void> {
          session_now = session;
          session->send("welcome to " + std::string(session->request().param("room")));
          for (;;) {
            auto message = co_await session->receive();
            if (!message) {
              session_end = message.error();
              break;
            }
            if (*message == "throw") throw std::runtime_error("the handler failed");
            if (*message == "return") co_return;
            session->send(*std::move(message));
          }
        },
        std::move(options));
    server->listen();
  }
  [[nodiscard]] std::string url(const std::string& scheme = "ws") const {
    return scheme + "://127.0.0.1:" + std::to_string(server->port()) + "/echo/lobby?x=1";
  }
  asio::awaitable<std::unique_ptr<WebSocketClient>> connected() {
    return connected(WebSocketClientOptions());
  }
  asio::awaitable<std::unique_ptr<WebSocketClient>> connected(WebSocketClientOptions options) {
    auto client = std::make_unique<WebSocketClient>(io.get_executor(), std::move(options));
    EXPECT_FALSE(co_await client->connect(url()));
    EXPECT_EQ(*(co_await client->read()), "welcome to lobby");
    co_return client;
  }

  asio::io_context io;
  std::optional<Server> server;
  std::weak_ptr<WebSocketSession> session_now;
  boost::system::error_code session_end;
  int open_now = 0;
  std::vector<std::string> requests;
};

TEST_F(WebSocketTest, EchoesAndClosesInGoodOrder) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    EXPECT_EQ(open_now, 1);
    EXPECT_TRUE(client->is_open());
    const std::string large(60000, 'x');
    for (const std::string& text : {std::string("PING"), std::string(""), large}) {
      EXPECT_FALSE(co_await client->write(text));
      EXPECT_EQ(*(co_await client->read()), text);
    }
    co_await client->close();
    EXPECT_FALSE(client->is_open());
    while (open_now > 0) co_await asio::post(io, asio::use_awaitable);
  };
  run(io, body());
  EXPECT_EQ(session_end, asio::error::eof);
  EXPECT_EQ(requests, std::vector<std::string>{"/echo/{room} 101"})
      << "counted once, at the upgrade";
}

TEST_F(WebSocketTest, WritesOfManyCoroutinesQueueInOrder) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    for (int i = 0; i < 50; ++i) {
      const auto write = [](WebSocketClient& to, int n) -> asio::awaitable<void> {
        EXPECT_FALSE(co_await to.write(std::to_string(n)));
      };
      asio::co_spawn(io, write(*client, i), asio::detached);
    }
    for (int i = 0; i < 50; ++i) EXPECT_EQ(*(co_await client->read()), std::to_string(i));
  };
  run(io, body());
}

TEST_F(WebSocketTest, TheHandlersEndClosesTheSession) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    co_await client->write("return");
    EXPECT_EQ((co_await client->read()).error(), websocket::error::closed);
    EXPECT_EQ(client->close_code(), 1000);
    EXPECT_FALSE(co_await client->connect(url())) << "the same object connects again";
    co_await client->read();
    co_await client->write("throw");
    EXPECT_EQ((co_await client->read()).error(), websocket::error::closed);
    EXPECT_EQ(client->close_code(), 1011);
  };
  run(io, body());
}

TEST_F(WebSocketTest, BoundsTheMessageSize) {
  WebSocketOptions options;
  options.message_bytes_max = 1000;
  start(options);
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    co_await client->write(std::string(1001, 'x'));
    EXPECT_EQ((co_await client->read()).error(), websocket::error::closed);
    EXPECT_EQ(client->close_code(), 1009);
  };
  run(io, body());
}

TEST_F(WebSocketTest, TheClientBoundsTheMessageSizeToo) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    WebSocketClientOptions options;
    options.message_bytes_max = 1000;
    auto client = co_await connected(options);
    co_await client->write(std::string(1001, 'x'));
    EXPECT_EQ((co_await client->read()).error(), websocket::error::message_too_big);
    EXPECT_FALSE(client->is_open());
  };
  run(io, body());
}

TEST_F(WebSocketTest, ClosesASlowConsumerInsteadOfHoldingMemory) {
  WebSocketOptions options;
  options.queue_messages_max = 8;
  options.close_timeout = std::chrono::milliseconds(50);
  start(options);
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    const auto session = session_now.lock();
    EXPECT_TRUE(session != nullptr);
    const auto text = std::make_shared<const std::string>(1024 * 1024, 'x');
    auto outcome = WebSocketSession::SendOutcome::Queued;
    std::size_t sent = 0;
    while (outcome == WebSocketSession::SendOutcome::Queued && sent < 1000) {
      outcome = session->send(text);
      ++sent;
      co_await asio::post(io, asio::use_awaitable);
    }
    EXPECT_EQ(outcome, WebSocketSession::SendOutcome::Overflow);
    EXPECT_LE(session->queued_messages(), 1U);
    EXPECT_EQ(session->send(text), WebSocketSession::SendOutcome::Closed);
    while (open_now > 0) {  // the client never reads: the session is cut after close_timeout
      asio::steady_timer poll(io, std::chrono::milliseconds(1));
      co_await poll.async_wait(test::kAsTuple);
    }
  };
  run(io, body());
}

TEST_F(WebSocketTest, NoticesASlowConsumerBeforeTheKernelHoldsMuch) {
  WebSocketOptions options;
  options.queue_messages_max = 8;
  start(options);
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    const auto session = session_now.lock();
    EXPECT_TRUE(session != nullptr);
    const auto text = std::make_shared<const std::string>(1024, 'x');
    std::size_t bytes = 0;
    while (session->send(text) == WebSocketSession::SendOutcome::Queued) {
      bytes += text->size();
      // All that can be written is written before more is sent: the queue only grows once the
      // kernel is full.
      for (int turn = 0; turn < 10 && session->queued_messages() > 0; ++turn) {
        co_await asio::post(io, asio::use_awaitable);
      }
    }
    EXPECT_LT(bytes, 1024U * 1024U);
  };
  run(io, body());
}

TEST_F(WebSocketTest, ASlowConsumerThatWakesLearnsWhy) {
  WebSocketOptions options;
  options.queue_messages_max = 2;
  start(options);
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    const auto session = session_now.lock();
    for (int i = 0; i < 3; ++i) session->send("text");
    boost::system::result<std::string_view> message = std::string_view();
    while (message) message = co_await client->read();
    EXPECT_EQ(message.error(), websocket::error::closed);
    EXPECT_EQ(client->close_code(), 1013);
    EXPECT_EQ(client->close_reason(), "too slow");
  };
  run(io, body());
}

TEST_F(WebSocketTest, ASlowConsumerThatWakesAfterItWasGivenUpLearnsWhy) {
  WebSocketOptions options;
  options.queue_messages_max = 8;
  options.close_timeout = std::chrono::milliseconds(50);
  start(options);
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection sleeper(io.get_executor());
    sleeper.socket.open(asio::ip::tcp::v4());
    sleeper.socket.set_option(asio::socket_base::receive_buffer_size(4096));
    co_await sleeper.connect(server->port());
    co_await sleeper.send(
        "GET /echo/lobby HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_THAT(co_await sleeper.response(), HasSubstr("101 Switching Protocols"));
    const auto session = session_now.lock();
    EXPECT_TRUE(session != nullptr);
    const auto text = std::make_shared<const std::string>(1024, 'x');
    while (session->send(text) == WebSocketSession::SendOutcome::Queued) {
      // The queue only grows once the kernel is full for longer than a moment.
      for (int turn = 0; turn < 20 && session->queued_messages() > 0; ++turn) {
        asio::steady_timer moment(io, std::chrono::milliseconds(1));
        co_await moment.async_wait(test::kAsTuple);
      }
    }
    while (open_now > 0) {  // the server has nothing to do with it any more
      asio::steady_timer poll(io, std::chrono::milliseconds(1));
      co_await poll.async_wait(test::kAsTuple);
    }
    // The closing frame: 0x03f5 is 1013.
    EXPECT_TRUE((co_await sleeper.rest()).ends_with("\x88\x0a\x03\xf5too slow"));
  };
  run(io, body());
}

TEST_F(WebSocketTest, RefusesWithoutAuthority) {
  WebSocketOptions options;
  options.authorize = [](Request request) -> asio::awaitable<std::optional<Response>> {
    if (request.headers.find("Authorization") == "Bearer right") co_return std::nullopt;
    co_return problem(401, "a token is needed");
  };
  start(options);
  const auto body = [&]() -> asio::awaitable<void> {
    WebSocketClient client(io.get_executor(), {});
    EXPECT_EQ(co_await client.connect(url()), websocket::error::upgrade_declined);
    EXPECT_FALSE(client.is_open());
    Headers headers{{"Authorization", "Bearer right"}};
    EXPECT_FALSE(co_await client.connect(url(), headers));
  };
  run(io, body());
  EXPECT_EQ(requests, (std::vector<std::string>{"/echo/{room} 401", "/echo/{room} 101"}));
}

TEST_F(WebSocketTest, AskingWithoutAnUpgradeSaysWhatIsNeeded) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection raw(io.get_executor());
    co_await raw.connect(server->port());
    co_await raw.send("GET /echo/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(co_await raw.rest(), HasSubstr("426 Upgrade Required"));
  };
  run(io, body());
}

TEST_F(WebSocketTest, StopSaysGoingAway) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    bool stopped = false;
    const auto stop = [&]() -> asio::awaitable<void> {
      co_await server->stop(std::chrono::seconds(5));
      stopped = true;
    };
    asio::co_spawn(io, stop(), asio::detached);
    EXPECT_EQ((co_await client->read()).error(), websocket::error::closed);
    EXPECT_EQ(client->close_code(), 1001);
    while (!stopped) co_await asio::post(io, asio::use_awaitable);
  };
  run(io, body());
  EXPECT_EQ(open_now, 0);
}

TEST_F(WebSocketTest, CancelEndsAPendingRead) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    asio::post(io, [&] { client->cancel(); });
    EXPECT_EQ((co_await client->read()).error(), asio::error::operation_aborted);
    EXPECT_EQ(co_await client->write("x"), asio::error::not_connected);
  };
  run(io, body());
}

TEST_F(WebSocketTest, TheClientMayBeDestroyedWhileItReads) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    asio::post(io, [&] { client.reset(); });
    EXPECT_EQ((co_await client->read()).error(), asio::error::operation_aborted);
    while (open_now > 0) co_await asio::post(io, asio::use_awaitable);
  };
  run(io, body());
}

TEST_F(WebSocketTest, AnIdleLinkTimesOutWhenAsked) {
  WebSocketOptions quiet;
  quiet.pings = false;
  start(quiet);
  const auto body = [&]() -> asio::awaitable<void> {
    WebSocketClientOptions options;
    options.idle_timeout = std::chrono::milliseconds(50);
    auto client = co_await connected(options);
    EXPECT_EQ((co_await client->read()).error(), boost::beast::error::timeout);
  };
  run(io, body());
}

TEST_F(WebSocketTest, ServerPingsKeepALivePeer) {
  WebSocketOptions options;
  options.idle_timeout = std::chrono::milliseconds(60);
  start(options);
  const auto body = [&]() -> asio::awaitable<void> {
    auto client = co_await connected();
    const auto read = [&]() -> asio::awaitable<void> { co_await client->read(); };
    asio::co_spawn(io, read(), asio::detached);  // answers pings
    asio::steady_timer while_pinged(io, std::chrono::milliseconds(200));
    co_await while_pinged.async_wait(test::kAsTuple);
    EXPECT_EQ(open_now, 1);
    client->cancel();
  };
  run(io, body());
}

TEST_F(WebSocketTest, ConnectIsBoundedInTime) {
  asio::ip::tcp::acceptor mute(io, {asio::ip::address_v4::loopback(), 0});
  const auto body = [&]() -> asio::awaitable<void> {
    WebSocketClientOptions options;
    options.connect_timeout = std::chrono::milliseconds(50);
    WebSocketClient client(io.get_executor(), options);
    const auto port = std::to_string(mute.local_endpoint().port());
    EXPECT_EQ(co_await client.connect("ws://127.0.0.1:" + port + "/"),
              boost::beast::error::timeout);
    EXPECT_TRUE(co_await client.connect("http//nonsense"));
  };
  run(io, body());
}

}  // namespace
}  // namespace polybot::http
