#include "common/bus/nng.hpp"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "common/bus/keepalive.hpp"
#include "common/bus/nng_handles.hpp"

#ifdef __SANITIZE_ADDRESS__
// What LeakSanitizer is not to report. NNG 1.5 loses the message under way when a socket closes,
// and with it what that belongs to; a close may also wait for ever (Socket::close). Messages of
// ours are freed by their owner.
extern "C" const char* __lsan_default_suppressions();   // NOLINT: the name that it looks for
extern "C" const char* __lsan_default_suppressions() {  // NOLINT
  return "leak:libnng.so";
}
#endif

namespace polybot::bus::nng {
namespace {

// NNG closes the pipe of a message above this size. No sender of ours goes above 1 MiB. The margin
// keeps one that does from cutting off all other senders of its process.
constexpr std::size_t kReceiveBytesMax = std::size_t{8} << 20;
// Dialers try again at this pace; a service that restarts is heard again within it.
constexpr nng_duration kReconnectMs = 100;
// Closing takes NNG a millisecond or never (see Socket::close).
constexpr std::chrono::milliseconds kClosePatience{200};
constexpr int kIpcPermissions = 0600;
constexpr std::string_view kIpcScheme = "ipc://";
constexpr std::string_view kTcpScheme = "tcp://";
constexpr std::string_view kTlsScheme = "tls+tcp://";

bool is_tcp(std::string_view address) {
  return address.starts_with(kTcpScheme) || address.starts_with(kTlsScheme);
}

}  // namespace

// ---- Message

Message Message::with_size(std::size_t size) {
  nng_msg* message = nullptr;
  if (nng_msg_alloc(&message, size) != 0) throw std::bad_alloc();
  return Message(message);
}

Message Message::of(std::string_view head, std::string_view tail) {
  Message message = with_size(head.size() + tail.size());
  char* to = message.writable_bytes().data();
  if (!head.empty()) std::memcpy(to, head.data(), head.size());
  if (!tail.empty()) std::memcpy(to + head.size(), tail.data(), tail.size());
  return message;
}

Message& Message::operator=(Message&& other) noexcept {
  if (this != &other) {
    if (message_ != nullptr) nng_msg_free(message_);
    message_ = other.release();
  }
  return *this;
}

Message::~Message() {
  if (message_ != nullptr) nng_msg_free(message_);
}

std::string_view Message::bytes() const {
  if (message_ == nullptr) return {};
  return {static_cast<const char*>(nng_msg_body(message_)), nng_msg_len(message_)};
}

std::span<char> Message::writable_bytes() {
  if (message_ == nullptr) return {};
  return {static_cast<char*>(nng_msg_body(message_)), nng_msg_len(message_)};
}

// ---- Socket

namespace {

bool is_verified(nng_pipe pipe) {
  bool verified = false;
  return nng_pipe_get_bool(pipe, NNG_OPT_TLS_VERIFIED, &verified) == 0 && verified;
}

// Empty for a connection that is not over IP.
PeerAddress other_end(nng_pipe pipe) {
  nng_sockaddr address{};
  if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address) != 0) return {};
  const auto bytes = [](const auto& ip) {
    return std::span(reinterpret_cast<const unsigned char*>(&ip), sizeof ip);
  };
  if (address.s_family == NNG_AF_INET)
    return peer_address(address.s_in.sa_port, bytes(address.s_in.sa_addr));
  if (address.s_family == NNG_AF_INET6)
    return peer_address(address.s_in6.sa_port, bytes(address.s_in6.sa_addr));
  return {};
}

}  // namespace

struct Socket::Connections {
  std::mutex mutex;
  std::uint64_t accepted = 0;
  std::uint64_t ended = 0;                     // of the accepted ones
  std::map<std::uint32_t, int> of_dialers;     // standing ones, by dialer
  std::map<std::uint32_t, PeerAddress> peers;  // of the accepted ones over TLS, by pipe

  // Runs on an NNG thread.
  static void changed(nng_pipe pipe, nng_pipe_ev event, void* self) {
    auto& connections = *static_cast<Connections*>(self);
    const bool is_new = event == NNG_PIPE_EV_ADD_POST;
    const int dialer = nng_dialer_id(nng_pipe_dialer(pipe));
    const auto id = static_cast<std::uint32_t>(nng_pipe_id(pipe));
    const PeerAddress peer = is_new ? other_end(pipe) : PeerAddress();
    if (!peer.empty()) shorten_keepalive();
    const bool is_tls = !peer.empty() && is_verified(pipe);
    const std::lock_guard lock(connections.mutex);
    if (dialer > 0) {
      connections.of_dialers[static_cast<std::uint32_t>(dialer)] += is_new ? 1 : -1;
    } else {
      ++(is_new ? connections.accepted : connections.ended);
      if (!is_new) connections.peers.erase(id);
      if (is_tls) connections.peers.emplace(id, peer);
    }
  }
};

Socket::Socket(Protocol protocol, int queue_messages)
    : connections_(std::make_shared<Connections>()) {
  nng_socket socket = NNG_SOCKET_INITIALIZER;
  switch (protocol) {
    case Protocol::Publish:
      check(nng_pub0_open(&socket), "cannot open a socket");
      break;
    case Protocol::Subscribe:
      check(nng_sub0_open(&socket), "cannot open a socket");
      break;
    case Protocol::Request:
      check(nng_req0_open(&socket), "cannot open a socket");
      break;
    case Protocol::Reply:
      check(nng_rep0_open(&socket), "cannot open a socket");
      break;
  }
  id_ = socket.id;
  try {
    for (const nng_pipe_ev event : {NNG_PIPE_EV_ADD_POST, NNG_PIPE_EV_REM_POST}) {
      check(nng_pipe_notify(socket, event, &Connections::changed, connections_.get()),
            "cannot watch connections");
    }
    check(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, kReceiveBytesMax), "receive limit");
    check(nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, kReconnectMs), "reconnect time");
    check(nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, kReconnectMs), "reconnect time");
    if (protocol == Protocol::Publish) {
      check(nng_socket_set_int(socket, NNG_OPT_SENDBUF, queue_messages), "queue size");
    } else if (protocol == Protocol::Subscribe) {
      check(nng_socket_set_int(socket, NNG_OPT_RECVBUF, queue_messages), "queue size");
    } else if (protocol == Protocol::Request) {
      // Repeating a request is its caller's decision, not the transport's.
      check(nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE),
            "resend time");
    }
  } catch (...) {  // a constructor that throws runs no destructor
    close();
    throw;
  }
}

std::string Socket::attach(const Endpoint& endpoint, NetworkTrust trust) {
  check_address(endpoint, trust);
  bound_address_ = endpoint.address.text;
  switch (endpoint.role) {
    case EndpointRole::Listen:
      listen(endpoint.address);
      break;
    case EndpointRole::Dial:
      dial(endpoint.address);
      break;
  }
  return bound_address_;
}

void Socket::listen(const Address& address) {
  const std::string& text = address.text;
  if (text.starts_with(kIpcScheme)) {
    prepare_ipc_folder(std::filesystem::path(text.substr(kIpcScheme.size())).parent_path());
    remove_stale_ipc_socket(text);
  }
  start_listener(address);
}

void Socket::start_listener(const Address& where) {
  const std::string& address = where.text;
  const bool is_ipc = address.starts_with(kIpcScheme);
  nng_listener listener = NNG_LISTENER_INITIALIZER;
  int result = nng_listener_create(&listener, socket_of(id_), address.c_str());
  if (result == 0 && is_ipc) {
    result = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, kIpcPermissions);
  }
  if (result == 0 && is_tcp(address)) {
    result = nng_listener_set_bool(listener, NNG_OPT_TCP_KEEPALIVE, true);
  }
  if (result == 0 && where.tls != nullptr) {
    const TlsConfig tls = make_tls_config(EndpointRole::Listen, *where.tls);  // NNG holds its own
    result = nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, tls.get());
  }
  if (result == 0) result = nng_listener_start(listener, 0);
  if (result != 0) nng_listener_close(listener);
  if (result == NNG_EADDRINUSE) {
    throw std::runtime_error(address_in_use(address));
  }
  if (result != 0) {
    throw std::runtime_error("cannot listen on " + address + ": " + nng_strerror(result));
  }
  if (is_ipc) {
    ipc_listeners_.push_back(listener.id);
    ipc_paths_.push_back(address.substr(kIpcScheme.size()));
  }
  int port = 0;
  if (!is_tcp(address) || nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port) != 0)
    return;
  if (address.ends_with(":0")) {
    bound_address_ = address.substr(0, address.size() - 1) + std::to_string(port);
  }
  if (where.tls == nullptr) return;
  tls_listeners_.push_back(listener.id);
  tls_ports_.push_back(static_cast<std::uint16_t>(port));
}

std::uint64_t Socket::peers_not_let_in() const {
  nng_stat* all = nullptr;
  if (nng_stats_get(&all) != 0) return 0;
  const std::unique_ptr<nng_stat, void (*)(nng_stat*)> owner(all, &nng_stats_free);
  // nng_stat_find_listener() of NNG 1.5 finds the first listener of all, whatever it is asked for.
  std::uint64_t count = 0;
  for (nng_stat* one = nng_stat_child(all); one != nullptr; one = nng_stat_next(one)) {
    if (std::string_view(nng_stat_name(one)) != "listener") continue;
    nng_stat* const id = nng_stat_find(one, "id");
    nng_stat* const refused = nng_stat_find(one, "auth");
    const bool ours = id != nullptr && std::find(tls_listeners_.begin(), tls_listeners_.end(),
                                                 nng_stat_value(id)) != tls_listeners_.end();
    if (ours && refused != nullptr) count += nng_stat_value(refused);
  }
  return count;
}

bool Socket::renew_ipc_listeners() {
  for (const std::uint32_t id : std::exchange(ipc_listeners_, {})) {
    nng_listener_close(nng_listener{.id = id});
  }
  const std::vector<std::string> paths = std::exchange(ipc_paths_, {});
  bool all = true;
  for (const std::string& path : paths) {
    try {
      start_listener(std::string(kIpcScheme) + path);
    } catch (const std::runtime_error&) {  // kept in the list: the next attempt may succeed
      ipc_paths_.push_back(path);
      all = false;
    }
  }
  return all;
}

std::uint16_t Socket::peer_protocol() const {
  int protocol = 0;
  check(nng_socket_get_int(socket_of(id_), NNG_OPT_PEER, &protocol), "no peer protocol");
  return static_cast<std::uint16_t>(protocol);
}

bool Socket::Dialer::may_stop() const {
  return address.text.starts_with(kIpcScheme) || address.tls != nullptr;
}

void Socket::dial(const Address& where) {
  const std::uint32_t id = start_dialer(where);
  dialers_.push_back({.id = id, .address = where});
}

std::uint32_t Socket::start_dialer(const Address& where) {
  const std::string& address = where.text;
  nng_dialer dialer = NNG_DIALER_INITIALIZER;
  int result = nng_dialer_create(&dialer, socket_of(id_), address.c_str());
  // A SUB never sends, so the kernel alone can notice that its peer's host is gone without a word.
  if (result == 0 && is_tcp(address)) {
    result = nng_dialer_set_bool(dialer, NNG_OPT_TCP_KEEPALIVE, true);
  }
  if (result == 0 && where.tls != nullptr) {
    const TlsConfig tls = make_tls_config(EndpointRole::Dial, *where.tls);  // NNG holds its own
    result = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, tls.get());
  }
  if (result == 0) result = nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
  if (result != 0) nng_dialer_close(dialer);
  if (result != 0) throw std::runtime_error("cannot dial " + address + ": " + nng_strerror(result));
  return dialer.id;
}

bool Socket::has_dialers_that_may_stop() const {
  return std::any_of(dialers_.begin(), dialers_.end(),
                     [](const Dialer& dialer) { return dialer.may_stop(); });
}

void Socket::renew(Dialer& dialer) {
  nng_dialer_close(nng_dialer{.id = dialer.id});
  try {
    dialer.id = start_dialer(dialer.address);
  } catch (const std::runtime_error&) {
    // It was possible with this address before; if it is not possible now, the next call tries
    // again.
  }
}

bool Socket::renew_idle_dialers() {
  bool idle = false;
  for (Dialer& dialer : dialers_) {
    if (!dialer.may_stop()) continue;
    {
      const std::lock_guard lock(connections_->mutex);
      if (connections_->of_dialers[dialer.id] > 0) continue;
      connections_->of_dialers.erase(dialer.id);
    }
    idle = true;
    renew(dialer);
  }
  return idle;
}

void Socket::redial() {
  for (Dialer& dialer : dialers_) renew(dialer);
}

std::uint64_t Socket::connections_accepted() const {
  const std::lock_guard lock(connections_->mutex);
  return connections_->accepted;
}

std::uint64_t Socket::connections_ended() const {
  const std::lock_guard lock(connections_->mutex);
  return connections_->ended;
}

std::set<PeerAddress> Socket::peers() const {
  std::set<PeerAddress> found;
  const std::lock_guard lock(connections_->mutex);
  for (const auto& [pipe, peer] : connections_->peers) found.insert(peer);
  return found;
}

Socket::~Socket() {
  close();
}

void Socket::subscribe(std::string_view prefix) {
  check(nng_socket_set(socket_of(id_), NNG_OPT_SUB_SUBSCRIBE, prefix.data(), prefix.size()),
        "cannot subscribe");
}

void Socket::unsubscribe(std::string_view prefix) {
  const int result =
      nng_socket_set(socket_of(id_), NNG_OPT_SUB_UNSUBSCRIBE, prefix.data(), prefix.size());
  if (result != NNG_ENOENT) check(result, "cannot unsubscribe");
}

void Socket::send(Message message) {
  nng_msg* handle = message.release();
  if (nng_sendmsg(socket_of(id_), handle, NNG_FLAG_NONBLOCK) != 0) nng_msg_free(handle);
}

Message Socket::try_receive() {
  nng_msg* message = nullptr;
  if (nng_recvmsg(socket_of(id_), &message, NNG_FLAG_NONBLOCK) != 0) return {};
  return Message(message);
}

int Socket::receive_descriptor() const {
  int descriptor = -1;
  check(nng_socket_get_int(socket_of(id_), NNG_OPT_RECVFD, &descriptor), "no receive descriptor");
  return descriptor;
}

void Socket::close() {
  if (id_ == 0) return;
  // When a message arrives while its connection is closed, NNG 1.5 may wait for ever for a receive
  // that it has forgotten to begin (one close in some hundred, under load). A thread waits in our
  // place. It keeps alive what NNG's threads may still write to.
  const nng_socket socket = socket_of(std::exchange(id_, 0));
  std::promise<void> closing;
  const std::future<void> closed = closing.get_future();
  try {
    std::thread([socket, closing = std::move(closing), connections = connections_]() mutable {
      nng_close(socket);
      closing.set_value();
    }).detach();
  } catch (const std::system_error&) {
    nng_close(socket);  // no thread is available; if it hangs, the watchdog ends the process
  }
  // If NNG waits for one socket, it waits for all.
  static std::atomic<bool> waits_for_ever = false;
  if (!waits_for_ever && closed.wait_for(kClosePatience) == std::future_status::timeout) {
    waits_for_ever = true;
  }
  // NNG removes these itself; a file that is still there would stop the next start's listener.
  for (const std::string& path : ipc_paths_) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  ipc_listeners_.clear();
  ipc_paths_.clear();
}

}  // namespace polybot::bus::nng
