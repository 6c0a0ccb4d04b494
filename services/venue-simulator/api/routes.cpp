#include "services/venue-simulator/api/routes.hpp"

#include <algorithm>
#include <optional>

#include "common/polymarket/messages/account_state.hpp"
#include "common/polymarket/messages/heartbeats.hpp"
#include "common/polymarket/messages/income.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/venue-simulator/api/authentication.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using http::Method;
using http::Request;
using http::Response;

namespace {

enum class Access : std::uint8_t {
  Public,  // anybody; what is signed with L1 is checked by its room
  Reader,  // L2, or a read-only key
  Owner,   // L2
  Trader,  // L2, from a region that may trade: the region is checked before the account
};

// The member is null on public routes.
using RouteAnswer = std::function<Response(const Member*, const Request&)>;

struct RouteRow {
  Method method;
  std::string_view path;
  Access access;
  RouteAnswer answer;
};

template <class Room>
RouteAnswer from(Room& room, Response (Room::*answer)(const Request&)) {
  return [&room, answer](const Member*, const Request& request) { return (room.*answer)(request); };
}
template <class Room>
RouteAnswer from(Room& room, Response (Room::*answer)(const Request&) const) {
  return [&room, answer](const Member*, const Request& request) { return (room.*answer)(request); };
}
template <class Room>
RouteAnswer from(Room& room, Response (Room::*answer)(const Member&, const Request&)) {
  return [&room, answer](const Member* member, const Request& request) {
    return (room.*answer)(*member, request);
  };
}
template <class Room>
RouteAnswer from(Room& room, Response (Room::*answer)(const Member&, const Request&) const) {
  return [&room, answer](const Member* member, const Request& request) {
    return (room.*answer)(*member, request);
  };
}

std::vector<RouteRow> market_rows(const Rooms& rooms) {
  using enum Access;
  auto& [venue, markets, prices, rewards, keys, account, trading, chain] = rooms;
  return {
      {Method::Get, "/ok", Public, from(venue, &PublicApi::ok)},
      {Method::Get, "/time", Public, from(venue, &PublicApi::time)},
      {Method::Get, "/version", Public, from(venue, &PublicApi::version)},
      {Method::Get, polymarket::kGeoblockPath, Public, from(venue, &PublicApi::geoblock)},
      // A node of the chain, which is nobody's of the venue.
      {Method::Post, "/rpc", Public, from(chain, &ChainApi::call)},
      {Method::Get, "/book", Public, from(venue, &PublicApi::book)},
      {Method::Post, "/books", Public, from(venue, &PublicApi::books)},
      {Method::Get, "/books", Public, from(venue, &PublicApi::no_books)},
      // The Gamma catalogue, which at the venue has a host of its own.
      {Method::Get, "/markets/keyset", Public, from(venue, &PublicApi::markets)},
      {Method::Get, "/events/slug/{slug}", Public, from(venue, &PublicApi::event)},

      {Method::Get, "/markets", Public, from(markets, &MarketsApi::markets)},
      {Method::Get, "/simplified-markets", Public, from(markets, &MarketsApi::simplified_markets)},
      {Method::Get, "/sampling-markets", Public, from(markets, &MarketsApi::sampling_markets)},
      {Method::Get, "/sampling-simplified-markets", Public,
       from(markets, &MarketsApi::sampling_simplified_markets)},
      {Method::Get, "/markets/{condition_id}", Public, from(markets, &MarketsApi::market)},
      {Method::Get, "/markets-by-token/{token_id}", Public,
       from(markets, &MarketsApi::market_by_token)},
      {Method::Get, "/markets/live-activity/{condition_id}", Public,
       from(markets, &MarketsApi::live_activity)},
      {Method::Get, "/clob-markets/{condition_id}", Public,
       from(venue, &PublicApi::clob_market_record)},

      {Method::Get, "/midpoint", Public, from(prices, &PricesApi::midpoint)},
      {Method::Post, "/midpoints", Public, from(prices, &PricesApi::midpoints)},
      {Method::Get, "/price", Public, from(prices, &PricesApi::price)},
      {Method::Post, "/prices", Public, from(prices, &PricesApi::prices)},
      {Method::Get, "/spread", Public, from(prices, &PricesApi::spread)},
      {Method::Post, "/spreads", Public, from(prices, &PricesApi::spreads)},
      {Method::Get, "/last-trade-price", Public, from(prices, &PricesApi::last_trade_price)},
      {Method::Post, "/last-trades-prices", Public, from(prices, &PricesApi::last_trades_prices)},
      {Method::Get, "/prices-history", Public, from(prices, &PricesApi::prices_history)},
      {Method::Get, "/tick-size", Public, from(prices, &PricesApi::tick_size)},
      {Method::Get, "/tick-size/{token_id}", Public, from(prices, &PricesApi::tick_size)},
      {Method::Get, "/neg-risk", Public, from(prices, &PricesApi::neg_risk)},
      {Method::Get, "/neg-risk/{token_id}", Public, from(prices, &PricesApi::neg_risk)},
      {Method::Get, "/fee-rate", Public, from(prices, &PricesApi::fee_rate)},
      {Method::Get, "/fee-rate/{token_id}", Public, from(prices, &PricesApi::fee_rate)},

      {Method::Get, "/rewards/markets/current", Public, from(rewards, &RewardsApi::current)},
      {Method::Get, "/rewards/markets/{condition_id}", Public,
       from(rewards, &RewardsApi::of_market)},
      {Method::Get, polymarket::kRebatesPath, Public, from(rewards, &RewardsApi::rebates)},
      {Method::Get, "/builder/trades", Public, from(account, &AccountApi::builder_trades)},
      {Method::Get, "/fees/builder-fees/{code}", Public, from(account, &AccountApi::builder_fees)},
  };
}

std::vector<RouteRow> account_rows(const Rooms& rooms) {
  using enum Access;
  auto& [venue, markets, prices, rewards, keys, account, trading, chain] = rooms;
  return {
      {Method::Post, "/auth/api-key", Public, from(keys, &KeysApi::create_api_key)},
      {Method::Get, "/auth/derive-api-key", Public, from(keys, &KeysApi::derive_api_key)},
      {Method::Get, "/auth/api-keys", Owner, from(keys, &KeysApi::api_keys)},
      {Method::Delete, "/auth/api-key", Owner, from(keys, &KeysApi::delete_api_key)},
      {Method::Get, "/auth/ban-status/closed-only", Owner, from(keys, &KeysApi::closed_only)},
      {Method::Post, "/auth/readonly-api-key", Owner, from(keys, &KeysApi::create_read_only_key)},
      {Method::Get, "/auth/readonly-api-keys", Owner, from(keys, &KeysApi::read_only_keys)},
      {Method::Delete, "/auth/readonly-api-key", Owner, from(keys, &KeysApi::delete_read_only_key)},
      {Method::Post, "/auth/builder-api-key", Owner, from(keys, &KeysApi::create_builder_key)},
      {Method::Get, "/auth/builder-api-key", Owner, from(keys, &KeysApi::builder_keys)},
      {Method::Delete, "/auth/builder-api-key", Owner, from(keys, &KeysApi::revoke_builder_key)},

      {Method::Post, "/order", Trader, from(trading, &PrivateApi::post_order)},
      {Method::Post, "/orders", Trader, from(trading, &PrivateApi::post_orders)},
      {Method::Delete, "/order", Owner, from(trading, &PrivateApi::delete_order)},
      {Method::Delete, "/orders", Owner, from(trading, &PrivateApi::delete_orders)},
      {Method::Delete, "/cancel-all", Owner, from(trading, &PrivateApi::cancel_all)},
      {Method::Delete, "/cancel-market-orders", Owner, from(trading, &PrivateApi::cancel_market)},
      {Method::Post, polymarket::kHeartbeatPath, Owner, from(trading, &PrivateApi::heartbeat)},
      {Method::Get, "/data/orders", Reader, from(trading, &PrivateApi::open_orders)},
      {Method::Get, "/data/order/{order_id}", Reader, from(trading, &PrivateApi::open_order)},
      {Method::Get, "/data/trades", Reader, from(trading, &PrivateApi::trades)},
      {Method::Get, "/data/pre-migration-orders", Reader,
       from(account, &AccountApi::pre_migration_orders)},
      {Method::Get, "/balance-allowance", Owner, from(trading, &PrivateApi::balance)},
      {Method::Get, "/balance-allowance/update", Owner, from(trading, &PrivateApi::update_balance)},
      {Method::Get, "/notifications", Owner, from(account, &AccountApi::notifications)},
      {Method::Delete, "/notifications", Owner, from(account, &AccountApi::drop_notifications)},

      {Method::Get, "/order-scoring", Owner, from(rewards, &RewardsApi::order_scoring)},
      {Method::Post, "/orders-scoring", Owner, from(rewards, &RewardsApi::orders_scoring)},
      {Method::Get, "/rewards/user", Owner, from(rewards, &RewardsApi::earnings)},
      {Method::Get, "/rewards/user/total", Owner, from(rewards, &RewardsApi::total)},
      {Method::Get, "/rewards/user/percentages", Owner, from(rewards, &RewardsApi::percentages)},
      {Method::Get, "/rewards/user/markets", Owner, from(rewards, &RewardsApi::earnings_by_market)},
  };
}

Response blocked_by_proxy() {
  Response response;
  response.status = 403;
  response.content_type = "text/html; charset=UTF-8";
  response.body =
      "<!DOCTYPE html><html><head><title>Attention Required!</title></head>"
      "<body>Sorry, you have been blocked.</body></html>";
  return response;
}

// An order, or a cancel.
bool trades(const RouteRow& row) {
  const bool cancels = row.method == Method::Delete &&
                       (row.path.starts_with("/order") || row.path.starts_with("/cancel"));
  return row.access == Access::Trader || cancels;
}

constexpr domain::Duration kPostOnlyWindow = std::chrono::minutes(2);

// Whether the body is of orders that are all to rest.
bool all_rest(const Request& request) {
  const auto rests = [](const polymarket::PostedOrder& order) { return order.post_only; };
  if (const auto one = polymarket::parse_order_body(request.body)) return rests(*one);
  const auto many = polymarket::parse_orders_body(request.body);
  return many && !many->empty() && std::ranges::all_of(*many, rests);
}

// What a request passes before its room; all of it outlives the router.
struct Door {
  ExchangeHost& host;
  Members& members;
  FaultGate& gate;

  [[nodiscard]] Response admit(const RouteRow& row, const Request& request) const {
    if (row.access == Access::Public) return row.answer(nullptr, request);
    if (row.access == Access::Trader && gate.strikes(host.fault(Fault::RegionBlock))) {
      // The venue itself refuses it, or the proxy before it.
      return gate.even_odds() ? blocked_by_proxy() : venue_error(403, polymarket::refusal::kRegion);
    }
    if (row.access == Access::Trader) {
      if (auto refusal = refused_by_window(request)) return *std::move(refusal);
    }
    const Member* member = sender_of(row, request);
    if (member == nullptr) return venue_error(401, polymarket::refusal::kUnauthorized);
    return row.answer(member, request);
  }

  // Nobody knows whether the venue looks at the window before it looks at the sender; here it does.
  [[nodiscard]] std::optional<Response> refused_by_window(const Request& request) const {
    if (host.fault(Fault::CancelOnly) != nullptr)
      return venue_error(503, polymarket::refusal::kCancelOnly);
    const FaultSettings* const post_only = host.fault(Fault::PostOnly);
    if (post_only == nullptr || all_rest(request)) return std::nullopt;
    const domain::Duration left = post_only->delay.count() > 0 ? post_only->delay : kPostOnlyWindow;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left).count();
    Response response = venue_error(503, "");
    response.body = polymarket::write_error(polymarket::refusal::kPostOnlyMode, "post_only_mode",
                                            static_cast<std::uint32_t>(seconds));
    response.headers.set("Retry-After", std::to_string(seconds));
    return response;
  }

  // Null when nobody with a key that is active signed it.
  [[nodiscard]] const Member* sender_of(const RouteRow& row, const Request& request) const {
    const std::int64_t now_s = host.told_seconds();
    if (row.access == Access::Reader && request.headers.find(kHeaderReadOnlyKey))
      return authenticate_reader(request, members, now_s);
    const Member* member = authenticate_l2(request, members, now_s);
    if (member == nullptr || !gate.strikes(host.fault(Fault::KeyRevoked))) return member;
    host.fault_used(Fault::KeyRevoked);
    static_cast<void>(host.apply(EndKey{{member->account, KeyKind::Api, member->nonce}}));
    members.learn(host.exchange());
    return nullptr;
  }
};

}  // namespace

void register_routes(http::Router& router, const Rooms& rooms, ExchangeHost& host, Members& members,
                     FaultGate& gate) {
  const Door door{host, members, gate};
  for (const std::vector<RouteRow>& table : {market_rows(rooms), account_rows(rooms)}) {
    for (const RouteRow& row : table) {
      const auto admit = [door, row](const Request& request) { return door.admit(row, request); };
      const auto way = trades(row) ? FaultGate::Way::Trading : FaultGate::Way::Reading;
      router.add(row.method, row.path, gate.guard(admit, way));
    }
  }
}

}  // namespace polybot::venue_simulator
