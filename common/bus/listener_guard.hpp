// Keeps an ipc listener hearing. NNG 1.5 stops accepting for good when a peer of its ipc transport
// goes away in the very moment of connecting (killed, or a prober that closes at once): the write
// of NNG's greeting fails with "closed", which the accepting side takes for its own end. Later
// peers are greeted and never read, and nothing says so. Over tcp the two are told apart.
//
// So each ipc listener is asked each second whether it still takes a connection in, by making
// one; a listener that does not is closed and opened anew on the same address. Its peers reconnect
// by themselves, and what they lost meanwhile heals like any other loss.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>

#include "common/bus/nng.hpp"

namespace polybot::bus {

class ListenerGuard {
 public:
  // `socket` and `renewed` outlive the guard; each renewal is counted in `renewed`. Does nothing
  // for a socket without ipc listeners.
  ListenerGuard(boost::asio::any_io_executor executor, nng::Socket& socket, std::uint64_t& renewed);
  ListenerGuard(const ListenerGuard&) = delete;
  ListenerGuard& operator=(const ListenerGuard&) = delete;
  ~ListenerGuard();

 private:
  struct State;
  // Shared with the watching coroutine, which ends one loop turn after the guard.
  std::shared_ptr<State> state_;
};

}  // namespace polybot::bus
