// The only place that owns NNG handles. nng.h itself stays in nng.cpp.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/bus/address.hpp"
#include "common/bus/error.hpp"
#include "common/bus/silent_peers.hpp"

struct nng_msg;
struct nng_aio;

namespace polybot::bus::nng {

// A message buffer. Moved, never copied; bytes() stay where they are when it is moved.
class Message {
 public:
  Message() = default;
  explicit Message(nng_msg* owned) : message_(owned) {}
  // Uninitialised bytes; throws std::bad_alloc.
  static Message with_size(std::size_t size);
  static Message of(std::string_view head, std::string_view tail = {});
  Message(Message&& other) noexcept : message_(other.release()) {}
  Message& operator=(Message&& other) noexcept;
  ~Message();

  [[nodiscard]] std::string_view bytes() const;
  [[nodiscard]] std::span<char> writable_bytes();
  // Gives the handle away.
  [[nodiscard]] nng_msg* release() noexcept { return std::exchange(message_, nullptr); }
  explicit operator bool() const { return message_ != nullptr; }

 private:
  nng_msg* message_ = nullptr;
};

enum class Protocol : std::uint8_t { Publish, Subscribe, Request, Reply };

// A socket with its listeners and dialers; closed by the destructor. Opening and listening throw
// std::runtime_error with one clear line ("address in use: ...").
class Socket {
 public:
  // `queue_messages` is set on the sending queue of Publish and the receiving queue of Subscribe
  // (1...8192, NNG's maximum); the other protocols keep NNG's own.
  Socket(Protocol protocol, int queue_messages);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  // Listens or dials. Dialing connects in the background, with or without a listener.
  // Returns the address, with the real port where the configured one was 0.
  std::string attach(const Endpoint& endpoint, NetworkTrust trust);

  void subscribe(std::string_view prefix);
  void unsubscribe(std::string_view prefix);

  // PUB accepts always and at once; what it cannot keep it drops, oldest first.
  void send(Message message);
  // Empty when nothing waits.
  [[nodiscard]] Message try_receive();
  // Readable whenever try_receive() would succeed. Belongs to NNG: release, never close it.
  [[nodiscard]] int receive_descriptor() const;

  // Connections that the listeners have accepted since the start.
  [[nodiscard]] std::uint64_t connections_accepted() const;
  // The accepted connections that NNG has cleared away after their end.
  [[nodiscard]] std::uint64_t connections_ended() const;
  // The ports at which the TLS listeners are.
  [[nodiscard]] const std::vector<std::uint16_t>& tls_ports() const { return tls_ports_; }
  // Peers that the TLS listeners have not let in, because they showed no certificate that belongs
  // there, since the start. NNG 1.5 counts one of those that come within a tenth of a second.
  [[nodiscard]] std::uint64_t peers_not_let_in() const;
  // The other ends of the connections that the TLS listeners have accepted and that stand.
  [[nodiscard]] std::set<PeerAddress> peers() const;
  // The SP protocol number that a peer of this socket speaks.
  [[nodiscard]] std::uint16_t peer_protocol() const;
  [[nodiscard]] const std::vector<std::string>& ipc_paths() const { return ipc_paths_; }
  // Closes the ipc listeners, with the connections they accepted, and listens again. False when
  // that was not possible; it may be tried again.
  [[nodiscard]] bool renew_ipc_listeners();
  // Dialers over ipc and TLS (connection_guard.hpp). Over tcp NNG dials for ever by itself.
  [[nodiscard]] bool has_dialers_that_may_stop() const;
  // Dials again for each of them that has no connection; true when there was one.
  bool renew_idle_dialers();
  // Ends the connection of every dialer and dials again.
  void redial();

  // Returns within a fifth of a second: the socket is closed, or left to the end of the process.
  void close();
  [[nodiscard]] bool is_open() const { return id_ != 0; }
  [[nodiscard]] std::uint32_t id() const { return id_; }

 private:
  struct Dialer {
    std::uint32_t id = 0;
    Address address;

    [[nodiscard]] bool may_stop() const;
  };

  void listen(const Address& address);
  void start_listener(const Address& address);
  void dial(const Address& address);
  std::uint32_t start_dialer(const Address& address);
  void renew(Dialer& dialer);

  std::uint32_t id_ = 0;
  struct Connections;
  // NNG's threads write to it, until the socket is closed.
  std::shared_ptr<Connections> connections_;
  std::vector<Dialer> dialers_;
  std::vector<std::uint32_t> ipc_listeners_;
  std::vector<std::string> ipc_paths_;  // of our listeners; the files are removed on close
  std::vector<std::uint32_t> tls_listeners_;
  std::vector<std::uint16_t> tls_ports_;
  std::string bound_address_;
};

// One REQ or REP conversation of a socket, as awaitables. NNG completes these operations on threads
// of its own; all that happens there is a post to `executor`.
class Context {
 public:
  Context(boost::asio::any_io_executor executor, const Socket& socket);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  // After `timeout`, pending and later operations fail with TimedOut, until expires_never().
  void expires_after(std::chrono::milliseconds timeout);
  void expires_never();
  // One at a time. Both fail with TimedOut, Closed or Transport.
  boost::asio::awaitable<boost::system::result<void>> send(Message message);
  boost::asio::awaitable<boost::system::result<Message>> receive();
  // Ends a pending operation with Closed.
  void close();

 private:
  struct Operation;
  boost::asio::awaitable<boost::system::error_code> completion();

  std::uint32_t id_ = 0;
  // Shared with the task an NNG thread posts when an operation completes: it may run after this is
  // gone.
  std::shared_ptr<Operation> operation_;
};

}  // namespace polybot::bus::nng
