#include "services/venue-simulator/core/records/trade_tape.hpp"

#include <iterator>

namespace polybot::venue_simulator {
namespace {

std::int64_t minute_of(domain::Timestamp at) {
  return domain::to_unix_ms(at) / 60'000;
}

// Every second point of the older half goes; the first one stays.
void thin(std::vector<PricePoint>& points) {
  const std::size_t half = points.size() / 2;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i < half && i % 2 == 1) continue;
    points[kept++] = points[i];
  }
  points.resize(kept);
}

}  // namespace

void TradeTape::add(const TradePrinted& trade) {
  Track& track = tracks_[trade.market];
  track.recent.push_back(
      {trade.tick.venue_at, trade.taker, trade.token, trade.side, trade.price, trade.quantity});
  if (track.recent.size() > kRecentTradesMax) track.recent.pop_front();
  const PricePoint point{trade.tick.venue_at, trade.tick.price};
  if (!track.history.empty() && minute_of(track.history.back().at) == minute_of(point.at)) {
    track.history.back() = point;
    return;
  }
  if (track.history.size() == kHistoryPointsMax) thin(track.history);
  track.history.push_back(point);
}

void TradeTape::end(const domain::MarketId& market) {
  const auto found = tracks_.find(market);
  if (found == tracks_.end()) return;
  std::deque<TapedTrade>& recent = found->second.recent;
  recent.erase(recent.begin(), std::prev(recent.end()));
}

void TradeTape::forget_markets(const MatchingEngine& engine) {
  std::erase_if(tracks_, [&](const auto& entry) { return !engine.find_market(entry.first); });
}

const std::deque<TapedTrade>& TradeTape::recent(const domain::MarketId& market) const {
  static const std::deque<TapedTrade> kNone;
  const auto found = tracks_.find(market);
  return found == tracks_.end() ? kNone : found->second.recent;
}

const std::vector<PricePoint>& TradeTape::history(const domain::MarketId& market) const {
  static const std::vector<PricePoint> kNone;
  const auto found = tracks_.find(market);
  return found == tracks_.end() ? kNone : found->second.history;
}

}  // namespace polybot::venue_simulator
