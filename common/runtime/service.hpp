// main() of every PolyBot process: command line, configuration, logging, one io_context, signals,
// health, watchdog, orderly end.
//
//   int main(int argc, char** argv) {
//     return polybot::runtime::run_service(
//         {.name = "gateway", .summary = "Market data in, client API out.",
//          .build = polybot::runtime::build_info(), .admin_port = 8001},
//         argc, argv, read_config /* Config(config::Reader&) */,
//         run         /* awaitable<void>(Runtime&, Config) */);
//   }
//
// Order of events: the command line (--help, --version, --check-config end here); configuration,
// all errors at once; logging; the admin server, so that probes are answered while the service
// starts; then the service's coroutine. SIGINT or SIGTERM request a stop: the coroutine awaits
// runtime.stop, winds up and returns within `shutdown.grace`; a second signal ends the process at
// once. A step of the host's clock ends it likewise. Exit codes: 0 orderly end, 1 cannot start or
// failed, 70 ended by the watchdog, 75 ended to start again because the host's clock was set, 76
// ended, or not started, because another process does its work.
//
// Keys that every service has: admin.address, admin.port, log.format, log.level, log.file,
// watchdog.timeout, shutdown.grace. Environment: LOG_FORMAT, LOG_LEVEL, POLYBOT_REPLICA, and
// NOTIFY_SOCKET of a supervisor such as systemd: it hears READY when the admin server answers and
// the loop turns, then a sign of life at least every two seconds for as long as the loop turns.
#pragma once

#include <any>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/bus/frame.hpp"
#include "common/runtime/admin_server.hpp"
#include "common/runtime/build_info.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/config.hpp"
#include "common/runtime/health.hpp"
#include "common/runtime/stop_signal.hpp"

namespace polybot::runtime {

// Ended to start again because the host's clock was set.
inline constexpr int kExitClock = 75;  // EX_TEMPFAIL
// Ended because another process does its work; to start it again helps only when that one is gone.
inline constexpr int kExitFenced = 76;  // EX_PROTOCOL

// Thrown by a service's run() for that end; what() is for the operator.
class Fenced : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A word on the command line that does something other than run the service, e.g. "verify".
struct Command {
  std::string name;     // argv[1], also "--print-catalogue"
  std::string summary;  // a line for --help
  // Gets what follows the name; its result is the exit code. Exceptions become one line and exit 1,
  // and so does standard output that takes no more.
  std::function<int(const std::vector<std::string>& arguments)> run;
};

// May another process of this user look into this one, and may its end leave a core dump?
enum class MemoryAccess : std::uint8_t { Allowed, Forbidden };

struct ServiceOptions {
  std::string name;     // "order-manager"
  std::string summary;  // a sentence for --help
  BuildInfo build;
  std::uint16_t admin_port = 8000;
  AdminServer::HealthRoutes health_routes = AdminServer::HealthRoutes::Own;
  std::vector<Command> commands;
  // Forbidden where a key is held, for its commands as well (common/secrets/private_process.hpp).
  MemoryAccess memory_access = MemoryAccess::Allowed;
};

// What a running service is given. Lives until the service's coroutine has ended.
struct Runtime {
  boost::asio::io_context& io;
  StopSignal& stop;
  Health& health;
  AdminServer& admin;
  Clock clock;
  std::string service;
  std::string replica;            // POLYBOT_REPLICA, else the host name
  std::uint64_t incarnation = 0;  // random, new with each start
  BuildInfo build;

  [[nodiscard]] bus::Producer producer() const { return {service, replica, incarnation}; }
};

// Type-erased core of run_service, in service.cpp.
int run_service_erased(const ServiceOptions& options, int argc, char** argv,
                       std::function<std::any(config::Reader&)> read_config,
                       std::function<boost::asio::awaitable<void>(Runtime&, std::any)> run);

// `ReadConfig`: Config(config::Reader&), reads every key of the service, calls no finish().
// `Run`: awaitable<void>(Runtime&, Config). Config must be copyable.
template <class ReadConfig, class Run>
int run_service(const ServiceOptions& options, int argc, char** argv, ReadConfig read_config,
                Run run) {
  using Config = decltype(read_config(std::declval<config::Reader&>()));
  const std::function<std::any(config::Reader&)> erased_read = [&](config::Reader& reader) {
    return std::any(read_config(reader));
  };
  const std::function<boost::asio::awaitable<void>(Runtime&, std::any)> erased_run =
      [&](Runtime& runtime, std::any config) -> boost::asio::awaitable<void> {
    return run(runtime, std::any_cast<Config>(std::move(config)));
  };
  return run_service_erased(options, argc, argv, erased_read, erased_run);
}

// The configuration of a service as its start reads it, for one of its commands: the keys that
// every service has are read, the service's own are the caller's, and so is finish(). Without a
// `file` it is the one that a start takes. Throws ConfigError.
[[nodiscard]] config::Reader load_configuration(const std::string& service,
                                                const std::string& file);

}  // namespace polybot::runtime
