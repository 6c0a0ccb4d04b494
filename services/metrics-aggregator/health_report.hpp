// The bodies of the aggregator's health routes: what it says about itself and about the other
// services. Pure functions from heartbeats to JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"
#include "services/metrics-aggregator/core/liveness.hpp"

namespace polybot::metrics_aggregator {

// The aggregator's own part of the answers.
struct OwnHealth {
  std::string version;
  std::string timestamp;  // RFC 3339
  domain::Duration uptime{};
  bool ready = false;
  std::vector<std::string> reasons;
};

struct Report {
  bool ok = false;  // 200, else 503
  std::string body;
};

// /health: every service and replica, with reasons. Ok when the aggregator itself is ready.
Report report_all(const OwnHealth& own, const std::vector<ServiceHealth>& services);
// /health/ready: the aggregator itself; the body lists who else is not ready.
Report report_own(const OwnHealth& own, const std::vector<ServiceHealth>& services);
// /health/ready/<service>: ok when at least one replica is ready; the body says n of m.
Report report_service(const ServiceHealth& service);
// /health/ready/stack: ok when every service has a ready replica.
Report report_stack(const std::vector<ServiceHealth>& services);

}  // namespace polybot::metrics_aggregator
