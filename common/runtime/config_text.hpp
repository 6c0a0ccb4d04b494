// The words and numbers of configuration: how keys are spelled in the environment, how values are
// read and printed. Pure functions behind config.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/time.hpp"

namespace polybot::runtime::config {

inline constexpr std::string_view kEnvironmentPrefix = "POLYBOT_";

// POLYBOT_RISK__ORDER_NOTIONAL_MAX -> risk.order_notional_max
[[nodiscard]] std::string key_of(std::string_view variable);
// Without spaces and tabs at both ends.
[[nodiscard]] std::string trimmed(std::string_view text);
// The whole text as one number, else empty.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] std::optional<double> parse_real(std::string_view text);
// "250ms", in the largest unit that is exact.
[[nodiscard]] std::string in_words(domain::Duration span);
// How many letters must be added, dropped or replaced; for "did you mean".
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace polybot::runtime::config
