// Configuration from a TOML file and the environment, read through typed getters.
//
// A getter names its key, its default and its bounds; the Reader remembers every key it was asked
// for. Nothing throws on the way: errors are collected, and finish() throws one ConfigError that
// lists all of them, each with file:line (or the environment variable) and key – wrong types,
// values out of range, and every key in the file or the environment that no getter asked for. Of
// the environment these are all variables that begin with POLYBOT_, but for those that
// is_for_others (config_text.hpp) names. Two of them for one key are an error, too. LOG_FORMAT and
// LOG_LEVEL set log.format and log.level before anything else does.
//
//   [risk]                         POLYBOT_RISK__ORDER_NOTIONAL_MAX=50 overrides it
//   order_notional_max = "100"     reader.decimal<domain::Money>("risk.order_notional_max", ...)
//
// Exact decimals are strings or integers in TOML ("0.45", 100): a TOML float is a binary fraction
// and is refused. Secrets are never in the file: the key `x_file` names a file that holds secret
// `x`. Lists from the environment are comma-separated; an empty value is an empty list.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/domain/decimal.hpp"
#include "common/domain/enumeration.hpp"
#include "common/domain/time.hpp"
#include "common/runtime/secret.hpp"

namespace polybot::runtime {

// The process cannot start: what() is one or more complete lines for the operator. Thrown by
// config, and by a service for any other reason (a port taken, a key missing). run_service prints
// it; exit 1.
class CannotStart : public std::runtime_error {
  using std::runtime_error::runtime_error;
};
class ConfigError : public CannotStart {
  using CannotStart::CannotStart;
};

namespace config {

using Environment = std::map<std::string, std::string>;
// Of this process.
[[nodiscard]] Environment current_environment();

enum class Presence : std::uint8_t { Optional, Required };

class Reader {
 public:
  // Throws ConfigError: no such file (named), or not TOML (with its line). An empty path reads the
  // environment alone.
  [[nodiscard]] static Reader load(const std::string& path, const Environment& environment);
  // The same from a text; `name` stands for the file in messages.
  [[nodiscard]] static Reader parse(std::string_view toml, std::string name,
                                    const Environment& environment);

  // Keys are dotted paths relative to this reader's table: "api.port". On an error the default (or
  // the type's zero) is returned and the error kept for finish().
  [[nodiscard]] std::string string(std::string_view key, std::string_view default_value);
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t default_value,
                                     std::int64_t min, std::int64_t max);
  template <class Integer>
  [[nodiscard]] Integer integer_as(std::string_view key, Integer default_value, Integer min,
                                   Integer max) {
    static_assert(std::is_integral_v<Integer>);
    return static_cast<Integer>(integer(key, static_cast<std::int64_t>(default_value),
                                        static_cast<std::int64_t>(min),
                                        static_cast<std::int64_t>(max)));
  }
  [[nodiscard]] std::uint16_t port(std::string_view key, std::uint16_t default_value);
  [[nodiscard]] bool boolean(std::string_view key, bool default_value);
  // A real number that is not money: a ratio, a weight. Finite.
  [[nodiscard]] double real(std::string_view key, double default_value, double min, double max);
  // "250ms", "30s", "5m", "2h", "1d", "100us", "0s".
  [[nodiscard]] domain::Duration duration(std::string_view key, domain::Duration default_value,
                                          domain::Duration min, domain::Duration max);
  template <class Decimal>
  [[nodiscard]] Decimal decimal(std::string_view key, Decimal default_value, Decimal min,
                                Decimal max);
  [[nodiscard]] std::vector<std::string> strings(std::string_view key,
                                                 std::vector<std::string> default_value);
  // One of the words of an enum (domain/enumeration.hpp).
  template <class Enum>
  [[nodiscard]] Enum choice(std::string_view key, Enum default_value);
  // The content of the file named by `<key>_file`, one trailing newline removed; empty when the key
  // is absent and optional. An empty or unreadable file is an error, one that is open to others a
  // warning.
  [[nodiscard]] Secret secret(std::string_view key, Presence presence);

  // True when the file or the environment has that key or anything below it.
  [[nodiscard]] bool has(std::string_view key) const;
  // A reader for the sub-table [key]; an absent one is empty.
  [[nodiscard]] Reader table(std::string_view key);
  // The names of the sub-tables of [key], in the file's order: [strategies.momentum] -> "momentum".
  [[nodiscard]] std::vector<std::string> table_names(std::string_view key);
  // Counts every key below that one as known: after an error it is open what belongs there.
  void accept_below(std::string_view key);

  // Adds an error of the service's own, e.g. about two keys that exclude each other.
  void error(std::string_view key, std::string_view what);
  // Throws ConfigError if anything was wrong. Call once, on the root, after the last getter.
  void finish();
  // The same for a mere check: a missing secret file is no error of the configuration, because the
  // first start may make it. Returns a line for each.
  [[nodiscard]] std::vector<std::string> finish_check();
  // A line for each thing that is no error and is to be mended all the same.
  [[nodiscard]] const std::vector<std::string>& warnings() const;
  // Every key that a getter asked for, sorted.
  [[nodiscard]] std::vector<std::string> known_keys() const;

 private:
  struct State;
  struct Found;  // a value and where it comes from
  Reader(std::shared_ptr<State> state, std::string prefix);
  [[nodiscard]] std::string full_key(std::string_view key) const;
  // The text of a decimal, or empty after an error or when absent (`present` tells which).
  [[nodiscard]] std::optional<std::string> decimal_text(std::string_view key);
  void error_at(std::string_view key, std::string_view what) { error(key, what); }
  // "gateway.toml:3: api.port: what"
  [[nodiscard]] std::string line_about(std::string_view key, std::string_view what) const;
  [[nodiscard]] std::optional<Found> find(std::string_view key);
  [[nodiscard]] std::optional<std::string> choice_text(std::string_view key);

  std::shared_ptr<State> state_;  // shared by the readers of sub-tables: one list of known keys
  std::string prefix_;
};

// "250ms" -> 250,000,000 ns; empty when malformed, negative or beyond 292 years.
[[nodiscard]] std::optional<domain::Duration> parse_duration(std::string_view text);

template <class Decimal>
Decimal Reader::decimal(std::string_view key, Decimal default_value, Decimal min, Decimal max) {
  const std::optional<std::string> text = decimal_text(key);
  if (!text) return default_value;
  const std::optional<Decimal> value = Decimal::parse(*text);
  if (!value) {
    error_at(key, "must be a decimal with at most " + std::to_string(Decimal::kDigits) +
                      " places, got \"" + *text + "\"");
    return default_value;
  }
  if (*value < min || *value > max) {
    error_at(key,
             "must be between " + min.to_string() + " and " + max.to_string() + ", got " + *text);
    return default_value;
  }
  return *value;
}

template <class Enum>
Enum Reader::choice(std::string_view key, Enum default_value) {
  const std::optional<std::string> text = choice_text(key);
  if (!text) return default_value;
  std::string known;
  for (const Enum value : domain::kEnumerators<Enum>) {
    if (domain::name_of(value) == *text) return value;
    known.append(known.empty() ? "" : ", ").append(domain::name_of(value));
  }
  error_at(key, "must be one of " + known + ", got \"" + *text + "\"");
  return default_value;
}

}  // namespace config
}  // namespace polybot::runtime
