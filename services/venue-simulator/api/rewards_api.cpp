#include "services/venue-simulator/api/rewards_api.hpp"

#include "common/domain/number_text.hpp"
#include "common/polymarket/messages/income.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/venue-simulator/api/lookup.hpp"
#include "services/venue-simulator/api/market_records.hpp"
#include "services/venue-simulator/api/rewards.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using http::Request;
using http::Response;

namespace {

constexpr std::size_t kPageCurrent = 500;
constexpr std::size_t kPageOfUser = 100;
constexpr std::size_t kDateSize = 10;  // YYYY-MM-DD

bool is_date(std::string_view text) {
  return text.size() == kDateSize && polymarket::parse_iso_time(text).has_value();
}

// What is wrong with a request about a user's day; empty when nothing is.
std::optional<Response> bad_day(const Request& request) {
  if (!is_date(request.query_value("date").value_or("")))
    return venue_error(400, "Invalid date (format: YYYY-MM-DD)");
  if (!parse_signature_type(request)) return venue_error(400, "Invalid signature_type");
  return std::nullopt;
}

}  // namespace

std::optional<int> parse_signature_type(const Request& request) {
  const auto text = request.query_value("signature_type");
  if (!text) return 0;
  const auto type = domain::parse_number<int>(*text);
  constexpr int kLast = static_cast<int>(polymarket::SignatureType::Poly1271);
  return type && *type >= 0 && *type <= kLast ? type : std::nullopt;
}

Response RewardsApi::list(const Request& request, std::size_t limit, std::string_view maker) const {
  const auto after = parse_cursor(request);
  if (!after) return bad_cursor();
  const MarketPage page = page_of_markets(host_.engine(), *after, limit, is_sampled);
  std::vector<std::string> rows(page.markets.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    write_market_rewards(page.markets[i], host_.engine(), maker, rows[i]);
  return page_answer(limit, page.next_cursor, rows);
}

Response RewardsApi::current(const Request& request) const {
  return list(request, kPageCurrent, "");
}

Response RewardsApi::of_market(const Request& request) const {
  const auto found = find_market(request.param("condition_id"), host_.engine());
  if (const auto* error = std::get_if<Response>(&found)) return *error;
  const MarketNo market = std::get<MarketNo>(found);
  std::vector<std::string> rows;
  if (is_sampled(*host_.engine().listing(market)))
    write_market_rewards(market, host_.engine(), "", rows.emplace_back());
  return page_answer(kPageCurrent, polymarket::kEndCursor, rows);
}

// Anybody may ask about any maker.
Response RewardsApi::rebates(const Request& request) const {
  const std::string_view date = request.query_value("date").value_or("");
  if (!is_date(date)) return venue_error(400, "Invalid date (format: YYYY-MM-DD)");
  const auto maker = polymarket::Address::parse(request.query_value("maker_address").value_or(""));
  if (!maker) return venue_error(400, "Invalid maker_address");
  const AccountId* const account = wallets_.account_of(host_.engine().accounts(), *maker);
  if (account == nullptr) return http::json("[]");
  const domain::UtcDate day = domain::utc_date(*polymarket::parse_iso_time(date));
  std::vector<polymarket::RebateRecord> rows;
  for (const auto& [market, amount] : host_.engine().rebates(*account, day))
    rows.push_back({day, market, polymarket::to_checksum(*maker), amount});
  return http::json(polymarket::write_rebates(rows));
}

Response RewardsApi::earnings(const Member&, const Request& request) const {
  if (auto error = bad_day(request)) return *error;
  if (!parse_cursor(request)) return bad_cursor();
  return page_answer(kPageOfUser, polymarket::kEndCursor, {});
}

Response RewardsApi::total(const Member&, const Request& request) const {
  if (auto error = bad_day(request)) return *error;
  return http::json("[]");
}

Response RewardsApi::percentages(const Member&, const Request& request) const {
  if (!parse_signature_type(request)) return venue_error(400, "Invalid signature_type");
  return http::json("{}");
}

// Of today when the request names no day.
Response RewardsApi::earnings_by_market(const Member& member, const Request& request) const {
  if (request.query_value("date")) {
    if (auto error = bad_day(request)) return *error;
  }
  return list(request, kPageOfUser, member.address_text);
}

bool RewardsApi::is_scoring(const Member& member, const domain::VenueOrderId& order) const {
  const auto open = host_.engine().open_order(order);
  return open && open->account == member.account && scores(*open, host_.engine(), host_.now());
}

Response RewardsApi::order_scoring(const Member& member, const Request& request) const {
  const auto id =
      domain::parse_hex<domain::VenueOrderId>(request.query_value("order_id").value_or(""));
  if (!id) return venue_error(400, polymarket::refusal::kInvalidOrderId);
  return http::json(is_scoring(member, *id) ? R"({"scoring":true})" : R"({"scoring":false})");
}

Response RewardsApi::orders_scoring(const Member& member, const Request& request) const {
  const auto ids = polymarket::parse_cancels_body(request.body);
  if (!ids) return venue_error(400, polymarket::refusal::kInvalidPayload);
  if (ids->size() > polymarket::kCancelBatchMax)
    return venue_error(400, polymarket::refusal::kBatchTooLarge);
  std::string body;
  polymarket::ObjectWriter writer(body);
  for (const domain::VenueOrderId& id : *ids)
    writer.flag(domain::to_string(id), is_scoring(member, id));
  writer.end();
  return http::json(std::move(body));
}

}  // namespace polybot::venue_simulator
