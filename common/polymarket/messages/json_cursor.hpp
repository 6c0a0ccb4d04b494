// A strict, allocation-free, on-demand reader over JSON text, for the one message that arrives a
// thousand times a second. It checks the whole grammar of what it passes over, but leaves text as
// it stands in the input: escapes are validated, not decoded, and numbers are handed out as text,
// so that decimals never become doubles. Internal to this library; everything rare uses Boost.JSON
// (json.hpp).
//
// Every function returns false when the input is not JSON at that point; the cursor is then useless
// until it is put back to an earlier position().
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

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
  [[nodiscard, gnu::always_inline]] bool consume(char c) {
    if (at_ != end_ && *at_ != c) skip_space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  // Reads a string, which must start here; `text` is what stands between the quotes.
  [[nodiscard]] bool read_string(std::string_view& text) {
    return consume('"') && finish_string(text);
  }

  // Reads a string, number or literal. Passes over an object or array, which leaves `scalar`
  // absent.
  [[nodiscard]] bool read_scalar(Scalar& scalar) {
    if (!consume('"')) return read_bare(scalar);
    scalar.kind = ScalarKind::String;
    return finish_string(scalar.text);
  }

  // Passes over one complete value of any type.
  [[nodiscard]] bool skip_value(int depth = 0);

  // Calls on_member(i) for each member whose key is kKeys[i], with the cursor at its value, which
  // on_member consumes; passes over the others. Stops and returns false as soon as on_member does
  // or the text is no object. Fastest when the members come in the order of kKeys: whether the
  // next key is the expected one is seen before its end is looked for.
  template <const auto& kKeys, class OnMember>
  [[nodiscard]] bool read_members(OnMember&& on_member) {
    std::size_t expected = 0;
    return read_object([&] {
      std::size_t i = expected;
      if (!consume_key<kKeys>(i, std::make_index_sequence<kKeys.size()>())) {
        std::string_view key;
        if (!read_string(key) || !consume(':')) return false;
        i = static_cast<std::size_t>(std::find(kKeys.begin(), kKeys.end(), key) - kKeys.begin());
        if (i == kKeys.size()) return skip_value();
      }
      expected = i + 1;
      return on_member(i);
    });
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
  // Calls on_member() with the cursor at each member's key.
  template <class OnMember>
  [[nodiscard]] bool read_object(OnMember&& on_member) {
    if (!consume('{')) return false;
    if (consume('}')) return true;
    for (;;) {
      if (!on_member()) return false;
      if (consume(',')) continue;
      return consume('}');
    }
  }
  // Consumes `"key":` if that, with no space inside, stands next and the key is kKeys[i]. Each
  // comparison is with a constant, which costs a fraction of a call of memcmp.
  template <const auto& kKeys, std::size_t... kIndices>
  bool consume_key(std::size_t i, std::index_sequence<kIndices...> /*all*/) {
    if (at_ != end_ && *at_ != '"') skip_space();
    return ((i == kIndices && consume_key(kKeys[kIndices])) || ...);
  }
  [[gnu::always_inline]] bool consume_key(std::string_view key) {
    const std::size_t size = key.size() + 3;
    if (static_cast<std::size_t>(end_ - at_) < size || at_[0] != '"' || at_[size - 2] != '"' ||
        at_[size - 1] != ':' || std::memcmp(at_ + 1, key.data(), key.size()) != 0)
      return false;
    at_ += size;
    return true;
  }
  void skip_space() {
    while (at_ != end_ && *at_ <= ' ' &&
           (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t'))
      ++at_;
  }
  // Reads on from behind the opening quote.
  bool finish_string(std::string_view& text) {
    const char* const begin = at_;
    for (;;) {
      at_ = next_special(at_, end_);
      if (at_ == end_ || (*at_ != '"' && *at_ != '\\')) return false;
      if (*at_++ == '"') break;
      if (!skip_escape()) return false;
    }
    text = {begin, static_cast<std::size_t>(at_ - begin) - 1};
    return true;
  }
  // The first character that means something inside a string (a quote, a backslash or a control
  // character), sixteen bytes at a time.
  static const char* next_special(const char* at, const char* end) {
    using Bytes [[gnu::vector_size(16)]] = unsigned char;
    using Halves [[gnu::vector_size(16)]] = std::uint64_t;
    for (; end - at >= 16; at += 16) {
      Bytes bytes;
      std::memcpy(&bytes, at, sizeof bytes);
      const auto special = std::bit_cast<Halves>((bytes == '"') | (bytes == '\\') | (bytes < 0x20));
      if (special[0] != 0) return at + std::countr_zero(special[0]) / 8;
      if (special[1] != 0) return at + 8 + std::countr_zero(special[1]) / 8;
    }
    while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
    return at;
  }
  bool read_bare(Scalar& scalar);  // anything but a string
  bool skip_escape();
  bool skip_number();
  bool skip_literal(std::string_view literal);
  bool skip_digits();

  const char* at_;
  const char* end_;
};

}  // namespace polybot::polymarket
