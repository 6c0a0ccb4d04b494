// The venue's public REST about markets as the CLOB knows them: its records of one and of many,
// which market a token belongs to, and what happens there.
#pragma once

#include "common/http/message.hpp"
#include "services/venue-simulator/api/members.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class MarketsApi {
 public:
  MarketsApi(const ExchangeHost& host, const Members& members, LiveActivity live_activity)
      : host_(host), members_(members), live_activity_(live_activity) {}

  [[nodiscard]] http::Response markets(const http::Request& request) const;
  [[nodiscard]] http::Response simplified_markets(const http::Request& request) const;
  [[nodiscard]] http::Response sampling_markets(const http::Request& request) const;
  [[nodiscard]] http::Response sampling_simplified_markets(const http::Request& request) const;
  [[nodiscard]] http::Response market(const http::Request& request) const;
  [[nodiscard]] http::Response market_by_token(const http::Request& request) const;
  [[nodiscard]] http::Response live_activity(const http::Request& request) const;

 private:
  enum class Listed : std::uint8_t { All, Sampled };
  enum class Shape : std::uint8_t { Full, Simplified };
  [[nodiscard]] http::Response list(const http::Request& request, Listed listed, Shape shape) const;
  // One event of a market's latest trades.
  void write_trade(const TapedTrade& trade, const domain::Market& market, std::string& out) const;

  const ExchangeHost& host_;
  const Members& members_;
  LiveActivity live_activity_;
};

}  // namespace polybot::venue_simulator
