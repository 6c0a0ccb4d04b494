#include "common/http/server.hpp"

#include <gmock/gmock.h>

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "tests/integration/http/loop.hpp"

namespace polybot::http {
namespace {

using test::RawConnection;
using test::run;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
namespace asio = boost::asio;

struct Reported {
  std::string method;
  std::string endpoint;
  unsigned status = 0;
  bool operator==(const Reported&) const = default;
};

class HttpServerTest : public testing::Test {
 protected:
  // Starts a server with the routes of the tests.
  Server& start(ServerLimits limits = {}) {
    ServerOptions options;
    options.limits = limits;
    options.observer.on_request = [this](std::string_view method, std::string_view endpoint,
                                         unsigned status, double seconds) {
      EXPECT_GE(seconds, 0.0);
      reported.push_back({std::string(method), std::string(endpoint), status});
    };
    options.observer.on_session_error = [this](std::string_view what) {
      errors.emplace_back(what);
    };
    options.observer.on_crowded = [this] { ++crowded; };
    options.admit = admit;
    options.reserved_for = reserved_for;
    server.emplace(io.get_executor(), std::move(options));
    Router& router = server->router();
    router.get("/hello/{name}", [](Request request) -> asio::awaitable<Response> {
      co_return json("{\"hello\":\"" + std::string(request.param("name")) + "\"}");
    });
    router.post("/echo", [](Request request) -> asio::awaitable<Response> {
      co_return text(std::move(request.body), 201);
    });
    router.get("/boom", [](Request) -> asio::awaitable<Response> {
      throw std::runtime_error("the handler failed");
      co_return Response{};
    });
    router.get("/big", [](Request) -> asio::awaitable<Response> {
      co_return text(std::string(3 * 1024 * 1024, 'x'));
    });
    router.get("/wait", [this](Request) -> asio::awaitable<Response> {
      waiting.emplace(io, asio::steady_timer::time_point::max());
      if (on_waiting) on_waiting();
      co_await waiting->async_wait(test::kAsTuple);
      co_return text("done");
    });
    server->listen();
    return *server;
  }

  // Sends `bytes` on a new connection and returns what arrives until the server closes.
  asio::awaitable<std::string> talk(std::string bytes) {
    RawConnection raw(io.get_executor());
    co_await raw.connect(server->port());
    co_await raw.send(std::move(bytes));
    co_return co_await raw.rest();
  }

  std::string talk_to_end(std::string bytes) {
    std::string answer;
    const auto body = [&]() -> asio::awaitable<void> { answer = co_await talk(std::move(bytes)); };
    run(io, body());
    return answer;
  }

  asio::io_context io;
  std::optional<Server> server;
  std::vector<Reported> reported;
  std::vector<std::string> errors;
  std::optional<asio::steady_timer> waiting;
  std::function<void()> on_waiting;
  std::function<std::optional<Response>(const Request&)> admit;
  std::function<bool(const Request&)> reserved_for;
  int crowded = 0;
};

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

void expect_problem(const std::string& answer, int status) {
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(status) + " "));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/problem+json\r\n"));
  const auto body = boost::json::parse(answer.substr(answer.find("\r\n\r\n") + 4)).as_object();
  EXPECT_EQ(body.at("status"), status);
  EXPECT_TRUE(body.contains("type") && body.contains("title") && body.contains("detail"));
}

TEST_F(HttpServerTest, KeepsTheConnectionForTheNextRequest) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection raw(io.get_executor());
    co_await raw.connect(server->port());
    for (int i = 0; i < 3; ++i) {
      co_await raw.send(get("/hello/you"));
      const std::string answer = co_await raw.response();
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
      EXPECT_THAT(answer, EndsWith("{\"hello\":\"you\"}"));
      EXPECT_THAT(answer, Not(HasSubstr("Connection: close")));
    }
  };
  run(io, body());
  EXPECT_EQ(reported, std::vector<Reported>(3, {"GET", "/hello/{name}", 200}));
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  const std::string answer =
      talk_to_end(get("/hello/1") + get("/nothing") + get("/hello/2", "Connection: close\r\n"));
  const auto first = answer.find("\"1\"");
  const auto second = answer.find("404 Not Found");
  const auto third = answer.find("\"2\"");
  EXPECT_TRUE(first < second && second < third && third != std::string::npos) << answer;
}

TEST_F(HttpServerTest, ClosesAfterHttp10) {
  start();
  EXPECT_THAT(talk_to_end("GET /hello/x HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  const std::string answer =
      talk_to_end("HEAD /hello/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 13\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, TellsWhatIsAllowed) {
  start();
  const std::string options =
      talk_to_end("OPTIONS /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(options, StartsWith("HTTP/1.1 204 "));
  EXPECT_THAT(options, HasSubstr("Allow: POST, OPTIONS\r\n"));
  const std::string refused =
      talk_to_end("DELETE /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  expect_problem(refused, 405);
  EXPECT_THAT(refused, HasSubstr("Allow: POST, OPTIONS\r\n"));
  EXPECT_THAT(talk_to_end("OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 204 "));
}

TEST_F(HttpServerTest, AnswersWhatIsNotThere) {
  start();
  expect_problem(talk_to_end(get("/nothing", "Connection: close\r\n")), 404);
  expect_problem(talk_to_end("BREW /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 501);
  expect_problem(talk_to_end(get("/%zz")), 400);
  EXPECT_EQ(reported, (std::vector<Reported>{{"GET", "unmatched", 404},
                                             {"other", "unmatched", 501},
                                             {"GET", "unmatched", 400}}));
}

TEST_F(HttpServerTest, AnswersGarbageAndCloses) {
  start();
  expect_problem(talk_to_end("\x16\x03\x01 this is not HTTP\r\n\r\n"), 400);
  EXPECT_EQ(reported, (std::vector<Reported>{{"other", "unmatched", 400}}));
  EXPECT_TRUE(errors.empty());
}

TEST_F(HttpServerTest, RefusesWhatIsTooLargeWhileThePeerGoesOnSending) {
  ServerLimits limits;
  limits.body_bytes_max = 1000;
  start(limits);
  expect_problem(talk_to_end("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" +
                             std::string(500000, 'x')),
                 413);
  expect_problem(talk_to_end(get("/", "X-Long: " + std::string(40000, 'a') + "\r\n")), 431);
}

TEST_F(HttpServerTest, TakesABodyUpToTheLimit) {
  ServerLimits limits;
  limits.body_bytes_max = 200000;
  start(limits);
  const std::string answer = talk_to_end(
      "POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n" +
      std::string(200000, 'x'));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 201 Created\r\n"));
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 200000U);
}

TEST_F(HttpServerTest, SendsLargeBodiesWhole) {
  start();
  const std::string answer = talk_to_end(get("/big", "Connection: close\r\n"));
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 3U * 1024 * 1024);
}

TEST_F(HttpServerTest, AsksForTheBodyWhenExpected) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection raw(io.get_executor());
    co_await raw.connect(server->port());
    co_await raw.send(
        "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(co_await raw.response(), "HTTP/1.1 100 Continue\r\n\r\n");
    co_await raw.send("ok");
    EXPECT_THAT(co_await raw.response(), EndsWith("\r\n\r\nok"));
  };
  run(io, body());
}

TEST_F(HttpServerTest, EndsAHeaderThatArrivesByteByByte) {
  ServerLimits limits;
  limits.header_timeout = std::chrono::milliseconds(80);
  start(limits);
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection raw(io.get_executor());
    co_await raw.connect(server->port());
    co_await raw.send("GET / HTTP/1.1\r\n");
    bool answered = false;
    const auto drip = [&]() -> asio::awaitable<void> {
      asio::steady_timer pause(io);
      while (!answered) {
        co_await raw.send("X: y\r\n");
        pause.expires_after(std::chrono::milliseconds(10));
        co_await pause.async_wait(test::kAsTuple);
      }
    };
    asio::co_spawn(io, drip(), asio::detached);
    expect_problem(co_await raw.response(), 408);
    answered = true;
    co_await raw.rest();
  };
  run(io, body());
  EXPECT_EQ(reported, (std::vector<Reported>{{"other", "unmatched", 408}}));
}

TEST_F(HttpServerTest, EndsASlowBody) {
  ServerLimits limits;
  limits.body_timeout = std::chrono::milliseconds(50);
  start(limits);
  expect_problem(talk_to_end("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"),
                 408);
}

TEST_F(HttpServerTest, ClosesAnIdleConnectionSilently) {
  ServerLimits limits;
  limits.idle_timeout = std::chrono::milliseconds(50);
  start(limits);
  EXPECT_EQ(talk_to_end(""), "");
  EXPECT_TRUE(reported.empty());
}

TEST_F(HttpServerTest, EndsAPeerThatDoesNotRead) {
  ServerLimits limits;
  limits.write_timeout = std::chrono::milliseconds(100);
  start(limits);
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection raw(io.get_executor());
    co_await raw.connect(server->port());
    std::string many;
    for (int i = 0; i < 20; ++i) many += get("/big");
    co_await raw.send(many);
    asio::steady_timer poll(io);
    while (server->connections() > 0) {
      poll.expires_after(std::chrono::milliseconds(5));
      co_await poll.async_wait(test::kAsTuple);
    }
  };
  run(io, body());
  EXPECT_LT(reported.size(), 20U);
}

TEST_F(HttpServerTest, AHandlersExceptionEndsThatSessionOnly) {
  start();
  const std::string answer = talk_to_end(get("/boom"));
  expect_problem(answer, 500);
  EXPECT_THAT(answer, Not(HasSubstr("the handler failed"))) << "no inner details to outsiders";
  EXPECT_EQ(errors, std::vector<std::string>{"the handler failed"});
  EXPECT_THAT(talk_to_end(get("/hello/x", "Connection: close\r\n")), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, BoundsTheConnectionsThatAreBusy) {
  ServerLimits limits;
  limits.connections_max = 1;
  start(limits);
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection busy(io.get_executor());
    co_await busy.connect(server->port());
    co_await busy.send(get("/wait"));
    while (!waiting) co_await asio::post(io, asio::use_awaitable);
    EXPECT_THAT(co_await talk(get("/hello/x")), StartsWith("HTTP/1.1 503 "));
    EXPECT_EQ(server->connections(), 1U);
    waiting->cancel();
    EXPECT_THAT(co_await busy.response(), HasSubstr("200 OK"));
  };
  run(io, body());
  EXPECT_EQ(crowded, 1);
}

TEST_F(HttpServerTest, ClosesTheConnectionIdleForLongestForANewOne) {
  ServerLimits limits;
  limits.connections_max = 2;
  start(limits);
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection silent(io.get_executor());
    co_await silent.connect(server->port());
    RawConnection reader(io.get_executor());
    co_await reader.connect(server->port());
    co_await reader.send(get("/hello/x"));
    EXPECT_THAT(co_await reader.response(), HasSubstr("200 OK"));
    EXPECT_THAT(co_await talk(get("/hello/x", "Connection: close\r\n")), HasSubstr("200 OK"));
    EXPECT_EQ(co_await silent.rest(), "") << "it had been idle for longest";
    co_await reader.send(get("/hello/x"));
    EXPECT_THAT(co_await reader.response(), HasSubstr("200 OK"));
  };
  run(io, body());
  EXPECT_EQ(crowded, 1);
}

TEST_F(HttpServerTest, ReservesConnectionsForWhatIsUrgent) {
  ServerLimits limits;
  limits.connections_max = 1;
  reserved_for = [](const Request& request) { return request.method == Method::Post; };
  start(limits);
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection busy(io.get_executor());
    co_await busy.connect(server->port());
    co_await busy.send(get("/wait"));
    while (!waiting) co_await asio::post(io, asio::use_awaitable);
    expect_problem(co_await talk(get("/hello/x")), 503);
    const std::string urgent = co_await talk("POST /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(urgent, HasSubstr("201 Created"));
    EXPECT_THAT(urgent, HasSubstr("Connection: close"));
    waiting->cancel();
    EXPECT_THAT(co_await busy.response(), HasSubstr("200 OK"));
  };
  run(io, body());
  EXPECT_EQ(crowded, 1);
}

TEST_F(HttpServerTest, GivesAReservedConnectionToTheNextWhenNoRequestComes) {
  ServerLimits limits;
  limits.connections_max = 1;
  limits.reserved_max = 2;
  limits.reserved_timeout = std::chrono::milliseconds(60);
  reserved_for = [](const Request& request) { return request.method == Method::Post; };
  start(limits);
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection busy(io.get_executor());
    co_await busy.connect(server->port());
    co_await busy.send(get("/wait"));
    while (!waiting) co_await asio::post(io, asio::use_awaitable);
    RawConnection first(io.get_executor());
    co_await first.connect(server->port());
    co_await first.send("POST /ec");
    RawConnection second(io.get_executor());
    co_await second.connect(server->port());
    EXPECT_THAT(co_await talk("POST /echo HTTP/1.1\r\nHost: h\r\n\r\n"), HasSubstr("201 Created"));
    EXPECT_EQ(co_await first.rest(), "") << "the oldest one gave way";
    EXPECT_EQ(co_await second.rest(), "") << "its time was over";
    EXPECT_EQ(server->connections(), 1U);
  };
  run(io, body());
}

TEST_F(HttpServerTest, RefusesBeforeTheHandlerWhatIsNotAdmitted) {
  admit = [](const Request& request) -> std::optional<Response> {
    if (request.headers.find("Host") == "h") return std::nullopt;
    return problem(403, "not here");
  };
  start();
  EXPECT_THAT(talk_to_end(get("/hello/x", "Connection: close\r\n")), HasSubstr("200 OK"));
  expect_problem(talk_to_end("GET /hello/x HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n"),
                 403);
  EXPECT_EQ(reported.back(), (Reported{"GET", "/hello/{name}", 403}));
}

TEST_F(HttpServerTest, StopLetsRequestsInFlightFinish) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection idle(io.get_executor());
    co_await idle.connect(server->port());
    RawConnection busy(io.get_executor());
    co_await busy.connect(server->port());
    bool stopped = false;
    const auto stop = [&]() -> asio::awaitable<void> {
      co_await server->stop(std::chrono::seconds(10));
      stopped = true;
    };
    on_waiting = [&] { asio::co_spawn(io, stop(), asio::detached); };
    co_await busy.send(get("/wait"));
    EXPECT_EQ(co_await idle.rest(), "") << "an idle connection is closed at once";
    EXPECT_FALSE(stopped);
    waiting->cancel();
    const std::string answer = co_await busy.rest();
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, EndsWith("done"));
    while (!stopped) co_await asio::post(io, asio::use_awaitable);
    RawConnection late(io.get_executor());
    auto [ec] = co_await late.socket.async_connect(
        {asio::ip::address_v4::loopback(), server->port()}, test::kAsTuple);
    EXPECT_EQ(ec, asio::error::connection_refused);
  };
  run(io, body());
}

TEST_F(HttpServerTest, StopIsBounded) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection busy(io.get_executor());
    co_await busy.connect(server->port());
    asio::steady_timer reached(io, asio::steady_timer::time_point::max());
    on_waiting = [&] { reached.cancel(); };
    co_await busy.send(get("/wait"));
    co_await reached.async_wait(test::kAsTuple);
    co_await server->stop(std::chrono::milliseconds(30));
    EXPECT_EQ(server->connections(), 0U);
    co_await busy.rest();
  };
  run(io, body());
  EXPECT_TRUE(errors.empty());
}

TEST_F(HttpServerTest, NamesAddressAndKeyWhenThePortIsTaken) {
  start();
  ServerOptions options;
  options.port = server->port();
  options.config_key = "api.port";
  Server second(io.get_executor(), options);
  try {
    second.listen();
    FAIL() << "two listeners on one port";
  } catch (const ListenError& error) {
    EXPECT_EQ(std::string(error.what()),
              "cannot listen on 127.0.0.1:" + std::to_string(server->port()) +
                  " (api.port): Address already in use");
  }
}

TEST_F(HttpServerTest, MayBeDestroyedWhileAHandlerWaits) {
  start();
  const auto body = [&]() -> asio::awaitable<void> {
    RawConnection busy(io.get_executor());
    co_await busy.connect(server->port());
    asio::steady_timer reached(io, asio::steady_timer::time_point::max());
    on_waiting = [&] { reached.cancel(); };
    co_await busy.send(get("/wait"));
    co_await reached.async_wait(test::kAsTuple);
    server.reset();
    EXPECT_EQ(co_await busy.rest(), "");
  };
  run(io, body());
}

}  // namespace
}  // namespace polybot::http
