// Peers that go away while they connect deafen NNG's ipc listeners and stop its dialers; ours hear
// and dial again.
#include <gtest/gtest.h>
#include <nng/nng.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "tests/integration/bus/loop.hpp"

namespace polybot::bus::test {
namespace {

constexpr int kPeersEnough = 400;

void connect_and_close_at_once(const std::string& address, int times) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string path = address.substr(std::strlen("ipc://"));
  std::memcpy(name.sun_path, path.data(), path.size());
  for (int i = 0; i < times; ++i) {
    const int peer = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::connect(peer, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    ::close(peer);
  }
}

// Listens where a service would, and hangs up on every peer.
class RudeListener {
 public:
  explicit RudeListener(const std::string& address) : path_(address.substr(std::strlen("ipc://"))) {
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
    std::filesystem::permissions(std::filesystem::path(path_).parent_path(),
                                 std::filesystem::perms::owner_all);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.data(), path_.size());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    hanging_up_ = std::thread([this] {
      while (!done_) {
        const int peer = ::accept(listener_, nullptr, nullptr);
        if (peer < 0) continue;
        ::close(peer);
        ++visits_;
      }
    });
  }
  ~RudeListener() {
    done_ = true;
    hanging_up_.join();
    ::close(listener_);
    ::unlink(path_.c_str());
  }
  [[nodiscard]] int visits() const { return visits_; }

 private:
  std::string path_;
  int listener_ = -1;
  std::atomic<bool> done_ = false;
  std::atomic<int> visits_ = 0;
  std::thread hanging_up_;
};

class ConnectionGuarded : public testing::Test {
 protected:
  // Only NNG decides which of the hasty peers deafens the listener, so they come until one has. A
  // newer NNG tells them from its own end: there it is enough that many have come.
  void deafen(const std::string& address, const Stats& stats) {
    const bool can_be_deafened = std::string_view(nng_version()).starts_with("1.5.");
    int peers = 0;
    loop_.run_until([&] {
      if (stats.listeners_renewed > 0 || (!can_be_deafened && peers >= kPeersEnough)) return true;
      connect_and_close_at_once(address, 8);
      peers += 8;
      return false;
    });
  }

  TemporaryFolder folder_;
  std::string address_ = ipc_address(folder_ / "bus", "socket");
  Loop loop_;
  Stats stats_;
  Stats peer_stats_;
};

TEST_F(ConnectionGuarded, ASubscriberHearsNewPublishersAfterPeersThatCloseAtOnce) {
  Subscriber subscriber(
      loop_.executor(),
      {.endpoints = {listen_on(address_)}, .subscriptions = {Subscription::channel("signal")}},
      stats_);
  Collector collector(loop_, subscriber);
  deafen(address_, stats_);
  Publisher late(loop_.executor(), publisher_config({dial_to(address_)}, 7), peer_stats_);
  connect(loop_, late, collector, "signal.arbitrage");
  EXPECT_EQ(collector.frames.back().producer.incarnation, 7u);
}

TEST_F(ConnectionGuarded, APublisherThatWasHeardBeforeIsHeardAgain) {
  Subscriber subscriber(
      loop_.executor(),
      {.endpoints = {listen_on(address_)}, .subscriptions = {Subscription::channel("signal")}},
      stats_);
  Collector collector(loop_, subscriber);
  Publisher publisher(loop_.executor(), publisher_config({dial_to(address_)}), peer_stats_);
  connect(loop_, publisher, collector, "signal.arbitrage");
  deafen(address_, stats_);
  connect(loop_, publisher, collector, "signal.arbitrage");
}

TEST_F(ConnectionGuarded, APublisherReachesItsSubscribersAgain) {
  Publisher publisher(loop_.executor(), publisher_config({listen_on(address_)}), stats_);
  deafen(address_, stats_);
  Subscriber late(
      loop_.executor(),
      {.endpoints = {dial_to(address_)}, .subscriptions = {Subscription::channel("md")}},
      peer_stats_);
  Collector collector(loop_, late);
  connect(loop_, publisher, collector, "md.3");
}

TEST_F(ConnectionGuarded, ARecoveryServerAnswersAgain) {
  RecoveryServer server(
      loop_.executor(), {.endpoint = listen_on(address_)},
      [](std::string request) -> asio::awaitable<boost::system::result<std::string>> {
        co_return request + "!";
      },
      stats_);
  deafen(address_, stats_);
  RecoveryClient client(loop_.executor(), {.address = address_}, peer_stats_);
  std::string answer;
  asio::co_spawn(
      loop_.io,
      [&]() -> asio::awaitable<void> {
        while (answer.empty()) {
          const auto answered = co_await client.request("seven", std::chrono::milliseconds(200));
          if (answered) answer = *answered;
        }
      },
      asio::detached);
  loop_.run_until([&] { return !answer.empty(); });
  EXPECT_EQ(answer, "seven!");
}

TEST_F(ConnectionGuarded, ADialerKeepsDiallingAListenerThatHungUpOnIt) {
  Subscriber subscriber(
      loop_.executor(),
      {.endpoints = {dial_to(address_)}, .subscriptions = {Subscription::channel("order")}},
      peer_stats_);
  Collector collector(loop_, subscriber);
  {
    RudeListener rude(address_);
    loop_.run_until([&] { return rude.visits() >= 4; });
  }
  Publisher publisher(loop_.executor(), publisher_config({listen_on(address_)}), stats_);
  connect(loop_, publisher, collector, "order.arbitrage");
}

}  // namespace
}  // namespace polybot::bus::test
