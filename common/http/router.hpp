// Which handler answers which target: templates such as "/api/v1/orders/{id}".
//
// Pure: match() decides, the server moves bytes. A literal segment wins over a parameter at the
// same place, whatever the order of registration. One parameter is one whole path segment; "%2F"
// inside it stays part of it. A trailing slash makes another path.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/http/message.hpp"

namespace polybot::http {

class WebSocketSession;

// Runs on the server's io_context. An exception becomes a 500 and ends that connection only.
using Handler = std::function<boost::asio::awaitable<Response>(Request)>;
// Runs from the accepted upgrade on; when it returns, the session is closed (1000).
using WebSocketHandler =
    std::function<boost::asio::awaitable<void>(std::shared_ptr<WebSocketSession>)>;

struct WebSocketOptions {
  std::size_t message_bytes_max = 64 * 1024;      // a larger one ends the session with 1009
  std::size_t queue_messages_max = 1024;          // waiting to be written; beyond: close(1013)
  std::size_t queue_bytes_max = 4 * 1024 * 1024;  // the same bound in bytes
  std::chrono::milliseconds close_timeout{
      2000};  // for the closing handshake, then the socket is cut
  // Silence of the peer after which the session ends; with `pings`, RFC 6455 pings are sent at half
  // of it and a live peer's pong counts as a sign of life. 0: no limit.
  std::chrono::milliseconds idle_timeout{60'000};
  bool pings = true;
  // Looks at the request before the upgrade; a response refuses it (e.g. 401). May be empty.
  std::function<boost::asio::awaitable<std::optional<Response>>(Request)> authorize;
};

class Router {
 public:
  // `path_template` starts with "/"; a parameter is "{name}". The same template may be registered
  // once per method; twice is a programming error and throws std::logic_error, as does a malformed
  // template.
  void add(Method method, std::string_view path_template, Handler handler);
  void get(std::string_view path_template, Handler handler);
  void post(std::string_view path_template, Handler handler);
  void del(std::string_view path_template, Handler handler);
  void websocket(std::string_view path_template, WebSocketHandler handler,
                 WebSocketOptions options = {});

  struct WebSocketRoute {
    WebSocketHandler handler;
    WebSocketOptions options;
  };
  struct Route {
    std::string path_template;
    std::vector<std::string> segments;  // "{name}" for a parameter
    std::vector<std::pair<Method, Handler>> handlers;
    std::optional<WebSocketRoute> websocket;
    std::string allow;  // value of the Allow field
  };
  struct Target {
    std::string path;  // percent-decoded
    std::vector<std::string> segments;
    std::vector<std::pair<std::string, std::string>> query;
  };
  struct Found {
    const Route* route = nullptr;  // valid until a route is added
    const Handler* handler =
        nullptr;  // null: the method is not allowed, or the route is WebSocket only
    std::vector<std::pair<std::string, std::string>> params;
    Target target;
  };
  enum class Refusal { BadTarget, NotFound };
  using Match = std::variant<Found, Refusal>;

  // HEAD uses the GET handler. `target` is the request target, in origin or absolute form.
  [[nodiscard]] Match match(Method method, std::string_view target) const;
  // Splits and percent-decodes a request target; empty when it is malformed, contains NUL, or has
  // more than 32 segments or 64 query parameters.
  [[nodiscard]] static std::optional<Target> parse_target(std::string_view target);

 private:
  Route& route_for(std::string_view path_template);

  std::vector<std::unique_ptr<Route>> routes_;  // most specific first; pointers stay valid
};

}  // namespace polybot::http
