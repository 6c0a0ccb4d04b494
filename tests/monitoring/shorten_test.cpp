// deploy/prometheus/shorten.sh must give the same rules on a faster clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/monitoring/rules.hpp"
#include "tests/monitoring/tool.hpp"

namespace polybot::monitoring {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string single_quoted(const std::string& text) {
  return "'" + replaced(text, "'", "'\\''") + "'";
}

ToolResult shorten(const std::string& file, const std::string& factor) {
  return run_tool({"sh", "-c",
                   single_quoted(source_path("deploy/prometheus/shorten.sh")) + " " +
                       single_quoted(factor) + " <" + single_quoted(file)});
}

// "5m" -> 300000; -1 for what is no duration.
double milliseconds(const std::string& text) {
  static const std::regex kDuration("([0-9]+)(ms|s|m|h|d)");
  std::smatch found;
  if (!std::regex_match(text, found, kDuration)) return -1;
  const std::string unit = found[2];
  return std::stod(found[1]) * (unit == "ms"  ? 1
                                : unit == "s" ? 1e3
                                : unit == "m" ? 60e3
                                : unit == "h" ? 3600e3
                                              : 86400e3);
}

const std::regex kRange(R"(\[[^\]]+\]| offset [0-9a-z]+)");

std::string without_ranges(const std::string& expression) {
  return std::regex_replace(expression, kRange, "[]");
}

std::vector<std::string> ranges(const std::string& expression) {
  std::vector<std::string> found;
  for (std::sregex_iterator it(expression.begin(), expression.end(), kRange), end; it != end;
       ++it) {
    const std::string text = it->str();
    found.push_back(text.front() == '[' ? text.substr(1, text.size() - 2) : text.substr(8));
  }
  return found;
}

void expect_divided(const std::string& shorter, const std::string& original, double factor,
                    double least_ms) {
  if (original.empty()) {
    EXPECT_EQ(shorter, "");
    return;
  }
  const double expected = std::max(milliseconds(original) / factor, least_ms);
  EXPECT_EQ(milliseconds(shorter), expected) << original << " became " << shorter;
}

class Shorten : public testing::TestWithParam<int> {};

TEST_P(Shorten, KeepsEveryAlertButForItsDurations) {
  const int factor = GetParam();
  const ToolResult result =
      shorten(source_path("deploy/prometheus/alerts.yml"), std::to_string(factor));
  ASSERT_EQ(result.exit_code, 0) << result.output;
  const auto shorter = read_alerts(result.output);
  const auto original = read_alerts(read_source("deploy/prometheus/alerts.yml"));
  ASSERT_EQ(shorter.size(), original.size());
  for (std::size_t i = 0; i < original.size(); ++i) {
    SCOPED_TRACE(original[i].name);
    EXPECT_EQ(shorter[i].name, original[i].name);
    EXPECT_EQ(shorter[i].severity, original[i].severity);
    EXPECT_EQ(shorter[i].summary, original[i].summary);
    EXPECT_EQ(without_ranges(shorter[i].description), without_ranges(original[i].description));
    EXPECT_EQ(shorter[i].runbook_url, original[i].runbook_url);
    EXPECT_EQ(without_ranges(shorter[i].expression), without_ranges(original[i].expression));
    // A description may contain queries too.
    const auto short_ranges = ranges(shorter[i].expression + shorter[i].description);
    const auto long_ranges = ranges(original[i].expression + original[i].description);
    ASSERT_EQ(short_ranges.size(), long_ranges.size());
    for (std::size_t k = 0; k < long_ranges.size(); ++k)
      expect_divided(short_ranges[k], long_ranges[k], factor, 4000);
    expect_divided(shorter[i].wait, original[i].wait, factor, 1000);
    expect_divided(shorter[i].keep_firing_for, original[i].keep_firing_for, factor, 1000);
  }
  const auto short_records = read_records(result.output);
  const auto records = read_records(read_source("deploy/prometheus/alerts.yml"));
  ASSERT_EQ(short_records.size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    SCOPED_TRACE(records[i].name);
    EXPECT_EQ(short_records[i].name, records[i].name);
    const auto short_ranges = ranges(short_records[i].expression);
    const auto long_ranges = ranges(records[i].expression);
    ASSERT_EQ(short_ranges.size(), long_ranges.size());
    for (std::size_t k = 0; k < long_ranges.size(); ++k)
      expect_divided(short_ranges[k], long_ranges[k], factor, 4000);
  }
  const ScratchFolder folder;
  const ToolResult checked = run_tool({"promtool", "check", "rules", "--lint=all", "--lint-fatal",
                                       folder.write("short.yml", result.output)});
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
}

INSTANTIATE_TEST_SUITE_P(ByFactor, Shorten, testing::Values(1, 10, 30));

TEST(ShortenConfiguration, ScrapesAndEvaluatesEverySecond) {
  const ToolResult result = shorten(source_path("deploy/prometheus/prometheus.yml"), "30");
  ASSERT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("scrape_interval: 1s"));
  EXPECT_THAT(result.output, HasSubstr("evaluation_interval: 1s"));
  EXPECT_THAT(result.output, Not(HasSubstr("15s")));
  EXPECT_THAT(result.output, Not(HasSubstr("10s")));
  EXPECT_THAT(result.output, HasSubstr("polybot:8000"));
  const ScratchFolder folder;
  folder.write("alerts.yml", read_source("deploy/prometheus/alerts.yml"));
  const ToolResult checked =
      run_tool({"promtool", "check", "config", folder.write("prometheus.yml", result.output)});
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
}

TEST(ShortenScript, RefusesWhatItCannotDivide) {
  const ScratchFolder folder;
  const std::string odd =
      folder.write("odd.yml", "groups:\n      - alert: X\n        expr: rate(x[1h30m]) > 0\n");
  EXPECT_NE(shorten(odd, "30").exit_code, 0);
  EXPECT_NE(shorten(odd, "0").exit_code, 0);
  EXPECT_NE(shorten(odd, "fast").exit_code, 0);
}

}  // namespace
}  // namespace polybot::monitoring
