#include <algorithm>

#include "services/order-manager/core/orders/risk_engine.hpp"

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

template <class Amounts, class Read>
Money largest(const Amounts& amounts, const Read& read) {
  Money most;
  for (const auto& [where, amount] : amounts) most = std::max(most, read(amount));
  return most;
}

Money largest_order(const Ledger& ledger, const std::optional<StrategyName>& strategy) {
  Money most;
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& record = *ledger.orders().find(id);
    if (!strategy || record.order.strategy == *strategy)
      most = std::max(most, record.reserved_cash());
  }
  return most;
}

Money left_of(Money limit, Money used) {
  return std::max(Money{}, limit - used);
}

}  // namespace

Money RiskEngine::headroom(const Ledger& ledger) const {
  const Commitments& commitments = ledger.commitments();
  Money strategies;
  for (const auto& [name, limits] : strategies_) {
    if (ledger.enabled(name).value_or(false))
      strategies += left_of(limits.exposure_max, commitments.of(name).used);
  }
  const Money account = left_of(account_.exposure_max, commitments.of(std::nullopt).used);
  return std::min(account, strategies) + account_.balance_min;
}

Utilization RiskEngine::utilization(const Ledger& ledger,
                                    const std::optional<StrategyName>& strategy) const {
  const Commitments::Sums& used = ledger.commitments().of(strategy);
  const Money market =
      largest(used.markets, [](const Commitments::InMarket& in) { return in.used(); });
  const Money event = largest(used.events, [](Money amount) { return amount; });
  const domain::RiskLimits& limit = limits(strategy);
  const Portfolio& portfolio = ledger.portfolio();
  const Money daily = strategy ? portfolio.daily_pnl(*strategy) : portfolio.account_daily_result();
  const Money fall = strategy ? portfolio.drawdown(*strategy) : portfolio.account_drawdown();
  const auto bucket = strategy ? strategy_rates_.find(*strategy) : strategy_rates_.end();
  const TokenBucket& rate = bucket == strategy_rates_.end() ? account_rate_ : bucket->second;
  Utilization result{};
  const auto set = [&](LimitKind kind, std::int64_t value) {
    result[static_cast<std::size_t>(kind)] = value;
  };
  set(LimitKind::OrderNotional, ppm(largest_order(ledger, strategy), limit.order_notional_max));
  set(LimitKind::Position, ppm(market, limit.position_max));
  set(LimitKind::Event, ppm(event, limit.event_exposure_max));
  set(LimitKind::Exposure, ppm(used.used, limit.exposure_max));
  set(LimitKind::OpenOrders, ppm(used.open_orders, limit.open_orders_max));
  set(LimitKind::OrderRate, rate.used_ppm());
  set(LimitKind::DailyLoss, ppm(-daily, limit.daily_loss_max));
  set(LimitKind::Drawdown, ppm(fall, limit.drawdown_max));
  set(LimitKind::Balance,
      ppm(used.reserved, portfolio.cash() - ledger.commitments().of(std::nullopt).unsettled));
  return result;
}

}  // namespace polybot::order_manager
