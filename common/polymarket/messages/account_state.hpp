// Whether the venue lets this place and this account trade: the gate of its own site, and
// GET /auth/ban-status/closed-only, in and out.
// Source: https://docs.polymarket.com/api-reference (geoblock, authentication).
#pragma once

#include <string>
#include <string_view>

#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

// Of the site's host (https://polymarket.com), not of the API's.
inline constexpr std::string_view kGeoblockPath = "/api/geoblock";
inline constexpr std::string_view kClosedOnlyPath = "/auth/ban-status/closed-only";

struct Geoblock {
  bool blocked = false;
  std::string country{};  // "US"; may be empty
  std::string region{};
  bool operator==(const Geoblock&) const = default;
};

// An answer that does not say it is an error: what is not said is not "no".
[[nodiscard]] ParseResult<Geoblock> parse_geoblock(std::string_view text);
[[nodiscard]] std::string write_geoblock(const Geoblock& gate);
[[nodiscard]] ParseResult<bool> parse_closed_only(std::string_view text);
[[nodiscard]] std::string write_closed_only(bool closed_only);

}  // namespace polybot::polymarket
