// What an operator asks for through the gateway. Every command ends in a journaled CommandAccepted
// or CommandDenied; a repeat with the same id gets the same answer and has no second effect.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "common/domain/enumeration.hpp"
#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"

namespace polybot::domain {

// First 16 bytes of a hash over the caller's Idempotency-Key and the request it belongs to.
struct CommandId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  constexpr auto operator<=>(const CommandId&) const = default;
};

// Fixed numbers and words: enumeration.hpp.
enum class TradingState : std::uint8_t { Active = 0, Reducing = 1, Halted = 2 };
inline constexpr std::size_t kTradingStates = kPlaces<TradingState>;

inline constexpr std::size_t kStatedReasonBytesMax = 200;

struct StartStrategy {
  StrategyName strategy;
  bool operator==(const StartStrategy&) const = default;
};
struct StopStrategy {
  StrategyName strategy;
  bool operator==(const StopStrategy&) const = default;
};
// Without a strategy the command is for the whole account.
struct SetTradingState {
  std::optional<StrategyName> strategy;
  TradingState state = TradingState::Active;
  std::string stated_reason{};  // the operator's words, UTF-8, at most kStatedReasonBytesMax
  Timestamp
      acknowledged_until{};  // of a halt or a reduction: who watches knows; epoch: nobody does
  bool operator==(const SetTradingState&) const = default;
};
struct CancelOrder {
  ClientOrderId order;
  bool operator==(const CancelOrder&) const = default;
};
struct CancelAllOrders {
  std::optional<StrategyName> strategy;
  std::optional<MarketId> market;
  bool operator==(const CancelAllOrders&) const = default;
};
// Sells what is held, at market, in slices the book can take; enters Reducing first.
struct FlattenPositions {
  std::optional<StrategyName> strategy;
  bool operator==(const FlattenPositions&) const = default;
};

using CommandBody = std::variant<StartStrategy, StopStrategy, SetTradingState, CancelOrder,
                                 CancelAllOrders, FlattenPositions>;

struct Command {
  CommandId id;
  CommandBody body;
  Timestamp issued_at{};
  Timestamp expires_at{};
  TraceId trace;
  std::string
      issuer{};  // the name of the API token it came with; empty: from before there were any
  bool operator==(const Command&) const = default;
};

// Fixed numbers and words: enumeration.hpp.
enum class CommandDenyReason : std::uint8_t {
  None = 0,
  UnknownStrategy = 1,
  UnknownOrder = 2,
  OrderAlreadyTerminal = 3,
  UnknownMarket = 4,
  Expired = 5,
  JournalUnavailable = 6,
  TradingHalted = 7,  // a flatten: it would send nothing
};

}  // namespace polybot::domain

template <>
struct std::hash<polybot::domain::CommandId> {
  std::size_t operator()(const polybot::domain::CommandId& id) const noexcept {
    return static_cast<std::size_t>(id.high ^ (id.low * 0x9E3779B97F4A7C15ULL));
  }
};
