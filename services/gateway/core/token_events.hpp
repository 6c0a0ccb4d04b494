// Market data as the venue sends it: per outcome token, before anything is checked. The feed
// translates the venue's messages into these; BookBuilder turns them into books in YES terms.
//
// Spans point into the feed's parse buffer and are valid during the call that passes them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/domain/market_data.hpp"

namespace polybot::gateway {

// An event counts as one that waited, for example in the socket of a stopped process, when its
// venue stamp is older than its reading by more than this. Clocks of hosts are assumed within 250
// ms, and beyond 1 s order-manager denies anyway.
inline constexpr domain::Duration kVenueLagMax = std::chrono::seconds(1);

// The time up to which an event of the venue, read at `now`, tells the state.
[[nodiscard]] constexpr domain::Timestamp known_at(domain::Timestamp venue_at,
                                                   domain::Timestamp now) {
  return venue_at < now - kVenueLagMax ? venue_at + kVenueLagMax : now;
}

// The whole book of one token; levels in any order. `venue_at` is when it last changed, which may
// be long ago in a quiet market. An answer vouches for the book because it was made after
// `asked_at`, the time of the request or of the subscription.
struct TokenBook {
  domain::TokenId token;
  std::span<const domain::Level> bids;
  std::span<const domain::Level> asks;
  std::optional<domain::Price> tick;
  std::optional<domain::Price> last;  // of the market, in YES terms whatever the token
  domain::Timestamp venue_at{};
  domain::Timestamp asked_at{};
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

// Why a book must not be trusted and must be fetched again. A metric label: domain/enumeration.hpp.
enum class ResyncReason : std::uint8_t {
  Crossed = 0,          // bid >= ask
  BestMismatch = 1,     // our best levels are not the venue's at the end of a burst
  BadLevel = 2,         // off the tick grid, outside (0, 1), or a negative quantity
  MirrorMismatch = 3,   // the NO side contradicts the YES side
  TickChanged = 4,      // a new price grid is a new book
  SnapshotMissing = 5,  // subscribed, and no opening book came
  Disconnected = 6,     // the connection that carried the book has ended
  FeedSilent = 7,       // the connection is open and the venue's REST book has moved on without it
};

}  // namespace polybot::gateway
