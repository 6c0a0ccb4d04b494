// The numbers and words of an enum that leaves its process: stored, sent, or used as a label.
//
// Its numbers are written at the enum and never change; one that falls out of use is not given to
// another meaning. Its words are its enumerators in snake_case, as the compiler spells them: there
// is no second list to keep in step. tests/golden/enumerations.txt holds both, so that renaming an
// enumerator, which renames a label, fails a test.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "common/domain/assert.hpp"

namespace polybot::domain {

inline constexpr std::size_t kEnumNumbersMax = 64;  // numbers lie below

namespace detail {

// The name at the end of "[... = polybot::domain::Side::Buy]". Empty for a number that has none,
// which is spelled "(polybot::domain::Side)7".
constexpr std::string_view identifier_in(std::string_view signature) {
  signature.remove_prefix(signature.find(" = ") + 3);
  signature = signature.substr(0, signature.find_first_of(";]"));
  return signature.front() == '(' ? "" : signature.substr(signature.rfind(':') + 1);
}
template <auto kEnumerator>
constexpr std::string_view identifier() {
  return identifier_in(__PRETTY_FUNCTION__);
}
template <class Type>
constexpr std::string_view identifier() {
  return identifier_in(__PRETTY_FUNCTION__);
}

constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr std::size_t word_size(std::string_view identifier) {
  std::size_t size = identifier.size();
  for (std::size_t i = 1; i < identifier.size(); ++i) size += is_upper(identifier[i]) ? 1U : 0U;
  return size;
}
// "PartiallyFilled" -> "partially_filled"
template <std::size_t kSize>
constexpr std::array<char, kSize> word_of(std::string_view identifier) {
  std::array<char, kSize> word{};
  std::size_t size = 0;
  for (const char c : identifier) {
    if (is_upper(c) && size > 0) word[size++] = '_';
    word[size++] = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return word;
}
template <auto kEnumerator>
inline constexpr auto kWord =
    word_of<word_size(identifier<kEnumerator>())>(identifier<kEnumerator>());
template <class Type>
inline constexpr auto kTypeWord = word_of<word_size(identifier<Type>())>(identifier<Type>());

// By number; empty where there is no enumerator.
struct Spelling {
  std::string_view identifier;
  std::string_view word;
};
template <class Enum>
inline constexpr auto kSpellings = []<std::size_t... kNumbers>(std::index_sequence<kNumbers...>) {
  return std::array{Spelling{
      identifier<static_cast<Enum>(kNumbers)>(),
      {kWord<static_cast<Enum>(kNumbers)>.data(), kWord<static_cast<Enum>(kNumbers)>.size()}}...};
}
(std::make_index_sequence<kEnumNumbersMax>());
template <class Enum>
constexpr const Spelling& spelling_of(Enum value) {
  const auto number = static_cast<std::size_t>(value);
  POLYBOT_ASSERT(number < kEnumNumbersMax && !kSpellings<Enum>[number].word.empty());
  return kSpellings<Enum>[number];
}

}  // namespace detail

template <class Enum>
[[nodiscard]] constexpr bool is_enumerator(std::int64_t number) {
  return number >= 0 && number < static_cast<std::int64_t>(kEnumNumbersMax) &&
         !detail::kSpellings<Enum>[static_cast<std::size_t>(number)].word.empty();
}

// "partially_filled"
template <class Enum>
requires std::is_enum_v<Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) {
  return detail::spelling_of(value).word;
}
// "PartiallyFilled"
template <class Enum>
requires std::is_enum_v<Enum>
[[nodiscard]] constexpr std::string_view identifier_of(Enum value) {
  return detail::spelling_of(value).identifier;
}

// All there are, by number.
template <class Enum>
inline constexpr auto kEnumerators = [] {
  constexpr auto count = std::ranges::count_if(
      detail::kSpellings<Enum>, [](const auto& spelling) { return !spelling.word.empty(); });
  std::array<Enum, count> all{};
  std::size_t size = 0;
  for (std::size_t i = 0; i < kEnumNumbersMax; ++i) {
    if (is_enumerator<Enum>(static_cast<std::int64_t>(i))) all[size++] = static_cast<Enum>(i);
  }
  return all;
}();

// The size of an array that has a place for each number.
template <class Enum>
inline constexpr std::size_t kPlaces = static_cast<std::size_t>(kEnumerators<Enum>.back()) + 1;

template <class Enum>
[[nodiscard]] constexpr std::size_t place_of(Enum value) {
  return static_cast<std::size_t>(value);
}

template <class Enum>
[[nodiscard]] constexpr std::optional<Enum> enumerator_named(std::string_view name) {
  for (const Enum value : kEnumerators<Enum>) {
    if (name_of(value) == name) return value;
  }
  return std::nullopt;
}

// "order_filled": the types of a variant have words in the same way, by index.
template <class Variant>
inline constexpr auto kKindNames = []<class... Kinds>(std::variant<Kinds...>*) {
  return std::array{
      std::string_view(detail::kTypeWord<Kinds>.data(), detail::kTypeWord<Kinds>.size())...};
}(static_cast<Variant*>(nullptr));

}  // namespace polybot::domain
