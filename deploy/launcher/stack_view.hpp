// What the screen shows, read from the gateway's API alone: its status over one WebSocket, the
// newest fills over HTTP. It keeps only what the API says, and the time at which a trading state
// was first seen.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/http/client.hpp"
#include "common/http/websocket_client.hpp"
#include "common/runtime/clock.hpp"

namespace polybot::launcher {

// "momentum bought 10 YES of some-slug at 0.45 (taker)", from a row of /api/v1/fills.
[[nodiscard]] std::string describe_fill(const boost::json::object& fill);

// What a request must say where reading needs a token: that of the file. Empty without one.
[[nodiscard]] http::Headers credentials_in(const std::filesystem::path& token_file);

class StackView {
 public:
  // `token_file` is the gateway's; its token reads where reading needs one.
  StackView(boost::asio::any_io_executor executor, std::string gateway_url,
            std::filesystem::path token_file, http::Client& http);

  // Keeps the status fresh for ever, reconnecting; ends when cancelled.
  [[nodiscard]] boost::asio::awaitable<void> follow();
  // Reads the newest fills.
  [[nodiscard]] boost::asio::awaitable<void> read_fills();

  // The gateway's last status; empty when it is older than three seconds.
  [[nodiscard]] std::optional<boost::json::object> status() const;
  // Newest first.
  [[nodiscard]] const std::vector<std::string>& fills() const { return fills_; }
  // ScreenFacts::states_since
  [[nodiscard]] const std::map<std::string, domain::Timestamp>& states_since() const {
    return states_since_;
  }

 private:
  [[nodiscard]] boost::asio::awaitable<void> session();
  void note_states();
  void note_state(const std::string& scope, std::string state);

  std::string gateway_url_;
  std::filesystem::path token_file_;
  http::Client& http_;
  http::WebSocketClient socket_;
  runtime::Clock clock_;
  boost::json::object status_;
  domain::Duration heard_at_ = domain::Duration::min();
  std::map<std::string, std::string> states_;  // by scope, as last heard
  std::map<std::string, domain::Timestamp> states_since_;
  std::vector<std::string> fills_;
};

}  // namespace polybot::launcher
