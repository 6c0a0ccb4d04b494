#include "services/metrics-aggregator/health_report.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace polybot::metrics_aggregator {
namespace {

using namespace std::chrono_literals;

ServiceHealth service_of(std::string name, std::vector<ReplicaHealth> replicas) {
  ServiceHealth service{.service = std::move(name), .replicas = std::move(replicas)};
  for (const ReplicaHealth& replica : service.replicas) {
    service.up += replica.up ? 1 : 0;
    service.ready += replica.ready ? 1 : 0;
  }
  return service;
}

ReplicaHealth ready_replica(std::string name) {
  return {.replica = std::move(name), .version = "1", .up = true, .ready = true, .uptime = 90s};
}
ReplicaHealth waiting_replica(std::string name) {
  return {.replica = std::move(name), .version = "1", .up = true, .reasons = {"feed: \"no\" data"}};
}

const OwnHealth kOwn{
    .version = "1.2.3", .timestamp = "2026-01-01T00:00:00.000Z", .uptime = 1500ms, .ready = true};

boost::json::object parsed(const Report& report) {
  return boost::json::parse(report.body).as_object();
}

TEST(HealthReport, NamesEveryServiceAndReplicaWithReasons) {
  const Report report =
      report_all(kOwn, {service_of("gateway", {ready_replica("g-1"), waiting_replica("g-2")}),
                        service_of("order-manager", {})});
  EXPECT_TRUE(report.ok) << "a broken dependency does not make the aggregator unhealthy";
  const auto body = parsed(report);
  EXPECT_EQ(body.at("status").as_string(), "degraded");
  EXPECT_EQ(body.at("uptime_seconds").as_double(), 1.5);
  const auto& gateway = body.at("services").at("gateway");
  EXPECT_EQ(gateway.at("ready").as_int64(), 1);
  EXPECT_EQ(gateway.at("replicas").as_int64(), 2);
  EXPECT_EQ(gateway.at("instances").at(1).at("reasons").at(0).as_string(), "feed: \"no\" data");
  EXPECT_EQ(body.at("services").at("order-manager").at("status").as_string(), "down");
}

TEST(HealthReport, TheAggregatorsOwnReadinessListsWhoIsNotReady) {
  const Report report = report_own(kOwn, {service_of("gateway", {waiting_replica("g-1")}),
                                          service_of("order-manager", {ready_replica("o-1")})});
  EXPECT_TRUE(report.ok);
  const auto body = parsed(report);
  ASSERT_EQ(body.at("not_ready").as_array().size(), 1U);
  EXPECT_EQ(body.at("not_ready").at(0).at("service").as_string(), "gateway");
  EXPECT_EQ(body.at("not_ready").at(0).at("reasons").at(0).as_string(), "g-1: feed: \"no\" data");
  OwnHealth not_ready = kOwn;
  not_ready.ready = false;
  not_ready.reasons = {"bus: not listening"};
  EXPECT_FALSE(report_own(not_ready, {}).ok);
}

TEST(HealthReport, AServiceIsReadyWithOneReadyReplica) {
  EXPECT_TRUE(
      report_service(service_of("gateway", {ready_replica("g-1"), waiting_replica("g-2")})).ok);
  EXPECT_FALSE(report_service(service_of("gateway", {waiting_replica("g-2")})).ok);
  const auto body = parsed(report_service(service_of("gateway", {})));
  EXPECT_EQ(body.at("reasons").at(0).as_string(), "no heartbeat");
}

TEST(HealthReport, TheStackIsReadyWhenEveryServiceIs) {
  const ServiceHealth up = service_of("gateway", {ready_replica("g-1")});
  EXPECT_TRUE(report_stack({up, service_of("order-manager", {ready_replica("o-1")})}).ok);
  EXPECT_FALSE(report_stack({up, service_of("order-manager", {})}).ok);
}

}  // namespace
}  // namespace polybot::metrics_aggregator
