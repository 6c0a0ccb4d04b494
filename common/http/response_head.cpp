#include "common/http/response_head.hpp"

#include <array>
#include <charconv>

namespace polybot::http {
namespace {

std::string http_date(std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void ResponseHead::append(std::string& out, const Response& response, Connection connection) {
  out.append("HTTP/1.1 ");
  append_number(out, response.status);
  out.append(" ").append(reason_phrase(response.status)).append("\r\n");
  append_field(out, "Server", server_name_);
  const std::time_t now = std::time(nullptr);  // RFC 9110 §6.6.1: an origin server sends Date
  if (now != date_at_) {
    date_at_ = now;
    date_ = http_date(now);
  }
  append_field(out, "Date", date_);
  if (!is_without_body(response.status)) {
    if (!response.content_type.empty()) append_field(out, "Content-Type", response.content_type);
    out.append("Content-Length: ");
    append_number(out, response.body.size());
    out.append("\r\n");
  }
  if (connection == Connection::Close) append_field(out, "Connection", "close");
  for (const Headers::Field& field : response.headers) append_field(out, field.name, field.value);
  out.append("\r\n");
}

}  // namespace polybot::http
