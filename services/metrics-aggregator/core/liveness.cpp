#include "services/metrics-aggregator/core/liveness.hpp"

#include <algorithm>

namespace polybot::metrics_aggregator {

namespace {

using domain::Duration;
using domain::Timestamp;

Duration milliseconds(std::uint64_t count) {
  // This is longer than any process lives, and keeps garbage from overflowing.
  constexpr std::uint64_t kCenturyMs = std::uint64_t{100} * 366 * 24 * 3600 * 1000;
  return std::chrono::milliseconds(std::min(count, kCenturyMs));
}

ReplicaHealth health_of(const metrics::Status& status, Timestamp received, Timestamp now,
                        Duration silence_max) {
  ReplicaHealth health{.replica = status.replica,
                       .version = status.version,
                       .uptime = milliseconds(status.uptime_ms) + (now - received),
                       .heard_ago = now - received};
  health.up = health.heard_ago <= silence_max;
  health.ready = health.up && status.ready;
  if (health.up) {
    health.since = std::max(health.uptime - milliseconds(status.since_ms), Duration::zero());
    health.reasons = status.reasons;
    if (!health.ready && health.reasons.empty()) health.reasons = {"not ready"};
  } else {
    health.since = health.heard_ago;
    const auto silent = std::chrono::duration_cast<std::chrono::seconds>(health.heard_ago);
    health.reasons = {"no heartbeat for " + std::to_string(silent.count()) + " s"};
  }
  return health;
}

}  // namespace

Liveness::Liveness(std::vector<std::string> expected, LivenessLimits limits)
    : expected_(std::move(expected)), limits_(limits) {}

bool Liveness::receive(const metrics::Status& status, Timestamp received) {
  if (std::ranges::find(expected_, status.service) == expected_.end()) return false;
  const auto key = std::make_pair(status.service, status.replica);
  auto found = replicas_.find(key);
  if (found == replicas_.end() && replicas_.size() >= limits_.replicas_max) return false;
  if (found != replicas_.end()) {
    const Known& known = found->second;
    const bool same = known.status.incarnation == status.incarnation;
    if (same && status.seq <= known.status.seq) return false;
    // The last heartbeat of a predecessor must not outlive the start of its successor.
    const Timestamp birth = received - milliseconds(status.uptime_ms);
    const Timestamp known_birth = known.received - milliseconds(known.status.uptime_ms);
    const bool known_is_up = received - known.received <= limits_.silence_max;
    if (!same && known_is_up && birth < known_birth) return false;
  }
  Timestamp& heard = last_heard_[status.service];
  heard = std::max(heard, received);
  if (status.final) {
    if (found != replicas_.end()) replicas_.erase(found);
    return true;
  }
  replicas_.insert_or_assign(key, Known{status, received});
  return true;
}

std::vector<ServiceHealth> Liveness::at(Timestamp now) {
  std::erase_if(replicas_, [&](const auto& entry) {
    return now - entry.second.received > limits_.listed_for;
  });
  std::vector<ServiceHealth> services;
  services.reserve(expected_.size());
  for (const std::string& name : expected_) {
    ServiceHealth& service = services.emplace_back(ServiceHealth{.service = name});
    if (const auto heard = last_heard_.find(name); heard != last_heard_.end()) {
      service.last_heard = heard->second;
    }
    for (const auto& [key, known] : replicas_) {
      if (key.first != name) continue;
      ReplicaHealth health = health_of(known.status, known.received, now, limits_.silence_max);
      service.up += health.up ? 1 : 0;
      service.ready += health.ready ? 1 : 0;
      service.replicas.push_back(std::move(health));
    }
  }
  return services;
}

}  // namespace polybot::metrics_aggregator
