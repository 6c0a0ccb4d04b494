// Turns what followed streams bring into inputs of the core; for the process and for its
// simulation.
#pragma once

#include <functional>

#include "common/follow/order_follower.hpp"
#include "common/follow/shard_follower.hpp"
#include "services/strategy-runner/core/runner.hpp"

namespace polybot::strategy_runner {

// Sets all functions except `refuse` and `ask`, which the owner sets. `apply` is copied.
[[nodiscard]] follow::MarketSink inputs_of_market_data(std::function<void(const Input&)> apply);
[[nodiscard]] follow::OrderSink inputs_of_orders(std::function<void(const Input&)> apply);

}  // namespace polybot::strategy_runner
