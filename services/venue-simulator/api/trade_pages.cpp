#include "services/venue-simulator/api/trade_pages.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "common/domain/number_text.hpp"
#include "common/polymarket/digest.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {
namespace {

using polymarket::TradeRecord;

bool read_seconds(const http::Request& request, std::string_view name,
                  std::optional<std::int64_t>& value) {
  const auto text = request.query_value(name);
  if (!text || text->empty()) return true;
  value = domain::parse_number<std::int64_t>(*text);
  return value.has_value();
}

bool concerns(const TradeTruth& trade, AccountId account) {
  return trade.taker.account == account ||
         std::any_of(trade.makers.begin(), trade.makers.end(),
                     [account](const auto& maker) { return maker.account == account; });
}

}  // namespace

std::string page_cursor(std::uint64_t number) {
  return polymarket::to_base64url(polymarket::bytes_of(std::to_string(number)));
}

std::optional<PageQuery> parse_page_query(const http::Request& request) {
  PageQuery query;
  if (const auto id = request.query_value("id"); id && !id->empty()) query.id = std::string(*id);
  if (const auto text = request.query_value("market"); text && !text->empty()) {
    query.market = domain::parse_hex<domain::MarketId>(*text);
    if (!query.market) return std::nullopt;
  }
  if (const auto text = request.query_value("asset_id"); text && !text->empty()) {
    query.token = domain::parse_token(*text);
    if (!query.token) return std::nullopt;
  }
  if (!read_seconds(request, "before", query.before_s)) return std::nullopt;
  if (!read_seconds(request, "after", query.after_s)) return std::nullopt;
  const auto cursor = request.query_value("next_cursor");
  if (cursor && !cursor->empty()) {
    const auto decoded = polymarket::parse_base64(*cursor);
    if (!decoded) return std::nullopt;
    const std::string text(decoded->begin(), decoded->end());
    const auto number = domain::parse_number<decltype(query.after_number)>(text);
    if (!number) return std::nullopt;
    query.after_number = *number;
  }
  return query;
}

bool PageQuery::wants(const OrderTruth& order) const {
  return (!id || *id == domain::to_string(order.id)) && (!market || *market == order.market_id) &&
         (!token || *token == order.token);
}

bool PageQuery::wants_time(domain::Timestamp matched_at) const {
  const std::int64_t matched_s = domain::to_unix_ms(matched_at) / 1000;
  return (!before_s || matched_s < *before_s) && (!after_s || matched_s > *after_s);
}

bool PageQuery::wants(const TradeRecord& trade) const {
  return (!id || *id == trade.id.value) && (!market || *market == trade.market) &&
         (!token || *token == trade.token) && wants_time(trade.matched_at);
}

polymarket::Page<TradeRecord> trade_page(const PageQuery& query, AccountId account,
                                         const Members& members, const ExchangeHost& host) {
  // The first wanted trades: those of a page, and one more that shows that there are more. The
  // history is sorted by settlement, not by number.
  std::map<std::uint64_t, TradeRecord> first;
  const auto beyond_page = [&first](std::uint64_t number) {
    return first.size() > kPageItems && number > first.rbegin()->first;
  };
  const auto offer = [&](const TradeTruth& trade) {
    if (trade.number <= query.after_number || beyond_page(trade.number)) return;
    if (!query.wants_time(trade.matched_at) || !concerns(trade, account)) return;
    TradeRecord record = trade_event(trade, account, members, host.engine()).trade;
    if (!query.wants(record)) return;
    record.numbers_pending = numbers_pending(trade, host);
    first.insert_or_assign(trade.number, std::move(record));
    if (first.size() > kPageItems + 1) first.erase(std::prev(first.end()));
  };
  const std::int64_t remembered_s = domain::to_unix_ms(host.remembered_since()) / 1000;
  if (!query.after_s || *query.after_s <= remembered_s) {
    host.read_old_trades(0, [&](const TradeTruth& trade) {
      offer(trade);
      return true;
    });
  }
  host.engine().read_trades(query.after_number, [&](const TradeTruth& trade) {
    offer(trade);
    return !beyond_page(trade.number + 1);
  });
  polymarket::Page<TradeRecord> page;
  page.next_cursor = polymarket::kEndCursor;
  if (first.size() > kPageItems) {
    const auto next = std::prev(first.end());
    page.next_cursor = page_cursor(next->first - 1);
    first.erase(next);
  }
  for (auto& [number, record] : first) page.items.push_back(std::move(record));
  return page;
}

}  // namespace polybot::venue_simulator
