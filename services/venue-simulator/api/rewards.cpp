#include "services/venue-simulator/api/rewards.hpp"

#include <cstdlib>

#include "services/venue-simulator/core/engine/engine_terms.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;

bool is_sampled(const Listing& listing) {
  return listing.market.status == domain::MarketStatus::Active && !listing.market.placeholder;
}

bool scores(const OrderTruth& order, const MatchingEngine& engine, domain::Timestamp now) {
  const Listing* listing = engine.listing(order.market);
  if (listing == nullptr || !is_sampled(*listing)) return false;
  if (order.status != domain::VenueOrderStatus::Live || !rests(order.time_in_force)) return false;
  if (order.quantity - order.matched < kRewardMinSize) return false;
  if (now - order.created_at < kRewardMinAge) return false;
  const auto bid = engine.best(order.market, BookSide::Bid);
  const auto ask = engine.best(order.market, BookSide::Ask);
  const auto outcome = domain::outcome_of(listing->market, order.token);
  if (!bid || !ask || !outcome) return false;
  const domain::Price yes_price = in_terms_of(*outcome, order.price);
  const std::int64_t twice_off = 2 * yes_price.raw() - bid->price.raw() - ask->price.raw();
  return std::abs(twice_off) <= 2 * kRewardMaxSpread.raw();
}

}  // namespace polybot::venue_simulator
