// How an order gets its signed fields and its id at the venue, as a pure function passed in: the
// same order always gets the same identity, so that a second attempt is the same order to the
// venue.
#pragma once

#include <functional>
#include <optional>

#include "common/domain/order.hpp"

namespace polybot::order_manager {

struct VenueIdentity {
  domain::SignedFields fields;
  domain::VenueOrderId venue_id;
};

// Takes an order without `fields` and `venue_id`, and the market it is in; empty when the venue's
// amounts cannot express it. Salt and timestamp are functions of the client order id and
// decided_at.
using OrderIdentity =
    std::function<std::optional<VenueIdentity>(const domain::Order&, const domain::Market&)>;

}  // namespace polybot::order_manager
