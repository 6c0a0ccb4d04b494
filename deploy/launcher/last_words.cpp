#include "deploy/launcher/last_words.hpp"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <boost/json.hpp>

#include "common/runtime/clock.hpp"
#include "deploy/launcher/json_fields.hpp"

namespace polybot::launcher {
namespace {

constexpr std::string_view kStartRefused = "Cannot start: ";
constexpr std::size_t kCauseBytesMax = 600;

struct SpokenLine {
  std::string at;  // both empty when it is no line of a log
  std::string level;
  std::string text;
};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end != 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string without_refusal(std::string text) {
  return text.starts_with(kStartRefused) ? text.substr(kStartRefused.size()) : text;
}

// {"timestamp":..,"level":..,"message":..,"service":..,"replica":..,"error":..}
SpokenLine read_json(const boost::json::object& line) {
  const auto text = [](const boost::json::value& value) {
    return value.is_string() ? std::string(value.as_string()) : boost::json::serialize(value);
  };
  SpokenLine spoken;
  std::string fields;
  for (const auto& [key, value] : line) {
    if (key == "timestamp") {
      spoken.at = text(value);
    } else if (key == "level") {
      spoken.level = text(value);
    } else if (key == "message") {
      spoken.text = without_refusal(text(value));
    } else if (key != "service" && key != "replica") {
      fields += " " + std::string(key) + "=" + text(value);
    }
  }
  spoken.text += fields;
  return spoken;
}

// "2026-06-08T12:00:00.123Z ERROR gateway/gw-1 message error=.."
SpokenLine read_line(const std::string& line) {
  if (const boost::json::object fields = parse_object(line); !fields.empty())
    return read_json(fields);
  const std::size_t level = line.find(' ');
  const std::size_t name = level == std::string::npos ? level : line.find(' ', level + 1);
  const std::size_t text = name == std::string::npos ? name : line.find(' ', name + 1);
  const bool is_of_a_log = text != std::string::npos && level == 24 && line[10] == 'T' &&
                           line[23] == 'Z' && line.find('/', name) < text;
  if (!is_of_a_log) return {.at = "", .level = "", .text = line};
  return {.at = line.substr(0, level),
          .level = line.substr(level + 1, name - level - 1),
          .text = without_refusal(line.substr(text + 1))};
}

}  // namespace

std::vector<std::string> last_words(std::string_view output, std::string_view log,
                                    domain::Timestamp started_at, domain::Timestamp ended_at) {
  const std::string since = runtime::to_rfc3339(std::max(started_at, ended_at - kLastWordsAge));
  const auto is_old = [&](const SpokenLine& spoken) {
    return !spoken.at.empty() && spoken.at < since;
  };
  std::vector<std::string> words;
  for (const std::string& line : lines_of(output)) {
    SpokenLine spoken = read_line(line);
    if (!is_old(spoken)) words.push_back(std::move(spoken.text));
  }
  if (words.size() > kLastWordsMax) {
    const std::size_t more = words.size() - kLastWordsMax;
    words.resize(kLastWordsMax);
    words.push_back("and " + std::to_string(more) + " lines more");
  }
  if (!words.empty()) return words;
  const std::vector<std::string> logged = lines_of(log);
  for (auto line = logged.rbegin(); line != logged.rend(); ++line) {
    const SpokenLine spoken = read_line(*line);
    if (is_old(spoken)) break;
    if (spoken.level == "ERROR" || spoken.level == "CRITICAL") return {spoken.text};
  }
  return words;
}

std::string cause_of(const std::vector<std::string>& words) {
  std::string cause = boost::algorithm::join(words, "; ");
  if (cause.size() > kCauseBytesMax) cause = cause.substr(0, kCauseBytesMax) + "...";
  return cause;
}

}  // namespace polybot::launcher
