// What the screen shows, read from the gateway's API alone: its status over one WebSocket, the
// newest fills over HTTP. Nothing here is kept or computed that the API does not say.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/http/client.hpp"
#include "common/http/websocket_client.hpp"
#include "common/runtime/clock.hpp"

namespace polybot::launcher {

class StackView {
 public:
  StackView(boost::asio::any_io_executor executor, std::string gateway_url, http::Client& http);

  // Keeps the status fresh for ever, reconnecting; ends when cancelled.
  [[nodiscard]] boost::asio::awaitable<void> follow();
  // Reads the newest fills.
  [[nodiscard]] boost::asio::awaitable<void> read_fills();

  // The gateway's last status; empty when there is none that is younger than three seconds.
  [[nodiscard]] std::optional<boost::json::object> status() const;
  // "momentum bought 10 YES of some-slug at 0.45", newest first.
  [[nodiscard]] const std::vector<std::string>& fills() const { return fills_; }

 private:
  [[nodiscard]] boost::asio::awaitable<void> session();

  std::string gateway_url_;
  http::Client& http_;
  http::WebSocketClient socket_;
  runtime::Clock clock_;
  boost::json::object status_;
  domain::Duration heard_at_ = domain::Duration::min();
  std::vector<std::string> fills_;
};

}  // namespace polybot::launcher
