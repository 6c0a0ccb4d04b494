// Over TLS a port takes the roles that belong there, no matter who else can reach it.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "common/bus/silent_peers.hpp"
#include "common/runtime/bus_security.hpp"
#include "tests/integration/bus/loop.hpp"
#include "tests/support/certificates.hpp"

namespace polybot::bus::test {
namespace {

using test_support::Certificates;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kAnyTlsPort = "tls+tcp://127.0.0.1:0";

class OverTls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates_ = std::make_unique<Certificates>();
    strangers_ = std::make_unique<Certificates>();
  }
  static void TearDownTestSuite() {
    certificates_.reset();
    strangers_.reset();
  }

  // order-manager, which takes signals from runners.
  std::unique_ptr<Subscriber> listen_for_signals() {
    return std::make_unique<Subscriber>(
        loop_.executor(),
        SubscriberConfig{.endpoints = {{EndpointRole::Listen,
                                        certificates_->address(kAnyTlsPort, "order-manager",
                                                               {"strategy-runner"})}},
                         .subscriptions = {Subscription::channel("signal")}},
        stats_);
  }
  Publisher& speak(Address address, std::uint64_t incarnation) {
    return voices_.emplace_back(
        loop_.executor(), publisher_config({{EndpointRole::Dial, std::move(address)}}, incarnation),
        sent_);
  }
  static std::uint16_t port_of(const std::string& address) {
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  static std::unique_ptr<Certificates> certificates_;
  static std::unique_ptr<Certificates> strangers_;  // of authorities that nobody here knows
  Loop loop_;
  Stats stats_;
  Stats sent_;
  std::deque<Publisher> voices_;
};
std::unique_ptr<Certificates> OverTls::certificates_;
std::unique_ptr<Certificates> OverTls::strangers_;

TEST_F(OverTls, AListenerTakesTheRoleThatBelongsThereAlone) {
  const auto subscriber = listen_for_signals();
  Collector collector(loop_, *subscriber);
  const std::string& at = subscriber->addresses()[0];
  ASSERT_THAT(at, testing::Not(testing::EndsWith(":0")));
  const std::string plain = at.substr(std::string("tls+").size());
  // Another role, an authority of its own, no TLS at all.
  for (const Address& address :
       {certificates_->address(at, "gateway", {"order-manager"}),
        strangers_->address(at, "strategy-runner", {"order-manager"}), Address(plain)}) {
    speak(address, 100 + voices_.size());
  }
  // Believes the listener, but shows a certificate that somebody else has issued.
  Tls forged = *certificates_->address(at, "strategy-runner", {"order-manager"}).tls;
  forged.certificate_file = strangers_->certificate("strategy-runner");
  speak({at, std::make_shared<const Tls>(forged)}, 104);
  Publisher& runner = speak(certificates_->address(at, "strategy-runner", {"order-manager"}), 1);
  int said = 0;
  const auto heard = [&] {
    return std::count_if(collector.messages.begin(), collector.messages.end(),
                         [](const auto& message) { return message.second == "of a runner"; });
  };
  loop_.run_until([&] {
    for (Publisher& voice : voices_)
      voice.publish("signal.arb", &voice == &runner ? "of a runner" : "forged");
    return ++said > 50 && heard() > 20;
  });
  for (const auto& [topic, message] : collector.messages) EXPECT_EQ(message, "of a runner");
  EXPECT_TRUE(loop_.run_until([&] { return stats_.refused_for(Refusal::UntrustedPeer) >= 3; }))
      << stats_.refused_for(Refusal::UntrustedPeer);
}

TEST_F(OverTls, ADialerTakesTheListenerThatItMeantAlone) {
  Publisher publisher(loop_.executor(),
                      publisher_config({{EndpointRole::Listen,
                                         certificates_->address(kAnyTlsPort, "order-manager",
                                                                {"gateway", "strategy-runner"})}}),
                      sent_);
  const std::string& at = publisher.addresses()[0];
  const auto hear = [&](Address address) {
    return std::make_unique<Subscriber>(
        loop_.executor(),
        SubscriberConfig{.endpoints = {{EndpointRole::Dial, std::move(address)}},
                         .subscriptions = {Subscription::channel("order")}},
        stats_);
  };
  const auto deceived = hear(certificates_->address(at, "strategy-runner", {"gateway"}));
  const auto runner = hear(certificates_->address(at, "strategy-runner", {"order-manager"}));
  const auto gateway = hear(certificates_->address(at, "gateway", {"order-manager"}));
  Collector of_the_deceived(loop_, *deceived);
  Collector of_the_runner(loop_, *runner);
  Collector of_the_gateway(loop_, *gateway);
  connect(loop_, publisher, of_the_runner, "order.all");
  connect(loop_, publisher, of_the_gateway, "order.all");
  EXPECT_TRUE(of_the_deceived.messages.empty());
}

TEST_F(OverTls, RecoveryAnswersTheRolesThatBelongThere) {
  RecoveryServer server(
      loop_.executor(),
      {.endpoint = {EndpointRole::Listen,
                    certificates_->address(kAnyTlsPort, "order-manager", {"strategy-runner"})}},
      [](std::string request) -> asio::awaitable<boost::system::result<std::string>> {
        co_return request + "!";
      },
      stats_);
  const auto ask = [&](const std::string& role) {
    RecoveryClient client(
        loop_.executor(),
        {.address = certificates_->address(server.address(), role, {"order-manager"})}, sent_);
    std::optional<boost::system::result<std::string>> answer;
    const auto job = [&]() -> asio::awaitable<void> {
      answer = co_await client.request("replay", std::chrono::milliseconds(1000));
    };
    asio::co_spawn(loop_.io, job(), asio::detached);
    loop_.run_until([&] { return answer.has_value(); });
    return *answer;
  };
  EXPECT_EQ(ask("strategy-runner").value(), "replay!");
  EXPECT_TRUE(ask("gateway").has_error());
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// NNG would wait for each of them for ever.
TEST_F(OverTls, SilentPeersHoldNoPort) {
  const auto subscriber = listen_for_signals();
  Collector collector(loop_, *subscriber);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port_of(subscriber->addresses()[0]));
  std::vector<int> silent;
  const std::size_t extra = 40;
  // Fewer at once than the port's queue holds: the kernel drops what does not fit, and its next try
  // is a second or more away.
  const std::size_t together = 64;
  const std::size_t before = open_descriptors();
  for (std::size_t i = 1; i <= kHandshakesMax + extra; ++i) {
    silent.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::connect(silent.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (i % together == 0) loop_.run_until([&] { return open_descriptors() >= before + 2 * i; });
  }
  Publisher& runner = speak(
      certificates_->address(subscriber->addresses()[0], "strategy-runner", {"order-manager"}), 1);
  connect(loop_, runner, collector, "signal.arb");
  const auto closed = [&] {
    char byte = 0;
    return static_cast<std::size_t>(std::count_if(silent.begin(), silent.end(), [&](int peer) {
      return ::recv(peer, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }));
  };
  loop_.run_until([&] { return closed() >= extra; });
  EXPECT_GE(stats_.handshakes_expired, extra);
  runner.publish("signal.arb", "still heard");
  loop_.run_until([&] { return collector.messages.back().second == "still heard"; });
  for (const int peer : silent) ::close(peer);
}

// Connections of this process as NNG would have accepted them.
class SilentPeersAtAPort : public testing::Test {
 protected:
  SilentPeersAtAPort() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address_), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size);
  }
  ~SilentPeersAtAPort() override {
    for (const int descriptor : {listener_, peer_, accepted_}) ::close(descriptor);
  }
  void connect() {
    peer_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::connect(peer_, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
    accepted_ = ::accept(listener_, nullptr, nullptr);
  }
  PeerAddress peer() const {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    ::getsockname(peer_, reinterpret_cast<sockaddr*>(&own), &size);
    return peer_address(own.sin_port, {reinterpret_cast<const unsigned char*>(&own.sin_addr), 4});
  }
  bool ended() const {
    char byte = 0;
    return ::recv(peer_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }
  std::size_t look(SilentPeers::Time now, std::set<PeerAddress> standing = {}) {
    const std::uint16_t port = ntohs(address_.sin_port);
    return peers_.end_late_ones(
        {&port, 1}, [&] { return standing; }, now);
  }

  int listener_ = -1;
  int peer_ = -1;
  int accepted_ = -1;
  sockaddr_in address_{};
  SilentPeers peers_;
  const SilentPeers::Time start_ = std::chrono::steady_clock::now();
};

TEST_F(SilentPeersAtAPort, EndWhenTheirTimeIsOver) {
  connect();
  EXPECT_EQ(look(start_), 0U);
  EXPECT_EQ(look(start_ + kHandshakePatience - std::chrono::milliseconds(1)), 0U);
  EXPECT_FALSE(ended());
  EXPECT_EQ(look(start_ + kHandshakePatience), 1U);
  EXPECT_TRUE(ended());
}

TEST_F(SilentPeersAtAPort, StandOnceTheyHaveShownACertificate) {
  connect();
  EXPECT_EQ(look(start_), 0U);
  EXPECT_EQ(look(start_ + kHandshakePatience, {peer()}), 0U);
  EXPECT_EQ(look(start_ + 2 * kHandshakePatience, {peer()}), 0U);
  EXPECT_FALSE(ended());
}

// ---- what a start says of certificates that cannot work

class BusSecurityTest : public testing::Test {
 protected:
  std::string errors(const std::string& service, const std::filesystem::path& certificate,
                     const std::filesystem::path& authorities) {
    auto reader = runtime::config::Reader::parse(
        "bus.tls.certificate_file = \"" + certificate.string() + "\"\nbus.tls.authorities = \"" +
            authorities.string() + "\"\n",
        "test.toml", {});
    security_ = runtime::read_bus_security(reader, service);
    try {
      reader.finish();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }
  Certificates certificates_;
  runtime::BusSecurity security_;  // as read last
};

TEST_F(BusSecurityTest, TakesWhatTheScriptMakes) {
  for (const char* role : {"gateway", "strategy-runner", "order-manager", "metrics-aggregator"}) {
    EXPECT_EQ(errors(role, certificates_.certificate(role), certificates_.authorities()), "");
  }
}

TEST_F(BusSecurityTest, KnowsWhenItsCertificateEnds) {
  const std::int64_t day = 24 * 3600;
  const std::int64_t today = std::chrono::seconds(std::time(nullptr)).count() / day;
  const auto file = certificates_.certificate("gateway");
  Certificates::run("issue " + certificates_.folder().string() + " gateway");
  EXPECT_EQ(errors("gateway", file, certificates_.authorities()), "");
  EXPECT_NEAR(static_cast<double>(security_.certificate_ends_s / day),
              static_cast<double>(today + 365), 1);
}

TEST_F(BusSecurityTest, RefusesTheCertificateOfAnotherRole) {
  EXPECT_THAT(errors("order-manager", certificates_.certificate("strategy-runner"),
                     certificates_.authorities()),
              AllOf(HasSubstr("bus.tls.certificate_file"), HasSubstr("strategy-runner"),
                    HasSubstr("authorities/order-manager.pem")));
}

TEST_F(BusSecurityTest, RefusesAKeyThatOthersMayRead) {
  const auto file = certificates_.certificate("gateway");
  std::filesystem::permissions(file, std::filesystem::perms(0640));
  EXPECT_THAT(errors("gateway", file, certificates_.authorities()),
              AllOf(HasSubstr("others may read"), HasSubstr("chmod 600")));
}

TEST_F(BusSecurityTest, RefusesACertificateWithoutItsKey) {
  const auto file = certificates_.folder() / "half.pem";
  std::filesystem::copy(certificates_.authorities() / "gateway.pem", file);
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  EXPECT_THAT(errors("gateway", file, certificates_.authorities()), HasSubstr("and its key"));
}

TEST_F(BusSecurityTest, NamesAFolderWithoutTheAuthority) {
  EXPECT_THAT(errors("gateway", certificates_.certificate("gateway"), certificates_.folder()),
              AllOf(HasSubstr("bus.tls.authorities"), HasSubstr("gateway.pem")));
}

// Both authorities are taken while certificates are handed out.
TEST_F(BusSecurityTest, TakesOldAndNewCertificatesWhileAnAuthorityIsRenewed) {
  const std::string folder = certificates_.folder().string();
  const auto file = certificates_.certificate("gateway");
  Certificates::run("renew " + folder + " gateway");
  EXPECT_EQ(errors("gateway", file, certificates_.authorities()), "");
  Certificates::run("issue " + folder + " gateway");
  EXPECT_EQ(errors("gateway", file, certificates_.authorities()), "");
  Certificates::run("retire " + folder + " gateway");
  EXPECT_EQ(errors("gateway", file, certificates_.authorities()), "");
}

}  // namespace
}  // namespace polybot::bus::test
