// Every number that order-manager owns, read from the ledger in one go. Counters and money are
// functions of the journal; numbers that depend on the moment (quotes, leases, links) are marked
// volatile.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/state_topics.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"
#include "services/order-manager/core/orders/risk_engine.hpp"
#include "services/order-manager/core/venue/submission_pause.hpp"

namespace polybot::order_manager {

// The counters of one strategy, or of all of them, as the state topic has them; see
// domain::OrderCounts.
[[nodiscard]] domain::OrderCounts counts_of(const Ledger& ledger,
                                            const std::optional<domain::StrategyName>& strategy);

struct MarketValue {
  domain::MarketId market;
  std::string slug;
  domain::Money value;  // both outcomes at mark
};

struct StrategySnapshot {
  domain::StrategyName strategy;
  StrategyCounters counters;
  std::array<std::uint64_t, 2> orders_live{};  // submitted and not terminal, by side
  std::uint64_t orders_ambiguous = 0;
  // Submission of the oldest order that still has no answer; none = all answered.
  std::optional<domain::Timestamp> oldest_pending;
  domain::Money pnl_total, realized, unrealized, daily_pnl, drawdown;
  domain::Money exposure, unhedged_exposure;
  std::uint64_t positions_open = 0;
  std::uint64_t fills_provisional = 0;
  std::optional<domain::Timestamp> oldest_provisional;  // matched, by the venue's clock
  std::vector<MarketValue> position_values;
  domain::TradingState trading_state = domain::TradingState::Active;  // the stricter of both
  domain::Timestamp acknowledged_until{};  // of that state; the epoch: not acknowledged
  bool enabled = false;
  Utilization utilization{};
  std::uint64_t marks_stale = 0;        // volatile
  std::uint64_t shards_leased = 0;      // volatile
  std::uint64_t signals_duplicate = 0;  // volatile: since this start
  std::uint64_t signals_shed = 0;       // volatile: since this start
};

struct Figures {
  std::uint64_t journal_id = 0;
  std::uint32_t fold_version = 0;
  std::uint64_t sequence = 0;
  std::vector<StrategySnapshot>
      strategies;  // configured ones, `unknown`, `external`, and past ones
  domain::TradingState trading_state = domain::TradingState::Active;
  domain::Timestamp acknowledged_until{};
  decltype(StrategyCounters::state_changes) account_state_changes{};
  domain::Money account_drawdown;
  Utilization account_utilization{};
  domain::Money cash;             // the book's whole collateral
  domain::Money free_collateral;  // polybot_account_balance_usd
  domain::Money headroom;         // RiskEngine::headroom
  domain::Money unredeemed;
  std::optional<domain::Timestamp> oldest_claim;
  domain::Money drift_cash, drift_positions;  // absolute
  std::array<std::uint64_t, domain::kEventKinds> journal_events{};
  std::uint64_t reconciliations_ok = 0;      // volatile: since this start
  std::uint64_t reconciliations_failed = 0;  // volatile: since this start
  // Rows of the account that could not be read yet; volatile.
  std::uint64_t unread_trades = 0;  // for half a minute already
  std::uint64_t unread_open_orders = 0;
  std::uint64_t unread_balances = 0;
  std::uint64_t unread_given_up = 0;             // trades; since this start
  std::optional<PauseCause> submissions_paused;  // volatile
  domain::TradingMode mode = domain::TradingMode::Sim;
  std::uint64_t fills_beyond_order = 0;  // volatile: since this start
};

}  // namespace polybot::order_manager
