// The server behind http::Server: its listener, its sweeper and its sessions. Private to this
// library; server.cpp holds listening, time limits and stopping, server_session.cpp the life of a
// connection.
#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/http/request_reader.hpp"
#include "common/http/response_head.hpp"
#include "common/http/server.hpp"
#include "common/http/websocket_connection.hpp"

namespace polybot::http {

using SteadyClock = boost::asio::steady_timer::clock_type;  // the clock the time limits run on

// Shared by the Server object and every session coroutine.
class Server::Core : public std::enable_shared_from_this<Server::Core> {
 public:
  Core(boost::asio::any_io_executor executor, ServerOptions options)
      : executor_(std::move(executor)),
        options_(std::move(options)),
        acceptor_(executor_),
        sweep_timer_(executor_),
        drained_(executor_),
        head_(options_.server_name) {}

  void listen();
  boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);
  void cut_all();

  Router router_;
  std::uint16_t port_ = 0;
  std::string bound_address_;

  [[nodiscard]] std::size_t connections() const { return sessions_.size(); }

 private:
  // What the sweeper and stop() need to know of a connection.
  struct Session {
    enum class Phase : std::uint8_t { Idle, Busy, Upgraded };
    // Closing: its place is another's already, and its coroutine has not ended yet.
    enum class Class : std::uint8_t { Ordinary, Reserved, Closing };
    Session(boost::asio::ip::tcp::socket s, Class c) : socket(std::move(s)), kind(c) {}

    boost::asio::ip::tcp::socket socket;
    boost::asio::cancellation_signal cancel;
    SteadyClock::time_point deadline = SteadyClock::time_point::max();
    SteadyClock::time_point idle_since;
    SteadyClock::time_point reserved_until;  // for a request on a reserved connection to be there
    bool timed_out = false;
    bool reading = true;  // a request is not complete, or there is none
    Class kind;
    Phase phase = Phase::Idle;
    std::weak_ptr<WebSocketConnection> websocket;
    std::string remote_address;
  };
  using Sessions = std::list<Session>;

  // One request on its way to its answer.
  struct Exchange {
    Method method = Method::Other;
    std::string_view endpoint = "unmatched";  // or points into the route
    SteadyClock::time_point started;
    Connection connection = Connection::Close;
  };
  enum class ReadOutcome : std::uint8_t { Request, Refused, Ended };

  static boost::asio::awaitable<void> accept_loop(std::shared_ptr<Core> self);
  static boost::asio::awaitable<void> serve(std::shared_ptr<Core> self, Sessions::iterator session);
  boost::asio::awaitable<void> converse(Session& session);
  boost::asio::awaitable<ReadOutcome> read_request(Session& session, RequestReader& reader,
                                                   boost::beast::flat_buffer& buffer);
  boost::asio::awaitable<bool> write_response(Session& session, const Exchange& exchange,
                                              Response response);
  boost::asio::awaitable<void> refuse(Session& session, const RequestReader& reader);
  boost::asio::awaitable<void> linger(Session& session);
  boost::asio::awaitable<void> upgrade(Session& session, const RequestReader& reader,
                                       const Router::Route& route, Request request);
  static Request assemble(const Session& session, RequestReader& reader, Router::Found& found);
  static Response respond_unmatched(const Router::Match& match, Method method,
                                    std::string_view target);
  static Response too_many_connections();
  [[nodiscard]] std::optional<Response> turn_away(const Session& session, const Request& request);
  boost::asio::awaitable<Response> respond(const Router::Found& found, Request request,
                                           Exchange& exchange);
  void admit_connection(boost::asio::ip::tcp::socket socket);
  [[nodiscard]] bool close_idlest();
  [[nodiscard]] bool close_oldest_reserved();
  bool close_for_another(Session& session);
  void leave(Session& session);
  void start_session(boost::asio::ip::tcp::socket socket, Session::Class kind);
  void refuse_connection(boost::asio::ip::tcp::socket& socket);
  void forget(Sessions::iterator session);
  void sweep_later();
  void sweep();
  void observe(const Exchange& exchange, unsigned status) const;
  void report_session_error(std::string_view what) const;

  void limit(Session& session, std::chrono::milliseconds span) const {
    session.timed_out = false;
    session.deadline = SteadyClock::now() + span;
  }
  // For a read of a request.
  void limit_reading(Session& session, std::chrono::milliseconds span) const {
    limit(session, span);
    if (session.kind == Session::Class::Reserved)
      session.deadline = std::min(session.deadline, session.reserved_until);
  }
  static void unlimited(Session& session) {
    session.timed_out = false;
    session.deadline = SteadyClock::time_point::max();
  }

  boost::asio::any_io_executor executor_;
  ServerOptions options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer sweep_timer_;
  boost::asio::steady_timer drained_;  // cancelled when the last session ends
  Sessions sessions_;                  // the newest first
  std::size_t ordinary_ = 0;           // of them by class; the others are reserved
  std::size_t closing_ = 0;
  bool stopping_ = false;
  ResponseHead head_;
};

}  // namespace polybot::http
