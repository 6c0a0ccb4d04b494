// The bundles a service gets: HTTP, bus and process metrics, resolved once.
#include "common/metrics/service_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <map>

namespace polybot::metrics {
namespace {

using namespace std::chrono_literals;

Identity identity(std::string service) {
  return {std::move(service), "replica-1", 7, "1.2.3", "abc"};
}

class Collected {
 public:
  explicit Collected(Registry& registry) {
    for (FamilyValues& family : registry.collect({domain::from_unix_ms(1'700'000'000'000), 1s})) {
      for (Series& one : family.series) series_[family.name + "|" + one.labels] = std::move(one);
    }
  }
  const Series* find(std::string_view name, LabelValues labels) const {
    const auto found = series_.find(std::string(name) + "|" + join_labels(labels));
    return found == series_.end() ? nullptr : &found->second;
  }
  double value(std::string_view name, LabelValues labels) const {
    const Series* const found = find(name, labels);
    EXPECT_NE(found, nullptr) << name;
    return found == nullptr ? -1e9 : found->value;
  }

 private:
  std::map<std::string, Series> series_;
};

TEST(HttpMetrics, RegistersEveryRouteAtZero) {
  Registry registry(identity("gateway"));
  HttpMetrics http(registry, {{"GET", "/api/v1/orders/{id}"}});
  const Collected all(registry);
  for (const std::string_view status : {"2xx", "4xx", "5xx"}) {
    EXPECT_EQ(all.value("polybot_http_requests_total", {"GET", "/api/v1/orders/{id}", status}), 0);
    EXPECT_NE(
        all.find("polybot_http_request_duration_seconds", {"GET", "/api/v1/orders/{id}", status}),
        nullptr);
  }
  EXPECT_EQ(all.value("polybot_http_requests_total", {"other", "unmatched", "4xx"}), 0);
}

TEST(HttpMetrics, CountsRequestsByRouteAndClass) {
  Registry registry(identity("gateway"));
  HttpMetrics http(registry, {{"GET", "/a"}});
  http.on_request("GET", "/a", 200, 0.01);
  http.on_request("GET", "/a", 204, 0.02);
  http.on_request("GET", "/a", 503, 0.03);
  http.on_request("GET", "/ws", 101, 0.001);
  http.on_request("POST", "unmatched", 404, 0.001);
  const Collected all(registry);
  EXPECT_EQ(all.value("polybot_http_requests_total", {"GET", "/a", "2xx"}), 2);
  EXPECT_EQ(all.value("polybot_http_requests_total", {"GET", "/a", "5xx"}), 1);
  EXPECT_EQ(all.value("polybot_http_requests_total", {"GET", "/ws", "1xx"}), 1);
  EXPECT_EQ(all.value("polybot_http_requests_total", {"POST", "unmatched", "4xx"}), 1);
  EXPECT_DOUBLE_EQ(all.find("polybot_http_request_duration_seconds", {"GET", "/a", "2xx"})->sum,
                   0.03);
}

TEST(HttpMetrics, FollowsWebSocketSessions) {
  Registry registry(identity("gateway"));
  HttpMetrics http(registry, {});
  http.on_websocket(1);
  http.on_websocket(1);
  http.on_websocket(-1);
  EXPECT_EQ(Collected(registry).value("polybot_websocket_connections", {}), 1);
}

// Nobody listens at that address: the page is for such a time.
TEST(ServiceMetrics, ShowsItsLastSnapshotAsAPage) {
  boost::asio::io_context io;
  bus::Stats stats;
  ServiceMetrics metrics(io.get_executor(),
                         {.identity = identity("gateway"),
                          .metrics_address = "ipc://" + testing::TempDir() + "nobody.ipc",
                          .now =
                              [] {
                                return Moment{domain::from_unix_ms(1'700'000'100'000), 5s};
                              }},
                         stats);
  stats.channel("md").add_waiting(2);
  stats.channel("md").remove_waiting(2);
  metrics.registry().counter("polybot_book_resyncs_total", {"gap"}).increment();
  metrics.registry()
      .timestamp_gauge("polybot_market_data_last_update_timestamp_seconds", {"polymarket"})
      .set(domain::from_unix_ms(1'700'000'000'000));
  metrics.registry().timestamp_gauge("polybot_market_data_last_update_timestamp_seconds", {"none"});
  EXPECT_EQ(metrics.page(), "");
  metrics.start();
  const std::string page = metrics.page();
  EXPECT_THAT(page, testing::HasSubstr("\npolybot_book_resyncs_total{reason=\"gap\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("{venue=\"polymarket\"} 1700000000\n"));
  EXPECT_THAT(page, testing::HasSubstr("{venue=\"none\"} 0\n"));
  EXPECT_THAT(page, testing::HasSubstr("polybot_nng_queue_depth{channel=\"md\"} 2\n"));
  EXPECT_EQ(metrics.page(), page) << "to be looked at changes nothing";
}

TEST(BusMetrics, CopiesTheBusLibrarysCounts) {
  Registry registry(identity("gateway"));
  bus::Stats stats;
  observe_bus(registry, stats, {"md"});
  EXPECT_EQ(Collected(registry).value("polybot_bus_messages_published_total", {"md"}), 0);
  bus::ChannelStats& channel = stats.channel("md.17");
  channel.published = 5;
  channel.received = 4;
  channel.lost = 3;
  channel.add_waiting(2);
  channel.remove_waiting(2);
  stats.count(bus::Refusal::Undecodable);
  stats.count(bus::ReplayOutcome::TimedOut);
  const Collected all(registry);
  EXPECT_EQ(all.value("polybot_bus_messages_published_total", {"md"}), 5);
  EXPECT_EQ(all.value("polybot_bus_messages_received_total", {"md"}), 4);
  EXPECT_EQ(all.value("polybot_bus_messages_lost_total", {"md"}), 3);
  EXPECT_EQ(all.value("polybot_nng_queue_depth", {"md"}), 2)
      << "the most that waited, though none waits now";
  EXPECT_EQ(all.value("polybot_bus_frames_refused_total", {"undecodable"}), 1);
  EXPECT_EQ(all.value("polybot_bus_replays_total", {"timed_out"}), 1);
  EXPECT_EQ(Collected(registry).value("polybot_nng_queue_depth", {"md"}), 0)
      << "since the last snapshot";
}

TEST(BusMetrics, ShowsAChannelThatAppearsLater) {
  Registry registry(identity("gateway"));
  bus::Stats stats;
  observe_bus(registry, stats, {});
  EXPECT_EQ(Collected(registry).find("polybot_bus_messages_lost_total", {"order"}), nullptr);
  stats.channel("order.arbitrage").lost = 1;
  EXPECT_EQ(Collected(registry).value("polybot_bus_messages_lost_total", {"order"}), 1);
}

TEST(ProcessMetrics, ShowsWhatTheOperatingSystemSays) {
  Registry registry(identity("gateway"));
  ProcessReading reading{.resident_memory_bytes = 1000,
                         .open_fds = 7,
                         .cpu_seconds = 1.5,
                         .disk_size_bytes = 64,
                         .log_dropped = 2,
                         .bus_certificate_ends_s = 1'800'000'000,
                         .requests_refused = {.host = 3}};
  ProcessMetrics process(registry, [&] { return reading; });
  process.observe_loop_lag(2ms);
  const Collected all(registry);
  EXPECT_EQ(all.value("polybot_process_resident_memory_bytes", {"gateway"}), 1000);
  EXPECT_EQ(all.value("polybot_process_open_fds", {"gateway"}), 7);
  EXPECT_EQ(all.value("polybot_process_cpu_seconds_total", {"gateway"}), 1.5);
  EXPECT_EQ(all.value("polybot_log_messages_dropped_total", {"gateway"}), 2);
  EXPECT_EQ(all.value("polybot_bus_certificate_not_after_seconds", {"gateway"}), 1.8e9);
  EXPECT_EQ(all.value("polybot_requests_refused_total", {"gateway", "admin", "host"}), 3);
  EXPECT_EQ(all.value("polybot_requests_refused_total", {"gateway", "admin", "origin"}), 0);
  EXPECT_EQ(all.value("polybot_build_info", {"gateway", "1.2.3", "abc"}), 1);
  EXPECT_EQ(all.value("polybot_process_starts_total", {"gateway"}), 1);
  EXPECT_EQ(all.find("polybot_disk_free_bytes", {"gateway"}), nullptr)
      << "unknown is absent, not 0";
  EXPECT_EQ(all.value("polybot_disk_size_bytes", {"gateway"}), 64);
}

}  // namespace
}  // namespace polybot::metrics
