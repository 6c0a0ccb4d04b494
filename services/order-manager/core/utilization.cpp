#include <algorithm>

#include "services/order-manager/core/risk_engine.hpp"

namespace polybot::order_manager {

using domain::Money;
using domain::StrategyName;

namespace {

std::int64_t ppm(std::int64_t used, std::int64_t limit) {
  if (used <= 0) return 0;
  if (limit <= 0) return 1'000'000;
  return domain::mul_div(used, 1'000'000, limit, domain::Rounding::Down);
}

std::int64_t ppm(Money used, Money limit) {
  return ppm(used.raw(), limit.raw());
}

struct Largest {
  Money order;
  Money market;
  Money event;
  Money total;
  Money reserved;
  std::int64_t open_orders = 0;
};

Largest largest(const Ledger& ledger, const std::optional<StrategyName>& strategy) {
  Largest result;
  std::map<domain::MarketId, Money> markets;
  std::map<domain::EventGroupId, Money> events;
  for (const auto& [holder, positions] : ledger.portfolio().positions()) {
    if (strategy && holder != *strategy) continue;
    for (const auto& [market, position] : positions) {
      const Money amount = ledger.portfolio().exposure(holder, market);
      markets[market] += amount;
      if (const domain::Market* known = ledger.market(market)) events[known->event] += amount;
      result.total += amount;
    }
  }
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& record = *ledger.orders().find(id);
    if (strategy && record.order.strategy != *strategy) continue;
    const Money amount = record.reserved_cash();
    result.order = std::max(result.order, amount);
    markets[record.order.instrument.market] += amount;
    events[record.order.event] += amount;
    result.total += amount;
    result.reserved += amount;
    ++result.open_orders;
  }
  for (const auto& [market, amount] : markets) result.market = std::max(result.market, amount);
  for (const auto& [event, amount] : events) result.event = std::max(result.event, amount);
  return result;
}

}  // namespace

Utilization RiskEngine::utilization(const Ledger& ledger,
                                    const std::optional<StrategyName>& strategy) const {
  const Largest used = largest(ledger, strategy);
  const domain::RiskLimits& limit = limits(strategy);
  const Portfolio& portfolio = ledger.portfolio();
  const Money daily = strategy ? portfolio.daily_pnl(*strategy) : portfolio.account_daily_pnl();
  const Money fall = strategy ? portfolio.drawdown(*strategy) : portfolio.account_drawdown();
  const auto bucket = strategy ? strategy_rates_.find(*strategy) : strategy_rates_.end();
  const TokenBucket& rate = bucket == strategy_rates_.end() ? account_rate_ : bucket->second;
  Utilization result{};
  const auto set = [&](LimitKind kind, std::int64_t value) {
    result[static_cast<std::size_t>(kind)] = value;
  };
  set(LimitKind::OrderNotional, ppm(used.order, limit.order_notional_max));
  set(LimitKind::Position, ppm(used.market, limit.position_max));
  set(LimitKind::Event, ppm(used.event, limit.event_exposure_max));
  set(LimitKind::Exposure, ppm(used.total, limit.exposure_max));
  set(LimitKind::OpenOrders, ppm(used.open_orders, limit.open_orders_max));
  set(LimitKind::OrderRate, rate.used_ppm());
  set(LimitKind::DailyLoss, ppm(-daily, limit.daily_loss_max));
  set(LimitKind::Drawdown, ppm(fall, limit.drawdown_max));
  set(LimitKind::Balance, ppm(used.reserved, portfolio.cash() - portfolio.unsettled_proceeds()));
  return result;
}

}  // namespace polybot::order_manager
