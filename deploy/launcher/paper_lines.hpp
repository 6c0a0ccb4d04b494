// What the screen says of real markets while they are mirrored: how many are followed, how their
// feed is, which are watched and why. Pure.
#pragma once

#include <string>
#include <vector>

#include "deploy/launcher/display_text.hpp"
#include "deploy/launcher/layout.hpp"
#include "deploy/launcher/screen_facts.hpp"

namespace polybot::launcher {

// Of the mirror: what trades, and what is halted.
[[nodiscard]] std::vector<std::string> mirror_lines(const ScreenFacts& facts, std::size_t columns);
// Of the gateway that reads the real venue: connections, stale books, why it is not ready.
[[nodiscard]] std::vector<std::string> feed_lines(const ScreenFacts& facts, std::size_t columns);
// By what the markets were chosen, and the best of them: few on a small terminal.
[[nodiscard]] std::vector<std::string> watched_lines(const Layout& layout, const ScreenFacts& facts,
                                                     TerminalSize size);

}  // namespace polybot::launcher
