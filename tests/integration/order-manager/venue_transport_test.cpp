// That order-manager's requests and its user channel go the way that the configuration says, and
// what they say of a venue that cannot prove who it is.
#include <gmock/gmock.h>

#include "services/order-manager/execution/user_session.hpp"
#include "services/order-manager/execution/venue_client.hpp"
#include "tests/integration/http/stand_ins.hpp"

namespace polybot::order_manager {
namespace {

using test::run;
using testing::ElementsAre;
using testing::HasSubstr;
namespace asio = boost::asio;

constexpr std::string_view kKey =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
constexpr const char* kCredentials =
    R"({"apiKey":"key-1","secret":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",)"
    R"("passphrase":"p"})";
constexpr const char* kVenue = "venue.test:443";

std::string credentials_reply(const std::string&) {
  const std::string body = kCredentials;
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class VenueTransportTest : public testing::Test {
 protected:
  // Through the proxy, to a venue with a certificate of these terms.
  bool authenticate(const test::CertificateTerms& terms) {
    test::TlsHost venue(io, authority.issue(terms), credentials_reply);
    proxy.hosts[kVenue] = venue.port();
    VenueClient client(
        io.get_executor(),
        {.rest = "https://venue.test", .gamma = "https://venue.test", .transport = transport()},
        polymarket::OrderSigner(kKey),
        {.on_request = [this](VenueOperation, RequestOutcome outcome,
                              domain::Duration) { outcomes.push_back(outcome); },
         .on_link = [](Link) {},
         .on_throttled = [](VenueThrottled) {}});
    bool result = false;
    run(io, [](VenueClient& asked, bool& out) -> asio::awaitable<void> {
      out = co_await asked.authenticate();
    }(client, result));
    return result;
  }
  std::string end_of_session() {
    UserSession session(io.get_executor(), "wss://venue.test/ws/user", {}, {}, transport());
    std::string why;
    run(io, [](UserSession& followed, std::string& out) -> asio::awaitable<void> {
      auto credentials = polymarket::parse_api_credentials(kCredentials);
      try {
        co_await followed.run(std::move(*credentials), {});
      } catch (const std::runtime_error& error) {
        out = error.what();
      }
    }(session, why));
    return why;
  }
  [[nodiscard]] std::shared_ptr<const http::Transport> transport() const {
    http::TransportSettings settings;
    settings.ca_file = ca_file.path();
    settings.proxies.proxy = *http::parse_proxy("me:word@" + proxy.address());
    return std::make_shared<const http::Transport>(std::move(settings));
  }

  asio::io_context io;
  test::Authority authority{"The Authority"};
  test::TemporaryFile ca_file{authority.pem()};
  test::ConnectProxy proxy{io};
  std::vector<RequestOutcome> outcomes;
};

TEST_F(VenueTransportTest, TrustsItsAuthorityAndGoesThroughItsProxy) {
  proxy.credentials = "bWU6d29yZA==";  // me:word
  EXPECT_TRUE(authenticate({.names = "DNS:venue.test"}));
  EXPECT_THAT(outcomes, ElementsAre(RequestOutcome::Ok));
  EXPECT_THAT(proxy.heads, ElementsAre(HasSubstr("CONNECT venue.test:443")));
}

TEST_F(VenueTransportTest, CountsACertificateThatCannotBeTrusted) {
  EXPECT_FALSE(
      authenticate({.names = "DNS:venue.test", .valid_from_s = -7200, .valid_until_s = -3600}));
  EXPECT_FALSE(authenticate({.names = "DNS:other.test"}));
  EXPECT_THAT(outcomes, ElementsAre(RequestOutcome::Certificate, RequestOutcome::Certificate));
}

TEST_F(VenueTransportTest, TheUserChannelSaysWhyItCannotConnect) {
  EXPECT_THAT(end_of_session(), HasSubstr("the proxy refuses to connect"));
  test::TlsHost venue(
      io,
      authority.issue({.names = "DNS:venue.test", .valid_from_s = -7200, .valid_until_s = -3600}),
      credentials_reply);
  proxy.hosts[kVenue] = venue.port();
  EXPECT_THAT(end_of_session(), HasSubstr("the certificate has expired"));
}

}  // namespace
}  // namespace polybot::order_manager
