// The exchange's facts in the shapes of the venue's messages. Pure translation.
#pragma once

#include <optional>
#include <string_view>

#include "common/http/message.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/user_channel.hpp"
#include "services/venue-simulator/api/members.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

[[nodiscard]] polymarket::GammaMarket gamma_market(MarketNo number, const MatchingEngine& engine);
[[nodiscard]] polymarket::ClobMarket clob_market(const domain::Market& market);

// The book of one token of an open market, best levels last; empty when it has none.
[[nodiscard]] std::optional<polymarket::BookSummary> book_summary(const domain::TokenId& token,
                                                                  const MatchingEngine& engine,
                                                                  domain::Timestamp now);
// The other outcome's view of levels: mirrored prices, same quantities, still best last.
[[nodiscard]] std::vector<domain::Level> mirrored(const std::vector<domain::Level>& levels);

[[nodiscard]] polymarket::UserOrderEvent order_event(const OrderOutput& output,
                                                     const Members& members,
                                                     const MatchingEngine& engine);
[[nodiscard]] polymarket::UserTradeEvent trade_event(const TradeTruth& trade, AccountId account,
                                                     const Members& members,
                                                     const MatchingEngine& engine);
// By the fault empty-numbers; the same trade always gets the same answer.
[[nodiscard]] bool numbers_pending(const TradeTruth& trade, const ExchangeHost& host);
[[nodiscard]] polymarket::OrderRecord order_record(const OrderTruth& order, const Members& members,
                                                   const MatchingEngine& engine);

// {"error": text}: the venue's answer to a request that it refuses.
[[nodiscard]] http::Response venue_error(unsigned status, std::string_view text);
// The venue's words for a refusal.
[[nodiscard]] std::string refusal_text(domain::RejectReason reason, const NewOrder& order,
                                       const domain::Market* market);

}  // namespace polybot::venue_simulator
