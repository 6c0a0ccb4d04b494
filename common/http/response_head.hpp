// Renders the head of a response: status line and fields. No I/O. Private to this library.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

#include "common/http/message.hpp"

namespace polybot::http {

enum class Connection : std::uint8_t { Keep, Close };

// No body and no Content-Length go with these (RFC 9110 §6.4.1).
[[nodiscard]] constexpr bool is_without_body(unsigned status) {
  return status < 200 || status == 204 || status == 304;
}

class ResponseHead {
 public:
  explicit ResponseHead(std::string server_name) : server_name_(std::move(server_name)) {}

  // Appends all up to and with the empty line. Content-Length is that of `response.body`.
  void append(std::string& out, const Response& response, Connection connection);

 private:
  std::string server_name_;
  std::time_t date_at_ = 0;
  std::string date_;  // rendered once a second
};

}  // namespace polybot::http
