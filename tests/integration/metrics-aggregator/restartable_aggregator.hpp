// An aggregator that a test can kill and start again, with real senders on ipc sockets, a real
// state folder and scrapes over HTTP. Everything runs on one loop.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "common/runtime/clock.hpp"
#include "services/metrics-aggregator/aggregator.hpp"
#include "tests/support/prometheus_text.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::metrics_aggregator {

class RestartableAggregator : public testing::Test {
 protected:
  using PrometheusText = test_support::PrometheusText;
  using Labels = std::map<std::string, std::string>;
  static constexpr std::chrono::milliseconds kInterval{20};
  static constexpr std::chrono::seconds kPatience{60};

  ~RestartableAggregator() override { kill(); }

  // --- The aggregator ----------------------------------------------------------------------------

  // One process of it: a kill destroys all of this.
  struct Running {
    Running(boost::asio::io_context& io, std::uint64_t incarnation, AggregatorSettings settings)
        : health("metrics-aggregator", "aggregator-1", "1", [] { return runtime::Clock().now(); }),
          own(io.get_executor(),
              {.identity = {"metrics-aggregator", "aggregator-1", incarnation, "1", "r"},
               .bus_channels = {"metrics", "status"},
               .now = settings.now},
              stats),
          server(io.get_executor(), {}),
          aggregator(io.get_executor(), std::move(settings), own, health, stats) {
      aggregator.add_routes(server.router());
      server.listen();
    }
    bus::Stats stats;
    runtime::Health health;
    metrics::ServiceMetrics own;
    http::Server server;
    Aggregator aggregator;
    int coroutines = 0;
  };

  void start() {
    const runtime::Clock clock;
    const domain::Duration started = clock.monotonic();
    running_ = std::make_unique<Running>(
        io_, random_(),
        AggregatorSettings{.metrics_address = address("metrics"),
                           .status_address = address("status"),
                           .interval = kInterval,
                           .expected_services = {"gateway", "strategy-runner", "order-manager",
                                                 "metrics-aggregator"},
                           .now =
                               [clock, started] {
                                 return metrics::Moment{clock.now(), clock.monotonic() - started};
                               },
                           .state_folder = state_folder(),
                           .sync_every = std::chrono::milliseconds(100),
                           .monotonic_start = started,
                           .boot_id = runtime::boot_id()});
    spawn(running_->aggregator.receive_snapshots());
    spawn(running_->aggregator.receive_heartbeats());
    spawn(running_->aggregator.merge_repeatedly());
  }

  // As kill -9 would: it merges and writes no more.
  void kill() {
    if (!running_) return;
    running_->aggregator.close();
    while (running_->coroutines > 0) turn();
    io_.restart();
    io_.poll();
    running_.reset();
  }

  std::filesystem::path state_folder() const { return folder_ / "aggregator"; }
  std::filesystem::path state_file() const { return state_folder() / "state.bin"; }
  std::string address(const std::string& socket) const {
    return "ipc://" + (folder_ / (socket + ".ipc")).string();
  }

  // --- Senders -----------------------------------------------------------------------------------

  std::unique_ptr<metrics::ServiceMetrics> start_sender(const std::string& service,
                                                        const std::string& replica) {
    const runtime::Clock clock;
    const domain::Duration started = clock.monotonic();
    auto sender = std::make_unique<metrics::ServiceMetrics>(
        io_.get_executor(),
        metrics::MetricsSettings{
            .identity = {service, replica, random_(), "1", "r"},
            .metrics_address = address("metrics"),
            .status_address = address("status"),
            .snapshot_interval = kInterval,
            .status_interval = kInterval,
            .now =
                [clock, started] {
                  return metrics::Moment{clock.now(), clock.monotonic() - started};
                }},
        sender_stats_);
    sender->start();
    return sender;
  }

  // --- The loop ----------------------------------------------------------------------------------

  void turn() {
    io_.restart();
    io_.run_one_for(std::chrono::milliseconds(5));
  }
  // Runs the loop until `condition` holds.
  template <class Condition>
  void eventually(Condition condition) {
    const runtime::Clock clock;
    const domain::Duration deadline = clock.monotonic() + kPatience;
    while (!condition()) {
      ASSERT_LT(clock.monotonic(), deadline) << "the condition did not come true in time\n"
                                             << get("/metrics").body.substr(0, 20'000);
      turn();
    }
  }

  // --- Readers -----------------------------------------------------------------------------------

  http::ClientResponse get(const std::string& target) {
    std::optional<http::Outcome> outcome;
    const std::string url = "http://" + running_->server.address() + target;
    const auto ask = [&]() -> boost::asio::awaitable<void> {
      const http::Headers none;
      outcome = co_await client_.get(url, none);
    };
    boost::asio::co_spawn(io_, ask(), boost::asio::detached);
    while (!outcome) turn();
    return outcome->value();
  }
  // Every scrape of every test is checked against the format.
  PrometheusText scraped() {
    PrometheusText text(get("/metrics").body);
    EXPECT_EQ(text.faults_text(), "");
    return text;
  }
  double value(std::string_view name, const Labels& labels = {}) {
    return scraped().value(name, labels).value_or(-1);
  }
  double dropped(const std::string& reason) {
    return value("polybot_aggregator_dropped_total", {{"reason", reason}});
  }

  boost::asio::io_context io_;
  std::mt19937_64 random_{11};
  test_support::TemporaryFolder folder_{"polybot-state"};
  bus::Stats sender_stats_;
  http::Client client_{io_.get_executor(), {}};
  std::unique_ptr<Running> running_;

 private:
  void spawn(boost::asio::awaitable<void> coroutine) {
    ++running_->coroutines;
    boost::asio::co_spawn(
        io_, std::move(coroutine),
        [running = running_.get()](std::exception_ptr) { --running->coroutines; });
  }
};

}  // namespace polybot::metrics_aggregator
