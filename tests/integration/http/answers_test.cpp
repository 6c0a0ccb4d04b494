// Answers that a client must unpack, refuse or give up: packed, redirecting, dripping.
#include <gmock/gmock.h>
#include <zlib.h>

#include <boost/beast/core/error.hpp>

#include "common/http/client.hpp"
#include "common/http/fault.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::http {
namespace {

using test::kAsTuple;
using test::run;
using testing::HasSubstr;
namespace asio = boost::asio;
using asio::ip::tcp;

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string answer_of(unsigned status, const std::string& fields, const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class AnswersTest : public testing::Test {
 protected:
  AnswersTest() : acceptor_(io, {asio::ip::address_v4::loopback(), 0}) {
    asio::co_spawn(io, accept(), asio::detached);
  }
  asio::awaitable<void> accept() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (ec) co_return;
      ++connections;
      asio::co_spawn(io, serve(std::move(socket)), asio::detached);
    }
  }
  asio::awaitable<void> serve(tcp::socket socket) {
    co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", kAsTuple);
    if (pause == std::chrono::milliseconds::zero()) {
      co_await asio::async_write(socket, asio::buffer(answer), kAsTuple);
      co_return;
    }
    asio::steady_timer timer(io);
    for (const char& byte : answer) {
      auto [ec, size] = co_await asio::async_write(socket, asio::buffer(&byte, 1), kAsTuple);
      if (ec) co_return;
      ++dripped;
      timer.expires_after(pause);
      co_await timer.async_wait(kAsTuple);
    }
  }
  Outcome send(Method method) {
    Outcome outcome = Failure{};
    ClientRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/a";
    run(io,
        [](asio::io_context& on, ClientOptions with, ClientRequest what,
           Outcome& out) -> asio::awaitable<void> {
          Client client(on.get_executor(), std::move(with));
          out = co_await client.send(std::move(what));
        }(io, options, request, outcome));
    return outcome;
  }
  boost::system::error_code fault_of(std::string with) {
    answer = std::move(with);
    const Outcome outcome = send(Method::Post);
    EXPECT_FALSE(outcome.has_value());
    if (outcome) return {};
    EXPECT_TRUE(outcome.error().request_may_have_left) << "the peer has had all of it";
    return outcome.error().ec;
  }

  asio::io_context io;
  tcp::acceptor acceptor_;
  ClientOptions options;
  std::string answer;
  std::chrono::milliseconds pause{0};  // between two bytes of it
  std::string head;                    // of the requests
  int connections = 0;
  std::size_t dripped = 0;
};

TEST_F(AnswersTest, UnpacksAnAnswer) {
  const std::string text(100'000, 'x');
  answer = answer_of(200, "Content-Encoding: gzip\r\n", gzipped(text));
  const Outcome outcome = send(Method::Get);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
  EXPECT_EQ(outcome->body, text);
  EXPECT_THAT(head, HasSubstr("\r\nAccept-Encoding: gzip\r\n"));
}

TEST_F(AnswersTest, AsksForPackingOnlyWhereItHelps) {
  answer = answer_of(200, "", "ok");
  EXPECT_TRUE(send(Method::Post).has_value());
  EXPECT_THAT(head, testing::Not(HasSubstr("Accept-Encoding")));
}

TEST_F(AnswersTest, BoundsWhatAnAnswerUnpacksTo) {
  options.response_bytes_max = 64 * 1024;
  const std::string bomb = gzipped(std::string(16 * 1024 * 1024, '\0'));
  ASSERT_LT(bomb.size(), options.response_bytes_max);
  EXPECT_EQ(fault_of(answer_of(200, "Content-Encoding: gzip\r\n", bomb)), Fault::EncodingTooLarge);
}

TEST_F(AnswersTest, RefusesWhatItCannotUnpack) {
  const std::string whole = gzipped("{\"success\":true}");
  const std::string cut = whole.substr(0, whole.size() - 3);
  const std::string field = "Content-Encoding: gzip\r\n";
  EXPECT_EQ(fault_of(answer_of(200, field, cut)), Fault::EncodingBroken);
  EXPECT_EQ(fault_of(answer_of(200, field, "{\"success\":true}")), Fault::EncodingBroken);
  EXPECT_EQ(fault_of(answer_of(200, field, whole + "x")), Fault::EncodingBroken);
  EXPECT_EQ(fault_of(answer_of(200, "Content-Encoding: br\r\n", whole)), Fault::EncodingUnknown);
}

TEST_F(AnswersTest, FollowsNoRedirectAndNamesIt) {
  for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) {
    connections = 0;
    EXPECT_EQ(fault_of(answer_of(status, "Location: /elsewhere\r\n")), Fault::Redirected);
    EXPECT_EQ(connections, 1) << status;
  }
  answer = answer_of(302, "Location: https://elsewhere.test/order\r\n");
  EXPECT_THAT(send(Method::Get).error().message(), HasSubstr("https://elsewhere.test/order"));
}

// A byte from time to time keeps no time-out from ending the request as a whole.
TEST_F(AnswersTest, GivesUpAnAnswerThatDrips) {
  options.request_timeout = std::chrono::milliseconds(200);
  for (const std::string& drips : {answer_of(200, "X-Long: " + std::string(10'000, 'h') + "\r\n"),
                                   answer_of(200, "", std::string(10'000, 'b'))}) {
    answer = drips;
    pause = std::chrono::milliseconds(5);
    dripped = 0;
    const Outcome outcome = send(Method::Get);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().ec, boost::beast::error::timeout);
    EXPECT_TRUE(outcome.error().request_may_have_left);
    EXPECT_GT(dripped, 1U) << "it was answering all the while";
    EXPECT_LT(dripped, drips.size());
  }
}

}  // namespace
}  // namespace polybot::http
