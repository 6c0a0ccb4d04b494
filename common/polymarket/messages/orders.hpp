// The private REST messages about orders (docs.polymarket.com/api-spec/clob-openapi.yaml): bodies
// out, answers in, and both the other way round for programs that play the venue.
//
// The answer to an order is one of three things and nothing else: accepted, rejected (the order
// does not exist), or ambiguous (the venue may or may not have it; only proof from the venue ends
// that).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/domain/events.hpp"
#include "common/polymarket/messages/account_records.hpp"
#include "common/polymarket/messages/parse_error.hpp"
#include "common/polymarket/signing.hpp"
#include "common/polymarket/venue_wallet.hpp"

namespace polybot::polymarket {

inline constexpr std::size_t kOrderBatchMax = 15;     // POST /orders
inline constexpr std::size_t kCancelBatchMax = 1000;  // DELETE /orders
inline constexpr std::size_t kRefusalTextBytesMax = 256;

// A signed order on its way: the body of POST /order.
struct PostedOrder {
  OrderToSign order;
  OrderSignature signature;
  std::string owner;  // API key
  domain::TimeInForce time_in_force = domain::TimeInForce::Gtc;
  std::int64_t expiration_s = 0;  // GTD only, else 0; not signed
  bool post_only = false;
  bool operator==(const PostedOrder&) const = default;
};

// Who makes our orders, and by whose software: a builder's code is a word that the venue gives out.
struct OrderParty {
  VenueWallet wallet;
  Hash32 builder{};
};
// The signed fields of an order of that party.
[[nodiscard]] OrderToSign order_to_sign(const domain::SignedFields& fields, domain::Side side,
                                        const OrderParty& party);

// The exact bytes to send, which are the bytes to authenticate.
[[nodiscard]] std::string write_order_body(const PostedOrder& order);
[[nodiscard]] std::string write_orders_body(std::span<const PostedOrder> orders);
[[nodiscard]] ParseResult<PostedOrder> parse_order_body(std::string_view text);
[[nodiscard]] ParseResult<std::vector<PostedOrder>> parse_orders_body(std::string_view text);
// Whether a body was refused because an order in it was built for the venue's first protocol. The
// venue has words of its own for that (refusal::kInvalidVersion).
[[nodiscard]] bool is_of_first_protocol(const ParseError& error);

// ------------------------------------------------------------------------------------- answers

// What an HTTP answer to POST /order means for the order sent. Accepted only by the venue's full
// rule (success, no error text, our order id, status live, matched or delayed). Rejected only on a
// 429, on a 401, 403 or 451 whatever its body (they are given before an order is let in), or on a
// known refusal text in a 2xx, 4xx or 503. Ambiguous otherwise, whatever the status code, and also
// for "Duplicated": then an earlier copy may live. `last_byte_at` goes into an ambiguous outcome.
[[nodiscard]] domain::SubmitOutcome read_order_answer(unsigned http_status, std::string_view body,
                                                      const domain::VenueOrderId& order,
                                                      domain::Timestamp last_byte_at);
// The same for POST /orders, in request order. A refusal of the whole batch is each order's
// refusal; a short or unparsable array leaves the rest ambiguous.
[[nodiscard]] std::vector<domain::SubmitAnswered> read_orders_answer(
    unsigned http_status, std::string_view body, std::span<const domain::VenueOrderId> orders,
    domain::Timestamp last_byte_at);

// One element of the answer as a venue writes it.
struct PlacementResponse {
  bool success = true;
  std::string error;
  std::optional<domain::VenueOrderId> id;
  std::string_view status;  // "live", "matched", "delayed", "unmatched"; "" on errors
  std::optional<domain::Money> making_amount;  // what was given; none: nothing matched
  std::optional<domain::Money> taking_amount;
  std::vector<domain::TradeId> trades;
};
void write_placement(const PlacementResponse& response, std::string& out);
// {"error":"..."}; with code and seconds when given (post-only mode after a restart).
[[nodiscard]] std::string write_error(std::string_view text);
[[nodiscard]] std::string write_error(std::string_view text, std::string_view code,
                                      std::uint32_t retry_after_seconds);
// The text of an error body in any of the venue's spellings; empty when it is none.
[[nodiscard]] std::optional<std::string> parse_error_body(std::string_view text);

// ------------------------------------------------------------------------------------- cancels

struct CancelAnswer {
  std::vector<domain::VenueOrderId> canceled;
  std::vector<std::pair<domain::VenueOrderId, std::string>>
      not_canceled;  // with the venue's reason
  bool operator==(const CancelAnswer&) const = default;
};

struct CancelMarketRequest {
  std::optional<domain::MarketId> market;
  std::optional<domain::TokenId> token;
  bool operator==(const CancelMarketRequest&) const = default;
};

[[nodiscard]] std::string write_cancel_body(const domain::VenueOrderId& order);
[[nodiscard]] std::string write_cancels_body(std::span<const domain::VenueOrderId> orders);
[[nodiscard]] ParseResult<domain::VenueOrderId> parse_cancel_body(std::string_view text);
[[nodiscard]] ParseResult<std::vector<domain::VenueOrderId>> parse_cancels_body(
    std::string_view text);
[[nodiscard]] ParseResult<CancelMarketRequest> parse_cancel_market_body(std::string_view text);
// What an answer says of one order of the request; Unknown when it does not name it.
[[nodiscard]] domain::CancelAnswered cancel_result(const CancelAnswer& answer,
                                                   const domain::VenueOrderId& order);
[[nodiscard]] ParseResult<CancelAnswer> parse_cancel_answer(std::string_view text);
[[nodiscard]] std::string write_cancel_answer(const CancelAnswer& answer);

// --------------------------------------------------------------------------------------- pages

inline constexpr std::string_view kFirstCursor = "MA==";
inline constexpr std::string_view kEndCursor = "LTE=";
inline constexpr std::size_t kPageItemsMax = 10'000;

template <class T>
struct Page {
  std::vector<T> items;
  std::string next_cursor;                  // kEndCursor (or empty) on the last page
  std::vector<UnreadableRow> unreadable{};  // left out of `items`; the rest of the page is good
  [[nodiscard]] bool last() const { return next_cursor.empty() || next_cursor == kEndCursor; }
  bool operator==(const Page&) const = default;
};

[[nodiscard]] ParseResult<Page<OrderRecord>> parse_open_orders(std::string_view text);
[[nodiscard]] ParseResult<Page<TradeRecord>> parse_trades(std::string_view text);
[[nodiscard]] std::string write_open_orders(const Page<OrderRecord>& page);
[[nodiscard]] std::string write_trades(const Page<TradeRecord>& page);
[[nodiscard]] std::string write_open_order(const OrderRecord& order);

// -------------------------------------------------------------------------------------- account

// Base units of 1e-6. Allowances are usually "infinite" (2^256 - 1) and saturate.
struct BalanceAllowance {
  std::int64_t balance = 0;
  std::vector<std::pair<Address, std::int64_t>> allowances;  // by spender
  bool operator==(const BalanceAllowance&) const = default;
};
[[nodiscard]] ParseResult<BalanceAllowance> parse_balance_allowance(std::string_view text);
[[nodiscard]] std::string write_balance_allowance(const BalanceAllowance& balance);
// The asset_type under which the balance of a token is asked for: "CONDITIONAL", or
// "CONDITIONAL-V2" for a position of the second protocol. The bits 40 to 103 of a position's number
// are 0 (the venue's ts-sdk, isV2PositionId); the other tokens are hashes.
[[nodiscard]] std::string_view asset_type_of(const domain::TokenId& token);

}  // namespace polybot::polymarket
