#include "deploy/launcher/screen.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace polybot::launcher {
namespace {

namespace json = boost::json;

const json::value* at(const json::object& object, std::string_view key) {
  return object.if_contains(key);
}

std::string text_of(const json::value* value) {
  if (value == nullptr || value->is_null()) return "-";
  if (value->is_string()) return std::string(value->as_string());
  return json::serialize(*value);
}

std::string text_of(const json::object& object, std::string_view key) {
  return text_of(at(object, key));
}

const json::object& object_of(const json::object& object, std::string_view key) {
  static const json::object kNone;
  const json::value* value = at(object, key);
  return value != nullptr && value->is_object() ? value->as_object() : kNone;
}

const json::array& array_of(const json::object& object, std::string_view key) {
  static const json::array kNone;
  const json::value* value = at(object, key);
  return value != nullptr && value->is_array() ? value->as_array() : kNone;
}

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
  std::string text;
  for (const auto& reason : array_of(status, "idle_reasons")) {
    text.append(text.empty() ? "" : "; ").append(text_of(&reason));
  }
  return text;
}

void append_services(std::vector<std::string>& lines, const std::vector<ServiceView>& services) {
  for (const ServiceView& service : services) {
    std::string state = service.ready ? "ready" : service.reason;
    if (service.restarts != 0) state += fmt::format(" (restarted {} times)", service.restarts);
    lines.push_back(
        fmt::format("  {:<20} {:>6} MiB   {}", service.name, service.resident_bytes >> 20, state));
  }
}

void append_status(std::vector<std::string>& lines, const json::object& status) {
  const json::object& markets = object_of(status, "markets");
  const json::object& orders = object_of(status, "orders");
  const json::object& rates = object_of(status, "rates_per_second");
  lines.push_back(fmt::format("  markets   {} tracked ({}), {} books, {} stale",
                              text_of(markets, "tracked"), counts(object_of(markets, "by_status")),
                              text_of(markets, "books"), text_of(markets, "books_stale")));
  lines.push_back(fmt::format("  orders    {}", counts(object_of(orders, "by_status"))));
  lines.push_back(
      fmt::format("  messages  {} market data, {} order events, {} API requests per second",
                  text_of(rates, "market_data_events"), text_of(rates, "order_events"),
                  text_of(rates, "api_requests")));
  lines.push_back(fmt::format("  trading   {}", text_of(status, "trading_state")));
  lines.emplace_back();
  lines.push_back(fmt::format("  {:<14} {:>12} {:>12} {:>12} {:>10} {:>6} {:>9}", "strategy", "P&L",
                              "realized", "today", "exposure", "live", "positions"));
  for (const auto& row : array_of(status, "strategies")) {
    if (!row.is_object()) continue;
    const json::object& strategy = row.as_object();
    const json::value* enabled = at(strategy, "enabled");
    const bool stopped = enabled != nullptr && enabled->is_bool() && !enabled->as_bool();
    lines.push_back(fmt::format("  {:<14} {:>12} {:>12} {:>12} {:>10} {:>6} {:>9}{}",
                                text_of(strategy, "name"), text_of(strategy, "pnl"),
                                text_of(strategy, "realized"), text_of(strategy, "daily"),
                                text_of(strategy, "exposure"), text_of(strategy, "orders_live"),
                                text_of(strategy, "positions_open"), stopped ? "  stopped" : ""));
  }
  lines.push_back(fmt::format("  {:<14} {:>12}", "all", text_of(status, "pnl")));
  if (const std::string idle = idle_text(status); !idle.empty()) {
    lines.emplace_back();
    lines.push_back("  No orders now: " + idle);
  }
}

}  // namespace

std::vector<std::string> screen_lines(const Layout& layout, const Options& options,
                                      const ScreenFacts& facts) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("PolyBot   {}   running for {}   Ctrl-C stops and verifies",
                              options.recording
                                  ? "replay of " + options.recording->filename().string()
                                  : std::string("simulated venue"),
                              facts.running_for));
  lines.push_back(fmt::format("  API       {}/api/v1/status", layout.gateway_url));
  lines.push_back(fmt::format("  metrics   {}/metrics      health {}/health", layout.aggregator_url,
                              layout.aggregator_url));
  lines.push_back(fmt::format("  data      {}", layout.data.string()));
  lines.emplace_back();
  append_services(lines, facts.services);
  lines.emplace_back();
  if (facts.status) {
    append_status(lines, *facts.status);
  } else {
    lines.emplace_back("  The gateway does not answer; figures follow when it does.");
  }
  if (!facts.fills.empty()) {
    lines.emplace_back();
    for (const std::string& fill : facts.fills) lines.push_back("  " + fill);
  }
  if (!facts.news.empty()) {
    lines.emplace_back();
    for (const std::string& news : facts.news) lines.push_back("  " + news);
  }
  return lines;
}

std::string summary_line(const ScreenFacts& facts) {
  std::size_t ready = 0;
  for (const ServiceView& service : facts.services) ready += service.ready ? 1 : 0;
  std::string line =
      fmt::format("{}  {}/{} ready", facts.running_for, ready, facts.services.size());
  if (!facts.status) return line + ", the gateway does not answer";
  const json::object& orders = object_of(*facts.status, "orders");
  line += fmt::format("; markets {}; orders: {}; fills {}; P&L {}",
                      text_of(object_of(*facts.status, "markets"), "tracked"),
                      counts(object_of(orders, "by_status")), text_of(orders, "fills"),
                      text_of(*facts.status, "pnl"));
  for (const auto& row : array_of(*facts.status, "strategies")) {
    if (!row.is_object()) continue;
    line +=
        fmt::format(", {} {}", text_of(row.as_object(), "name"), text_of(row.as_object(), "pnl"));
  }
  if (const std::string idle = idle_text(*facts.status); !idle.empty())
    line += "; no orders now: " + idle;
  return line;
}

}  // namespace polybot::launcher
