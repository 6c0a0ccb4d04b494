// One line per event, as text or as JSON (LOG_FORMAT=json), never blocking the caller.
//
//   log::info("Order filled", {{"order_id", id}, {"fill_price", price}});
//
//   {"timestamp":"2026-06-08T12:00:00.123Z","level":"INFO","message":"Order filled",
//    "service":"order-manager","replica":"om-1","order_id":"…","fill_price":0.45}
//
// The line is rendered at the call and written by a background thread; when that thread cannot keep
// up the oldest waiting lines are dropped and counted. Everything is escaped, invalid UTF-8 becomes
// U+FFFD, a line never exceeds 8 KiB (then "truncated":true), and the value of a field whose name
// is or ends in private_key, api_key, secret, passphrase, authorization, signature or token prints
// as ***. Before init() and in a crash, lines go to standard error directly in the same format.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "common/domain/decimal.hpp"
#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"
#include "common/runtime/secret.hpp"

namespace polybot::runtime::log {

enum class Level : std::uint8_t { Trace, Debug, Info, Warning, Error, Critical };
enum class Format : std::uint8_t { Text, Json };

// A number printed digit by digit as given ("0.45"). What is not a JSON number is printed as a
// string.
struct Exact {
  std::string text;
};
[[nodiscard]] inline Exact exact(std::string text) {
  return {std::move(text)};
}

class Value {
 public:
  using Storage =
      std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Exact>;

  Value(std::nullptr_t) {}  // NOLINT(*-explicit-*)
  Value(const char* text) : storage_(std::string(text == nullptr ? "" : text)) {}    // NOLINT
  Value(std::string text) : storage_(std::move(text)) {}                             // NOLINT
  Value(std::string_view text) : storage_(std::string(text)) {}                      // NOLINT
  Value(Exact number) : storage_(std::move(number)) {}                               // NOLINT
  Value(const Secret&) : storage_(std::string("***")) {}                             // NOLINT
  Value(std::floating_point auto number) : storage_(static_cast<double>(number)) {}  // NOLINT
  template <class Tag, int Digits>
  Value(domain::Decimal<Tag, Digits> number) : storage_(Exact{number.to_string()}) {}  // NOLINT
  Value(domain::Timestamp at);  // NOLINT: as RFC 3339
  template <std::integral Integer>
  Value(Integer number) {  // NOLINT
    if constexpr (std::is_same_v<Integer, bool>) {
      storage_ = number;
    } else if constexpr (std::is_signed_v<Integer>) {
      storage_ = static_cast<std::int64_t>(number);
    } else {
      storage_ = static_cast<std::uint64_t>(number);
    }
  }
  template <class Tag>
  Value(const domain::Name<Tag>& name) : storage_(name.value) {}  // NOLINT
  // Anything that knows its own text: ids and enums with a to_string beside them, error codes.
  template <class T>
  requires(std::is_class_v<T> || std::is_enum_v<T>) && requires(const T& t) {
    { to_string(t) } -> std::convertible_to<std::string_view>;
  }
  Value(const T& value) : storage_(std::string(to_string(value))) {}  // NOLINT
  template <class T>
  requires requires(const T& t) {
    { t.message() } -> std::convertible_to<std::string>;
  }
  Value(const T& value) : storage_(value.message()) {}  // NOLINT

  [[nodiscard]] const Storage& storage() const { return storage_; }

 private:
  Storage storage_;
};

struct Field {
  std::string_view key;  // snake_case; a literal
  Value value;
};
using Fields = std::initializer_list<Field>;

struct Settings {
  std::string service;
  std::string replica;
  Format format = Format::Text;
  Level level = Level::Info;
  std::string file;  // empty: standard output; else rotated, 10 MiB x 5
};

// Sets the service and replica, the format and the level; lines go to standard error directly. Also
// installs the handlers that print a broken invariant and std::terminate as log lines. For main,
// first of all.
void configure(const Settings& settings);
// configure(), and starts the background writer; once per process. Throws CannotStart when the file
// cannot be opened.
void init(const Settings& settings);
// Writes out what is queued and stops the writer; later lines go to standard error directly.
void shutdown();

[[nodiscard]] bool enabled(Level level);
void write(Level level, std::string_view message, Fields fields = {});
inline void trace(std::string_view message, Fields fields = {}) {
  write(Level::Trace, message, fields);
}
inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::Debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::Info, message, fields);
}
inline void warning(std::string_view message, Fields fields = {}) {
  write(Level::Warning, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::Error, message, fields);
}
inline void critical(std::string_view message, Fields fields = {}) {
  write(Level::Critical, message, fields);
}
// At once to standard error, past the queue: for the last words of a process.
void write_now(Level level, std::string_view message, Fields fields = {});

// Lines dropped because the writer could not keep up, since init().
[[nodiscard]] std::uint64_t dropped();

// For errors that clients can cause at will: at most one line per interval for each Limited object
// (one per site), the next line says how many were left out: "suppressed":n.
class Limited {
 public:
  explicit Limited(domain::Duration interval = std::chrono::seconds(1)) : interval_(interval) {}

  // True when a line may be written now; else it is counted as suppressed.
  [[nodiscard]] bool admit();
  void write(Level level, std::string_view message, Fields fields = {});
  void info(std::string_view message, Fields fields = {}) { write(Level::Info, message, fields); }
  void warning(std::string_view message, Fields fields = {}) {
    write(Level::Warning, message, fields);
  }
  void error(std::string_view message, Fields fields = {}) { write(Level::Error, message, fields); }

 private:
  domain::Duration interval_;
  std::optional<domain::Duration> last_;
  std::uint64_t suppressed_ = 0;
};

// --- the pure part, for tests and for last words ------------------------------------------------

struct Identity {
  std::string_view service;
  std::string_view replica;
};
inline constexpr std::size_t kLineBytesMax = 8 * 1024;

// One line without its newline.
[[nodiscard]] std::string format_line(Format format, domain::Timestamp at, Level level,
                                      const Identity& identity, std::string_view message,
                                      Fields fields, std::uint64_t suppressed = 0);
[[nodiscard]] std::string_view to_string(Level level);  // "WARNING"
[[nodiscard]] bool is_secret_key(std::string_view key);
// "json" and "text"; "trace" ... "critical" in any case. Empty for another word.
[[nodiscard]] std::optional<Format> parse_format(std::string_view text);
[[nodiscard]] std::optional<Level> parse_level(std::string_view text);

}  // namespace polybot::runtime::log
