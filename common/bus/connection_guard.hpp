// Keeps a socket's listeners accepting and its dialers dialling. An ipc peer may go away while it
// connects (it is killed, or a prober closes at once). NNG 1.5 takes that for its own end, because
// the write of the greeting fails with "closed". The listener then stops accepting for good - later
// peers are greeted and never read - and the dialer stops dialling. NNG reports nothing. Over tcp
// it tells the two cases apart, and from NNG 1.10 over ipc as well. Over TLS a dialer stops, too,
// when the listener goes away in the handshake.
//
// So the guard connects to each ipc listener once a second. A listener that does not accept is
// closed and opened again on the same address. A dialer without a connection is dialled again after
// a second, then less and less often. What was lost meanwhile heals like any other loss. What no
// guard can heal ends the process: reaper_watch.hpp.
//
// At TLS ports it ends the connections of peers that stay silent (silent_peers.hpp).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "common/bus/nng.hpp"
#include "common/bus/stats.hpp"

namespace polybot::bus {

class ConnectionGuard {
 public:
  // `socket` and `stats` outlive the guard, which counts there what it does. To be made when the
  // socket is attached to all its addresses.
  ConnectionGuard(boost::asio::any_io_executor executor, nng::Socket& socket, Stats& stats);
  ConnectionGuard(const ConnectionGuard&) = delete;
  ConnectionGuard& operator=(const ConnectionGuard&) = delete;
  ~ConnectionGuard();

 private:
  struct State;
  // Shared with the watching coroutine, which ends one loop turn after the guard.
  std::shared_ptr<State> state_;
};

}  // namespace polybot::bus
