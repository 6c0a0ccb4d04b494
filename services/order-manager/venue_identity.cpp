#include "services/order-manager/venue_identity.hpp"

#include <memory>
#include <string>

#include "common/polymarket/amounts.hpp"

namespace polybot::order_manager {

OrderIdentity venue_identity(std::uint64_t chain_id, const polymarket::OrderParty& party) {
  // Shared by the copies that std::function makes; immutable.
  const auto domains = std::make_shared<const polymarket::ExchangeDomains>(chain_id);
  return [domains, party](const domain::Order& order,
                          const domain::Market& market) -> std::optional<VenueIdentity> {
    const auto amounts = polymarket::amounts_for_shares(order.side, order.quantity, order.limit,
                                                        market.tick, order.time_in_force);
    if (!amounts) return std::nullopt;
    VenueIdentity identity;
    identity.fields = {
        .salt = polymarket::salt_of(polymarket::bytes_of(domain::to_string(order.id))),
        .timestamp_ms = domain::to_unix_ms(order.decided_at),
        .maker_amount = domain::Money::from_raw(static_cast<std::int64_t>(amounts->maker)),
        .taker_amount = domain::Money::from_raw(static_cast<std::int64_t>(amounts->taker)),
        .token = domain::token_of(market, order.instrument.outcome),
        .exchange = market.exchange,
        .expiration_s = order.fields.expiration_s,
    };
    const polymarket::OrderToSign to_sign =
        polymarket::order_to_sign(identity.fields, order.side, party);
    identity.venue_id = polymarket::order_digest(to_sign, domains->of(market.exchange));
    return identity;
  };
}

}  // namespace polybot::order_manager
