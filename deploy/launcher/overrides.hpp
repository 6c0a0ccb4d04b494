// The caller's POLYBOT_X__Y variables. Each reaches every service that knows the key x.y; one that
// no service knows stops the start. Each service lists its keys itself (--list-keys).
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "deploy/launcher/layout.hpp"
#include "deploy/launcher/options.hpp"

namespace polybot::launcher {

// Asks each program of the stack which keys its configuration may have. Throws BadOption with the
// program's own message when it fails, for example about a file that is no TOML.
[[nodiscard]] KnownKeys ask_for_keys(const std::filesystem::path& programs,
                                     const std::filesystem::path& configuration,
                                     const Environment& environment);

// Throws BadOption, with a line for each of the caller's variables that reaches no service or that
// the layout overrules.
void check_overrides(const Layout& layout, const Environment& environment, const KnownKeys& known);

// Has each program read its configuration as at its start. Throws BadOption with the message of the
// first program that refuses it, for example about a value out of its bounds.
void check_values(const Layout& layout);

// In live: what is traded must be what is watched. Throws BadOption when order-manager and gateway
// name different venues.
void check_venue(const std::filesystem::path& configuration);

// A strategy needs a table [strategies.NAME] in two files: strategy-runner.toml says how it
// decides, order-manager.toml what it may risk. Throws BadOption when order-manager's lacks one
// that a runner has: it would never trade. In the opposite case a strategy has no runner, and the
// result has a line for it.
[[nodiscard]] std::vector<std::string> check_strategies(const KnownKeys& known);

}  // namespace polybot::launcher
