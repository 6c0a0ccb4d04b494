#include "common/runtime/metrics.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <utility>

#include "common/metrics/text_format.hpp"
#include "common/runtime/addresses.hpp"
#include "common/runtime/logging.hpp"
#include "common/runtime/process_stats.hpp"
#include "common/runtime/until_one_ends.hpp"

namespace polybot::runtime {

namespace {

// Often enough that a stall of a tenth of a second shows; ten wake-ups a second cost nothing.
constexpr auto kLoopLagInterval = std::chrono::milliseconds(100);

metrics::ProcessReading read_process(const std::string& data_folder,
                                     std::int64_t bus_certificate_ends_s,
                                     const metrics::RequestsRefused& refused) {
  const ProcessStats stats = process_stats();
  const auto disk = data_folder.empty() ? std::nullopt : disk_space(data_folder);
  return {.resident_memory_bytes = stats.resident_memory_bytes,
          .open_fds = stats.open_fds,
          .cpu_seconds = stats.cpu_seconds,
          .disk_free_bytes = disk ? std::optional(disk->free_bytes) : std::nullopt,
          .disk_size_bytes = disk ? std::optional(disk->size_bytes) : std::nullopt,
          .log_dropped = log::dropped(),
          .bus_certificate_ends_s = bus_certificate_ends_s,
          .requests_refused = refused};
}

boost::asio::awaitable<void> observe_loop_lag(Runtime& runtime,
                                              std::weak_ptr<metrics::ServiceMetrics> metrics) {
  const std::function<void(domain::Duration)> observe = [metrics](domain::Duration lag) {
    if (const auto alive = metrics.lock()) alive->process().observe_loop_lag(lag);
  };
  (void)co_await until_one_ends(sample_loop_lag(kLoopLagInterval, observe), runtime.stop.wait());
}

std::chrono::milliseconds milliseconds(domain::Duration span) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(span);
}

}  // namespace

MetricsConfig read_metrics_config(config::Reader& reader, std::string_view service) {
  MetricsConfig config = read_metrics_pace(reader, service);
  const auto dialled = [&](std::string_view key, const wire::Port& port) {
    return read_bus_address(reader, key, port, bus::EndpointRole::Dial, config.security);
  };
  config.metrics_address = dialled("bus.metrics", wire::ports::kMetrics);
  config.status_address = dialled("bus.status", wire::ports::kStatus);
  return config;
}

MetricsConfig read_metrics_pace(config::Reader& reader, std::string_view service) {
  using namespace std::chrono_literals;
  MetricsConfig config;
  config.security = read_bus_security(reader, service);
  config.snapshot_interval =
      reader.duration("metrics.interval", config.snapshot_interval, 100ms, 60s);
  config.status_interval =
      reader.duration("metrics.status_interval", config.status_interval, 100ms, 1s);
  return config;
}

std::shared_ptr<metrics::ServiceMetrics> make_metrics(Runtime& runtime, const MetricsConfig& config,
                                                      bus::Stats& stats,
                                                      std::span<const std::string_view> channels,
                                                      std::string data_folder) {
  const Clock clock = runtime.clock;
  const domain::Duration started = clock.monotonic();
  auto metrics = std::make_shared<metrics::ServiceMetrics>(
      runtime.io.get_executor(),
      metrics::MetricsSettings{
          .identity = {.service = runtime.service,
                       .replica = runtime.replica,
                       .incarnation = runtime.incarnation,
                       .version = runtime.build.version,
                       .revision = runtime.build.revision},
          .metrics_address = config.metrics_address,
          .status_address = config.status_address,
          .trust = config.security.trust,
          .snapshot_interval = milliseconds(config.snapshot_interval),
          .status_interval = milliseconds(config.status_interval),
          .bus_channels = {channels.begin(), channels.end()},
          .now =
              [clock, started] {
                return metrics::Moment{clock.now(), clock.monotonic() - started};
              },
          .read_process =
              [folder = std::move(data_folder), ends_s = config.security.certificate_ends_s,
               &admin = runtime.admin] { return read_process(folder, ends_s, admin.refused()); }},
      stats);
  const auto report = [&health = runtime.health, weak = std::weak_ptr(metrics)] {
    if (const auto alive = weak.lock()) alive->set_readiness(health.ready(), health.reasons());
  };
  runtime.health.on_change = report;
  report();
  // A fallback for when the aggregator, whose page has everything of everybody, is in doubt.
  if (!config.metrics_address.text.empty()) {
    runtime.admin.router().get(
        "/metrics",
        [weak = std::weak_ptr(metrics)](http::Request) -> boost::asio::awaitable<http::Response> {
          const auto alive = weak.lock();
          if (!alive) co_return http::problem(503, "the process is stopping");
          http::Response response = http::text(alive->page());
          response.content_type = std::string(metrics::kTextContentType);
          response.headers.set("Cache-Control", "no-store");
          co_return response;
        });
  }
  boost::asio::co_spawn(runtime.io, observe_loop_lag(runtime, metrics), boost::asio::detached);
  return metrics;
}

}  // namespace polybot::runtime
