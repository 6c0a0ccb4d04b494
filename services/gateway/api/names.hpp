// The words of the API for what the domain enumerates: snake_case, the same in answers, filters,
// /ws events and the documentation.
#pragma once

#include <optional>
#include <string_view>

#include "common/domain/events.hpp"

namespace polybot::gateway {

[[nodiscard]] std::string_view name_of(domain::Side side);
[[nodiscard]] std::string_view name_of(domain::Outcome outcome);
[[nodiscard]] std::string_view name_of(domain::MarketStatus status);
[[nodiscard]] std::string_view name_of(domain::TradingState state);
[[nodiscard]] std::string_view name_of(domain::TimeInForce time_in_force);
[[nodiscard]] std::string_view name_of(domain::OrderPurpose purpose);
[[nodiscard]] std::string_view name_of(domain::OrderStatus status);
[[nodiscard]] std::string_view name_of(domain::LiquiditySide liquidity);
[[nodiscard]] std::string_view name_of(domain::FillStatus status);
[[nodiscard]] std::string_view name_of(domain::RejectReason reason);
[[nodiscard]] std::string_view name_of(domain::AmbiguityCause cause);
[[nodiscard]] std::string_view name_of(domain::CancelReason reason);
[[nodiscard]] std::string_view name_of(domain::CommandDenyReason reason);

[[nodiscard]] std::optional<domain::MarketStatus> parse_market_status(std::string_view name);

}  // namespace polybot::gateway
