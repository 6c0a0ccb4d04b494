// Reading and writing the venue's JSON where speed is no concern: Boost.JSON trees read through
// typed getters that remember the first fault, and a small writer that keeps the venue's key order.
// The writer also serves programs that play the venue; the rest is internal to this library.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/decimal.hpp"
#include "common/domain/signal.hpp"
#include "common/domain/time.hpp"
#include "common/polymarket/messages/parse_error.hpp"
#include "common/polymarket/signing.hpp"

namespace polybot::polymarket {

inline constexpr std::size_t kTextBytesMax = 4096;  // of one field we keep

// Empty when `text` is not one complete JSON text of bounded depth in valid UTF-8.
[[nodiscard]] std::optional<boost::json::value> parse_json(std::string_view text);

// "BUY" / "SELL" in any case.
[[nodiscard]] std::optional<domain::Side> parse_side(std::string_view text);
[[nodiscard]] std::optional<domain::TimeInForce> parse_time_in_force(std::string_view text);
// Seconds or milliseconds since the epoch, told apart by magnitude; refuses what is before March
// 1973.
[[nodiscard]] std::optional<domain::Timestamp> parse_epoch(std::string_view digits);
// "2026-03-12T09:25:00Z", with or without a fraction; "2026-06-08 00:00:16+00" is accepted too.
[[nodiscard]] std::optional<domain::Timestamp> parse_iso_time(std::string_view text);
[[nodiscard]] std::string iso_time(domain::Timestamp at);
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
// A price with any number of decimals, to the nearest 1e-4.
[[nodiscard]] std::optional<domain::Price> parse_price_rounded(std::string_view text);
// Changes A to Z alone, in any locale.
[[nodiscard]] std::string lower_case(std::string_view text);
// Trailing spaces and other white space around a whole frame do not matter.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// Reads fields of one object. A getter that meets a fault notes it (the first one wins) and returns
// a default; the code that builds a message checks fault() once at the end. Keys must be literals,
// because an error names them. null counts as absent everywhere, since the venue mixes the two.
class ObjectReader {
 public:
  // `what` names the message for the error when the value is no object.
  ObjectReader(const boost::json::value& value, std::string_view what);

  [[nodiscard]] const std::optional<ParseError>& fault() const { return fault_; }
  void fail(ParseFault fault, std::string_view where);

  [[nodiscard]] const boost::json::value* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }

  // Optional fields: a default when absent.
  [[nodiscard]] std::string text(std::string_view key);
  [[nodiscard]] bool flag(std::string_view key);
  // Strings or numbers, as the venue sends both; empty strings count as absent.
  [[nodiscard]] std::optional<std::string> scalar(std::string_view key);
  [[nodiscard]] std::optional<domain::Price> price(std::string_view key);
  [[nodiscard]] std::optional<domain::Price> price_rounded(std::string_view key);
  [[nodiscard]] std::optional<domain::Quantity> quantity(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key);
  [[nodiscard]] std::optional<domain::Timestamp> epoch(std::string_view key);
  [[nodiscard]] std::optional<domain::TokenId> token(std::string_view key);
  [[nodiscard]] const boost::json::array* array(std::string_view key);
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);

  template <class Id>
  [[nodiscard]] std::optional<Id> hex_id(std::string_view key) {
    const auto value = scalar(key);
    if (!value) return std::nullopt;
    auto id = domain::parse_hex<Id>(*value);
    if (!id) fail(ParseFault::BadId, key);
    return id;
  }

  // Required fields: absence is a fault.
  template <class T>
  [[nodiscard]] T required(std::optional<T> value, std::string_view key) {
    if (!value) fail(ParseFault::MissingField, key);
    return value ? std::move(*value) : T{};
  }
  [[nodiscard]] domain::Side side(std::string_view key);

 private:
  const boost::json::object* object_ = nullptr;
  std::optional<ParseError> fault_;
};

// A result from a reader: the value unless something was wrong.
template <class T>
[[nodiscard]] ParseResult<T> finish(const ObjectReader& reader, T value) {
  if (reader.fault()) return *reader.fault();
  return value;
}

// Appends one JSON object. Keys are written as given (plain ASCII), values escaped as needed.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_.push_back('{'); }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  ObjectWriter& text(std::string_view key, std::string_view value);
  // `json` is a complete JSON value.
  ObjectWriter& json(std::string_view key, std::string_view json);
  ObjectWriter& flag(std::string_view key, bool value) {
    return json(key, value ? "true" : "false");
  }
  ObjectWriter& number(std::string_view key, std::int64_t value) {
    return json(key, std::to_string(value));
  }
  // Begins a member whose value the caller appends to the same string.
  void begin(std::string_view key);
  void end() { out_.push_back('}'); }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_json_text(std::string_view text, std::string& out);
[[nodiscard]] std::string json_texts(const std::vector<std::string>& texts);

// Appends `items` as an array; write(item, out) appends one element.
template <class Items, class Write>
void append_array(const Items& items, std::string& out, Write&& write) {
  out.push_back('[');
  bool first = true;
  for (const auto& item : items) {
    if (!first) out.push_back(',');
    first = false;
    write(item, out);
  }
  out.push_back(']');
}

}  // namespace polybot::polymarket
