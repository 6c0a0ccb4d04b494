// Orders that the book does not know: another program or person placed them on this account, or the
// ledger has forgotten them.
#pragma once

#include "services/order-manager/core/orders/order_watch.hpp"
#include "services/order-manager/core/turn.hpp"
#include "services/order-manager/core/venue/market_watches.hpp"

namespace polybot::order_manager {

struct ForeignOrder {
  domain::VenueOrderId id;
  domain::MarketId market;
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Price price;
  domain::Quantity quantity;
  domain::Timestamp at{};
  domain::StrategyName strategy{std::string(domain::kExternalStrategy)};
};

// Books the order to its strategy. Null when it is no order, or cannot be booked yet: then the
// record of its market is asked for, and the next reading of the account names it again.
const OrderRecord* adopt(Turn& turn, const ForeignOrder& order, MarketWatches& markets,
                         OrderWatches& watches);

}  // namespace polybot::order_manager
