#include "tests/monitoring/dashboard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>

#include "tests/monitoring/tool.hpp"

namespace polybot::monitoring {
namespace {

namespace json = boost::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

json::value shipped() {
  return json::parse(read_source("deploy/grafana/dashboards/polybot.json"));
}

json::object& panel_titled(json::value& dashboard, std::string_view title) {
  for (json::value& panel : dashboard.at("panels").as_array()) {
    if (panel.at("title").as_string() == title) return panel.as_object();
  }
  throw std::runtime_error("there is no panel " + std::string(title));
}

TEST(Dashboard, IsWithoutAProblem) {
  EXPECT_THAT(check_dashboard(shipped()), IsEmpty());
}

TEST(Dashboard, BeginsWithTheCurveAndTodaysNumber) {
  const json::value dashboard = shipped();
  const json::array& panels = dashboard.at("panels").as_array();
  EXPECT_EQ(panels.at(0).at("title").as_string(), "P&L Overview");
  EXPECT_EQ(panels.at(1).at("title").as_string(), "P&L");
  EXPECT_EQ(panels.at(1).at("type").as_string(), "timeseries");
  EXPECT_EQ(panels.at(2).at("title").as_string(), "Today");
}

// A recording rule per expression, so that promtool reads and type-checks each.
ToolResult promtool_on(const std::vector<PanelQuery>& queries) {
  std::string rules = "groups:\n  - name: panels\n    rules:\n";
  for (std::size_t i = 0; i < queries.size(); ++i) {
    rules += "      - record: panel:" + std::to_string(i) + "\n        expr: '" +
             replaced(with_variables(queries[i].expression), "'", "''") + "'\n";
  }
  const ScratchFolder folder;
  return run_tool({"promtool", "check", "rules", folder.write("panels.yml", rules)});
}

TEST(Dashboard, AsksOnlyWhatPrometheusUnderstands) {
  const auto queries = queries_of(shipped());
  ASSERT_GT(queries.size(), 50U);
  const ToolResult result = promtool_on(queries);
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST(DashboardChecks, FindAnExpressionThatPrometheusDoesNotUnderstand) {
  EXPECT_NE(
      promtool_on(
          {{.panel = "x", .expression = "sum by (strategy polybot_pnl_total)", .instant = false}})
          .exit_code,
      0);
  EXPECT_NE(
      promtool_on({{.panel = "x", .expression = "rate(polybot_fills_total)", .instant = false}})
          .exit_code,
      0);
}

struct Breakage {
  const char* name;
  std::function<void(json::value&)> inflict;
  const char* complaint;
};

class DashboardBreakage : public testing::TestWithParam<Breakage> {};

TEST_P(DashboardBreakage, IsFound) {
  json::value dashboard = shipped();
  GetParam().inflict(dashboard);
  EXPECT_THAT(check_dashboard(dashboard), Contains(HasSubstr(GetParam().complaint)));
}

json::object& first_target(json::value& dashboard, std::string_view title) {
  return panel_titled(dashboard, title).at("targets").at(0).as_object();
}

void ask(json::value& dashboard, std::string_view title, std::string_view expression) {
  first_target(dashboard, title)["expr"] = expression;
}

json::object& defaults_of(json::value& dashboard, std::string_view title) {
  return panel_titled(dashboard, title).at("fieldConfig").at("defaults").as_object();
}

const Breakage kBreakages[] = {
    {"ForeignUid", [](json::value& d) { d.as_object()["uid"] = "polybot2"; }, "uid is not polybot"},
    {"NewerSchema", [](json::value& d) { d.as_object()["schemaVersion"] = 42; },
     "schemaVersion is not 41"},
    {"NotEditable", [](json::value& d) { d.as_object()["editable"] = false; }, "not editable"},
    {"Inputs", [](json::value& d) { d.as_object()["__inputs"] = json::array(); },
     "unknown field __inputs"},
    {"NoDataSourceVariable",
     [](json::value& d) { d.at("templating").at("list").as_array().clear(); },
     "its one variable is not"},
    {"TwinId",
     [](json::value& d) { panel_titled(d, "Fills")["id"] = panel_titled(d, "Today").at("id"); },
     "Fills: its id is missing or another panel's"},
    {"Overlap",
     [](json::value& d) { panel_titled(d, "Lifetime").at("gridPos").as_object()["y"] = 2; },
     "overlaps"},
    {"BeyondTheGrid",
     [](json::value& d) { panel_titled(d, "Fills").at("gridPos").as_object()["w"] = 25; },
     "not within the grid"},
    {"ClosedRow", [](json::value& d) { panel_titled(d, "Latency")["collapsed"] = true; },
     "row Latency is not open"},
    {"RenamedRow", [](json::value& d) { panel_titled(d, "Signal Rate")["title"] = "Signals"; },
     "not the promised ones"},
    {"RowWithoutCurve",
     [](json::value& d) {
       for (const char* title :
            {"P&L", "Today by strategy", "Realized and unrealized", "Drawdown"}) {
         panel_titled(d, title)["type"] = "stat";
       }
     },
     "row P&L Overview has no time series"},
    {"NoTitle", [](json::value& d) { panel_titled(d, "Fills")["title"] = ""; },
     "a panel has no title"},
    {"NoDescription", [](json::value& d) { panel_titled(d, "Fills").erase("description"); },
     "Fills: it has no description"},
    {"NoUnit", [](json::value& d) { defaults_of(d, "Fills").erase("unit"); },
     "Fills: it has no known unit"},
    {"MisspeltUnit", [](json::value& d) { defaults_of(d, "Fills")["unit"] = "currencyUsd"; },
     "Fills: it has no known unit"},
    {"NoThresholds", [](json::value& d) { defaults_of(d, "Fills").erase("thresholds"); },
     "Fills: its thresholds say nothing"},
    {"FallingThresholds",
     [](json::value& d) {
       defaults_of(d, "Today").at("thresholds").at("steps").at(2).as_object()["value"] = -900;
     },
     "Today: its thresholds do not rise"},
    {"UnknownPanelField",
     [](json::value& d) { panel_titled(d, "Fills")["fieldconfig"] = json::object(); },
     "Fills has an unknown field fieldconfig"},
    {"UnknownOption",
     [](json::value& d) { panel_titled(d, "Fills").at("options").as_object()["legends"] = 1; },
     "Fills: options has an unknown field legends"},
    {"UnknownType", [](json::value& d) { panel_titled(d, "Fills")["type"] = "graph"; },
     "Fills: its type is not known"},
    {"FixedDataSource",
     [](json::value& d) {
       first_target(d, "Fills").at("datasource").as_object()["uid"] = "prometheus";
     },
     "does not follow the data source variable"},
    {"NoTarget", [](json::value& d) { panel_titled(d, "Fills").at("targets").as_array().clear(); },
     "Fills: it asks nothing"},
    {"WrongMetric", [](json::value& d) { ask(d, "Today", "sum(polybot_daily_pnl)"); },
     "no scrape has a metric polybot_daily_pnl"},
    {"UnknownLabel",
     [](json::value& d) { ask(d, "Today", "sum by (side) (polybot_daily_pnl_usd)"); },
     "polybot_daily_pnl_usd has no label side"},
    {"UnknownLegend", [](json::value& d) { first_target(d, "P&L")["legendFormat"] = "{{side}}"; },
     "P&L: its legend names a label it does not have: side"},
    {"MadeUpZero",
     [](json::value& d) { ask(d, "Today", "sum(polybot_daily_pnl_usd) or vector(0)"); },
     "`or vector(0)`"},
    {"MadeUpAbsence", [](json::value& d) { ask(d, "Today", "absent(polybot_daily_pnl_usd)"); },
     "absent()"},
    {"FixedInterval", [](json::value& d) { ask(d, "Fills", "sum(rate(polybot_fills_total[5m]))"); },
     "not read over $__rate_interval"},
    {"MergedAccounts",
     [](json::value& d) {
       ask(d, "Today", "sum by (strategy) (min by (account, strategy) (polybot_daily_pnl_usd))");
     },
     "Today: it does not keep the account of polybot_daily_pnl_usd"},
    {"DoubledInstances",
     [](json::value& d) {
       ask(d, "Memory", "sum by (account, service) (polybot_process_resident_memory_bytes)");
     },
     "Memory: it adds up what two scrapes show of polybot_process_resident_memory_bytes"},
    {"MarketsOverTime",
     [](json::value& d) { ask(d, "Exposure", "sum by (market) (polybot_position_value_usd)"); },
     "Exposure: it reads markets over time"},
    {"SilenceAboutDelivery",
     [](json::value& d) { defaults_of(d, "Alerts are delivered to")["mappings"] = json::array(); },
     "no panel says that alerts are delivered to nobody"},
};

INSTANTIATE_TEST_SUITE_P(EachKind, DashboardBreakage, testing::ValuesIn(kBreakages),
                         [](const auto& breakage) { return std::string(breakage.param.name); });

}  // namespace
}  // namespace polybot::monitoring
