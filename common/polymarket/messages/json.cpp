#include "common/polymarket/messages/json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "common/domain/bounds.hpp"

namespace polybot::polymarket {
namespace {

constexpr std::size_t kDepthMax = 32;

std::string_view view(const boost::json::string& text) {
  return {text.data(), text.size()};
}

// A number as text again. Doubles print as the shortest text that reads back equal, which for the
// venue's decimals (ticks, sizes, rates: few digits) is the text that was sent.
std::string number_text(const boost::json::value& value) {
  std::array<char, 40> buffer{};
  char* const first = buffer.data();
  char* const last = first + buffer.size();
  std::to_chars_result result{first, std::errc{}};
  if (value.is_int64()) {
    result = std::to_chars(first, last, value.get_int64());
  } else if (value.is_uint64()) {
    result = std::to_chars(first, last, value.get_uint64());
  } else {
    const double number = value.get_double();
    if (std::abs(number) < 1e18) {
      result = std::to_chars(first, last, number, std::chars_format::fixed);
    }
  }
  return result.ec == std::errc{} ? std::string(first, result.ptr) : std::string{};
}

// Reads exactly `count` digits from the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970 || *year >= 2100) return std::nullopt;
  return std::chrono::sys_days(date);
}

// ".123456", at most nanoseconds; nothing when there is none.
std::optional<std::int64_t> take_fraction_ns(std::string_view& text) {
  if (!take(text, ".")) return 0;
  std::int64_t ns = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 9) ns = ns * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) ns *= 10;
  return ns;
}

}  // namespace

std::string_view to_string(ParseFault fault) {
  switch (fault) {
    case ParseFault::InvalidJson:
      return "InvalidJson";
    case ParseFault::UnexpectedType:
      return "UnexpectedType";
    case ParseFault::MissingField:
      return "MissingField";
    case ParseFault::BadNumber:
      return "BadNumber";
    case ParseFault::BadId:
      return "BadId";
    case ParseFault::BadTimestamp:
      return "BadTimestamp";
    case ParseFault::BadText:
      return "BadText";
    case ParseFault::UnknownValue:
      return "UnknownValue";
    case ParseFault::TooMany:
      return "TooMany";
  }
  return "unknown";
}

std::string to_string(const ParseError& error) {
  return std::string(to_string(error.fault)) + " in " + std::string(error.where);
}

std::optional<boost::json::value> parse_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kDepthMax;
  boost::system::error_code error;
  boost::json::value value = boost::json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

std::optional<domain::Side> parse_side(std::string_view text) {
  const std::string side = lower_case(text);
  if (side == "buy") return domain::Side::Buy;
  if (side == "sell") return domain::Side::Sell;
  return std::nullopt;
}

std::optional<domain::TimeInForce> parse_time_in_force(std::string_view text) {
  const std::string name = lower_case(text);
  if (name == "gtc") return domain::TimeInForce::Gtc;
  if (name == "gtd") return domain::TimeInForce::Gtd;
  if (name == "fak") return domain::TimeInForce::Fak;
  if (name == "fok") return domain::TimeInForce::Fok;
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (text.empty() || error != std::errc{} || end != last) return std::nullopt;
  return value;
}

std::optional<domain::Timestamp> parse_epoch(std::string_view digits) {
  // As milliseconds 1e11 is March 1973, as seconds the year 5138: no stamp of the venue is near
  // either.
  constexpr std::int64_t kMillisecondsMin = 100'000'000'000;
  constexpr std::int64_t kMillisecondsMax = domain::to_unix_ms(domain::kTimestampMax);
  auto value = parse_integer(digits);
  if (!value || *value < kMillisecondsMin / 1000 || *value > kMillisecondsMax) return std::nullopt;
  if (*value < kMillisecondsMin) *value *= 1000;
  if (*value > kMillisecondsMax) return std::nullopt;
  return domain::from_unix_ms(*value);
}

std::optional<domain::Timestamp> parse_iso_time(std::string_view text) {
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  std::int64_t seconds = 0;
  std::int64_t fraction_ns = 0;
  if (!text.empty()) {
    if (!take(text, "T ")) return std::nullopt;
    const auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ":")) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || *minute > 59 || !take(text, ":")) return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second || *second > 60) return std::nullopt;
    const auto fraction = take_fraction_ns(text);
    if (!fraction) return std::nullopt;
    if (text != "Z" && text != "+00" && text != "+00:00") return std::nullopt;
    seconds = *hour * 3600 + *minute * 60 + *second;
    fraction_ns = *fraction;
  }
  const std::int64_t day_seconds = date->time_since_epoch().count() * std::int64_t{86'400};
  return domain::from_unix_ns((day_seconds + seconds) * 1'000'000'000 + fraction_ns);
}

std::string iso_time(domain::Timestamp at) {
  const std::int64_t total_ms = domain::to_unix_ms(at);
  const domain::UtcDate day = domain::utc_date(at);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day.days))};
  const std::int64_t ms = total_ms - day.days * std::int64_t{86'400'000};
  std::array<char, 64> buffer{};
  const int size =
      std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(ms / 3'600'000),
                    static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1000 % 60));
  std::string text(buffer.data(), static_cast<std::size_t>(size));
  if (ms % 1000 != 0) {
    const int fraction_size =
        std::snprintf(buffer.data(), buffer.size(), ".%03d", static_cast<int>(ms % 1000));
    text.append(buffer.data(), static_cast<std::size_t>(fraction_size));
  }
  return text + "Z";
}

std::optional<domain::Price> parse_price_rounded(std::string_view text) {
  const std::size_t point = text.find('.');
  constexpr std::size_t kKept = domain::Price::kDigits;
  if (point == std::string_view::npos || text.size() - point - 1 <= kKept) {
    return domain::Price::parse(text);
  }
  for (const char c : text.substr(point + 1)) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  const auto price = domain::Price::parse(text.substr(0, point + 1 + kKept));
  const bool up = text[point + 1 + kKept] >= '5';
  return price && up ? domain::Price::from_raw(price->raw() + 1) : price;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// ---------------------------------------------------------------------------------------- reader

ObjectReader::ObjectReader(const boost::json::value& value, std::string_view what)
    : object_(value.if_object()) {
  if (object_ == nullptr) fail(ParseFault::UnexpectedType, what);
}

void ObjectReader::fail(ParseFault fault, std::string_view where) {
  if (!fault_) fault_ = ParseError{fault, where};
}

const boost::json::value* ObjectReader::find(std::string_view key) const {
  if (object_ == nullptr) return nullptr;
  const boost::json::value* const value = object_->if_contains({key.data(), key.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string ObjectReader::text(std::string_view key) {
  const boost::json::value* const value = find(key);
  if (value == nullptr) return {};
  const boost::json::string* const string = value->if_string();
  if (string == nullptr) {
    fail(ParseFault::UnexpectedType, key);
    return {};
  }
  if (string->size() > kTextBytesMax) {
    fail(ParseFault::BadText, key);
    return {};
  }
  return std::string(view(*string));
}

bool ObjectReader::flag(std::string_view key) {
  const boost::json::value* const value = find(key);
  if (value == nullptr) return false;
  if (!value->is_bool()) {
    fail(ParseFault::UnexpectedType, key);
    return false;
  }
  return value->get_bool();
}

std::optional<std::string> ObjectReader::scalar(std::string_view key) {
  const boost::json::value* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) {
    std::string digits = number_text(*value);
    if (digits.empty()) fail(ParseFault::BadNumber, key);
    return digits;
  }
  std::string digits = text(key);
  if (digits.empty()) return std::nullopt;
  return digits;
}

std::optional<domain::Price> ObjectReader::price(std::string_view key) {
  const auto value = scalar(key);
  if (!value) return std::nullopt;
  const auto price = domain::Price::parse(*value);
  if (!price || price->is_negative() || *price > domain::kPriceOne) {
    fail(ParseFault::BadNumber, key);
    return std::nullopt;
  }
  return price;
}

std::optional<domain::Price> ObjectReader::price_rounded(std::string_view key) {
  const auto value = scalar(key);
  if (!value) return std::nullopt;
  const auto price = parse_price_rounded(*value);
  if (!price || price->is_negative() || *price > domain::kPriceOne) {
    fail(ParseFault::BadNumber, key);
    return std::nullopt;
  }
  return price;
}

std::optional<domain::Quantity> ObjectReader::quantity(std::string_view key) {
  const auto value = scalar(key);
  if (!value) return std::nullopt;
  const auto quantity = domain::Quantity::parse(*value);
  if (!quantity || quantity->is_negative() || *quantity > domain::kQuantityMax) {
    fail(ParseFault::BadNumber, key);
    return std::nullopt;
  }
  return quantity;
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view key) {
  const auto value = scalar(key);
  if (!value) return std::nullopt;
  const auto integer = parse_integer(*value);
  if (!integer) fail(ParseFault::BadNumber, key);
  return integer;
}

std::optional<domain::Timestamp> ObjectReader::epoch(std::string_view key) {
  const auto value = scalar(key);
  if (!value || *value == "0") return std::nullopt;
  const auto at = parse_epoch(*value);
  if (!at) fail(ParseFault::BadTimestamp, key);
  return at;
}

std::optional<domain::TokenId> ObjectReader::token(std::string_view key) {
  const std::string value = text(key);
  if (value.empty()) return std::nullopt;
  const auto token = domain::parse_token(value);
  if (!token) fail(ParseFault::BadId, key);
  return token;
}

const boost::json::array* ObjectReader::array(std::string_view key) {
  const boost::json::value* const value = find(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) fail(ParseFault::UnexpectedType, key);
  return value->if_array();
}

std::vector<std::string> ObjectReader::texts(std::string_view key) {
  std::vector<std::string> texts;
  const boost::json::array* const values = array(key);
  if (values == nullptr) return texts;
  for (const boost::json::value& value : *values) {
    const boost::json::string* const string = value.if_string();
    if (string == nullptr) {
      fail(ParseFault::UnexpectedType, key);
    } else if (string->size() > kTextBytesMax) {
      fail(ParseFault::BadText, key);
    } else {
      texts.emplace_back(view(*string));
    }
  }
  return texts;
}

domain::Side ObjectReader::side(std::string_view key) {
  const std::string value = text(key);
  const auto side = parse_side(value);
  if (!side) fail(value.empty() ? ParseFault::MissingField : ParseFault::UnknownValue, key);
  return side.value_or(domain::Side::Buy);
}

// ---------------------------------------------------------------------------------------- writer

ObjectWriter& ObjectWriter::text(std::string_view key, std::string_view value) {
  begin(key);
  append_json_text(value, out_);
  return *this;
}

ObjectWriter& ObjectWriter::json(std::string_view key, std::string_view json) {
  begin(key);
  out_.append(json);
  return *this;
}

void ObjectWriter::begin(std::string_view key) {
  if (!first_) out_.push_back(',');
  first_ = false;
  out_.push_back('"');
  out_.append(key).append("\":");
}

void append_json_text(std::string_view text, std::string& out) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  const auto is_plain = [](char c) {
    return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20;
  };
  out.push_back('"');
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out.append("\\n");
    } else {
      const auto code = static_cast<unsigned char>(c);
      out.append("\\u00");
      out.push_back(kHexDigits[code >> 4]);
      out.push_back(kHexDigits[code & 15]);
    }
  }
  out.push_back('"');
}

std::string json_texts(const std::vector<std::string>& texts) {
  std::string out;
  append_array(texts, out, append_json_text);
  return out;
}

}  // namespace polybot::polymarket
