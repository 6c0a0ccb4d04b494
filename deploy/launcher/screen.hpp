// The one screen of `make run`, as text. Pure. On a terminal it is redrawn in place; otherwise a
// summary line is printed from time to time.
#pragma once

#include <string>
#include <vector>

#include "deploy/launcher/display_text.hpp"
#include "deploy/launcher/layout.hpp"
#include "deploy/launcher/options.hpp"
#include "deploy/launcher/screen_facts.hpp"

namespace polybot::launcher {

// Lines without newlines that fit the rows and columns of the terminal. Troubles come first, then
// services, then what trades. Where there is not room for all, the fills go first and the troubles
// last.
[[nodiscard]] std::vector<std::string> screen_lines(const Layout& layout, const Options& options,
                                                    const ScreenFacts& facts, TerminalSize size);
// One line: readiness, orders, fills, P&L, or why nothing trades, and the first trouble.
[[nodiscard]] std::string summary_line(const Layout& layout, const Options& options,
                                       const ScreenFacts& facts);

}  // namespace polybot::launcher
