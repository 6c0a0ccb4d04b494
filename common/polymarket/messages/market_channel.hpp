// The venue's public market channel: subscription texts out, frames in, and the same frames out for
// programs that play the venue (docs.polymarket.com/developers/CLOB/websocket/wss-overview).
//
// Events are in token terms exactly as sent; turning them into books in YES terms is the gateway's
// work. A MarketFrame owns the storage its events point into and reuses it: in steady state parsing
// allocates nothing. Key order is free, unknown keys and unknown event types are skipped (the
// latter counted). A message that is malformed is left out and named; only bytes that are not JSON
// fail the frame as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/domain/instrument.hpp"
#include "common/domain/market_data.hpp"
#include "common/polymarket/messages/parse_error.hpp"
#include "common/polymarket/messages/recent_ids.hpp"

namespace polybot::polymarket {

// Text heartbeat, every 10 s and never before the first subscription.
inline constexpr std::string_view kPing = "PING";
inline constexpr std::string_view kPong = "PONG";
inline constexpr std::string_view kInvalidOperation = "INVALID OPERATION";

// The whole book of one token. Levels in any order.
struct BookEvent {
  domain::MarketId market;
  domain::TokenId token;
  domain::Timestamp venue_at{};
  std::span<const domain::Level> bids;
  std::span<const domain::Level> asks;
  std::optional<domain::Price> tick;
  std::optional<domain::Price> last_trade_price;
};

// One level of one token: `quantity` is the new total, 0 removes it. Best prices are the venue's
// own, after the whole message; empty when that side is empty (the venue writes "", "0" or "1").
struct PriceChange {
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;  // Buy = bid side
  domain::Price price;
  domain::Quantity quantity;
  std::optional<domain::Price> best_bid;
  std::optional<domain::Price> best_ask;
  bool has_best = false;  // the message carried best prices at all
  bool operator==(const PriceChange&) const = default;
};

struct PriceChangeEvent {
  domain::MarketId market;
  domain::Timestamp venue_at{};
  std::span<const PriceChange> changes;
};

struct LastTradeEvent {
  domain::MarketId market;
  domain::TokenId token;
  domain::Timestamp venue_at{};
  domain::Side side = domain::Side::Buy;  // the taker's
  domain::Price price;
  domain::Quantity quantity;
  bool operator==(const LastTradeEvent&) const = default;
};

struct TickSizeChangeEvent {
  domain::MarketId market;
  domain::TokenId token;
  domain::Timestamp venue_at{};
  domain::Price old_tick;
  domain::Price new_tick;
  bool operator==(const TickSizeChangeEvent&) const = default;
};

struct BestBidAskEvent {
  domain::MarketId market;
  domain::TokenId token;
  domain::Timestamp venue_at{};
  std::optional<domain::Price> best_bid;
  std::optional<domain::Price> best_ask;
  bool operator==(const BestBidAskEvent&) const = default;
};

// A market was listed; a hint to read its definition by REST.
struct NewMarketEvent {
  domain::MarketId market;
  domain::Timestamp venue_at{};
  std::string slug;
  std::string question;
  std::string event_slug;
  std::vector<domain::TokenId> tokens;  // outcome order; may be empty just after listing
  std::vector<std::string> outcomes;
  std::optional<domain::Price> tick;
  bool operator==(const NewMarketEvent&) const = default;
};

// A market was resolved; a hint to read the payout by REST.
struct MarketResolvedEvent {
  domain::MarketId market;
  domain::Timestamp venue_at{};
  std::vector<domain::TokenId> tokens;
  // None: the message names no winner. It does not mean one half each; only the listing says so.
  std::optional<domain::TokenId> winning_token;
  std::string winning_outcome;
  bool operator==(const MarketResolvedEvent&) const = default;
};

using MarketEvent = std::variant<BookEvent, PriceChangeEvent, LastTradeEvent, TickSizeChangeEvent,
                                 BestBidAskEvent, NewMarketEvent, MarketResolvedEvent>;

enum class FrameKind : std::uint8_t { Events, Pong, InvalidOperation };

// A message that could not be read.
struct UnreadableMessage {
  ParseError error;
  std::optional<domain::MarketId> market;  // when that much could be read
  std::size_t events_before = 0;           // of the frame's events: its place among them
  bool changes_books = true;               // as far as is known: its books miss what it said
  bool operator==(const UnreadableMessage&) const = default;
};

// The result of parsing, reusable. Spans inside `events` point into this object and are valid until
// it is parsed into again or dies.
class MarketFrame {
 public:
  MarketFrame() = default;
  MarketFrame(const MarketFrame&) = delete;
  MarketFrame& operator=(const MarketFrame&) = delete;

  FrameKind kind = FrameKind::Events;
  std::vector<MarketEvent> events;
  std::uint32_t unknown_events = 0;  // event types we do not know, skipped
  std::vector<UnreadableMessage> unreadable;

  // Storage behind the spans; of no interest to readers. A run is a stretch of `levels` (bids, then
  // asks) or of `changes`, one pair per event.
  struct Run {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  std::vector<std::pair<Run, Run>> runs;
  std::vector<domain::Level> levels;
  std::vector<PriceChange> changes;
  RecentIds<domain::parse_decimal256> tokens;
  RecentIds<domain::parse_market32> markets;
};

// No venue message comes near these; they bound what a broken or hostile peer can make us hold.
inline constexpr std::size_t kFrameLevelsMax = 1'000'000;
inline constexpr std::size_t kFrameEventsMax = 10'000;

// Parses one text frame into `frame`, replacing its content. On an error no message of it can be
// read, and `frame` is empty; only `unreadable` holds, for an object or array that is no JSON to
// its end, one message of no known market.
[[nodiscard]] ParseResult<void> parse_market_frame(std::string_view text, MarketFrame& frame);

// The first subscription of a connection. `tokens` at most 200 (a larger number gets no opening
// books).
[[nodiscard]] std::string market_subscribe(std::span<const domain::TokenId> tokens);
// Later changes of the same connection.
[[nodiscard]] std::string market_subscribe_more(std::span<const domain::TokenId> tokens);
[[nodiscard]] std::string market_unsubscribe(std::span<const domain::TokenId> tokens);

// What a client sent on the market channel, for programs that play the venue.
struct MarketSubscription {
  enum class Operation : std::uint8_t { Initial, Subscribe, Unsubscribe };
  Operation operation = Operation::Initial;
  std::vector<domain::TokenId> tokens;
  bool initial_dump = true;
  bool custom_features = false;  // best_bid_ask, new_market and market_resolved are wanted
  bool operator==(const MarketSubscription&) const = default;
};
[[nodiscard]] ParseResult<MarketSubscription> parse_market_subscription(std::string_view text);

// --------------------------------------------------------------------------------------- writers
// Each appends one JSON object in the venue's shape and key order. Levels are written as given: the
// venue sends bids ascending and asks descending (best last).

// What a book message says beyond BookEvent.
struct BookDetails {
  domain::Quantity min_size;
  bool neg_risk = false;
};
// The SHA-1 book hash is computed over the text written.
void write_book(const BookEvent& book, const BookDetails& details, std::string& out);
// The same as REST has it, without a type: clients hash the whole object as they got it.
void write_rest_book(const BookEvent& book, const BookDetails& details, std::string& out);
void write_price_change(const PriceChangeEvent& event, std::string& out);
void write_last_trade(const LastTradeEvent& event, std::string& out);
void write_tick_size_change(const TickSizeChangeEvent& event, std::string& out);
void write_best_bid_ask(const BestBidAskEvent& event, std::string& out);
void write_new_market(const NewMarketEvent& event, std::string& out);
void write_market_resolved(const MarketResolvedEvent& event, std::string& out);

}  // namespace polybot::polymarket
