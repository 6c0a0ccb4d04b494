#include "common/http/server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <charconv>
#include <ctime>
#include <list>
#include <optional>
#include <utility>

#include "common/http/request_reader.hpp"
#include "common/http/websocket_connection.hpp"

namespace polybot::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = asio::steady_timer::clock_type;  // the clock the time limits run on

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view kUnmatched = "unmatched";
constexpr std::size_t kReadBytesMin = 4 * 1024;    // room offered to one read of a header
constexpr std::size_t kReadBytesMax = 64 * 1024;   // and of a body
constexpr std::size_t kJoinBodyBytesMax = 32 * 1024;  // a smaller body is copied behind its header
constexpr std::chrono::milliseconds kSweepMax{250};   // how late a time limit may be noticed
constexpr std::chrono::milliseconds kAcceptPause{100};  // after e.g. "too many open files"
// After an error the peer may still be sending; closing at once would reset the connection and take
// our answer along. So its bytes are read and thrown away, within these bounds.
constexpr std::chrono::milliseconds kLingerTime{1000};
constexpr std::size_t kLingerBytes = 1024 * 1024;
constexpr std::chrono::milliseconds kCutGrace{1000};  // for cancelled handlers to unwind

std::string http_date(std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

enum class Connection : std::uint8_t { Keep, Close };

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

// Shared by the Server object and every session coroutine.
class Server::Core : public std::enable_shared_from_this<Server::Core> {
 public:
  Core(asio::any_io_executor executor, ServerOptions options)
      : executor_(std::move(executor)),
        options_(std::move(options)),
        acceptor_(executor_),
        sweep_timer_(executor_),
        drained_(executor_) {}

  void listen();
  asio::awaitable<void> stop(std::chrono::milliseconds grace);
  void cut_all();

  Router router_;
  std::uint16_t port_ = 0;
  std::string bound_address_;

  [[nodiscard]] std::size_t connections() const { return sessions_.size(); }

 private:
  // What the sweeper and stop() need to know of a connection.
  struct Session {
    explicit Session(tcp::socket s) : socket(std::move(s)) {}
    enum class Phase : std::uint8_t { Idle, Busy, Upgraded };

    tcp::socket socket;
    asio::cancellation_signal cancel;
    SteadyClock::time_point deadline = SteadyClock::time_point::max();
    bool timed_out = false;
    Phase phase = Phase::Idle;
    std::weak_ptr<WebSocketConnection> websocket;
    std::string remote_address;
  };
  using Sessions = std::list<Session>;

  // One request on its way to its answer.
  struct Exchange {
    Method method = Method::Other;
    std::string_view endpoint = kUnmatched;  // points into the route
    SteadyClock::time_point started;
    Connection connection = Connection::Close;
  };
  enum class ReadOutcome : std::uint8_t { Request, Refused, Ended };

  static asio::awaitable<void> accept_loop(std::shared_ptr<Core> self);
  static asio::awaitable<void> serve(std::shared_ptr<Core> self, Sessions::iterator session);
  asio::awaitable<void> converse(Session& session);
  asio::awaitable<ReadOutcome> read_request(Session& session, RequestReader& reader,
                                            boost::beast::flat_buffer& buffer);
  asio::awaitable<bool> write_response(Session& session, const Exchange& exchange, Response response);
  asio::awaitable<void> refuse(Session& session, const RequestReader& reader);
  asio::awaitable<void> linger(Session& session);
  asio::awaitable<void> upgrade(Session& session, const RequestReader& reader,
                                const Router::Route& route, Request request);
  static Request assemble(const Session& session, RequestReader& reader, Router::Found& found);
  static Response respond_unmatched(const Router::Match& match, Method method, std::string_view target);
  asio::awaitable<Response> respond(const Router::Found& found, Request request, Exchange& exchange);
  void start_session(tcp::socket socket);
  void refuse_connection(tcp::socket& socket);
  void forget(Sessions::iterator session);
  void sweep_later();
  void sweep();
  void observe(const Exchange& exchange, unsigned status) const;
  void report_session_error(std::string_view what) const;
  void append_head(std::string& out, const Exchange& exchange, const Response& response);

  void limit(Session& session, std::chrono::milliseconds span) const {
    session.timed_out = false;
    session.deadline = SteadyClock::now() + span;
  }
  static void unlimited(Session& session) {
    session.timed_out = false;
    session.deadline = SteadyClock::time_point::max();
  }

  asio::any_io_executor executor_;
  ServerOptions options_;
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_timer_;
  asio::steady_timer drained_;  // cancelled when the last session ends
  Sessions sessions_;
  bool stopping_ = false;
  std::time_t date_at_ = 0;
  std::string date_;
};

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
  bound_address_ = (bound.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port_);
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
      // ECONNABORTED concerns one peer; anything else (no descriptors, no memory) needs time to pass.
      if (ec == asio::error::connection_aborted) continue;
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kAsTuple);
      continue;
    }
    if (self->sessions_.size() >= self->options_.limits.connections_max) {
      self->refuse_connection(socket);
    } else {
      self->start_session(std::move(socket));
    }
  }
}

void Server::Core::refuse_connection(tcp::socket& socket) {
  Exchange exchange;
  exchange.started = SteadyClock::now();
  Response response = problem(503, "too many connections");
  response.headers.set("Retry-After", "1");
  std::string out;
  append_head(out, exchange, response);
  out += response.body;
  error_code ec;
  socket.non_blocking(true, ec);
  socket.write_some(asio::buffer(out), ec);  // a fresh socket's buffer has room for it
  socket.shutdown(tcp::socket::shutdown_both, ec);
  observe(exchange, response.status);
}

void Server::Core::start_session(tcp::socket socket) {
  error_code ec;
  socket.set_option(tcp::no_delay(true), ec);
  const auto remote = socket.remote_endpoint(ec);
  sessions_.emplace_front(std::move(socket));
  const auto session = sessions_.begin();
  if (!ec) session->remote_address = remote.address().to_string();
  asio::co_spawn(executor_, serve(shared_from_this(), session),
                 asio::bind_cancellation_slot(session->cancel.slot(),
                                              [self = shared_from_this(), session](
                                                  const std::exception_ptr&) { self->forget(session); }));
}

void Server::Core::forget(Sessions::iterator session) {
  // The slot is in use until the completion handler has returned.
  asio::post(executor_, [self = shared_from_this(), session] {
    self->sessions_.erase(session);
    if (self->sessions_.empty()) self->drained_.cancel();
  });
}

// --- time limits ---------------------------------------------------------------------------------

// One timer for all connections: setting a deadline is one store, not two timer operations per request.
void Server::Core::sweep_later() {
  const ServerLimits& limits = options_.limits;
  const auto shortest = std::min({limits.header_timeout, limits.body_timeout, limits.idle_timeout,
                                  limits.write_timeout});
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

// --- a session -----------------------------------------------------------------------------------

asio::awaitable<void> Server::Core::serve(std::shared_ptr<Core> self, Sessions::iterator session) {
  try {
    co_await self->converse(*session);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) self->report_session_error(error.what());
  } catch (const std::exception& error) {
    self->report_session_error(error.what());
  } catch (...) {
    self->report_session_error("an unknown exception");
  }
  error_code ignored;
  session->socket.shutdown(tcp::socket::shutdown_both, ignored);
  session->socket.close(ignored);
}

asio::awaitable<void> Server::Core::converse(Session& session) {
  RequestReader reader(options_.limits.header_bytes_max, options_.limits.body_bytes_max);
  boost::beast::flat_buffer buffer;
  while (!stopping_) {
    const ReadOutcome outcome = co_await read_request(session, reader, buffer);
    if (outcome == ReadOutcome::Ended) co_return;
    if (outcome == ReadOutcome::Refused) {
      co_await refuse(session, reader);
      co_return;
    }
    Exchange exchange;
    exchange.started = SteadyClock::now();
    exchange.method = reader.method();
    Router::Match match = router_.match(exchange.method, reader.target());
    auto* const found = std::get_if<Router::Found>(&match);
    const bool upgrades = found != nullptr && found->route->websocket &&
                          exchange.method == Method::Get && buffer.size() == 0 &&
                          boost::beast::websocket::is_upgrade(reader.raw());
    if (upgrades) {
      const Router::Route& route = *found->route;
      Request request = assemble(session, reader, *found);
      co_await upgrade(session, reader, route, std::move(request));
      co_return;
    }
    const bool wants_more = reader.keep_alive();
    Response response;
    if (found != nullptr && exchange.method != Method::Other) {
      Request request = assemble(session, reader, *found);
      response = co_await respond(*found, std::move(request), exchange);
    } else {
      response = respond_unmatched(match, exchange.method, reader.target());
    }
    if (response.abort_connection) co_return;
    const bool keep = wants_more && !stopping_ && !response.close_connection;
    exchange.connection = keep ? Connection::Keep : Connection::Close;
    const bool written = co_await write_response(session, exchange, std::move(response));
    if (!written) co_return;
    if (!keep) {
      co_await linger(session);
      co_return;
    }
    reader.reset();
  }
}

Request Server::Core::assemble(const Session& session, RequestReader& reader, Router::Found& found) {
  Request request = reader.take();
  request.path = std::move(found.target.path);
  request.params = std::move(found.params);
  request.query = std::move(found.target.query);
  request.endpoint = found.route->path_template;
  request.remote_address = session.remote_address;
  return request;
}

Response Server::Core::respond_unmatched(const Router::Match& match, Method method,
                                         std::string_view target) {
  if (method == Method::Other) return problem(501, "this method is not implemented");
  if (method == Method::Options && target == "*") return {.status = 204};
  if (std::get<Router::Refusal>(match) == Router::Refusal::NotFound) {
    return problem(404, "no such resource");
  }
  Response response = problem(400, "malformed request target");
  response.close_connection = true;
  return response;
}

asio::awaitable<Server::Core::ReadOutcome> Server::Core::read_request(
    Session& session, RequestReader& reader, boost::beast::flat_buffer& buffer) {
  const ServerLimits& limits = options_.limits;
  session.phase = buffer.size() == 0 ? Session::Phase::Idle : Session::Phase::Busy;
  limit(session, session.phase == Session::Phase::Idle ? limits.idle_timeout : limits.header_timeout);
  bool in_body = false;
  for (;;) {
    if (buffer.size() > 0) {
      std::size_t used = 0;
      const std::string_view bytes(static_cast<const char*>(buffer.data().data()), buffer.size());
      const RequestReader::State state = reader.feed(bytes, used);
      buffer.consume(used);
      if (state == RequestReader::State::Complete) {
        session.phase = Session::Phase::Busy;
        unlimited(session);
        co_return ReadOutcome::Request;
      }
      if (state == RequestReader::State::Failed) co_return ReadOutcome::Refused;
      if (!in_body && reader.header_done()) {
        in_body = true;
        limit(session, limits.body_timeout);
      }
      if (reader.take_continue()) {
        constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        auto [ec, size] = co_await asio::async_write(session.socket, asio::buffer(kContinue), kAsTuple);
        if (ec) co_return ReadOutcome::Ended;
      }
    }
    const std::size_t room = in_body ? kReadBytesMax : kReadBytesMin;
    auto [ec, size] = co_await session.socket.async_read_some(buffer.prepare(room), kAsTuple);
    if (ec) {
      const bool begun = session.phase == Session::Phase::Busy;
      if (begun && session.timed_out) {
        reader.set_failure(408, "the request did not arrive in time");
        co_return ReadOutcome::Refused;
      }
      co_return ReadOutcome::Ended;  // closed, reset, idle for too long, or the server stops
    }
    buffer.commit(size);
    if (session.phase == Session::Phase::Idle) {
      session.phase = Session::Phase::Busy;
      limit(session, limits.header_timeout);
    }
  }
}

asio::awaitable<Response> Server::Core::respond(const Router::Found& found, Request request,
                                                Exchange& exchange) {
  const Router::Route& route = *found.route;
  exchange.endpoint = route.path_template;
  Response response;
  if (found.handler == nullptr) {
    if (exchange.method == Method::Options) {
      response.status = 204;
    } else if (exchange.method == Method::Get && route.websocket) {
      response = problem(426, "this resource is a WebSocket");
      response.headers.set("Upgrade", "websocket");
    } else {
      response = problem(405, "this resource does not allow the method");
    }
    response.headers.set("Allow", route.allow);
    co_return response;
  }
  const Handler& handler = *found.handler;
  try {
    response = co_await handler(std::move(request));
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    report_session_error(error.what());
    response = problem(500, "the request could not be handled");
    response.close_connection = true;
  } catch (const std::exception& error) {
    report_session_error(error.what());
    response = problem(500, "the request could not be handled");
    response.close_connection = true;
  }
  co_return response;
}

void Server::Core::append_head(std::string& out, const Exchange& exchange, const Response& response) {
  out.append("HTTP/1.1 ");
  append_number(out, response.status);
  out.append(" ").append(reason_phrase(response.status)).append("\r\n");
  append_field(out, "Server", options_.server_name);
  const std::time_t now = std::time(nullptr);
  if (now != date_at_) {
    date_at_ = now;
    date_ = http_date(now);
  }
  append_field(out, "Date", date_);
  const bool without_body = response.status == 204 || response.status == 304 || response.status < 200;
  if (!without_body) {
    if (!response.content_type.empty()) append_field(out, "Content-Type", response.content_type);
    out.append("Content-Length: ");
    append_number(out, response.body.size());
    out.append("\r\n");
  }
  if (exchange.connection == Connection::Close) append_field(out, "Connection", "close");
  for (const Headers::Field& field : response.headers) append_field(out, field.name, field.value);
  out.append("\r\n");
}

asio::awaitable<bool> Server::Core::write_response(Session& session, const Exchange& exchange,
                                                   Response response) {
  const bool without_body =
      exchange.method == Method::Head || response.status == 204 || response.status == 304;
  std::string out;
  const bool join = !without_body && response.body.size() <= kJoinBodyBytesMax;
  out.reserve(256 + (join ? response.body.size() : 0));
  append_head(out, exchange, response);
  if (join) out += response.body;

  limit(session, options_.limits.write_timeout);
  error_code failure;
  std::string_view rest = out;
  while (!failure && !rest.empty()) {
    auto [ec, size] =
        co_await session.socket.async_write_some(asio::buffer(rest.data(), rest.size()), kAsTuple);
    failure = ec;
    rest.remove_prefix(size);
  }
  if (!failure && !join && !without_body) {
    auto [ec, size] = co_await asio::async_write(session.socket, asio::buffer(response.body), kAsTuple);
    failure = ec;
  }
  unlimited(session);
  observe(exchange, response.status);
  co_return !failure;
}

asio::awaitable<void> Server::Core::refuse(Session& session, const RequestReader& reader) {
  Exchange exchange;
  exchange.started = SteadyClock::now();
  if (reader.header_done()) exchange.method = reader.method();
  Response response = problem(reader.failure_status(), reader.failure_detail());
  if (co_await write_response(session, exchange, std::move(response))) co_await linger(session);
}

asio::awaitable<void> Server::Core::linger(Session& session) {
  session.phase = Session::Phase::Idle;
  limit(session, kLingerTime);
  error_code ec;
  session.socket.shutdown(tcp::socket::shutdown_send, ec);
  std::array<char, 4096> discarded{};
  for (std::size_t total = 0; total < kLingerBytes;) {
    auto [failed, size] = co_await session.socket.async_read_some(asio::buffer(discarded), kAsTuple);
    if (failed) co_return;
    total += size;
  }
}

asio::awaitable<void> Server::Core::upgrade(Session& session, const RequestReader& reader,
                                            const Router::Route& route, Request request) {
  Exchange exchange;
  exchange.started = SteadyClock::now();
  exchange.method = Method::Get;
  exchange.endpoint = route.path_template;
  const Router::WebSocketRoute& websocket_route = *route.websocket;
  if (websocket_route.options.authorize) {
    if (std::optional<Response> refusal = websocket_route.options.authorize(request)) {
      if (co_await write_response(session, exchange, *std::move(refusal))) co_await linger(session);
      co_return;
    }
  }
  session.phase = Session::Phase::Upgraded;
  unlimited(session);
  const auto websocket = std::make_shared<WebSocketConnection>(
      std::move(session.socket), std::move(request), websocket_route.options);
  session.websocket = websocket;
  if (co_await websocket->accept(reader.raw(), options_.server_name)) co_return;
  observe(exchange, 101);
  if (options_.observer.on_websocket) options_.observer.on_websocket(+1);
  CloseCode code = CloseCode::Normal;
  bool aborted = false;
  try {
    co_await websocket_route.handler(websocket);
  } catch (const boost::system::system_error& error) {
    aborted = error.code() == asio::error::operation_aborted;
    if (!aborted) report_session_error(error.what());
    code = CloseCode::InternalError;
  } catch (const std::exception& error) {
    report_session_error(error.what());
    code = CloseCode::InternalError;
  }
  if (options_.observer.on_websocket) options_.observer.on_websocket(-1);
  if (aborted) {
    websocket->cut();
    co_return;
  }
  websocket->close(code, {});
  co_await websocket->closed();
}

void Server::Core::observe(const Exchange& exchange, unsigned status) const {
  if (!options_.observer.on_request) return;
  const std::chrono::duration<double> elapsed = SteadyClock::now() - exchange.started;
  options_.observer.on_request(to_string(exchange.method), exchange.endpoint, status, elapsed.count());
}

void Server::Core::report_session_error(std::string_view what) const {
  if (options_.observer.on_session_error) options_.observer.on_session_error(what);
}

// --- the public face -----------------------------------------------------------------------------

Server::Server(asio::any_io_executor executor, ServerOptions options)
    : core_(std::make_shared<Core>(std::move(executor), std::move(options))) {}
Server::~Server() { core_->cut_all(); }
Router& Server::router() { return core_->router_; }
void Server::listen() { core_->listen(); }
std::uint16_t Server::port() const { return core_->port_; }
std::string Server::address() const { return core_->bound_address_; }
std::size_t Server::connections() const { return core_->connections(); }
asio::awaitable<void> Server::stop(std::chrono::milliseconds grace) { return core_->stop(grace); }

}  // namespace polybot::http
