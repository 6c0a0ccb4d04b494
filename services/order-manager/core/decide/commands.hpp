// Operator commands and trading states: who may trade, and which orders are canceled when one may
// not any more.
#pragma once

#include <optional>

#include "services/order-manager/core/decide/flattening.hpp"
#include "services/order-manager/core/decide/quoting.hpp"

namespace polybot::order_manager {

class Commands {
 public:
  Commands(const Settings& settings, OrderDesk& desk, Quoting& quoting, Flattening& flattening)
      : settings_(settings), desk_(desk), quoting_(quoting), flattening_(flattening) {}

  // A command that was answered before is answered again, but not obeyed again.
  void received(Turn& turn, const domain::Command& command);
  // Of a process that trades real money, started by somebody: trading waits for a resume.
  void halt_at_start(Turn& turn);
  // Reduces trading where losses have passed their limits.
  void check_breaches(Turn& turn);

 private:
  using Denial = domain::CommandDenyReason;
  [[nodiscard]] Denial obey(Turn& turn, const domain::StartStrategy& start, domain::TraceId trace);
  [[nodiscard]] Denial obey(Turn& turn, const domain::StopStrategy& stop, domain::TraceId trace);
  [[nodiscard]] Denial obey(Turn& turn, const domain::SetTradingState& set);
  [[nodiscard]] Denial obey(Turn& turn, const domain::CancelOrder& cancel);
  [[nodiscard]] Denial obey(Turn& turn, const domain::CancelAllOrders& cancel);
  [[nodiscard]] Denial obey(Turn& turn, const domain::FlattenPositions& flatten,
                            const domain::Command& command);
  [[nodiscard]] Denial obey(Turn& turn, const domain::Command& command);
  [[nodiscard]] bool unknown(const std::optional<StrategyName>& strategy) const;
  void change_state(Turn& turn, domain::TradingStateChanged change);
  void enforce_state(Turn& turn, const std::optional<StrategyName>& strategy);
  void check_breach(Turn& turn, const std::optional<StrategyName>& strategy);

  const Settings& settings_;
  OrderDesk& desk_;
  Quoting& quoting_;
  Flattening& flattening_;
};

}  // namespace polybot::order_manager
