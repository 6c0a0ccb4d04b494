#include "services/venue-simulator/api/lookup.hpp"

#include "common/domain/number_text.hpp"
#include "common/polymarket/digest.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using http::Response;

std::variant<FoundToken, Response> find_token(std::string_view text, const MatchingEngine& engine,
                                              std::string_view unknown) {
  const auto token = domain::parse_token(text);
  if (!token) return venue_error(400, polymarket::refusal::kInvalidTokenId);
  const auto place = engine.find_token(*token);
  if (!place || engine.listing(place->market) == nullptr) return venue_error(404, unknown);
  return FoundToken{*token, *place};
}

std::variant<MarketNo, Response> find_market(std::string_view text, const MatchingEngine& engine) {
  const auto id = domain::parse_hex<domain::MarketId>(text);
  const auto number = id ? engine.find_market(*id) : std::nullopt;
  if (!number || engine.listing(*number) == nullptr) return venue_error(404, "market not found");
  return *number;
}

std::string_view token_text(const http::Request& request) {
  if (const auto text = request.query_value("token_id")) return *text;
  return request.param("token_id");
}

std::string page_cursor(std::uint64_t after) {
  return polymarket::to_base64url(polymarket::bytes_of(std::to_string(after)));
}

std::optional<std::uint64_t> parse_cursor(const http::Request& request) {
  const auto cursor = request.query_value("next_cursor");
  if (!cursor || cursor->empty()) return 0;
  const auto decoded = polymarket::parse_base64(*cursor);
  if (!decoded) return std::nullopt;
  return domain::parse_number<std::uint64_t>(std::string(decoded->begin(), decoded->end()));
}

Response bad_cursor() {
  return venue_error(400, "Next item should be greater than or equal to 0");
}

MarketPage page_of_markets(const MatchingEngine& engine, std::uint64_t after, std::size_t limit,
                           const std::function<bool(const Listing&)>& wanted) {
  MarketPage page;
  page.next_cursor = polymarket::kEndCursor;
  for (const MarketNo number : engine.markets()) {
    if (number.value <= after || !wanted(*engine.listing(number))) continue;
    if (page.markets.size() == limit) {
      page.next_cursor = page_cursor(page.markets.back().value);
      break;
    }
    page.markets.push_back(number);
  }
  return page;
}

Response page_answer(std::size_t limit, std::string_view next_cursor,
                     const std::vector<std::string>& rows) {
  std::string body;
  polymarket::ObjectWriter writer(body);
  writer.number("limit", static_cast<std::int64_t>(limit))
      .number("count", static_cast<std::int64_t>(rows.size()))
      .text("next_cursor", next_cursor);
  writer.begin("data");
  polymarket::append_array(rows, body,
                           [](const std::string& row, std::string& out) { out += row; });
  writer.end();
  return http::json(std::move(body));
}

}  // namespace polybot::venue_simulator
