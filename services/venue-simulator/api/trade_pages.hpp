// Pages of an account's orders and trades, as GET /data/orders and /data/trades give them. Trades
// that have left the exchange's memory are read from its history file when a request covers that
// time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/http/message.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "services/venue-simulator/api/members.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

inline constexpr std::size_t kPageItems = 500;

struct PageQuery {
  std::optional<std::string> id;
  std::optional<domain::MarketId> market;
  std::optional<domain::TokenId> token;
  std::optional<polymarket::Address> maker;  // of trades: an address on either side
  std::optional<std::int64_t> before_s;      // match time, exclusive
  std::optional<std::int64_t> after_s;
  std::uint64_t after_number = 0;  // of the cursor

  [[nodiscard]] bool wants_time(domain::Timestamp matched_at) const;
  [[nodiscard]] bool wants(const OrderTruth& order) const;
  [[nodiscard]] bool wants(const polymarket::TradeRecord& trade) const;
};
// Empty when a parameter cannot be read.
[[nodiscard]] std::optional<PageQuery> parse_page_query(const http::Request& request);

// The first trades behind the cursor that `wanted` takes and that are of the query's time.
struct TradePage {
  std::vector<TradeTruth> trades;
  std::string next_cursor;
};
[[nodiscard]] TradePage page_of_trades(const PageQuery& query, std::size_t limit,
                                       const ExchangeHost& host,
                                       const std::function<bool(const TradeTruth&)>& wanted);
[[nodiscard]] polymarket::Page<polymarket::TradeRecord> trade_page(const PageQuery& query,
                                                                   AccountId account,
                                                                   const Members& members,
                                                                   const ExchangeHost& host);

}  // namespace polybot::venue_simulator
