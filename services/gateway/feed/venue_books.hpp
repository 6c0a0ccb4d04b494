// The venue's messages about books in the core's words: the translation of whole books, and up to
// when a frame vouches for the books of its connection. Pure.
#pragma once

#include <optional>

#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "services/gateway/core/token_events.hpp"

namespace polybot::gateway {

// Spans point into what was passed. `asked_at`: of the request or the subscription it may answer.
[[nodiscard]] TokenBook token_book(const polymarket::BookSummary& book, domain::Timestamp asked_at);
[[nodiscard]] TokenBook token_book(const polymarket::BookEvent& book, domain::Timestamp asked_at);

// The time up to which a frame read at `now` tells what changed; empty when it tells of no change.
// Whole books do not count: one that answers a subscription may have changed long ago.
[[nodiscard]] std::optional<domain::Timestamp> changes_known_at(
    const polymarket::MarketFrame& frame, domain::Timestamp now);

}  // namespace polybot::gateway
