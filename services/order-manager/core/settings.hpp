// What the order-manager core is told at construction. Every figure has its unit in its type; the
// defaults are those of deploy/config/order-manager.toml.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/commands.hpp"
#include "common/domain/events.hpp"
#include "common/domain/risk_limits.hpp"

namespace polybot::order_manager {

using domain::Duration;
using domain::Money;
using domain::Price;
using domain::StrategyName;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct ConfiguredStrategy {
  StrategyName name;
  bool enabled_at_first = true;  // when the journal knows no better
  domain::RiskLimits limits;
};

// The longest pause, however often the venue refuses everything; the refusal is remembered for
// longer.
inline constexpr Duration kRefusalPauseMax = std::chrono::minutes(2);

// The trades of the account are read this much farther back than seems needed.
inline constexpr Duration kTradesMargin = seconds(60);

struct Settings {
  std::optional<domain::AccountId> account;  // whose key signs the orders
  domain::TradingMode mode = domain::TradingMode::Sim;

  std::vector<ConfiguredStrategy> strategies;  // a signal of any other name is denied
  [[nodiscard]] bool configures(const StrategyName& name) const {
    return std::any_of(strategies.begin(), strategies.end(),
                       [&](const ConfiguredStrategy& strategy) { return strategy.name == name; });
  }
  domain::RiskLimits account_limits;
  domain::TradingState first_trading_state = domain::TradingState::Active;  // of a new journal
  bool halted_at_start = false;  // whatever was said before: somebody has to resume trading

  // Leases and signals.
  Duration lease_duration = seconds(3);  // without an announcement
  Duration lease_gather = seconds(1);    // after a start: who is there is heard before any grant
  std::uint32_t signal_rate_max = 200;   // per strategy and second; more is shed
  std::uint32_t signal_burst_max = 400;
  Duration target_adoption = seconds(5);  // orders inherited without a target rest this long

  // The venue's answers.
  Duration ambiguous_hold = seconds(30);          // after the last byte of a submission
  Duration missing_hold = seconds(2);             // between two readings that both lack an order
  Duration delayed_hold = seconds(15);            // the same for an order under a taker delay
  Duration cancel_retry_min = milliseconds(250);  // doubles up to cancel_retry_max
  Duration cancel_retry_max = seconds(5);
  Duration account_read_pause = milliseconds(500);  // between two readings that were asked for
  // No new orders after a refusal that is about the venue; at most kRefusalPauseMax.
  Duration refusal_pause = seconds(2);
  std::uint32_t venue_order_rate = 40;  // the venue's token buckets for our tier
  std::uint32_t venue_order_burst = 60;
  std::uint32_t venue_cancel_rate = 80;
  std::uint32_t venue_cancel_burst = 120;

  // Markets and quotes.
  Duration quote_age_max = seconds(3);             // they are vouched for every second
  Duration quote_stale_cancel = seconds(5);        // stale this long: opening orders are cancelled
  Duration opening_stops_before_end = seconds(5);  // of a market that ends
  Duration clock_skew_max = seconds(1);
  std::int64_t requote_tolerance_ppm = 200'000;  // a resting quantity this close is left alone
  Duration requote_pause = milliseconds(500);    // after a refused or denied quote; doubles to 8 s

  // Legs and flattening.
  Duration unwind_after = seconds(10);
  Duration unwind_pause = seconds(1);          // between two attempts in one instrument
  Price exit_slippage = Price::from_raw(500);  // below the best bid

  // Money.
  // When the trading day begins, after 00:00 UTC: daily loss and daily P&L count from there.
  Duration day_start{};
  Duration marks_every = seconds(10);
  Price mark_spread_max = Price::from_raw(1'000);
  Duration drift_every = seconds(60);
  // A cash difference that stays unchanged for this long without any order in doubt is booked as a
  // deposit or withdrawal (CashMoved). 0 = never: it stays a drift until an operator explains it.
  Duration cash_moved_after{};

  bool cancel_all_on_shutdown = true;
};

}  // namespace polybot::order_manager
