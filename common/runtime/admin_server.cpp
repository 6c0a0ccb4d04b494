#include "common/runtime/admin_server.hpp"

#include <memory>
#include <utility>

#include "common/runtime/logging.hpp"

namespace polybot::runtime {
namespace asio = boost::asio;

namespace {

http::Response fresh(http::Response response) {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::ServerOptions options_from(const AdminSettings& settings) {
  http::ServerOptions options;
  options.address = settings.address;
  options.port = settings.port;
  options.config_key = "admin.port";
  // Clients can cause both at will, hence the limit.
  const auto limited = std::make_shared<log::Limited>();  // shared by two functions that are copied
  options.observer.on_session_error = [limited](std::string_view what) {
    limited->error("Admin session failed", {{"error", what}});
  };
  options.observer.on_accept_error = [limited](const boost::system::error_code& ec) {
    limited->error("Admin port cannot accept", {{"error", ec.message()}});
  };
  return options;
}

}  // namespace

AdminServer::AdminServer(asio::any_io_executor executor, const AdminSettings& settings,
                         const Health& health, HealthRoutes routes)
    : server_(std::move(executor), options_from(settings)) {
  if (routes == HealthRoutes::ByService) return;
  // This handler runs only if the loop turns: that is the proof.
  router().get("/health/live", [](http::Request) -> asio::awaitable<http::Response> {
    co_return fresh(http::json(Health::live_body()));
  });
  router().get("/health/ready", [&health](http::Request) -> asio::awaitable<http::Response> {
    co_return fresh(http::json(health.ready_body(), health.ready() ? 200 : 503));
  });
  router().get("/health", [&health](http::Request) -> asio::awaitable<http::Response> {
    co_return fresh(http::json(health.health_body(), health.ready() ? 200 : 503));
  });
}

}  // namespace polybot::runtime
