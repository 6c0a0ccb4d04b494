// What a request names, found in the exchange, or the venue's error for it; and the cursors of
// pages.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/http/message.hpp"
#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

struct FoundToken {
  domain::TokenId id;
  MatchingEngine::TokenPlace place;
};
// 400 for what is no token id, 404 with `unknown` for a token of no market.
[[nodiscard]] std::variant<FoundToken, http::Response> find_token(
    std::string_view text, const MatchingEngine& engine,
    std::string_view unknown = "market not found");
// 404 for what is no condition id as well, as at the venue.
[[nodiscard]] std::variant<MarketNo, http::Response> find_market(std::string_view text,
                                                                 const MatchingEngine& engine);
// The token of a request as a query parameter or as the last part of the path: the venue takes
// both.
[[nodiscard]] std::string_view token_text(const http::Request& request);

// A cursor is opaque to clients: the base64 of the number after which its page begins.
[[nodiscard]] std::string page_cursor(std::uint64_t after);
// The first page for a request without a cursor; empty for one that is none of ours.
[[nodiscard]] std::optional<std::uint64_t> parse_cursor(const http::Request& request);
[[nodiscard]] http::Response bad_cursor();

// One page of the markets that `wanted` takes, oldest first.
struct MarketPage {
  std::vector<MarketNo> markets;
  std::string next_cursor;
};
[[nodiscard]] MarketPage page_of_markets(const MatchingEngine& engine, std::uint64_t after,
                                         std::size_t limit,
                                         const std::function<bool(const Listing&)>& wanted);
// {"limit","count","next_cursor","data":[...]} of rows that are written already.
[[nodiscard]] http::Response page_answer(std::size_t limit, std::string_view next_cursor,
                                         const std::vector<std::string>& rows);

}  // namespace polybot::venue_simulator
