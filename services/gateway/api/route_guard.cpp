#include "services/gateway/api/route_guard.hpp"

#include <algorithm>
#include <utility>

#include "services/gateway/api/command_desk.hpp"

namespace polybot::gateway {
namespace {

constexpr std::string_view kBearer = "bearer ";

// "localhost:8080" -> "localhost", "[::1]:8080" -> "[::1]"
std::string_view without_port(std::string_view host) {
  if (!host.empty() && host.front() == '[') {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(0, end + 1);
  }
  return host.substr(0, host.find(':'));
}

std::string_view host_of_origin(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

}  // namespace

RouteGuard::RouteGuard(runtime::Secret token, std::vector<std::string> hosts,
                       std::function<std::string()> fresh_key)
    : token_(std::move(token)), hosts_(std::move(hosts)), fresh_key_(std::move(fresh_key)) {
  for (const char* own : {"localhost", "127.0.0.1", "[::1]"}) hosts_.emplace_back(own);
}

bool RouteGuard::known_host(std::string_view host_field) const {
  const std::string_view host = without_port(host_field);
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& known) {
    return known == "*" || http::equal_ignoring_case(known, host);
  });
}

std::optional<http::Response> RouteGuard::refuse_host(const http::Request& request) const {
  const auto host = request.headers.find("Host");
  if (host && !known_host(*host)) {
    return http::problem(403, "this API is not reached under that host name; see api.hosts");
  }
  // Browsers send Origin with every cross-site request and WebSocket; other clients rarely do.
  const auto origin = request.headers.find("Origin");
  if (origin && !known_host(host_of_origin(*origin))) {
    return http::problem(403, "pages of other origins may not call this API");
  }
  return std::nullopt;
}

std::optional<http::Response> RouteGuard::refuse_query(const http::Request& request,
                                                       const Parameters& allowed) {
  for (auto at = request.query.begin(); at != request.query.end(); ++at) {
    const std::string& name = at->first;
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      return http::problem(400, "this call has no parameter '" + name + "'");
    }
    const auto same = [&](const auto& other) { return other.first == name; };
    if (std::any_of(request.query.begin(), at, same)) {
      return http::problem(400, "parameter '" + name + "' is given twice");
    }
  }
  return std::nullopt;
}

std::optional<http::Response> RouteGuard::refuse_token(const http::Request& request) const {
  const auto header = request.headers.find("Authorization");
  if (!header || header->size() <= kBearer.size() ||
      !http::equal_ignoring_case(header->substr(0, kBearer.size()), kBearer)) {
    http::Response refused = http::problem(
        401, "this call needs \"Authorization: Bearer <token>\"; make token prints it");
    refused.headers.set("WWW-Authenticate", "Bearer");
    return refused;
  }
  if (!token_.matches(header->substr(kBearer.size())))
    return http::problem(403, "the token is wrong");
  return std::nullopt;
}

std::variant<CommandKey, http::Response> RouteGuard::identify(const http::Request& request) {
  if (!request.body.empty()) {
    return http::problem(400,
                         "this call takes no body; what it applies to is in its path and query");
  }
  const auto is_key = [](const http::Headers::Field& field) {
    return http::equal_ignoring_case(field.name, "Idempotency-Key");
  };
  if (std::count_if(request.headers.begin(), request.headers.end(), is_key) > 1) {
    return http::problem(400, "there is more than one Idempotency-Key");
  }
  std::string key;
  if (const auto given = request.headers.find("Idempotency-Key")) {
    const bool printable =
        std::all_of(given->begin(), given->end(), [](char c) { return c >= ' ' && c < 0x7f; });
    if (given->empty() || given->size() > kKeyBytesMax || !printable) {
      return http::problem(400, "Idempotency-Key must be 1 to 200 printable ASCII characters");
    }
    key = *given;
  } else {
    key = fresh_key_();
  }
  std::string asked(http::to_string(request.method));
  asked.append(" ").append(request.target);
  const CommandKey command{key, command_id(key, asked)};
  const auto [at, added] = keys_.emplace(key, command.id);
  if (!added && at->second != command.id) {
    return http::problem(422, "this Idempotency-Key was used for another request");
  }
  if (added) key_order_.push_back(key);
  if (key_order_.size() > kKeysKept) {
    keys_.erase(key_order_.front());
    key_order_.pop_front();
  }
  return command;
}

}  // namespace polybot::gateway
