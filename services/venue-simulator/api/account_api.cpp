#include "services/venue-simulator/api/account_api.hpp"

#include "common/domain/number_text.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/venue-simulator/api/builder_trades.hpp"
#include "services/venue-simulator/api/lookup.hpp"
#include "services/venue-simulator/api/rewards_api.hpp"
#include "services/venue-simulator/api/shapes.hpp"
#include "services/venue-simulator/api/trade_pages.hpp"

namespace polybot::venue_simulator {

using http::Request;
using http::Response;
using polymarket::ObjectWriter;

namespace {

// "1,2,3"; empty when it is anything else, or longer than an account's notifications.
std::optional<std::vector<std::uint64_t>> parse_ids(std::string_view text) {
  std::vector<std::uint64_t> ids;
  while (ids.size() <= kNoticesMax) {
    const std::size_t comma = text.find(',');
    const auto id = domain::parse_number<std::uint64_t>(text.substr(0, comma));
    if (!id) return std::nullopt;
    ids.push_back(*id);
    if (comma == std::string_view::npos) return ids;
    text.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

}  // namespace

void AccountApi::write_notice(const Notice& notice, const Member& member, std::string& out) const {
  std::string payload;
  ObjectWriter about(payload);
  about.text("market", domain::to_string(notice.market));
  const auto number = host_.engine().find_market(notice.market);
  const Listing* listing = number ? host_.engine().listing(*number) : nullptr;
  if (listing != nullptr)
    about.text("question", listing->market.question).text("market_slug", listing->market.slug);
  if (notice.kind == NoticeKind::MarketResolved) {
    if (listing != nullptr) {
      about.json("outcome_prices", polymarket::json_texts({listing->market.payout.yes.to_string(),
                                                           listing->market.payout.no.to_string()}));
    }
  } else {
    const bool yes = listing == nullptr || notice.token == listing->market.yes_token;
    const std::string label = listing == nullptr ? ""
                              : yes              ? listing->market.yes_label
                                                 : listing->market.no_label;
    about.text("order_id", domain::to_string(notice.order))
        .text("asset_id", domain::to_string(notice.token))
        .text("side", polymarket::wire_name(notice.side))
        .text("price", notice.price.to_string())
        .text("original_size", notice.original.to_string())
        .text("matched_size", notice.matched.to_string())
        .text("remaining_size", (notice.original - notice.matched).to_string())
        .text("outcome", label)
        .number("outcome_index", yes ? 0 : 1);
  }
  about.end();
  ObjectWriter(out)
      .number("id", static_cast<std::int64_t>(notice.id))
      .text("owner", member.credentials.api_key())
      .number("type", static_cast<std::int64_t>(notice.kind))
      .json("payload", payload)
      .number("timestamp", domain::to_unix_ms(notice.at) / 1000)
      .end();
}

Response AccountApi::notifications(const Member& member, const Request& request) {
  if (!request.query_value("signature_type") || !parse_signature_type(request))
    return venue_error(400, "Invalid signature_type");
  std::string body;
  polymarket::append_array(
      host_.exchange().notices().of(member.account), body,
      [&](const Notice& notice, std::string& out) { write_notice(notice, member, out); });
  return http::json(std::move(body));
}

Response AccountApi::drop_notifications(const Member& member, const Request& request) {
  auto ids = parse_ids(request.query_value("ids").value_or(""));
  if (!ids) return venue_error(400, "Invalid ids");
  static_cast<void>(host_.apply(DropNotices{member.account, std::move(*ids)}));
  return http::json("\"OK\"");
}

// The simulated venue has had no other protocol, so nothing was left behind.
Response AccountApi::pre_migration_orders(const Member&, const Request& request) {
  if (!parse_cursor(request)) return bad_cursor();
  return page_answer(kPageItems, polymarket::kEndCursor, {});
}

Response AccountApi::builder_trades(const Request& request) {
  const auto code = parse_builder_code(request.query_value("builder_code").value_or(""));
  if (!code) return venue_error(400, "Invalid builder_code");
  const auto query = parse_page_query(request);
  if (!query) return venue_error(400, polymarket::refusal::kInvalidPayload);
  return builder_trade_page(*code, *query, members_, host_);
}

// No builder has asked for a fee of its own: the exchange takes none.
Response AccountApi::builder_fees(const Request& request) {
  if (!parse_builder_code(request.param("code"))) return venue_error(400, "Invalid builder_code");
  return http::json(R"({"builder_maker_fee_rate_bps":0,"builder_taker_fee_rate_bps":0})");
}

}  // namespace polybot::venue_simulator
