// Who may do what with the API: looks for the bearer token of a request among the known ones. A
// wrong one is logged (never the token itself), counted, and answered late, the later the more of
// them came from its address.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/http/message.hpp"
#include "common/metrics/registry.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "services/gateway/api/access/failed_tokens.hpp"
#include "services/gateway/api/access/refusal.hpp"
#include "services/gateway/api/access/tokens.hpp"

namespace polybot::gateway {

// polybot_requests_refused_total of the API.
class RefusalMetrics {
 public:
  explicit RefusalMetrics(metrics::Registry& registry);
  void count(ApiRefusal reason) { counters_[domain::place_of(reason)].increment(); }

 private:
  std::vector<metrics::Counter> counters_;
};

class Authorizer {
 public:
  // `metrics` outlives it.
  Authorizer(Tokens tokens, RefusalMetrics& metrics, runtime::Clock clock)
      : tokens_(std::move(tokens)), metrics_(metrics), clock_(clock) {}

  struct Caller {
    std::string token;  // its name
  };
  using Outcome = std::variant<Caller, http::Response>;
  // Whether reading needs a token.
  [[nodiscard]] bool asks_readers() const { return tokens_.needed_to_read(); }
  // Waits before it refuses a wrong token: 401 without a token, 403 with one that is wrong, revoked
  // or for reading only, 429 when too many refusals wait.
  [[nodiscard]] boost::asio::awaitable<Outcome> to_read(http::Request request);
  [[nodiscard]] boost::asio::awaitable<Outcome> to_command(http::Request request);
  // The same questions at once, without any consequence.
  [[nodiscard]] bool may_read(const http::Request& request);
  [[nodiscard]] bool may_command(const http::Request& request);
  // Logs and counts the token of a request that is turned away for another reason, if it is wrong.
  void note(const http::Request& request);

 private:
  void tell(ApiRefusal reason, const std::string& name, const http::Request& request);
  // Empty without a token that is known and not revoked.
  [[nodiscard]] std::optional<TokenUse> use_of(const http::Request& request);
  enum class Need : std::uint8_t { Read, Command };
  [[nodiscard]] boost::asio::awaitable<Outcome> authorize(http::Request request, Need need);
  [[nodiscard]] boost::asio::awaitable<http::Response> hold_back(http::Request request,
                                                                 Tokens::Found found);

  Tokens tokens_;
  RefusalMetrics& metrics_;
  runtime::Clock clock_;
  FailedTokens failed_;
  runtime::log::Limited log_;
};

}  // namespace polybot::gateway
