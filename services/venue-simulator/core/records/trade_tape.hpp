// What was traded, as the venue's public data tells it: the latest trades of each market, and its
// price over time. Trades of the crowd count like all others.
//
// A market's history has a point for each minute with a trade: the price of its last one. When it
// is full, every second point of its older half goes, so that it always reaches back to the first
// trade.
//
// Pure; part of the exchange's state.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

inline constexpr std::size_t kRecentTradesMax = 50;     // of a market
inline constexpr std::size_t kHistoryPointsMax = 1500;  // of a market: a day at full resolution

struct TapedTrade {
  domain::Timestamp at{};
  AccountId taker;
  domain::TokenId token;                  // the taker's
  domain::Side side = domain::Side::Buy;  // the taker's
  domain::Price price;                    // in terms of `token`
  domain::Quantity quantity;
};

struct PricePoint {
  domain::Timestamp at{};  // of the trade
  domain::Price yes_price;
};

class TradeTape {
 public:
  void add(const TradePrinted& trade);
  // Of a market that has ended the last trade is enough: thousands of such markets stay listed.
  void end(const domain::MarketId& market);
  // Forgets the markets that the engine has forgotten.
  void forget_markets(const MatchingEngine& engine);

  // Oldest first; empty for a market without a trade.
  [[nodiscard]] const std::deque<TapedTrade>& recent(const domain::MarketId& market) const;
  [[nodiscard]] const std::vector<PricePoint>& history(const domain::MarketId& market) const;

  template <class Archive>
  void fields(Archive& archive) {
    archive(tracks_);
  }

 private:
  struct Track {
    std::deque<TapedTrade> recent;
    std::vector<PricePoint> history;
  };
  std::map<domain::MarketId, Track> tracks_;
};

}  // namespace polybot::venue_simulator
