// What an operator should know of the state of trading, in words and with the call that changes it:
// what is halted, by whom and since when, strategies that differ from the configuration, what a
// flatten has left, what the venue refuses or sends unreadably, a restored backup. Empty when
// nothing is out of the ordinary. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/gateway/api/read_model/trading_view.hpp"

namespace polybot::gateway {

// Names a market; its id when its slug is unknown.
using NameMarket = std::function<std::string(const domain::MarketId&)>;

[[nodiscard]] std::vector<std::string> notices(const TradingView& view, const NameMarket& market,
                                               domain::Timestamp now);

// "halted for the whole account since 2026-11-30T12:00:00.000Z by operator (requested): upgrade,
// acknowledged until 2026-11-30T13:00:00.000Z"; without since and by when the state was never
// changed, and without what was not stated. Without a strategy it is the account's.
[[nodiscard]] std::string trading_sentence(const domain::TradingStatus& status,
                                           const std::optional<domain::StrategyName>& strategy);

}  // namespace polybot::gateway
