#include "deploy/launcher/screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/join.hpp>
#include <boost/json.hpp>
#include <cctype>

#include "deploy/launcher/json_fields.hpp"
#include "deploy/launcher/paper_lines.hpp"
#include "deploy/launcher/trouble.hpp"

namespace polybot::launcher {
namespace {

namespace json = boost::json;
using Lines = std::vector<std::string>;

// A part of the screen. When there is not room for all, parts of a low rank get theirs first, and a
// part that gets less than it wants loses its last lines.
struct Part {
  std::size_t rank = 0;
  Lines lines;
};

// "canceled 12, filled 40"
std::string counts(const json::object& by_name) {
  std::string text;
  for (const auto& [name, count] : by_name) {
    if (count == 0) continue;
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", std::string(name), json::serialize(count));
  }
  return text.empty() ? "none" : text;
}

std::string idle_text(const json::object& status) {
  return boost::algorithm::join(texts_field(status, "idle_reasons"), "; ");
}

std::string state_of(const ServiceView& service, domain::Timestamp now) {
  std::string state = service.ready ? "ready" : service.reason;
  if (service.restarts == 0 || !service.ended_at) return state;
  return state +
         (service.restarts == 1
              ? " (started again at "
              : fmt::format(" (started again {} times, last at ", service.restarts)) +
         clock_text(*service.ended_at, now) + ")";
}

// One line per service; when there are many, the ready ones share a line.
Lines service_lines(const ScreenFacts& facts, std::size_t lines_max) {
  Lines lines;
  const bool crowded = facts.services.size() > lines_max;
  std::size_t ready = 0;
  std::uint64_t bytes = 0;
  for (const ServiceView& service : facts.services) {
    if (crowded && service.ready) {
      ++ready;
      bytes += service.resident_bytes;
      continue;
    }
    lines.push_back(fmt::format("  {:<18} {:>5} MiB  {}", service.name,
                                service.resident_bytes >> 20, state_of(service, facts.now)));
  }
  if (crowded) {
    lines.push_back(fmt::format("  {:<18} {:>5} MiB  {}", fmt::format("{} services", ready),
                                bytes >> 20, "ready"));
  }
  return lines;
}

// ---- strategies --------------------------------------------------------------------------------

struct Column {
  std::string_view title;
  std::string_view field;
  std::size_t width;
  std::size_t screen_columns_min;  // shown from this width of the terminal on
};
constexpr std::array<Column, 6> kColumns{{{"P&L", "pnl", 12, 0},
                                          {"realized", "realized", 12, 92},
                                          {"today", "daily", 12, 48},
                                          {"exposure", "exposure", 10, 64},
                                          {"live", "orders_live", 5, 70},
                                          {"positions", "positions_open", 9, 80}}};

// "active", or what keeps it from being active.
std::string strategy_state(const json::object& strategy) {
  if (!is_not_false(strategy, "enabled")) return "stopped";
  const json::value* shards = strategy.if_contains("shards_leased");
  if (shards != nullptr && shards->is_number() && *shards == 0) return "no runner";
  return shown_text(strategy, "trading_state");
}

constexpr std::size_t kNameColumns = 17;  // of a strategy, with what parts it from the next

Lines strategy_lines(const json::object& status, std::size_t columns) {
  Lines lines;
  const auto row = [&](const std::string& name, const auto& cell, const std::string& state) {
    std::string line = fmt::format("{:<{}}", "  " + name, kNameColumns - 1);
    for (const Column& column : kColumns) {
      if (columns >= column.screen_columns_min)
        line += fmt::format(" {:>{}}", cell(column), column.width);
    }
    lines.push_back(line + "  " + state);
  };
  row(
      "strategy", [](const Column& column) { return std::string(column.title); }, "state");
  for (const json::object& strategy : objects_field(status, "strategies")) {
    row(
        shown_text(strategy, "name"),
        [&](const Column& column) { return shown_text(strategy, column.field); },
        strategy_state(strategy));
  }
  row(
      "all",
      [&](const Column& column) {
        return column.field == "pnl" ? shown_text(status, "pnl") : std::string();
      },
      shown_text(status, "trading_state"));
  return lines;
}

// The parameters that strategies run with; those of a strategy without a runner are unknown.
Lines parameter_lines(const json::object& status, std::size_t columns) {
  Lines lines;
  for (const json::object& strategy : objects_field(status, "strategies")) {
    std::string text;
    for (const auto& [name, set] : object_field(strategy, "parameters")) {
      text.append(text.empty() ? "" : ", ").append(name).append(" ");
      if (set.is_string()) text.append(set.as_string());
    }
    if (text.empty()) continue;
    Lines rows =
        wrapped(std::string(kNameColumns, ' ') + text, columns, std::string(kNameColumns, ' '));
    rows.front().replace(0, kNameColumns,
                         fmt::format("{:<{}}", "  " + shown_text(strategy, "name"), kNameColumns));
    lines.insert(lines.end(), rows.begin(), rows.end());
  }
  return lines;
}

// ---- the rest ----------------------------------------------------------------------------------

Lines activity_lines(const json::object& status) {
  const json::object& markets = object_field(status, "markets");
  const json::object& orders = object_field(status, "orders");
  const json::object& rates = object_field(status, "rates_per_second");
  return {fmt::format("  orders    {}; {} fills", counts(object_field(orders, "by_status")),
                      shown_text(orders, "fills")),
          fmt::format("  markets   {} tracked ({}), {} books, {} stale",
                      shown_text(markets, "tracked"), counts(object_field(markets, "by_status")),
                      shown_text(markets, "books"), shown_text(markets, "books_stale")),
          fmt::format("  messages  {} market data, {} order events, {} API requests a second",
                      shown_text(rates, "market_data_events"), shown_text(rates, "order_events"),
                      shown_text(rates, "api_requests"))};
}

Lines trouble_lines(const Layout& layout, const ScreenFacts& facts, TerminalSize size) {
  const std::size_t lines_max = std::max<std::size_t>(size.rows / 2, 3);
  Lines lines;
  const std::vector<Trouble> troubles = find_troubles(layout, facts);
  for (std::size_t i = 0; i < troubles.size(); ++i) {
    const Lines text = wrapped("! " + troubles[i].text(), size.columns, "  ");
    if (i > 0 && lines.size() + text.size() >= lines_max) {
      const bool by_gateway = troubles[i].told_by == Trouble::ToldBy::Gateway;
      lines.push_back(fmt::format(
          "! and {} more: {}", troubles.size() - i,
          by_gateway ? layout.gateway_url + "/api/v1/status" : layout.aggregator_url + "/health"));
      break;
    }
    lines.insert(lines.end(), text.begin(), text.end());
  }
  return lines;
}

Lines as_lines(const Lines& texts) {
  Lines lines;
  for (const std::string& text : texts) lines.push_back("  " + text);
  return lines;
}

Lines idle_lines(const ScreenFacts& facts, std::size_t columns) {
  if (!facts.status) {
    const bool is_ready = std::any_of(
        facts.services.begin(), facts.services.end(),
        [](const ServiceView& service) { return service.service == "gateway" && service.ready; });
    return {is_ready ? "  Figures follow in a moment."
                     : "  The gateway does not answer; figures follow when it does."};
  }
  const std::string idle = idle_text(*facts.status);
  return idle.empty() ? Lines{} : wrapped("  No orders now: " + idle, columns, "    ");
}

// "PAPER", so that no one takes it for another.
std::string mode_text(const Options& options) {
  std::string text(name_of(options.mode));
  for (char& letter : text) letter = static_cast<char>(std::toupper(letter));
  return text;
}

std::vector<Part> parts_of(const Layout& layout, const Options& options, const ScreenFacts& facts,
                           TerminalSize size) {
  std::string venue = options.recording ? "replay of " + options.recording->filename().string()
                                        : std::string("simulated venue");
  if (options.mode == domain::TradingMode::Paper) venue = "real markets, simulated fills, no money";
  if (options.mode == domain::TradingMode::Live) venue = "REAL MONEY";
  const std::string title = fmt::format("PolyBot   {}   {}   {}   Ctrl-C stops and verifies",
                                        mode_text(options), venue, facts.running_for);
  std::vector<Part> parts;
  parts.push_back({0, {title}});
  const bool paper = options.mode == domain::TradingMode::Paper;
  if (paper) parts.push_back({0, mirror_lines(facts, size.columns)});
  parts.push_back({1, trouble_lines(layout, facts, size)});
  if (paper) parts.push_back({2, feed_lines(facts, size.columns)});
  parts.push_back({2, service_lines(facts, std::max<std::size_t>(size.rows / 3, 5))});
  parts.push_back({3, facts.status ? strategy_lines(*facts.status, size.columns) : Lines{}});
  parts.push_back({9, facts.status ? parameter_lines(*facts.status, size.columns) : Lines{}});
  if (paper) parts.push_back({5, watched_lines(layout, facts, size)});
  parts.push_back({4, idle_lines(facts, size.columns)});
  Lines news = as_lines(facts.news);
  std::reverse(news.begin(), news.end());  // the newest is lost last
  parts.push_back({5, std::move(news)});
  parts.push_back({6, facts.status ? activity_lines(*facts.status) : Lines{}});
  parts.push_back({8, as_lines(facts.fills)});
  parts.push_back({7,
                   {"  API       " + layout.gateway_url + "/api/v1/status",
                    "  metrics   " + layout.aggregator_url + "/metrics, /health",
                    "  data      " + layout.data.string()}});
  return parts;
}

// Cuts the parts to the available rows; returns how many rows are left.
std::size_t share_out(std::vector<Part>& parts, std::size_t rows) {
  for (std::size_t rank = 0; rank <= parts.size(); ++rank) {
    for (Part& part : parts) {
      if (part.rank != rank) continue;
      part.lines.resize(std::min(part.lines.size(), rows));
      rows -= part.lines.size();
    }
  }
  return rows;
}

}  // namespace

std::vector<std::string> screen_lines(const Layout& layout, const Options& options,
                                      const ScreenFacts& facts, TerminalSize size) {
  std::vector<Part> parts = parts_of(layout, options, facts, size);
  std::size_t blank_lines = share_out(parts, size.rows);
  Lines lines;
  for (const Part& part : parts) {
    if (part.lines.empty()) continue;
    if (!lines.empty() && blank_lines > 0) {
      --blank_lines;
      lines.emplace_back();
    }
    for (const std::string& line : part.lines) lines.push_back(fitted(line, size.columns));
  }
  return lines;
}

std::string summary_line(const Layout& layout, const Options& options, const ScreenFacts& facts) {
  std::size_t ready = 0;
  for (const ServiceView& service : facts.services) ready += service.ready ? 1 : 0;
  std::string line = fmt::format("{}  {}  {}/{} ready", facts.running_for, mode_text(options),
                                 ready, facts.services.size());
  if (facts.mirror) {
    line += fmt::format("; fills are simulated: {} real markets, {} followed, {} halted",
                        shown_text(*facts.mirror, "markets"), shown_text(*facts.mirror, "fresh"),
                        shown_text(*facts.mirror, "halted"));
  }
  if (facts.status) {
    const json::object& orders = object_field(*facts.status, "orders");
    line += fmt::format("; markets {}; orders: {}; fills {}; P&L {}",
                        shown_text(object_field(*facts.status, "markets"), "tracked"),
                        counts(object_field(orders, "by_status")), shown_text(orders, "fills"),
                        shown_text(*facts.status, "pnl"));
    for (const json::object& row : objects_field(*facts.status, "strategies"))
      line += fmt::format(", {} {}", shown_text(row, "name"), shown_text(row, "pnl"));
    if (const std::string idle = idle_text(*facts.status); !idle.empty())
      line += "; no orders now: " + idle;
  } else {
    line += ", the gateway does not answer";
  }
  const std::vector<Trouble> troubles = find_troubles(layout, facts);
  return troubles.empty() ? line : line + "; trouble: " + troubles.front().text();
}

}  // namespace polybot::launcher
