// The venue's public REST about prices: the best of a token's book, one number at a time or for
// many tokens at once, the last trades, their history, and the three scalars of a token's market.
#pragma once

#include "services/venue-simulator/api/market_channel.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class PricesApi {
 public:
  PricesApi(const ExchangeHost& host, MarketChannel::BookOf book_of)
      : host_(host), book_of_(std::move(book_of)) {}

  [[nodiscard]] http::Response midpoint(const http::Request& request) const;
  [[nodiscard]] http::Response midpoints(const http::Request& request) const;
  [[nodiscard]] http::Response price(const http::Request& request) const;
  [[nodiscard]] http::Response prices(const http::Request& request) const;
  [[nodiscard]] http::Response spread(const http::Request& request) const;
  [[nodiscard]] http::Response spreads(const http::Request& request) const;
  [[nodiscard]] http::Response last_trade_price(const http::Request& request) const;
  [[nodiscard]] http::Response last_trades_prices(const http::Request& request) const;
  [[nodiscard]] http::Response prices_history(const http::Request& request) const;
  [[nodiscard]] http::Response tick_size(const http::Request& request) const;
  [[nodiscard]] http::Response neg_risk(const http::Request& request) const;
  [[nodiscard]] http::Response fee_rate(const http::Request& request) const;

 private:
  // The best prices of a token's book; empty when it has no book.
  struct Top {
    std::optional<domain::Price> bid;
    std::optional<domain::Price> ask;
    // The venue answers BUY with the best bid and SELL with the best ask.
    [[nodiscard]] const std::optional<domain::Price>& at(domain::Side side) const {
      return side == domain::Side::Buy ? bid : ask;
    }
  };
  struct LastTrade {
    std::string price;
    std::string_view side;
  };
  using Say = std::string (*)(const Top& top);  // empty: this book does not tell
  [[nodiscard]] std::optional<Top> top_of(const domain::TokenId& token) const;
  [[nodiscard]] http::Response one(const http::Request& request, std::string_view key,
                                   Say say) const;
  [[nodiscard]] http::Response many(const http::Request& request, Say say) const;
  [[nodiscard]] LastTrade last_trade(const MatchingEngine::TokenPlace& place) const;

  const ExchangeHost& host_;
  MarketChannel::BookOf book_of_;
};

}  // namespace polybot::venue_simulator
