// Whether the venue takes orders at all: the pauses that it asks for, and those that we make after
// refusals that concern the venue, not one order.
#pragma once

#include <algorithm>
#include <optional>

#include "common/domain/events.hpp"
#include "services/order-manager/core/settings.hpp"

namespace polybot::order_manager {

// Why the venue is sent no orders for a while. A metric label: domain/enumeration.hpp.
enum class PauseCause : std::uint8_t {
  Throttled = 0,  // it asked to be left alone for so long
  RateLimited = 1,
  TradingDisabled = 2,
  PostOnlyMode = 3,
  Unauthorized = 4,
  Forbidden = 5,   // of this region or address
  ClosedOnly = 6,  // the account may only sell what it holds
  CancelOnly = 7,
};

class SubmissionPause {
 public:
  // For how long one refusal counts as the venue's state when no further order is tried.
  static constexpr domain::Duration kRefusalRemembered = std::chrono::minutes(5);
  static_assert(kRefusalPauseMax < kRefusalRemembered, "the next attempt would find it forgotten");

  // `length`: of the pause after a first refusal; at most kRefusalPauseMax.
  explicit SubmissionPause(domain::Duration length) : length_(length) {}

  void throttled(domain::Timestamp until) { until_ = std::max(until_, until); }
  // Begins a pause when the reason concerns the venue. Each attempt after a pause that is refused
  // for a lasting cause doubles the next pause of such a cause.
  void refused(domain::RejectReason reason, domain::Timestamp now);
  // A sale says nothing of an account that may only sell.
  void accepted(domain::Timestamp submitted_at, domain::Side side);

  // Whether nothing is bought; what is held is sold while the account may only do that.
  [[nodiscard]] bool holds(domain::Timestamp now) const {
    return holds_sales(now) || now < buys_until_;
  }
  [[nodiscard]] bool holds_sales(domain::Timestamp now) const { return now < until_; }
  // Why no order is sent at that time, or why the last attempt was refused for a lasting cause.
  [[nodiscard]] std::optional<PauseCause> cause(domain::Timestamp at) const;

 private:
  struct Refusal {
    PauseCause cause = PauseCause::Throttled;  // of the last
    domain::Timestamp at{};                    // last
    int lasting = 0;  // attempts in a row that were refused for a cause that lasts
  };
  domain::Duration length_;
  domain::Timestamp until_{};
  domain::Timestamp buys_until_{};  // the same for an account that may only sell
  std::optional<Refusal> refusal_;  // of all orders; none since one passed
};

}  // namespace polybot::order_manager
