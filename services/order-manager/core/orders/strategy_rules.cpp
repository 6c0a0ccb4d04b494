#include "services/order-manager/core/orders/strategy_rules.hpp"

#include "common/domain/mutation.hpp"

namespace polybot::order_manager {

using domain::DenyReason;
using domain::TradingState;

DenyReason refuses_opening(const Ledger& ledger, const domain::StrategyName& strategy,
                           domain::Side side) {
  switch (ledger.trading_state(strategy)) {
    case TradingState::Active:
      return DenyReason::None;
    case TradingState::Halted:
      return DenyReason::TradingHalted;
    case TradingState::Reducing:
      break;
  }
  if (side == domain::Side::Sell) return DenyReason::None;
  return domain::deny_reason_of(ledger.trading_status(strategy).reason);
}

bool saw_last_fill(const Ledger& ledger, const domain::StrategyName& strategy,
                   const domain::MarketId& market, std::uint64_t applied_seq) {
  if (mutated(Mutation::StalePositionIgnored)) return true;
  const MarketPosition* position = ledger.portfolio().find(strategy, market);
  return position == nullptr || position->last_fill_seq <= applied_seq;
}

}  // namespace polybot::order_manager
