#include "services/order-manager/doctor/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/http/message.hpp"
#include "common/runtime/clock.hpp"

namespace polybot::order_manager::doctor {
namespace {

constexpr int kFormat = 1;

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass:
      return "pass";
    case Verdict::Warn:
      return "warn";
    case Verdict::Fail:
      return "fail";
    case Verdict::Unchecked:
      break;
  }
  return "unchecked";
}

std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass:
      return "\x1b[32m";
    case Verdict::Warn:
      return "\x1b[33m";
    case Verdict::Fail:
      return "\x1b[1;31m";
    case Verdict::Unchecked:
      break;
  }
  return "\x1b[2m";
}

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return line;
}

std::size_t count(const Report& report, Verdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(report.checks.begin(), report.checks.end(),
                    [verdict](const Check& check) { return check.verdict == verdict; }));
}

// What to do first: about a failure, else about a warning.
std::string first_step(const Report& report) {
  for (const Verdict verdict : {Verdict::Fail, Verdict::Warn}) {
    for (const Check& check : report.checks) {
      if (check.verdict == verdict && !check.next.empty()) return one_line(check.next);
    }
  }
  return "";
}

std::string head_of(const Report& report) {
  std::string wallet = "no wallet";
  if (report.wallet) {
    wallet = fmt::format("{} wallet {}", polymarket::name_of(report.wallet->kind),
                         polymarket::to_checksum(report.wallet->address));
  }
  return fmt::format("{} at {} (chain {})\n", wallet, one_line(report.venue), report.chain_id);
}

std::string last_line(const Report& report) {
  const std::size_t failed = count(report, Verdict::Fail);
  std::string besides;
  if (const std::size_t warned = count(report, Verdict::Warn))
    besides += fmt::format(", {} to be looked at", warned);
  if (const std::size_t unchecked = count(report, Verdict::Unchecked))
    besides += fmt::format(", {} not checked", unchecked);
  if (failed > 0) {
    return fmt::format("{}: FAIL: {} of {} checks failed{}. First: {}\n", report.command, failed,
                       report.checks.size(), besides, first_step(report));
  }
  const std::string next = first_step(report);
  return fmt::format("{}: pass: {} checks, none failed{}.{}\n", report.command,
                     report.checks.size(), besides, next.empty() ? "" : " Next: " + next);
}

void append(std::string& out, std::string_view key, std::string_view text) {
  out.append(",\"").append(key).append("\":");
  http::append_json_string(out, text);
}

std::string json_of(const std::optional<polymarket::VenueWallet>& wallet) {
  if (!wallet) return "null";
  return fmt::format(R"({{"kind":"{}","signature_type":{},"address":"{}","owner":"{}"}})",
                     polymarket::name_of(wallet->kind), static_cast<int>(wallet->type()),
                     polymarket::to_checksum(wallet->address),
                     polymarket::to_checksum(wallet->owner));
}

}  // namespace

bool Report::passed() const {
  return count(*this, Verdict::Fail) == 0;
}

std::string text_of(const Report& report, Look look) {
  std::size_t name_width = 0;
  for (const Check& check : report.checks) name_width = std::max(name_width, check.name.size());
  std::string text = head_of(report);
  for (const Check& check : report.checks) {
    std::string verdict = fmt::format("{:<9}", word_of(check.verdict));
    if (look == Look::Coloured)
      verdict = fmt::format("{}{}\x1b[0m", colour_of(check.verdict), verdict);
    text +=
        fmt::format("{}  {:<{}}  {}{}{}\n", verdict, check.name, name_width, one_line(check.what),
                    check.next.empty() ? "" : " -> ", one_line(check.next));
  }
  return text + last_line(report);
}

std::string json_of(const Report& report) {
  std::string out = fmt::format("{{\"{}\":{}", report.command, kFormat);
  append(out, "at", runtime::to_rfc3339(report.at));
  append(out, "version", report.version);
  append(out, "venue", report.venue);
  out += fmt::format(",\"chain_id\":{},\"wallet\":{}", report.chain_id, json_of(report.wallet));
  append(out, "configuration", report.configuration);
  append(out, "verdict", word_of(report.passed() ? Verdict::Pass : Verdict::Fail));
  append(out, "next", first_step(report));
  out += ",\"checks\":[";
  for (const Check& check : report.checks) {
    if (&check != &report.checks.front()) out += ',';
    out += "{\"name\":";
    http::append_json_string(out, check.name);
    append(out, "verdict", word_of(check.verdict));
    append(out, "what", check.what);
    append(out, "next", check.next);
    out += '}';
  }
  return out + "]}";
}

}  // namespace polybot::order_manager::doctor
