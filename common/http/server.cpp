#include "common/http/server.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "common/http/completion.hpp"
#include "common/http/server_core.hpp"

namespace polybot::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kSweepMax{250};     // how late a time limit may be noticed
constexpr std::chrono::milliseconds kAcceptPause{100};  // after e.g. "too many open files"
constexpr std::chrono::milliseconds kCutGrace{1000};    // for cancelled handlers to unwind

}  // namespace

// --- listening -----------------------------------------------------------------------------------

void Server::Core::listen() {
  const auto check = [&](const error_code& ec) {
    if (!ec) return;
    std::string text = "cannot listen on " + options_.address + ":" + std::to_string(options_.port);
    if (!options_.config_key.empty()) text += " (" + options_.config_key + ")";
    throw ListenError(text + ": " + ec.message());
  };
  error_code ec;
  const auto address = asio::ip::make_address(options_.address, ec);
  check(ec);
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), ec);
  check(ec);
  // A restarted service takes its port over from connections in TIME_WAIT.
  acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
  check(ec);
  acceptor_.bind(endpoint, ec);
  check(ec);
  acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  check(ec);
  const auto bound = acceptor_.local_endpoint(ec);
  check(ec);
  port_ = bound.port();
  const std::string host = bound.address().to_string();
  bound_address_ =
      (bound.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port_);
  asio::co_spawn(executor_, accept_loop(shared_from_this()), asio::detached);
  sweep_later();
}

asio::awaitable<void> Server::Core::accept_loop(std::shared_ptr<Core> self) {
  asio::steady_timer pause(self->executor_);
  while (!self->stopping_) {
    auto [ec, socket] = co_await self->acceptor_.async_accept(kAsTuple);
    if (self->stopping_ || ec == asio::error::operation_aborted) co_return;
    if (ec) {
      if (self->options_.observer.on_accept_error) self->options_.observer.on_accept_error(ec);
      if (ec == asio::error::no_descriptors) (void)self->close_idlest();
      // ECONNABORTED concerns one peer; anything else (no descriptors, no memory) needs time to
      // pass.
      if (ec == asio::error::connection_aborted) continue;
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kAsTuple);
      continue;
    }
    self->admit_connection(std::move(socket));
  }
}

void Server::Core::admit_connection(tcp::socket socket) {
  const ServerLimits& limits = options_.limits;
  if (ordinary_ < limits.connections_max || close_idlest()) {
    ++ordinary_;
    return start_session(std::move(socket), Session::Class::Ordinary);
  }
  const std::size_t reserved = sessions_.size() - closing_ - ordinary_;
  const bool room = reserved < limits.reserved_max || close_oldest_reserved();
  if (!options_.reserved_for || !room) return refuse_connection(socket);
  start_session(std::move(socket), Session::Class::Reserved);
}

// False when no ordinary connection is idle.
bool Server::Core::close_idlest() {
  Session* idlest = nullptr;
  for (Session& session : sessions_) {
    if (session.kind != Session::Class::Ordinary || session.phase != Session::Phase::Idle) continue;
    if (idlest == nullptr || session.idle_since < idlest->idle_since) idlest = &session;
  }
  return idlest != nullptr && close_for_another(*idlest);
}

// The one that has waited for its request for longest; false when all are being answered.
bool Server::Core::close_oldest_reserved() {
  const auto oldest =
      std::find_if(sessions_.rbegin(), sessions_.rend(), [](const Session& session) {
        return session.kind == Session::Class::Reserved && session.reading;
      });
  return oldest != sessions_.rend() && close_for_another(*oldest);
}

bool Server::Core::close_for_another(Session& session) {
  leave(session);
  error_code ignored;
  session.socket.cancel(ignored);  // the session wakes and ends
  if (options_.observer.on_crowded) options_.observer.on_crowded();
  return true;
}

// Gives its place away; it is forgotten when its coroutine has ended.
void Server::Core::leave(Session& session) {
  if (session.kind == Session::Class::Ordinary) --ordinary_;
  if (session.kind != Session::Class::Closing) ++closing_;
  session.kind = Session::Class::Closing;
}

void Server::Core::refuse_connection(tcp::socket& socket) {
  Exchange exchange;
  exchange.started = SteadyClock::now();
  const Response response = too_many_connections();
  std::string out;
  head_.append(out, response, exchange.connection);
  out += response.body;
  error_code ec;
  socket.non_blocking(true, ec);
  socket.write_some(asio::buffer(out), ec);  // a fresh socket's buffer has room for it
  socket.shutdown(tcp::socket::shutdown_both, ec);
  observe(exchange, response.status);
  if (options_.observer.on_crowded) options_.observer.on_crowded();
}

void Server::Core::start_session(tcp::socket socket, Session::Class kind) {
  error_code ec;
  socket.set_option(tcp::no_delay(true), ec);
  const auto remote = socket.remote_endpoint(ec);
  sessions_.emplace_front(std::move(socket), kind);
  const auto session = sessions_.begin();
  session->idle_since = SteadyClock::now();
  session->reserved_until = session->idle_since + options_.limits.reserved_timeout;
  if (!ec) session->remote_address = remote.address().to_string();
  asio::co_spawn(
      executor_, serve(shared_from_this(), session),
      asio::bind_cancellation_slot(session->cancel.slot(),
                                   [self = shared_from_this(), session](const std::exception_ptr&) {
                                     self->forget(session);
                                   }));
}

void Server::Core::forget(Sessions::iterator session) {
  // The slot is in use until the completion handler has returned.
  asio::post(executor_, [self = shared_from_this(), session] {
    self->leave(*session);
    --self->closing_;
    self->sessions_.erase(session);
    if (self->sessions_.empty()) self->drained_.cancel();
  });
}

// --- time limits ---------------------------------------------------------------------------------

// One timer for all connections: setting a deadline is one store, not two timer operations per
// request.
void Server::Core::sweep_later() {
  const ServerLimits& limits = options_.limits;
  const auto shortest = std::min(
      {limits.header_timeout, limits.body_timeout, limits.idle_timeout, limits.write_timeout});
  sweep_timer_.expires_after(std::clamp(shortest / 4, std::chrono::milliseconds(1), kSweepMax));
  sweep_timer_.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    self->sweep();
    self->sweep_later();
  });
}

void Server::Core::sweep() {
  const auto now = SteadyClock::now();
  for (Session& session : sessions_) {
    if (now < session.deadline) continue;
    session.timed_out = true;
    error_code ignored;
    session.socket.cancel(ignored);  // the session wakes and sees why
  }
}

// --- stopping ------------------------------------------------------------------------------------

asio::awaitable<void> Server::Core::stop(std::chrono::milliseconds grace) {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (Session& session : sessions_) {
    if (session.phase == Session::Phase::Idle) session.socket.cancel(ignored);
    if (const auto websocket = session.websocket.lock()) {
      websocket->close(CloseCode::GoingAway, "shutting down");
    }
  }
  for (const auto span : {grace, kCutGrace}) {
    const auto until = SteadyClock::now() + span;
    drained_.expires_at(until);
    while (!sessions_.empty() && SteadyClock::now() < until) co_await drained_.async_wait(kAsTuple);
    if (sessions_.empty()) break;
    cut_all();
  }
  sweep_timer_.cancel();
}

void Server::Core::cut_all() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (Session& session : sessions_) {
    session.socket.close(ignored);
    if (const auto websocket = session.websocket.lock()) websocket->cut();
    session.cancel.emit(asio::cancellation_type::terminal);
  }
}

// --- the public face -----------------------------------------------------------------------------

Server::Server(asio::any_io_executor executor, ServerOptions options)
    : core_(std::make_shared<Core>(std::move(executor), std::move(options))) {}
Server::~Server() {
  core_->cut_all();
}
Router& Server::router() {
  return core_->router_;
}
void Server::listen() {
  core_->listen();
}
std::uint16_t Server::port() const {
  return core_->port_;
}
std::string Server::address() const {
  return core_->bound_address_;
}
std::size_t Server::connections() const {
  return core_->connections();
}
asio::awaitable<void> Server::stop(std::chrono::milliseconds grace) {
  return core_->stop(grace);
}

}  // namespace polybot::http
