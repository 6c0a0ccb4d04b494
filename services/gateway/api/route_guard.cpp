#include "services/gateway/api/route_guard.hpp"

#include <algorithm>
#include <utility>

#include "services/gateway/api/command_desk.hpp"

namespace polybot::gateway {
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
