#include "common/polymarket/rate_limits.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <charconv>

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {

namespace {

using domain::Duration;
using namespace std::chrono_literals;

constexpr Duration kWindow = 10s;  // of the published limits
constexpr Duration kEngineRestartPause = 2s;
constexpr Duration kUnnamedPause = 1s;
// Beyond this a reset is no time of this century.
constexpr std::int64_t kResetSecondsMax = 4'102'444'800;

// Requests per window and address, 2026-07-25. In front of the venue excess is delayed before it is
// refused, so a window that begins with a full bucket does no harm.
constexpr std::array<std::int64_t, kEndpointClasses> kPerWindow = {
    2'000,  // Orders: of the two the batch has the lower limit
    2'000,  // Cancels
    500,    // Ledger
    200,    // Balances
    500,    // Books
    300,    // Listings
    500,    // Events
    100,    // Authentication
    9'000,  // General
    25,     // ChainReads: half of its 50, so that a window with a full bucket has no more either,
            // because the venue looks at the chain for each
};

template <class Integer>
std::optional<Integer> whole_number(std::string_view text) {
  text = trimmed(text);
  Integer number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// How long an answer asks to be left alone.
std::optional<Duration> asked_pause(unsigned http_status, const RateLimitFields& fields,
                                    std::string_view body) {
  if (http_status == 425) return kEngineRestartPause;
  if (http_status != 429 && http_status != 503) return std::nullopt;
  const auto asked = fields.retry_after ? fields.retry_after : retry_after_seconds(body);
  if (!asked) return kUnnamedPause;
  // A date that has just passed, or 0, is no leave to ask without end.
  return std::clamp<Duration>(*asked, kUnnamedPause, kAskedPauseMax);
}

}  // namespace

RateLimitFields read_rate_limit_fields(std::string_view remaining, std::string_view reset,
                                       std::string_view warning) {
  RateLimitFields fields;
  fields.remaining = whole_number<std::int64_t>(remaining);
  const auto seconds = whole_number<std::int64_t>(reset);
  if (seconds && *seconds >= 0 && *seconds <= kResetSecondsMax)
    fields.reset = domain::from_unix_ns(*seconds * 1'000'000'000);
  fields.warning = lower_case(trimmed(warning)) == "true";
  return fields;
}

std::optional<std::chrono::seconds> retry_after_seconds(std::string_view body) {
  const auto value = parse_json(body);
  if (!value || !value->is_object()) return std::nullopt;
  ObjectReader reader(*value, "error");
  const auto text = reader.scalar("retry_after_seconds");
  if (!text) return std::nullopt;
  const auto seconds = whole_number<std::int64_t>(*text);
  if (!seconds || *seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min(*seconds, kResetSecondsMax));
}

RateLimits::RateLimits() {
  for (std::size_t i = 0; i < kEndpointClasses; ++i) {
    buckets_[i].burst = kPerWindow[i];
    buckets_[i].per_request = kWindow / kPerWindow[i];
  }
}

Duration RateLimits::paused(EndpointClass of, Duration now) const {
  const Bucket& asked = buckets_[static_cast<std::size_t>(of)];
  return std::max(Duration::zero(), asked.paused_until - now);
}

Duration RateLimits::take(EndpointClass of, Duration now) {
  if (const Duration left = paused(of, now); left > Duration::zero()) return left;
  Bucket& from = bucket(of);
  const Duration full_at = std::max(from.full_at, now) + from.per_request;
  const Duration wait = full_at - from.per_request * from.burst - now;
  if (wait > Duration::zero()) return wait;
  from.full_at = full_at;
  return Duration::zero();
}

std::size_t RateLimits::available(EndpointClass of, Duration now) const {
  if (paused(of, now) > Duration::zero()) return 0;
  const Bucket& from = buckets_[static_cast<std::size_t>(of)];
  const Duration used = std::max(from.full_at - now, Duration::zero());
  const Duration left = from.per_request * from.burst - used;
  return left <= Duration::zero() ? 0 : static_cast<std::size_t>(left / from.per_request);
}

void RateLimits::pause(Bucket& bucket, Duration length, Duration now) {
  bucket.paused_until = std::max(bucket.paused_until, now + std::min(length, kAskedPauseMax));
}

void RateLimits::answered(EndpointClass of, unsigned http_status, const RateLimitFields& fields,
                          std::string_view body, Duration now, domain::Timestamp at) {
  Bucket& by_venue = bucket(of);
  if (const auto asked = asked_pause(http_status, fields, body)) pause(by_venue, *asked, now);
  if (!fields.remaining) return;
  const std::int64_t left = std::clamp<std::int64_t>(*fields.remaining, 0, by_venue.burst);
  // Never fuller than the venue says; we may know of requests that it has not counted yet.
  by_venue.full_at =
      std::max(by_venue.full_at, now + by_venue.per_request * (by_venue.burst - left));
  if (*fields.remaining > 0 || fields.warning || !fields.reset) return;
  if (*fields.reset > at) pause(by_venue, *fields.reset - at, now);
}

}  // namespace polybot::polymarket
