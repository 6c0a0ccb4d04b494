// The venue's private user channel (docs.polymarket.com/developers/CLOB/websocket/wss-overview):
// subscription texts, order and trade events in and out. Nothing is replayed by the venue after a
// disconnect; the reader reconciles by REST.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/account_records.hpp"
#include "common/polymarket/messages/market_channel.hpp"

namespace polybot::polymarket {

enum class UserOrderEventType : std::uint8_t { Placement, Update, Cancellation };

struct UserOrderEvent {
  UserOrderEventType type = UserOrderEventType::Placement;
  domain::Timestamp venue_at{};
  OrderRecord order;
  bool operator==(const UserOrderEvent&) const = default;
};

// Sent once per status; the same trade comes several times, and not always in order.
struct UserTradeEvent {
  domain::Timestamp venue_at{};
  TradeRecord trade;
  bool operator==(const UserTradeEvent&) const = default;
};

using UserEvent = std::variant<UserOrderEvent, UserTradeEvent>;

struct UserFrame {
  FrameKind kind = FrameKind::Events;
  std::vector<UserEvent> events;
  std::uint32_t unknown_events = 0;
  std::vector<ParseError> unreadable;  // messages left out of `events`; the others are good
};

// Fails when nothing of the frame can be read.
[[nodiscard]] ParseResult<UserFrame> parse_user_frame(std::string_view text);

// The first message after connecting. No markets = all markets of the account, which the text then
// leaves out: an empty list brings no trades. Carries the secret in clear, inside TLS: never log
// it.
[[nodiscard]] std::string user_subscribe(const ApiCredentials& credentials,
                                         std::span<const domain::MarketId> markets);

// What a client sent on the user channel, for programs that play the venue.
struct UserSubscription {
  std::string api_key;
  std::string secret;
  std::string passphrase;
  std::vector<domain::MarketId> markets;  // empty = all
  bool no_trades = false;                 // the list was there and empty
  bool operator==(const UserSubscription&) const = default;
};
[[nodiscard]] ParseResult<UserSubscription> parse_user_subscription(std::string_view text);

// Each appends one JSON object in the venue's shape.
void write_user_order(const UserOrderEvent& event, std::string& out);
void write_user_trade(const UserTradeEvent& event, std::string& out);

}  // namespace polybot::polymarket
