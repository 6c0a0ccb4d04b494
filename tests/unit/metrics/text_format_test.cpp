// What Prometheus reads. A strict reader checks it, because Prometheus itself would accept many
// errors.
#include "common/metrics/text_format.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/support/prometheus_text.hpp"

namespace polybot::metrics {
namespace {

using test_support::PrometheusText;

FamilyValues family_of(std::string name, std::vector<Series> series) {
  const std::uint64_t print = fingerprint(find(name));
  return {std::move(name), print, std::move(series)};
}

std::string rendered(const std::vector<FamilyValues>& view, ExtraLabel extra = ExtraLabel::None) {
  Exposition exposition(extra);
  exposition.swap(view);
  return exposition.render();
}

std::string number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

TEST(Exposition, WritesACounterAsPrometheusReadsIt) {
  EXPECT_EQ(rendered({family_of("polybot_scans_total", {{"arbitrage", 3}, {"momentum", 0}})}),
            "# HELP polybot_scans_total Evaluations of a strategy against an update.\n"
            "# TYPE polybot_scans_total counter\n"
            "polybot_scans_total{strategy=\"arbitrage\"} 3\n"
            "polybot_scans_total{strategy=\"momentum\"} 0\n");
}

TEST(Exposition, WritesASeriesWithoutLabelsWithoutBraces) {
  EXPECT_TRUE(rendered({family_of("polybot_websocket_connections", {{"", 2}})})
                  .ends_with("\npolybot_websocket_connections 2\n"));
}

TEST(Exposition, WritesAHistogramCumulative) {
  const std::size_t bounds = at(find("polybot_journal_commit_duration_seconds")).bounds.size();
  Series series{"", 0, std::vector<std::uint64_t>(bounds + 1, 0), 1.5};
  series.buckets[0] = 2;
  series.buckets[2] = 1;
  series.buckets.back() = 4;
  const PrometheusText text(
      rendered({family_of("polybot_journal_commit_duration_seconds", {series})}));
  EXPECT_EQ(text.faults_text(), "");
  const auto bucket = [&](const std::string& le) {
    return text.value("polybot_journal_commit_duration_seconds_bucket", {{"le", le}});
  };
  EXPECT_EQ(bucket("0.0001"), 2);
  EXPECT_EQ(bucket("0.00025"), 2);
  EXPECT_EQ(bucket("0.0005"), 3);
  EXPECT_EQ(bucket("10"), 3);
  EXPECT_EQ(bucket("+Inf"), 7);
  EXPECT_EQ(text.value("polybot_journal_commit_duration_seconds_sum"), 1.5);
  EXPECT_EQ(text.value("polybot_journal_commit_duration_seconds_count"), 7);
}

TEST(Exposition, EscapesLabelValues) {
  const std::string nasty = "a\\b\"c\nd\xc3\xa9";
  const std::string text = rendered({family_of("polybot_scans_total", {{nasty, 1}})});
  EXPECT_NE(text.find("{strategy=\"a\\\\b\\\"c\\nd\xc3\xa9\"} 1\n"), std::string::npos) << text;
  const PrometheusText parsed(text);
  EXPECT_EQ(parsed.faults_text(), "");
  EXPECT_EQ(parsed.value("polybot_scans_total", {{"strategy", nasty}}), 1);
}

TEST(Exposition, EscapesHelp) {
  std::string out;
  append_help(out, "a\\b\nc\"d");
  EXPECT_EQ(out, "a\\\\b\\nc\"d");
}

TEST(Exposition, NumbersReadBackExactly) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-7), "-7");
  EXPECT_EQ(number(1e15), "1000000000000000");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "NaN");
  std::mt19937_64 random(3);
  for (int i = 0; i < 10'000; ++i) {
    const double value =
        std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 150);
    EXPECT_EQ(std::stod(number(value)), value);
  }
}

TEST(Exposition, HoldsEveryFamilyOfTheCatalogueToTheFormat) {
  std::vector<FamilyValues> view;
  for (const Family& family : families()) {
    FamilyValues values{std::string(family.name), fingerprint(family), {}};
    for (const std::string letter : {"a", "b"}) {
      const std::vector<std::string> labels(family.labels.size(), letter);
      Series series{join_labels(labels), 1.5};
      if (family.type == Type::Histogram) series.buckets.assign(family.bounds.size() + 1, 3);
      values.series.push_back(std::move(series));
      if (family.labels.empty()) break;
    }
    view.push_back(std::move(values));
  }
  const PrometheusText text(rendered(view));
  EXPECT_EQ(text.faults_text(), "");
  EXPECT_EQ(text.families().size(), families().size());
  for (const Family& family : families()) {
    const auto* const parsed = text.family(family.name);
    ASSERT_NE(parsed, nullptr) << family.name;
    EXPECT_EQ(parsed->help, family.help);
    EXPECT_EQ(parsed->type, domain::name_of(family.type));
  }
}

TEST(Exposition, ShowsTheSameUntilTheNextSwap) {
  Exposition exposition;
  exposition.swap({family_of("polybot_scans_total", {{"arbitrage", 3}})});
  const std::string first = exposition.render();
  EXPECT_EQ(exposition.render(), first);
  exposition.swap({family_of("polybot_scans_total", {{"arbitrage", 4}})});
  EXPECT_NE(exposition.render(), first);
  EXPECT_EQ(exposition.series(), 1U);
}

TEST(Exposition, DropsWhatTheNextViewDoesNotHold) {
  Exposition exposition;
  exposition.swap({family_of("polybot_position_value_usd", {{"a\xffm1", 1}, {"a\xffm2", 2}})});
  exposition.swap({family_of("polybot_position_value_usd", {{"a\xffm2", 3}})});
  const PrometheusText text(exposition.render());
  EXPECT_EQ(text.faults_text(), "");
  EXPECT_EQ(text.family("polybot_position_value_usd")->samples.size(), 1U);
  exposition.swap({});
  EXPECT_EQ(exposition.render(), "");
}

TEST(Exposition, ByReplicaAddsTheLabel) {
  const PrometheusText text(
      rendered({family_of("polybot_scans_total", {{"arbitrage\xffrunner/r-1", 3}}),
                family_of("polybot_websocket_connections", {{"gateway/g", 1}})},
               ExtraLabel::Replica));
  EXPECT_EQ(text.faults_text(), "");
  EXPECT_EQ(
      text.value("polybot_scans_total", {{"strategy", "arbitrage"}, {"replica", "runner/r-1"}}), 3);
  EXPECT_EQ(text.value("polybot_websocket_connections", {{"replica", "gateway/g"}}), 1);
}

// Hostile label values, in every family with every kind of number: the page reads back as exactly
// what was put in.
TEST(Exposition, RandomHostileContentReadsBack) {
  const std::vector<std::string> pieces = {"a",
                                           "\\",
                                           "\"",
                                           "\n",
                                           "{",
                                           "}",
                                           ",",
                                           "=",
                                           "# HELP ",
                                           "\\n",
                                           " ",
                                           "\t",
                                           "\xc3\xa9",
                                           "\xf0\x9f\x92\xa9",
                                           "le",
                                           "} 1\n",
                                           "+Inf",
                                           "\r",
                                           "__overflow__",
                                           std::string(1, '\0')};
  std::mt19937_64 random(17);
  const auto hostile = [&] {
    std::string text;
    for (std::uint64_t left = random() % 6; left > 0; --left)
      text += pieces[random() % pieces.size()];
    return text;
  };
  for (int turn = 0; turn < 200; ++turn) {
    std::map<std::pair<std::string, std::vector<std::string>>, Series> put;
    std::vector<FamilyValues> view;
    for (const Family& family : families()) {
      if (random() % 4 == 0) continue;
      std::map<std::string, Series> series;
      for (std::uint64_t left = 1 + random() % 4; left > 0; --left) {
        std::vector<std::string> labels;
        for (std::size_t i = 0; i < family.labels.size(); ++i) labels.push_back(hostile());
        Series one{join_labels(labels), std::ldexp(static_cast<double>(random()),
                                                   static_cast<int>(random() % 100) - 80)};
        if (family.type == Type::Histogram) {
          for (std::size_t i = 0; i <= family.bounds.size(); ++i)
            one.buckets.push_back(random() % 1000);
          one.sum = one.value;
        }
        put[{std::string(family.name), labels}] = one;
        series[one.labels] = one;
      }
      view.push_back({std::string(family.name), fingerprint(family), {}});
      for (auto& [labels, one] : series) view.back().series.push_back(std::move(one));
    }
    const PrometheusText text(rendered(view));
    ASSERT_EQ(text.faults_text(), "") << "turn " << turn;
    for (const auto& [key, one] : put) {
      const Family& family = at(find(key.first));
      std::map<std::string, std::string> labels;
      for (std::size_t i = 0; i < family.labels.size(); ++i)
        labels.emplace(family.labels[i].name, key.second[i]);
      if (family.type != Type::Histogram) {
        ASSERT_EQ(text.value(key.first, labels), one.value) << "turn " << turn;
        continue;
      }
      std::uint64_t count = 0;
      for (const std::uint64_t bucket : one.buckets) count += bucket;
      ASSERT_EQ(text.value(key.first + "_count", labels), static_cast<double>(count));
      ASSERT_EQ(text.value(key.first + "_sum", labels), one.sum);
    }
  }
}

// The strict reader is itself a check that can fail.
TEST(PrometheusText, FindsWhatIsWrong) {
  const std::string head = "# HELP a Help.\n# TYPE a counter\n";
  EXPECT_EQ(PrometheusText(head + "a 1\n").faults_text(), "");
  EXPECT_NE(PrometheusText(head + "a 1\na 2\n").faults_text(), "") << "duplicate";
  EXPECT_NE(PrometheusText(head + "a 1").faults_text(), "") << "no end of line";
  EXPECT_NE(PrometheusText(head + "a -1\n").faults_text(), "") << "negative counter";
  EXPECT_NE(PrometheusText(head + "b 1\n").faults_text(), "") << "another family's sample";
  EXPECT_NE(PrometheusText(head + "a{x=\"1} 1\n").faults_text(), "") << "unterminated";
  EXPECT_NE(PrometheusText(head + "a{x=\"\\q\"} 1\n").faults_text(), "") << "bad escape";
  EXPECT_NE(PrometheusText(head + "a 1\n" + head + "a{x=\"y\"} 1\n").faults_text(), "")
      << "family twice";
  const std::string histogram = "# HELP h Help.\n# TYPE h histogram\n";
  EXPECT_EQ(PrometheusText(histogram +
                           "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n")
                .faults_text(),
            "");
  EXPECT_NE(PrometheusText(histogram +
                           "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n")
                .faults_text(),
            "");
  EXPECT_NE(PrometheusText(histogram +
                           "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 3\n")
                .faults_text(),
            "");
}

}  // namespace
}  // namespace polybot::metrics
