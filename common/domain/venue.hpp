// What the venue says about our account, in our own terms: the inputs of order-manager's core and
// the outputs of the simulated exchange. common/polymarket turns the venue's JSON into these and
// back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/events.hpp"

namespace polybot::domain {

// The venue's dead man's switch: once an account has sent a heartbeat, the venue cancels everything
// that the account has open when no valid heartbeat came for this long.
inline constexpr Duration kHeartbeatPatience = std::chrono::seconds(10);

// ---- answers to our requests --------------------------------------------------------------------
struct SubmitAccepted {
  enum class State : std::uint8_t { Live, Matched, Delayed, Unmatched };
  State state = State::Live;
  std::vector<TradeId> trades;
};
struct SubmitRejected {
  RejectReason reason = RejectReason::Other;
  std::string text;
};
// The venue may or may not have the order.
struct SubmitAmbiguous {
  AmbiguityCause cause = AmbiguityCause::Timeout;
  Timestamp last_byte_at{};  // the last instant at which a byte of the request could have left us
};
using SubmitOutcome = std::variant<SubmitAccepted, SubmitRejected, SubmitAmbiguous>;

struct SubmitAnswered {
  VenueOrderId order;
  SubmitOutcome outcome;
};

struct CancelAnswered {
  enum class Result : std::uint8_t {
    Canceled,
    NotCanceled,  // there, but held by a taker delay
    NotFound,     // not among the living: it never arrived, or was matched or canceled before
    Unknown,      // no usable answer
  };
  VenueOrderId order;
  Result result = Result::Unknown;
  std::string text;
};

// ---- the user channel, and the same objects from REST -------------------------------------------
// Fixed numbers and words: enumeration.hpp.
enum class VenueOrderStatus : std::uint8_t {
  Live = 0,
  Matched = 1,
  Delayed = 2,
  Unmatched = 3,
  Canceled = 4,
  Invalid = 5,
  Expired = 6
};

// PLACEMENT, UPDATE or CANCELLATION of an order of ours; also one row of the open orders.
struct VenueOrderUpdate {
  VenueOrderId order;
  MarketId market;
  TokenId token;
  Side side = Side::Buy;
  VenueOrderStatus status = VenueOrderStatus::Live;
  Price price;
  Quantity original_quantity;  // 0 when the message left it out
  Quantity matched_quantity;
  std::string reason;  // the suffix of statuses such as CANCELED_...
  Timestamp at{};      // of the message; of the reading for a row
  std::optional<Timestamp> created_at = std::nullopt;  // by the venue's clock, if it tells
};

// Fixed numbers and words: enumeration.hpp.
enum class VenueTradeStatus : std::uint8_t {
  Matched = 0,
  Mined = 1,
  Confirmed = 2,
  Retrying = 3,
  Failed = 4
};

// One match. When we are the taker the top-level fields are ours; as maker ours are among the
// entries.
struct VenueTrade {
  TradeId id;
  VenueTradeStatus status = VenueTradeStatus::Matched;
  VenueOrderId taker_order;
  MarketId market;
  TokenId token;          // the taker's
  Side side = Side::Buy;  // the taker's
  Quantity quantity;      // the taker's total in this match
  Price price;            // the taker's average, as the venue prints it
  bool we_are_taker = false;
  struct MakerEntry {
    VenueOrderId order;
    TokenId token;  // may be the complementary token
    Side side = Side::Buy;
    Quantity quantity;
    Price price;  // in terms of `token`
    bool ours = false;
  };
  std::vector<MakerEntry> makers;
  Timestamp matched_at{};
  Timestamp updated_at{};
};

// ---- account state read by REST -----------------------------------------------------------------
struct VenueAccount {
  std::vector<VenueOrderUpdate> open_orders;  // all pages
  std::vector<VenueTrade> trades;             // all pages since `trades_since`
  Timestamp trades_since{};
  Money collateral;  // the venue's whole balance, before its reservations
  bool collateral_told = true;
  struct Holding {
    TokenId token;
    Quantity quantity;
  };
  std::vector<Holding> holdings;  // every token we asked about, but for those below
  // A row that could not be read: it is there, and its content is unknown.
  struct Unread {
    enum class Kind : std::uint8_t { OpenOrder, Trade };
    Kind kind = Kind::Trade;
    std::string id;                    // as the venue spells it, for people; may be empty
    std::vector<VenueOrderId> orders;  // that it names
    bool names_all = false;            // it concerns no other order than these
    std::optional<Timestamp> matched_at;
  };
  std::vector<Unread> unread;
  std::vector<TokenId> unread_balances;
  bool balances_left = false;  // some tokens have to wait for another reading
  // What the venue says to have paid beside trades: of one kind and day, the whole.
  struct Income {
    IncomeKind kind = IncomeKind::Rebate;
    UtcDate date;
    Money amount;
  };
  std::vector<Income> income;
  Timestamp read_at{};  // when the first request of this reading was sent
};

}  // namespace polybot::domain
