// Query parameters of the API as values, or the 400 that says what is wrong with them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "common/domain/enumeration.hpp"
#include "common/domain/number_text.hpp"
#include "common/http/message.hpp"

namespace polybot::gateway {

template <class T>
using Parsed = std::variant<T, http::Response>;

// A whole number from `min` to `max`; `fallback` when the parameter is absent.
[[nodiscard]] inline Parsed<std::size_t> count_parameter(const http::Request& request,
                                                         std::string_view name,
                                                         std::size_t fallback, std::size_t min,
                                                         std::size_t max) {
  const auto text = request.query_value(name);
  if (!text) return fallback;
  const auto number = domain::parse_number<std::size_t>(*text);
  if (!number || *number < min || *number > max) {
    return http::problem(400, std::string(name) + " must be a whole number from " +
                                  std::to_string(min) + " to " + std::to_string(max));
  }
  return *number;
}

// The words of an enum for a sentence: "active, paused or closed".
template <class Enum>
[[nodiscard]] std::string one_of() {
  std::string words;
  for (const Enum value : domain::kEnumerators<Enum>) {
    if (value == domain::kEnumerators<Enum>.back()) {
      words += " or ";
    } else if (!words.empty()) {
      words += ", ";
    }
    words += domain::name_of(value);
  }
  return words;
}

}  // namespace polybot::gateway
