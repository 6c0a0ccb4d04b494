#include "services/gateway/feed/venue_books.hpp"

#include <algorithm>
#include <variant>

namespace polybot::gateway {

using domain::Timestamp;

TokenBook token_book(const polymarket::BookSummary& book, Timestamp asked_at) {
  return {.token = book.token,
          .bids = book.bids,
          .asks = book.asks,
          .tick = book.tick.is_positive() ? std::optional(book.tick) : std::nullopt,
          .last = book.last_trade_price,
          .venue_at = book.venue_at,
          .asked_at = asked_at};
}

TokenBook token_book(const polymarket::BookEvent& book, Timestamp asked_at) {
  return {.token = book.token,
          .bids = book.bids,
          .asks = book.asks,
          .tick = book.tick,
          .last = book.last_trade_price,
          .venue_at = book.venue_at,
          .asked_at = asked_at};
}

std::optional<Timestamp> changes_known_at(const polymarket::MarketFrame& frame, Timestamp now) {
  std::optional<Timestamp> newest;
  const auto tell = [&](Timestamp venue_at) {
    newest = std::max(newest, std::optional(known_at(venue_at, now)));
  };
  for (const polymarket::MarketEvent& event : frame.events) {
    if (const auto* change = std::get_if<polymarket::PriceChangeEvent>(&event)) {
      tell(change->venue_at);
    } else if (const auto* trade = std::get_if<polymarket::LastTradeEvent>(&event)) {
      tell(trade->venue_at);
    }
  }
  return newest;
}

}  // namespace polybot::gateway
