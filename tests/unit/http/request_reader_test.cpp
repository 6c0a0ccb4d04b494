#include "common/http/request_reader.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace polybot::http {
namespace {

using State = RequestReader::State;

constexpr std::size_t kHeaderMax = 1024;
constexpr std::size_t kBodyMax = 100;

// Feeds `bytes` in pieces as a connection would, until a request is complete or refused.
struct Connection {
  RequestReader reader{kHeaderMax, kBodyMax};
  std::string buffered;

  State feed(std::string_view piece) {
    buffered += piece;
    std::size_t used = 0;
    const State state = reader.feed(buffered, used);
    buffered.erase(0, used);
    return state;
  }
  State feed_bytewise(std::string_view bytes) {
    State state = State::NeedMore;
    for (const char c : bytes) {
      state = feed(std::string_view(&c, 1));
      if (state != State::NeedMore) break;
    }
    return state;
  }
};

unsigned refusal(std::string_view bytes) {
  Connection connection;
  EXPECT_EQ(connection.feed(bytes), State::Failed) << bytes;
  return connection.reader.failure_status();
}

TEST(RequestReaderTest, ReadsARequestInAnyPieces) {
  const std::string_view bytes =
      "POST /orders?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";
  for (const bool bytewise : {false, true}) {
    Connection connection;
    ASSERT_EQ(bytewise ? connection.feed_bytewise(bytes) : connection.feed(bytes), State::Complete);
    EXPECT_TRUE(connection.reader.keep_alive());
    EXPECT_EQ(connection.reader.target(), "/orders?x=1");
    const Request request = connection.reader.take();
    EXPECT_EQ(request.method, Method::Post);
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.headers.find("x-a"), "b");
    EXPECT_TRUE(connection.buffered.empty());
  }
}

TEST(RequestReaderTest, ReadsChunkedBodies) {
  Connection connection;
  ASSERT_EQ(
      connection.feed_bytewise("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n"),
      State::Complete);
  EXPECT_EQ(connection.reader.take().body, "abcde");
}

TEST(RequestReaderTest, ReadsAnEmptyChunkedBodyInAnyPieces) {
  const std::string head = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = "0\r\n\r\n";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    Connection connection;
    State state = connection.feed(head + body.substr(0, cut));
    for (const char c : body.substr(cut)) state = connection.feed(std::string_view(&c, 1));
    EXPECT_EQ(state, State::Complete) << cut;
  }
}

TEST(RequestReaderTest, LeavesThePipelinedRequestInTheBuffer) {
  Connection connection;
  ASSERT_EQ(connection.feed("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"),
            State::Complete);
  EXPECT_EQ(connection.reader.target(), "/1");
  connection.reader.reset();
  ASSERT_EQ(connection.feed(""), State::Complete);
  EXPECT_EQ(connection.reader.target(), "/2");
}

TEST(RequestReaderTest, RefusesGarbage) {
  EXPECT_EQ(refusal("\x16\x03\x01\x02 TLS hello\r\n\r\n"), 400U);
  EXPECT_EQ(refusal("GET\r\n\r\n"), 400U);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost h\r\n\r\n"), 400U);
  EXPECT_EQ(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505U);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"), 400U);
}

TEST(RequestReaderTest, RefusesAmbiguousLengths) {
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"),
            400U);
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n"),
            400U);
}

// Nothing is unpacked, so that no body grows behind its limit.
TEST(RequestReaderTest, RefusesCodedBodies) {
  const auto head = [](const char* field) {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(field) + "\r\nContent-Length: 1\r\n\r\n";
  };
  EXPECT_EQ(refusal(head("Content-Encoding: gzip")), 415U);
  EXPECT_EQ(refusal(head("Content-Encoding: zstd, identity")), 415U);
  EXPECT_EQ(refusal(head("Content-Encoding: identity\r\nContent-Encoding: br")), 415U);
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
            501U);
  Connection plain;
  EXPECT_EQ(plain.feed(head("Content-Encoding: Identity") + "x"), State::Complete);
}

TEST(RequestReaderTest, RequiresOneHost) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), 400U);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400U);
  Connection old;
  EXPECT_EQ(old.feed("GET / HTTP/1.0\r\n\r\n"), State::Complete) << "HTTP/1.0 had no such rule";
  EXPECT_FALSE(old.reader.keep_alive());
}

TEST(RequestReaderTest, BoundsTheHeaderInAnyPieces) {
  const std::string line = "X-Padding: " + std::string(90, 'a') + "\r\n";
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 20; ++i) request += line;
  EXPECT_EQ(refusal(request), 431U);
  Connection slow;
  EXPECT_EQ(slow.feed_bytewise(request), State::Failed);
  EXPECT_EQ(slow.reader.failure_status(), 431U);
  EXPECT_EQ(refusal("GET /" + std::string(3000, 'a')), 431U) << "there is no line end";
}

TEST(RequestReaderTest, BoundsTheBody) {
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n"), 413U)
      << "it is refused before a byte of it is read";
  std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunked += "a\r\n0123456789\r\n";
  EXPECT_EQ(refusal(chunked), 413U);
}

TEST(RequestReaderTest, BoundsWhatAChunkedBodyCarriesBesideItsContent) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string trailers = head + "1\r\nh\r\n0\r\n";
  std::string extension = head + "1;";
  for (int i = 0; i < 4'000; ++i) {
    trailers += "T" + std::to_string(i) + ": a\r\n";
    extension += "eeeeeeeeee";
  }
  EXPECT_EQ(refusal(trailers), 431U);
  EXPECT_EQ(refusal(extension), 431U);
}

TEST(RequestReaderTest, AsksForABodyOnlyOnce) {
  Connection connection;
  ASSERT_EQ(connection.feed(
                "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            State::NeedMore);
  EXPECT_TRUE(connection.reader.take_continue());
  EXPECT_FALSE(connection.reader.take_continue());
  EXPECT_EQ(connection.feed("ok"), State::Complete);
}

TEST(RequestReaderTest, SurvivesRandomBytes) {
  std::mt19937 random(11);
  constexpr std::string_view kPieces[] = {
      "GET ", "/",        " HTTP/1.1",        "\r\n", "Host: h",
      ": ",   "\r\n\r\n", "Content-Length: ", "9",    "Transfer-Encoding: chunked",
      "0",    "\n"};
  for (int round = 0; round < 20000; ++round) {
    Connection connection;
    for (int i = 0; i < 12; ++i) {
      std::string piece(kPieces[random() % std::size(kPieces)]);
      if (random() % 6 == 0) piece = std::string(1, static_cast<char>(random() % 256));
      if (connection.feed(piece) != State::NeedMore) break;
    }
    ASSERT_LE(connection.buffered.size(), kHeaderMax + 200);
  }
}

}  // namespace
}  // namespace polybot::http
