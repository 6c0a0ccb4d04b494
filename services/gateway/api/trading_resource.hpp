// What order-manager says, for reading: /api/v1/orders, /orders/{id}, /fills, /positions, /pnl,
// /strategies.
#pragma once

#include "common/http/message.hpp"
#include "services/gateway/api/market_resource.hpp"
#include "services/gateway/api/query.hpp"
#include "services/gateway/api/read_model/trading_view.hpp"
#include "services/gateway/api/render.hpp"

namespace polybot::gateway {

class TradingResource {
 public:
  TradingResource(const TradingView& view, const MarketResource& markets, const Feed& feed)
      : view_(view), markets_(markets), feed_(feed) {}

  [[nodiscard]] http::Response orders(const http::Request& request) const;
  [[nodiscard]] http::Response order(const http::Request& request) const;
  [[nodiscard]] http::Response fills(const http::Request& request) const;
  [[nodiscard]] http::Response positions(const http::Request& request) const;
  [[nodiscard]] http::Response pnl() const;
  [[nodiscard]] http::Response strategies() const;

  // {"topic":"pnl","type":"pnl",...} for /ws.
  [[nodiscard]] std::string pnl_event() const;
  [[nodiscard]] MarketNames names() const;

 private:
  struct PageRequest {
    OrderFilter filter;
    std::optional<Place> before;
    std::size_t limit = 0;
  };
  [[nodiscard]] Parsed<PageRequest> page_request(const http::Request& request) const;
  void write_pnl_fields(JsonWriter& out) const;

  const TradingView& view_;
  const MarketResource& markets_;
  const Feed& feed_;
};

}  // namespace polybot::gateway
