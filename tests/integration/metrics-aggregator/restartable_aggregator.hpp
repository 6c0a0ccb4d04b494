// The aggregator's own program, which a test can kill and start again, with real senders on ipc
// sockets, a real state folder and scrapes over HTTP. The senders run on the test's loop. A process
// of its own, because only its end is an end as kill -9 makes one: closing the sockets in the
// test's process would leave it NNG's threads and whatever state they are in.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>

#include "common/http/client.hpp"
#include "common/metrics/service_metrics.hpp"
#include "common/runtime/clock.hpp"
#include "tests/support/process.hpp"
#include "tests/support/prometheus_text.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::metrics_aggregator {

class RestartableAggregator : public testing::Test {
 protected:
  using PrometheusText = test_support::PrometheusText;
  using Labels = std::map<std::string, std::string>;
  static constexpr std::chrono::milliseconds kInterval{20};
  static constexpr std::chrono::seconds kPatience{60};

  RestartableAggregator() {
    std::ofstream(configuration()) << "[admin]\nport = 0\n"
                                   << "[log]\nformat = \"json\"\n"
                                   << "[bus]\nmetrics = \"" << address("metrics") << "\"\n"
                                   << "status = \"" << address("status") << "\"\n"
                                   << "[merge]\ninterval = \"100ms\"\n"
                                   << "[state]\nfolder = \"" << state_folder().string() << "\"\n"
                                   << "sync_every = \"1s\"\n";
  }

  ~RestartableAggregator() override {
    io_.restart();
    io_.poll();  // the last turn of the senders, which are gone
  }

  // --- The aggregator ----------------------------------------------------------------------------

  // Returns when it listens.
  void start() {
    process_.emplace(POLYBOT_METRICS_AGGREGATOR,
                     std::vector<std::string>{"--config", configuration().string()},
                     std::vector<std::string>{"POLYBOT_REPLICA=aggregator-1"});
    // The system picks the port; the program tells it in a field of a line of its own.
    const std::string field = "\"http\":\"";
    const bool told = process_->wait_for(field);
    const std::size_t begin = process_->output.find(field) + field.size();
    if (!told || !process_->wait_for("\"", begin))
      throw std::runtime_error("the aggregator does not start:\n" + process_->output);
    http_address_ = process_->output.substr(begin, process_->output.find('"', begin) - begin);
  }
  // From then on every process that is born is counted from zero, even if this machine stalls for a
  // second: the aggregator has merged for longer than that.
  void wait_until_it_counts_from_zero() {
    eventually([&] { return is_ready() && value("polybot_aggregator_snapshots_total") >= 15; });
  }

  // It merges and writes no more.
  void kill() { EXPECT_EQ(end_by(SIGKILL), 128 + SIGKILL); }
  void stop_in_order() { EXPECT_EQ(end_by(SIGTERM), 0) << process_->output; }
  pid_t pid() const { return process_->pid(); }

  bool is_ready() { return get("/health/ready").status == 200; }

  std::filesystem::path state_folder() const { return folder_ / "aggregator"; }
  std::filesystem::path configuration() const { return folder_ / "metrics-aggregator.toml"; }
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
      io_.restart();
      io_.run_for(kInterval);  // what is asked changes no faster
    }
  }

  // --- Readers -----------------------------------------------------------------------------------

  http::ClientResponse get(const std::string& target) {
    std::optional<http::Outcome> outcome;
    const std::string url = "http://" + http_address_ + target;
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

 private:
  int end_by(int signal) {
    process_->signal(signal);
    return process_->wait();
  }

  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> loop_stays_ =
      boost::asio::make_work_guard(io_);
  std::optional<test_support::Process> process_;
  std::string http_address_;
};

}  // namespace polybot::metrics_aggregator
