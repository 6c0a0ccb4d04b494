// Whether a request says what it means: the parameters that its route knows, and the
// Idempotency-Key that names a command.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "common/domain/commands.hpp"
#include "common/http/message.hpp"

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

  // `fresh_key` makes up a key for a caller that gives none.
  explicit RouteGuard(std::function<std::string()> fresh_key) : fresh_key_(std::move(fresh_key)) {}

  // 400 for a query parameter that is not `allowed`, or given twice: a misspelt scope must not
  // become the whole account.
  [[nodiscard]] static std::optional<http::Response> refuse_query(const http::Request& request,
                                                                  const Parameters& allowed);
  // The command that this request stands for; 400 for a body (no call has one), and for a malformed
  // or second key; 422 for a key that was used for another request before.
  [[nodiscard]] std::variant<CommandKey, http::Response> identify(const http::Request& request);

 private:
  std::function<std::string()> fresh_key_;
  std::unordered_map<std::string, domain::CommandId> keys_;
  std::deque<std::string> key_order_;
};

}  // namespace polybot::gateway
