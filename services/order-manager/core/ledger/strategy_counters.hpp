// Durable counters of one strategy: functions of the journal.
#pragma once

#include <array>
#include <cstdint>

#include "common/domain/events.hpp"

namespace polybot::order_manager {

// A metric label, and counted in snapshots of the fold by number: domain/enumeration.hpp.
enum class SignalOutcome : std::uint8_t {
  Accepted = 0,
  Expired = 1,
  Fenced = 2,
  Stale = 3,
  Denied = 4
};

// [0] = buy, [1] = sell where there are two.
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
  // Of the strategy's own trading state; the account's changes are under the empty name.
  std::array<std::array<std::uint64_t, domain::kStateReasons>, domain::kTradingStates>
      state_changes{};
  bool operator==(const StrategyCounters&) const = default;
};

}  // namespace polybot::order_manager
