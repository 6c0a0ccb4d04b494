// Services publish over the bus, Prometheus scrapes over HTTP, and the aggregator is in between.
#include "services/metrics-aggregator/aggregator.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <memory>
#include <random>

#include "common/bus/publisher.hpp"
#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "common/runtime/clock.hpp"
#include "common/wire/metrics_codec.hpp"
#include "common/wire/status_codec.hpp"
#include "tests/support/prometheus_text.hpp"

namespace polybot::metrics_aggregator {
namespace {

using namespace std::chrono_literals;
using test_support::PrometheusText;

constexpr const char* kAnyPort = "tcp://127.0.0.1:0";
constexpr auto kInterval = 20ms;
constexpr auto kPatience = 10s;
constexpr const char* kConnections = "polybot_websocket_connections";
constexpr const char* kScans = "polybot_scans_total";

// Real time, shifted by the error of the host's clock.
std::function<metrics::Moment()> clock_shifted_by(domain::Duration shift) {
  const runtime::Clock clock;
  const domain::Duration started = clock.monotonic();
  return [clock, started, shift] {
    return metrics::Moment{clock.now() + shift, clock.monotonic() - started};
  };
}

class AggregatorTest : public testing::Test {
 protected:
  AggregatorTest() {
    aggregator_.add_routes(server_.router());
    server_.listen();
    boost::asio::co_spawn(io_, aggregator_.receive_snapshots(), [](std::exception_ptr) {});
    boost::asio::co_spawn(io_, aggregator_.receive_heartbeats(), [](std::exception_ptr) {});
    boost::asio::co_spawn(io_, aggregator_.merge_repeatedly(), [](std::exception_ptr) {});
    // Every process that is born from here on is counted from zero.
    while (!health_.ready()) turn();
  }
  ~AggregatorTest() override {
    aggregator_.close();
    io_.restart();
    io_.poll();
  }

  metrics::MetricsSettings settings_of(const std::string& service, const std::string& replica,
                                       domain::Duration clock_shift = {}) {
    return {.identity = {service, replica, random_(), "1.2.3", "abc"},
            .metrics_address = aggregator_.metrics_address(),
            .status_address = aggregator_.status_address(),
            .snapshot_interval = kInterval,
            .status_interval = kInterval,
            .now = clock_shifted_by(clock_shift)};
  }
  std::unique_ptr<metrics::ServiceMetrics> start(metrics::MetricsSettings settings) {
    auto service = std::make_unique<metrics::ServiceMetrics>(io_.get_executor(),
                                                             std::move(settings), sender_stats_);
    service->start();
    return service;
  }

  // Runs the loop until `condition` holds.
  template <class Condition>
  void eventually(Condition condition) {
    const runtime::Clock clock;
    const domain::Duration deadline = clock.monotonic() + kPatience;
    while (!condition()) {
      ASSERT_LT(clock.monotonic(), deadline) << "the condition did not come true in time\n"
                                             << scrape().body;
      turn();
    }
  }
  void turn() {
    io_.restart();
    io_.run_one_for(5ms);
  }

  http::ClientResponse get(std::string target, http::Headers headers = {}) {
    std::optional<http::Outcome> outcome;
    std::string url = "http://" + server_.address() + target;
    const auto ask = [&]() -> boost::asio::awaitable<void> {
      outcome = co_await client_.get(url, headers);
    };
    boost::asio::co_spawn(io_, ask(), boost::asio::detached);
    while (!outcome) turn();
    return outcome->value();
  }
  http::ClientResponse scrape() { return get("/metrics"); }
  PrometheusText scraped() { return PrometheusText(scrape().body); }
  double value(std::string_view name, const std::map<std::string, std::string>& labels = {}) {
    return scraped().value(name, labels).value_or(-1e9);
  }

  boost::asio::io_context io_;
  std::mt19937_64 random_{7};
  bus::Stats stats_;
  bus::Stats sender_stats_;
  runtime::Health health_{"metrics-aggregator", "aggregator-1", "1.2.3",
                          [] { return runtime::Clock().now(); }};
  metrics::ServiceMetrics own_{
      io_.get_executor(),
      {.identity = {"metrics-aggregator", "aggregator-1", 99, "1.2.3", "abc"},
       .bus_channels = {"metrics", "status"},
       .now = clock_shifted_by({})},
      stats_};
  http::Server server_{io_.get_executor(), {}};
  http::Client client_{io_.get_executor(), {}};
  Aggregator aggregator_{
      io_.get_executor(),
      {.metrics_address = kAnyPort,
       .status_address = kAnyPort,
       .interval = kInterval,
       .expected_services = {"gateway", "strategy-runner", "order-manager", "metrics-aggregator"},
       .now = clock_shifted_by({})},
      own_,
      health_,
      stats_};
};

TEST_F(AggregatorTest, ShowsWhatAServiceCounts) {
  const auto runner = start(settings_of("strategy-runner", "runner-1"));
  metrics::Counter scans = runner->registry().counter("polybot_scans_total", {"arbitrage"});
  metrics::Histogram duration =
      runner->registry().histogram("polybot_scan_duration_seconds", {"arbitrage"});
  scans.add(41);
  duration.observe(0.00001);
  eventually([&] { return value(kScans, {{"strategy", "arbitrage"}}) == 41; });
  scans.increment();
  eventually([&] { return value(kScans, {{"strategy", "arbitrage"}}) == 42; });
  EXPECT_EQ(value("polybot_scan_duration_seconds_count", {{"strategy", "arbitrage"}}), 1);
}

TEST_F(AggregatorTest, AnswersAsPrometheusExpects) {
  const auto runner = start(settings_of("strategy-runner", "runner-1"));
  eventually([&] {
    return value("polybot_build_info",
                 {{"service", "strategy-runner"}, {"version", "1.2.3"}, {"revision", "abc"}}) == 1;
  });
  const http::ClientResponse response = scrape();
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.headers.find("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.headers.find("Vary"), "Accept-Encoding");
  EXPECT_EQ(PrometheusText(response.body).faults_text(), "");
  const http::ClientResponse packed = get("/metrics", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed.headers.find("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.headers.find("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  const auto length = packed.headers.find("Content-Length");
  ASSERT_TRUE(length.has_value());
  EXPECT_LT(std::stoul(std::string(*length)), response.body.size() / 3);
  EXPECT_EQ(PrometheusText(packed.body).faults_text(), "") << "unpacked by the client";
}

TEST_F(AggregatorTest, ACounterGoesOnWhereADeadReplicaLeftIt) {
  auto first = start(settings_of("strategy-runner", "runner-1"));
  metrics::Counter scans = first->registry().counter("polybot_scans_total", {"arbitrage"});
  scans.add(10);
  eventually([&] { return value(kScans, {{"strategy", "arbitrage"}}) == 10; });
  first.reset();  // no goodbye
  const auto second = start(settings_of("strategy-runner", "runner-1"));
  second->registry().counter("polybot_scans_total", {"arbitrage"}).add(5);
  eventually([&] { return value(kScans, {{"strategy", "arbitrage"}}) == 15; });
}

TEST_F(AggregatorTest, AnOrderlyStopDeliversTheLastCountsAndTakesTheGauges) {
  auto gateway = start(settings_of("gateway", "gateway-1"));
  metrics::Gauge connections = gateway->registry().gauge("polybot_websocket_connections");
  metrics::Counter negative = gateway->registry().counter("polybot_market_data_lag_negative_total");
  connections.set(3);
  eventually([&] { return value(kConnections) == 3; });
  negative.add(7);
  boost::asio::co_spawn(io_, gateway->stop(), boost::asio::detached);
  eventually([&] { return !scraped().value(kConnections); });
  EXPECT_EQ(value("polybot_market_data_lag_negative_total"), 7);
  eventually([&] { return value("polybot_service_up", {{"service", "gateway"}}) == 0; });
}

TEST_F(AggregatorTest, ASendersWrongClockDoesNotShow) {
  constexpr const char* kLastUpdate = "polybot_market_data_last_update_timestamp_seconds";
  const std::map<std::string, std::string> polymarket = {{"venue", "polymarket"}};
  for (const domain::Duration shift : {domain::Duration(1h), domain::Duration(-1h)}) {
    metrics::MetricsSettings settings = settings_of("gateway", "gateway-1", shift);
    const auto now = settings.now;
    const auto gateway = start(std::move(settings));
    gateway->registry().timestamp_gauge(kLastUpdate, {"polymarket"}).set(now().wall);
    const double real =
        std::chrono::duration<double>(runtime::Clock().now().time_since_epoch()).count();
    eventually([&] { return scraped().value(kLastUpdate, polymarket).value_or(0) > 0; });
    EXPECT_NEAR(value(kLastUpdate, polymarket), real, 5);
    // The next sender is judged by what it says itself.
    boost::asio::co_spawn(io_, gateway->stop(), boost::asio::detached);
    eventually([&] { return !scraped().value(kLastUpdate, polymarket); });
  }
}

TEST_F(AggregatorTest, ExpectedServicesAreNeverAbsent) {
  eventually([&] {
    return value("polybot_service_ready", {{"service", "metrics-aggregator"}}) == 1;
  });
  const PrometheusText text = scraped();
  for (const std::string service : {"gateway", "strategy-runner", "order-manager"}) {
    EXPECT_EQ(text.value("polybot_service_up", {{"service", service}}), 0) << service;
    EXPECT_EQ(text.value("polybot_service_ready", {{"service", service}}), 0) << service;
    EXPECT_EQ(text.value("polybot_service_replicas", {{"service", service}}), 0) << service;
    EXPECT_EQ(text.value("polybot_service_replicas_ready", {{"service", service}}), 0) << service;
    EXPECT_EQ(
        text.value("polybot_service_last_heartbeat_timestamp_seconds", {{"service", service}}), 0)
        << service;
  }
}

TEST_F(AggregatorTest, AnswersForTheHealthOfTheOthers) {
  EXPECT_EQ(get("/health/live").status, 200U);
  EXPECT_EQ(get("/health/ready/gateway").status, 503U);
  EXPECT_EQ(get("/health/ready/nobody").status, 404U);
  EXPECT_EQ(get("/health/ready/stack").status, 503U);
  const auto one = start(settings_of("gateway", "gateway-1"));
  const auto two = start(settings_of("gateway", "gateway-2"));
  one->set_readiness(false, {"feed: no data"});
  two->set_readiness(true, {});
  eventually([&] { return get("/health/ready/gateway").status == 200; });
  eventually([&] {
    const auto body = boost::json::parse(get("/health/ready/gateway").body).as_object();
    return body.at("ready").as_int64() == 1 && body.at("replicas").as_int64() == 2;
  });
  EXPECT_EQ(get("/health/ready").status, 200U) << "the aggregator itself";
  EXPECT_EQ(get("/health").status, 200U);
  eventually([&] {
    const auto health = boost::json::parse(get("/health").body).as_object();
    const auto& instance = health.at("services").at("gateway").at("instances").at(0);
    return instance.at("reasons").at(0).as_string() == "feed: no data";
  });
  const auto runner = start(settings_of("strategy-runner", "runner-1"));
  const auto manager = start(settings_of("order-manager", "order-manager-1"));
  runner->set_readiness(true, {});
  manager->set_readiness(true, {});
  eventually([&] { return get("/health/ready/stack").status == 200; });
  two->set_readiness(false, {"feed: gone"});
  eventually([&] { return get("/health/ready/gateway").status == 503; });
}

TEST_F(AggregatorTest, AnOrderManagerWithoutAFoldIsAliveButCountsNothing) {
  const auto manager = start(settings_of("order-manager", "order-manager-1"));
  manager->registry().add_source([](metrics::Sink& sink) {
    sink.counter("polybot_orders_total").set({"arbitrage", "buy", "filled"}, 12);
  });
  eventually([&] { return value("polybot_service_up", {{"service", "order-manager"}}) == 1; });
  EXPECT_EQ(scraped().family("polybot_orders_total"), nullptr);
  manager->registry().set_fold({"journal-1", 1});
  eventually([&] {
    return value("polybot_orders_total",
                 {{"strategy", "arbitrage"}, {"side", "buy"}, {"status", "filled"}}) == 12;
  });
}

TEST_F(AggregatorTest, BadInputIsCountedAndEverythingElseGoesOn) {
  const auto runner = start(settings_of("strategy-runner", "runner-1"));
  metrics::Counter scans = runner->registry().counter("polybot_scans_total", {"arbitrage"});
  bus::Publisher vandal(io_.get_executor(),
                        {.producer = {"strategy-runner", "vandal", 666},
                         .endpoints = {{bus::EndpointRole::Dial, aggregator_.metrics_address()},
                                       {bus::EndpointRole::Dial, aggregator_.status_address()}},
                         .unix_now_ns = [] { return std::int64_t{1'700'000'000'000'000'000}; }},
                        sender_stats_);
  metrics::Snapshot foreign{.service = "strategy-runner",
                            .replica = "vandal",
                            .incarnation = 666,
                            .seq = 1,
                            .uptime_ms = 5,
                            .interval_ms = 20};
  const auto spoil = [&] {
    ++foreign.seq;
    foreign.families = {{"polybot_scans_total", 12345, {{"arbitrage", 1e9}}},
                        {"polybot_no_such_total", 1, {}},
                        {"polybot_pnl_total",
                         metrics::fingerprint(metrics::find("polybot_pnl_total")),
                         {{"arbitrage", -1e9}}},
                        {"polybot_strategy_running",
                         metrics::fingerprint(metrics::find("polybot_strategy_running")),
                         {{"bad\xc3", 1}}},
                        {"polybot_nng_queue_depth",
                         metrics::fingerprint(metrics::find("polybot_nng_queue_depth")),
                         {{"md", std::numeric_limits<double>::quiet_NaN()}}}};
    const std::string good = wire::encode_snapshot(foreign).parts.front();
    vandal.publish("metrics.strategy-runner", good);
    vandal.publish("metrics.strategy-runner", "garbage");
    vandal.publish("metrics.strategy-runner", std::string_view(good).substr(0, good.size() / 2));
    vandal.publish("metrics.strategy-runner", "");
    vandal.publish("status.strategy-runner", "garbage");
  };
  const auto dropped = [&](const PrometheusText& text, const std::string& reason) {
    return text.value("polybot_aggregator_dropped_total", {{"reason", reason}}).value_or(0);
  };
  eventually([&] {
    spoil();
    scans.increment();
    const PrometheusText text = scraped();
    EXPECT_EQ(text.faults_text(), "");
    return dropped(text, "undecodable") >= 3 && dropped(text, "fingerprint") > 0 &&
           dropped(text, "unknown_family") > 0 && dropped(text, "wrong_owner") > 0 &&
           dropped(text, "bad_utf8") > 0 && dropped(text, "not_finite") > 0 &&
           text.value("polybot_aggregator_heartbeats_refused_total").value_or(0) > 0;
  });
  eventually([&] { return value(kScans, {{"strategy", "arbitrage"}}) == scans.value(); });
  EXPECT_EQ(scraped().family("polybot_pnl_total"), nullptr);
}

// What order-manager counts is money: no other process may speak of it.
TEST_F(AggregatorTest, HearsAProcessSpeakOfItselfAlone) {
  const auto speak = [&](bus::Producer producer) {
    return std::make_unique<bus::Publisher>(
        io_.get_executor(),
        bus::PublisherConfig{.producer = std::move(producer),
                             .endpoints = {{bus::EndpointRole::Dial, aggregator_.metrics_address()},
                                           {bus::EndpointRole::Dial, aggregator_.status_address()}},
                             .unix_now_ns = [] { return std::int64_t{1'700'000'000'000'000'000}; }},
        sender_stats_);
  };
  const auto runner = speak({"strategy-runner", "runner-1", 666});
  const auto stranger = speak({"stranger", "stranger-1", 667});
  const std::string forged =
      wire::encode_snapshot({.service = "order-manager",
                             .replica = "order-manager",
                             .incarnation = 668,
                             .seq = 1,
                             .uptime_ms = 5,
                             .interval_ms = 20,
                             .fold = {"journal-1", 1},
                             .families = {{"polybot_pnl_total",
                                           metrics::fingerprint(metrics::find("polybot_pnl_total")),
                                           {{"", 1e6}}}}})
          .parts.front();
  const std::string alive = wire::encode_status({.service = "order-manager",
                                                 .replica = "order-manager",
                                                 .incarnation = 668,
                                                 .seq = 1,
                                                 .version = "1",
                                                 .ready = true});
  eventually([&] {
    for (const auto& voice : {&runner, &stranger}) {
      (*voice)->publish("metrics.order-manager", forged);
      (*voice)->publish("status.order-manager", alive);
    }
    const PrometheusText text = scraped();
    return text.value("polybot_aggregator_dropped_total", {{"reason", "wrong_owner"}}).value_or(0) >
               5 &&
           text.value("polybot_aggregator_heartbeats_refused_total").value_or(0) > 5 &&
           stats_.refused_for(bus::Refusal::ForeignSender) > 5;
  });
  EXPECT_EQ(scraped().family("polybot_pnl_total"), nullptr);
  EXPECT_EQ(value("polybot_service_up", {{"service", "order-manager"}}), 0);
}

TEST_F(AggregatorTest, TheReplicaViewTellsReplicasApart) {
  const auto one = start(settings_of("strategy-runner", "runner-1"));
  const auto two = start(settings_of("strategy-runner", "runner-2"));
  one->registry().counter("polybot_scans_total", {"arbitrage"}).add(1);
  two->registry().counter("polybot_scans_total", {"arbitrage"}).add(2);
  eventually([&] { return value(kScans, {{"strategy", "arbitrage"}}) == 3; });
  const PrometheusText text(get("/metrics?view=replicas").body);
  EXPECT_EQ(text.faults_text(), "");
  EXPECT_EQ(
      text.value(kScans, {{"strategy", "arbitrage"}, {"replica", "strategy-runner/runner-1"}}), 1);
  EXPECT_EQ(
      text.value(kScans, {{"strategy", "arbitrage"}, {"replica", "strategy-runner/runner-2"}}), 2);
}

TEST_F(AggregatorTest, RefusesAViewThatItDoesNotHave) {
  for (const char* query : {"view=replica", "view=", "veiw=replicas", "view=replicas&view=x"}) {
    const auto refused = get("/metrics?" + std::string(query));
    EXPECT_EQ(refused.status, 400U) << query;
    EXPECT_NE(refused.body.find("view=replicas"), std::string::npos) << query;
  }
  EXPECT_EQ(get("/metrics").status, 200U);
}

TEST_F(AggregatorTest, CountsItself) {
  const auto runner = start(settings_of("strategy-runner", "runner-1"));
  scrape();
  eventually([&] {
    const PrometheusText text = scraped();
    return text.value("polybot_aggregator_snapshots_total").value_or(0) > 3 &&
           text.value("polybot_aggregator_series").value_or(0) > 50 &&
           text.value("polybot_aggregator_scrape_duration_seconds_count").value_or(0) > 0 &&
           text.value("polybot_bus_messages_received_total", {{"channel", "metrics"}}).value_or(0) >
               0;
  });
  EXPECT_EQ(value("polybot_aggregator_regressions_total"), 0);
}

}  // namespace
}  // namespace polybot::metrics_aggregator
