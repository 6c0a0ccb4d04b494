// Every number that order-manager owns, read off the ledger in one go. Counters and money are
// functions of the journal; what depends on the moment (quotes, leases, links) is marked volatile.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/state_topics.hpp"

namespace polybot::order_manager {

// Metric labels, and counted in snapshots of the fold by number: domain/enumeration.hpp.
enum class SignalOutcome : std::uint8_t {
  Accepted = 0,
  Expired = 1,
  Fenced = 2,
  Stale = 3,
  Denied = 4
};
enum class LimitKind : std::uint8_t {
  OrderNotional = 0,
  Position = 1,
  Event = 2,
  Exposure = 3,
  OpenOrders = 4,
  OrderRate = 5,
  DailyLoss = 6,
  Drawdown = 7,
  Balance = 8,
};

// Why the venue is sent no orders for a while. A metric label.
enum class PauseCause : std::uint8_t {
  Throttled = 0,  // it asked to be left alone for so long
  RateLimited = 1,
  TradingDisabled = 2,
  PostOnlyMode = 3,
  Unauthorized = 4,
  Forbidden = 5,  // of this region or address
};

// Used share of each limit in parts per million.
using Utilization = std::array<std::int64_t, domain::kPlaces<LimitKind>>;

// Durable counters of one strategy; [0] = buy, [1] = sell where there are two.
struct StrategyCounters {
  std::array<std::array<std::uint64_t, domain::kOrderStatuses>, 2> orders{};  // by first entry
  std::array<std::uint64_t, 2> orders_denied{};
  std::uint64_t orders_corrected = 0;
  std::uint64_t orders_resurrected = 0;
  std::uint64_t orders_refused_late = 0;  // accepted, then refused when the venue's delay ended
  std::uint64_t orders_written_off = 0;   // without an answer and without a trace
  std::array<std::array<std::uint64_t, 2>, 2> fills{};  // side, liquidity (maker, taker)
  std::uint64_t fills_reversed = 0;
  domain::Money fees;                                         // confirmed fills only
  std::array<domain::Money, 2> volume{};                      // confirmed fills only
  std::array<std::uint64_t, domain::kDenyReasons> denials{};  // orders_denied by reason
  std::array<std::uint64_t, domain::kPlaces<SignalOutcome>> signals{};
  std::uint64_t leases_fenced = 0;
  // Of the strategy's own trading state; the account's are under the empty name.
  std::array<std::array<std::uint64_t, domain::kStateReasons>, domain::kTradingStates>
      state_changes{};
  bool operator==(const StrategyCounters&) const = default;
};

class Ledger;
// The counters of one strategy, or of all of them, as they are told; see domain::OrderCounts.
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
  std::vector<MarketValue> position_values;
  domain::TradingState trading_state = domain::TradingState::Active;  // the stricter of both
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
  decltype(StrategyCounters::state_changes) account_state_changes{};
  domain::Money account_drawdown;
  Utilization account_utilization{};
  domain::Money cash;             // the book's whole collateral
  domain::Money free_collateral;  // polybot_account_balance_usd
  domain::Money unredeemed;
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
  std::uint64_t fills_beyond_order = 0;          // volatile: since this start
};

}  // namespace polybot::order_manager
