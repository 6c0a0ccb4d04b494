// Keeps a socket's listeners hearing and its dialers dialling. NNG 1.5 takes a peer of its ipc
// transport that goes away in the very moment of connecting (killed, or a prober that closes at
// once) for its own end: the write of the greeting fails with "closed". The listener then stops
// accepting for good - later peers are greeted and never read - and the dialer stops dialling.
// Nothing says so. Over tcp the two are told apart, and by NNG 1.10 over ipc as well.
//
// So each ipc listener is asked each second whether it still takes a connection in, by making one;
// a listener that does not is closed and opened anew on the same address. And a dialer that is
// without a connection is dialled anew after a second, then less and less often. What was lost
// meanwhile heals like any other loss. When NNG has stopped to notice that connections end, which
// nothing in the process can heal, the loop that runs the guard throws: who restarts the process
// restarts it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>

#include "common/bus/nng.hpp"

namespace polybot::bus {

class ConnectionGuard {
 public:
  // `socket` and `renewed` outlive the guard; each renewal of a listener is counted in `renewed`.
  // To be made when the socket is attached to all its addresses.
  ConnectionGuard(boost::asio::any_io_executor executor, nng::Socket& socket,
                  std::uint64_t& renewed);
  ConnectionGuard(const ConnectionGuard&) = delete;
  ConnectionGuard& operator=(const ConnectionGuard&) = delete;
  ~ConnectionGuard();

 private:
  struct State;
  // Shared with the watching coroutine, which ends one loop turn after the guard.
  std::shared_ptr<State> state_;
};

}  // namespace polybot::bus
