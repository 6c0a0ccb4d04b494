#include "common/runtime/admin_server.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "common/http/host_guard.hpp"
#include "common/runtime/logging.hpp"

namespace polybot::runtime {
namespace asio = boost::asio;

namespace {

http::Response fresh(http::Response response) {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

std::optional<http::Response> refuse_foreign(const http::HostGuard& guard,
                                             const http::Request& request,
                                             metrics::RequestsRefused& refused) {
  const auto why = guard.refuse(request);
  if (!why) return std::nullopt;
  if (*why == http::HostGuard::Refusal::Host) {
    ++refused.host;
    return http::problem(403, "this port is not reached under that host name; see admin.hosts");
  }
  ++refused.origin;
  return http::problem(403, "pages of other origins may not use this port");
}

http::ServerOptions options_from(const AdminSettings& settings,
                                 const std::shared_ptr<metrics::RequestsRefused>& refused) {
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
  options.observer.on_crowded = [refused] { ++refused->crowded; };
  options.admit = [guard = http::HostGuard(settings.hosts), refused](const http::Request& request) {
    return refuse_foreign(guard, request, *refused);
  };
  return options;
}

}  // namespace

AdminServer::AdminServer(asio::any_io_executor executor, const AdminSettings& settings,
                         const Health& health, HealthRoutes routes)
    : refused_(std::make_shared<metrics::RequestsRefused>()),
      server_(std::move(executor), options_from(settings, refused_)) {
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
