// The runner's own families, resolved once: scans, signals, whether a strategy runs, and the time
// from a frame to the signal it caused.
#pragma once

#include <array>
#include <vector>

#include "common/metrics/per_enum.hpp"
#include "services/strategy-runner/core/runner.hpp"

namespace polybot::strategy_runner {

class RunnerMetrics {
 public:
  // Registers every label set of `runner`'s strategies at 0.
  RunnerMetrics(metrics::Registry& registry, const Runner& runner);

  void scanned(const Scan& scan, domain::Duration took);
  void decided(domain::Duration after_frame) { decide_.observe(after_frame); }
  // Messages of the bus that could not be read, in all.
  void refused(std::uint64_t total) { refused_.raise_to(static_cast<double>(total)); }
  // Copies what the core counts.
  void observe(const Runner& runner, domain::Timestamp now);

 private:
  struct PerStrategy {
    metrics::Counter scans;
    metrics::Histogram scan_duration;
    metrics::Gauge running;
    metrics::Gauge markets;
    metrics::PerEnum<domain::SignalAction, metrics::Counter> signals;
    std::vector<metrics::Counter> withheld;  // in the order of kWithheld
    metrics::Counter unanswered;
  };
  std::vector<PerStrategy> strategies_;
  metrics::Histogram decide_;
  metrics::Counter refused_;
  metrics::Counter malformed_;
};

}  // namespace polybot::strategy_runner
