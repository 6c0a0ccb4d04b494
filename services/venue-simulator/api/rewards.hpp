// The liquidity rewards of the simulated venue. It samples the orders of its open markets by the
// terms below, so that an order scores or does not score as at the venue, and pays nothing for
// them: the daily rate of every market is 0, and nobody has ever earned anything.
#pragma once

#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

inline constexpr domain::Quantity kRewardMinSize = domain::Quantity::from_units(20);
inline constexpr domain::Price kRewardMaxSpread = domain::Price::from_raw(350);  // from the middle
inline constexpr domain::Duration kRewardMinAge = std::chrono::seconds(4);

// Whether a market's orders are sampled: it trades, and its outcome has a name.
[[nodiscard]] bool is_sampled(const Listing& listing);
// Whether an order would be paid for now: it rests in a sampled market, is large and old enough,
// and near enough to the middle of a book with both sides.
[[nodiscard]] bool scores(const OrderTruth& order, const MatchingEngine& engine,
                          domain::Timestamp now);

}  // namespace polybot::venue_simulator
