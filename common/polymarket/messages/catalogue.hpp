// The venue's public REST messages about markets and books: Gamma market pages, the compact CLOB
// market record, order book summaries and the small scalar answers.
// Sources: docs.polymarket.com/api-spec/clob-openapi.yaml, gamma-api.polymarket.com/schemas.
//
// Gamma describes and lists; the CLOB record is the truth for trading rules. Prices in Gamma are
// cached and wrong too often to be used.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/market_data.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

// Which token ids and which exchange a market trades with. Chosen by the market's `version` field
// and never by which id fields are present.
enum class ProtocolVersion : std::uint8_t { V1, V2 };

[[nodiscard]] constexpr domain::ExchangeVersion exchange_of(ProtocolVersion version,
                                                            bool neg_risk) {
  if (version == ProtocolVersion::V2) return domain::ExchangeVersion::V3;
  return neg_risk ? domain::ExchangeVersion::V2NegRisk : domain::ExchangeVersion::V2;
}

// Why a listed market cannot be traded now.
enum class Tradability : std::uint8_t {
  Tradable,
  Inactive,  // not active yet, or archived
  Closed,
  NoOrderBook,
  NotAccepting,
  ResolutionProposed,  // its book is gone though it is not closed yet
  Placeholder,         // the "other" outcome of a neg-risk event
};
[[nodiscard]] std::string_view to_string(Tradability tradability);

// One market as Gamma lists it. Outcome 0 is YES in our terms whatever its label.
struct GammaMarket {
  std::string gamma_id;
  domain::MarketId id;
  ProtocolVersion version = ProtocolVersion::V1;
  std::string slug;
  std::string question;
  std::string group_item_title;
  std::array<std::string, 2> outcomes{"Yes", "No"};
  std::array<domain::TokenId, 2> tokens;                       // zero: not listed at the CLOB yet
  std::optional<std::array<domain::Price, 2>> outcome_prices;  // the payout once resolved
  bool active = false;
  bool closed = false;
  bool archived = false;
  bool accepting_orders = false;
  bool enable_order_book = false;
  std::string resolution_status;  // umaResolutionStatus, or resolutionStatus of protocol V2
  domain::Price tick = domain::Price::from_raw(100);
  domain::Quantity min_size = domain::Quantity::from_units(5);
  bool neg_risk = false;
  bool neg_risk_other = false;
  bool neg_risk_augmented = false;
  std::optional<domain::EventGroupId> neg_risk_market;
  std::string event_slug;
  std::string event_title;
  domain::FeeSchedule fee;
  std::int32_t seconds_delay = 0;
  std::optional<domain::Timestamp> end_at;
  // What a market may be chosen by. No order depends on it, so an unreadable figure is no fault of
  // the market: it is absent, and `unreadable_fact` names the first such field.
  std::optional<domain::Money> volume_24h;
  std::optional<domain::Money> liquidity;
  std::string category;           // the market's own, else its event's
  std::vector<std::string> tags;  // their slugs; only when asked for with include_tag=true
  std::string_view unreadable_fact;
  bool operator==(const GammaMarket&) const = default;
};

[[nodiscard]] Tradability tradability(const GammaMarket& market);
// The final payout when the market is resolved and its outcome prices are one of the three the
// venue pays; empty otherwise.
[[nodiscard]] std::optional<domain::Payout> payout(const GammaMarket& market);
// What a closed market would pay by its prices, whatever its resolution status says; some markets
// never get a status. It is no proof: open markets have such prices too, and one legacy market paid
// nobody. It is the result when another source says the same (confirms(), or a market_resolved
// event).
[[nodiscard]] std::optional<domain::Payout> claimed_payout(const GammaMarket& market);
// The market in our terms. event_market_count stays 1: only a complete listing tells it, so the
// code that has crawled all pages sets it. `taker_delay` is Gamma's secondsDelay > 0; the CLOB
// record knows more.
[[nodiscard]] domain::Market to_market(const GammaMarket& market);
// The neg-risk market id, else the Keccak-256 of the event slug (of the market slug when it has
// none).
[[nodiscard]] domain::EventGroupId event_group_of(const GammaMarket& market);

// A market that could not be read as a whole: a rule by which it trades is unknown. It exists all
// the same, and its row may still say how it stands. Its event, if known, must not be taken as
// complete.
struct SkippedMarket {
  ParseError error;
  std::optional<domain::EventGroupId> neg_risk_market;
  std::optional<domain::MarketId> id;
  std::string slug;  // for people; may be empty
  // Id, tokens, prices, and whether it is open, closed or resolved: all these could be read. The
  // rest must not be used.
  std::optional<GammaMarket> state;
};

struct GammaPage {
  std::vector<GammaMarket> markets;
  std::string next_cursor;             // empty on the last page
  std::vector<SkippedMarket> skipped;  // left out of `markets`; the rest of the page is good
};
[[nodiscard]] ParseResult<GammaPage> parse_gamma_page(std::string_view text);
void write_gamma_market(const GammaMarket& market, std::string& out);
[[nodiscard]] std::string write_gamma_page(std::span<const GammaMarket> markets,
                                           std::string_view next_cursor);

// GET /clob-markets/{condition id}: the one answer with all trading rules of a market.
struct ClobMarket {
  domain::MarketId id;
  std::array<domain::TokenId, 2> tokens;
  std::array<std::string, 2> outcomes;
  domain::Price tick;
  domain::Quantity min_size;
  bool neg_risk = false;
  domain::FeeSchedule fee;  // zero rate: free
  bool accepting_orders = false;
  std::int32_t seconds_delay = 0;
  bool taker_delay = false;  // marketable orders are held before they match
  ProtocolVersion version = ProtocolVersion::V1;
  bool operator==(const ClobMarket&) const = default;
};
[[nodiscard]] ParseResult<ClobMarket> parse_clob_market(std::string_view text);
[[nodiscard]] std::string write_clob_market(const ClobMarket& market);

// GET /markets/{condition id}: the CLOB's long record, of which only the result is wanted.
struct ClobResult {
  domain::MarketId id;
  bool closed = false;
  std::array<domain::TokenId, 2> tokens;
  std::optional<domain::TokenId> winner;  // none: not decided, or one half each
  bool operator==(const ClobResult&) const = default;
};
[[nodiscard]] ParseResult<ClobResult> parse_clob_result(std::string_view text);
[[nodiscard]] std::string write_clob_result(const ClobResult& result);
// Whether the CLOB says of a closed market what `claimed` does. It cannot say one half each: where
// the listing has no status either, such a result is never confirmed.
[[nodiscard]] bool confirms(const ClobResult& result, const GammaMarket& market,
                            const domain::Payout& claimed);

// The first field in which a listed market and the CLOB record contradict each other (tokens,
// neg-risk, version): such a market is not traded. Empty when they agree.
[[nodiscard]] std::string_view contradiction(const domain::Market& listed,
                                             const ClobMarket& record);
// Takes tick, minimum size, fee, delay and acceptance from the CLOB record.
[[nodiscard]] domain::Market with_record(domain::Market listed, const ClobMarket& record);

// GET /book, POST /books.
struct BookSummary {
  domain::MarketId market;
  domain::TokenId token;
  domain::Timestamp venue_at{};
  std::vector<domain::Level> bids;
  std::vector<domain::Level> asks;
  domain::Quantity min_size;
  domain::Price tick;
  bool neg_risk = false;
  std::optional<domain::Price> last_trade_price;
  bool operator==(const BookSummary&) const = default;
};
inline constexpr std::size_t kBooksRequestMax = 500;  // POST /books
// Not in request order; unknown tokens are missing.
struct BooksPage {
  std::vector<BookSummary> books;
  std::vector<ParseError> skipped;  // left out of `books`, as if their tokens were unknown
};
[[nodiscard]] ParseResult<BooksPage> parse_books(std::string_view text);
void write_book_summary(const BookSummary& book, std::string& out);
[[nodiscard]] std::string write_books_request(std::span<const domain::TokenId> tokens);
[[nodiscard]] ParseResult<std::vector<domain::TokenId>> parse_books_request(std::string_view text);
// POST /prices: tokens with the side of the book that is asked for.
struct PriceRequest {
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  bool operator==(const PriceRequest&) const = default;
};
[[nodiscard]] ParseResult<std::vector<PriceRequest>> parse_prices_request(std::string_view text);

// ------------------------------------------------------------------------------ scalar answers
[[nodiscard]] ParseResult<std::int64_t> parse_time(std::string_view text);  // Unix seconds
// GET /version: the protocol of orders. This one is the version of the exchanges' EIP-712 domains.
inline constexpr std::int64_t kProtocolVersion = 2;
[[nodiscard]] ParseResult<std::int64_t> parse_version(std::string_view text);
[[nodiscard]] std::string write_version(std::int64_t version);
[[nodiscard]] std::string write_tick_size(domain::Price tick);
[[nodiscard]] std::string write_neg_risk(bool neg_risk);
// As GET /midpoint and POST /midpoints write it: exact, so it may have a decimal more than a price.
[[nodiscard]] std::string midpoint_text(domain::Price bid, domain::Price ask);

}  // namespace polybot::polymarket
