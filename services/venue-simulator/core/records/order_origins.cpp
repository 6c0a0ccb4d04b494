#include "services/venue-simulator/core/records/order_origins.hpp"

namespace polybot::venue_simulator {

void OrderOrigins::note(const OrderOrigin& origin) {
  if (is_ordinary(origin)) return;
  // A copy of an order does not change where the first one came from.
  if (!origins_.emplace(origin.order, origin).second) return;
  age_.push_back(origin.order);
  if (age_.size() <= kOriginsMax) return;
  origins_.erase(age_.front());
  age_.pop_front();
}

OrderOrigin OrderOrigins::of(const domain::VenueOrderId& order) const {
  const auto found = origins_.find(order);
  return found == origins_.end() ? OrderOrigin{.order = order} : found->second;
}

}  // namespace polybot::venue_simulator
