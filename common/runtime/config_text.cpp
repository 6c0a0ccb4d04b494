#include "common/runtime/config_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "common/runtime/config.hpp"

namespace polybot::runtime::config {

std::string key_of(std::string_view variable) {
  std::string key;
  for (std::string_view rest = variable.substr(kEnvironmentPrefix.size()); !rest.empty();) {
    if (rest.starts_with("__")) {
      key += '.';
      rest.remove_prefix(2);
    } else {
      const char c = rest.front();
      key += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      rest.remove_prefix(1);
    }
  }
  return key;
}

std::string variable_of(std::string_view key) {
  std::string variable(kEnvironmentPrefix);
  for (const char c : key) {
    if (c == '.') {
      variable += "__";
    } else {
      variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return variable;
}

bool is_for_others(std::string_view variable, std::string_view value) {
  constexpr std::array<std::string_view, 5> kOthers{"POLYBOT_REPLICA", "POLYBOT_TAG",
                                                    "POLYBOT_RECORDED_DATA", "POLYBOT_SIM_SEED",
                                                    "POLYBOT_SIM_SEEDS"};
  if (std::find(kOthers.begin(), kOthers.end(), variable) != kOthers.end()) return true;
  if (variable.ends_with("_SERVICE_HOST") ||
      variable.find("_SERVICE_PORT") != std::string_view::npos)
    return true;
  constexpr std::string_view kPort = "_PORT";
  const std::size_t port = variable.find(kPort);
  if (port == std::string_view::npos) return false;
  const std::string_view rest = variable.substr(port + kPort.size());
  if (rest.empty()) return value.find("://") != std::string_view::npos;
  return rest.size() > 1 && rest[0] == '_' && rest[1] >= '0' && rest[1] <= '9';
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string closest(std::string_view key, const std::set<std::string, std::less<>>& known) {
  std::string best;
  std::size_t best_distance = 4;  // more differences than three are another word
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(key, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string suggestion(std::string_view key, const std::set<std::string, std::less<>>& known) {
  const std::string best = closest(key, known);
  return best.empty() ? "" : " (did you mean " + best + "?)";
}

std::string in_words(domain::Duration span) {
  using namespace std::chrono;
  const auto whole = [&](auto unit) {
    return span.count() % duration_cast<nanoseconds>(unit).count() == 0;
  };
  const auto text = [&](auto unit, const char* suffix) {
    return std::to_string(span.count() / duration_cast<nanoseconds>(unit).count()) + suffix;
  };
  if (span.count() == 0) return "0s";
  if (whole(hours(1))) return text(hours(1), "h");
  if (whole(minutes(1))) return text(minutes(1), "m");
  if (whole(seconds(1))) return text(seconds(1), "s");
  if (whole(milliseconds(1))) return text(milliseconds(1), "ms");
  return text(nanoseconds(1), "ns");
}

std::optional<domain::Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (ec != std::errc{} || count < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"ns", 1},
      {"us", 1'000},
      {"ms", 1'000'000},
      {"s", 1'000'000'000},
      {"m", 60'000'000'000},
      {"h", 3'600'000'000'000},
      {"d", 86'400'000'000'000},
  };
  for (const auto& [name, ns] : kUnits) {
    std::int64_t total = 0;
    if (unit != name) continue;
    if (__builtin_mul_overflow(count, ns, &total)) return std::nullopt;
    return domain::Duration(total);
  }
  return std::nullopt;
}

}  // namespace polybot::runtime::config
