// What the feed counts and measures: handles resolved once, incremented where things happen, read
// directly by tests.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"
#include "common/metrics/per_enum.hpp"
#include "services/gateway/core/token_events.hpp"

namespace polybot::gateway {

// Kinds of market channel events, in the order of polymarket::MarketEvent, then the unknown ones.
inline constexpr std::array<std::string_view, 8> kEventTypes = {
    "book",         "price_change", "last_trade_price", "tick_size_change",
    "best_bid_ask", "new_market",   "market_resolved",  "unknown"};
inline constexpr std::size_t kUnknownEvent = kEventTypes.size() - 1;
inline constexpr std::string_view kVenueName = "polymarket";

// Why a frame, or an entry of one, could not be used. This enum and those below are metric labels:
// domain/enumeration.hpp.
enum class FrameRefusal : std::uint8_t { Malformed = 0, UntrackedToken = 1, InvalidOperation = 2 };
// How a request ended.
enum class RestOutcome : std::uint8_t {
  Ok = 0,
  Failed = 1,
  Refused = 2,
  Unreadable = 3,
  Throttled = 4,   // 429, or held back because the venue asked to be left alone
  Certificate = 5  // the venue could not prove who it is
};
// What is read from the venue by REST.
enum class RestOperation : std::uint8_t {
  ListMarkets = 0,
  LookUpMarkets = 1,
  ReadEvent = 2,
  ReadMarket = 3,
  ReadResult = 4,
  ReadBooks = 5,
  Time = 6
};
// Why lines are missing from the recording.
enum class RecordingLoss : std::uint8_t { QueueFull = 0, WriteFailed = 1 };

class FeedMetrics {
 public:
  explicit FeedMetrics(metrics::Registry& registry);

  void count_event(std::size_t type) { events_[type].increment(); }
  // Age of an event at its arrival; an event stamped in our future counts as age 0.
  void observe_lag(domain::Duration lag);
  void set_clock_offset(domain::Duration offset);
  // Tracked markets that cannot be read, by the venue's name of the field.
  void set_unreadable(const std::map<std::string_view, std::size_t>& by_field);

  metrics::TimestampGauge last_update;
  metrics::Gauge markets_tracked;
  metrics::Gauge markets_refused;
  metrics::Gauge books_stale;
  metrics::Gauge market_channel_connected;
  metrics::Gauge rest_connected;
  metrics::Histogram feed_latency;  // from the arrival of a frame to its hand-over to the bus
  metrics::PerEnum<FrameRefusal, metrics::Counter> refused;
  metrics::PerEnum<ResyncReason, metrics::Counter> resyncs;
  metrics::VenueRequests<RestOperation, RestOutcome> requests;
  metrics::Counter listing_restarts;
  metrics::Counter recording_bytes;
  metrics::PerEnum<RecordingLoss, metrics::Counter> recording_lost;
  metrics::Counter recording_errors;
  metrics::Counter recording_odd_times;

 private:
  std::vector<metrics::Counter> events_;
  metrics::Histogram lag_;
  metrics::Counter lag_negative_;
  metrics::Gauge clock_offset_;
  std::map<std::string_view, metrics::Gauge> unreadable_;
};

}  // namespace polybot::gateway
