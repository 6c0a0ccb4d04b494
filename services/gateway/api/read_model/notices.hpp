// What an operator should know of the state of trading, in words and with the call that changes it:
// who halted what and since when, strategies that differ from the configuration, what a flatten has
// left, what the venue refuses or tells unreadably, a restored backup. Empty when there is nothing
// out of the ordinary. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/gateway/api/read_model/trading_view.hpp"

namespace polybot::gateway {

// Names a market; an id where nobody knows more.
using NameMarket = std::function<std::string(const domain::MarketId&)>;

[[nodiscard]] std::vector<std::string> notices(const TradingView& view, const NameMarket& market,
                                               domain::Timestamp now);

// "halted for the whole account since 2026-11-30T12:00:00.000Z by operator (requested)"; without
// since and by when it was never changed. No strategy: the account.
[[nodiscard]] std::string trading_sentence(const domain::TradingStatus& status,
                                           const std::optional<domain::StrategyName>& strategy);

}  // namespace polybot::gateway
