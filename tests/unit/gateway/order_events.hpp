// Order events as order-manager streams them, for tests of the read models.
#pragma once

#include <string>
#include <utility>

#include "common/domain/events.hpp"
#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {

inline domain::ClientOrderId order_id(std::uint64_t n) {
  return {.signal = {.incarnation = 7, .counter = n}, .leg = 0};
}
inline const domain::StrategyName kArb{"arbitrage"};
inline const domain::StrategyName kFarm{"spread_farm"};

inline domain::StreamedEvent streamed(std::uint64_t seq, domain::EventBody body,
                                      std::optional<domain::OrderStatus> status = {},
                                      domain::StrategyName strategy = kArb) {
  domain::StreamedEvent event;
  event.event.seq = seq;
  event.event.at = at(static_cast<std::int64_t>(seq) * 1000);
  event.event.strategy = std::move(strategy);
  event.event.body = std::move(body);
  event.status = status;
  return event;
}

inline domain::StreamedEvent submitted(std::uint64_t seq, std::uint64_t order,
                                       domain::StrategyName strategy = kArb, int market = 1) {
  domain::Order one;
  one.id = order_id(order);
  one.strategy = strategy;
  one.instrument = {market_id(market), domain::Outcome::Yes};
  one.limit = cents(40);
  one.quantity = shares(10);
  one.submitted_at = at(static_cast<std::int64_t>(seq) * 1000);
  return streamed(seq, domain::OrderSubmitted{one}, domain::OrderStatus::Submitted, strategy);
}

inline domain::OrderFilled fill(std::uint64_t order, const std::string& trade,
                                std::int64_t quantity) {
  domain::OrderFilled filled;
  filled.fill = {{trade}, order_id(order)};
  filled.instrument = {market_id(1), domain::Outcome::Yes};
  filled.quantity = shares(quantity);
  filled.cash = domain::Money::from_raw(quantity * 400'000);
  filled.fee = domain::Money::from_raw(1000);
  return filled;
}

}  // namespace polybot::gateway
