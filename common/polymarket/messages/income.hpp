// What the venue pays beside trades: rebates of taker fees to makers (GET /rebates/current, public)
// and liquidity rewards (GET /rewards/user/total). Both are asked for by day (UTC) and paid in the
// collateral.
// Source: https://docs.polymarket.com/api-reference (rebates, rewards).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/domain/decimal.hpp"
#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"
#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

inline constexpr std::string_view kRebatesPath = "/rebates/current";
inline constexpr std::string_view kEarningsPath = "/rewards/user/total";
// pUSD on the venue's chain, as the venue spells it.
inline constexpr std::string_view kCollateralAsset = "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB";

// The sum over an answer's rows. Rows in another token than the collateral are left out; what is
// below a millionth is dropped.
[[nodiscard]] ParseResult<domain::Money> parse_rebates(std::string_view text);
[[nodiscard]] ParseResult<domain::Money> parse_earnings(std::string_view text);

struct RebateRecord {
  domain::UtcDate date;
  domain::MarketId market;
  std::string maker_address;
  domain::Money amount;
};
[[nodiscard]] std::string write_rebates(const std::vector<RebateRecord>& rebates);

// "2026-02-27".
[[nodiscard]] std::string date_text(domain::UtcDate date);

}  // namespace polybot::polymarket
