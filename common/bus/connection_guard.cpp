#include "common/bus/connection_guard.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "common/bus/silent_peers.hpp"

namespace polybot::bus {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds kProbeInterval{1000};
constexpr milliseconds kDoubtInterval{100};  // after a failure
constexpr milliseconds kGreetingPatience{10'000};
constexpr milliseconds kAcceptancePatience{500};  // from the greeting on
constexpr milliseconds kPoll{10};
// A listener that fails this often in a row is taken to be deaf.
constexpr int kProbesBeforeRenewal = 2;
// The pause doubles while there is no connection, because a stopped listener finds every attempt in
// its queue.
constexpr milliseconds kRedialFirst{1000};
constexpr milliseconds kRedialLast{8000};

// What both ends of an SP connection say first: https://nanomsg.org/rfcs/sp-ipc-v1.html. The two
// bytes before the last two are the speaker's protocol.
using Greeting = std::array<unsigned char, 8>;
Greeting greeting_of(std::uint16_t protocol) {
  return {0,
          'S',
          'P',
          0,
          static_cast<unsigned char>(protocol >> 8),
          static_cast<unsigned char>(protocol & 0xff),
          0,
          0};
}

}  // namespace

struct ConnectionGuard::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor executor, nng::Socket& guarded, Stats& counters)
      : socket(guarded),
        stats(counters),
        timer(executor),
        dial_timer(executor),
        handshake_timer(executor),
        probe(executor) {}

  asio::awaitable<void> wait(milliseconds span) {
    timer.expires_after(span);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  asio::awaitable<void> watch_listeners() {
    const std::shared_ptr<State> self = shared_from_this();
    int failures = 0;
    while (!stopped) {
      co_await wait(failures == 0 ? kProbeInterval : kDoubtInterval);
      if (stopped) co_return;
      const bool heard = co_await is_heard();
      if (stopped) co_return;
      failures = heard ? 0 : failures + 1;
      if (failures < kProbesBeforeRenewal) continue;
      failures = 0;
      if (socket.renew_ipc_listeners()) ++stats.listeners_renewed;
    }
  }

  void watch_dialers() {
    dial_timer.expires_after(redial_after);
    dial_timer.async_wait([self = shared_from_this()](const boost::system::error_code&) {
      if (self->stopped) return;
      const bool idle = self->socket.renew_idle_dialers();
      self->redial_after = idle ? std::min(2 * self->redial_after, kRedialLast) : kRedialFirst;
      self->watch_dialers();
    });
  }

  void watch_handshakes() {
    handshake_timer.expires_after(kProbeInterval);
    handshake_timer.async_wait([self = shared_from_this()](const boost::system::error_code&) {
      if (self->stopped) return;
      self->stats.handshakes_expired += self->silent_peers.end_late_ones(
          self->socket.tls_ports(), [&] { return self->socket.peers(); },
          std::chrono::steady_clock::now());
      const std::uint64_t seen = self->socket.peers_not_let_in();
      if (seen > self->not_let_in) {
        self->stats.refused[static_cast<std::size_t>(Refusal::UntrustedPeer)] +=
            seen - std::exchange(self->not_let_in, seen);
      }
      self->watch_handshakes();
    });
  }

  // Connects to each ipc listener as a real peer would, and waits until the listener accepts it.
  asio::awaitable<bool> is_heard() {
    bool all = true;
    for (const std::string& path : socket.ipc_paths()) {
      const bool heard = co_await takes_connection(path);
      if (stopped) co_return true;
      all = all && heard;
    }
    co_return all;
  }

  asio::awaitable<bool> takes_connection(std::string path) {
    const std::uint64_t before = socket.connections_accepted();
    const bool greeted = co_await is_greeted(path);
    bool heard = false;
    for (milliseconds waited{0}; greeted && !stopped && waited < kAcceptancePatience;
         waited += kPoll) {
      heard = socket.connections_accepted() > before;
      if (heard) break;
      co_await wait(kPoll);
    }
    boost::system::error_code ignored;
    probe.close(ignored);
    co_return heard;
  }

  // Even a deaf listener greets. Closing before it has greeted is what makes it deaf.
  asio::awaitable<bool> is_greeted(const std::string& path) {
    boost::system::error_code error;
    probe.open({}, error);
    probe.non_blocking(true, error);
    probe.connect(asio::local::stream_protocol::endpoint(path), error);
    if (error) co_return false;
    asio::write(probe, asio::buffer(greeting_of(socket.peer_protocol())), error);
    Greeting answer{};
    for (milliseconds waited{0}; !stopped && waited < kGreetingPatience; waited += kPoll) {
      co_await wait(kPoll);
      if (!stopped && probe.read_some(asio::buffer(answer), error) > 0) co_return true;
    }
    co_return false;
  }

  void stop() {
    stopped = true;
    timer.cancel();
    dial_timer.cancel();
    handshake_timer.cancel();
  }

  nng::Socket& socket;
  Stats& stats;
  asio::steady_timer timer;
  asio::steady_timer dial_timer;
  asio::steady_timer handshake_timer;
  SilentPeers silent_peers;
  asio::local::stream_protocol::socket probe;
  milliseconds redial_after = kRedialFirst;
  std::uint64_t not_let_in = 0;  // counted so far
  bool stopped = false;
};

ConnectionGuard::ConnectionGuard(asio::any_io_executor executor, nng::Socket& socket,
                                 Stats& stats) {
  state_ = std::make_shared<State>(executor, socket, stats);
  if (!socket.ipc_paths().empty()) {
    asio::co_spawn(executor, state_->watch_listeners(), asio::detached);
  }
  if (socket.has_dialers_that_may_stop()) state_->watch_dialers();
  if (!socket.tls_ports().empty()) state_->watch_handshakes();
}

ConnectionGuard::~ConnectionGuard() {
  state_->stop();
}

}  // namespace polybot::bus
