#include "services/venue-simulator/api/trade_pages.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "common/domain/number_text.hpp"
#include "services/venue-simulator/api/lookup.hpp"
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

// Whether an address is the taker's or a maker's.
bool has_side_of(const TradeRecord& trade, const polymarket::Address& address) {
  const std::string text = polymarket::to_checksum(address);
  return trade.maker_address == text ||
         std::any_of(trade.makers.begin(), trade.makers.end(),
                     [&](const auto& maker) { return maker.maker_address == text; });
}

}  // namespace

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
  if (const auto text = request.query_value("maker_address"); text && !text->empty()) {
    query.maker = polymarket::Address::parse(*text);
    if (!query.maker) return std::nullopt;
  }
  const auto after = parse_cursor(request);
  if (!after) return std::nullopt;
  query.after_number = *after;
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
         (!token || *token == trade.token) && (!maker || has_side_of(trade, *maker)) &&
         wants_time(trade.matched_at);
}

// The history is sorted by settlement, not by number.
TradePage page_of_trades(const PageQuery& query, std::size_t limit, const ExchangeHost& host,
                         const std::function<bool(const TradeTruth&)>& wanted) {
  // The trades of the page, and one more that shows that there are more.
  std::map<std::uint64_t, TradeTruth> first;
  const auto beyond_page = [&](std::uint64_t number) {
    return first.size() > limit && number > first.rbegin()->first;
  };
  const auto offer = [&](const TradeTruth& trade) {
    if (trade.number <= query.after_number || beyond_page(trade.number)) return;
    if (!query.wants_time(trade.matched_at) || !wanted(trade)) return;
    first.insert_or_assign(trade.number, trade);
    if (first.size() > limit + 1) first.erase(std::prev(first.end()));
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
  TradePage page;
  page.next_cursor = polymarket::kEndCursor;
  if (first.size() > limit) {
    const auto next = std::prev(first.end());
    page.next_cursor = page_cursor(next->first - 1);
    first.erase(next);
  }
  for (auto& [number, trade] : first) page.trades.push_back(std::move(trade));
  return page;
}

polymarket::Page<TradeRecord> trade_page(const PageQuery& query, AccountId account,
                                         const Members& members, const ExchangeHost& host) {
  TradePage found = page_of_trades(query, kPageItems, host, [&](const TradeTruth& trade) {
    return concerns(trade, account) &&
           query.wants(trade_event(trade, account, members, host.engine()).trade);
  });
  polymarket::Page<TradeRecord> page;
  page.next_cursor = std::move(found.next_cursor);
  for (const TradeTruth& trade : found.trades) {
    page.items.push_back(trade_event(trade, account, members, host.engine()).trade);
    page.items.back().numbers_pending = numbers_pending(trade, host);
  }
  return page;
}

}  // namespace polybot::venue_simulator
