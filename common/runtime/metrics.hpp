// Makes a process visible: ties common/metrics to the clock, the health, the log and the operating
// system of this process. Every service reads its configuration and then does the same:
//
//   const auto metrics = runtime::make_metrics(runtime, config.metrics, bus_stats, channels);
//   ... resolve handles, add sources ...
//   metrics->start();          // heartbeats and snapshots; readiness follows runtime.health
//   ... the work ...
//   co_await metrics->stop();  // the final snapshot, after the last observation
//
// `venue-simulator` is on no bus and does not use it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/bus/address.hpp"
#include "common/bus/stats.hpp"
#include "common/domain/time.hpp"
#include "common/metrics/service_metrics.hpp"
#include "common/runtime/bus_security.hpp"
#include "common/runtime/config.hpp"
#include "common/runtime/service.hpp"

namespace polybot::runtime {

struct MetricsConfig {
  bus::Address metrics_address;                                       // bus.metrics
  bus::Address status_address;                                        // bus.status
  BusSecurity security;                                               // of all addresses
  domain::Duration snapshot_interval = std::chrono::seconds(1);       // metrics.interval
  domain::Duration status_interval = std::chrono::milliseconds(500);  // metrics.status_interval
};
// Of a service that dials the aggregator; `service` is its name.
[[nodiscard]] MetricsConfig read_metrics_config(config::Reader& reader, std::string_view service);
// Without the two addresses: of the aggregator, which listens and says where.
[[nodiscard]] MetricsConfig read_metrics_pace(config::Reader& reader, std::string_view service);

// `stats` outlives the result. `channels` are those of the bus this service uses, shown as 0 from
// the start. Free disk space is shown for `data_folder`, if not empty. Throws as bus::Publisher
// does.
//
// Shared only with the sampler of the loop's lag, which observes it weakly until the stop.
[[nodiscard]] std::shared_ptr<metrics::ServiceMetrics> make_metrics(
    Runtime& runtime, const MetricsConfig& config, bus::Stats& stats,
    std::span<const std::string_view> channels, std::string data_folder = {});

}  // namespace polybot::runtime
