#include "tests/simulation/mapping.hpp"

#include <cstring>

#include "common/domain/amounts.hpp"

namespace polybot::simulation {

namespace sr = strategy_runner;

sr::MarketFilter markets_of(const domain::StrategyName& strategy, Division division) {
  if (strategy.value == "arbitrage") return {.slugs = {}, .kinds = {sr::MarketKind::NegRisk}};
  sr::MarketFilter filter{.slugs = {}, .kinds = {sr::MarketKind::Binary, sr::MarketKind::Group}};
  if (strategy.value == "spread_farm") {
    filter.last_shard = division.spread_farm_last;
  } else {
    filter.first_shard = division.momentum_first;
  }
  return filter;
}

order_manager::VenueIdentity unsigned_identity(const domain::Order& order,
                                               const domain::Market& market, std::uint64_t salt) {
  const bool buys = order.side == domain::Side::Buy;
  const domain::Money cash = domain::notional(order.limit, order.quantity, domain::Rounding::Up);
  const domain::Money size = domain::Money::from_raw(order.quantity.raw());
  order_manager::VenueIdentity identity;
  identity.fields = {.salt = salt,
                     .timestamp_ms = domain::to_unix_ms(order.decided_at),
                     .maker_amount = buys ? cash : size,
                     .taker_amount = buys ? size : cash,
                     .token = domain::token_of(market, order.instrument.outcome),
                     .exchange = market.exchange};
  const std::array<std::uint64_t, 3> words{order.id.signal.incarnation, order.id.signal.counter,
                                           order.id.leg + 1ULL};
  std::memcpy(identity.venue_id.bytes.data(), words.data(), sizeof words);
  identity.venue_id.bytes[31] = 1;
  return identity;
}

venue_simulator::SubmitOrders submit_request(venue_simulator::AccountId account,
                                             const std::vector<domain::Order>& orders) {
  venue_simulator::SubmitOrders request{.account = account, .orders = {}};
  for (const domain::Order& order : orders) {
    const bool spends = order.side == domain::Side::Buy && domain::immediate(order.time_in_force);
    request.orders.push_back({.id = order.venue_id,
                              .token = order.fields.token,
                              .side = order.side,
                              .limit = order.limit,
                              .quantity = order.quantity,
                              .cash = spends ? order.fields.maker_amount : domain::Money{},
                              .time_in_force = order.time_in_force,
                              .post_only = order.post_only,
                              .expiration_s = order.fields.expiration_s,
                              .salt = order.fields.salt});
  }
  return request;
}

}  // namespace polybot::simulation
