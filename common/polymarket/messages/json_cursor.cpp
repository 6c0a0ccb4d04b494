#include "common/polymarket/messages/json_cursor.hpp"

namespace polybot::polymarket {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

bool JsonCursor::read_bare(Scalar& scalar) {
  const char next = peek();
  if (next == '{' || next == '[') {
    scalar = {};
    return skip_value();
  }
  const char* const begin = at_;
  if (next == '-' || is_digit(next)) {
    scalar.kind = ScalarKind::Number;
    if (!skip_number()) return false;
  } else {
    scalar.kind = ScalarKind::Literal;
    if (!skip_literal("true") && !skip_literal("false") && !skip_literal("null")) return false;
  }
  scalar.text = {begin, static_cast<std::size_t>(at_ - begin)};
  return true;
}

bool JsonCursor::skip_value(int depth) {
  if (depth > kDepthMax) return false;
  const char next = peek();
  if (next == '{') {
    return read_object([&] {
      std::string_view key;
      return read_string(key) && consume(':') && skip_value(depth + 1);
    });
  }
  if (next == '[') {
    return read_array([&] { return skip_value(depth + 1); });
  }
  Scalar ignored;
  return read_scalar(ignored);
}

bool JsonCursor::skip_escape() {
  constexpr std::string_view kSimple = "\"\\/bfnrt";
  if (at_ == end_) return false;
  const char c = *at_++;
  if (kSimple.find(c) != std::string_view::npos) return true;
  if (c != 'u') return false;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == end_ || !is_hex_digit(*at_)) return false;
  }
  return true;
}

bool JsonCursor::skip_digits() {
  const char* const begin = at_;
  while (at_ != end_ && is_digit(*at_)) ++at_;
  return at_ != begin;
}

bool JsonCursor::skip_number() {
  if (at_ != end_ && *at_ == '-') ++at_;
  const bool leading_zero = at_ != end_ && *at_ == '0';
  const char* const begin = at_;
  if (!skip_digits() || (leading_zero && at_ - begin > 1)) return false;
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!skip_digits()) return false;
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!skip_digits()) return false;
  }
  return true;
}

bool JsonCursor::skip_literal(std::string_view literal) {
  const auto left = static_cast<std::size_t>(end_ - at_);
  if (left < literal.size() || std::string_view(at_, literal.size()) != literal) return false;
  at_ += literal.size();
  return true;
}

}  // namespace polybot::polymarket
