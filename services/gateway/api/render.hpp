// JSON bodies of the API and of /ws, from domain values and read models. Prices, quantities and
// money are strings; instants are RFC 3339 in UTC. README.md in this folder lists the shapes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/market_data.hpp"
#include "common/domain/state_topics.hpp"
#include "services/gateway/api/json_writer.hpp"
#include "services/gateway/api/read_model/holdings.hpp"
#include "services/gateway/api/read_model/order_history.hpp"
#include "services/gateway/core/market_catalogue.hpp"

namespace polybot::gateway {

// The slug of a market, or its id in hex when the market is not known (any more).
struct MarketNames {
  std::function<const domain::Market*(const domain::MarketId&)> find;
  [[nodiscard]] std::string name_of(const domain::MarketId& market) const;
};

void write_market(JsonWriter& out, const domain::Market& market, const Choice& choice,
                  const std::optional<domain::QuoteTick>& quote);
// Fields of an object: by what the market was chosen, and the figures that it was chosen by.
void write_choice(JsonWriter& out, const Choice& choice);
// `outcome` No gives the mirrored book. At most `depth` levels a side, best first.
void write_book(JsonWriter& out, const domain::Market& market, const domain::BookSnapshot& book,
                domain::Outcome outcome, std::size_t depth);
void write_quote_event(JsonWriter& out, const domain::Market& market,
                       const domain::QuoteTick& quote);
void write_trade_event(JsonWriter& out, const domain::Market& market,
                       const domain::TradeTick& trade);
void write_market_event(JsonWriter& out, const domain::Market& market);

void write_order(JsonWriter& out, const OrderView& order, const MarketNames& markets);
void write_fill(JsonWriter& out, const FillView& fill, const MarketNames& markets);
void write_position(JsonWriter& out, const PositionView& position, const MarketNames& markets,
                    const std::optional<domain::QuoteTick>& quote);
void write_claim(JsonWriter& out, const ClaimView& claim, const MarketNames& markets);
// What happened to an order, for /ws: kind, order id, status and, when known, the order as it is
// now.
void write_order_event(JsonWriter& out, const domain::StreamedEvent& event, const OrderView* order,
                       const MarketNames& markets);

// The fields `reason`, `since`, `by`, `stated_reason` and `acknowledged_until` of a trading state,
// into an object that is open; null while it was never changed, and the last two when nothing was
// stated.
void write_reason(JsonWriter& out, const domain::TradingStatus& status);
// The fields `by_status`, `denials`, `fills`, `fills_reversed` and `state_changes`.
void write_counts(JsonWriter& out, const domain::OrderCounts& counts);
void write_flatten(JsonWriter& out, const domain::FlattenState& flatten,
                   const MarketNames& markets);
// The stricter of a strategy's own state and the account's: the one that its orders meet.
[[nodiscard]] const domain::TradingStatus& stricter(const domain::TradingStatus& own,
                                                    const domain::TradingStatus& account);
// The field `parameters`.
void write_parameters(JsonWriter& out, const domain::Parameters& parameters);
void write_strategy(JsonWriter& out, const domain::StrategyState& strategy,
                    const domain::TradingStatus& account, std::size_t shards_leased);
void write_pnl(JsonWriter& out, const domain::StrategyState& strategy);

}  // namespace polybot::gateway
