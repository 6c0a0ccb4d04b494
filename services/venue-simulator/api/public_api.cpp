#include "services/venue-simulator/api/public_api.hpp"

#include <algorithm>

#include "common/domain/number_text.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using domain::Price;
using http::Request;
using http::Response;

namespace {

constexpr std::size_t kListingPageMax = 100;  // as the venue clamps it

Response no_book() {
  return venue_error(404, polymarket::refusal::kNoOrderbook);
}

std::vector<std::string_view> query_values(const Request& request, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : request.query) {
    if (key == name) values.emplace_back(value);
  }
  return values;
}

// Which markets a listing asks for.
struct ListingQuery {
  std::optional<bool> closed;
  std::vector<domain::MarketId> ids;
  std::optional<std::string> slug;
  std::size_t limit = kListingPageMax;
  std::uint32_t after = 0;

  [[nodiscard]] bool wants(const domain::Market& market) const {
    const bool resolved = market.status == domain::MarketStatus::Resolved;
    if (closed && *closed != resolved) return false;
    if (slug && market.slug != *slug) return false;
    return ids.empty() || std::find(ids.begin(), ids.end(), market.id) != ids.end();
  }
};

std::optional<ListingQuery> parse_listing(const Request& request) {
  ListingQuery query;
  if (const auto closed = request.query_value("closed")) query.closed = *closed == "true";
  if (const auto slug = request.query_value("slug")) query.slug = std::string(*slug);
  for (const std::string_view text : query_values(request, "condition_ids")) {
    const auto id = domain::parse_hex<domain::MarketId>(text);
    if (!id) return std::nullopt;
    query.ids.push_back(*id);
  }
  if (const auto limit = request.query_value("limit")) {
    const auto value = domain::parse_number<std::uint32_t>(*limit);
    if (!value) return std::nullopt;
    query.limit = std::clamp<std::size_t>(*value, 1, kListingPageMax);
  }
  const auto cursor = request.query_value("after_cursor");
  if (cursor && !cursor->empty()) {
    const auto value = domain::parse_number<std::uint32_t>(*cursor);
    if (!value) return std::nullopt;
    query.after = *value;
  }
  return query;
}

}  // namespace

http::Handler PublicApi::guard(Answer answer) {
  return gate_.guard([this, answer](const Request& request) { return (this->*answer)(request); });
}

void PublicApi::register_routes(http::Router& router) {
  router.get("/ok", gate_.guard([](const Request&) { return http::json("\"OK\""); }));
  router.get("/time", guard(&PublicApi::time));
  router.get("/version", guard(&PublicApi::version));
  router.get("/book", guard(&PublicApi::book));
  router.post("/books", guard(&PublicApi::books));
  router.get("/books", gate_.guard([](const Request&) {
    return venue_error(400, polymarket::refusal::kInvalidPayload);
  }));
  router.get("/midpoint", guard(&PublicApi::midpoint));
  router.get("/tick-size", guard(&PublicApi::tick_size));
  router.get("/neg-risk", guard(&PublicApi::neg_risk));
  router.get("/clob-markets/{condition_id}", guard(&PublicApi::clob_market_record));
  router.get("/markets/keyset", guard(&PublicApi::markets));
  router.get("/markets/{condition_id}", guard(&PublicApi::result));
  router.get("/events/slug/{slug}", guard(&PublicApi::event));
}

Response PublicApi::time(const Request&) const {
  return http::json(std::to_string(domain::to_unix_ms(host_.now()) / 1000));
}

Response PublicApi::version(const Request&) const {
  return http::json(polymarket::write_version(2));
}

Response PublicApi::book(const Request& request) const {
  const auto token = domain::parse_token(request.query_value("token_id").value_or(""));
  if (!token) return venue_error(400, polymarket::refusal::kInvalidTokenId);
  const auto summary = book_of_(*token);
  if (!summary) return no_book();
  std::string body;
  polymarket::write_book_summary(*summary, body);
  return http::json(std::move(body));
}

Response PublicApi::books(const Request& request) const {
  const auto tokens = polymarket::parse_books_request(request.body);
  if (!tokens && tokens.error().fault == polymarket::ParseFault::TooMany) {
    return venue_error(400, polymarket::refusal::kBatchTooLarge);
  }
  if (!tokens) return venue_error(400, polymarket::refusal::kInvalidPayload);
  if (tokens->size() > polymarket::kBooksRequestMax) {
    return venue_error(400, polymarket::refusal::kBatchTooLarge);
  }
  // The order differs from the request, as at the venue; unknown tokens are left out.
  std::string body = "[";
  for (auto token = tokens->rbegin(); token != tokens->rend(); ++token) {
    const auto summary = book_of_(*token);
    if (!summary) continue;
    if (body.size() > 1) body.push_back(',');
    polymarket::write_book_summary(*summary, body);
  }
  return http::json(body + "]");
}

Response PublicApi::midpoint(const Request& request) const {
  const auto token = domain::parse_token(request.query_value("token_id").value_or(""));
  if (!token) return venue_error(400, polymarket::refusal::kInvalidTokenId);
  const auto summary = book_of_(*token);
  if (!summary || summary->bids.empty() || summary->asks.empty()) return no_book();
  const auto sum = summary->bids.back().price + summary->asks.back().price;
  return http::json(polymarket::write_midpoint(Price::from_raw(sum.raw() / 2)));
}

std::variant<const domain::Market*, Response> PublicApi::market_of_token(
    const Request& request) const {
  const auto token = domain::parse_token(request.query_value("token_id").value_or(""));
  if (!token) return venue_error(400, polymarket::refusal::kInvalidTokenId);
  const auto place = host_.engine().find_token(*token);
  const Listing* listing = place ? host_.engine().listing(place->market) : nullptr;
  if (listing == nullptr) return venue_error(404, "market not found");
  return &listing->market;
}

Response PublicApi::tick_size(const Request& request) const {
  const auto market = market_of_token(request);
  if (const auto* error = std::get_if<Response>(&market)) return *error;
  return http::json(polymarket::write_tick_size(std::get<const domain::Market*>(market)->tick));
}

Response PublicApi::neg_risk(const Request& request) const {
  const auto market = market_of_token(request);
  if (const auto* error = std::get_if<Response>(&market)) return *error;
  return http::json(polymarket::write_neg_risk(std::get<const domain::Market*>(market)->neg_risk));
}

Response PublicApi::clob_market_record(const Request& request) const {
  const auto id = domain::parse_hex<domain::MarketId>(request.param("condition_id"));
  const auto number = id ? host_.engine().find_market(*id) : std::nullopt;
  if (!number) return venue_error(404, "market not found");
  const domain::Market& market = host_.engine().listing(*number)->market;
  polymarket::ClobMarket record = clob_market(market);
  record.fee = told_fee(market);
  return http::json(polymarket::write_clob_market(record));
}

Response PublicApi::result(const Request& request) const {
  const auto id = domain::parse_hex<domain::MarketId>(request.param("condition_id"));
  const auto number = id ? host_.engine().find_market(*id) : std::nullopt;
  if (!number) return venue_error(404, "market not found");
  const domain::Market& market = host_.engine().listing(*number)->market;
  polymarket::ClobResult result{.id = market.id,
                                .closed = market.status == domain::MarketStatus::Resolved,
                                .tokens = {market.yes_token, market.no_token},
                                .winner = {}};
  if (result.closed && market.payout.yes == domain::kPriceOne) result.winner = market.yes_token;
  if (result.closed && market.payout.no == domain::kPriceOne) result.winner = market.no_token;
  return http::json(polymarket::write_clob_result(result));
}

// The fault gives an exponent for which no formula is known.
domain::FeeSchedule PublicApi::told_fee(const domain::Market& market) const {
  if (host_.fault(Fault::UnreadableMarket, market.id) == nullptr) return market.fee;
  return {.rate_ppm = std::max<std::int64_t>(market.fee.rate_ppm, 50'000), .exponent = 3};
}

polymarket::GammaMarket PublicApi::listed(MarketNo number) const {
  polymarket::GammaMarket market = gamma_market(number, host_.engine());
  market.fee = told_fee(host_.engine().listing(number)->market);
  if (market.closed && host_.fault(Fault::SilentResult, market.id) != nullptr)
    market.resolution_status.clear();
  return market;
}

Response PublicApi::markets(const Request& request) const {
  const auto query = parse_listing(request);
  if (!query) return venue_error(422, "invalid parameter");
  std::vector<polymarket::GammaMarket> page;
  std::string next;
  for (const MarketNo number : host_.engine().markets()) {
    if (number.value <= query->after) continue;
    if (!query->wants(host_.engine().listing(number)->market)) continue;
    if (page.size() == query->limit) {
      next = std::to_string(number.value - 1);
      break;
    }
    page.push_back(listed(number));
  }
  return http::json(polymarket::write_gamma_page(page, next));
}

// The event with all its markets, the closed and the unnamed ones included.
Response PublicApi::event(const Request& request) const {
  std::vector<polymarket::GammaMarket> markets;
  for (const MarketNo number : host_.engine().markets()) {
    if (host_.engine().listing(number)->market.event_slug == request.param("slug")) {
      markets.push_back(listed(number));
    }
  }
  if (markets.empty()) return venue_error(404, "event not found");
  const polymarket::GammaMarket& first = markets.front();
  std::string body = "{\"slug\":";
  http::append_json_string(body, first.event_slug);
  body += ",\"title\":";
  http::append_json_string(body, first.event_title);
  body += first.neg_risk ? ",\"negRisk\":true" : ",\"negRisk\":false";
  body += first.neg_risk_augmented ? ",\"negRiskAugmented\":true" : ",\"negRiskAugmented\":false";
  body += ",\"markets\":[";
  for (std::size_t i = 0; i < markets.size(); ++i) {
    if (i > 0) body.push_back(',');
    polymarket::write_gamma_market(markets[i], body);
  }
  return http::json(body + "]}");
}

}  // namespace polybot::venue_simulator
