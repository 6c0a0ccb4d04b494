#include "common/runtime/health.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace polybot::runtime {
namespace {

class HealthTest : public testing::Test {
 protected:
  domain::Timestamp now = domain::from_unix_ms(1'780'000'000'000);
  Health health{"gateway", "gateway-1", "0.1.0", [this] { return now; }};
};

TEST_F(HealthTest, IsNotReadyBeforeAnythingIsRegistered) {
  EXPECT_FALSE(health.ready());
  EXPECT_EQ(health.reasons(), std::vector<std::string>{"starting"});
}

TEST_F(HealthTest, IsReadyWhenEveryComponentIs) {
  health.add("feed", "connecting");
  health.add("books");
  health.set_ready("feed");
  EXPECT_FALSE(health.ready());
  EXPECT_EQ(health.reasons(), std::vector<std::string>{"books: starting"});
  health.set_ready("books");
  EXPECT_TRUE(health.ready());
  EXPECT_TRUE(health.reasons().empty());
  health.set_not_ready("feed", "silent for 5 s");
  EXPECT_EQ(health.reasons(), std::vector<std::string>{"feed: silent for 5 s"});
}

TEST_F(HealthTest, RemembersSinceWhen) {
  health.add("feed");
  now += std::chrono::seconds(5);
  health.set_ready("feed");
  const domain::Timestamp turned = now;
  now += std::chrono::seconds(5);
  health.set_ready("feed");
  EXPECT_EQ(health.components()[0].since, turned);
  health.set_not_ready("feed", "one");
  now += std::chrono::seconds(5);
  health.set_not_ready("feed", "another");
  EXPECT_EQ(health.components()[0].since, now - std::chrono::seconds(5))
      << "another reason is no turn";
}

TEST_F(HealthTest, TellsOnlyOfChanges) {
  int changes = 0;
  health.on_change = [&] { ++changes; };
  health.add("feed");
  health.add("feed");
  health.set_ready("feed");
  health.set_ready("feed");
  health.set_not_ready("feed", "x");
  health.remove("feed");
  health.remove("feed");
  EXPECT_EQ(changes, 4);
}

TEST_F(HealthTest, BodiesAreJsonForAnyReason) {
  health.set_not_ready("feed", "quote \" newline \n and \xFF");
  const auto ready = boost::json::parse(health.ready_body()).as_object();
  EXPECT_EQ(ready.at("status"), "not_ready");
  EXPECT_EQ(ready.at("reasons").as_array().size(), 1U);
  health.set_ready("feed");
  EXPECT_EQ(boost::json::parse(health.ready_body()).as_object().at("status"), "ready");
  now += std::chrono::seconds(90);
  const auto all = boost::json::parse(health.health_body()).as_object();
  EXPECT_EQ(all.at("status"), "healthy");
  EXPECT_EQ(all.at("uptime_seconds"), 90);
  EXPECT_EQ(all.at("timestamp"), "2026-05-28T20:28:10.000Z");
  EXPECT_EQ(all.at("components").as_object().at("feed").as_object().at("status"), "ready");
}

}  // namespace
}  // namespace polybot::runtime
