#include "services/venue-simulator/api/prices_api.hpp"

#include <map>
#include <variant>

#include "common/domain/number_text.hpp"
#include "common/polymarket/messages/account_records.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/venue-simulator/api/lookup.hpp"
#include "services/venue-simulator/api/price_history.hpp"
#include "services/venue-simulator/api/shapes.hpp"
#include "services/venue-simulator/core/engine/engine_terms.hpp"

namespace polybot::venue_simulator {

namespace refusal = polymarket::refusal;
using domain::Price;
using domain::Side;
using domain::TokenId;
using http::Request;
using http::Response;
using polymarket::ObjectWriter;

namespace {

constexpr std::string_view kNoTradePrice = "0.5";  // as the venue says it, with an empty side

Response no_quote() {
  return venue_error(404, refusal::kNoOrderbook);
}

// The venue's answer to a list of tokens that it does not take.
Response bad_list(const polymarket::ParseError& error) {
  if (error.fault == polymarket::ParseFault::TooMany)
    return venue_error(400, refusal::kBatchTooLarge);
  if (error.where == "side") return venue_error(400, "Invalid side");
  return venue_error(400, "Invalid payload");
}

std::string midpoint_of(const std::optional<Price>& bid, const std::optional<Price>& ask) {
  return bid && ask ? polymarket::midpoint_text(*bid, *ask) : std::string();
}

}  // namespace

std::optional<PricesApi::Top> PricesApi::top_of(const TokenId& token) const {
  const auto book = book_of_(token);
  if (!book) return std::nullopt;
  Top top;
  if (!book->bids.empty()) top.bid = book->bids.back().price;
  if (!book->asks.empty()) top.ask = book->asks.back().price;
  return top;
}

Response PricesApi::one(const Request& request, std::string_view key, Say say) const {
  const auto token = domain::parse_token(request.query_value("token_id").value_or(""));
  if (!token) return venue_error(400, refusal::kInvalidTokenId);
  const auto top = top_of(*token);
  const std::string text = top ? say(*top) : std::string();
  if (text.empty()) return no_quote();
  std::string body;
  ObjectWriter(body).text(key, text).end();
  return http::json(std::move(body));
}

// Tokens that are unknown, or have no such number, are left out.
Response PricesApi::many(const Request& request, Say say) const {
  const auto tokens = polymarket::parse_books_request(request.body);
  if (!tokens) return bad_list(tokens.error());
  std::map<TokenId, std::string> numbers;
  for (const TokenId& token : *tokens) {
    const auto top = top_of(token);
    if (std::string text = top ? say(*top) : std::string(); !text.empty())
      numbers[token] = std::move(text);
  }
  std::string body;
  ObjectWriter writer(body);
  for (const auto& [token, text] : numbers) writer.text(domain::to_string(token), text);
  writer.end();
  return http::json(std::move(body));
}

Response PricesApi::midpoint(const Request& request) const {
  return one(request, "mid", [](const Top& top) { return midpoint_of(top.bid, top.ask); });
}

Response PricesApi::midpoints(const Request& request) const {
  return many(request, [](const Top& top) { return midpoint_of(top.bid, top.ask); });
}

Response PricesApi::spread(const Request& request) const {
  return one(request, "spread", [](const Top& top) {
    return top.bid && top.ask ? (*top.ask - *top.bid).to_string() : std::string();
  });
}

Response PricesApi::spreads(const Request& request) const {
  return many(request, [](const Top& top) {
    return top.bid && top.ask ? (*top.ask - *top.bid).to_string() : std::string();
  });
}

Response PricesApi::price(const Request& request) const {
  const auto side = polymarket::parse_side(request.query_value("side").value_or(""));
  if (!side) return venue_error(400, "Invalid side");
  if (*side == Side::Buy) {
    return one(request, "price",
               [](const Top& top) { return top.bid ? top.bid->to_string() : std::string(); });
  }
  return one(request, "price",
             [](const Top& top) { return top.ask ? top.ask->to_string() : std::string(); });
}

Response PricesApi::prices(const Request& request) const {
  const auto wanted = polymarket::parse_prices_request(request.body);
  if (!wanted) return bad_list(wanted.error());
  std::map<TokenId, std::map<Side, Price>> found;
  for (const polymarket::PriceRequest& one : *wanted) {
    const auto top = top_of(one.token);
    if (top && top->at(one.side)) found[one.token][one.side] = *top->at(one.side);
  }
  std::string body;
  ObjectWriter writer(body);
  for (const auto& [token, sides] : found) {
    writer.begin(domain::to_string(token));
    ObjectWriter by_side(body);
    for (const auto& [side, at] : sides) by_side.text(polymarket::wire_name(side), at.to_string());
    by_side.end();
  }
  writer.end();
  return http::json(std::move(body));
}

PricesApi::LastTrade PricesApi::last_trade(const MatchingEngine::TokenPlace& place) const {
  const Listing& listing = *host_.engine().listing(place.market);
  const auto& recent = host_.exchange().tape().recent(listing.market.id);
  if (recent.empty()) return {std::string(kNoTradePrice), ""};
  const TapedTrade& last = recent.back();
  // A trade of the other outcome is the opposite trade of this one.
  const bool own = last.token == domain::token_of(listing.market, place.outcome);
  return {(own ? last.price : domain::complement(last.price)).to_string(),
          polymarket::wire_name(own ? last.side : domain::opposite(last.side))};
}

Response PricesApi::last_trade_price(const Request& request) const {
  const auto found = find_token(request.query_value("token_id").value_or(""), host_.engine());
  if (const auto* error = std::get_if<Response>(&found)) return *error;
  const LastTrade last = last_trade(std::get<FoundToken>(found).place);
  std::string body;
  ObjectWriter(body).text("price", last.price).text("side", last.side).end();
  return http::json(std::move(body));
}

Response PricesApi::last_trades_prices(const Request& request) const {
  const auto tokens = polymarket::parse_books_request(request.body);
  if (!tokens) return bad_list(tokens.error());
  std::vector<FoundToken> known;
  for (const TokenId& token : *tokens) {
    if (const auto place = host_.engine().find_token(token)) known.push_back({token, *place});
  }
  std::string body;
  polymarket::append_array(known, body, [&](const FoundToken& token, std::string& out) {
    const LastTrade last = last_trade(token.place);
    ObjectWriter(out)
        .text("token_id", domain::to_string(token.id))
        .text("price", last.price)
        .text("side", last.side)
        .end();
  });
  return http::json(std::move(body));
}

// A token that nobody knows has an empty history.
Response PricesApi::prices_history(const Request& request) const {
  const auto token = domain::parse_token(request.query_value("market").value_or(""));
  if (!token) return venue_error(400, refusal::kInvalidTokenId);
  const auto query = parse_history_query(request, host_.now());
  if (!query) return venue_error(400, "invalid filters: interval or startTs and endTs are needed");
  const auto place = host_.engine().find_token(*token);
  const Listing* listing = place ? host_.engine().listing(place->market) : nullptr;
  std::vector<PricePoint> points;
  if (listing != nullptr)
    points = select(host_.exchange().tape().history(listing->market.id), *query);
  std::string body;
  ObjectWriter writer(body);
  writer.begin("history");
  polymarket::append_array(points, body, [&](const PricePoint& point, std::string& out) {
    ObjectWriter(out)
        .number("t", domain::to_unix_ms(point.at) / 1000)
        .json("p", in_terms_of(place->outcome, point.yes_price).to_string())
        .end();
  });
  writer.end();
  return http::json(std::move(body));
}

Response PricesApi::tick_size(const Request& request) const {
  const auto found = find_token(token_text(request), host_.engine());
  if (const auto* error = std::get_if<Response>(&found)) return *error;
  const MarketNo market = std::get<FoundToken>(found).place.market;
  return http::json(polymarket::write_tick_size(host_.engine().listing(market)->market.tick));
}

Response PricesApi::neg_risk(const Request& request) const {
  const auto found = find_token(token_text(request), host_.engine());
  if (const auto* error = std::get_if<Response>(&found)) return *error;
  const MarketNo market = std::get<FoundToken>(found).place.market;
  return http::json(polymarket::write_neg_risk(host_.engine().listing(market)->market.neg_risk));
}

// Says only whether there is a fee at all; what it is stands in the market's fee schedule.
Response PricesApi::fee_rate(const Request& request) const {
  const auto found =
      find_token(token_text(request), host_.engine(), "fee rate not found for market");
  if (const auto* error = std::get_if<Response>(&found)) return *error;
  const MarketNo market = std::get<FoundToken>(found).place.market;
  std::string body;
  ObjectWriter(body)
      .number("base_fee", host_.engine().listing(market)->market.fee.rate_ppm > 0 ? 1000 : 0)
      .end();
  return http::json(std::move(body));
}

}  // namespace polybot::venue_simulator
