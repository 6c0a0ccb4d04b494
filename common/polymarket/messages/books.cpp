// Order book summaries and scalar answers of catalogue.hpp.
#include <boost/json/array.hpp>

#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

std::vector<domain::Level> read_levels(ObjectReader& reader, std::string_view key) {
  std::vector<domain::Level> levels;
  const boost::json::array* const rows = reader.array(key);
  if (rows == nullptr) {
    reader.fail(ParseFault::MissingField, key);
    return levels;
  }
  if (rows->size() > kFrameLevelsMax) reader.fail(ParseFault::TooMany, key);
  for (const boost::json::value& row : *rows) {
    ObjectReader level(row, key);
    levels.push_back({level.required(level.price("price"), "price"),
                      level.required(level.quantity("size"), "size")});
    if (!levels.back().price.is_positive() || levels.back().price == domain::kPriceOne) {
      level.fail(ParseFault::BadNumber, "price");
    }
    if (level.fault()) reader.fail(level.fault()->fault, level.fault()->where);
  }
  return levels;
}

BookSummary read_book(ObjectReader& reader) {
  BookSummary book;
  book.market = reader.required(reader.hex_id<domain::MarketId>("market"), "market");
  book.token = reader.required(reader.token("asset_id"), "asset_id");
  book.venue_at = reader.required(reader.epoch("timestamp"), "timestamp");
  book.bids = read_levels(reader, "bids");
  book.asks = read_levels(reader, "asks");
  book.min_size = reader.required(reader.quantity("min_order_size"), "min_order_size");
  book.tick = reader.required(reader.price("tick_size"), "tick_size");
  if (!book.tick.is_positive() || book.tick >= domain::kPriceOne)
    reader.fail(ParseFault::BadNumber, "tick_size");
  book.neg_risk = reader.flag("neg_risk");
  book.last_trade_price = reader.price("last_trade_price");
  return book;
}

// The rows of a request about several tokens; one bad row refuses it.
template <class Row, class Read>
ParseResult<std::vector<Row>> parse_rows(std::string_view text, Read read) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "books request"};
  const boost::json::array* const rows = value->if_array();
  if (rows == nullptr) return ParseError{ParseFault::UnexpectedType, "books request"};
  if (rows->size() > kBooksRequestMax) return ParseError{ParseFault::TooMany, "books request"};
  std::vector<Row> read_rows;
  for (const boost::json::value& row : *rows) {
    ObjectReader reader(row, "books request");
    read_rows.push_back(read(reader));
    if (reader.fault()) return *reader.fault();
  }
  return read_rows;
}

}  // namespace

ParseResult<BooksPage> parse_books(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "books"};
  const boost::json::array* const rows = value->if_array();
  if (rows == nullptr) return ParseError{ParseFault::UnexpectedType, "books"};
  if (rows->size() > kBooksRequestMax) return ParseError{ParseFault::TooMany, "books"};
  BooksPage page;
  for (const boost::json::value& row : *rows) {
    ObjectReader reader(row, "book");
    BookSummary book = read_book(reader);
    if (reader.fault()) {
      page.skipped.push_back(*reader.fault());
    } else {
      page.books.push_back(std::move(book));
    }
  }
  return page;
}

void write_book_summary(const BookSummary& book, std::string& out) {
  write_rest_book({.market = book.market,
                   .token = book.token,
                   .venue_at = book.venue_at,
                   .bids = book.bids,
                   .asks = book.asks,
                   .tick = book.tick,
                   .last_trade_price = book.last_trade_price},
                  {.min_size = book.min_size, .neg_risk = book.neg_risk}, out);
}

std::string write_books_request(std::span<const domain::TokenId> tokens) {
  std::string out;
  append_array(tokens, out, [](const domain::TokenId& token, std::string& text) {
    ObjectWriter(text).text("token_id", to_string(token)).end();
  });
  return out;
}

ParseResult<std::vector<domain::TokenId>> parse_books_request(std::string_view text) {
  return parse_rows<domain::TokenId>(text, [](ObjectReader& reader) {
    return reader.required(reader.token("token_id"), "token_id");
  });
}

ParseResult<std::vector<PriceRequest>> parse_prices_request(std::string_view text) {
  return parse_rows<PriceRequest>(text, [](ObjectReader& reader) {
    PriceRequest request;
    request.token = reader.required(reader.token("token_id"), "token_id");
    if (!reader.fault()) request.side = reader.side("side");
    return request;
  });
}

ParseResult<std::int64_t> parse_time(std::string_view text) {
  const auto seconds = parse_integer(trimmed(text));
  if (!seconds || *seconds < 0) return ParseError{ParseFault::BadTimestamp, "time"};
  return *seconds;
}

ParseResult<std::int64_t> parse_version(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "version"};
  ObjectReader reader(*json, "version");
  const auto version = reader.required(reader.integer("version"), "version");
  return finish(reader, version);
}

std::string write_version(std::int64_t version) {
  std::string out;
  ObjectWriter(out).number("version", version).end();
  return out;
}

std::string write_tick_size(domain::Price tick) {
  std::string out;
  ObjectWriter(out).json("minimum_tick_size", tick.to_string()).end();
  return out;
}

std::string write_neg_risk(bool neg_risk) {
  std::string out;
  ObjectWriter(out).flag("neg_risk", neg_risk).end();
  return out;
}

// Half a unit of the price's last decimal is not lost: quantities have two decimals more.
std::string midpoint_text(domain::Price bid, domain::Price ask) {
  constexpr std::int64_t kUnits = domain::Quantity::kScale / domain::Price::kScale;
  static_assert(kUnits % 2 == 0);
  return domain::Quantity::from_raw((bid.raw() + ask.raw()) * (kUnits / 2)).to_string();
}

}  // namespace polybot::polymarket
