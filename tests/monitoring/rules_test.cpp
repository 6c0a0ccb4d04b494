#include "tests/monitoring/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/monitoring/tool.hpp"

namespace polybot::monitoring {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

std::string alerts_file() {
  return read_source("deploy/prometheus/alerts.yml");
}
std::string cases_file() {
  return read_source("deploy/prometheus/alerts_test.yml");
}
std::string runbook() {
  return read_source("deploy/README.md");
}

Alert alert_named(const std::string& name) {
  const auto alerts = read_alerts(alerts_file());
  const auto found = std::ranges::find(alerts, name, &Alert::name);
  if (found == alerts.end()) throw std::runtime_error("there is no alert " + name);
  return *found;
}

// The checks' problems for one alert of the shipped file after `change`.
template <typename Change>
Problems after(const std::string& name, Change change) {
  Alert alert = alert_named(name);
  change(alert);
  return check_alert(alert, read_cases(cases_file()), runbook());
}

TEST(AlertRules, AreWithoutAProblem) {
  EXPECT_THAT(check_alerts(read_alerts(alerts_file()), read_cases(cases_file()), runbook()),
              IsEmpty());
}

TEST(RecordedRules, AreWithoutAProblem) {
  const auto records = read_records(alerts_file());
  EXPECT_GT(records.size(), 10U);
  EXPECT_THAT(check_records(records, read_alerts(alerts_file())), IsEmpty());
}

TEST(RecordedRules, AreFoundWhenTheyDoNotHold) {
  const auto problems = [](std::string_view from, std::string_view to) {
    const std::string rules = replaced(alerts_file(), from, to);
    EXPECT_NE(rules, alerts_file());
    return check_records(read_records(rules), read_alerts(rules));
  };
  EXPECT_THAT(problems("last_over_time(polybot_venue_drift_usd:held[1h])", "vector(0)"),
              Contains(HasSubstr("polybot_venue_drift_usd:held: it does not hold what it was")));
  EXPECT_THAT(problems("max by (account, kind) (polybot_venue_drift_usd)",
                       "max by (kind) (polybot_venue_drift_usd)"),
              Contains(HasSubstr("it does not keep the account of polybot_venue_drift_usd")));
  EXPECT_THAT(
      problems("record: polybot_venue_drift_usd:held", "record: polybot_venue_drift_usd:kept"),
      Contains(HasSubstr("VenueDrift: nobody records polybot_venue_drift_usd:held")));
}

TEST(AlertRules, IncludeEveryPromisedOne) {
  std::vector<std::string> names;
  for (const Alert& alert : read_alerts(alerts_file())) names.push_back(alert.name);
  EXPECT_THAT(names, IsSupersetOf({"HighErrorRate",
                                   "DailyLossLimit",
                                   "ApiErrorRatio",
                                   "DailyLossBreached",
                                   "Drawdown",
                                   "VenueDrift",
                                   "OrderAccountingBroken",
                                   "OrderStuck",
                                   "OrderRejectRatio",
                                   "OrdersAmbiguous",
                                   "FillsReversed",
                                   "LegsUnhedged",
                                   "TradingHalted",
                                   "StrategyNotRunning",
                                   "ShardsUnleased",
                                   "StrategyStalled",
                                   "MarketDataStale",
                                   "VenueDisconnected",
                                   "ClockSkew",
                                   "QueueGrowing",
                                   "BusMessagesLost",
                                   "ServiceDown",
                                   "ServiceNotReady",
                                   "ReplicaNotReady",
                                   "MetricsDown",
                                   "MetricsConflict",
                                   "MetricsStateNotPersisted",
                                   "MetricsStateLost",
                                   "DiskFull",
                                   "DiskFillingUp",
                                   "BusCertificateExpiring",
                                   "AlertDeliveryFailing",
                                   "RuleEvaluationFailing",
                                   "Watchdog"}));
}

TEST(AlertRules, KeepTheTwoThatUsersWerePromised) {
  const Alert errors = alert_named("HighErrorRate");
  EXPECT_EQ(errors.expression, R"(rate(polybot_http_requests_total{status="5xx"}[5m]) > 0.1)");
  EXPECT_EQ(errors.wait, "5m");
  EXPECT_EQ(errors.severity, "warning");
  EXPECT_EQ(errors.summary, "High error rate detected");
  const Alert loss = alert_named("DailyLossLimit");
  EXPECT_EQ(loss.expression, "polybot_pnl_total < -500");
  EXPECT_EQ(loss.wait, "1m");
  EXPECT_EQ(loss.severity, "critical");
  EXPECT_EQ(loss.summary, "Daily loss limit approaching");
  EXPECT_EQ(loss.keep_firing_for, "5m");
}

TEST(AlertChecks, FindAWrongMetricName) {
  EXPECT_THAT(
      after("DailyLossBreached",
            [](Alert& a) { a.expression = "sum(last_over_time(polybot_daily_pnl[5m])) < -500"; }),
      Contains(HasSubstr("no scrape has a metric polybot_daily_pnl")));
  EXPECT_THAT(after("DailyLossLimit", [](Alert& a) { a.expression = "polybot_pnl < -500"; }),
              Contains(HasSubstr("no scrape has a metric polybot_pnl")));
}

TEST(AlertChecks, FindAnUnknownLabel) {
  EXPECT_THAT(after("VenueDisconnected",
                    [](Alert& a) { a.expression = replaced(a.expression, "channel)", "venue)"); }),
              Contains(HasSubstr("polybot_venue_connected has no label venue")));
  EXPECT_THAT(after("VenueDrift", [](Alert& a) { a.description = "{{ $labels.strategy }}"; }),
              Contains(HasSubstr("names a label it does not have: strategy")));
}

TEST(AlertChecks, FindAGaugeThatARestartWouldHide) {
  EXPECT_THAT(after("ServiceDown",
                    [](Alert& a) { a.expression = "max by (service) (polybot_service_up) == 0"; }),
              Contains(HasSubstr("not read as last_over_time")));
  EXPECT_THAT(
      after("ServiceDown", [](Alert& a) { a.expression = replaced(a.expression, "5m", "1m"); }),
      Contains(HasSubstr("not read as last_over_time")));
  EXPECT_THAT(after("ServiceDown", [](Alert& a) { a.keep_firing_for.clear(); }),
              Contains(HasSubstr("does not keep firing")));
}

TEST(AlertChecks, FindAnAccountThatHidesBehindAnother) {
  EXPECT_THAT(after("VenueDisconnected",
                    [](Alert& a) {
                      a.expression = replaced(a.expression, "(account, channel)", "(channel)");
                    }),
              Contains(HasSubstr("does not keep the account of polybot_venue_connected")));
}

TEST(AlertChecks, FindARuleThatReadsMarkets) {
  const std::string by_market =
      "max by (market) (last_over_time(polybot_position_value_usd[5m])) > 1000";
  EXPECT_THAT(after("Drawdown", [&](Alert& a) { a.expression = by_market; }),
              Contains(HasSubstr("label market")));
}

TEST(AlertChecks, FindMissingTexts) {
  EXPECT_THAT(after("OrderStuck", [](Alert& a) { a.severity = "page"; }),
              Contains(HasSubstr("severity")));
  EXPECT_THAT(after("OrderStuck", [](Alert& a) { a.app.clear(); }), Contains(HasSubstr("app")));
  EXPECT_THAT(after("OrderStuck", [](Alert& a) { a.summary.clear(); }),
              Contains(HasSubstr("no summary")));
  EXPECT_THAT(after("OrderStuck", [](Alert& a) { a.description.clear(); }),
              Contains(HasSubstr("no description")));
  EXPECT_THAT(after("OrderStuck", [](Alert& a) { a.runbook_url = "deploy/README.md"; }),
              Contains(HasSubstr("runbook_url")));
}

TEST(AlertChecks, FindAnAlertWithoutCasesOrRunbook) {
  const Problems problems = after("OrderStuck", [](Alert& a) { a.name = "OrderVanished"; });
  EXPECT_THAT(problems, Contains(HasSubstr("no case shows it firing")));
  EXPECT_THAT(problems, Contains(HasSubstr("no case shows it silent")));
  EXPECT_THAT(problems, Contains(HasSubstr("while its gauge has gaps")));
  EXPECT_THAT(problems, Contains(HasSubstr("the runbook has no section")));
}

TEST(AlertChecks, FindCasesOfNothing) {
  const auto alerts = read_alerts(alerts_file());
  const auto problems = [&](const std::string& yaml) {
    return check_alerts(alerts, read_cases(yaml), runbook());
  };
  EXPECT_THAT(problems(replaced(cases_file(), "alertname: Drawdown", "alertname: DrawDown")),
              Contains(HasSubstr("DrawDown: a case names an alert that does not exist")));
  EXPECT_THAT(
      problems(replaced(cases_file(), "polybot_orders_ambiguous{", "polybot_orders_unsure{")),
      Contains(HasSubstr("a series that no scrape has")));
  EXPECT_THAT(problems(replaced(cases_file(), R"(status="5xx")", R"(status="500")")),
              Contains(HasSubstr(R"(status is never "500")")));
}

}  // namespace
}  // namespace polybot::monitoring
