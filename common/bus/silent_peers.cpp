#include "common/bus/silent_peers.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace polybot::bus {
namespace {

struct Ends {
  std::uint16_t own_port = 0;  // in host order
  PeerAddress peer;
};

std::pair<std::uint16_t, std::span<const unsigned char>> parts(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    return {in.sin_port, {reinterpret_cast<const unsigned char*>(&in.sin_addr), 4}};
  }
  if (address.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
    return {in.sin6_port, {reinterpret_cast<const unsigned char*>(&in.sin6_addr), 16}};
  }
  return {};
}

// Empty for everything that is no connection over IP.
std::optional<Ends> ends_of(int descriptor) {
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t own_size = sizeof own;
  socklen_t peer_size = sizeof peer;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 ||
      ::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) {
    return std::nullopt;
  }
  const auto [own_port, own_ip] = parts(own);
  const auto [peer_port, peer_ip] = parts(peer);
  if (own_ip.empty() || peer_ip.empty()) return std::nullopt;
  return Ends{ntohs(own_port), peer_address(peer_port, peer_ip)};
}

// The connections at `ports`, with their descriptors. NNG may close one at any time, and the number
// may then be another's.
std::map<PeerAddress, int> connections_at(DIR* descriptors, std::span<const std::uint16_t> ports) {
  std::map<PeerAddress, int> found;
  if (descriptors == nullptr) return found;
  ::rewinddir(descriptors);
  while (const dirent* const entry = ::readdir(descriptors)) {
    const std::string_view name = entry->d_name;
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    const auto ends = ends_of(descriptor);
    if (ends && std::find(ports.begin(), ports.end(), ends->own_port) != ports.end())
      found.emplace(ends->peer, descriptor);
  }
  return found;
}

// A copy of the descriptor stays with its connection, whatever becomes of the number. When there is
// no room for a copy, room is what matters.
bool shut_down(int descriptor, const PeerAddress& peer) {
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  const int pinned = copy < 0 ? descriptor : copy;
  const auto ends = ends_of(pinned);
  const bool done = ends && ends->peer == peer && ::shutdown(pinned, SHUT_RDWR) == 0;
  if (copy >= 0) ::close(copy);
  return done;
}

}  // namespace

PeerAddress peer_address(std::uint16_t port, std::span<const unsigned char> ip) {
  PeerAddress address(reinterpret_cast<const char*>(&port), sizeof port);
  address.append(reinterpret_cast<const char*>(ip.data()), ip.size());
  return address;
}

SilentPeers::SilentPeers() : descriptors_(::opendir("/proc/self/fd"), &::closedir) {}

std::size_t SilentPeers::end_late_ones(std::span<const std::uint16_t> ports,
                                       const Standing& standing, Time now) {
  std::map<PeerAddress, int> connections = connections_at(descriptors_.get(), ports);
  for (const PeerAddress& peer : standing()) connections.erase(peer);
  std::erase_if(since_, [&](const auto& entry) { return !connections.contains(entry.first); });
  std::vector<std::pair<Time, PeerAddress>> oldest_first;
  for (const auto& [peer, descriptor] : connections)
    oldest_first.emplace_back(since_.try_emplace(peer, now).first->second, peer);
  std::sort(oldest_first.begin(), oldest_first.end());
  std::size_t left = oldest_first.size();
  std::size_t ended = 0;
  for (const auto& [since, peer] : oldest_first) {
    if (now - since < kHandshakePatience && left <= kHandshakesMax) break;
    --left;
    if (shut_down(connections.at(peer), peer)) ++ended;
    since_.erase(peer);
  }
  return ended;
}

}  // namespace polybot::bus
