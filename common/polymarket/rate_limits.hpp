// How often the venue may be asked, by class of endpoint: its published limits as token buckets,
// corrected by what its answers say (Poly-RateLimit-*, Retry-After, retry_after_seconds). Each
// class is paced alone, so that reads that are throttled hold back neither orders nor cancels.
//
// Pure: times are arguments. Whoever asks decides whether to wait, to give up, or to send anyway.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/domain/time.hpp"

namespace polybot::polymarket {

// Endpoints that share a limit at the venue (docs.polymarket.com/api-reference/rate-limits).
enum class EndpointClass : std::uint8_t {
  Orders = 0,          // POST /order, /orders
  Cancels = 1,         // DELETE /order, /orders
  Ledger = 2,          // GET /data/orders, /data/trades
  Balances = 3,        // GET /balance-allowance
  Books = 4,           // POST /books
  Listings = 5,        // the listing host: /markets
  Events = 6,          // the listing host: /events
  Authentication = 7,  // /auth
  General = 8,         // the rest of the order host
  ChainReads = 9       // GET /balance-allowance/update
};
inline constexpr std::size_t kEndpointClasses = 10;

// A pause that the venue asks for is believed up to this.
inline constexpr domain::Duration kAskedPauseMax = std::chrono::minutes(10);

// What the header of an answer says of the limits. Fields that are absent or cannot be read are
// empty.
struct RateLimitFields {
  std::optional<std::int64_t> remaining;  // requests left; may be below zero
  std::optional<domain::Timestamp> reset;
  bool warning = false;  // the venue counts, and does not refuse yet
  std::optional<std::chrono::seconds> retry_after;
};
// Of Poly-RateLimit-Remaining, -Reset (seconds since 1970) and -Warning; empty texts for absent
// ones.
[[nodiscard]] RateLimitFields read_rate_limit_fields(std::string_view remaining,
                                                     std::string_view reset,
                                                     std::string_view warning);

// `retry_after_seconds` of an error's body; empty when it has none that can be read.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after_seconds(std::string_view body);

class RateLimits {
 public:
  RateLimits();

  // Zero: go, one request is paid for. Otherwise nothing is taken, and it is worth asking again
  // after so long. `now` is monotonic.
  [[nodiscard]] domain::Duration take(EndpointClass of, domain::Duration now);
  // How many requests would go now, one after the other.
  [[nodiscard]] std::size_t available(EndpointClass of, domain::Duration now) const;
  // For how long the venue has asked to be left alone.
  [[nodiscard]] domain::Duration paused(EndpointClass of, domain::Duration now) const;

  // Heeds what an answer said. 429 and 503 ask for a pause by header, else by body, else for a
  // second; 425 says that the matching engine restarts. `at` is the wall clock at `now`, by which
  // the venue names its reset.
  void answered(EndpointClass of, unsigned http_status, const RateLimitFields& fields,
                std::string_view body, domain::Duration now, domain::Timestamp at);

 private:
  // A token bucket as the one time that describes it: when it would be full again (GCRA).
  struct Bucket {
    domain::Duration per_request{};
    std::int64_t burst = 1;
    domain::Duration full_at{};
    domain::Duration paused_until{};
  };
  void pause(Bucket& bucket, domain::Duration length, domain::Duration now);
  [[nodiscard]] Bucket& bucket(EndpointClass of) { return buckets_[static_cast<std::size_t>(of)]; }

  std::array<Bucket, kEndpointClasses> buckets_;
};

}  // namespace polybot::polymarket
