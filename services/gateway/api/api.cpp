#include "services/gateway/api/api.hpp"

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <cstdio>
#include <random>
#include <stdexcept>
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

struct Route {
  std::string_view method;
  std::string_view path;
  std::array<std::string_view, 5> query{};  // the parameters it knows, as many as are named
};
// Every route there is: registered in the metrics from the start, listed at "/".
constexpr std::array kRoutes = {
    Route{"GET", "/"},
    Route{"GET", "/api/v1/status"},
    Route{"GET", "/api/v1/markets", {"limit", "cursor", "status", "event", "q"}},
    Route{"GET", "/api/v1/markets/{slug}/book", {"outcome", "depth"}},
    Route{"GET", "/api/v1/orders", {"limit", "cursor", "strategy", "status", "market"}},
    Route{"GET", "/api/v1/orders/{id}"},
    Route{"DELETE", "/api/v1/orders/{id}"},
    Route{"DELETE", "/api/v1/orders", {"strategy", "market"}},
    Route{"GET", "/api/v1/fills", {"limit", "cursor", "strategy", "market"}},
    Route{"GET", "/api/v1/positions", {"strategy"}},
    Route{"GET", "/api/v1/pnl"},
    Route{"GET", "/api/v1/strategies"},
    Route{"POST", "/api/v1/strategies/{name}/start"},
    Route{"POST", "/api/v1/strategies/{name}/stop"},
    Route{"POST", "/api/v1/trading/halt", {"strategy"}},
    Route{"POST", "/api/v1/trading/reduce", {"strategy"}},
    Route{"POST", "/api/v1/trading/resume", {"strategy"}},
    Route{"POST", "/api/v1/trading/flatten", {"strategy"}},
    Route{"GET", "/ws"},
};

RouteGuard::Parameters parameters_of(const Route& route) {
  RouteGuard::Parameters named;
  for (const std::string_view name : route.query) {
    if (!name.empty()) named.push_back(name);
  }
  return named;
}

RouteGuard::Parameters parameters_of(Method method, std::string_view path) {
  for (const Route& route : kRoutes) {
    if (route.method == http::to_string(method) && route.path == path) return parameters_of(route);
  }
  throw std::logic_error("a route that is not listed: " + std::string(path));
}

std::vector<metrics::HttpMetrics::Route> metric_routes() {
  std::vector<metrics::HttpMetrics::Route> routes;
  for (const Route& route : kRoutes) routes.emplace_back(route.method, route.path);
  return routes;
}

// For callers that give no Idempotency-Key: unique, not secret.
std::string fresh_key() {
  static std::random_device random;
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "auto-%08x%08x%08x%08x", random(),
                                 random(), random(), random());
  return {text.data(), static_cast<std::size_t>(size)};
}

http::ServerOptions server_options(const ApiSettings& settings, http::ServerObserver observer) {
  return {.address = settings.address,
          .port = settings.port,
          .config_key = "api.port",
          .server_name = "polybot",
          .limits = settings.limits,
          .observer = std::move(observer)};
}

}  // namespace

Api::Api(asio::any_io_executor executor, ApiSettings settings, runtime::Secret token,
         const Feed& feed, metrics::Registry& registry, runtime::Health& health,
         runtime::Clock clock, bus::Stats& stats)
    : clock_(clock),
      http_metrics_(registry, metric_routes(), {"/ws"}),
      clients_dropped_(registry.counter("polybot_websocket_sessions_dropped_total", {"slow"})),
      view_(settings.history),
      clients_([this] { clients_dropped_.increment(); }),
      orders_(executor, settings.orders, health, clock, stats, listener()),
      desk_(executor, settings.commands, clock, stats),
      guard_(std::move(token), settings.hosts, fresh_key),
      markets_(feed),
      trading_(view_, markets_, feed),
      commands_(desk_, guard_, markets_, view_),
      status_(feed, view_, orders_, health, clock),
      server_(executor, server_options(settings, observer())) {
  clients_.greeting = [this](std::string_view topic) {
    if (topic == "status") return status_.status_event();
    if (topic == "pnl") return trading_.pnl_event();
    return std::string();
  };
  add_routes();
  add_stream(settings.stream);
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
          }};
}

// ---- routes ----------------------------------------------------------------------------------

void Api::add_routes() {
  read("/", [this](const Request&) { return index(); });
  read("/api/v1/status", [this](const Request&) { return status_.status(); });
  read("/api/v1/markets", [this](const Request& request) { return markets_.list(request); });
  read("/api/v1/markets/{slug}/book",
       [this](const Request& request) { return markets_.book(request); });
  read("/api/v1/orders", [this](const Request& request) { return trading_.orders(request); });
  read("/api/v1/orders/{id}", [this](const Request& request) { return trading_.order(request); });
  read("/api/v1/fills", [this](const Request& request) { return trading_.fills(request); });
  read("/api/v1/positions", [this](const Request& request) { return trading_.positions(request); });
  read("/api/v1/pnl", [this](const Request&) { return trading_.pnl(); });
  read("/api/v1/strategies", [this](const Request&) { return trading_.strategies(); });

  command(Method::Delete, "/api/v1/orders/{id}",
          [this](const Request& request) { return commands_.cancel_order(request); });
  command(Method::Delete, "/api/v1/orders",
          [this](const Request& request) { return commands_.cancel_all(request); });
  command(Method::Post, "/api/v1/strategies/{name}/start",
          [this](const Request& request) { return commands_.start_strategy(request); });
  command(Method::Post, "/api/v1/strategies/{name}/stop",
          [this](const Request& request) { return commands_.stop_strategy(request); });
  const auto trading = [this](std::string_view path, TradingState state) {
    command(Method::Post, path, [this, state](const Request& request) {
      return commands_.set_trading_state(request, state);
    });
  };
  trading("/api/v1/trading/halt", TradingState::Halted);
  trading("/api/v1/trading/reduce", TradingState::Reducing);
  trading("/api/v1/trading/resume", TradingState::Active);
  command(Method::Post, "/api/v1/trading/flatten",
          [this](const Request& request) { return commands_.flatten(request); });
}

void Api::read(std::string_view path, Read answer) {
  auto handler = [this, query = parameters_of(Method::Get, path),
                  answer = std::move(answer)](Request request) -> asio::awaitable<Response> {
    if (auto refused = guard_.refuse_host(request)) co_return std::move(*refused);
    if (auto refused = RouteGuard::refuse_query(request, query)) co_return std::move(*refused);
    co_return answer(request);
  };
  server_.router().get(path, std::move(handler));
}

void Api::command(Method method, std::string_view path, Ask ask) {
  auto handler = [this, query = parameters_of(method, path),
                  ask = std::move(ask)](Request request) -> asio::awaitable<Response> {
    if (auto refused = guard_.refuse_host(request)) co_return std::move(*refused);
    if (auto refused = RouteGuard::refuse_query(request, query)) co_return std::move(*refused);
    CommandResource::Asked asked = ask(request);
    co_return co_await commands_.execute(std::move(request), std::move(asked));
  };
  server_.router().add(method, path, std::move(handler));
}

void Api::add_stream(const http::WebSocketOptions& options) {
  http::WebSocketOptions stream = options;
  stream.authorize = [this](const Request& request) { return guard_.refuse_host(request); };
  server_.router().websocket(
      "/ws",
      [this](std::shared_ptr<http::WebSocketSession> session) {
        return clients_.serve(std::move(session));
      },
      std::move(stream));
}

Response Api::index() const {
  JsonWriter out;
  out.begin_object().field("service", "polybot gateway").key("routes").begin_array();
  for (const Route& route : kRoutes) {
    out.begin_object().field("method", route.method).field("path", route.path);
    out.key("query").begin_array();
    for (const std::string_view name : parameters_of(route)) out.value(name);
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

// Also a repeated one: its command may have been repeated, too.
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
    // In a replay it is not the newest by time; one that is too old to be kept is nobody's news.
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
