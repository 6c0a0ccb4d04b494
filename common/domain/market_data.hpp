// Market data as it travels inside the stack, always in YES terms: a bid for NO at p is an ask for
// YES at 1 - p. Quantities are absolute totals of a level, 0 removes it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/domain/instrument.hpp"

namespace polybot::domain {

struct Level {
  Price price;
  Quantity quantity;
  constexpr bool operator==(const Level&) const = default;
};

// Fixed numbers and words: enumeration.hpp.
enum class BookSide : std::uint8_t { Bid = 0, Ask = 1 };
constexpr BookSide opposite(BookSide side) {
  return side == BookSide::Bid ? BookSide::Ask : BookSide::Bid;
}

// Where an order for an outcome stands in the book: buying NO at 0.40 is selling YES at 0.60.
[[nodiscard]] constexpr Side yes_side(Outcome outcome, Side side) {
  return outcome == Outcome::Yes ? side : opposite(side);
}
[[nodiscard]] constexpr BookSide book_side(Outcome outcome, Side side) {
  return yes_side(outcome, side) == Side::Buy ? BookSide::Bid : BookSide::Ask;
}
// The outcome's own price in YES terms; the same leads back.
[[nodiscard]] constexpr Price yes_price(Outcome outcome, Price price) {
  return outcome == Outcome::Yes ? price : complement(price);
}

struct LevelChange {
  BookSide side = BookSide::Bid;
  Price price;
  Quantity quantity;  // new total at this price; 0 removes the level
  constexpr bool operator==(const LevelChange&) const = default;
};

// The whole book of a market. `venue_at` is the venue's stamp of the state. `stamped_at` is when
// the gateway last knew it to be current: the receive time, or earlier where the message had waited
// to be read. The age of every decision counts from there.
struct BookSnapshot {
  MarketId market;
  std::vector<Level> bids;  // any order
  std::vector<Level> asks;
  Price tick = Price::from_raw(100);
  bool stale = false;  // the gateway does not vouch for this book now
  Timestamp venue_at{};
  Timestamp stamped_at{};
};

// Level changes of one market that belong together (one venue message, after which best bid and ask
// were checked against the venue's own).
struct BookDelta {
  MarketId market;
  std::vector<LevelChange> changes;
  Timestamp venue_at{};
  Timestamp stamped_at{};
};

// A public trade: the aggressor's side in YES terms.
struct TradeTick {
  MarketId market;
  Side aggressor = Side::Buy;
  Price price;
  Quantity quantity;
  Timestamp venue_at{};
  Timestamp stamped_at{};
};

// A book must not be used until its next snapshot.
struct BookStale {
  MarketId market;
  Timestamp stamped_at{};
};

// The gateway vouches at once for what it has told of a shard's books, or of its quotes: whatever
// the reader trusts was current at `as_of`, except in these markets. So a book at rest stays young
// without being told again.
struct ShardVouched {
  Timestamp as_of{};
  std::vector<MarketId> except;
  bool complete = false;  // all of the shard was told just before, in the same frame
};

// Best bid, best ask and last trade of a market as state; an empty side is an empty optional.
struct QuoteTick {
  MarketId market;
  std::optional<Level> bid;
  std::optional<Level> ask;
  std::optional<Price> last;
  bool stale = false;
  Timestamp stamped_at{};
};

}  // namespace polybot::domain
