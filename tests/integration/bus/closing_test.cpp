// Sockets that are closed while messages arrive: NNG may then wait for ever, and we must not.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/bus/nng.hpp"
#include "tests/integration/bus/loop.hpp"

namespace polybot::bus::test {
namespace {

constexpr int kRounds = 20;
constexpr int kSocketsARound = 4;
constexpr int kReceivedBeforeClosing = 20;

class Torrent {
 public:
  explicit Torrent(const std::string& address) : socket_(nng::Protocol::Publish, 128) {
    socket_.attach(listen_on(address), NetworkTrust::LoopbackOnly);
    pouring_ = std::thread([this] {
      while (!done_) socket_.send(nng::Message::of("order.arbitrage ", std::string(300, 'x')));
    });
  }
  ~Torrent() {
    done_ = true;
    pouring_.join();
  }

 private:
  nng::Socket socket_;
  std::atomic<bool> done_ = false;
  std::thread pouring_;
};

// The old way of closing hung in one of some hundred such closes.
TEST(Closing, EndsWhileMessagesPourIn) {
  TemporaryFolder folder;
  const std::string address = ipc_address(folder / "bus", "socket");
  const Torrent torrent(address);
  int closed = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::unique_ptr<nng::Socket>> sockets;
    for (int i = 0; i < kSocketsARound; ++i) {
      auto socket = std::make_unique<nng::Socket>(nng::Protocol::Subscribe, 8);
      socket->subscribe("");
      socket->attach(dial_to(address), NetworkTrust::LoopbackOnly);
      sockets.push_back(std::move(socket));
    }
    for (const auto& socket : sockets) {
      for (int received = 0; received < kReceivedBeforeClosing;) {
        if (socket->try_receive()) {
          ++received;
        } else {
          std::this_thread::yield();
        }
      }
      socket->close();
      EXPECT_FALSE(socket->is_open());
      ++closed;
    }
  }
  EXPECT_EQ(closed, kRounds * kSocketsARound);
}

}  // namespace
}  // namespace polybot::bus::test
