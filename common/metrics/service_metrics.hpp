// Everything a service needs to be seen: its registry, the metrics every process has (loop lag,
// memory, CPU, descriptors, disk, log drops, bus, build) and the publisher that sends snapshots and
// heartbeats. One object per process, made at start:
//
//     metrics::ServiceMetrics metrics(executor, settings, stats);  // or runtime::make_metrics()
//     auto scans = metrics.registry().counter("polybot_scans_total", {"arbitrage"});
//     metrics.start();                                  // heartbeats and snapshots from here on
//     metrics.set_readiness(false, {"feed: no data"});  // whenever it changes
//     ...
//     co_await metrics.stop();                          // final; after the last observation
//
// Subsystems get their handles as a struct resolved once (HttpMetrics below; services write their
// own the same way) and tests read them directly. Loop-only, like the registry.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/bus/address.hpp"
#include "common/bus/stats.hpp"
#include "common/metrics/registry.hpp"

namespace polybot::metrics {

// Requests by method, route template and status class. Fits http::ServerObserver:
//     observer.on_request = [&](auto method, auto endpoint, auto status, double seconds) {
//       http_metrics.on_request(method, endpoint, status, seconds); };
//     observer.on_websocket = [&](int delta) { http_metrics.on_websocket(delta); };
class HttpMetrics {
 public:
  using Route = std::pair<std::string_view, std::string_view>;  // method, template

  // Each route is registered at 0 in the classes 2xx, 4xx and 5xx, a WebSocket's template also in
  // 1xx: its upgrade. "unmatched" need not be named.
  HttpMetrics(Registry& registry, const std::vector<Route>& routes,
              const std::vector<std::string_view>& websockets = {});

  void on_request(std::string_view method, std::string_view endpoint, unsigned status,
                  double seconds);
  void on_websocket(int delta);

 private:
  struct Handles {
    Counter requests;
    Histogram duration;
  };
  // By status class, 1xx first; empty until the first use.
  using Classes = std::array<std::optional<Handles>, 5>;
  Handles& resolve(std::string_view method, std::string_view endpoint, unsigned status);

  Registry* registry_;
  std::unordered_map<std::string, Classes> routes_;  // key: method, space, template
  Gauge websocket_connections_;
  std::string key_;  // reused, so that a lookup allocates nothing
};

// Copies the bus library's own counts into the registry each time a snapshot is taken.
// `stats` must outlive the registry's last collect(): the service owns both.
// Channels named here are registered at 0; others appear with their first message.
void observe_bus(Registry& registry, bus::Stats& stats, const std::vector<std::string>& channels);

// Requests that the admin port did not answer as they asked, since the start, by reason.
struct RequestsRefused {
  std::uint64_t host = 0;
  std::uint64_t origin = 0;
  std::uint64_t crowded = 0;  // connections closed, or answered 503, because all were taken
};

// What the operating system and the log say about this process. A value that cannot be read is
// absent, never 0.
struct ProcessReading {
  std::optional<std::uint64_t> resident_memory_bytes;
  std::optional<std::uint64_t> open_fds;
  std::optional<double> cpu_seconds;  // user and system mode, since the start
  std::optional<std::uint64_t> disk_free_bytes;
  std::optional<std::uint64_t> disk_size_bytes;
  std::uint64_t log_dropped = 0;            // since the start
  std::int64_t bus_certificate_ends_s = 0;  // Unix time; 0: the bus runs without TLS
  RequestsRefused requests_refused{};
};

// What the process as a whole uses; read each time a snapshot is taken.
class ProcessMetrics {
 public:
  // `registry` keeps hooks that call this object: both belong to one ServiceMetrics.
  ProcessMetrics(Registry& registry, std::function<ProcessReading()> read);
  ProcessMetrics(const ProcessMetrics&) = delete;
  ProcessMetrics& operator=(const ProcessMetrics&) = delete;

  void observe_loop_lag(domain::Duration lag) { loop_lag_.observe(lag); }

 private:
  void sample();

  Registry* registry_;
  std::function<ProcessReading()> read_;
  Histogram loop_lag_;
  Counter cpu_seconds_;
  Counter log_dropped_;
  Counter refused_host_;
  Counter refused_origin_;
  Counter refused_crowded_;
  Gauge bus_certificate_ends_;
};

struct MetricsSettings {
  Identity identity;
  bus::Address metrics_address;  // the aggregator's port 5570, dialled; empty: no snapshots
  bus::Address status_address;   // the aggregator's port 5571, dialled; empty: no heartbeats
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  std::chrono::milliseconds snapshot_interval{1000};
  std::chrono::milliseconds status_interval{500};
  std::vector<std::string> bus_channels;         // channels this service uses, registered at 0
  std::function<Moment()> now;                   // wall clock, and time since the process started
  std::function<ProcessReading()> read_process;  // may be empty
};

class ServiceMetrics {
 public:
  // Dials in the background. Throws as bus::Publisher does. `stats` outlives this object. Empty
  // addresses publish nothing (tests, and the aggregator, which reads its own registry in process).
  ServiceMetrics(boost::asio::any_io_executor executor, MetricsSettings settings,
                 bus::Stats& stats);
  ~ServiceMetrics();
  ServiceMetrics(const ServiceMetrics&) = delete;
  ServiceMetrics& operator=(const ServiceMetrics&) = delete;

  Registry& registry() { return registry_; }
  ProcessMetrics& process() { return process_; }

  // Heartbeats begin at once, snapshots as soon as the registry is publishable (see
  // Registry::set_fold).
  void start();
  // The last snapshot in the Prometheus text format, as this process alone sees it; empty before
  // the first. It reads nothing again, so that being looked at changes no number.
  [[nodiscard]] std::string page() const;
  // Carried by the next heartbeat, which goes out at once when readiness changes.
  void set_readiness(bool ready, std::vector<std::string> reasons);
  // Publishes a last snapshot and heartbeat, both marked final, gives the library a tenth of a
  // second to write them (closing a PUB socket drops what it still holds, and it cannot be asked),
  // and closes. A second call only waits.
  [[nodiscard]] boost::asio::awaitable<void> stop();

 private:
  struct Publisher;

  Registry registry_;
  ProcessMetrics process_;
  // Shared with the pending timers, which may still be queued when this is destroyed.
  std::shared_ptr<Publisher> publisher_;
};

}  // namespace polybot::metrics
