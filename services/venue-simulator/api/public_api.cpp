#include "services/venue-simulator/api/public_api.hpp"

#include <algorithm>
#include <functional>

#include "common/domain/number_text.hpp"
#include "common/polymarket/messages/account_state.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/venue-simulator/api/lookup.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using http::Request;
using http::Response;

namespace {

constexpr std::size_t kListingPageMax = 100;  // as the venue clamps it

Response no_book() {
  return venue_error(404, polymarket::refusal::kNoOrderbook);
}

// 304 for who has the same text already: listings are long, and are asked for again and again.
Response unless_unchanged(const Request& request, std::string body) {
  const std::string etag = '"' + std::to_string(std::hash<std::string>{}(body)) + '"';
  const bool unchanged = request.headers.find("If-None-Match") == etag;
  Response response =
      http::json(unchanged ? std::string() : std::move(body), unchanged ? 304 : 200);
  if (unchanged) response.content_type.clear();
  response.headers.set("ETag", etag);
  return response;
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
  bool by_volume = false;  // the most traded first

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
  query.by_volume = request.query_value("order").value_or("").starts_with("volume") &&
                    request.query_value("ascending") == "false";
  const auto cursor = request.query_value("after_cursor");
  if (cursor && !cursor->empty()) {
    const auto value = domain::parse_number<std::uint32_t>(*cursor);
    if (!value) return std::nullopt;
    query.after = *value;
  }
  return query;
}

}  // namespace

Response PublicApi::ok(const Request&) const {
  return http::json("\"OK\"");
}

Response PublicApi::time(const Request&) const {
  return http::json(std::to_string(host_.told_seconds()));
}

Response PublicApi::version(const Request&) const {
  const bool later = host_.fault(Fault::OtherVersion) != nullptr;
  return http::json(polymarket::write_version(polymarket::kProtocolVersion + (later ? 1 : 0)));
}

Response PublicApi::geoblock(const Request&) const {
  const bool blocked = host_.fault(Fault::SiteBlock) != nullptr;
  return http::json(polymarket::write_geoblock({.blocked = blocked, .country = "XX"}));
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

Response PublicApi::no_books(const Request&) const {
  return venue_error(400, polymarket::refusal::kInvalidPayload);
}

Response PublicApi::clob_market_record(const Request& request) const {
  const auto found = find_market(request.param("condition_id"), host_.engine());
  if (const auto* error = std::get_if<Response>(&found)) return *error;
  const domain::Market& market = host_.engine().listing(std::get<MarketNo>(found))->market;
  polymarket::ClobMarket record = clob_market(market);
  record.fee = told_fee(market);
  return http::json(polymarket::write_clob_market(record));
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
  if (auto facts = host_.exchange().broad_flow().facts(number)) {
    market.volume_24h = facts->volume_24h;
    market.liquidity = facts->liquidity;
    market.category = std::move(facts->category);
    market.tags = std::move(facts->tags);
  }
  return market;
}

Response PublicApi::markets(const Request& request) const {
  const auto query = parse_listing(request);
  if (!query) return venue_error(422, "invalid parameter");
  std::vector<polymarket::GammaMarket> page;
  std::string next;
  const auto take = [&](MarketNo number, std::uint32_t cursor) {
    if (!query->wants(host_.engine().listing(number)->market)) return true;
    if (page.size() == query->limit) {
      next = std::to_string(cursor);
      return false;
    }
    page.push_back(listed(number));
    return true;
  };
  // The markets of the other worlds have no volume that they could be ordered by.
  if (query->by_volume && host_.exchange().is_broad()) {
    std::uint32_t rank = query->after;
    host_.exchange().broad_flow().read_by_rank(
        rank, [&](MarketNo number) { return take(number, rank++); });
  } else {
    host_.engine().read_markets(query->after,
                                [&](MarketNo number) { return take(number, number.value - 1); });
  }
  return unless_unchanged(request, polymarket::write_gamma_page(page, next));
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
