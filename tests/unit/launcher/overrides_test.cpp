// The caller's POLYBOT_ variables: which services each reaches, and which stop the start.
#include "deploy/launcher/overrides.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace polybot::launcher {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;

class OverridesTest : public testing::Test {
 protected:
  Layout lay_out_with(const Environment& environment) const {
    Options options;
    options.data = folder_.path();
    return lay_out(options, environment, folder_ / "bus", "/bin", "/etc", known_);
  }
  // The value with which a service is started under that name; "none" when there is none.
  static std::string given(const Layout& layout, const std::string& service,
                           const std::string& variable) {
    for (const auto* plans : {&layout.services, &layout.runners}) {
      for (const ServicePlan& plan : *plans) {
        const auto found = plan.spec.environment.find(variable);
        if (plan.service == service && found != plan.spec.environment.end()) return found->second;
      }
    }
    return "none";
  }

  test_support::TemporaryFolder folder_{"overrides"};
  KnownKeys known_{
      {"order-manager",
       {"risk.position_max", "strategies.momentum.enabled", "log.level", "signals.rate_max"}},
      {"strategy-runner", {"strategies.momentum.type", "log.level", "signals.ttl"}},
      {"gateway", {"api.port", "api.hosts", "log.level"}},
      {"venue-simulator", {"api.port", "flow.seed", "flow.edge", "flow.rate", "log.level"}}};
};

TEST_F(OverridesTest, ReachExactlyTheServicesThatKnowTheKey) {
  const Environment environment{{"POLYBOT_STRATEGIES__MOMENTUM__ENABLED", "false"},
                                {"POLYBOT_LOG__LEVEL", "debug"},
                                {"POLYBOT_API__HOSTS", "example.org"},
                                {"POLYBOT_SIGNALS__TTL", "5s"}};
  const Layout layout = lay_out_with(environment);
  EXPECT_EQ(given(layout, "order-manager", "POLYBOT_STRATEGIES__MOMENTUM__ENABLED"), "false");
  EXPECT_EQ(given(layout, "strategy-runner", "POLYBOT_STRATEGIES__MOMENTUM__ENABLED"), "none");
  for (const char* service : {"order-manager", "strategy-runner", "gateway", "venue-simulator"})
    EXPECT_EQ(given(layout, service, "POLYBOT_LOG__LEVEL"), "debug") << service;
  EXPECT_EQ(given(layout, "gateway", "POLYBOT_API__HOSTS"), "example.org");
  EXPECT_EQ(given(layout, "strategy-runner", "POLYBOT_SIGNALS__TTL"), "5s");
  EXPECT_EQ(given(layout, "order-manager", "POLYBOT_SIGNALS__TTL"), "none");
  EXPECT_NO_THROW(check_overrides(layout, environment, known_));
}

TEST_F(OverridesTest, StopTheStartByNameWhenNoServiceKnowsThem) {
  const Environment environment{{"POLYBOT_RISKS__POSITION_MAX", "50"},
                                {"POLYBOT_LOG__LEVEL", "debug"},
                                {"POLYBOT_HALT", "1"},
                                {"POLYBOT_SERVICE_HOST", "10.0.0.1"}};
  EXPECT_THAT([&] { check_overrides(lay_out_with(environment), environment, known_); },
              ThrowsMessage<BadOption>(AllOf(
                  HasSubstr("POLYBOT_RISKS__POSITION_MAX: no service has such a key (did you mean "
                            "POLYBOT_RISK__POSITION_MAX?)"),
                  HasSubstr("POLYBOT_HALT: no service has such a key"),
                  Not(HasSubstr("LOG__LEVEL")), Not(HasSubstr("SERVICE_HOST")))));
}

// Under another spelling it would win over what the launcher decided.
TEST_F(OverridesTest, StopTheStartWhenTheLauncherDecidesInAnySpelling) {
  const Environment environment{{"POLYBOT_api__port", "9999"}};
  EXPECT_THAT([&] { check_overrides(lay_out_with(environment), environment, known_); },
              ThrowsMessage<BadOption>(HasSubstr("POLYBOT_api__port: the launcher itself")));
}

TEST_F(OverridesTest, StopTheStartByNameWhenTwoAreForOneKey) {
  const Environment environment{{"POLYBOT_RISK__POSITION_MAX", "5"},
                                {"POLYBOT_risk__position_max", "6"}};
  EXPECT_THAT([&] { check_overrides(lay_out_with(environment), environment, known_); },
              ThrowsMessage<BadOption>(
                  testing::StrEq("POLYBOT_RISK__POSITION_MAX and POLYBOT_risk__position_max both "
                                 "set risk.position_max; unset one of them")));
}

TEST_F(OverridesTest, StopTheStartWhenTheLauncherDecides) {
  const Environment environment{{"POLYBOT_API__PORT", "9999"}, {"POLYBOT_REPLICA", "mine"}};
  EXPECT_THAT([&] { check_overrides(lay_out_with(environment), environment, known_); },
              ThrowsMessage<BadOption>(AllOf(HasSubstr("POLYBOT_API__PORT: the launcher itself"),
                                             HasSubstr("POLYBOT_REPLICA: the launcher itself"),
                                             HasSubstr("PORT_OFFSET"))));
}

// Where make run was given no value, the configuration decides.
TEST_F(OverridesTest, DecideWhatTheLauncherWasNotAskedFor) {
  const Environment environment{{"POLYBOT_FLOW__EDGE", "false"}, {"POLYBOT_FLOW__SEED", "8"}};
  const Layout layout = lay_out_with(environment);
  EXPECT_EQ(given(layout, "venue-simulator", "POLYBOT_FLOW__EDGE"), "false");
  EXPECT_EQ(given(layout, "venue-simulator", "POLYBOT_FLOW__SEED"), "8");
  EXPECT_EQ(given(lay_out_with({}), "venue-simulator", "POLYBOT_FLOW__EDGE"), "none");
}

TEST(Strategies, NeedATableInBothFiles) {
  KnownKeys known{{"order-manager", {"strategies.a.enabled"}},
                  {"strategy-runner", {"strategies.a.type", "strategies.a.parameters.type"}}};
  EXPECT_THAT(check_strategies(known), IsEmpty());
  known["order-manager"].insert("strategies.b.enabled");
  EXPECT_THAT(check_strategies(known), ElementsAre(HasSubstr("strategy b")));
  known["strategy-runner"].insert("strategies.a-c.type");
  EXPECT_THAT([&] { (void)check_strategies(known); },
              ThrowsMessage<BadOption>(
                  AllOf(HasSubstr("strategy a-c"), HasSubstr("order-manager.toml needs "
                                                             "[strategies.a-c]"))));
}

}  // namespace
}  // namespace polybot::launcher
