// The shell around the aggregator's core: snapshots and heartbeats in from the bus, the merged view
// out over HTTP. Decides nothing; see core/ for the rules.
//
// Each interval: merge, write the state, show the view. This order makes sure that no value is read
// which a restarted aggregator could fall below. If the state cannot be written the view is shown
// all the same, the failure is counted and the component "state" is not ready.
//
// Single loop. Everything referenced outlives the aggregator, and the aggregator outlives its
// routes' last request.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/bus/stats.hpp"
#include "common/bus/subscriber.hpp"
#include "common/http/message.hpp"
#include "common/http/router.hpp"
#include "common/metrics/service_metrics.hpp"
#include "common/metrics/text_format.hpp"
#include "common/runtime/health.hpp"
#include "common/runtime/logging.hpp"
#include "services/metrics-aggregator/core/liveness.hpp"
#include "services/metrics-aggregator/core/merger.hpp"
#include "services/metrics-aggregator/health_report.hpp"
#include "services/metrics-aggregator/state/state_codec.hpp"
#include "services/metrics-aggregator/state/state_file.hpp"

namespace polybot::metrics_aggregator {

// Where one service alone is heard.
struct ServicePorts {
  std::string service;
  bus::Address metrics_address;
  bus::Address status_address;
};

struct AggregatorSettings {
  bus::Address metrics_address;  // listens; 5570
  bus::Address status_address;   // listens; 5571
  // If any: each service has ports of its own, and the two above are not opened. Who can reach the
  // port of one service cannot speak in the name of another.
  std::vector<ServicePorts> services;
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  std::chrono::milliseconds interval{1000};  // between merges
  MergerLimits merger;
  LivenessLimits liveness;
  std::vector<std::string> expected_services;
  std::function<metrics::Moment()> now;          // wall clock, and time since the process started
  std::filesystem::path state_folder;            // empty: totals end with the process
  std::chrono::milliseconds sync_every{30'000};  // between writes that survive a power loss
  // What uptimes count from: with these two a later process continues the line of time exactly.
  domain::Duration monotonic_start{};
  std::string boot_id;
};

class Aggregator {
 public:
  // Loads the state, shows it, and listens. Throws std::runtime_error when an address is taken or
  // another process uses the state folder. A state that is missing or cannot be used is an empty
  // one. `own` are this process's metrics; they take part in the merge like all others, without the
  // bus.
  Aggregator(boost::asio::any_io_executor executor, AggregatorSettings settings,
             metrics::ServiceMetrics& own, runtime::Health& health, bus::Stats& stats);
  Aggregator(const Aggregator&) = delete;
  Aggregator& operator=(const Aggregator&) = delete;

  // /metrics, /health, /health/live, /health/ready, /health/ready/stack, /health/ready/{service}.
  void add_routes(http::Router& router);

  // Each runs until close(); co_spawn all three.
  boost::asio::awaitable<void> receive_snapshots();
  boost::asio::awaitable<void> receive_heartbeats();
  boost::asio::awaitable<void> merge_repeatedly();
  // An orderly end, after those three have ended: merges what was received and writes it to the
  // disk.
  boost::asio::awaitable<void> finish();
  void close();

  // Where senders dial, with the real port where 0 was configured: the one that they share, or that
  // of settings.services[port].
  const std::string& metrics_address(std::size_t port = 0) const {
    return snapshots_[port]->addresses().front();
  }
  const std::string& status_address(std::size_t port = 0) const {
    return heartbeats_[port]->addresses().front();
  }

 private:
  using Subscribers = std::vector<std::unique_ptr<bus::Subscriber>>;
  [[nodiscard]] Subscribers listen(std::string_view channel,
                                   bus::Address AggregatorSettings::*shared,
                                   bus::Address ServicePorts::*own) const;
  void register_metrics();
  boost::asio::awaitable<void> read_snapshots(bus::Subscriber& port);
  boost::asio::awaitable<void> read_heartbeats(bus::Subscriber& port);
  void on_snapshot(std::string_view bytes, const bus::Producer& sender);
  bool load_state();
  boost::asio::awaitable<void> merge(Durability durability);
  boost::asio::awaitable<void> write_state(std::string bytes, Durability durability);
  void count_refused_frames();
  void judge_write(const boost::system::error_code& error);
  void merge_own(const metrics::Moment& now);
  boost::asio::awaitable<void> drain();

  // Time that never jumps: the wall clock at the start, carried on by the monotonic clock.
  domain::Timestamp line(const metrics::Moment& now) const { return started_ + now.uptime; }
  domain::Duration wall_offset(const metrics::Moment& now) const { return now.wall - line(now); }

  http::Response scrape(const http::Request& request);
  std::vector<ServiceHealth> services();
  [[nodiscard]] std::size_t replicas_up();
  OwnHealth own_health() const;

  boost::asio::any_io_executor executor_;
  AggregatorSettings settings_;
  metrics::ServiceMetrics& own_;
  runtime::Health& health_;
  bus::Stats& stats_;
  domain::Timestamp started_;
  Merger merger_;
  Liveness liveness_;
  metrics::Exposition exposition_;
  std::optional<StateFile> state_file_;
  bool state_loaded_;
  domain::Duration synced_at_{};  // uptime of the last write that survives a power loss
  std::array<std::uint64_t, bus::kRefusalCount> refused_frames_{};  // counted so far
  std::uint64_t own_seq_ = 0;
  std::uint64_t own_status_seq_ = 0;
  metrics::Counter heartbeats_refused_;
  metrics::Histogram scrape_duration_;
  metrics::Histogram state_write_duration_;
  metrics::Counter state_write_failures_;
  runtime::log::Limited bad_input_log_;
  runtime::log::Limited bad_state_log_;
  Subscribers snapshots_;
  Subscribers heartbeats_;
  boost::asio::steady_timer timer_;
  bool closed_ = false;
};

}  // namespace polybot::metrics_aggregator
