// What has happened: the records of the journal, and what order-manager publishes on
// order.<strategy>. Past tense, self-contained, never modified. Everything order-manager knows is a
// fold over these.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/domain/commands.hpp"
#include "common/domain/order.hpp"

namespace polybot::domain {

// Why we refused (ours; never sent); a metric label. Numbers and words of this enum and of those
// below are fixed: enumeration.hpp.
enum class DenyReason : std::uint8_t {
  None = 0,
  UnknownStrategy = 1,
  UnknownMarket = 2,
  MalformedSignal = 3,
  SignalExpired = 4,
  LeaseFenced = 5,
  StalePosition = 6,
  ClockSkew = 7,
  StrategyDisabled = 8,
  TradingHalted = 9,
  TradingReducing = 10,
  MarketNotAccepting = 11,
  MarketAboutToEnd = 12,
  OffTick = 13,
  QuantityBelowMinimum = 14,
  NotionalBelowMinimum = 15,
  NotionalExceedsMaximum = 16,
  PositionExceedsMaximum = 17,
  EventExposureExceedsMaximum = 18,
  ExposureExceedsMaximum = 19,
  OpenOrdersExceedMaximum = 20,
  OrderRateExceedsMaximum = 21,
  PriceOutsideBand = 22,
  QuoteStale = 23,
  NotSettled = 24,  // sells more than is held, settled and free
  InsufficientBalance = 25,
  WouldSelfTrade = 26,
  LegsUnhedged = 27,
  DailyLossExceeded = 28,
  DrawdownExceeded = 29,
  VenueUnavailable = 30,
  NotReady = 31,
  PairWouldBreak = 32,  // sells half of a pair while only reducing: the other half would be naked
};
inline constexpr std::size_t kDenyReasons = kPlaces<DenyReason>;

// Why the venue refused.
enum class RejectReason : std::uint8_t {
  Other = 0,
  InvalidPayload = 1,
  InvalidSignature = 2,
  Unauthorized = 3,
  TickSize = 4,
  BelowMinimum = 5,
  Duplicated = 6,
  Crosses = 7,  // post-only
  Balance = 8,
  Expiration = 9,
  MarketNotReady = 10,
  NotFilled = 11,  // FOK not fillable, FAK without a match
  Amounts = 12,
  RateLimited = 13,
  TradingDisabled = 14,
  PostOnlyMode = 15,
  NotFoundAtVenue = 16,  // an ambiguous order that left no trace
  Forbidden = 17,        // of this region or address, by the venue or by what stands before it
  ClosedOnly = 18,       // the account may only sell what it holds
  CancelOnly = 19,       // the venue takes cancels alone
};
inline constexpr std::size_t kRejectTextBytesMax = 256;

enum class AmbiguityCause : std::uint8_t {
  Timeout = 0,
  ConnectionLost = 1,
  ServerError = 2,
  Unparsable = 3,
  Restarted = 4
};

enum class CancelReason : std::uint8_t {
  Venue = 0,      // by the venue, or FAK remainder
  Requested = 1,  // quoter or strategy
  Operator = 2,
  TradingState = 3,  // entering Halted or Reducing
  LeaseLost = 4,
  QuoteStale = 5,
  MarketClosed = 6,
  Shutdown = 7,
  Resurrected = 8,  // sign of life after a written-off ambiguous order
  Ambiguous = 9,    // it may or may not exist: deleted by id until that is known
  Restored = 10,    // of a lost history: no strategy watches it any more
};

enum class FillStatus : std::uint8_t { Matched = 0, Mined = 1, Confirmed = 2 };

// Why a trading state is what it is; a metric label.
enum class StateReason : std::uint8_t {
  Requested = 0,  // an operator halted, reduced or resumed
  Flatten = 1,    // an operator asked to flatten, which only reduces
  DailyLossExceeded = 2,
  DrawdownExceeded = 3,
  FirstStart = 4,  // trading.first_state of a new journal, or of a start with real money
  Restored = 5,    // a backup was restored, so what was halted since is unknown
};
inline constexpr std::size_t kStateReasons = kPlaces<StateReason>;
// "operator", "risk_limit", "configuration" or "restore".
[[nodiscard]] std::string_view state_origin_name(StateReason reason);
// What an order that opens is denied with while trading is reducing for this reason.
[[nodiscard]] DenyReason deny_reason_of(StateReason reason);

// A strategy's holding in one market after an event.
struct PositionState {
  MarketId market;
  Quantity yes;
  Quantity no;
  Money yes_cost;  // total cost of what is held, never an average
  Money no_cost;
  Money realized;  // lifetime, this market, net of fees
  bool operator==(const PositionState&) const = default;
};

// ---- orders ----------------------------------------------------------------------------------
struct SignalAccepted {
  SignalId signal;
  SignalAction action = SignalAction::Buy;
  bool operator==(const SignalAccepted&) const = default;
};
// A signal as a whole was refused; `orders` of its legs or quotes count as denied.
struct SignalDenied {
  SignalId signal;
  DenyReason reason = DenyReason::None;
  std::uint32_t buys = 0;
  std::uint32_t sells = 0;
  bool operator==(const SignalDenied&) const = default;
};
struct OrderDenied {
  ClientOrderId order;
  Instrument instrument;
  Side side = Side::Buy;
  DenyReason reason = DenyReason::None;
  bool operator==(const OrderDenied&) const = default;
};
struct OrderSubmitted {
  Order order;
  bool operator==(const OrderSubmitted&) const = default;
};
struct OrderAmbiguous {
  ClientOrderId order;
  AmbiguityCause cause = AmbiguityCause::Timeout;
  Timestamp last_byte_at{};  // the hold-off counts from here
  bool operator==(const OrderAmbiguous&) const = default;
};
struct OrderAccepted {
  ClientOrderId order;
  bool operator==(const OrderAccepted&) const = default;
};
struct OrderRejected {
  ClientOrderId order;
  RejectReason reason = RejectReason::Other;
  std::string text;  // the venue's own words, at most 256 bytes
  bool operator==(const OrderRejected&) const = default;
};
struct OrderFilled {
  FillId fill;
  Instrument instrument;
  Side side = Side::Buy;
  Quantity quantity;
  Money cash;  // exact, summed over maker entries; price is derived
  Money fee;
  LiquiditySide liquidity = LiquiditySide::Taker;
  FillStatus status = FillStatus::Matched;
  Timestamp matched_at{};
  bool operator==(const OrderFilled&) const = default;
};
struct FillAdvanced {  // Matched -> Mined -> Confirmed
  FillId fill;
  FillStatus status = FillStatus::Mined;
  bool operator==(const FillAdvanced&) const = default;
};
// The trade FAILED: the fill has never been. This is also recorded for a fill that was never
// booked, so that a late message of the failed trade cannot book it any more.
struct FillReversed {
  FillId fill;
  bool operator==(const FillReversed&) const = default;
};
struct CancelRequested {
  ClientOrderId order;
  CancelReason reason = CancelReason::Requested;
  bool operator==(const CancelRequested&) const = default;
};
struct OrderCanceled {
  ClientOrderId order;
  CancelReason reason = CancelReason::Venue;
  bool operator==(const OrderCanceled&) const = default;
};
struct OrderCancelRejected {
  ClientOrderId order;
  std::string text;
  bool operator==(const OrderCancelRejected&) const = default;
};
struct OrderExpired {
  ClientOrderId order;
  bool operator==(const OrderExpired&) const = default;
};
// The venue names an order that had been written off as NotFoundAtVenue.
struct OrderResurrected {
  ClientOrderId order;
  bool operator==(const OrderResurrected&) const = default;
};

// ---- legs ------------------------------------------------------------------------------------
// All legs of a signal are terminal and their filled quantities differ; the strategy completes or
// unwinds, and may open nothing in the event until LegsLevelled.
struct LegsImbalanced {
  SignalId signal;
  EventGroupId event;
  struct Filled {
    Instrument instrument;
    Quantity quantity;
    bool operator==(const Filled&) const = default;
  };
  std::vector<Filled> legs;
  bool operator==(const LegsImbalanced&) const = default;
};
struct LegsLevelled {
  SignalId signal;
  EventGroupId event;
  bool operator==(const LegsLevelled&) const = default;
};

// ---- markets, money, marks -------------------------------------------------------------------
struct MarketRecorded {  // the venue's own record, read before the first order of a market
  Market market;
  bool operator==(const MarketRecorded&) const = default;
};
struct MarketResolved {  // confirmed by REST; holdings become a claim
  MarketId market;
  Payout payout;
  bool operator==(const MarketResolved&) const = default;
};
struct ClaimPaid {  // the venue's balance shows the payout
  MarketId market;
  Money cash;
  bool operator==(const ClaimPaid&) const = default;
};
struct CashMoved {  // a deposit or withdrawal the venue's balance shows and no order explains
  Money amount;
  Money balance;
  bool operator==(const CashMoved&) const = default;
};
struct MarksTaken {
  struct Mark {
    MarketId market;
    Price yes;
    bool operator==(const Mark&) const = default;
  };
  std::vector<Mark> marks;
  bool operator==(const MarksTaken&) const = default;
};
struct DayOpened {
  UtcDate date;
  std::map<StrategyName, Money> equity;
  bool operator==(const DayOpened&) const = default;
};
struct DriftMeasured {
  Money cash;       // venue - book
  Money positions;  // sum over tokens of abs(venue - book), at mark
  // Compared for the first time by this journal: what the account held of them before is booked by
  // now (HoldingOpened), and what it holds too much from here on is drift.
  std::vector<Instrument> first_compared = {};
  // What two comparisons in a row have found missing of the cash; nothing below the venue's
  // rounding. It counts as a loss until somebody explains it.
  Money missing = {};
  bool operator==(const DriftMeasured&) const = default;
};
// Every trade of the account that was matched before this time is booked; recorded from time to
// time.
struct AccountReconciled {
  Timestamp until{};  // by the venue's clock
  bool operator==(const AccountReconciled&) const = default;
};

// ---- control ---------------------------------------------------------------------------------
struct JournalOpened {
  std::uint64_t journal_id = 0;  // random, made at creation
  std::uint32_t fold_version = 1;
  Money deposit;  // the account's free collateral when the journal began
  bool operator==(const JournalOpened&) const = default;
};
// An account at the venue, by its public data.
struct AccountId {
  std::string address;  // whose money it is: "0x" + 40 hex digits
  std::uint64_t chain_id = 0;
  std::uint8_t signature_type = 0;  // the venue's number for how its orders are signed
  std::string owner{};  // address of the key; empty when that is the account itself (type 0)
  bool operator==(const AccountId&) const = default;
};
inline constexpr std::size_t kAddressBytesMax = 42;
// "0x… (chain 137)"; of a wallet "0x… (chain 137, signature type 3, key of 0x…)".
[[nodiscard]] std::string to_string(const AccountId& account);
// Whose orders meet ours. A journal belongs to one of them, as it belongs to one account.
enum class TradingMode : std::uint8_t {
  Sim = 0,    // a simulated crowd's
  Paper = 1,  // real ones, mirrored by a simulated venue: no money
  Live = 2,   // real ones, with real money
};
struct ManagerStarted {
  std::uint32_t start = 0;                // durable start number, from 1
  std::optional<AccountId> account = {};  // that it trades; older records have none
  TradingMode mode = TradingMode::Sim;    // older records have none, and were of sim
  bool operator==(const ManagerStarted&) const = default;
};
struct TradingStateChanged {
  std::optional<StrategyName> strategy;  // none = the account
  TradingState state = TradingState::Active;
  StateReason reason = StateReason::Requested;
  std::string stated_reason{};  // what the operator said; as in SetTradingState
  Timestamp
      acknowledged_until{};  // the epoch: not acknowledged; trading does not resume at its end
  bool operator==(const TradingStateChanged&) const = default;
};
struct StrategySwitched {
  StrategyName strategy;
  bool enabled = false;
  bool operator==(const StrategySwitched&) const = default;
};
// Who may trade which shards of a strategy from here on; renewals are not recorded.
struct LeaseGranted {
  StrategyName strategy;
  ReplicaName replica;
  std::uint64_t incarnation = 0;
  LeaseEpoch epoch;
  std::uint64_t shards = 0;  // bit n = shard n
  bool operator==(const LeaseGranted&) const = default;
};
// Everything held in the scope is being sold. The flatten ends when nothing sellable is left or the
// same scope is resumed.
struct FlattenBegun {
  CommandId command;                     // names the orders it creates
  std::optional<StrategyName> strategy;  // none = the account
  bool operator==(const FlattenBegun&) const = default;
};
// Why something is still held when a flatten has ended.
enum class LeftReason : std::uint8_t {
  BelowMinimum = 0,  // worth less than the venue lets anyone sell
  MarketOver = 1,    // the market takes no orders any more: its result pays
  NotHeld = 2,       // the book has it, the account does not: sold outside of this program
  Resumed = 3,       // its scope was resumed before it was sold
  Restored = 4,      // a backup was restored in which it was under way, and not afterwards
  Paired = 5,        // as many are held of the other outcome: together they pay 1 in any case
};
struct FlattenEnded {
  CommandId command;
  struct Left {
    StrategyName strategy;
    Instrument instrument;
    Quantity quantity;
    LeftReason reason = LeftReason::BelowMinimum;
    bool operator==(const Left&) const = default;
  };
  std::vector<Left> left{};  // at most kLeftMax
  bool operator==(const FlattenEnded&) const = default;
};
inline constexpr std::size_t kLeftMax = 500;
struct CommandAccepted {
  CommandId command;
  std::string issuer{};  // as Command::issuer; empty in an answer that is repeated
  bool operator==(const CommandAccepted&) const = default;
};
struct CommandDenied {
  CommandId command;
  CommandDenyReason reason = CommandDenyReason::None;
  std::string issuer{};
  bool operator==(const CommandDenied&) const = default;
};
// The journal goes on from a backup: no record says what happened between the backup's last record
// and this one. The record's own number, and its count of starts, lie above any that the lost
// journal can have used, so that a number of the lost history is never taken for a new one.
struct JournalRestored {
  std::uint64_t timeline = 0;    // random: names the history from here on
  std::uint64_t backup_seq = 0;  // the backup's last record: the one before this
  Timestamp backup_at{};         // when that was recorded
  std::uint64_t lost_seq = 0;    // last record of the journal that was set aside; 0 = unknown
  std::uint32_t start = 0;       // starts are counted on from here
  bool operator==(const JournalRestored&) const = default;
};

// Shares that the account had before the book looked at their market: like the first balance they
// are what the journal begins with, not a result. They are nobody's of ours (`external`).
struct HoldingOpened {
  Instrument instrument;
  Quantity quantity;
  Money value;  // at mark; what they count as having cost
  bool operator==(const HoldingOpened&) const = default;
};

// Fixed numbers and words: enumeration.hpp.
enum class IncomeKind : std::uint8_t { Rebate = 0, Reward = 1 };

// What the venue has paid for a day beside trades: rebates of the fees that others paid for taking
// our quotes, and rewards for quoting. It is a result, and no strategy's (`external`).
struct IncomeBooked {
  IncomeKind kind = IncomeKind::Rebate;
  UtcDate date;
  Money amount;  // > 0; beyond what was booked of that day before
  bool operator==(const IncomeBooked&) const = default;
};

using EventBody =
    std::variant<SignalAccepted, SignalDenied, OrderDenied, OrderSubmitted, OrderAmbiguous,
                 OrderAccepted, OrderRejected, OrderFilled, FillAdvanced, FillReversed,
                 CancelRequested, OrderCanceled, OrderCancelRejected, OrderExpired,
                 OrderResurrected, LegsImbalanced, LegsLevelled, MarketRecorded, MarketResolved,
                 ClaimPaid, CashMoved, MarksTaken, DayOpened, DriftMeasured, JournalOpened,
                 ManagerStarted, TradingStateChanged, StrategySwitched, LeaseGranted,
                 CommandAccepted, CommandDenied, FlattenBegun, FlattenEnded, AccountReconciled,
                 JournalRestored, HoldingOpened, IncomeBooked>;
inline constexpr std::size_t kEventKinds = std::variant_size_v<EventBody>;
// "order_filled", ...: the kind of a record in the journal, and a metric label. By index(), which
// snapshots of the fold count in: kinds are added at the end.
[[nodiscard]] inline std::string_view event_kind_name(std::size_t kind) {
  return kKindNames<EventBody>.at(kind);
}

// The order that the event is about; empty when it does not concern one.
[[nodiscard]] std::optional<ClientOrderId> order_of(const EventBody& body);

// One journal record. Records of one strategy's orders carry its name; account-wide ones an empty
// one.
struct Event {
  std::uint64_t seq = 0;  // journal number, from 1; 0 = not journaled yet
  Timestamp at{};
  StrategyName strategy;
  TraceId trace;
  EventBody body;
  bool operator==(const Event&) const = default;
};

// Whether a record may follow the one numbered `last`: without a gap, but for a restored backup.
[[nodiscard]] bool follows(const Event& event, std::uint64_t last);

// A message of order.<strategy> (order.all for account-wide records).
struct StreamedEvent {
  Event event;
  // seq of the previous message of the same topic; 0 = first. The event's own seq: it is told
  // again, out of order.
  std::uint64_t prev = 0;
  std::optional<PositionState> position;  // the state after it, when it changed a position
  std::optional<OrderStatus> status;      // the order's status after it, when it concerns one order
  bool operator==(const StreamedEvent&) const = default;
};

}  // namespace polybot::domain
