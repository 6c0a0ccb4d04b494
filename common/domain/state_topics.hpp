// The state topics of order-manager (every 500 ms): strategies, the account, leases, and what
// runners announce. State, not events: the next message repairs any loss.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/events.hpp"

namespace polybot::domain {

// What a strategy runs with, as configured: "window" -> "8s".
using Parameters = std::map<std::string, std::string>;

// The venue redeems within minutes where it does so by itself. A claim that is unpaid for longer
// needs a person.
inline constexpr Duration kClaimPatience = std::chrono::hours(24);

struct StrategyFigures {
  Money realized;
  Money unrealized;
  Money daily_pnl;
  Money drawdown;
  Money exposure;
  std::uint32_t orders_live = 0;
  std::uint32_t positions_open = 0;
  bool operator==(const StrategyFigures&) const = default;
};
// What has been counted since the journal began: the numbers of polybot_orders_total,
// polybot_risk_denials_total, polybot_fills_total and polybot_trading_state_changes_total.
struct OrderCounts {
  std::array<std::uint64_t, kOrderStatuses> orders{};  // by first entry into a status
  std::uint64_t live = 0;                              // submitted and not ended
  std::uint64_t denied = 0;                            // by us, never submitted
  std::array<std::uint64_t, kDenyReasons> denials{};   // `denied` by reason
  std::uint64_t fills = 0;                             // at their first booking
  std::uint64_t fills_reversed = 0;
  std::array<std::array<std::uint64_t, kStateReasons>, kTradingStates> state_changes{};
  bool operator==(const OrderCounts&) const = default;
};
// A trading state as it was changed last; `since` is the epoch when it never was.
struct TradingStatus {
  TradingState state = TradingState::Active;
  StateReason reason = StateReason::Requested;
  Timestamp since{};
  std::string stated_reason{};     // as in TradingStateChanged
  Timestamp acknowledged_until{};  // the same
  bool operator==(const TradingStatus&) const = default;
};
struct StrategyState {
  StrategyName strategy;
  bool enabled = false;
  bool enabled_at_first = false;  // by the configuration, which only a new journal follows
  TradingState trading_state = TradingState::Active;  // the stricter of its own and the account's
  TradingStatus own{};
  Parameters parameters;       // of the runner that was heard last
  std::uint64_t last_seq = 0;  // of order.<strategy>
  StrategyFigures figures;
  OrderCounts counts{};
  bool operator==(const StrategyState&) const = default;
};
struct FlattenState {
  CommandId command;
  std::optional<StrategyName> strategy;  // none = the account
  Timestamp begun_at{};
  std::optional<Timestamp> ended_at;  // none: still selling
  std::vector<FlattenEnded::Left> left;
  bool operator==(const FlattenState&) const = default;
};
// What concerns no single strategy.
struct AccountState {
  TradingStatus own;
  OrderCounts counts{};       // over all strategies: past ones, unknown and external included
  StrategyFigures figures{};  // the same
  std::vector<FlattenState> flattens{};  // under way, and the one that ended last
  // The last restored backup; 0 = none. What was numbered before `restored_seq` is another history.
  std::uint64_t restored_seq = 0;
  Timestamp restored_at{};
  Timestamp backup_at{};
  // Why the venue takes no orders, as far as its last refusal tells ("forbidden"); empty: it does.
  std::string submissions_paused{};
  std::uint64_t rows_unread = 0;      // of the account at the venue: trades, open orders, balances
  std::optional<TradingMode> mode{};  // none: not told
  // Bit n: quotes of shard n are missing, so the gateway is to tell them all.
  std::uint64_t quotes_wanted = 0;
  bool operator==(const AccountState&) const = default;
};
// A runner trades a shard only after it has applied order events up to granted_seq.
struct Lease {
  StrategyName strategy;
  Shard shard;
  ReplicaName replica;
  std::uint64_t incarnation = 0;
  LeaseEpoch epoch;
  Timestamp expires_at{};
  std::uint64_t granted_seq = 0;
  // The holder must stop at once and say so; the shard is granted again after that.
  bool revoked = false;
  bool operator==(const Lease&) const = default;
};
// What a runner no longer trades because it was revoked.
struct LeaseReleased {
  StrategyName strategy;
  LeaseEpoch epoch;
  std::uint64_t shards = 0;  // bit n = shard n
  bool operator==(const LeaseReleased&) const = default;
};
struct RunnerAnnounced {
  ReplicaName replica;
  std::uint64_t incarnation = 0;
  std::vector<StrategyName> strategies;
  bool leaving = false;
  std::vector<LeaseReleased> released{};
  std::map<StrategyName, Parameters> parameters{};
  bool operator==(const RunnerAnnounced&) const = default;
};

}  // namespace polybot::domain
