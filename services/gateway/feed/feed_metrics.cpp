#include "services/gateway/feed/feed_metrics.hpp"

#include <algorithm>

namespace polybot::gateway {
namespace {

constexpr std::array kOperations = {RestOperation::Markets, RestOperation::MarketsById,
                                    RestOperation::Event,   RestOperation::Record,
                                    RestOperation::Result,  RestOperation::Books};

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

std::string_view to_string(RestOperation operation) {
  switch (operation) {
    case RestOperation::Markets:
      return "list_markets";
    case RestOperation::MarketsById:
      return "look_up_markets";
    case RestOperation::Event:
      return "read_event";
    case RestOperation::Record:
      return "read_market";
    case RestOperation::Result:
      return "read_result";
    case RestOperation::Books:
      return "read_books";
  }
  return "unknown";
}

FeedMetrics::FeedMetrics(metrics::Registry& registry)
    : last_update(registry.timestamp_gauge("polybot_market_data_last_update_timestamp_seconds",
                                           {kVenueName})),
      markets_tracked(registry.gauge("polybot_markets_tracked")),
      markets_refused(registry.gauge("polybot_markets_refused")),
      books_stale(registry.gauge("polybot_books_stale")),
      market_channel_connected(registry.gauge("polybot_venue_connected", {"market"})),
      rest_connected(registry.gauge("polybot_venue_connected", {"rest"})),
      feed_latency(registry.histogram("polybot_order_latency_seconds", {"feed"})),
      registry_(&registry),
      lag_(registry.histogram("polybot_market_data_lag_seconds")),
      lag_negative_(registry.counter("polybot_market_data_lag_negative_total")) {
  for (const std::string_view type : kEventTypes) {
    events_.push_back(registry.counter("polybot_market_data_events_total", {type}));
  }
  for (int reason = 0; reason < kResyncReasons; ++reason) {
    resyncs_.push_back(registry.counter("polybot_book_resyncs_total",
                                        {to_string(static_cast<ResyncReason>(reason))}));
  }
  for (const RestOperation operation : kOperations) {
    registry.histogram("polybot_venue_request_duration_seconds", {to_string(operation)});
    for (const std::string_view outcome : {"ok", "failed", "refused", "unreadable"}) {
      registry.counter("polybot_venue_requests_total", {to_string(operation), outcome});
    }
  }
  for (const std::string_view field : kUnreadableLabels)
    unreadable_.emplace(field, registry.gauge("polybot_markets_unreadable", {field}));
  for (const std::string_view reason : {"malformed", "untracked_token", "invalid_operation"}) {
    registry.counter("polybot_market_data_frames_refused_total", {reason});
  }
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

void FeedMetrics::count_refused(std::string_view reason) {
  registry_->counter("polybot_market_data_frames_refused_total", {reason}).increment();
}

void FeedMetrics::count_request(RestOperation operation, std::string_view outcome,
                                domain::Duration elapsed) {
  registry_->counter("polybot_venue_requests_total", {to_string(operation), outcome}).increment();
  registry_->histogram("polybot_venue_request_duration_seconds", {to_string(operation)})
      .observe(elapsed);
}

}  // namespace polybot::gateway
