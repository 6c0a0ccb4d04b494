// The trades of orders that were signed with a builder's code, as GET /builder/trades gives them:
// one row for each such order of a trade.
#pragma once

#include "common/http/message.hpp"
#include "services/venue-simulator/api/members.hpp"
#include "services/venue-simulator/api/trade_pages.hpp"

namespace polybot::venue_simulator {

// "0x" and 64 hex digits that are not all zero, which would be no builder.
[[nodiscard]] std::optional<BuilderCode> parse_builder_code(std::string_view text);
[[nodiscard]] http::Response builder_trade_page(const BuilderCode& code, const PageQuery& query,
                                                const Members& members, const ExchangeHost& host);

}  // namespace polybot::venue_simulator
