#include "common/http/client.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <filesystem>
#include <fstream>

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

// --- TLS -----------------------------------------------------------------------------------------

// A self-signed certificate for one host name, made for this run.
struct Certificate {
  explicit Certificate(const char* host) {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME* const name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(host), -1, -1, 0);
    X509_set_issuer_name(x509, name);
    const std::string alternative = std::string("DNS:") + host;
    X509_EXTENSION* const extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str());
    X509_add_ext(x509, extension, -1);
    X509_sign(x509, key, EVP_sha256());
    certificate_pem = pem([&](BIO* bio) { PEM_write_bio_X509(bio, x509); });
    key_pem = pem([&](BIO* bio) {
      PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    X509_EXTENSION_free(extension);
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  template <class Write>
  static std::string pem(const Write& write) {
    BIO* const bio = BIO_new(BIO_s_mem());
    write(bio);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
  std::string certificate_pem;
  std::string key_pem;
};

class TlsTest : public HttpClientTest {
 protected:
  TlsTest() : context_(asio::ssl::context::tls_server), certificate_("localhost") {
    context_.use_certificate_chain(asio::buffer(certificate_.certificate_pem));
    context_.use_private_key(asio::buffer(certificate_.key_pem), asio::ssl::context::pem);
    ca_file_ = std::filesystem::temp_directory_path() /
               ("polybot-http-test-" + std::to_string(::getpid()) + ".pem");
    std::ofstream(ca_file_) << certificate_.certificate_pem;
    asio::co_spawn(io, serve(), asio::detached);
  }
  ~TlsTest() override { std::filesystem::remove(ca_file_); }

  asio::awaitable<void> serve() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (ec) co_return;
      asio::co_spawn(io, answer(std::move(socket)), asio::detached);
    }
  }
  asio::awaitable<void> answer(tcp::socket socket) {
    asio::ssl::stream<tcp::socket> stream(std::move(socket), context_);
    if (auto [ec] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAsTuple); ec)
      co_return;
    const char* const name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    sni = name == nullptr ? "" : name;
    std::string head;
    for (;;) {
      auto [ec, size] =
          co_await asio::async_read_until(stream, asio::dynamic_buffer(head), "\r\n\r\n", kAsTuple);
      if (ec) co_return;
      head.erase(0, size);
      ++requests;
      const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
      co_await asio::async_write(stream, asio::buffer(reply), kAsTuple);
    }
  }
  [[nodiscard]] std::string url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(acceptor_.local_endpoint().port()) + "/";
  }

  asio::ssl::context context_;
  Certificate certificate_;
  std::filesystem::path ca_file_;
  tcp::acceptor acceptor_{io, {asio::ip::address_v4::loopback(), 0}};
  std::string sni;
  int requests = 0;
};

TEST_F(TlsTest, TalksToAPeerItCanVerify) {
  options.ca_file = ca_file_;
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      const Outcome outcome = co_await client.get(url("localhost"));
      EXPECT_TRUE(outcome.has_value()) << outcome.error().message();
      EXPECT_EQ(outcome->body, "secret");
    }
    EXPECT_EQ(client.connections(), 1U);
  };
  run(io, body());
  EXPECT_EQ(sni, "localhost");
}

TEST_F(TlsTest, SendsNothingToAPeerItCannotVerify) {
  Client client(io.get_executor(), options);  // the system's certificates do not know this one
  const auto body = [&]() -> asio::awaitable<void> {
    const Outcome outcome = co_await client.get(url("localhost"));
    EXPECT_EQ(outcome.error().stage, Failure::Stage::Handshake);
    EXPECT_FALSE(outcome.error().request_may_have_left);
  };
  run(io, body());
  EXPECT_EQ(requests, 0);
}

TEST_F(TlsTest, ChecksTheHostName) {
  options.ca_file = ca_file_;
  Client client(io.get_executor(), options);
  const auto body = [&]() -> asio::awaitable<void> {
    const Outcome outcome = co_await client.get(url("127.0.0.1"));  // not in the certificate
    EXPECT_EQ(outcome.error().stage, Failure::Stage::Handshake);
  };
  run(io, body());
  EXPECT_EQ(requests, 0);
}

}  // namespace
}  // namespace polybot::http
