// Ends connections to TLS ports whose peers do not show a certificate in time. NNG 1.5 waits for a
// TLS handshake for ever: a peer that connects and is silent costs a descriptor and 33 KB until it
// goes away. NNG does not tell of such a connection, and has no handle for it.
//
// So this looks at the descriptors of its own process. A connection that was accepted at one of the
// ports, and that NNG does not name among those that stand, is still in its handshake. After
// kHandshakePatience it is shut down, which NNG sees as an end by the peer.
#pragma once

#include <dirent.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>

namespace polybot::bus {

// What NNG grants a peer over tcp for saying what it is.
inline constexpr std::chrono::seconds kHandshakePatience{10};
// So many may be under way at a port; when there are more, the oldest end at once. A flood of
// silent peers must not take the descriptors that the process needs for the venue and the journal.
inline constexpr std::size_t kHandshakesMax = 256;

// The other end of a connection: the bytes of its port and of its IP address, in network order.
using PeerAddress = std::string;
[[nodiscard]] PeerAddress peer_address(std::uint16_t port, std::span<const unsigned char> ip);

class SilentPeers {
 public:
  SilentPeers();
  using Time = std::chrono::steady_clock::time_point;
  // Asked after the descriptors are read, so that no peer that was in time is missed.
  using Standing = std::function<std::set<PeerAddress>()>;

  // To be called about once a second; returns how many connections it has ended. `ports` are those
  // that listen.
  std::size_t end_late_ones(std::span<const std::uint16_t> ports, const Standing& standing,
                            Time now);

 private:
  // Kept open: when no descriptor is left, none is left for looking at them either.
  std::unique_ptr<DIR, int (*)(DIR*)> descriptors_;
  std::map<PeerAddress, Time> since_;  // of connections in their handshake: when first seen
};

}  // namespace polybot::bus
