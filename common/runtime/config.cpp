#include "common/runtime/config.hpp"

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "common/domain/number_text.hpp"
#include "common/runtime/config_text.hpp"
#include "common/runtime/secret_file.hpp"

namespace polybot::runtime::config {
namespace {

// One key set from the environment.
struct Override {
  std::string variable;
  std::string text;
};

// Variables that need no prefix, and are applied first.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kPlainVariables{
    {{"LOG_FORMAT", "log.format"}, {"LOG_LEVEL", "log.level"}}};

// Walks "a.b.c".
const toml::node* node_at(const toml::table& root, std::string_view key) {
  const toml::node* node = &root;
  while (node != nullptr && !key.empty()) {
    const std::size_t dot = key.find('.');
    const toml::table* const table = node->as_table();
    node = table == nullptr ? nullptr : table->get(key.substr(0, dot));
    key = dot == std::string_view::npos ? std::string_view{} : key.substr(dot + 1);
  }
  return node;
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a float";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

}  // namespace

struct Reader::State {
  std::string file;
  toml::table root;
  std::map<std::string, Override> overrides;  // by key
  std::set<std::string, std::less<>> known;
  std::vector<std::string> accepted;  // all keys below these are known
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::vector<std::string> absent_secrets;  // errors as well, except in a mere check

  [[nodiscard]] std::string place_of(const toml::node& node) const {
    return file + ":" + std::to_string(node.source().begin.line);
  }
  [[nodiscard]] bool is_known(const std::string& key) const {
    return known.contains(key) ||
           std::any_of(accepted.begin(), accepted.end(),
                       [&](const std::string& above) { return key.starts_with(above + "."); });
  }
  void report_unknown(const toml::node& node, const std::string& key);
  void report_unknown_overrides();
  void throw_errors() const;
};

struct Reader::Found {
  const toml::node* node = nullptr;  // one of the two is set
  const Override* override_ = nullptr;
};

Environment current_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Reader::Reader(std::shared_ptr<State> state, std::string prefix)
    : state_(std::move(state)), prefix_(std::move(prefix)) {}

Reader Reader::load(const std::string& path, const Environment& environment) {
  if (path.empty()) return parse("", "", environment);
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw ConfigError(path + ": cannot read the configuration file: " + std::strerror(errno));
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad() || text.fail()) throw ConfigError(path + ": cannot read the configuration file");
  return parse(text.str(), path, environment);
}

Reader Reader::parse(std::string_view toml, std::string name, const Environment& environment) {
  auto state = std::make_shared<State>();
  state->file = std::move(name);
  try {
    state->root = toml::parse(toml);
  } catch (const toml::parse_error& error) {
    throw ConfigError(state->file + ":" + std::to_string(error.source().begin.line) + ": " +
                      std::string(error.description()));
  }
  for (const auto& [variable, text] : environment) {
    if (!variable.starts_with(kEnvironmentPrefix)) continue;
    const auto [taken, is_first] =
        state->overrides.try_emplace(key_of(variable), Override{variable, text});
    if (!is_first && !is_for_others(variable, text)) {
      state->errors.push_back("environment " + taken->second.variable + " and " + variable + ": " +
                              taken->first + ": both set it; unset one of them");
    }
  }
  for (const auto& [variable, key] : kPlainVariables) {
    const auto given = environment.find(std::string(variable));
    if (given != environment.end() && !given->second.empty())
      state->overrides[std::string(key)] = {given->first, given->second};
  }
  return Reader(std::move(state), "");
}

std::string Reader::full_key(std::string_view key) const {
  return prefix_.empty() ? std::string(key) : prefix_ + "." + std::string(key);
}

std::optional<Reader::Found> Reader::find(std::string_view key) {
  const std::string full = full_key(key);
  state_->known.insert(full);
  if (const auto found = state_->overrides.find(full); found != state_->overrides.end()) {
    return Found{nullptr, &found->second};
  }
  if (const toml::node* const node = node_at(state_->root, full)) return Found{node, nullptr};
  return std::nullopt;
}

void Reader::error(std::string_view key, std::string_view what) {
  state_->errors.push_back(line_about(key, what));
}

std::string Reader::line_about(std::string_view key, std::string_view what) const {
  const std::string full = full_key(key);
  std::string place;
  if (const auto found = state_->overrides.find(full); found != state_->overrides.end()) {
    place = "environment " + found->second.variable;
  } else if (const toml::node* const node = node_at(state_->root, full)) {
    place = state_->place_of(*node);
  } else {
    place = state_->file.empty() ? "configuration" : state_->file;
  }
  return place + ": " + full + ": " + std::string(what);
}

std::string Reader::string(std::string_view key, std::string_view default_value) {
  const auto text = choice_text(key);
  return text ? *text : std::string(default_value);
}

std::optional<std::string> Reader::choice_text(std::string_view key) {
  const auto found = find(key);
  if (!found) return std::nullopt;
  if (found->override_ != nullptr) return found->override_->text;
  if (const auto text = found->node->value_exact<std::string>()) return text;
  error(key, "must be a string, got " + std::string(type_name(*found->node)));
  return std::nullopt;
}

std::int64_t Reader::integer(std::string_view key, std::int64_t default_value, std::int64_t min,
                             std::int64_t max) {
  const auto found = find(key);
  if (!found) return default_value;
  const std::optional<std::int64_t> value =
      found->override_ != nullptr ? domain::parse_number<std::int64_t>(found->override_->text)
                                  : found->node->value_exact<std::int64_t>();
  if (!value) {
    error(key, found->override_ != nullptr
                   ? "must be an integer, got \"" + found->override_->text + "\""
                   : "must be an integer, got " + std::string(type_name(*found->node)));
    return default_value;
  }
  if (*value < min || *value > max) {
    error(key, "must be between " + std::to_string(min) + " and " + std::to_string(max) + ", got " +
                   std::to_string(*value));
    return default_value;
  }
  return *value;
}

std::uint16_t Reader::port(std::string_view key, std::uint16_t default_value) {
  return static_cast<std::uint16_t>(integer(key, default_value, 0, 65535));
}

bool Reader::boolean(std::string_view key, bool default_value) {
  const auto found = find(key);
  if (!found) return default_value;
  if (found->override_ == nullptr) {
    if (const auto value = found->node->value_exact<bool>()) return *value;
    error(key, "must be true or false, got " + std::string(type_name(*found->node)));
    return default_value;
  }
  const std::string& text = found->override_->text;
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  error(key, "must be true or false, got \"" + text + "\"");
  return default_value;
}

double Reader::real(std::string_view key, double default_value, double min, double max) {
  const auto found = find(key);
  if (!found) return default_value;
  const bool numeric =
      found->node != nullptr && (found->node->is_floating_point() || found->node->is_integer());
  const std::optional<double> value = found->override_ != nullptr
                                          ? domain::parse_number<double>(found->override_->text)
                                      : numeric ? found->node->value<double>()
                                                : std::nullopt;
  if (!value || !std::isfinite(*value)) {
    error(key, "must be a number");
    return default_value;
  }
  if (*value < min || *value > max) {
    std::ostringstream text;
    text << "must be between " << min << " and " << max << ", got " << *value;
    error(key, text.str());
    return default_value;
  }
  return *value;
}

domain::Duration Reader::duration(std::string_view key, domain::Duration default_value,
                                  domain::Duration min, domain::Duration max) {
  const auto found = find(key);
  if (!found) return default_value;
  const std::optional<std::string> text = found->override_ != nullptr
                                              ? found->override_->text
                                              : found->node->value_exact<std::string>();
  const std::optional<domain::Duration> value = text ? parse_duration(*text) : std::nullopt;
  if (!value) {
    error(key,
          "must be a duration with its unit, such as \"250ms\" or \"30s\"" +
              (text ? ", got \"" + *text + "\"" : ", got " + std::string(type_name(*found->node))));
    return default_value;
  }
  if (*value < min || *value > max) {
    error(key, "must be between " + in_words(min) + " and " + in_words(max) + ", got " + *text);
    return default_value;
  }
  return *value;
}

std::optional<std::string> Reader::decimal_text(std::string_view key) {
  const auto found = find(key);
  if (!found) return std::nullopt;
  if (found->override_ != nullptr) return found->override_->text;
  if (const auto text = found->node->value_exact<std::string>()) return text;
  if (const auto whole = found->node->value_exact<std::int64_t>()) return std::to_string(*whole);
  error(key,
        found->node->is_floating_point()
            ? "must be a string or an integer (write \"0.45\" in quotes): a TOML float is not exact"
            : "must be a decimal in quotes or an integer, got " +
                  std::string(type_name(*found->node)));
  return std::nullopt;
}

std::vector<std::string> Reader::strings(std::string_view key,
                                         std::vector<std::string> default_value) {
  const auto found = find(key);
  if (!found) return default_value;
  std::vector<std::string> values;
  if (found->override_ != nullptr) {
    std::istringstream in(found->override_->text);
    for (std::string item; std::getline(in, item, ',');) values.push_back(trimmed(item));
    return values;
  }
  const toml::array* const array = found->node->as_array();
  if (array == nullptr) {
    error(key, "must be a list of strings, got " + std::string(type_name(*found->node)));
    return default_value;
  }
  for (const toml::node& item : *array) {
    const auto text = item.value_exact<std::string>();
    if (!text) {
      error(key, "must be a list of strings, one item is " + std::string(type_name(item)));
      return default_value;
    }
    values.push_back(*text);
  }
  return values;
}

Secret Reader::secret(std::string_view key, Presence presence) {
  const std::string file_key = std::string(key) + "_file";
  const std::string path = string(file_key, "");
  if (path.empty()) {
    if (presence == Presence::Required)
      error(file_key, "is required: the file that holds the secret");
    return {};
  }
  if (const std::string exposure = exposure_of(path); !exposure.empty())
    state_->warnings.push_back(line_about(file_key, exposure));
  auto secret = read_secret_file(path);
  if (secret) return std::move(*secret);
  const std::string line = line_about(file_key, secret.error().text);
  (secret.error().absent ? state_->absent_secrets : state_->errors).push_back(line);
  return {};
}

bool Reader::has(std::string_view key) const {
  const std::string full = full_key(key);
  if (node_at(state_->root, full) != nullptr) return true;
  return std::any_of(state_->overrides.begin(), state_->overrides.end(), [&](const auto& entry) {
    return entry.first == full || entry.first.starts_with(full + ".");
  });
}

Reader Reader::table(std::string_view key) {
  const std::string full = full_key(key);
  if (const toml::node* const node = node_at(state_->root, full);
      node != nullptr && !node->is_table()) {
    state_->known.insert(full);
    error(key, "must be a table, got " + std::string(type_name(*node)));
  }
  return Reader(state_, full);
}

std::vector<std::string> Reader::table_names(std::string_view key) {
  const toml::node* const node = node_at(state_->root, full_key(key));
  const toml::table* const table = node == nullptr ? nullptr : node->as_table();
  if (table == nullptr) return {};
  std::vector<std::pair<toml::source_index, std::string>> found;  // TOML tables iterate by name
  for (const auto& [name, child] : *table) {
    if (child.is_table()) found.emplace_back(child.source().begin.line, std::string(name.str()));
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto& [line, name] : found) names.push_back(std::move(name));
  return names;
}

void Reader::State::report_unknown(const toml::node& node, const std::string& key) {
  const auto below = [&](std::string_view name, const toml::node& child) {
    report_unknown(child, key.empty() ? std::string(name) : key + "." + std::string(name));
  };
  if (const toml::table* const table = node.as_table()) {
    for (const auto& [name, child] : *table) below(name.str(), child);
    return;
  }
  if (is_known(key)) return;
  errors.push_back(place_of(node) + ": " + key + ": unknown key" + suggestion(key, known));
}

void Reader::State::report_unknown_overrides() {
  for (const auto& [key, override_] : overrides) {
    if (is_known(key) || is_for_others(override_.variable, override_.text)) continue;
    errors.push_back("environment " + override_.variable + ": " + key + ": unknown key" +
                     suggestion(key, known));
  }
}

void Reader::State::throw_errors() const {
  if (errors.empty()) return;
  std::string all;
  for (const std::string& line : errors) all.append(all.empty() ? "" : "\n").append(line);
  throw ConfigError(all);
}

void Reader::finish() {
  const std::vector<std::string> absent = std::move(state_->absent_secrets);
  state_->errors.insert(state_->errors.end(), absent.begin(), absent.end());
  (void)finish_check();
}

std::vector<std::string> Reader::finish_check() {
  state_->report_unknown(state_->root, "");
  state_->report_unknown_overrides();
  state_->throw_errors();
  return std::move(state_->absent_secrets);
}

const std::vector<std::string>& Reader::warnings() const {
  return state_->warnings;
}

std::vector<std::string> Reader::known_keys() const {
  return {state_->known.begin(), state_->known.end()};
}

void Reader::accept_below(std::string_view key) {
  state_->accepted.push_back(full_key(key));
}

}  // namespace polybot::runtime::config
