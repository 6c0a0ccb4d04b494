// The public market channel, /ws/market: subscriptions in, books and changes out, in the venue's
// own shapes (messages/market_channel.hpp) and by its rules.
//
// A session must subscribe before it may PING (else it is closed with 1008), gets an opening book
// per token unless it has more than 500, and gets news of new and resolved markets only with custom
// features. The faults feed-freeze, feed-gap and venue-down act here.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "common/http/router.hpp"
#include "common/http/websocket_session.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "services/venue-simulator/api/feed_sessions.hpp"
#include "services/venue-simulator/core/random.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class MarketChannel {
 public:
  // The book of a token as it is published: the exchange's own, or the recording's.
  using BookOf = std::function<std::optional<polymarket::BookSummary>(const domain::TokenId&)>;
  MarketChannel(const ExchangeHost& host, BookOf book_of, std::uint64_t fault_seed);

  void register_routes(http::Router& router);
  // Publishes what the exchange did.
  void publish(const Outputs& outputs);
  // Publishes events of a recording with new stamps.
  void publish_recorded(const polymarket::MarketFrame& frame, domain::Timestamp now);
  // The book of a mirrored market is not to be believed now, or is again. What happens to it while
  // it is held is published as the whole books that follow.
  void publish_halt(const domain::MarketId& market);
  void hold(const domain::MarketId& market) { held_ = Held{market, std::nullopt}; }
  void publish_books(const domain::MarketId& market);
  void close_all(http::CloseCode code, std::string_view reason);
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }

 private:
  struct Session {
    std::shared_ptr<http::WebSocketSession> socket;  // shared with the server's connection
    bool subscribed = false;
    bool custom_features = false;
    std::unordered_set<domain::TokenId> tokens;
  };
  // Best prices last announced to sessions with custom features.
  struct Best {
    std::optional<domain::Price> bid;
    std::optional<domain::Price> ask;
    bool operator==(const Best&) const = default;
  };

  struct Held {
    domain::MarketId market;
    std::optional<BookChanged> latest;
  };

  // False when the session was closed.
  [[nodiscard]] bool receive(Session& session, const std::string& text);
  void change_subscription(Session& session, const polymarket::MarketSubscription& wanted);
  void send_books(const Session& session, const std::vector<domain::TokenId>& tokens);
  void append_book(const domain::TokenId& token, std::string& out) const;

  void publish(const BookChanged& changed);
  void publish(const TradePrinted& trade);
  void publish(const TickSizeChanged& changed);
  void publish(const MarketListed& listed);
  void publish(const MarketClosed& closed);
  void publish(const MarketResolved& resolved);
  void announce_best(const domain::Market& market, const BookChanged& changed);
  // Sends to sessions that subscribed one of the tokens.
  void send(std::string text, const domain::MarketId& market,
            std::initializer_list<domain::TokenId> tokens);
  void send_custom(const std::string& text);
  [[nodiscard]] bool lost(const domain::MarketId& market);
  [[nodiscard]] bool frozen() const;
  [[nodiscard]] const domain::Market* market_of(const domain::MarketId& id) const;

  const ExchangeHost& host_;
  BookOf book_of_;
  Random fault_random_;
  FeedSessions<Session> sessions_;
  std::unordered_map<domain::MarketId, Best> announced_;
  std::optional<Held> held_;
  std::uint64_t messages_ = 0;
};

}  // namespace polybot::venue_simulator
