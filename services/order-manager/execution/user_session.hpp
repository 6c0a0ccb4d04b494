// The private user channel: one connection at a time, for ever. Connects, subscribes with the API
// credentials, keeps the link alive with the venue's text PING, and hands out every order and trade
// event. The venue replays nothing: after each connect the owner reconciles by REST.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/domain/venue.hpp"
#include "common/http/websocket_client.hpp"
#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/account_records.hpp"
#include "common/polymarket/messages/parse_error.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"

namespace polybot::order_manager {

// Why an event of the user channel cannot be used; a metric label (domain/enumeration.hpp).
enum class UserEventRefusal : std::uint8_t {
  Malformed = 0,
  InvalidOperation = 1,
  UnknownEvent = 2
};

class UserSession {
 public:
  struct Reports {
    std::function<void(domain::VenueOrderUpdate)> on_order;
    std::function<void(domain::VenueTrade)> on_trade;
    std::function<void()> on_up;  // the subscription is on its way: events flow soon
    std::function<void(std::string_view why)> on_down;
    std::function<void(UserEventRefusal)> on_refused;
    // There may be news that only REST tells: what could not be read, and what happened before the
    // venue had taken the subscription, which its first PONG shows.
    std::function<void()> on_missed;
  };
  struct Timing {
    domain::Duration ping_interval = std::chrono::seconds(10);
    domain::Duration silence_max = std::chrono::seconds(25);  // not even a PONG: the link is dead
  };

  // Without a transport: ws alone.
  UserSession(boost::asio::any_io_executor executor, std::string url, Reports reports,
              Timing timing, std::shared_ptr<const http::Transport> transport = nullptr);

  // One session, from connect to its end, which is an exception: runtime::supervise then waits and
  // starts it again. `address`: of the account, as in TraderIdentity.
  [[nodiscard]] boost::asio::awaitable<void> run(polymarket::ApiCredentials credentials,
                                                 std::string address);
  // Ends the session, for one with other credentials.
  void end() { socket_.cancel(); }

 private:
  // Both go on until the session ends, and throw the reason.
  [[nodiscard]] boost::asio::awaitable<void> read_frames(polymarket::TraderIdentity us);
  [[nodiscard]] boost::asio::awaitable<void> keep_alive();
  void take(std::string_view text, const polymarket::TraderIdentity& us);
  void refuse(const polymarket::ParseError& error);

  std::string url_;
  Reports reports_;
  Timing timing_;
  runtime::Clock clock_;
  http::WebSocketClient socket_;
  domain::Duration heard_at_{};
  bool subscribed_ = false;  // as far as is known
  runtime::log::Limited refusals_;
};

}  // namespace polybot::order_manager
