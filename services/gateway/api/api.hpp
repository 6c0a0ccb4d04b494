// The client side of the gateway: the HTTP server with its routes, the order stream behind its read
// models, the command desk, and the /ws stream. README.md in this folder is the contract for
// clients.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/http/host_guard.hpp"
#include "common/http/server.hpp"
#include "common/metrics/service_metrics.hpp"
#include "common/runtime/health.hpp"
#include "services/gateway/api/access/authorizer.hpp"
#include "services/gateway/api/client_stream.hpp"
#include "services/gateway/api/command_desk.hpp"
#include "services/gateway/api/command_resource.hpp"
#include "services/gateway/api/market_resource.hpp"
#include "services/gateway/api/order_stream.hpp"
#include "services/gateway/api/route_guard.hpp"
#include "services/gateway/api/status_resource.hpp"
#include "services/gateway/api/trading_resource.hpp"

namespace polybot::gateway {

struct ApiSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::vector<std::string> hosts;  // further names it is reached under, see http::HostGuard
  http::ServerLimits limits;
  http::WebSocketOptions stream;
  HistorySettings history;
  OrderStreamSettings orders;
  CommandDeskSettings commands;
};

class Api {
 public:
  // Throws for bus addresses that are not allowed. `feed` outlives it.
  Api(boost::asio::any_io_executor executor, ApiSettings settings, Tokens tokens, const Feed& feed,
      metrics::Registry& registry, runtime::Health& health, runtime::Clock clock,
      bus::Stats& stats);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // What the feed tells clients; hand it to the Feed's constructor through a forwarding listener.
  void on_quote(const domain::Market& market, const domain::QuoteTick& quote);
  void on_trade(const domain::Market& market, const domain::TradeTick& trade);
  void on_market(const domain::Market& market);

  // Throws http::ListenError.
  void listen() { server_.listen(); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::string address() const { return server_.address(); }
  // Markets in which something is held or rests, as far as order-manager has been heard.
  [[nodiscard]] std::set<domain::MarketId> engaged_markets() const {
    return view_.engaged_markets();
  }
  // Of which shards order-manager misses quotes: bit n for shard n.
  [[nodiscard]] std::uint64_t quotes_wanted() const { return view_.account().quotes_wanted; }
  [[nodiscard]] std::uint64_t order_events() const { return orders_.events_seen(); }
  // Follows order-manager and pushes the periodic topics, until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  [[nodiscard]] boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

 private:
  // What a route does: answers, asks order-manager for something, or is the stream of events.
  using Read = http::Response (*)(Api&, const http::Request&);
  using Ask = CommandResource::Asked (*)(Api&, const http::Request&);
  struct Stream {};
  struct Route {
    http::Method method;
    std::string_view path;
    RouteGuard::Parameters query;  // the parameters it knows; others are refused
    std::variant<Read, Ask, Stream> serve;
  };
  // Every route: served, counted from the start, and listed at "/".
  [[nodiscard]] static const std::vector<Route>& routes();
  // Calls a function of one of the resources below.
  template <auto kResource, auto kFunction>
  [[nodiscard]] static auto call();
  template <domain::TradingState kState>
  [[nodiscard]] static Ask trading_state();
  [[nodiscard]] static std::vector<metrics::HttpMetrics::Route> metric_routes();

  [[nodiscard]] http::ServerOptions server_options(const ApiSettings& settings);
  [[nodiscard]] http::ServerObserver observer();
  [[nodiscard]] std::optional<http::Response> refuse_host(const http::Request& request);
  [[nodiscard]] bool is_urgent(const http::Request& request);
  [[nodiscard]] feeds::OrderFeedListener listener();
  void add_routes(const http::WebSocketOptions& stream);
  [[nodiscard]] boost::asio::awaitable<http::Response> answer(const Route& route,
                                                              http::Request request);
  [[nodiscard]] boost::asio::awaitable<std::optional<http::Response>> refuse_reader(
      http::Request request);
  void add_stream(std::string_view path, http::WebSocketOptions options);
  [[nodiscard]] http::Response index() const;
  [[nodiscard]] boost::asio::awaitable<void> push();
  void on_command_answer(const domain::StreamedEvent& event);
  void on_order_event(const domain::StreamedEvent& event);
  void on_order_state(const follow::StreamState& state);

  runtime::Clock clock_;
  metrics::HttpMetrics http_metrics_;
  metrics::Counter clients_dropped_;
  std::uint64_t requests_ = 0;
  TradingView view_;
  ClientStream clients_;
  OrderStream orders_;
  CommandDesk desk_;
  http::HostGuard hosts_;
  RefusalMetrics refusals_;
  Authorizer authorizer_;
  RouteGuard guard_;
  MarketResource markets_;
  TradingResource trading_;
  CommandResource commands_;
  StatusResource status_;
  http::Server server_;
};

}  // namespace polybot::gateway
