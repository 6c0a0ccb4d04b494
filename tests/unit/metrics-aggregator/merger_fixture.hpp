// Snapshots by hand, for the tests of the merger.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/metrics-aggregator/core/merger.hpp"

namespace polybot::metrics_aggregator {

inline domain::Timestamp at(domain::Duration since) {
  return domain::from_unix_ms(1'700'000'000'000) + since;
}

inline metrics::FamilyValues family_of(const std::string& name,
                                       std::vector<metrics::Series> series) {
  const metrics::FamilyIndex index = metrics::find(name);
  EXPECT_NE(index, metrics::kNoFamily) << name;
  return {name, metrics::fingerprint(index), std::move(series)};
}

// One process that publishes. Its uptime is counted from `born`.
struct Process {
  std::string service = "strategy-runner";
  std::string replica = "runner-1";
  std::uint64_t incarnation = 1;
  domain::Timestamp born{};
  std::uint64_t seq = 0;
  metrics::Fold fold = {};

  metrics::Snapshot snapshot(domain::Timestamp now, std::vector<metrics::FamilyValues> families) {
    const auto uptime = std::chrono::floor<std::chrono::milliseconds>(now - born);
    return {.service = service,
            .replica = replica,
            .incarnation = incarnation,
            .seq = ++seq,
            .uptime_ms = static_cast<std::uint64_t>(uptime.count()),
            .interval_ms = 1000,
            .fold = fold,
            .families = std::move(families)};
  }
};

// The value of a counter or gauge in a view.
inline std::optional<double> value_in(const std::vector<metrics::FamilyValues>& view,
                                      std::string_view name, std::string_view labels = {}) {
  for (const metrics::FamilyValues& family : view) {
    if (family.name != name) continue;
    for (const metrics::Series& series : family.series) {
      if (series.labels == labels) return series.value;
    }
  }
  return std::nullopt;
}

inline const metrics::Series* series_in(const std::vector<metrics::FamilyValues>& view,
                                        std::string_view name, std::string_view labels = {}) {
  for (const metrics::FamilyValues& family : view) {
    if (family.name != name) continue;
    for (const metrics::Series& series : family.series) {
      if (series.labels == labels) return &series;
    }
  }
  return nullptr;
}

}  // namespace polybot::metrics_aggregator
