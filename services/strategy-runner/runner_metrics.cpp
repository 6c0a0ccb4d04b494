#include "services/strategy-runner/runner_metrics.hpp"

#include <string_view>

namespace polybot::strategy_runner {
namespace {

// Malformed is a fault of the strategy and is counted separately.
constexpr std::array kWithheld{Refusal::NoBook, Refusal::Busy, Refusal::Paced, Refusal::Muted};

}  // namespace

RunnerMetrics::RunnerMetrics(metrics::Registry& registry, const Runner& runner)
    : decide_(registry.histogram("polybot_order_latency_seconds", {"decide"})),
      refused_(registry.counter("polybot_signals_refused_total", {"undecodable"})),
      malformed_(registry.counter("polybot_signals_refused_total", {"malformed"})) {
  for (std::size_t i = 0; i < runner.strategies(); ++i) {
    const std::string& name = runner.name(i).value;
    PerStrategy handles{
        .scans = registry.counter("polybot_scans_total", {name}),
        .scan_duration = registry.histogram("polybot_scan_duration_seconds", {name}),
        .running = registry.gauge("polybot_strategy_running", {name}),
        .markets = registry.gauge("polybot_strategy_markets", {name}),
        .signals =
            metrics::PerEnum<domain::SignalAction, metrics::Counter>([&](std::string_view action) {
              return registry.counter("polybot_signals_total", {name, action});
            }),
        .withheld = {},
        .unanswered = registry.counter("polybot_signals_unanswered_total", {name})};
    for (const Refusal reason : kWithheld) {
      handles.withheld.push_back(
          registry.counter("polybot_signals_withheld_total", {name, domain::name_of(reason)}));
    }
    handles.running.set(0);
    handles.markets.set(0);
    strategies_.push_back(std::move(handles));
  }
}

void RunnerMetrics::scanned(const Scan& scan, domain::Duration took) {
  if (scan.counted) strategies_[scan.strategy].scan_duration.observe(took);
}

void RunnerMetrics::observe(const Runner& runner, domain::Timestamp now) {
  std::uint64_t malformed = 0;
  for (std::size_t i = 0; i < strategies_.size(); ++i) {
    const Runner::StrategyStatus status = runner.status(i, now);
    PerStrategy& handles = strategies_[i];
    handles.scans.raise_to(static_cast<double>(status.scans));
    handles.running.set(status.enabled && status.shards_in_force > 0 ? 1 : 0);
    handles.markets.set(static_cast<double>(runner.markets_traded(i)));
    for (const auto action : domain::kEnumerators<domain::SignalAction>)
      handles.signals[action].raise_to(static_cast<double>(runner.desk(i).emitted(action)));
    for (std::size_t reason = 0; reason < kWithheld.size(); ++reason) {
      handles.withheld[reason].raise_to(
          static_cast<double>(runner.desk(i).refused(kWithheld[reason])));
    }
    handles.unanswered.raise_to(static_cast<double>(runner.desk(i).expired()));
    malformed += runner.desk(i).refused(Refusal::Malformed);
  }
  malformed_.raise_to(static_cast<double>(malformed));
}

}  // namespace polybot::strategy_runner
