// Sends what the registry holds to the aggregator: a cumulative snapshot every interval on
// metrics.<service>, a heartbeat on status.<service>, both marked final at an orderly end. The two
// have sockets of their own, so that a bad snapshot cannot take the heartbeat along.
//
// Nothing is queued or retried: each message makes the previous one worthless. Loop-only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/bus/address.hpp"
#include "common/bus/stats.hpp"
#include "common/metrics/registry.hpp"

namespace polybot::metrics {

struct PublisherSettings {
  std::string metrics_address;  // empty: no snapshots
  std::string status_address;   // empty: no heartbeats
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  std::chrono::milliseconds snapshot_interval{1000};
  std::chrono::milliseconds status_interval{500};
  std::function<Moment()> now;
};

class SnapshotPublisher {
 public:
  // Dials in the background. Throws as bus::Publisher does. `registry` and `stats` outlive it.
  SnapshotPublisher(boost::asio::any_io_executor executor, PublisherSettings settings,
                    Registry& registry, bus::Stats& stats);
  ~SnapshotPublisher();
  SnapshotPublisher(const SnapshotPublisher&) = delete;
  SnapshotPublisher& operator=(const SnapshotPublisher&) = delete;

  void start();
  // A change goes out at once.
  void set_readiness(bool ready, std::vector<std::string> reasons);
  // Sends the final snapshot and heartbeat, gives the library a moment to write them (closing a PUB
  // socket drops what it still holds, and it cannot be asked), and closes. A second call only
  // waits.
  [[nodiscard]] boost::asio::awaitable<void> stop();

 private:
  struct State;
  // Shared with the pending timers, which may still be queued when this is destroyed.
  std::shared_ptr<State> state_;
};

}  // namespace polybot::metrics
