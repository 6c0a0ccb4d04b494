// The private user channel, /ws/user: order and trade events of the account whose credentials the
// subscription carries. A new socket gets no earlier events.
//
// The faults user-events (twice, late, out of order), user-socket-drop and venue-down act here.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <set>

#include "common/http/router.hpp"
#include "common/http/websocket_session.hpp"
#include "services/venue-simulator/api/feed_sessions.hpp"
#include "services/venue-simulator/api/members.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class UserChannel {
 public:
  UserChannel(boost::asio::any_io_executor executor, const ExchangeHost& host,
              const Members& members, std::uint64_t fault_seed);

  void register_routes(http::Router& router);
  void publish(const Outputs& outputs);
  // Cuts sockets when the fault user-socket-drop says so. Call it regularly.
  void drop_sockets();
  // A fault was set again, so its first drop is still to come.
  void forget_drops() { dropped_at_.reset(); }
  void close_all(http::CloseCode code, std::string_view reason);
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session {
    std::shared_ptr<http::WebSocketSession> socket;  // shared with the server's connection
    const Member* member = nullptr;                  // null until it has authenticated
    std::set<domain::MarketId> markets;              // empty: all
    bool no_trades = false;                          // it asked for an empty list of markets
  };
  enum class About : std::uint8_t { Order, Trade };
  // A text for an account's sockets.
  struct News {
    AccountId account;
    domain::MarketId market;
    About about = About::Order;
    http::SharedText text;  // several sessions get it
  };
  [[nodiscard]] bool receive(Session& session, const std::string& text);
  void deliver(const News& news);
  void send(const News& news);
  void send_late(News news, domain::Duration delay);

  boost::asio::any_io_executor executor_;
  const ExchangeHost& host_;
  const Members& members_;
  Random fault_random_;
  FeedSessions<Session> sessions_;
  std::optional<domain::Timestamp> dropped_at_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // late events must not outlive this
};

}  // namespace polybot::venue_simulator
