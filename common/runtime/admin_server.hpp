// The admin port of every process: GET /health/live, /health/ready, /health, and what a service
// adds (/metrics, the simulator's faults). Health answers carry Cache-Control: no-store. Everything
// here is for programs on this host or network, so what a web page could send is refused and
// counted: a foreign Host, a foreign Origin (see http::HostGuard).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/http/server.hpp"
#include "common/metrics/service_metrics.hpp"
#include "common/runtime/health.hpp"

namespace polybot::runtime {

struct AdminSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8000;
  std::vector<std::string> hosts{};  // further names it is reached under, see http::HostGuard
};

class AdminServer {
 public:
  // Health outlives the server. The aggregator answers for others and brings its own health routes.
  enum class HealthRoutes : std::uint8_t { Own, ByService };
  AdminServer(boost::asio::any_io_executor executor, const AdminSettings& settings,
              const Health& health, HealthRoutes routes = HealthRoutes::Own);

  // Add routes here, before or after listen().
  [[nodiscard]] http::Router& router() { return server_.router(); }
  // Throws http::ListenError naming address and key ("admin.port").
  void listen() { server_.listen(); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::string address() const { return server_.address(); }
  [[nodiscard]] const metrics::RequestsRefused& refused() const { return *refused_; }
  [[nodiscard]] boost::asio::awaitable<void> stop(std::chrono::milliseconds grace) {
    return server_.stop(grace);
  }

 private:
  std::shared_ptr<metrics::RequestsRefused> refused_;  // shared with the server's observer
  http::Server server_;
};

}  // namespace polybot::runtime
