// A strict, allocation-free, on-demand reader over JSON text, for the one message that arrives a
// thousand times a second. It checks the whole grammar of what it passes over, but leaves text as
// it stands in the input: escapes are validated, not decoded, and numbers are handed out as text,
// so that decimals never become doubles. Internal to this library; everything rare uses Boost.JSON
// (json.hpp).
//
// Every function returns false when the input is not JSON at that point; the cursor is then useless
// until it is put back to an earlier position().
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace polybot::polymarket {

static_assert(std::endian::native == std::endian::little);

class JsonCursor {
 public:
  static constexpr int kDepthMax = 32;  // the venue nests four deep

  enum class ScalarKind : std::uint8_t { Absent, String, Number, Literal };
  // A string's text between its quotes, a number's digits, or true / false / null.
  struct Scalar {
    ScalarKind kind = ScalarKind::Absent;
    std::string_view text;
    [[nodiscard]] bool present() const { return kind != ScalarKind::Absent && text != "null"; }
  };

  explicit JsonCursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  [[nodiscard]] const char* position() const { return at_; }
  void rewind(const char* position) { at_ = position; }

  // The next significant character without consuming it; NUL at the end.
  [[nodiscard]] char peek() {
    skip_space();
    return at_ == end_ ? '\0' : *at_;
  }
  [[nodiscard]] bool at_end() {
    skip_space();
    return at_ == end_;
  }

  // Consumes `c` if it is the next significant character.
  [[nodiscard]] bool consume(char c) {
    if (peek() != c || at_ == end_) return false;
    ++at_;
    return true;
  }

  // Reads a string, which must start here; `text` is what stands between the quotes.
  [[nodiscard]] bool read_string(std::string_view& text) {
    if (!consume('"')) return false;
    const char* const begin = at_;
    for (;;) {
      skip_plain();
      if (at_ == end_) return false;
      const char c = *at_;
      if (c == '"') {
        text = {begin, static_cast<std::size_t>(at_ - begin)};
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      ++at_;
      if (c == '\\' && !skip_escape()) return false;
    }
  }

  // Reads a string, number or literal; false for objects and arrays too.
  [[nodiscard]] bool read_scalar(Scalar& scalar);

  // Passes over one complete value of any type.
  [[nodiscard]] bool skip_value(int depth = 0);

  // Calls on_field(key) for each member with the cursor at its value, which on_field consumes.
  // Stops and returns false as soon as on_field does or the text is no object.
  template <class OnField>
  [[nodiscard]] bool read_object(OnField&& on_field) {
    if (!consume('{')) return false;
    if (consume('}')) return true;
    for (;;) {
      std::string_view key;
      if (!read_string(key) || !consume(':') || !on_field(key)) return false;
      if (consume(',')) continue;
      return consume('}');
    }
  }

  // Calls on_element() for each element with the cursor at it.
  template <class OnElement>
  [[nodiscard]] bool read_array(OnElement&& on_element) {
    if (!consume('[')) return false;
    if (consume(']')) return true;
    for (;;) {
      if (!on_element()) return false;
      if (consume(',')) continue;
      return consume(']');
    }
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  // Passes over characters that mean nothing special inside a string, eight at a time: a byte is
  // special when it is a quote, a backslash or a control character. The trick flags the lowest
  // special byte exactly; flags above it may be false, so only the lowest is used.
  void skip_plain() {
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    constexpr std::uint64_t kHighBits = 0x8080808080808080U;
    while (end_ - at_ >= 8) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, at_, sizeof bytes);
      const std::uint64_t quote = bytes ^ (kOnes * '"');
      const std::uint64_t backslash = bytes ^ (kOnes * '\\');
      const std::uint64_t special =
          (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
           ((bytes - kOnes * 0x20) & ~bytes)) &
          kHighBits;
      if (special != 0) {
        at_ += std::countr_zero(special) / 8;  // little-endian: the lowest byte is the first
        return;
      }
      at_ += 8;
    }
    while (at_ != end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20)
      ++at_;
  }
  bool skip_escape();
  bool skip_number();
  bool skip_literal(std::string_view literal);
  bool skip_digits();

  const char* at_;
  const char* end_;
};

}  // namespace polybot::polymarket
