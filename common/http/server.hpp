// An HTTP/1.1 and WebSocket server on one io_context.
//
// Each connection is one coroutine: it reads a request within time and size limits, calls the
// routed handler, writes the response, and goes on while the peer keeps the connection (pipelined
// requests are answered in order). It never trusts the peer: garbage is answered 400, an oversize
// body 413, oversize header fields 431, a slow request 408, and the connection ends. Each error
// body is application/problem+json. An exception in a session ends that session only.
//
// When all connections are taken, the one that has been idle for longest is closed for a new one.
// When none is idle, the new one gets one of a few reserved connections: it must send its request
// at once, and only a request that `reserved_for` takes is served; any other is answered 503. So
// readers, however many and whatever they do, do not keep an urgent command out.
//
// The server owns its sessions; the router, once given, is the server's. Single-threaded: every
// call on the io_context's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/http/router.hpp"

namespace polybot::http {

struct ServerLimits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = 256 * 1024;
  std::size_t connections_max = 1024;
  // Beside those, while none of them is idle; only with `reserved_for`. Few, because each is held
  // for a request at most.
  std::size_t reserved_max = 64;
  std::chrono::milliseconds reserved_timeout{2'000};  // from the connection to the whole request
  // From the first byte of a request to the end of its header, and from there to the end of the
  // body: absolute, so that a byte now and then does not keep a connection.
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{20'000};
  std::chrono::milliseconds idle_timeout{60'000};  // between requests
  std::chrono::milliseconds write_timeout{20'000};
};

// What the server reports; each function may be empty.
struct ServerObserver {
  // One call per response. `method` is from the closed set of to_string(Method), `endpoint` the
  // route template or "unmatched". A WebSocket is reported once, at its upgrade, with status 101.
  // `seconds` runs from the end of the request's header to the end of the write.
  std::function<void(std::string_view method, std::string_view endpoint, unsigned status,
                     double seconds)>
      on_request;
  std::function<void(int delta)> on_websocket;                  // +1 at the upgrade, -1 at the end
  std::function<void(std::string_view what)> on_session_error;  // an exception ended a session
  std::function<void(const boost::system::error_code&)> on_accept_error;  // the server goes on
  // One call for each connection that is closed, or answered 503, because all are taken.
  std::function<void()> on_crowded;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: the system picks one, see Server::port()
  std::string config_key;  // named in ListenError, e.g. "api.port"
  std::string server_name = "polybot";
  ServerLimits limits;
  ServerObserver observer;
  // Looks at each request of a route before its handler or upgrade; a response refuses it (e.g. for
  // its Host). May be empty.
  std::function<std::optional<Response>(const Request&)> admit;
  // Whether a request may use a reserved connection. Empty: there are none.
  std::function<bool(const Request&)> reserved_for;
};

// "cannot listen on 127.0.0.1:8080 (api.port): Address already in use"
class ListenError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Server {
 public:
  Server(boost::asio::any_io_executor executor, ServerOptions options);
  // Cuts every connection; use stop() first for a graceful end.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Routes may be added before and after listen().
  [[nodiscard]] Router& router();

  // Binds and begins to accept. Throws ListenError.
  void listen();
  // The bound port, once listening.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string address() const;  // "127.0.0.1:8080"
  [[nodiscard]] std::size_t connections() const;

  // Stops accepting, closes idle connections and WebSockets (1001), lets requests in flight finish
  // with "Connection: close", and cuts what is left after `grace`. Returns when no session is left.
  [[nodiscard]] boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

 private:
  class Core;
  std::shared_ptr<Core> core_;  // shared with the session coroutines, which may outlive this object
};

}  // namespace polybot::http
