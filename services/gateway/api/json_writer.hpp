// Writes one JSON text piece by piece. Commas are placed by the writer; nesting is the caller's
// duty. Prices, quantities and money are written as strings ("0.45"): a JSON number would reach
// most clients as a binary fraction.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/domain/decimal.hpp"
#include "common/domain/time.hpp"

namespace polybot::gateway {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  template <class Tag, int Digits>
  JsonWriter& value(domain::Decimal<Tag, Digits> number) {
    return value(number.to_string());
  }
  // RFC 3339 UTC with milliseconds; null for the epoch, which stands for "unknown".
  JsonWriter& value(domain::Timestamp at);
  JsonWriter& value(std::same_as<bool> auto flag) { return raw(flag ? "true" : "false"); }
  JsonWriter& value(std::integral auto number) requires(!std::same_as<decltype(number), bool>) {
    return raw(std::to_string(number));
  }
  JsonWriter& null() { return raw("null"); }
  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  // A finished JSON text.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string text_;
  bool first_ = true;  // nothing was written yet at this place
};

}  // namespace polybot::gateway
