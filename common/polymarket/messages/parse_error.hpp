// Why bytes from the venue were refused. Parsers never throw and never assert on input: they return
// a value or one of these, which names the fault and the place, cheap enough to count and log.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace polybot::polymarket {

enum class ParseFault : std::uint8_t {
  InvalidJson,     // not one complete JSON text, or nested deeper than any venue message
  UnexpectedType,  // a field or the message itself has another JSON type than the protocol says
  MissingField,
  BadNumber,  // not a decimal we can hold exactly, or out of the field's range
  BadId,      // token, market or order id in another notation
  BadTimestamp,
  BadText,       // invalid UTF-8, or longer than the field's bound
  UnknownValue,  // an enumerated field with a value outside the protocol
  TooMany,       // an array beyond its bound
};
[[nodiscard]] std::string_view to_string(ParseFault fault);

struct ParseError {
  ParseFault fault = ParseFault::InvalidJson;
  // The field, or the message when the fault is not in a field. Points to static storage.
  std::string_view where;
  bool operator==(const ParseError&) const = default;
};
// "BadNumber in price"
[[nodiscard]] std::string to_string(const ParseError& error);

template <class T>
using ParseResult = boost::system::result<T, ParseError>;

}  // namespace polybot::polymarket
