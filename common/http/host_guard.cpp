#include "common/http/host_guard.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace polybot::http {
namespace {

// "localhost:8080" -> "localhost", "[::1]:8080" -> "[::1]"
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(0, end + 1);
  }
  return host.substr(0, host.find(':'));
}

std::string_view host_of_origin(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view()
                                          : without_port(origin.substr(scheme + 3));
}

bool is_ip_address(std::string_view host) {
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  boost::system::error_code wrong;
  const auto address = boost::asio::ip::make_address(std::string(host), wrong);
  return !wrong && address.is_v6() == brackets;
}

bool is_loopback(std::string_view host) {
  return equal_ignoring_case(host, "localhost") || host == "127.0.0.1" || host == "[::1]";
}

}  // namespace

bool HostGuard::is_own_name(std::string_view host) const {
  return is_loopback(host) ||
         std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& name) { return equal_ignoring_case(name, host); });
}

std::optional<HostGuard::Refusal> HostGuard::refuse(const Request& request) const {
  const auto field = request.headers.find("Host");
  const std::string_view host = without_port(field.value_or(std::string_view()));
  const bool any = std::find(names_.begin(), names_.end(), "*") != names_.end();
  if (field && !any && !is_own_name(host) && !is_ip_address(host)) return Refusal::Host;
  const auto origin = request.headers.find("Origin");
  if (!origin) return std::nullopt;
  // An address is accepted as a host and not as an origin: a page of any site can have one.
  const std::string_view page = host_of_origin(*origin);
  const bool own = !page.empty() && (is_own_name(page) || equal_ignoring_case(page, host));
  return own ? std::nullopt : std::optional(Refusal::Origin);
}

}  // namespace polybot::http
