#include "deploy/launcher/paper_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>

#include "deploy/launcher/json_fields.hpp"

namespace polybot::launcher {
namespace {

namespace json = boost::json;
using Lines = std::vector<std::string>;

constexpr const char* kIndent = "            ";  // below the text of a named line
constexpr std::size_t kRowsPerWatched = 8;       // of the terminal

Lines named(const char* name, const std::string& text, std::size_t columns) {
  return wrapped(fmt::format("  {:<10}{}", name, text), columns, kIndent);
}

// "2 by slug, 38 by rank"
std::string counted_reasons(const json::object& by) {
  Lines texts;
  for (const auto& entry : by) {
    const std::string reason(entry.key());
    const std::uint64_t markets = number_field(by, reason);
    if (markets > 0) texts.push_back(fmt::format("{} by {}", markets, reason));
  }
  return boost::algorithm::join(texts, ", ");
}

}  // namespace

Lines mirror_lines(const ScreenFacts& facts, std::size_t columns) {
  if (!facts.mirror)
    return named("markets", "The simulated venue does not say what it mirrors.", columns);
  return named(
      "markets",
      fmt::format("{} of the real venue, of which {} are followed, {} are halted until their feed "
                  "is fresh, and {} take no orders there",
                  shown_text(*facts.mirror, "markets"), shown_text(*facts.mirror, "fresh"),
                  shown_text(*facts.mirror, "halted"), shown_text(*facts.mirror, "paused")),
      columns);
}

Lines feed_lines(const ScreenFacts& facts, std::size_t columns) {
  if (!facts.upstream)
    return named("feed", std::string(kUpstream) + " does not say how its feed is.", columns);
  const json::object& markets = object_field(*facts.upstream, "markets");
  const Lines reasons = texts_field(*facts.upstream, "not_ready_reasons");
  const std::string ready =
      reasons.empty() ? "ready" : "not ready: " + boost::algorithm::join(reasons, "; ");
  return named("feed",
               fmt::format("{} connections to the real venue, {} books of which {} are stale; {}",
                           shown_text(markets, "connections"), shown_text(markets, "books"),
                           shown_text(markets, "books_stale"), ready),
               columns);
}

Lines watched_lines(const Layout& layout, const ScreenFacts& facts, TerminalSize size) {
  if (!facts.upstream) return {};
  const json::object& chosen = object_field(object_field(*facts.upstream, "markets"), "chosen");
  const auto best = objects_field(chosen, "best");
  const std::string reasons = counted_reasons(object_field(chosen, "by"));
  Lines lines =
      named("watched",
            (reasons.empty() ? "chosen" : reasons) +
                " as [markets] of upstream.toml asks for; all of them: " + layout.upstream_url +
                "/api/v1/markets",
            size.columns);
  const std::size_t shown =
      std::min(best.size(), std::max<std::size_t>(size.rows / kRowsPerWatched, 1));
  for (std::size_t i = 0; i < shown; ++i) {
    lines.push_back(fmt::format("{}{}: {}", kIndent, shown_text(best[i], "market"),
                                shown_text(best[i], "reason")));
  }
  const std::uint64_t places = number_field(chosen, "places");
  if (shown > 0 && places > shown)
    lines.push_back(fmt::format("{}and {} more", kIndent, places - shown));
  return lines;
}

}  // namespace polybot::launcher
