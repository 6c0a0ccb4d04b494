#include "common/runtime/logging.hpp"

#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <exception>
#include <memory>

#include "common/domain/assert.hpp"
#include "common/http/message.hpp"
#include "common/runtime/bounded_write.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/config.hpp"
#include "common/runtime/yielding_thread.hpp"

namespace polybot::runtime::log {
namespace {

constexpr std::size_t kQueueLines = 8192;  // at 200 bytes a line some 2 MiB
constexpr std::size_t kFileBytesMax = 10 * 1024 * 1024;
constexpr std::size_t kFiles = 5;
constexpr std::size_t kMessageBytesMax = 4 * 1024;  // half of a line: some fields always fit
constexpr std::size_t kValueBytesMax = 2 * 1024;
constexpr std::size_t kNameBytesMax = 128;  // service, replica, key
// A process that ends does so even when its output is not read.
constexpr auto kLastWordsPatience = std::chrono::seconds(1);
constexpr std::size_t kTailBytes = 64;  // for ,"suppressed":n,"truncated":true}

constexpr std::array<std::string_view, 7> kSecretKeys{
    "private_key", "api_key", "secret", "passphrase", "authorization", "signature", "token"};
constexpr std::array<std::string_view, 7> kOwnKeys{"timestamp", "level",      "message",  "service",
                                                   "replica",   "suppressed", "truncated"};

// --- rendering -----------------------------------------------------------------------------------

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// RFC 8259 §6.
bool is_json_number(std::string_view text) {
  const auto digits = [&text] {
    const std::size_t before = text.size();
    while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
    return before - text.size();
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (leading_zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

// Appends the value as JSON; false when it had to be cut.
bool append_json_value(std::string& out, const Value& value) {
  const auto append = [&out](const auto& held) -> bool {
    using T = std::decay_t<decltype(held)>;
    if constexpr (std::is_same_v<T, std::nullptr_t>) {
      out += "null";
    } else if constexpr (std::is_same_v<T, bool>) {
      out += held ? "true" : "false";
    } else if constexpr (std::is_same_v<T, double>) {
      if (std::isfinite(held)) {
        fmt::format_to(std::back_inserter(out), "{}", held);
      } else {
        out += "null";
      }
    } else if constexpr (std::is_same_v<T, std::string>) {
      return http::append_json_string(out, held, kValueBytesMax);
    } else if constexpr (std::is_same_v<T, Exact>) {
      if (held.text.size() <= kNameBytesMax && is_json_number(held.text)) {
        out += held.text;
      } else {
        return http::append_json_string(out, held.text, kValueBytesMax);
      }
    } else {
      fmt::format_to(std::back_inserter(out), "{}", held);
    }
    return true;
  };
  return std::visit(append, value.storage());
}

bool needs_quotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
           return c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\';
         });
}

bool append_text_value(std::string& out, const Value& value) {
  const auto* const text = std::get_if<std::string>(&value.storage());
  if (text == nullptr || needs_quotes(*text)) return append_json_value(out, value);
  out.append(*text, 0, kValueBytesMax);
  return text->size() <= kValueBytesMax;
}

struct Line {
  std::string text;
  bool truncated = false;

  // Takes a rendered field if it fits.
  void add(const std::string& field) {
    if (text.size() + field.size() + kTailBytes > kLineBytesMax) {
      truncated = true;
    } else {
      text += field;
    }
  }
};

const Value& shown(const Field& field, const Value& hidden) {
  return is_secret_key(field.key) ? hidden : field.value;
}

void add_json_fields(Line& line, Fields fields) {
  const Value hidden("***");
  std::string rendered;
  for (const Field& field : fields) {
    rendered = ",";
    const bool taken = std::find(kOwnKeys.begin(), kOwnKeys.end(), field.key) != kOwnKeys.end();
    http::append_json_string(
        rendered, taken ? std::string(field.key) + "_" : std::string(field.key), kNameBytesMax);
    rendered += ':';
    if (!append_json_value(rendered, shown(field, hidden))) line.truncated = true;
    line.add(rendered);
  }
}

void add_text_fields(Line& line, Fields fields) {
  const Value hidden("***");
  std::string rendered;
  for (const Field& field : fields) {
    rendered = ' ';
    rendered.append(field.key.substr(0, kNameBytesMax)) += '=';
    if (!append_text_value(rendered, shown(field, hidden))) line.truncated = true;
    line.add(rendered);
  }
}

// The text escaped as in JSON, so that one line stays one line. Quotes stay: the text is not inside
// any.
bool append_escaped(std::string& out, std::string_view text, std::size_t bytes_max) {
  std::string quoted;
  const bool whole = http::append_json_string(quoted, text, bytes_max);
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\' && quoted[++i] != '"') out += '\\';
    out += quoted[i];
  }
  return whole;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// --- the process's writer ------------------------------------------------------------------------

// Each line is flushed by the background thread: a killed process loses only what was still queued.
class FlushingSink final : public spdlog::sinks::sink {
 public:
  explicit FlushingSink(std::unique_ptr<spdlog::sinks::sink> inner) : inner_(std::move(inner)) {}
  void log(const spdlog::details::log_msg& message) override {
    inner_->log(message);
    inner_->flush();
  }
  void flush() override { inner_->flush(); }
  void set_pattern(const std::string& pattern) override { inner_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    inner_->set_formatter(std::move(formatter));
  }

 private:
  std::unique_ptr<spdlog::sinks::sink> inner_;
};

struct Writer {
  Settings settings;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // spdlog's own interface wants it shared
  std::shared_ptr<spdlog::async_logger> logger;
  std::uint64_t dropped_before = 0;  // by pools that have been shut down
};

// What main has set up. It is written before the process has a second thread, and after it has
// none.
Writer& writer() {
  static Writer instance;
  return instance;
}
std::atomic<Level> level_min{Level::Info};

std::string render(Level level, std::string_view message, Fields fields, std::uint64_t suppressed) {
  const Settings& settings = writer().settings;
  return format_line(settings.format, Clock{}.now(), level, {settings.service, settings.replica},
                     message, fields, suppressed);
}

void write_to_stderr(std::string line) {
  line += '\n';
  (void)write_while_room(STDERR_FILENO, line, kLastWordsPatience);
}

void write_line(Level level, std::string_view message, Fields fields, std::uint64_t suppressed) {
  std::string line = render(level, message, fields, suppressed);
  if (const auto& logger = writer().logger) {
    logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  } else {
    write_to_stderr(std::move(line));
  }
}

void print_broken_invariant(const char* expression, const char* file, int line) {
  write_now(Level::Critical, "Broken invariant",
            {{"expression", expression}, {"file", file}, {"line", line}});
}

[[noreturn]] void print_terminate() {
  std::string what = "no exception";
  if (const std::exception_ptr thrown = std::current_exception()) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      what = error.what();
    } catch (...) {
      what = "an unknown exception";
    }
  }
  write_now(Level::Critical, "Terminated by an uncaught exception", {{"error", what}});
  std::abort();
}

std::unique_ptr<spdlog::sinks::sink> make_sink(const Settings& settings) {
  if (settings.file.empty()) return std::make_unique<spdlog::sinks::stdout_sink_st>();
  try {
    return std::make_unique<spdlog::sinks::rotating_file_sink_st>(settings.file, kFileBytesMax,
                                                                  kFiles - 1);
  } catch (const spdlog::spdlog_ex& error) {
    throw CannotStart("log.file: cannot open " + settings.file + ": " + error.what());
  }
}

}  // namespace

// --- public --------------------------------------------------------------------------------------

Value::Value(domain::Timestamp at) : storage_(to_rfc3339(at)) {}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::Trace:
      return "TRACE";
    case Level::Debug:
      return "DEBUG";
    case Level::Info:
      return "INFO";
    case Level::Warning:
      return "WARNING";
    case Level::Error:
      return "ERROR";
    case Level::Critical:
      return "CRITICAL";
  }
  return "CRITICAL";
}

std::optional<Format> parse_format(std::string_view text) {
  if (http::equal_ignoring_case(text, "json")) return Format::Json;
  if (http::equal_ignoring_case(text, "text")) return Format::Text;
  return std::nullopt;
}

std::optional<Level> parse_level(std::string_view text) {
  for (const Level level :
       {Level::Trace, Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Critical}) {
    if (http::equal_ignoring_case(text, to_string(level))) return level;
  }
  return std::nullopt;
}

bool is_secret_key(std::string_view key) {
  std::string lowered(key);
  std::transform(key.begin(), key.end(), lowered.begin(),
                 [](char c) { return c == '-' || c == '.' ? '_' : lower(c); });
  return std::any_of(kSecretKeys.begin(), kSecretKeys.end(), [&](std::string_view secret) {
    if (!lowered.ends_with(secret)) return false;
    return lowered.size() == secret.size() || lowered[lowered.size() - secret.size() - 1] == '_';
  });
}

std::string format_line(Format format, domain::Timestamp at, Level level, const Identity& identity,
                        std::string_view message, Fields fields, std::uint64_t suppressed) {
  Line line;
  line.text.reserve(256);
  if (format == Format::Text) {
    line.text.append(to_rfc3339(at)).append(" ").append(to_string(level)).append(" ");
    append_escaped(line.text, identity.service, kNameBytesMax);
    line.text += '/';
    append_escaped(line.text, identity.replica, kNameBytesMax);
    line.text += ' ';
    line.truncated = !append_escaped(line.text, message, kMessageBytesMax);
    add_text_fields(line, fields);
    if (suppressed > 0) line.text.append(" suppressed=").append(std::to_string(suppressed));
    if (line.truncated) line.text.append(" truncated=true");
    return std::move(line.text);
  }
  line.text.append("{\"timestamp\":\"").append(to_rfc3339(at));
  line.text.append("\",\"level\":\"").append(to_string(level)).append("\",\"message\":");
  line.truncated = !http::append_json_string(line.text, message, kMessageBytesMax);
  line.text.append(",\"service\":");
  http::append_json_string(line.text, identity.service, kNameBytesMax);
  line.text.append(",\"replica\":");
  http::append_json_string(line.text, identity.replica, kNameBytesMax);
  add_json_fields(line, fields);
  if (suppressed > 0) line.text.append(",\"suppressed\":").append(std::to_string(suppressed));
  if (line.truncated) line.text.append(",\"truncated\":true");
  line.text += '}';
  return std::move(line.text);
}

void configure(const Settings& settings) {
  writer().settings = settings;
  level_min.store(settings.level);
  domain::set_assertion_handler(print_broken_invariant);
  std::set_terminate(print_terminate);
}

void init(const Settings& settings) {
  configure(settings);
  Writer& state = writer();
  auto sink = std::make_shared<FlushingSink>(make_sink(settings));
  state.pool =
      std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1U, wake_without_interrupting);
  state.logger = std::make_shared<spdlog::async_logger>(
      "polybot", std::move(sink), state.pool, spdlog::async_overflow_policy::overrun_oldest);
  // The line is complete when spdlog gets it: its own patterns do not escape.
  state.logger->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n"));
  state.logger->set_error_handler([](const std::string& what) {
    static Limited limited(std::chrono::seconds(10));
    if (limited.admit())
      write_now(Level::Error, "Log line could not be written", {{"error", what}});
  });
}

void shutdown() {
  Writer& state = writer();
  if (!state.logger) return;
  state.dropped_before += state.pool->overrun_counter();
  state.logger.reset();
  state.pool.reset();  // writes what is queued and joins its thread
}

bool enabled(Level level) {
  return level >= level_min.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message, Fields fields) {
  if (enabled(level)) write_line(level, message, fields, 0);
}

void write_now(Level level, std::string_view message, Fields fields) {
  write_to_stderr(render(level, message, fields, 0));
}

std::uint64_t dropped() {
  const Writer& state = writer();
  return state.dropped_before + (state.pool ? state.pool->overrun_counter() : 0);
}

bool Limited::admit() {
  const domain::Duration now = Clock{}.monotonic();
  if (last_ && now - *last_ < interval_) {
    ++suppressed_;
    return false;
  }
  last_ = now;
  return true;
}

void Limited::write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level) || !admit()) return;
  write_line(level, message, fields, std::exchange(suppressed_, 0));
}

}  // namespace polybot::runtime::log
