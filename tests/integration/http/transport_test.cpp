// Whom the clients trust, and how they get past a proxy: against stand-ins of the test's own.
#include "common/http/transport.hpp"

#include <gmock/gmock.h>
#include <openssl/sha.h>

#include <boost/beast/core/error.hpp>
#include <filesystem>

#include "common/http/client.hpp"
#include "common/http/fault.hpp"
#include "common/http/websocket_client.hpp"
#include "tests/integration/http/stand_ins.hpp"

namespace polybot::http {
namespace {

using test::Authority;
using test::CertificateTerms;
using test::ConnectProxy;
using test::run;
using test::TemporaryFile;
using test::TlsHost;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
namespace asio = boost::asio;

constexpr const char* kSecretAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
constexpr long kDay = 86'400;

std::string secret_reply(const std::string&) {
  return kSecretAnswer;
}

// What a WebSocket's server answers, and a first message.
std::string upgrade_and_hello(const std::string& head) {
  const std::string field = "Sec-WebSocket-Key: ";
  const std::size_t begin = head.find(field) + field.size();
  const std::string key =
      head.substr(begin, head.find("\r\n", begin) - begin) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  std::array<unsigned char, 64> accept{};
  EVP_EncodeBlock(accept.data(), digest.data(), static_cast<int>(digest.size()));
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         std::string(reinterpret_cast<const char*>(accept.data())) + "\r\n\r\n\x81\x05hello";
}

class TransportTest : public testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<const Transport> trusting(const std::string& file,
                                                          ProxyRules proxies = {}) {
    return std::make_shared<const Transport>(
        TransportSettings{.ca_file = file, .proxies = std::move(proxies)});
  }
  // Trusts `authority` and goes through `proxy`, whose address may name a user.
  [[nodiscard]] std::shared_ptr<const Transport> through(const std::string& address,
                                                         const std::string& except = "") {
    ProxyRules rules{*parse_proxy(address), *NoProxy::parse(except)};
    return trusting(ca_file.path(), std::move(rules));
  }
  Outcome get(const std::string& url, std::shared_ptr<const Transport> transport,
              std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    ClientOptions options;
    options.transport = std::move(transport);
    options.request_timeout = patience;
    Outcome outcome = Failure{};
    run(io,
        [](asio::io_context& on, ClientOptions with, std::string from,
           Outcome& out) -> asio::awaitable<void> {
          Client client(on.get_executor(), std::move(with));
          out = co_await client.get(std::move(from));
        }(io, options, url, outcome));
    return outcome;
  }
  boost::system::error_code fault(const std::string& url,
                                  std::shared_ptr<const Transport> transport) {
    const Outcome outcome = get(url, std::move(transport));
    EXPECT_FALSE(outcome.has_value()) << outcome->body;
    if (outcome) return {};
    EXPECT_FALSE(outcome.error().request_may_have_left);
    return outcome.error().ec;
  }
  // The first message of a WebSocket, or why there is none.
  std::string hello(const std::string& url, std::shared_ptr<const Transport> transport,
                    boost::system::error_code& refused) {
    WebSocketClientOptions options;
    options.transport = std::move(transport);
    std::string text;
    run(io,
        [](asio::io_context& on, WebSocketClientOptions with, std::string to, std::string& out,
           boost::system::error_code& ec) -> asio::awaitable<void> {
          WebSocketClient client(on.get_executor(), std::move(with));
          ec = co_await client.connect(std::move(to));
          if (ec) co_return;
          const auto message = co_await client.read();
          if (message) out = std::string(*message);
        }(io, options, url, text, refused));
    return text;
  }
  [[nodiscard]] static std::string url_at(const TlsHost& host, const std::string& name,
                                          const std::string& scheme = "https") {
    return scheme + "://" + name + ":" + std::to_string(host.port()) + "/";
  }

  asio::io_context io;
  Authority authority{"The Authority"};
  TemporaryFile ca_file{authority.pem()};
};

// --- certificates --------------------------------------------------------------------------------

TEST_F(TransportTest, TalksToAPeerThatItsAuthorityVouchesFor) {
  TlsHost host(io, authority.issue({}), secret_reply);
  const Outcome outcome = get(url_at(host, "localhost"), trusting(ca_file.path()));
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
  EXPECT_EQ(outcome->body, "secret");
  EXPECT_EQ(host.sni, "localhost");
  TlsHost by_address(io, authority.issue({.names = "IP:127.0.0.1"}), secret_reply);
  EXPECT_TRUE(get(url_at(by_address, "127.0.0.1"), trusting(ca_file.path())).has_value());
  EXPECT_EQ(by_address.sni, "");
}

TEST_F(TransportTest, NamesWhatIsWrongWithACertificate) {
  const auto expect = [this](const CertificateTerms& terms, const std::string& name, Fault wrong) {
    TlsHost host(io, authority.issue(terms), secret_reply);
    const auto ec = fault(url_at(host, name), trusting(ca_file.path()));
    EXPECT_EQ(ec, wrong) << ec.message();
    EXPECT_TRUE(is_certificate_fault(ec));
    EXPECT_THAT(host.heads, SizeIs(0)) << "nothing of a request was sent";
    EXPECT_EQ(host.connections, 1) << "and it was not tried again";
  };
  expect({.valid_from_s = -2 * kDay, .valid_until_s = -kDay}, "localhost",
         Fault::CertificateExpired);
  expect({.valid_from_s = kDay, .valid_until_s = 2 * kDay}, "localhost",
         Fault::CertificateNotYetValid);
  expect({.names = "DNS:venue.test"}, "localhost", Fault::CertificateWrongHost);
  expect({}, "127.0.0.1", Fault::CertificateWrongHost);
}

TEST_F(TransportTest, NamesAnAuthorityThatNobodyTrustsHere) {
  TlsHost host(io, authority.issue({}), secret_reply);
  EXPECT_EQ(fault(url_at(host, "localhost"), trusting("")), Fault::AuthorityUnknown);
  const Authority other("Another Authority");
  const TemporaryFile other_file(other.pem());
  EXPECT_EQ(fault(url_at(host, "localhost"), trusting(other_file.path())), Fault::AuthorityUnknown);
}

// The old authority is still pinned, and signs no more: its name has a new key.
TEST_F(TransportTest, NamesAnAuthorityThatWasRotated) {
  const Authority renewed("The Authority");
  TlsHost host(io, renewed.issue({}), secret_reply);
  EXPECT_EQ(fault(url_at(host, "localhost"), trusting(ca_file.path())), Fault::AuthorityRotated);
  const TemporaryFile both(authority.pem() + renewed.pem());
  EXPECT_TRUE(get(url_at(host, "localhost"), trusting(both.path())).has_value())
      << "while both are in the file, both are good";

  const Authority old_style("The Old Authority", test::KeyIds::Absent);
  const Authority renewed_style("The Old Authority", test::KeyIds::Absent);
  const TemporaryFile old_file(old_style.pem());
  TlsHost old_host(io, renewed_style.issue({}), secret_reply);
  EXPECT_EQ(fault(url_at(old_host, "localhost"), trusting(old_file.path())),
            Fault::AuthorityRotated);
}

TEST_F(TransportTest, ReadsTheAuthoritiesOnceForAllConnections) {
  TlsHost host(io, authority.issue({}), secret_reply);
  std::optional<TemporaryFile> file(std::in_place, authority.pem());
  const auto transport = trusting(file->path());
  file.reset();
  EXPECT_TRUE(get(url_at(host, "localhost"), transport).has_value());
  EXPECT_TRUE(get(url_at(host, "localhost"), transport).has_value());
  EXPECT_EQ(host.connections, 2);
}

TEST_F(TransportTest, RefusesAFileWithoutAuthoritiesByName) {
  const TemporaryFile nonsense("no certificate");
  for (const std::string& file : {nonsense.path(), std::string("/nowhere/ca.pem")}) {
    try {
      static_cast<void>(trusting(file));
      ADD_FAILURE() << file;
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr(file));
    }
  }
}

TEST_F(TransportTest, ThereIsNoTlsWithoutATransport) {
  EXPECT_EQ(fault("https://localhost:1/", nullptr), Fault::TlsUnavailable);
}

// --- the proxy -----------------------------------------------------------------------------------

TEST_F(TransportTest, GoesThroughAProxyThatLooksUpTheHost) {
  TlsHost host(io, authority.issue({.names = "DNS:venue.test"}), secret_reply);
  ConnectProxy proxy(io);
  proxy.hosts["venue.test:443"] = host.port();
  const Outcome outcome = get("https://venue.test/x", through(proxy.address()));
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
  EXPECT_EQ(outcome->body, "secret");
  ASSERT_THAT(proxy.heads, SizeIs(1));
  EXPECT_THAT(proxy.heads[0], HasSubstr("CONNECT venue.test:443 HTTP/1.1\r\n"));
  EXPECT_THAT(proxy.heads[0], Not(HasSubstr("Proxy-Authorization")));
  ASSERT_THAT(host.heads, SizeIs(1));
  EXPECT_THAT(host.heads[0], HasSubstr("GET /x HTTP/1.1\r\nHost: venue.test\r\n"));
}

TEST_F(TransportTest, ShowsAPasswordToTheProxyAlone) {
  TlsHost host(io, authority.issue({.names = "DNS:venue.test"}), secret_reply);
  ConnectProxy proxy(io);
  proxy.hosts["venue.test:443"] = host.port();
  proxy.credentials = "bWU6cEBzcw==";  // me:p@ss
  const std::string url = "https://venue.test/";
  EXPECT_TRUE(get(url, through("http://me:p%40ss@" + proxy.address())).has_value());
  ASSERT_THAT(host.heads, SizeIs(1));
  EXPECT_THAT(host.heads[0], Not(HasSubstr("Proxy-Authorization")));
  for (const char* const user : {"", "me:wrong@"}) {
    const Outcome refused = get(url, through(user + proxy.address()));
    EXPECT_EQ(refused.error().ec, Fault::ProxyAuthentication);
    EXPECT_EQ(refused.error().stage, Failure::Stage::Proxy);
    EXPECT_FALSE(refused.error().request_may_have_left);
    EXPECT_THAT(refused.error().message(), Not(HasSubstr("wrong")));
  }
}

TEST_F(TransportTest, NamesWhatIsWrongWithAProxy) {
  ConnectProxy proxy(io);
  EXPECT_EQ(fault("https://venue.test/", through(proxy.address())), Fault::ProxyRefused);
  for (const char* const answer :
       {"220 mail.example.org ready\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nsaid too early"}) {
    proxy.answer = answer;
    EXPECT_EQ(fault("https://venue.test/", through(proxy.address())), Fault::ProxyProtocol);
  }
  proxy.answer = "HTTP/1.1 200 OK\r\n";  // and then no more, for ever
  const Outcome slow =
      get("https://venue.test/", through(proxy.address()), std::chrono::milliseconds(100));
  EXPECT_FALSE(slow.has_value());
}

TEST_F(TransportTest, NamesAProxyThatIsNotThere) {
  asio::ip::tcp::acceptor once(io, {asio::ip::address_v4::loopback(), 0});
  const std::string port = std::to_string(once.local_endpoint().port());
  once.close();
  for (const std::string& address : {"127.0.0.1:" + port, "no-such-proxy.invalid:" + port}) {
    const Outcome outcome = get("https://venue.test/", through(address));
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().ec, Fault::ProxyUnreachable) << address;
    EXPECT_EQ(outcome.error().stage, Failure::Stage::Proxy);
    EXPECT_FALSE(outcome.error().request_may_have_left);
  }
}

TEST_F(TransportTest, LeavesTheProxyOutWhereItIsTold) {
  TlsHost host(io, authority.issue({}), secret_reply);
  ConnectProxy proxy(io);
  // This machine itself is never reached through a proxy; the rest is a matter of the list.
  EXPECT_TRUE(get(url_at(host, "localhost"), through(proxy.address())).has_value());
  const auto transport = through(proxy.address(), "venue.test");
  EXPECT_EQ(transport->proxy_of(parse_url("https://clob.venue.test/").value()), nullptr);
  EXPECT_NE(transport->proxy_of(parse_url("wss://other.test/").value()), nullptr);
  EXPECT_EQ(transport->proxy_of(parse_url("http://other.test/").value()), nullptr);
  EXPECT_THAT(proxy.heads, SizeIs(0));
}

// --- WebSockets ----------------------------------------------------------------------------------

TEST_F(TransportTest, AWebSocketGoesTheSameWay) {
  TlsHost host(io, authority.issue({.names = "DNS:localhost,DNS:venue.test"}), upgrade_and_hello);
  boost::system::error_code refused;
  EXPECT_EQ(hello(url_at(host, "localhost", "wss"), trusting(ca_file.path()), refused), "hello");
  EXPECT_FALSE(refused) << refused.message();
  ConnectProxy proxy(io);
  proxy.hosts["venue.test:443"] = host.port();
  proxy.credentials = "bWU6cEBzcw==";
  const auto transport = through("me:p%40ss@" + proxy.address());
  EXPECT_EQ(hello("wss://venue.test/ws", transport, refused), "hello");
  EXPECT_FALSE(refused) << refused.message();
  EXPECT_THAT(proxy.heads, SizeIs(1));
}

TEST_F(TransportTest, AWebSocketNamesWhatIsWrong) {
  boost::system::error_code refused;
  TlsHost expired(io, authority.issue({.valid_from_s = -2 * kDay, .valid_until_s = -kDay}),
                  upgrade_and_hello);
  hello(url_at(expired, "localhost", "wss"), trusting(ca_file.path()), refused);
  EXPECT_EQ(refused, Fault::CertificateExpired) << refused.message();
  TlsHost moved(io, authority.issue({}), [](const std::string&) {
    return "HTTP/1.1 301 Moved\r\nLocation: wss://x.test/\r\nContent-Length: 0\r\n\r\n";
  });
  hello(url_at(moved, "localhost", "wss"), trusting(ca_file.path()), refused);
  EXPECT_EQ(refused, Fault::Redirected) << refused.message();
  ConnectProxy proxy(io);
  hello("wss://venue.test/", through(proxy.address()), refused);
  EXPECT_EQ(refused, Fault::ProxyRefused) << refused.message();
  hello("wss://localhost:1/", nullptr, refused);
  EXPECT_EQ(refused, Fault::TlsUnavailable) << refused.message();
}

}  // namespace
}  // namespace polybot::http
