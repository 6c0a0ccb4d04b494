// All data of order-manager that clients may read, in one place: fed by OrderStream, read by the
// resources. Pure folds; the gateway decides nothing about orders.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/domain/state_topics.hpp"
#include "services/gateway/api/read_model/holdings.hpp"
#include "services/gateway/api/read_model/order_history.hpp"

namespace polybot::gateway {

class TradingView {
 public:
  explicit TradingView(HistorySettings settings) : history_(settings) {}

  void apply(const domain::StreamedEvent& event);
  void forget(const domain::StrategyName& strategy);
  void set_strategies(std::vector<domain::StrategyState> strategies);
  void set_account(domain::AccountState account) { account_ = std::move(account); }
  void set_leases(std::vector<domain::Lease> leases) { leases_ = std::move(leases); }

  [[nodiscard]] const OrderHistory& history() const { return history_; }
  [[nodiscard]] const Holdings& holdings() const { return holdings_; }
  [[nodiscard]] const std::vector<domain::StrategyState>& strategies() const { return strategies_; }
  [[nodiscard]] const domain::StrategyState* strategy(const domain::StrategyName& name) const;
  // Default values until order-manager has been heard.
  [[nodiscard]] const domain::AccountState& account() const { return account_; }
  // Markets in which something is held or rests.
  [[nodiscard]] std::set<domain::MarketId> engaged_markets() const;
  [[nodiscard]] std::size_t shards_leased(const domain::StrategyName& name) const;
  [[nodiscard]] std::size_t leases() const { return leases_.size(); }
  // The account's trading state. When no change of it was heard, the mildest state of the
  // strategies, which is never stricter than the account's own. Empty when order-manager has not
  // been heard.
  [[nodiscard]] std::optional<domain::TradingState> trading_state() const;

 private:
  OrderHistory history_;
  Holdings holdings_;
  std::vector<domain::StrategyState> strategies_;  // by name
  domain::AccountState account_;
  std::vector<domain::Lease> leases_;
};

}  // namespace polybot::gateway
