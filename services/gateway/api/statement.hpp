// What an operator states with a halt or a reduction: why, and until when those who watch know of
// it. Read from the query: `reason`, and `for` (a span, "45m") or `until` (an instant in UTC).
// Pure.
#pragma once

#include <chrono>
#include <string>

#include "common/domain/time.hpp"
#include "services/gateway/api/query.hpp"

namespace polybot::gateway {

// A silence that nobody remembers is worse than an alert: it is stated again after a month.
inline constexpr domain::Duration kAcknowledgedForMax = std::chrono::days(31);

struct Statement {
  std::string reason;                      // empty: none was given
  domain::Timestamp acknowledged_until{};  // the epoch: not acknowledged
  bool operator==(const Statement&) const = default;
};

// A reason has 1 to kStatedReasonBytesMax bytes of UTF-8 without control characters. The end lies
// after `now`, by kAcknowledgedForMax at most.
[[nodiscard]] Parsed<Statement> parse_statement(const http::Request& request,
                                                domain::Timestamp now);

}  // namespace polybot::gateway
