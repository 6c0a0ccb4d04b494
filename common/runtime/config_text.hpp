// The words and numbers of configuration: how keys are spelled in the environment, how values are
// read and printed. Pure functions behind config.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/domain/time.hpp"

namespace polybot::runtime::config {

inline constexpr std::string_view kEnvironmentPrefix = "POLYBOT_";

// POLYBOT_RISK__ORDER_NOTIONAL_MAX -> risk.order_notional_max
[[nodiscard]] std::string key_of(std::string_view variable);
// The way back.
[[nodiscard]] std::string variable_of(std::string_view key);
// Whether a variable with our prefix is no configuration: POLYBOT_REPLICA, those that only tests
// and compose read, and those that Kubernetes gives every container beside a service called polybot
// (POLYBOT_SERVICE_HOST=10.0.0.1, POLYBOT_PORT_8080_TCP=tcp://10.0.0.1:8080).
[[nodiscard]] bool is_for_others(std::string_view variable, std::string_view value);
// Without spaces and tabs at both ends.
[[nodiscard]] std::string trimmed(std::string_view text);
// "250ms", in the largest unit that is exact.
[[nodiscard]] std::string in_words(domain::Duration span);
// How many letters must be added, dropped or replaced; for "did you mean".
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
// The known key that is closest to a mistaken one; empty when none is close.
[[nodiscard]] std::string closest(std::string_view key,
                                  const std::set<std::string, std::less<>>& known);
// " (did you mean api.port?)", or empty.
[[nodiscard]] std::string suggestion(std::string_view key,
                                     const std::set<std::string, std::less<>>& known);

}  // namespace polybot::runtime::config
