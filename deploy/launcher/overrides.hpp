// The caller's POLYBOT_X__Y variables: each reaches every service that knows the key x.y, and one
// that no service would take stops the start. What a service knows it says itself (--list-keys).
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "deploy/launcher/layout.hpp"
#include "deploy/launcher/options.hpp"

namespace polybot::launcher {

// Asks each program of the stack which keys its configuration may have. Throws BadOption with what
// the program said when it cannot tell, as of a file that is no TOML.
[[nodiscard]] KnownKeys ask_for_keys(const std::filesystem::path& programs,
                                     const std::filesystem::path& configuration,
                                     const Environment& environment);

// Throws BadOption, a line for each variable of the caller's that reaches no service or that the
// layout overrules.
void check_overrides(const Layout& layout, const Environment& environment, const KnownKeys& known);

// Has each program read its configuration as it is going to be started. Throws BadOption with what
// the first of them said that refuses it, as of a value out of its bounds.
void check_values(const Layout& layout);

// A strategy needs a table [strategies.NAME] in two files: strategy-runner.toml says how it
// decides, order-manager.toml what it may risk. Throws BadOption when order-manager's lacks one
// that a runner has: it would never trade. The other way round a strategy only has no runner: a
// line for each.
[[nodiscard]] std::vector<std::string> check_strategies(const KnownKeys& known);

}  // namespace polybot::launcher
