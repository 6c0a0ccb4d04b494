// Which replicas are alive and which are ready, from heartbeats. Pure. It is separate from the
// merging of metrics: an unreadable snapshot must not take the heartbeat with it, and three seconds
// of silence are enough here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/domain/time.hpp"
#include "common/metrics/snapshot.hpp"

namespace polybot::metrics_aggregator {

struct LivenessLimits {
  domain::Duration silence_max = std::chrono::seconds(3);
  // A replica that fell silent stays listed as silent for this long.
  domain::Duration listed_for = std::chrono::minutes(5);
  std::size_t replicas_max = 1'024;
};

struct ReplicaHealth {
  std::string replica;
  std::string version;
  bool up = false;
  bool ready = false;
  std::vector<std::string> reasons;  // why not ready
  domain::Duration uptime{};
  domain::Duration since{};  // how long ready, or not ready, or silent
  domain::Duration heard_ago{};
};

struct ServiceHealth {
  std::string service;
  std::vector<ReplicaHealth> replicas;  // by name
  std::size_t up = 0;
  std::size_t ready = 0;
  // Time of the last heartbeat of any replica; the epoch before the first.
  domain::Timestamp last_heard{};
};

class Liveness {
 public:
  // Expected services are listed even when they were never heard; others are not accepted.
  explicit Liveness(std::vector<std::string> expected, LivenessLimits limits = {});

  // False when the heartbeat is of no expected service, older than what is known, or one replica
  // too many.
  bool receive(const metrics::Status& status, domain::Timestamp received);

  // In the order of the expected services. Forgets replicas that have been silent for long.
  std::vector<ServiceHealth> at(domain::Timestamp now);

 private:
  struct Known {
    metrics::Status status;
    domain::Timestamp received;
  };

  std::vector<std::string> expected_;
  LivenessLimits limits_;
  std::map<std::pair<std::string, std::string>, Known> replicas_;  // by service and replica
  std::map<std::string, domain::Timestamp> last_heard_;            // by service
};

}  // namespace polybot::metrics_aggregator
