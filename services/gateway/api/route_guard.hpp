// Who may call what: the Host check that keeps web pages of other origins out (DNS rebinding), the
// bearer token of mutating calls, and the Idempotency-Key that names a command.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/domain/commands.hpp"
#include "common/http/message.hpp"
#include "common/runtime/secret.hpp"

namespace polybot::gateway {

struct CommandKey {
  std::string key;  // as given, or made up
  domain::CommandId id;
};

class RouteGuard {
 public:
  using Parameters = std::vector<std::string_view>;
  static constexpr std::size_t kKeyBytesMax = 200;
  static constexpr std::size_t kKeysKept = 10'000;

  // `hosts` are names beside localhost, 127.0.0.1 and [::1] under which this API is reached,
  // without port; "*" accepts any. `fresh_key` makes up a key for a caller that gives none.
  RouteGuard(runtime::Secret token, std::vector<std::string> hosts,
             std::function<std::string()> fresh_key);

  // 403 when the request names another host, or comes from a page of another origin.
  [[nodiscard]] std::optional<http::Response> refuse_host(const http::Request& request) const;
  // 400 for a query parameter that is not `allowed`, or given twice: a misspelt scope must not
  // become the whole account.
  [[nodiscard]] static std::optional<http::Response> refuse_query(const http::Request& request,
                                                                  const Parameters& allowed);
  // 401 without a bearer token, 403 with a wrong one.
  [[nodiscard]] std::optional<http::Response> refuse_token(const http::Request& request) const;
  // The command that this request stands for; 400 for a body (no call has one), and for a malformed
  // or second key; 422 for a key that was used for another request before.
  [[nodiscard]] std::variant<CommandKey, http::Response> identify(const http::Request& request);

 private:
  [[nodiscard]] bool known_host(std::string_view host_field) const;

  runtime::Secret token_;
  std::vector<std::string> hosts_;
  std::function<std::string()> fresh_key_;
  std::unordered_map<std::string, domain::CommandId> keys_;
  std::deque<std::string> key_order_;
};

}  // namespace polybot::gateway
