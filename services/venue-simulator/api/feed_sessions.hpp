// The sockets of one of the venue's channels: accepted unless the venue is down, served text by
// text, forgotten when they end. `Session` has a member `socket`.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/http/router.hpp"
#include "common/http/websocket_session.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

template <class Session>
class FeedSessions {
 public:
  struct Limits {
    std::size_t text_bytes_max;
    std::size_t queue_bytes_max;
  };

  // Serves `path`. `receive(session, text)` returns false when it has closed the session. `host`
  // and this object outlive the router.
  template <class Receive>
  void register_route(http::Router& router, const char* path, const ExchangeHost& host,
                      Limits limits, Receive receive) {
    http::WebSocketOptions options;
    options.message_bytes_max = limits.text_bytes_max;
    options.queue_messages_max = 16 * 1024;
    options.queue_bytes_max = limits.queue_bytes_max;
    options.pings = false;  // the venue sends none; text PING keeps a session alive
    options.authorize =
        [&host](http::Request) -> boost::asio::awaitable<std::optional<http::Response>> {
      if (host.fault(Fault::VenueDown) == nullptr) co_return std::nullopt;
      co_return http::problem(503, "down");
    };
    router.websocket(
        path,
        [this, receive](std::shared_ptr<http::WebSocketSession> socket) {
          return serve(std::move(socket), receive);
        },
        options);
  }

  void close_all(http::CloseCode code, std::string_view reason) {
    for (const auto& session : sessions_) session->socket->close(code, reason);
  }

  [[nodiscard]] auto begin() const { return sessions_.begin(); }
  [[nodiscard]] auto end() const { return sessions_.end(); }
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }
  [[nodiscard]] bool empty() const { return sessions_.empty(); }

 private:
  template <class Receive>
  boost::asio::awaitable<void> serve(std::shared_ptr<http::WebSocketSession> socket,
                                     Receive receive) {
    auto owned = std::make_unique<Session>();
    Session* session = owned.get();
    session->socket = std::move(socket);
    sessions_.push_back(std::move(owned));
    for (;;) {
      const auto text = co_await session->socket->receive();
      if (!text || !receive(*session, *text)) break;
    }
    std::erase_if(sessions_, [session](const auto& other) { return other.get() == session; });
  }

  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace polybot::venue_simulator
