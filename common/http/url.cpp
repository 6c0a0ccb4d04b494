#include "common/http/url.hpp"

#include <boost/system/errc.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace polybot::http {

std::string Url::host_field() const {
  const bool own_port = port == (tls ? 443 : 80);
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return own_port ? name : name + ":" + std::to_string(port);
}

boost::system::result<Url> parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return parsed.error();
  const boost::urls::url_view view = *parsed;
  const auto invalid = make_error_code(boost::system::errc::invalid_argument);

  Url url;
  const std::string scheme = view.scheme();
  if (scheme == "https" || scheme == "wss") {
    url.tls = true;
  } else if (scheme != "http" && scheme != "ws") {
    return invalid;
  }
  if (view.has_userinfo() || view.encoded_host().empty()) return invalid;
  url.host = view.host_address();
  url.port = url.tls ? 443 : 80;
  if (view.has_port() && !view.port().empty()) {
    const auto digits = view.port();
    const auto [end, ec] = std::from_chars(digits.begin(), digits.end(), url.port);
    if (ec != std::errc{} || end != digits.end() || url.port == 0) return invalid;
  }
  url.target = std::string(view.encoded_target());
  if (url.target.empty() || url.target.front() != '/') url.target.insert(0, "/");
  return url;
}

}  // namespace polybot::http
