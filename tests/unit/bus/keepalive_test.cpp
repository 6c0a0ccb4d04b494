// The kernel notices that a peer's host has vanished only when it was told to look.
#include "common/bus/keepalive.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <string>

#include "common/bus/nng.hpp"

namespace polybot::bus {
namespace {

constexpr int kPatienceMs = 10;

int option_of(int descriptor, int option, int level = SOL_SOCKET) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(descriptor, level, option, &value, &size) == 0 ? value : -1;
}

struct TcpConnections {
  int standing = 0;
  int kept_alive = 0;
  int looked_at_soon = 0;
};

// The connections of this process, both ends of each.
TcpConnections tcp_connections() {
  TcpConnections found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string name = entry.path().filename();
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (option_of(descriptor, SO_DOMAIN) != AF_INET) continue;
    if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    ++found.standing;
    found.kept_alive += option_of(descriptor, SO_KEEPALIVE) == 1 ? 1 : 0;
    const bool soon = option_of(descriptor, TCP_KEEPIDLE, IPPROTO_TCP) == kKeepaliveIdle.count() &&
                      option_of(descriptor, TCP_KEEPCNT, IPPROTO_TCP) == kKeepaliveProbes &&
                      option_of(descriptor, TCP_KEEPINTVL, IPPROTO_TCP) == 1;
    found.looked_at_soon += soon ? 1 : 0;
  }
  return found;
}

// Sends until a message comes through.
void await_connection(nng::Socket& from, nng::Socket& to) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!to.try_receive()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "no connection";
    from.send(nng::Message::of("topic"));
    pollfd readable{.fd = to.receive_descriptor(), .events = POLLIN, .revents = 0};
    poll(&readable, 1, kPatienceMs);
  }
}

TEST(Keepalive, IsAskedForAtBothEndsOfATcpConnection) {
  nng::Socket publisher(nng::Protocol::Publish, 8);
  nng::Socket subscriber(nng::Protocol::Subscribe, 8);
  subscriber.subscribe("");
  const std::string address =
      publisher.attach({EndpointRole::Listen, "tcp://127.0.0.1:0"}, NetworkTrust::LoopbackOnly);
  subscriber.attach({EndpointRole::Dial, address}, NetworkTrust::LoopbackOnly);
  await_connection(publisher, subscriber);
  const TcpConnections connections = tcp_connections();
  EXPECT_EQ(connections.standing, 2);
  EXPECT_EQ(connections.kept_alive, 2);
  EXPECT_EQ(connections.looked_at_soon, 2);
}

}  // namespace
}  // namespace polybot::bus
