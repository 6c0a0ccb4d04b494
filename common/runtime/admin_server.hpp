// The admin port of every process: GET /health/live, /health/ready, /health, and what a service
// adds (/metrics, the simulator's faults). Health answers carry Cache-Control: no-store.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "common/http/server.hpp"
#include "common/runtime/health.hpp"

namespace polybot::runtime {

struct AdminSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8000;
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
  [[nodiscard]] boost::asio::awaitable<void> stop(std::chrono::milliseconds grace) {
    return server_.stop(grace);
  }

 private:
  http::Server server_;
};

}  // namespace polybot::runtime
