#include "services/metrics-aggregator/core/liveness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polybot::metrics_aggregator {
namespace {

using namespace std::chrono_literals;
using metrics::Status;
using testing::ElementsAre;

domain::Timestamp at(domain::Duration since) {
  return domain::from_unix_ms(1'700'000'000'000) + since;
}

Status heartbeat(std::string replica, std::uint64_t seq, bool ready = true) {
  Status status{.service = "gateway",
                .replica = std::move(replica),
                .incarnation = 1,
                .seq = seq,
                .uptime_ms = 1000 * seq,
                .version = "1",
                .ready = ready};
  if (!ready) status.reasons = {"feed: no data"};
  return status;
}

TEST(Liveness, ListsExpectedServicesBeforeAnythingIsHeard) {
  Liveness liveness({"gateway", "order-manager"});
  const auto services = liveness.at(at(0s));
  ASSERT_EQ(services.size(), 2U);
  EXPECT_EQ(services[0].service, "gateway");
  EXPECT_EQ(services[0].up, 0U);
  EXPECT_TRUE(services[0].replicas.empty());
  EXPECT_EQ(services[0].last_heard, domain::Timestamp{});
}

TEST(Liveness, IsUpWithAHeartbeatAndDownThreeSecondsLater) {
  Liveness liveness({"gateway"});
  EXPECT_TRUE(liveness.receive(heartbeat("g-1", 1), at(0s)));
  EXPECT_EQ(liveness.at(at(3s))[0].ready, 1U);
  const auto gone = liveness.at(at(3s + 1ms))[0];
  EXPECT_EQ(gone.up, 0U);
  EXPECT_EQ(gone.ready, 0U);
  EXPECT_EQ(gone.last_heard, at(0s));
  ASSERT_EQ(gone.replicas.size(), 1U) << "it is still listed, so that its absence is seen";
  EXPECT_THAT(gone.replicas[0].reasons, ElementsAre("no heartbeat for 3 s"));
}

TEST(Liveness, ForgetsAReplicaThatStaysSilent) {
  Liveness liveness({"gateway"});
  liveness.receive(heartbeat("g-1", 1), at(0s));
  EXPECT_TRUE(liveness.at(at(6min))[0].replicas.empty());
}

TEST(Liveness, CountsReadyOfUpWithReasons) {
  Liveness liveness({"gateway"});
  liveness.receive(heartbeat("g-2", 1, false), at(0s));
  liveness.receive(heartbeat("g-1", 1), at(0s));
  const auto service = liveness.at(at(1s))[0];
  EXPECT_EQ(service.up, 2U);
  EXPECT_EQ(service.ready, 1U);
  EXPECT_EQ(service.replicas[0].replica, "g-1");
  EXPECT_THAT(service.replicas[1].reasons, ElementsAre("feed: no data"));
}

TEST(Liveness, AFinalHeartbeatEndsAReplicaAtOnce) {
  Liveness liveness({"gateway"});
  liveness.receive(heartbeat("g-1", 1), at(0s));
  Status last = heartbeat("g-1", 2);
  last.final = true;
  liveness.receive(last, at(1s));
  EXPECT_EQ(liveness.at(at(1s))[0].up, 0U);
  EXPECT_TRUE(liveness.at(at(1s))[0].replicas.empty());
}

TEST(Liveness, IgnoresWhatIsOlderThanWhatIsKnown) {
  Liveness liveness({"gateway"});
  liveness.receive(heartbeat("g-1", 5, true), at(0s));
  EXPECT_FALSE(liveness.receive(heartbeat("g-1", 4, false), at(1s)));
  EXPECT_FALSE(liveness.receive(heartbeat("g-1", 5, false), at(1s)));
  EXPECT_EQ(liveness.at(at(1s))[0].ready, 1U);
}

TEST(Liveness, ARestartedReplicaReplacesItsPredecessor) {
  Liveness liveness({"gateway"});
  liveness.receive(heartbeat("g-1", 100), at(0s));
  Status young = heartbeat("g-1", 1, false);
  young.incarnation = 2;
  EXPECT_TRUE(liveness.receive(young, at(1s)));
  EXPECT_FALSE(liveness.receive(heartbeat("g-1", 101), at(1100ms)))
      << "the predecessor's last words";
  const auto service = liveness.at(at(2s))[0];
  EXPECT_EQ(service.up, 1U);
  EXPECT_EQ(service.ready, 0U);
}

TEST(Liveness, RefusesUnexpectedServices) {
  Liveness liveness({"gateway"});
  Status stranger = heartbeat("x", 1);
  stranger.service = "stranger";
  EXPECT_FALSE(liveness.receive(stranger, at(0s)));
  EXPECT_EQ(liveness.at(at(0s)).size(), 1U);
}

TEST(Liveness, BoundsTheReplicasItKnows) {
  Liveness liveness({"gateway"}, {.replicas_max = 2});
  EXPECT_TRUE(liveness.receive(heartbeat("g-1", 1), at(0s)));
  EXPECT_TRUE(liveness.receive(heartbeat("g-2", 1), at(0s)));
  EXPECT_FALSE(liveness.receive(heartbeat("g-3", 1), at(0s)));
  EXPECT_TRUE(liveness.receive(heartbeat("g-2", 2), at(0s)));
}

TEST(Liveness, SurvivesNumbersThatCannotBeTrue) {
  Liveness liveness({"gateway"});
  Status odd = heartbeat("g-1", 1);
  odd.uptime_ms = ~std::uint64_t{0};
  odd.since_ms = ~std::uint64_t{0};
  EXPECT_TRUE(liveness.receive(odd, at(0s)));
  EXPECT_EQ(liveness.at(at(1s))[0].up, 1U);
}

}  // namespace
}  // namespace polybot::metrics_aggregator
