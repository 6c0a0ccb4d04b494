// The configuration of strategy-runner: deploy/config/strategy-runner.toml says what each key
// means.
#pragma once

#include <string>

#include "common/bus/address.hpp"
#include "common/runtime/config.hpp"
#include "common/runtime/metrics.hpp"
#include "services/strategy-runner/core/runner.hpp"

namespace polybot::strategy_runner {

struct BusConfig {
  bus::Address market_data;  // dialled, like all of these
  bus::Address market_data_recovery;
  bus::Address signals;
  bus::Address orders;
  bus::Address orders_recovery;
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  std::size_t ring_frames = 8192;
};

struct Config {
  BusConfig bus;
  runtime::MetricsConfig metrics;
  // Replica and incarnation are filled in by the service.
  RunnerSettings runner;
  domain::Duration timer_every = std::chrono::milliseconds(100);
  domain::Duration announce_every = std::chrono::milliseconds(500);
};

// Reads every key; errors are collected by the reader.
[[nodiscard]] Config read_config(runtime::config::Reader& reader);

}  // namespace polybot::strategy_runner
