#include "services/gateway/feed/feed_metrics.hpp"

#include <algorithm>
#include <cmath>

namespace polybot::gateway {
namespace {

constexpr std::array<std::string_view, 7> kUnreadableLabels = {
    "fee", "outcomes", "tokens", "slug", "delay", "version", "other"};

// Listing and record name the same thing differently.
std::string_view unreadable_label(std::string_view field) {
  struct Named {
    std::string_view field;
    std::string_view label;
  };
  static constexpr Named kNamed[] = {{"fee schedule", "fee"},
                                     {"rate", "fee"},
                                     {"exponent", "fee"},
                                     {"r", "fee"},
                                     {"e", "fee"},
                                     {"feesEnabled", "fee"},
                                     {"outcomes", "outcomes"},
                                     {"outcomePrices", "outcomes"},
                                     {"o", "outcomes"},
                                     {"clobTokenIds", "tokens"},
                                     {"positionIds", "tokens"},
                                     {"t", "tokens"},
                                     {"slug", "slug"},
                                     {"secondsDelay", "delay"},
                                     {"sd", "delay"},
                                     {"version", "version"},
                                     {"v", "version"}};
  for (const Named& named : kNamed) {
    if (named.field == field) return named.label;
  }
  return "other";
}

}  // namespace

FeedMetrics::FeedMetrics(metrics::Registry& registry)
    : last_update(registry.timestamp_gauge("polybot_market_data_last_update_timestamp_seconds",
                                           {kVenueName})),
      markets_tracked(registry.gauge("polybot_markets_tracked")),
      markets_refused(registry.gauge("polybot_markets_refused")),
      books_stale(registry.gauge("polybot_books_stale")),
      market_channel_connected(registry.gauge("polybot_venue_connected", {"market"})),
      rest_connected(registry.gauge("polybot_venue_connected", {"rest"})),
      feed_latency(registry.histogram("polybot_order_latency_seconds", {"feed"})),
      refused([&](std::string_view reason) {
        return registry.counter("polybot_market_data_frames_refused_total", {reason});
      }),
      resyncs([&](std::string_view reason) {
        return registry.counter("polybot_book_resyncs_total", {reason});
      }),
      requests(registry),
      listing_restarts(registry.counter("polybot_market_listing_restarts_total")),
      recording_bytes(registry.counter("polybot_recording_bytes_total")),
      recording_lost([&](std::string_view reason) {
        return registry.counter("polybot_recording_lost_lines_total", {reason});
      }),
      recording_errors(registry.counter("polybot_recording_errors_total")),
      recording_odd_times(registry.counter("polybot_recording_odd_times_total")),
      lag_(registry.histogram("polybot_market_data_lag_seconds")),
      lag_negative_(registry.counter("polybot_market_data_lag_negative_total")),
      clock_offset_(registry.gauge("polybot_market_data_clock_offset_seconds")) {
  for (const std::string_view type : kEventTypes) {
    events_.push_back(registry.counter("polybot_market_data_events_total", {type}));
  }
  for (const std::string_view field : kUnreadableLabels)
    unreadable_.emplace(field, registry.gauge("polybot_markets_unreadable", {field}));
}

void FeedMetrics::set_clock_offset(domain::Duration offset) {
  clock_offset_.set(std::abs(std::chrono::duration<double>(offset).count()));
}

void FeedMetrics::set_unreadable(const std::map<std::string_view, std::size_t>& by_field) {
  std::map<std::string_view, std::size_t> by_label;
  for (const auto& [field, count] : by_field) by_label[unreadable_label(field)] += count;
  for (auto& [label, gauge] : unreadable_) gauge.set(static_cast<double>(by_label[label]));
}

void FeedMetrics::observe_lag(domain::Duration lag) {
  if (lag < domain::Duration::zero()) lag_negative_.increment();
  lag_.observe(std::max(lag, domain::Duration::zero()));
}

}  // namespace polybot::gateway
