// What a strategy wants. A signal is an intent with a deadline and a fencing token; order-manager
// alone decides what becomes of it.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/domain/market_data.hpp"

namespace polybot::domain {

// Fixed numbers and words: enumeration.hpp.
enum class TimeInForce : std::uint8_t { Gtc = 0, Gtd = 1, Fak = 2, Fok = 3 };
// Such an order never rests.
[[nodiscard]] constexpr bool immediate(TimeInForce time_in_force) {
  return time_in_force == TimeInForce::Fak || time_in_force == TimeInForce::Fok;
}

// Counted in polybot_signals_total{action}. Fixed numbers and words: enumeration.hpp.
enum class SignalAction : std::uint8_t { Buy = 0, Sell = 1, Quote = 2, Cancel = 3, Exit = 4 };

// One order of a multi-leg intent: sent with its siblings in one batch, fill-and-kill.
struct Leg {
  Instrument instrument;
  Side side = Side::Buy;
  Price limit;
  Quantity quantity;
  constexpr bool operator==(const Leg&) const = default;
};

// The quotes wanted in one market, in YES terms, replaced as a whole. A missing side is not wanted;
// a target with neither side withdraws all quotes of the strategy in the market.
struct QuoteTarget {
  MarketId market;
  std::optional<Level> bid;
  std::optional<Level> ask;
  bool operator==(const QuoteTarget&) const = default;
};

struct Signal {
  SignalId id;
  StrategyName strategy;
  EventGroupId event;
  Shard shard;
  LeaseEpoch lease_epoch;
  // Journal number of the last order event of this strategy that the decision had seen; a decision
  // that had not seen the last fill of its strategy in its markets is denied (StalePosition).
  std::uint64_t applied_seq = 0;
  SignalAction action = SignalAction::Buy;
  std::variant<std::vector<Leg>, QuoteTarget> intent;
  Timestamp oldest_book_at{};  // the gateway's stamp of the oldest book the decision used
  Timestamp tick_at{};         // the gateway's stamp of the tick it answers; none for other causes
  Timestamp decided_at{};
  Timestamp expires_at{};  // oldest_book_at + ttl
  TraceId trace;
  bool operator==(const Signal&) const = default;
};

inline constexpr std::size_t kLegsMax = 15;  // the venue's largest batch of orders
inline constexpr Duration kSignalLifeMax = std::chrono::seconds(60);

}  // namespace polybot::domain
