// The one screen of `make run`, as text: pure rendering of what is known. On a terminal it is
// redrawn in place; otherwise a summary line is printed now and then.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "deploy/launcher/layout.hpp"
#include "deploy/launcher/stack.hpp"

namespace polybot::launcher {

struct ScreenFacts {
  std::vector<ServiceView> services;
  std::optional<boost::json::object> status;  // the gateway's, when it is fresh
  std::vector<std::string> fills;
  std::vector<std::string> news;  // what the launcher had to say, newest last
  std::string running_for;        // "00:03:12"
};

// Lines without newlines, fit for a terminal of 100 columns.
[[nodiscard]] std::vector<std::string> screen_lines(const Layout& layout, const Options& options,
                                                    const ScreenFacts& facts);
// One line: readiness, orders, fills, P&L, or why nothing trades.
[[nodiscard]] std::string summary_line(const ScreenFacts& facts);

}  // namespace polybot::launcher
