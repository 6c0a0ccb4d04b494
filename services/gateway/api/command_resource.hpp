// The mutating calls: each becomes one operator command, and is answered when order-manager has
// journaled its answer. 504 means "no answer yet": the same Idempotency-Key may be sent again and
// executes at most once. 409 "expired" is final: the command was not executed and needs a new key.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/http/message.hpp"
#include "services/gateway/api/command_desk.hpp"
#include "services/gateway/api/market_resource.hpp"
#include "services/gateway/api/read_model/trading_view.hpp"
#include "services/gateway/api/route_guard.hpp"

namespace polybot::gateway {

class CommandResource {
 public:
  CommandResource(CommandDesk& desk, RouteGuard& guard, const MarketResource& markets,
                  const TradingView& view, runtime::Clock clock)
      : desk_(desk), guard_(guard), markets_(markets), view_(view), clock_(clock) {}

  // What a request asks for, or the response that refuses it.
  using Asked = std::variant<domain::CommandBody, http::Response>;
  [[nodiscard]] Asked start_strategy(const http::Request& request) const;
  [[nodiscard]] Asked stop_strategy(const http::Request& request) const;
  [[nodiscard]] Asked set_trading_state(const http::Request& request,
                                        domain::TradingState state) const;
  [[nodiscard]] Asked flatten(const http::Request& request) const;
  [[nodiscard]] Asked cancel_order(const http::Request& request) const;
  [[nodiscard]] Asked cancel_all(const http::Request& request) const;

  // Key, command, answer. `issuer` names the token that the request came with.
  [[nodiscard]] boost::asio::awaitable<http::Response> execute(http::Request request, Asked asked,
                                                               std::string issuer);

 private:
  CommandDesk& desk_;
  RouteGuard& guard_;
  const MarketResource& markets_;
  const TradingView& view_;
  runtime::Clock clock_;
};

// A strategy that a resume of the account leaves halted or reducing, by its own state.
struct StillRestricted {
  domain::StrategyName strategy;
  domain::TradingStatus own;
};
// The HTTP answer to a journaled answer. It names each strategy in `restricted` with the call that
// resumes it.
[[nodiscard]] http::Response to_response(const CommandKey& command, const CommandAnswer& answer,
                                         const std::vector<StillRestricted>& restricted = {});

}  // namespace polybot::gateway
