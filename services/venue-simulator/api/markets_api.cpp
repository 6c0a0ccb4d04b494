#include "services/venue-simulator/api/markets_api.hpp"

#include <algorithm>

#include "common/polymarket/messages/account_records.hpp"
#include "common/polymarket/messages/json.hpp"
#include "services/venue-simulator/api/lookup.hpp"
#include "services/venue-simulator/api/market_records.hpp"
#include "services/venue-simulator/api/rewards.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using http::Request;
using http::Response;
using polymarket::ObjectWriter;

namespace {

constexpr std::size_t kPageMarkets = 1000;

}  // namespace

Response MarketsApi::markets(const Request& request) const {
  return list(request, Listed::All, Shape::Full);
}
Response MarketsApi::simplified_markets(const Request& request) const {
  return list(request, Listed::All, Shape::Simplified);
}
Response MarketsApi::sampling_markets(const Request& request) const {
  return list(request, Listed::Sampled, Shape::Full);
}
Response MarketsApi::sampling_simplified_markets(const Request& request) const {
  return list(request, Listed::Sampled, Shape::Simplified);
}

Response MarketsApi::list(const Request& request, Listed listed, Shape shape) const {
  const auto after = parse_cursor(request);
  if (!after) return bad_cursor();
  const MarketPage page = page_of_markets(
      host_.engine(), *after, kPageMarkets,
      [listed](const Listing& listing) { return listed == Listed::All || is_sampled(listing); });
  std::vector<std::string> rows(page.markets.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (shape == Shape::Full) {
      write_market(page.markets[i], host_.engine(), host_.seed(), rows[i]);
    } else {
      write_simplified_market(page.markets[i], host_.engine(), rows[i]);
    }
  }
  return page_answer(kPageMarkets, page.next_cursor, rows);
}

Response MarketsApi::market(const Request& request) const {
  const auto found = find_market(request.param("condition_id"), host_.engine());
  if (const auto* error = std::get_if<Response>(&found)) return *error;
  std::string body;
  write_market(std::get<MarketNo>(found), host_.engine(), host_.seed(), body);
  return http::json(std::move(body));
}

Response MarketsApi::market_by_token(const Request& request) const {
  const auto found = find_token(request.param("token_id"), host_.engine());
  if (const auto* error = std::get_if<Response>(&found)) return *error;
  const MarketNo number = std::get<FoundToken>(found).place.market;
  const domain::Market& market = host_.engine().listing(number)->market;
  std::string body;
  ObjectWriter(body)
      .text("condition_id", domain::to_string(market.id))
      .text("primary_token_id", domain::to_string(market.yes_token))
      .text("secondary_token_id", domain::to_string(market.no_token))
      .end();
  return http::json(std::move(body));
}

// The OpenAPI document promises a description of the market here, the clients the latest trades.
Response MarketsApi::live_activity(const Request& request) const {
  const auto found = find_market(request.param("condition_id"), host_.engine());
  if (const auto* error = std::get_if<Response>(&found)) return *error;
  const MarketNo number = std::get<MarketNo>(found);
  std::string body;
  if (live_activity_ == LiveActivity::Market) {
    write_live_activity(number, host_.engine(), body);
    return http::json(std::move(body));
  }
  const domain::Market& market = host_.engine().listing(number)->market;
  std::vector<TapedTrade> latest(host_.exchange().tape().recent(market.id).begin(),
                                 host_.exchange().tape().recent(market.id).end());
  std::reverse(latest.begin(), latest.end());
  polymarket::append_array(latest, body, [&](const TapedTrade& trade, std::string& out) {
    write_trade(trade, market, out);
  });
  return http::json(std::move(body));
}

void MarketsApi::write_trade(const TapedTrade& trade, const domain::Market& market,
                             std::string& out) const {
  const bool yes = trade.token == market.yes_token;
  std::string place;
  ObjectWriter(place)
      .text("condition_id", domain::to_string(market.id))
      .text("asset_id", domain::to_string(trade.token))
      .text("question", market.question)
      .text("icon", "")
      .text("slug", market.slug)
      .end();
  std::string user;
  ObjectWriter(user)
      .text("address", members_.address_of(trade.taker))
      .text("username", "")
      .text("profile_picture", "")
      .text("optimized_profile_picture", "")
      .text("pseudonym", "")
      .end();
  ObjectWriter(out)
      .text("event_type", "trade")
      .json("market", place)
      .json("user", user)
      .text("side", polymarket::wire_name(trade.side))
      .text("size", trade.quantity.to_string())
      .text("fee_rate_bps", "0")
      .text("price", trade.price.to_string())
      .text("outcome", yes ? market.yes_label : market.no_label)
      .number("outcome_index", yes ? 0 : 1)
      .text("transaction_hash", "")
      .text("timestamp", std::to_string(domain::to_unix_ms(trade.at) / 1000))
      .end();
}

}  // namespace polybot::venue_simulator
