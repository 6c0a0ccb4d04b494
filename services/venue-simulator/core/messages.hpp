// What enters and leaves the simulated exchange. Inputs are everything from outside that can change
// its state (they are logged and folded again at the start); outputs are what the world may see of
// it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/domain/market_data.hpp"
#include "common/domain/venue.hpp"
#include "services/venue-simulator/core/faults.hpp"
#include "services/venue-simulator/core/settings.hpp"

namespace polybot::venue_simulator {

// Accounts count from 0 in the order of opening; the first ones belong to the house: the simulated
// crowd.
struct AccountId {
  std::uint32_t value = 0;
  constexpr auto operator<=>(const AccountId&) const = default;
};
using AccountAddress = std::array<std::uint8_t, 20>;

// ------------------------------------------------------------------------------------------ inputs

// An order as it was signed, already authenticated; everything else is checked by the exchange.
struct NewOrder {
  domain::VenueOrderId id;
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Price limit;
  domain::Quantity quantity;
  // What an immediate buy spends, however many shares that is; zero = bounded by quantity alone.
  domain::Money cash;
  domain::TimeInForce time_in_force = domain::TimeInForce::Gtc;
  bool post_only = false;
  std::int64_t expiration_s = 0;  // GTD: the venue cancels 60 s before
  std::uint64_t salt = 0;         // kept for the truth report only
};

struct OpenAccount {  // answers nothing when the address has one already
  AccountAddress address{};
  domain::Money deposit;
};
struct SubmitOrders {  // 1..15, each judged alone
  AccountId account;
  std::vector<NewOrder> orders;
};
// Orders that reached the venue but are looked at only at `due` (fault executed-late). Until then
// the venue knows nothing of them. There is no answer.
struct SubmitLater {
  AccountId account;
  std::vector<NewOrder> orders;
  domain::Timestamp due{};
};
struct CancelOrders {
  AccountId account;
  std::vector<domain::VenueOrderId> orders;
};
// Cancels resting orders; a market or a token narrows it.
struct CancelResting {
  AccountId account;
  std::optional<domain::MarketId> market;
  std::optional<domain::TokenId> token;
};
struct AdvanceTime {  // only the time
};
// The process was down since the last input: markets end, resolve and expire at their times, but
// the crowd was asleep.
struct WakeUp {};
struct SetFlow {
  bool running = true;
};
// New rules and a new crowd from now on; the seed stays.
struct Reconfigure {
  EngineSettings engine;
  FlowSettings flow;
};
struct SetFault {
  Fault fault = Fault::Reject;
  FaultSettings settings;
};
struct ClearFault {
  Fault fault = Fault::Reject;
};

// A recording, read and parsed outside. Markets appear with their first note or, in a recording
// without notes, with the first book of their second token.
struct RecordedBook {
  domain::TokenId token;
  std::vector<domain::Level> bids;
  std::vector<domain::Level> asks;
};
struct RecordedChange {
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Price price;
  domain::Quantity quantity;
};
struct RecordedTrade {
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;  // the aggressor's
  domain::Price price;
  domain::Quantity quantity;
};
using RecordedEvent = std::variant<RecordedBook, RecordedChange, RecordedTrade>;
struct ListRecordedMarket {
  domain::Market market;
};
// How a listed market stands in the record from now on: terms, end, result.
struct FollowRecordedMarket {
  domain::Market market;
};
// The frames [first, first + count) of the recording. Logged without the events: a new fold reads
// them from the recording again.
struct PlayFrames {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::vector<RecordedEvent> events;
  template <class Archive>
  void fields(Archive& archive) {
    archive(first, count);
  }
};
// One moment of a live venue that is mirrored; events of both sides of its books are about the YES
// token. Logged whole: nothing else remembers them.
struct PlayMirror {
  std::vector<RecordedEvent> events;
};
// Nobody vouches for the books of these mirrored markets any more; each goes on with its next whole
// book.
struct HaltMirrored {
  std::vector<domain::MarketId> markets;
};

// A sign of life of an account's owner; see dead_man_switch.hpp.
struct Heartbeat {
  AccountId account;
  std::string id;  // the one expected; empty for the first ever
};

// Kept in the log by number (domain/enumeration.hpp).
enum class KeyKind : std::uint8_t { Api = 0, ReadOnly = 1, Builder = 2 };

// One key of an account; see records/key_ring.hpp.
struct KeyName {
  AccountId account;
  KeyKind kind = KeyKind::Api;
  std::uint64_t number = 0;
};
struct CreateKey {
  KeyName key;
};
struct EndKey {
  KeyName key;
};

using BuilderCode = std::array<std::uint8_t, 32>;
// Where an order came from: the API key of which nonce sent it, for which builder (zero: none), out
// of which of the account's wallets (as the API numbers them; 0: the account itself).
struct OrderOrigin {
  domain::VenueOrderId order;
  std::uint64_t key_nonce = 0;
  BuilderCode builder{};
  std::uint8_t wallet = 0;
};
struct NoteOrigins {  // comes before the orders themselves
  std::vector<OrderOrigin> origins;
};
struct DropNotices {
  AccountId account;
  std::vector<std::uint64_t> ids;
};

// A holding of one of an account's wallets (as the API numbers them); see records/chain_copies.hpp.
struct ChainCopy {
  AccountId account;
  std::uint8_t wallet = 0;
  domain::TokenId token;  // all zeros: the cash

  auto operator<=>(const ChainCopy&) const = default;
};
struct ReadChain {
  ChainCopy copy;
};

// The log numbers them in this order: new ones go to the end.
using Input =
    std::variant<AdvanceTime, WakeUp, OpenAccount, SubmitOrders, SubmitLater, CancelOrders,
                 CancelResting, SetFlow, Reconfigure, SetFault, ClearFault, ListRecordedMarket,
                 PlayFrames, Heartbeat, CreateKey, EndKey, NoteOrigins, DropNotices, ReadChain,
                 FollowRecordedMarket, PlayMirror, HaltMirrored>;

// ----------------------------------------------------------------------------------------- outputs

// Market data in YES terms, in the order in which it happened.
struct BookChanged {
  domain::MarketId market;
  std::vector<domain::LevelChange> changes;
  std::optional<domain::Price> best_bid;  // after all changes
  std::optional<domain::Price> best_ask;
  domain::Timestamp at{};
  template <class Archive>
  void fields(Archive& archive) {
    archive(market);
    for (domain::LevelChange& change : changes) archive(change.side, change.price, change.quantity);
    archive(best_bid, best_ask, at);
  }
};
struct TradePrinted {
  domain::MarketId market;
  domain::TokenId token;                  // the taker's
  domain::Side side = domain::Side::Buy;  // the taker's
  domain::Price price;                    // in terms of `token`
  domain::Quantity quantity;
  domain::TradeTick tick;  // the same in YES terms
  AccountId taker;
  template <class Archive>
  void fields(Archive& archive) {
    archive(market, token, side, price, quantity);
  }
};
struct TickSizeChanged {
  domain::MarketId market;
  domain::Price old_tick;
  domain::Price new_tick;
  domain::Timestamp at{};
};
struct MarketListed {
  domain::Market market;
  domain::Timestamp at{};
};
struct MarketClosed {
  domain::MarketId market;
  domain::Timestamp at{};
};
struct MarketResolved {
  domain::MarketId market;
  domain::Payout payout;
  domain::Timestamp at{};
};
using MarketOutput = std::variant<BookChanged, TradePrinted, TickSizeChanged, MarketListed,
                                  MarketClosed, MarketResolved>;

// Kept in the log by number (domain/enumeration.hpp).
enum class OrderEventKind : std::uint8_t { Placement = 0, Update = 1, Cancellation = 2 };

// One line of an account's private channel.
struct OrderOutput {
  AccountId account;
  OrderEventKind kind = OrderEventKind::Placement;
  domain::VenueOrderUpdate update;
  domain::TimeInForce time_in_force = domain::TimeInForce::Gtc;
  std::int64_t expiration_s = 0;
  domain::Timestamp created_at{};
  template <class Archive>
  void fields(Archive& archive) {
    archive(account, kind, update.order, update.token, update.side, update.status, update.price,
            update.original_quantity, update.matched_quantity, update.reason, update.at);
  }
};
struct TradeOutput {
  AccountId account;
  std::uint64_t number = 0;  // of the trade, see MatchingEngine::trade()
  domain::VenueTrade trade;
  template <class Archive>
  void fields(Archive& archive) {
    archive(account, trade.id, trade.status, trade.taker_order, trade.market, trade.token,
            trade.side, trade.quantity, trade.price, trade.we_are_taker, trade.matched_at,
            trade.updated_at);
    for (auto& maker : trade.makers) {
      archive(maker.order, maker.token, maker.side, maker.quantity, maker.price, maker.ours);
    }
  }
};
using AccountOutput = std::variant<OrderOutput, TradeOutput>;

// The answer to one order of a SubmitOrders. It is never ambiguous: only the network makes it so.
struct SubmitAnswer {
  domain::VenueOrderId order;
  std::variant<domain::SubmitAccepted, domain::SubmitRejected> outcome;
  domain::Money making;  // what the order gave and got at once, in the venue's terms
  domain::Money taking;
};

struct HeartbeatAnswer {
  bool valid = false;
  std::string next;  // the id expected from now on
};

struct Outputs {
  std::vector<SubmitAnswer> submits;            // in request order
  std::vector<domain::CancelAnswered> cancels;  // in request order, or by age for CancelResting
  std::vector<MarketOutput> market;
  std::vector<AccountOutput> account;
  std::vector<AccountId> opened;  // of OpenAccount: also when it existed already
  std::vector<HeartbeatAnswer> heartbeats;

  void clear() {
    submits.clear();
    cancels.clear();
    market.clear();
    account.clear();
    opened.clear();
    heartbeats.clear();
  }
};

}  // namespace polybot::venue_simulator
