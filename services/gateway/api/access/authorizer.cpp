#include "services/gateway/api/access/authorizer.hpp"

#include <utility>

namespace polybot::gateway {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kBearer = "bearer ";

// Empty without one.
std::string_view bearer_token(const http::Request& request) {
  const auto header = request.headers.find("Authorization");
  if (!header || header->size() <= kBearer.size() ||
      !http::equal_ignoring_case(header->substr(0, kBearer.size()), kBearer))
    return {};
  return header->substr(kBearer.size());
}

http::Response without_token() {
  http::Response refused = http::problem(
      401,
      "this call needs \"Authorization: Bearer <token>\"; make token prints one that may do all");
  refused.headers.set("WWW-Authenticate", "Bearer");
  return refused;
}

ApiRefusal reason_of(const Tokens::Found& found) {
  return found.kind == Tokens::Found::Kind::Revoked ? ApiRefusal::RevokedToken
                                                    : ApiRefusal::WrongToken;
}

}  // namespace

RefusalMetrics::RefusalMetrics(metrics::Registry& registry) {
  for (const ApiRefusal reason : domain::kEnumerators<ApiRefusal>) {
    counters_.push_back(
        registry.counter("polybot_requests_refused_total",
                         {registry.identity().service, "api", domain::name_of(reason)}));
  }
}

asio::awaitable<Authorizer::Outcome> Authorizer::to_read(http::Request request) {
  return authorize(std::move(request), Need::Read);
}

asio::awaitable<Authorizer::Outcome> Authorizer::to_command(http::Request request) {
  return authorize(std::move(request), Need::Command);
}

std::optional<TokenUse> Authorizer::use_of(const http::Request& request) {
  const std::string_view token = bearer_token(request);
  if (token.empty()) return std::nullopt;
  const Tokens::Found found = tokens_.find(token);
  return found.kind == Tokens::Found::Kind::Known ? std::optional(found.use) : std::nullopt;
}

bool Authorizer::may_read(const http::Request& request) {
  return !asks_readers() || use_of(request).has_value();
}

bool Authorizer::may_command(const http::Request& request) {
  return use_of(request) == TokenUse::Command;
}

void Authorizer::note(const http::Request& request) {
  const std::string_view token = bearer_token(request);
  if (token.empty()) return;
  const Tokens::Found found = tokens_.find(token);
  if (found.kind != Tokens::Found::Kind::Known) tell(reason_of(found), found.name, request);
}

void Authorizer::tell(ApiRefusal reason, const std::string& name, const http::Request& request) {
  metrics_.count(reason);
  log_.warning("API refused a token", {{"reason", domain::name_of(reason)},
                                       {"name", name},
                                       {"address", request.remote_address},
                                       {"endpoint", request.endpoint}});
}

asio::awaitable<Authorizer::Outcome> Authorizer::authorize(http::Request request, Need need) {
  const std::string_view token = bearer_token(request);
  if (token.empty()) {
    metrics_.count(ApiRefusal::NoToken);
    co_return without_token();
  }
  Tokens::Found found = tokens_.find(token);
  if (found.kind != Tokens::Found::Kind::Known) {
    http::Response refused = co_await hold_back(std::move(request), std::move(found));
    co_return std::move(refused);
  }
  if (need == Need::Command && found.use != TokenUse::Command) {
    metrics_.count(ApiRefusal::ReadOnlyToken);
    co_return http::problem(403, "this token is for reading only");
  }
  co_return Caller{std::move(found.name)};
}

asio::awaitable<http::Response> Authorizer::hold_back(http::Request request, Tokens::Found found) {
  const ApiRefusal reason = reason_of(found);
  tell(reason, found.name, request);
  const domain::Duration delay = failed_.hold(request.remote_address, clock_.monotonic());
  if (delay <= domain::Duration::zero()) {
    http::Response refused = http::problem(429, "too many wrong tokens; send the right one");
    refused.headers.set("Retry-After", "5");
    refused.close_connection = true;
    co_return refused;
  }
  struct Release {
    FailedTokens& failed;
    const std::string& address;
    ~Release() { failed.release(address); }
  } const release{failed_, request.remote_address};
  co_await runtime::sleep_for(delay);
  co_return http::problem(
      403, reason == ApiRefusal::RevokedToken ? "the token was revoked" : "the token is wrong");
}

}  // namespace polybot::gateway
