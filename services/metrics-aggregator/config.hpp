// The aggregator's configuration: deploy/config/metrics-aggregator.toml, one field per key.
#pragma once

#include <string>
#include <vector>

#include "common/runtime/config.hpp"
#include "common/runtime/metrics.hpp"
#include "services/metrics-aggregator/aggregator.hpp"
#include "services/metrics-aggregator/core/liveness.hpp"
#include "services/metrics-aggregator/core/merger.hpp"

namespace polybot::metrics_aggregator {

struct Config {
  runtime::MetricsConfig bus;          // of this process's own metrics, which need no bus
  bus::Address metrics_address;        // bus.metrics
  bus::Address status_address;         // bus.status
  std::vector<ServicePorts> services;  // bus.from.SERVICE.*: all or none
  domain::Duration interval = std::chrono::seconds(1);     // merge.interval
  MergerLimits merger;                                     // merge.*
  LivenessLimits liveness;                                 // health.*
  std::vector<std::string> expected_services;              // health.expected_services
  std::string state_folder;                                // state.folder
  domain::Duration sync_every = std::chrono::seconds(30);  // state.sync_every
};

Config read_config(runtime::config::Reader& reader);

}  // namespace polybot::metrics_aggregator
