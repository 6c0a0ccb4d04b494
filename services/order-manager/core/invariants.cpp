#include "services/order-manager/core/invariants.hpp"

#include <array>
#include <map>

namespace polybot::order_manager {

using domain::Money;
using domain::OrderStatus;
using domain::Quantity;
using domain::Side;
using domain::StrategyName;

namespace {

using Broken = std::vector<std::string>;

void check_order_identity(const Ledger& ledger, Broken& broken) {
  std::map<StrategyName, std::array<std::uint64_t, 2>> live;
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& order = *ledger.orders().find(id);
    if (!order.ended()) ++live[order.order.strategy][static_cast<std::size_t>(order.order.side)];
  }
  for (const auto& [strategy, counters] : ledger.counters()) {
    for (std::size_t side = 0; side < 2; ++side) {
      const auto of = [&orders = counters.orders[side]](OrderStatus status) {
        return orders[static_cast<std::size_t>(status)];
      };
      const std::uint64_t ended = of(OrderStatus::Filled) + of(OrderStatus::Canceled) +
                                  of(OrderStatus::Rejected) + of(OrderStatus::Expired);
      const std::uint64_t open = live[strategy][side];
      if (of(OrderStatus::Submitted) == ended + open) continue;
      broken.push_back(strategy.value + (side == 0 ? " buy" : " sell") + ": submitted " +
                       std::to_string(of(OrderStatus::Submitted)) + " != ended " +
                       std::to_string(ended) + " + live " + std::to_string(open));
    }
  }
}

void check_orders(const Ledger& ledger, Broken& broken) {
  std::size_t open = 0;
  for (const auto& [id, order] : ledger.orders().all()) {
    Quantity filled;
    Money cash;
    std::uint32_t provisional = 0;
    for (const auto& [trade, fill] : order.fills) {
      if (!fill.booked()) continue;
      filled += fill.fill.quantity;
      cash += fill.fill.cash;
      if (fill.fill.status != domain::FillStatus::Confirmed) ++provisional;
    }
    if (filled != order.filled || cash != order.filled_cash || provisional != order.provisional) {
      broken.push_back("order " + domain::to_string(id) + " is not what its fills come to");
    }
    if (!order.terminal()) ++open;
    if (order.terminal() == ledger.orders().open().contains(id)) {
      broken.push_back("order " + domain::to_string(id) + " is open and ended at once");
    }
  }
  if (open != ledger.orders().open().size())
    broken.push_back("open orders are not those that have not ended");
}

// Markets still in the portfolio whose every order is still remembered.
void check_positions(const Ledger& ledger, Broken& broken) {
  std::map<std::pair<StrategyName, domain::Instrument>, Quantity> net;
  for (const auto& [id, order] : ledger.orders().all()) {
    Quantity& sum = net[{order.order.strategy, order.order.instrument}];
    sum += order.order.side == Side::Buy ? order.filled : -order.filled;
  }
  if (ledger.orders().forgotten_before() != domain::Timestamp{}) return;
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [market, position] : positions) {
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        const Quantity held = position.token(outcome).holding().quantity;
        if (held == net[{strategy, {market, outcome}}]) continue;
        broken.push_back(strategy.value + " holds " + held.to_string() + " of " +
                         domain::to_string(market) + ", its fills come to " +
                         net[{strategy, {market, outcome}}].to_string());
      }
    }
  }
}

}  // namespace

std::vector<std::string> broken_invariants(const Ledger& ledger) {
  Broken broken;
  check_order_identity(ledger, broken);
  check_orders(ledger, broken);
  check_positions(ledger, broken);
  const Money gap = ledger.portfolio().unconserved();
  if (!gap.is_zero()) broken.push_back("cash is off by " + gap.to_string());
  return broken;
}

}  // namespace polybot::order_manager
