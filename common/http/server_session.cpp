// The life of one connection of http::Server.
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>
#include <utility>

#include "common/http/completion.hpp"
#include "common/http/server_core.hpp"

namespace polybot::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytesMin = 4 * 1024;       // room offered to one read of a header
constexpr std::size_t kReadBytesMax = 64 * 1024;      // and of a body
constexpr std::size_t kJoinBodyBytesMax = 32 * 1024;  // a smaller body is copied behind its header
// After an error the peer may still be sending, and closing at once would reset the connection
// before our answer is read. So its bytes are read and thrown away, within these bounds.
constexpr std::chrono::milliseconds kLingerTime{1000};
constexpr std::size_t kLingerBytes = 1024 * 1024;

}  // namespace

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
    const bool wants_more = reader.keep_alive();
    Response response;
    if (found != nullptr && exchange.method != Method::Other) {
      exchange.endpoint = found->route->path_template;
      Request request = assemble(session, reader, *found);
      if (std::optional<Response> away = turn_away(session, request)) {
        response = *std::move(away);
        // No resource has failed: the door is full.
        if (response.status == 503) exchange.endpoint = Exchange{}.endpoint;
      } else if (upgrades) {
        co_await upgrade(session, reader, *found->route, std::move(request));
        co_return;
      } else {
        response = co_await respond(*found, std::move(request), exchange);
      }
    } else {
      response = respond_unmatched(match, exchange.method, reader.target());
    }
    if (response.abort_connection) co_return;
    const bool keep = wants_more && !stopping_ && !response.close_connection &&
                      session.kind == Session::Class::Ordinary;
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

Request Server::Core::assemble(const Session& session, RequestReader& reader,
                               Router::Found& found) {
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
  if (method == Method::Other) return problem(501, "this server does not know the method");
  if (method == Method::Options && target == "*") return {.status = 204};
  if (std::get<Router::Refusal>(match) == Router::Refusal::NotFound) {
    return problem(404, "no such resource");
  }
  Response response = problem(400, "malformed request target");
  response.close_connection = true;
  return response;
}

// Before any handler sees the request.
std::optional<Response> Server::Core::turn_away(const Session& session, const Request& request) {
  if (options_.admit) {
    if (std::optional<Response> refused = options_.admit(request)) return refused;
  }
  if (session.kind == Session::Class::Ordinary) return std::nullopt;
  if (options_.reserved_for && options_.reserved_for(request)) return std::nullopt;
  if (options_.observer.on_crowded) options_.observer.on_crowded();
  return too_many_connections();
}

Response Server::Core::too_many_connections() {
  Response response = problem(503, "too many connections");
  response.headers.set("Retry-After", "1");
  return response;
}

asio::awaitable<Server::Core::ReadOutcome> Server::Core::read_request(
    Session& session, RequestReader& reader, boost::beast::flat_buffer& buffer) {
  const ServerLimits& limits = options_.limits;
  session.phase = buffer.size() == 0 ? Session::Phase::Idle : Session::Phase::Busy;
  session.idle_since = SteadyClock::now();
  session.reading = true;
  limit_reading(
      session, session.phase == Session::Phase::Idle ? limits.idle_timeout : limits.header_timeout);
  bool in_body = false;
  for (;;) {
    if (buffer.size() > 0) {
      std::size_t used = 0;
      const std::string_view bytes(static_cast<const char*>(buffer.data().data()), buffer.size());
      const RequestReader::State state = reader.feed(bytes, used);
      buffer.consume(used);
      if (state == RequestReader::State::Complete) {
        session.phase = Session::Phase::Busy;
        session.reading = false;
        unlimited(session);
        co_return ReadOutcome::Request;
      }
      if (state == RequestReader::State::Failed) co_return ReadOutcome::Refused;
      if (!in_body && reader.header_done()) {
        in_body = true;
        limit_reading(session, limits.body_timeout);
      }
      if (reader.take_continue()) {
        constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        auto [ec, size] =
            co_await asio::async_write(session.socket, asio::buffer(kContinue), kAsTuple);
        if (ec) co_return ReadOutcome::Ended;
      }
    }
    if (session.kind == Session::Class::Closing) co_return ReadOutcome::Ended;
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
      limit_reading(session, limits.header_timeout);
    }
  }
}

asio::awaitable<Response> Server::Core::respond(const Router::Found& found, Request request,
                                                Exchange& exchange) {
  const Router::Route& route = *found.route;
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

asio::awaitable<bool> Server::Core::write_response(Session& session, const Exchange& exchange,
                                                   Response response) {
  const bool without_body = exchange.method == Method::Head || is_without_body(response.status);
  std::string out;
  const bool join = !without_body && response.body.size() <= kJoinBodyBytesMax;
  out.reserve(256 + (join ? response.body.size() : 0));
  head_.append(out, response, exchange.connection);
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
    auto [ec, size] =
        co_await asio::async_write(session.socket, asio::buffer(response.body), kAsTuple);
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
  if (response.status == 415) response.headers.set("Accept-Encoding", "identity");
  if (co_await write_response(session, exchange, std::move(response))) co_await linger(session);
}

asio::awaitable<void> Server::Core::linger(Session& session) {
  session.phase = Session::Phase::Idle;
  limit(session, kLingerTime);
  error_code ec;
  session.socket.shutdown(tcp::socket::shutdown_send, ec);
  std::array<char, 4096> discarded{};
  for (std::size_t total = 0; total < kLingerBytes;) {
    auto [failed, size] =
        co_await session.socket.async_read_some(asio::buffer(discarded), kAsTuple);
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
    std::optional<Response> refusal = co_await websocket_route.options.authorize(request);
    if (refusal) {
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
  options_.observer.on_request(to_string(exchange.method), exchange.endpoint, status,
                               elapsed.count());
}

void Server::Core::report_session_error(std::string_view what) const {
  if (options_.observer.on_session_error) options_.observer.on_session_error(what);
}

}  // namespace polybot::http
