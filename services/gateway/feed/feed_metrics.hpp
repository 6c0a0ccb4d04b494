// What the feed counts and measures: handles resolved once, incremented where things happen, read
// directly by tests.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"
#include "common/metrics/registry.hpp"
#include "services/gateway/core/token_events.hpp"

namespace polybot::gateway {

// Kinds of market channel events, in the order of polymarket::MarketEvent, then the unknown ones.
inline constexpr std::array<std::string_view, 8> kEventTypes = {
    "book",         "price_change", "last_trade_price", "tick_size_change",
    "best_bid_ask", "new_market",   "market_resolved",  "unknown"};
inline constexpr std::size_t kUnknownEvent = kEventTypes.size() - 1;
inline constexpr std::string_view kVenueName = "polymarket";

// What is read from the venue by REST; the `operation` label.
enum class RestOperation : std::uint8_t { Markets, MarketsById, Event, Record, Result, Books };
[[nodiscard]] std::string_view to_string(RestOperation operation);

class FeedMetrics {
 public:
  explicit FeedMetrics(metrics::Registry& registry);

  void count_event(std::size_t type) { events_[type].increment(); }
  // Age of an event at its arrival; an event stamped in our future counts as age 0.
  void observe_lag(domain::Duration lag);
  // A frame, or an entry of one, that could not be used; `reason` from a closed set of literals.
  void count_refused(std::string_view reason);
  void count_resync(ResyncReason reason) { resyncs_[static_cast<std::size_t>(reason)].increment(); }
  void count_request(RestOperation operation, std::string_view outcome, domain::Duration elapsed);

  // Tracked markets that cannot be read, by the venue's name of the field.
  void set_unreadable(const std::map<std::string_view, std::size_t>& by_field);

  metrics::TimestampGauge last_update;
  metrics::Gauge markets_tracked;
  metrics::Gauge markets_refused;
  metrics::Gauge books_stale;
  metrics::Gauge market_channel_connected;
  metrics::Gauge rest_connected;
  metrics::Histogram feed_latency;  // from the arrival of a frame to its hand-over to the bus

 private:
  metrics::Registry* registry_;
  std::vector<metrics::Counter> events_;
  std::vector<metrics::Counter> resyncs_;
  metrics::Histogram lag_;
  metrics::Counter lag_negative_;
  std::map<std::string_view, metrics::Gauge> unreadable_;
};

}  // namespace polybot::gateway
