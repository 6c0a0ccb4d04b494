#include "services/gateway/api/command_resource.hpp"

#include <string>
#include <utility>

#include "common/wire/topics.hpp"
#include "services/gateway/api/json_writer.hpp"
#include "services/gateway/api/render.hpp"
#include "services/gateway/api/statement.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using domain::CommandDenyReason;
using domain::StrategyName;
using domain::TradingState;

namespace {

constexpr std::string_view kBadStrategy =
    "a strategy name has 1 to 64 letters, digits, '_' and '-'";
constexpr std::string_view kNothingToHalt =
    "external is traded by hand: PolyBot does not trade for it, so there is nothing to halt";

std::variant<std::optional<StrategyName>, http::Response> strategy_scope(
    const http::Request& request) {
  const auto name = request.query_value("strategy");
  if (!name) return std::optional<StrategyName>();
  if (!wire::is_topic_part(*name)) return http::problem(400, kBadStrategy);
  return std::optional<StrategyName>(StrategyName{std::string(*name)});
}

unsigned status_of(CommandDenyReason reason) {
  switch (reason) {
    case CommandDenyReason::None:
      return 200;
    case CommandDenyReason::UnknownStrategy:
    case CommandDenyReason::UnknownOrder:
    case CommandDenyReason::UnknownMarket:
      return 404;
    case CommandDenyReason::OrderAlreadyTerminal:
    case CommandDenyReason::Expired:
    case CommandDenyReason::TradingHalted:
      return 409;
    case CommandDenyReason::JournalUnavailable:
      return 503;
  }
  return 500;
}

std::string detail_of(CommandDenyReason reason) {
  std::string detail = "order-manager denied the command: ";
  detail.append(name_of(reason));
  // The denial is journaled under the command's id, so a repeat of the command is always denied.
  if (reason == CommandDenyReason::Expired) {
    detail.append(
        "; it arrived too late and was not executed. This Idempotency-Key stays denied: send the "
        "request again with a new key");
  }
  if (reason == CommandDenyReason::TradingHalted) {
    detail.append(
        "; a halt lets nothing be sold. POST /api/v1/trading/reduce ends it for orders that only "
        "get out (with the ?strategy= that is halted), then flatten again");
  }
  return detail;
}

// A strategy that has its own halt keeps it when the account is resumed: an operator had a reason
// for it.
std::vector<StillRestricted> left_restricted(const domain::CommandBody& body,
                                             const TradingView& view) {
  std::vector<StillRestricted> restricted;
  const auto* set = std::get_if<domain::SetTradingState>(&body);
  if (set == nullptr || set->state != domain::TradingState::Active || set->strategy) return {};
  for (const domain::StrategyState& strategy : view.strategies()) {
    if (strategy.own.state == domain::TradingState::Active) continue;
    restricted.push_back({strategy.strategy, strategy.own});
  }
  return restricted;
}

void write_restricted(JsonWriter& out, const StillRestricted& one) {
  out.begin_object()
      .field("strategy", one.strategy.value)
      .field("trading_state", name_of(one.own.state));
  write_reason(out, one.own);
  out.field("resume", "POST /api/v1/trading/resume?strategy=" + one.strategy.value).end_object();
}

}  // namespace

CommandResource::Asked CommandResource::start_strategy(const http::Request& request) const {
  if (!wire::is_topic_part(request.param("name"))) return http::problem(400, kBadStrategy);
  return domain::CommandBody(
      domain::StartStrategy{StrategyName{std::string(request.param("name"))}});
}

CommandResource::Asked CommandResource::stop_strategy(const http::Request& request) const {
  if (!wire::is_topic_part(request.param("name"))) return http::problem(400, kBadStrategy);
  return domain::CommandBody(
      domain::StopStrategy{StrategyName{std::string(request.param("name"))}});
}

CommandResource::Asked CommandResource::set_trading_state(const http::Request& request,
                                                          domain::TradingState state) const {
  auto scope = strategy_scope(request);
  if (auto* refused = std::get_if<http::Response>(&scope)) return std::move(*refused);
  auto strategy = std::get<std::optional<StrategyName>>(std::move(scope));
  if (strategy && strategy->value == domain::kExternalStrategy && state != TradingState::Active)
    return http::problem(409, kNothingToHalt);
  auto parsed = parse_statement(request, clock_.now());
  if (auto* refused = std::get_if<http::Response>(&parsed)) return std::move(*refused);
  auto& statement = std::get<Statement>(parsed);
  return domain::CommandBody(
      domain::SetTradingState{.strategy = std::move(strategy),
                              .state = state,
                              .stated_reason = std::move(statement.reason),
                              .acknowledged_until = statement.acknowledged_until});
}

CommandResource::Asked CommandResource::flatten(const http::Request& request) const {
  auto scope = strategy_scope(request);
  if (auto* refused = std::get_if<http::Response>(&scope)) return std::move(*refused);
  return domain::CommandBody(
      domain::FlattenPositions{std::get<std::optional<StrategyName>>(std::move(scope))});
}

CommandResource::Asked CommandResource::cancel_order(const http::Request& request) const {
  const auto id = domain::parse_client_order_id(request.param("id"));
  if (!id) return http::problem(400, "an order id looks like 0123456789abcdef-42-0");
  return domain::CommandBody(domain::CancelOrder{*id});
}

CommandResource::Asked CommandResource::cancel_all(const http::Request& request) const {
  auto scope = strategy_scope(request);
  if (auto* refused = std::get_if<http::Response>(&scope)) return std::move(*refused);
  domain::CancelAllOrders body{.strategy = std::get<std::optional<StrategyName>>(std::move(scope)),
                               .market = {}};
  if (const auto market = request.query_value("market")) {
    body.market = markets_.find(*market);
    if (!body.market)
      return http::problem(404, "no such market is tracked; older ones go by market_id");
  }
  return domain::CommandBody(std::move(body));
}

asio::awaitable<http::Response> CommandResource::execute(http::Request request, Asked asked,
                                                         std::string issuer) {
  if (auto* refused = std::get_if<http::Response>(&asked)) co_return std::move(*refused);
  auto identified = guard_.identify(request);
  if (auto* refused = std::get_if<http::Response>(&identified)) co_return std::move(*refused);
  const CommandKey command = std::get<CommandKey>(std::move(identified));
  const domain::CommandBody body = std::get<domain::CommandBody>(std::move(asked));
  const auto answer = co_await desk_.issue(command.id, body, std::move(issuer));
  if (answer) co_return to_response(command, *answer, left_restricted(body, view_));
  http::Response timed_out = http::problem(
      504, "urn:polybot:no-acknowledgement", "No acknowledgement",
      "order-manager has not acknowledged the command in time; it may still be executed. Send it "
      "again with the same Idempotency-Key: it is executed at most once. Only when the answer is "
      "409 (expired) was it not executed; then use a new key");
  timed_out.headers.set("Idempotency-Key", command.key);
  co_return timed_out;
}

http::Response to_response(const CommandKey& command, const CommandAnswer& answer,
                           const std::vector<StillRestricted>& restricted) {
  http::Response response;
  if (answer.denied == CommandDenyReason::None) {
    JsonWriter out;
    out.begin_object()
        .field("command_id", to_string(command.id))
        .field("status", "accepted")
        .field("seq", answer.seq);
    if (!restricted.empty()) {
      out.key("still_restricted").begin_array();
      for (const StillRestricted& one : restricted) write_restricted(out, one);
      out.end_array();
    }
    out.end_object();
    response = http::json(out.take());
  } else {
    response = http::problem(status_of(answer.denied), "urn:polybot:command-denied",
                             "Command denied", detail_of(answer.denied));
  }
  response.headers.set("Idempotency-Key", command.key);
  return response;
}

}  // namespace polybot::gateway
