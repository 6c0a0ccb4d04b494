#include "deploy/launcher/display_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "common/runtime/clock.hpp"

namespace polybot::launcher {
namespace {

struct Glyph {
  std::string_view bytes;
  std::size_t columns = 1;
};

std::size_t columns_of_code_point(std::uint32_t code) {
  const bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                    (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                    (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                    (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
  return wide ? 2 : 1;
}

// Characters of no width, and those that turn the direction of what follows: a name from outside
// must neither hide nor reorder its neighbours.
bool is_invisible(std::uint32_t code) {
  return code == 0x61C || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) ||
         code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB) || code >= 0xE0000;
}

// The first character of a non-empty text; a byte that is no UTF-8 counts as one.
Glyph first_glyph(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (first < 0x20 || first == 0x7F || (first >= 0x80 && first < 0xC2) || first > 0xF4)
    return {"?", 1};
  if (size > text.size()) return {"?", 1};
  std::uint32_t code = size == 1 ? first : first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {"?", 1};
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  // Control characters are replaced as well.
  if ((code >= 0x80 && code < 0xA0) || is_invisible(code)) return {"?", 1};
  return {text.substr(0, size), columns_of_code_point(code)};
}

// The bytes that first_glyph has read.
std::size_t bytes_taken(std::string_view text, const Glyph& glyph) {
  return glyph.bytes.data() == text.data() ? glyph.bytes.size() : 1;
}

// The bytes of the longest beginning with at most so many columns; 0 when there is none.
std::size_t bytes_that_fit(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  for (std::size_t used = 0; bytes < text.size();) {
    const Glyph glyph = first_glyph(text.substr(bytes));
    used += glyph.columns;
    if (used > columns) break;
    bytes += bytes_taken(text.substr(bytes), glyph);
  }
  return bytes;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    columns += glyph.columns;
    text.remove_prefix(bytes_taken(text, glyph));
  }
  return columns;
}

std::string fitted(std::string_view text, std::size_t columns) {
  std::string whole;
  std::string cut;  // what is shown when the whole does not fit: a column is left for the mark
  std::size_t used = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    if (used + glyph.columns > columns) return columns == 0 ? std::string() : cut + "…";
    used += glyph.columns;
    whole += glyph.bytes;
    if (used < columns) cut = whole;
    text.remove_prefix(bytes_taken(text, glyph));
  }
  return whole;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns,
                                 std::string_view indent) {
  std::vector<std::string> lines;
  const std::size_t first_word = std::min(text.find_first_not_of(' '), text.size());
  std::string line(text.substr(0, first_word));
  text.remove_prefix(first_word);
  bool has_words = false;
  const auto break_line = [&] {
    lines.push_back(fitted(line, columns));
    line = indent;
    has_words = false;
  };
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (word.empty()) continue;
    if (has_words && columns_of(line) + 1 + columns_of(word) > columns) break_line();
    if (has_words) line += ' ';
    while (columns_of(line) + columns_of(word) > columns) {
      const std::size_t used = std::min(columns_of(line), columns);
      const std::size_t part = bytes_that_fit(word, columns - used);
      if (part == 0) break;  // a terminal of hardly any columns
      line += word.substr(0, part);
      word.remove_prefix(part);
      break_line();
    }
    line += word;
    has_words = true;
  }
  if (has_words) lines.push_back(fitted(line, columns));
  return lines;
}

std::string elapsed_text(domain::Duration elapsed) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string clock_text(std::string_view rfc3339, domain::Timestamp now) {
  // "2026-06-08T12:00:00.123Z"
  if (rfc3339.size() < 20 || rfc3339[10] != 'T') return std::string(rfc3339);
  const std::string time = std::string(rfc3339.substr(11, 8)) + "Z";
  const std::string_view day = rfc3339.substr(0, 10);
  return day == runtime::to_rfc3339(now).substr(0, 10) ? time : std::string(day) + " " + time;
}

std::string clock_text(domain::Timestamp at, domain::Timestamp now) {
  return clock_text(runtime::to_rfc3339(at), now);
}

}  // namespace polybot::launcher
