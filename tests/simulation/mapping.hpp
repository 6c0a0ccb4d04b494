// The parts between the cores in every simulation: the strategies and their markets, orders in the
// exchange's form, and identities without cryptography.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "services/order-manager/core/orders/order_identity.hpp"
#include "services/strategy-runner/core/runner.hpp"
#include "services/venue-simulator/core/messages.hpp"

namespace polybot::simulation {

inline const std::array<domain::StrategyName, 3> kStrategies{
    {{"arbitrage"}, {"spread_farm"}, {"momentum"}}};

// Which markets a strategy trades: arbitrage those of exclusive outcomes; of the others spread_farm
// quotes up to one shard and momentum takes from another on.
struct Division {
  domain::Shard spread_farm_last{23};
  domain::Shard momentum_first{24};
};
// As shipped: where one strategy quotes, no other takes.
inline constexpr Division kShippedDivision{};
[[nodiscard]] strategy_runner::MarketFilter markets_of(const domain::StrategyName& strategy,
                                                       Division division = kShippedDivision);

// An identity that is unique, and a function of the order alone.
[[nodiscard]] order_manager::VenueIdentity unsigned_identity(const domain::Order& order,
                                                             const domain::Market& market,
                                                             std::uint64_t salt);

[[nodiscard]] venue_simulator::SubmitOrders submit_request(
    venue_simulator::AccountId account, const std::vector<domain::Order>& orders);

}  // namespace polybot::simulation
