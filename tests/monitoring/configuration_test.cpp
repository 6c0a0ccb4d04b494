// promtool and amtool on the shipped files, and on broken copies of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <regex>

#include "tests/monitoring/promql.hpp"
#include "tests/monitoring/rules.hpp"
#include "tests/monitoring/tool.hpp"

namespace polybot::monitoring {
namespace {

using testing::HasSubstr;

TEST(Prometheus, AcceptsItsConfiguration) {
  const ToolResult result =
      run_tool({"promtool", "check", "config", source_path("deploy/prometheus/prometheus.yml")});
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

std::string with_optional_jobs() {
  return std::regex_replace(read_source("deploy/prometheus/prometheus.yml"), std::regex("\n#(  )"),
                            "\n$1");
}

TEST(Prometheus, AcceptsEveryJobThatAnOperatorMayUncomment) {
  const ScratchFolder folder;
  folder.write("alerts.yml", read_source("deploy/prometheus/alerts.yml"));
  const ToolResult result = run_tool(
      {"promtool", "check", "config", folder.write("prometheus.yml", with_optional_jobs())});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  std::vector<std::string> jobs;
  for (const YAML::Node& job : YAML::Load(with_optional_jobs())["scrape_configs"])
    jobs.push_back(job["job_name"].as<std::string>());
  EXPECT_THAT(jobs, testing::ElementsAre("polybot", "prometheus", "alertmanager",
                                         "polybot-processes", "polybot-probe"));
}

// A family that is scraped twice would be summed twice.
TEST(Prometheus, GivesTheProcessesOwnNumbersNamesOfTheirOwn) {
  const YAML::Node job = YAML::Load(with_optional_jobs())["scrape_configs"][3];
  const YAML::Node rename = job["metric_relabel_configs"][0];
  EXPECT_EQ(rename["source_labels"][0].as<std::string>(), "__name__");
  EXPECT_EQ(rename["target_label"].as<std::string>(), "__name__");
  EXPECT_EQ(
      std::regex_replace("polybot_orders_total", std::regex(rename["regex"].as<std::string>()),
                         rename["replacement"].as<std::string>()),
      "process_polybot_orders_total");
}

TEST(Prometheus, ScrapesTheAggregatorAsPromised) {
  const YAML::Node config = YAML::Load(read_source("deploy/prometheus/prometheus.yml"));
  EXPECT_EQ(config["global"]["scrape_interval"].as<std::string>(), "15s");
  const YAML::Node job = config["scrape_configs"][0];
  EXPECT_EQ(job["job_name"].as<std::string>(), "polybot");
  EXPECT_EQ(job["static_configs"][0]["targets"][0].as<std::string>(), "polybot:8000");
  EXPECT_EQ(job["metrics_path"].as<std::string>(), "/metrics");
  EXPECT_EQ(job["scrape_interval"].as<std::string>(), "10s");
}

TEST(Prometheus, GivesASeriesTheNameOfItsAccountAndNoAddress) {
  const YAML::Node config = YAML::Load(read_source("deploy/prometheus/prometheus.yml"));
  const YAML::Node job = config["scrape_configs"][0];
  EXPECT_EQ(job["static_configs"][0]["labels"]["account"].as<std::string>(), "main");
  ASSERT_EQ(job["relabel_configs"].size(), 1U);
  EXPECT_EQ(job["relabel_configs"][0]["target_label"].as<std::string>(), "instance");
  EXPECT_EQ(job["relabel_configs"][0]["replacement"].as<std::string>(), "polybot");
}

TEST(Prometheus, AcceptsTheRulesWithoutALint) {
  const ToolResult result = run_tool({"promtool", "check", "rules", "--lint=all", "--lint-fatal",
                                      source_path("deploy/prometheus/alerts.yml")});
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST(Prometheus, FindsEveryAlertToFireAndToBeSilentAsItsCasesSay) {
  const ToolResult result =
      run_tool({"promtool", "test", "rules", source_path("deploy/prometheus/alerts_test.yml")});
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

// The cases must notice what they are there for. Only those that `concerned` picks are run, because
// all of them take promtool many seconds.
template <typename Concerned>
ToolResult cases_against(const std::string& rules, Concerned concerned) {
  YAML::Node cases = YAML::Load(read_source("deploy/prometheus/alerts_test.yml"));
  YAML::Node picked;
  for (const YAML::Node& test : cases["tests"]) {
    if (concerned(YAML::Dump(test))) picked.push_back(test);
  }
  cases["tests"] = picked;
  const ScratchFolder folder;
  folder.write("alerts.yml", rules);
  return run_tool(
      {"promtool", "test", "rules", folder.write("alerts_test.yml", YAML::Dump(cases))});
}

// But for the long cases of outages, which ask for all alerts at once.
bool has_gaps(const std::string& test) {
  return test.find("stale") != std::string::npos &&
         test.find("promql_expr_test") == std::string::npos;
}
bool is_of_daily_loss_limit(const std::string& test) {
  return test.find("DailyLossLimit") != std::string::npos;
}

TEST(AlertCases, NoticeAThresholdThatMoved) {
  const std::string rules = read_source("deploy/prometheus/alerts.yml");
  const std::string changed =
      replaced(rules, "polybot_pnl_total < -500", "polybot_pnl_total < -5000");
  ASSERT_NE(changed, rules);
  const ToolResult unchanged = cases_against(rules, is_of_daily_loss_limit);
  EXPECT_EQ(unchanged.exit_code, 0) << unchanged.output;
  EXPECT_NE(cases_against(changed, is_of_daily_loss_limit).exit_code, 0);
}

TEST(AlertCases, NoticeEachAlertThatARestartWouldHide) {
  // Every gauge is read as it stands, and no alert is kept firing: the cases with gaps must
  // fail, alert by alert.
  static const std::regex kRead(
      R"(last_over_time\(((?:polybot_|probe_|up)[a-z_:]*(?:\{[^}]*\})?)\[5m\]\))");
  static const std::regex kKeep("\n *keep_firing_for: [0-9]+m");
  const std::string rules = read_source("deploy/prometheus/alerts.yml");
  const ToolResult result = cases_against(
      std::regex_replace(std::regex_replace(rules, kRead, "$1"), kKeep, ""), has_gaps);
  EXPECT_NE(result.exit_code, 0);
  std::size_t objected = 0;
  for (const Alert& alert : read_alerts(rules)) {
    // A gauge behind `unless` silences: its absence hides nothing.
    const std::string hidden = alert.expression.substr(0, alert.expression.find("unless"));
    const bool held = hidden.find(":held") != std::string::npos;
    if (!held && !std::regex_search(hidden, kRead)) continue;
    EXPECT_THAT(result.output, HasSubstr("alertname: " + alert.name + ","));
    ++objected;
  }
  EXPECT_GE(objected, 15U);
}

TEST(Prometheus, FindsABrokenRule) {
  const ScratchFolder folder;
  const std::string rules =
      replaced(read_source("deploy/prometheus/alerts.yml"), "sum by (account)", "sum by account");
  EXPECT_NE(run_tool({"promtool", "check", "rules", folder.write("alerts.yml", rules)}).exit_code,
            0);
}

std::string alertmanager_file() {
  return read_source("deploy/alertmanager/alertmanager.yml");
}

ToolResult amtool_on(const std::string& config) {
  const ScratchFolder folder;
  return run_tool({"amtool", "check-config", folder.write("alertmanager.yml", config)});
}

TEST(Alertmanager, AcceptsItsConfiguration) {
  const ToolResult result = amtool_on(alertmanager_file());
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("1 receivers"));
}

TEST(Alertmanager, AcceptsEveryBlockThatAnOperatorMayUncomment) {
  std::string config = std::regex_replace(alertmanager_file(), std::regex("\n#(  )"), "\n$1");
  config = replaced(config, "\n  receiver: nobody", "\n  receiver: operator");
  config = replaced(config, "\n      receiver: nobody", "\n      receiver: heartbeat");
  const ToolResult result = amtool_on(config);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("3 receivers"));
  for (const char* block :
       {"slack_configs", "pagerduty_configs", "email_configs", "webhook_configs"}) {
    EXPECT_THAT(config, HasSubstr(std::string("\n    ") + block + ":"));
  }
}

ToolResult started_with(const std::string& variables) {
  return run_tool({"env", variables, "sh", source_path("deploy/alertmanager/start.sh"), "--print"});
}

TEST(Alertmanager, SendsTheWatchdogToADeadMansSwitchThatIsConfigured) {
  EXPECT_EQ(started_with("DEADMAN_URL=").output, alertmanager_file());
  const ToolResult made = started_with("DEADMAN_URL=https://hc.example.org/ping/1?a=b");
  ASSERT_EQ(made.exit_code, 0) << made.output;
  EXPECT_EQ(amtool_on(made.output).exit_code, 0);
  const YAML::Node config = YAML::Load(made.output);
  const YAML::Node route = config["route"]["routes"][0];
  EXPECT_EQ(route["matchers"][0].as<std::string>(), R"(alertname = "Watchdog")");
  EXPECT_EQ(route["receiver"].as<std::string>(), "deadman");
  EXPECT_EQ(config["route"]["receiver"].as<std::string>(), "nobody");
  const YAML::Node receiver = config["receivers"][0];
  EXPECT_EQ(receiver["name"].as<std::string>(), "deadman");
  EXPECT_EQ(receiver["webhook_configs"][0]["url"].as<std::string>(),
            "https://hc.example.org/ping/1?a=b");
  const ScratchFolder folder;
  const std::string file = folder.write("url", "https://hc.example.org/ping/1?a=b\n");
  EXPECT_EQ(started_with("DEADMAN_URL_FILE=" + file).output, made.output);
  for (const char* bad : {"ftp://example.org", "https://", "https://a'b", "https://a b"})
    EXPECT_NE(started_with(std::string("DEADMAN_URL=") + bad).exit_code, 0) << bad;
  EXPECT_NE(started_with("DEADMAN_URL_FILE=/nowhere").exit_code, 0);
}

TEST(Alertmanager, KeepsSecretsInFiles) {
  // A secret's key ends in _file or is not written at all.
  static const std::regex kSecret(
      R"((api_url|routing_key|service_key|auth_password|credentials|password|bearer_token): )");
  const std::string config = alertmanager_file();
  EXPECT_FALSE(std::regex_search(config, kSecret));
}

TEST(Alertmanager, TellsTheLossOfTheDayOnlyOnce) {
  const YAML::Node rules = YAML::Load(alertmanager_file())["inhibit_rules"];
  bool found = false;
  for (const YAML::Node& rule : rules) {
    found = found ||
            (rule["source_matchers"][0].as<std::string>() == R"(alertname = "DailyLossBreached")" &&
             rule["target_matchers"][0].as<std::string>() == R"(alertname = "DailyLossLimit")");
  }
  EXPECT_TRUE(found);
}

TEST(Alertmanager, SilencesNobodyForAnotherAccount) {
  for (const YAML::Node& rule : YAML::Load(alertmanager_file())["inhibit_rules"]) {
    ASSERT_TRUE(rule["equal"]) << YAML::Dump(rule);
    EXPECT_EQ(rule["equal"][0].as<std::string>(), "account") << YAML::Dump(rule);
  }
}

TEST(Alertmanager, FindsARouteToAReceiverThatIsNotThere) {
  EXPECT_NE(
      amtool_on(replaced(alertmanager_file(), "- name: nobody", "- name: somebody")).exit_code, 0);
}

TEST(Grafana, IsGivenTheDataSourceAndTheFolderThatTheDashboardNeeds) {
  const YAML::Node sources =
      YAML::Load(read_source("deploy/grafana/provisioning/datasources/prometheus.yml"));
  const YAML::Node prometheus = sources["datasources"][0];
  EXPECT_EQ(prometheus["type"].as<std::string>(), "prometheus");
  EXPECT_TRUE(prometheus["isDefault"].as<bool>());
  EXPECT_EQ(prometheus["jsonData"]["timeInterval"].as<std::string>(), "10s");
  const YAML::Node provider =
      YAML::Load(read_source("deploy/grafana/provisioning/dashboards/polybot.yml"))["providers"][0];
  EXPECT_EQ(provider["type"].as<std::string>(), "file");
  EXPECT_TRUE(provider["allowUiUpdates"].as<bool>());
}

}  // namespace
}  // namespace polybot::monitoring
