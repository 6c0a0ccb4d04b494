// Times in header fields: HTTP dates (RFC 9110 §5.6.7) and Retry-After (§10.2.3). No clock: the
// present is an argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace polybot::http {

// Seconds since 1970 of any of the three forms that a recipient must read; empty for anything else.
// A year of two digits means the one that is at most 50 years ahead of `now_s`.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text,
                                                          std::int64_t now_s);

// How long a Retry-After asks to wait: seconds, or a date, which counts from `now_s` and is 0 when
// it has passed. At most a day; empty when it is neither.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                                    std::int64_t now_s);

}  // namespace polybot::http
