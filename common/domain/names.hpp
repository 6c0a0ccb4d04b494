// The words for what the domain enumerates: snake_case, the same in answers of the API, filters,
// /ws events, exports, metric labels and the documentation.
#pragma once

#include <optional>
#include <string_view>

#include "common/domain/events.hpp"

namespace polybot::domain {

[[nodiscard]] std::string_view name_of(Side side);
[[nodiscard]] std::string_view name_of(Outcome outcome);
[[nodiscard]] std::string_view name_of(MarketStatus status);
[[nodiscard]] std::string_view name_of(TradingState state);
[[nodiscard]] std::string_view name_of(TimeInForce time_in_force);
[[nodiscard]] std::string_view name_of(OrderPurpose purpose);
[[nodiscard]] std::string_view name_of(OrderStatus status);
[[nodiscard]] std::string_view name_of(LiquiditySide liquidity);
[[nodiscard]] std::string_view name_of(FillStatus status);
[[nodiscard]] std::string_view name_of(RejectReason reason);
[[nodiscard]] std::string_view name_of(AmbiguityCause cause);
[[nodiscard]] std::string_view name_of(CancelReason reason);
[[nodiscard]] std::string_view name_of(CommandDenyReason reason);

[[nodiscard]] std::optional<MarketStatus> parse_market_status(std::string_view name);

}  // namespace polybot::domain
