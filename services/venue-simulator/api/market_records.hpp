// The CLOB's own records of a market: the long one of GET /markets and /markets/{id}, the
// simplified one, and the pieces that records of rewards share with them. Each appends one JSON
// value.
#pragma once

#include <string>

#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

// What a token is worth: its payout, else the last trade, else the middle of the book, else a half.
[[nodiscard]] domain::Price price_of(MarketNo market, domain::Outcome outcome,
                                     const MatchingEngine& engine);

void write_market(MarketNo market, const MatchingEngine& engine, std::uint64_t seed,
                  std::string& out);
void write_simplified_market(MarketNo market, const MatchingEngine& engine, std::string& out);
// GET /markets/live-activity/{id} as the OpenAPI document has it.
void write_live_activity(MarketNo market, const MatchingEngine& engine, std::string& out);
// A market with its reward terms; the earnings of `maker` too unless it is empty.
void write_market_rewards(MarketNo market, const MatchingEngine& engine, std::string_view maker,
                          std::string& out);

}  // namespace polybot::venue_simulator
