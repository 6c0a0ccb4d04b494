#include "services/gateway/api/api.hpp"

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <cstdio>
#include <random>
#include <string>

#include "services/gateway/api/json_writer.hpp"
#include "services/gateway/api/render.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using domain::TradingState;
using http::Method;
using http::Request;
using http::Response;

namespace {

// For callers that give no Idempotency-Key. It is unique, but not secret.
std::string fresh_key() {
  static std::random_device random;
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "auto-%08x%08x%08x%08x", random(),
                                 random(), random(), random());
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

Api::Api(asio::any_io_executor executor, ApiSettings settings, Tokens tokens, const Feed& feed,
         metrics::Registry& registry, runtime::Health& health, runtime::Clock clock,
         bus::Stats& stats)
    : clock_(clock),
      http_metrics_(registry, metric_routes(), {"/ws"}),
      clients_dropped_(registry.counter("polybot_websocket_sessions_dropped_total", {"slow"})),
      view_(settings.history),
      clients_([this] { clients_dropped_.increment(); }),
      orders_(executor, settings.orders, health, clock, stats, listener()),
      desk_(executor, settings.commands, clock, stats),
      hosts_(settings.hosts),
      refusals_(registry),
      authorizer_(std::move(tokens), refusals_, clock),
      guard_(fresh_key),
      markets_(feed),
      trading_(view_, markets_, feed),
      commands_(desk_, guard_, markets_, view_, clock),
      status_(feed, view_, orders_, health, clock),
      server_(executor, server_options(settings)) {
  clients_.greeting = [this](std::string_view topic) {
    if (topic == "status") return status_.status_event();
    if (topic == "pnl") return trading_.pnl_event();
    return std::string();
  };
  add_routes(settings.stream);
}

http::ServerOptions Api::server_options(const ApiSettings& settings) {
  return {.address = settings.address,
          .port = settings.port,
          .config_key = "api.port",
          .server_name = "polybot",
          .limits = settings.limits,
          .observer = observer(),
          .admit = [this](const Request& request) { return refuse_host(request); },
          .reserved_for = [this](const Request& request) { return is_urgent(request); }};
}

std::optional<Response> Api::refuse_host(const Request& request) {
  const auto refused = hosts_.refuse(request);
  if (!refused) return std::nullopt;
  if (*refused == http::HostGuard::Refusal::Host) {
    refusals_.count(ApiRefusal::Host);
    return http::problem(403, "this API is not reached under that host name; see api.hosts");
  }
  refusals_.count(ApiRefusal::Origin);
  return http::problem(403, "pages of other origins may not call this API");
}

// The commands: a halt must pass, however many readers there are.
bool Api::is_urgent(const Request& request) {
  const bool commands = request.method == Method::Post || request.method == Method::Delete;
  if (commands && authorizer_.may_command(request)) return true;
  authorizer_.note(request);  // turned away, so nobody else looks at its token
  return false;
}

http::ServerObserver Api::observer() {
  return {
      .on_request =
          [this](std::string_view method, std::string_view endpoint, unsigned status,
                 double seconds) {
            ++requests_;
            http_metrics_.on_request(method, endpoint, status, seconds);
            if (!runtime::log::enabled(runtime::log::Level::Debug)) return;
            runtime::log::debug("API request", {{"method", method},
                                                {"endpoint", endpoint},
                                                {"status", status},
                                                {"seconds", seconds}});
          },
      .on_websocket = [this](int delta) { http_metrics_.on_websocket(delta); },
      .on_session_error =
          [](std::string_view what) {
            runtime::log::error("API session failed", {{"error", what}});
          },
      .on_accept_error =
          [](const boost::system::error_code& error) {
            runtime::log::warning("API cannot accept a connection", {{"error", error.message()}});
          },
      .on_crowded = [this] { refusals_.count(ApiRefusal::Crowded); }};
}

// ---- routes ----------------------------------------------------------------------------------

template <auto kResource, auto kFunction>
auto Api::call() {
  return [](Api& api, const Request& request) {
    auto& resource = api.*kResource;
    if constexpr (requires { (resource.*kFunction)(request); }) {
      return (resource.*kFunction)(request);
    } else {
      return (resource.*kFunction)();
    }
  };
}

const std::vector<Api::Route>& Api::routes() {
  using enum Method;
  using Commands = CommandResource;
  using Markets = MarketResource;
  using Trading = TradingResource;
  static const std::vector<Route> all = {
      {Get, "/", {}, [](Api& api, const Request&) { return api.index(); }},
      {Get, "/api/v1/status", {}, call<&Api::status_, &StatusResource::status>()},
      {Get,
       "/api/v1/markets",
       {"limit", "cursor", "status", "event", "q"},
       call<&Api::markets_, &Markets::list>()},
      {Get,
       "/api/v1/markets/{slug}/book",
       {"outcome", "depth"},
       call<&Api::markets_, &Markets::book>()},
      {Get,
       "/api/v1/orders",
       {"limit", "cursor", "strategy", "status", "market"},
       call<&Api::trading_, &Trading::orders>()},
      {Get, "/api/v1/orders/{id}", {}, call<&Api::trading_, &Trading::order>()},
      {Delete, "/api/v1/orders/{id}", {}, call<&Api::commands_, &Commands::cancel_order>()},
      {Delete,
       "/api/v1/orders",
       {"strategy", "market"},
       call<&Api::commands_, &Commands::cancel_all>()},
      {Get,
       "/api/v1/fills",
       {"limit", "cursor", "strategy", "market"},
       call<&Api::trading_, &Trading::fills>()},
      {Get, "/api/v1/positions", {"strategy"}, call<&Api::trading_, &Trading::positions>()},
      {Get, "/api/v1/pnl", {}, call<&Api::trading_, &Trading::pnl>()},
      {Get, "/api/v1/strategies", {}, call<&Api::trading_, &Trading::strategies>()},
      {Post,
       "/api/v1/strategies/{name}/start",
       {},
       call<&Api::commands_, &Commands::start_strategy>()},
      {Post,
       "/api/v1/strategies/{name}/stop",
       {},
       call<&Api::commands_, &Commands::stop_strategy>()},
      {Post,
       "/api/v1/trading/halt",
       {"strategy", "reason", "for", "until"},
       trading_state<TradingState::Halted>()},
      {Post,
       "/api/v1/trading/reduce",
       {"strategy", "reason", "for", "until"},
       trading_state<TradingState::Reducing>()},
      {Post, "/api/v1/trading/resume", {"strategy"}, trading_state<TradingState::Active>()},
      {Post, "/api/v1/trading/flatten", {"strategy"}, call<&Api::commands_, &Commands::flatten>()},
      {Get, "/ws", {}, Stream{}},
  };
  return all;
}

template <TradingState kState>
Api::Ask Api::trading_state() {
  return [](Api& api, const Request& request) {
    return api.commands_.set_trading_state(request, kState);
  };
}

std::vector<metrics::HttpMetrics::Route> Api::metric_routes() {
  std::vector<metrics::HttpMetrics::Route> names;
  for (const Route& route : routes()) names.emplace_back(http::to_string(route.method), route.path);
  return names;
}

void Api::add_routes(const http::WebSocketOptions& stream) {
  for (const Route& route : routes()) {
    if (std::holds_alternative<Stream>(route.serve)) {
      add_stream(route.path, stream);
    } else {
      server_.router().add(route.method, route.path, [this, &route](Request request) {
        return answer(route, std::move(request));
      });
    }
  }
}

asio::awaitable<Response> Api::answer(const Route& route, Request request) {
  const auto* const read = std::get_if<Read>(&route.serve);
  Authorizer::Outcome outcome;
  if (read == nullptr) {
    outcome = co_await authorizer_.to_command(request);
  } else if (authorizer_.asks_readers()) {
    outcome = co_await authorizer_.to_read(request);
  }
  if (auto* refused = std::get_if<Response>(&outcome)) co_return std::move(*refused);
  if (auto refused = RouteGuard::refuse_query(request, route.query)) co_return std::move(*refused);
  if (read != nullptr) co_return (*read)(*this, request);
  std::string issuer = std::get<Authorizer::Caller>(std::move(outcome)).token;
  runtime::log::info("API command", {{"issuer", issuer},
                                     {"method", http::to_string(request.method)},
                                     {"target", request.target},
                                     {"address", request.remote_address}});
  CommandResource::Asked asked = std::get<Ask>(route.serve)(*this, request);
  co_return co_await commands_.execute(std::move(request), std::move(asked), std::move(issuer));
}

void Api::add_stream(std::string_view path, http::WebSocketOptions options) {
  options.authorize = [this](Request request) { return refuse_reader(std::move(request)); };
  server_.router().websocket(
      path,
      [this](std::shared_ptr<http::WebSocketSession> session) {
        return clients_.serve(std::move(session));
      },
      std::move(options));
}

asio::awaitable<std::optional<Response>> Api::refuse_reader(Request request) {
  if (!authorizer_.asks_readers()) co_return std::nullopt;
  Authorizer::Outcome outcome = co_await authorizer_.to_read(std::move(request));
  if (auto* refused = std::get_if<Response>(&outcome)) co_return std::move(*refused);
  co_return std::nullopt;
}

Response Api::index() const {
  JsonWriter out;
  out.begin_object().field("service", "polybot gateway").key("routes").begin_array();
  for (const Route& route : routes()) {
    out.begin_object().field("method", http::to_string(route.method)).field("path", route.path);
    out.key("query").begin_array();
    for (const std::string_view name : route.query) out.value(name);
    out.end_array().end_object();
  }
  out.end_array().end_object();
  return http::json(out.take());
}

// ---- events to clients -----------------------------------------------------------------------

feeds::OrderFeedListener Api::listener() {
  return {
      .orders = {.hear = [this](const domain::StreamedEvent& event) { on_command_answer(event); },
                 .deliver = [this](const domain::StreamedEvent& event) { on_order_event(event); },
                 .restore = [this](const follow::StreamState& state) { on_order_state(state); },
                 .broken = [](const domain::StrategyName&) {},
                 .mend = [](const domain::StrategyName&) {},
                 .refuse = {},
                 .ask = {}},
      .on_states =
          [this](const wire::StrategyTable& table) {
            view_.set_strategies(table.strategies);
            view_.set_account(table.account);
          },
      .on_leases = [this](const std::vector<domain::Lease>& leases) { view_.set_leases(leases); },
      .settle = [] {}};
}

// Repeated answers count too: their command may have been repeated.
void Api::on_command_answer(const domain::StreamedEvent& event) {
  const auto& body = event.event.body;
  if (std::holds_alternative<domain::CommandAccepted>(body) ||
      std::holds_alternative<domain::CommandDenied>(body)) {
    desk_.on_answer(event.event);
  }
}

void Api::on_order_state(const follow::StreamState& state) {
  view_.forget(state.stream);
  for (const domain::StreamedEvent& entry : state.entries) view_.apply(entry);
}

void Api::on_order_event(const domain::StreamedEvent& event) {
  view_.apply(event);
  const auto id = order_of(event.event.body);
  const bool about_trading =
      id || std::holds_alternative<domain::SignalDenied>(event.event.body) ||
      std::holds_alternative<domain::TradingStateChanged>(event.event.body) ||
      std::holds_alternative<domain::StrategySwitched>(event.event.body);
  if (about_trading && clients_.wanted("orders")) {
    JsonWriter out;
    write_order_event(out, event, id ? view_.history().find(*id) : nullptr, trading_.names());
    clients_.publish("orders", {}, out.take());
  }
  const auto* filled = std::get_if<domain::OrderFilled>(&event.event.body);
  if (filled != nullptr && clients_.wanted("fills")) {
    // In a replay the newest record is not the newest by time. A fill too old to be kept is news to
    // no client.
    const FillView* fill = view_.history().find(filled->fill);
    if (fill == nullptr) return;
    JsonWriter out;
    out.begin_object().field("topic", "fills").field("type", "fill").key("fill");
    write_fill(out, *fill, trading_.names());
    out.end_object();
    clients_.publish("fills", {}, out.take());
  }
}

void Api::on_quote(const domain::Market& market, const domain::QuoteTick& quote) {
  if (!clients_.wanted("quotes", market.slug)) return;
  JsonWriter out;
  write_quote_event(out, market, quote);
  clients_.publish("quotes", market.slug, out.take());
}

void Api::on_trade(const domain::Market& market, const domain::TradeTick& trade) {
  if (!clients_.wanted("trades", market.slug)) return;
  JsonWriter out;
  write_trade_event(out, market, trade);
  clients_.publish("trades", market.slug, out.take());
}

void Api::on_market(const domain::Market& market) {
  if (!clients_.wanted("markets")) return;
  JsonWriter out;
  write_market_event(out, market);
  clients_.publish("markets", {}, out.take());
}

asio::awaitable<void> Api::push() {
  for (;;) {
    co_await runtime::sleep_for(std::chrono::seconds(1));
    clients_.close_refused(
        [this](const Request& request) { return authorizer_.may_read(request); });
    status_.sample(clients_.clients(), requests_);
    if (clients_.wanted("status")) clients_.publish("status", {}, status_.status_event());
    if (clients_.wanted("pnl")) clients_.publish("pnl", {}, trading_.pnl_event());
  }
}

asio::awaitable<void> Api::run() {
  using namespace asio::experimental::awaitable_operators;
  co_await (orders_.run() && push());
}

asio::awaitable<void> Api::stop(std::chrono::milliseconds grace) {
  co_await server_.stop(grace);
  desk_.close();
}

}  // namespace polybot::gateway
