// Market data as the venue sends it: per outcome token, before anything is known to be true. The
// feed translates the venue's messages into these; BookBuilder turns them into books in YES terms.
//
// Spans point into the feed's parse buffer and are valid during the call that passes them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/domain/market_data.hpp"

namespace polybot::gateway {

// The whole book of one token; levels in any order.
struct TokenBook {
  domain::TokenId token;
  std::span<const domain::Level> bids;
  std::span<const domain::Level> asks;
  std::optional<domain::Price> tick;
  std::optional<domain::Price> last;  // of the market, in YES terms whatever the token
  domain::Timestamp venue_at{};
};

// One level of one token. `quantity` is the new total. The best prices are the venue's own, in
// terms of the token; empty when that side is empty.
struct TokenChange {
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;  // Buy = bid side
  domain::Price price;
  domain::Quantity quantity;
  bool has_best = false;
  std::optional<domain::Price> best_bid;
  std::optional<domain::Price> best_ask;
};

// One venue message: changes of one market that belong together, of one or of both tokens.
struct TokenChanges {
  std::span<const TokenChange> changes;
  domain::Timestamp venue_at{};
};

struct TokenTrade {
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;  // the aggressor's
  domain::Price price;
  domain::Quantity quantity;
  domain::Timestamp venue_at{};
};

struct TokenTick {
  domain::TokenId token;
  domain::Price tick;
  domain::Timestamp venue_at{};
};

// Why a book is not to be trusted and must be fetched anew. Closed: the values are a metric label.
enum class ResyncReason : std::uint8_t {
  Crossed,          // bid >= ask
  BestMismatch,     // our best levels are not the venue's at the end of a burst
  BadLevel,         // off the tick grid, outside (0, 1), or a negative quantity
  MirrorMismatch,   // the NO side contradicts the YES side
  TickChanged,      // a new price grid is a new book
  SnapshotMissing,  // subscribed, and no opening book came
  Disconnected,     // the connection that carried the book has ended
  FeedSilent,       // the connection is open and the venue's REST book has moved on without it
};
inline constexpr int kResyncReasons = static_cast<int>(ResyncReason::FeedSilent) + 1;
[[nodiscard]] std::string_view to_string(ResyncReason reason);  // "best_mismatch"

}  // namespace polybot::gateway
