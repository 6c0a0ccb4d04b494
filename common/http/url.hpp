// The parts of an http(s) or ws(s) address that a client needs.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace polybot::http {

struct Url {
  bool tls = false;  // https, wss
  std::string host;  // without brackets
  std::uint16_t port = 80;
  std::string target = "/";  // path and query, as given

  // "host" or "host:port" when the port is not the scheme's own.
  [[nodiscard]] std::string host_field() const;
};

// Accepts http, https, ws and wss. Errors: those of Boost.URL, and errc::invalid_argument for
// another scheme, a missing host, user information or a port of 0.
[[nodiscard]] boost::system::result<Url> parse_url(std::string_view text);

}  // namespace polybot::http
