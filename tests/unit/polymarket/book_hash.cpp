#include "tests/unit/polymarket/book_hash.hpp"

#include <boost/json/array.hpp>

#include "common/polymarket/digest.hpp"
#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

// Prices and sizes enter the hash as sent, so they are not parsed.
void append_levels(ObjectReader& reader, std::string_view key, std::string& out) {
  const boost::json::array* const levels = reader.array(key);
  if (levels == nullptr) {
    reader.fail(ParseFault::MissingField, key);
    return;
  }
  append_array(*levels, out, [&](const boost::json::value& value, std::string& text) {
    ObjectReader level(value, key);
    ObjectWriter(text).text("price", level.text("price")).text("size", level.text("size")).end();
    if (level.fault()) reader.fail(level.fault()->fault, level.fault()->where);
  });
}

std::string text_or(ObjectReader& reader, std::string_view key, const std::string& fallback) {
  return reader.has(key) ? reader.text(key) : fallback;
}

}  // namespace

ParseResult<BookHashCheck> check_book_hash(std::string_view book_json,
                                           const BookHashDefaults& defaults) {
  const auto value = parse_json(book_json);
  if (!value) return ParseError{ParseFault::InvalidJson, "book"};
  ObjectReader reader(*value, "book");
  std::string hashed;
  ObjectWriter writer(hashed);
  writer.text("market", reader.text("market"))
      .text("asset_id", reader.text("asset_id"))
      .text("timestamp", reader.text("timestamp"))
      .text("hash", "");
  writer.begin("bids");
  append_levels(reader, "bids", hashed);
  writer.begin("asks");
  append_levels(reader, "asks", hashed);
  writer.text("min_order_size", text_or(reader, "min_order_size", defaults.min_order_size))
      .text("tick_size", text_or(reader, "tick_size", defaults.tick_size))
      .flag("neg_risk", reader.has("neg_risk") ? reader.flag("neg_risk") : defaults.neg_risk)
      .text("last_trade_price", text_or(reader, "last_trade_price", defaults.last_trade_price))
      .end();
  return finish(reader, BookHashCheck{reader.text("hash"), sha1_hex(hashed)});
}

}  // namespace polybot::polymarket
