// GET /api/v1/status and the `status` topic: the whole stack on one page, as the gateway sees it,
// and, when nothing trades, why, in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/http/message.hpp"
#include "common/runtime/health.hpp"
#include "services/gateway/api/order_stream.hpp"
#include "services/gateway/api/read_model/trading_view.hpp"
#include "services/gateway/feed/feed.hpp"

namespace polybot::gateway {

class JsonWriter;

class StatusResource {
 public:
  StatusResource(const Feed& feed, const TradingView& view, const OrderStream& orders,
                 const runtime::Health& health, runtime::Clock clock)
      : feed_(feed), view_(view), orders_(orders), health_(health), clock_(clock) {}

  // Call it once a second: the counts since the last call are the rates shown until the next.
  void sample(std::size_t clients, std::uint64_t requests);

  [[nodiscard]] http::Response status() const;
  [[nodiscard]] std::string status_event() const;

 private:
  void write_fields(JsonWriter& out) const;
  void write_trading(JsonWriter& out) const;
  void write_markets(JsonWriter& out) const;
  void write_chosen(JsonWriter& out) const;
  void write_feed(JsonWriter& out) const;
  [[nodiscard]] std::vector<std::string> feed_notices() const;
  [[nodiscard]] std::size_t markets_active() const;
  void write_orders(JsonWriter& out) const;
  void write_strategies(JsonWriter& out) const;

  struct Totals {
    std::uint64_t market_data = 0;
    std::uint64_t orders = 0;
    std::uint64_t requests = 0;
  };

  const Feed& feed_;
  const TradingView& view_;
  const OrderStream& orders_;
  const runtime::Health& health_;
  runtime::Clock clock_;
  Totals last_;
  Totals per_second_;
  domain::Duration sampled_at_{};
  std::size_t clients_ = 0;
};

}  // namespace polybot::gateway
