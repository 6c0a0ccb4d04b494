#include "tests/monitoring/rules.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <regex>
#include <stdexcept>

namespace polybot::monitoring {
namespace {

std::string text(const YAML::Node& node) {
  return node ? node.as<std::string>() : std::string();
}

// Prometheus' own texts, as users were promised them; the two rules follow them instead of the
// house style.
bool is_promised(const Alert& alert) {
  return alert.name == "HighErrorRate" || alert.name == "DailyLossLimit";
}
bool always_fires(const Alert& alert) {
  return alert.expression == "vector(1)";
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The family that a series is of, or that something recorded is made of.
std::string metric_of(const std::string& series) {
  return series.substr(0, series.find_first_of("{:"));
}

bool has_gauge(const ExpressionNames& names) {
  return std::ranges::any_of(names.uses, [](const MetricUse& use) {
    const auto series = find_series(use.metric);
    return series && series->kind == Kind::Gauge;
  });
}

void check_gauges(const Alert& alert, const ExpressionNames& names, Problems& problems) {
  static const std::set<std::string, std::less<>> kSurvivesGaps{
      "last_over_time", "absent_over_time", "present_over_time", "quantile_over_time"};
  for (const MetricUse& use : names.uses) {
    const auto series = find_series(use.metric);
    if (!series || series->kind != Kind::Gauge || is_recorded(use.metric)) continue;
    // Whether it was there within a day, or the most that it was, is no reading of its value now.
    const bool was_there = use.function == "present_over_time" && use.range == "1d";
    const bool the_most = use.function == "max_over_time";
    if (was_there || the_most) continue;
    if (!kSurvivesGaps.contains(use.function) || use.range != "5m") {
      problems.push_back(use.metric + " is a gauge and not read as last_over_time(x[5m])");
    }
  }
  static const std::regex kLongEnough("([5-9]|[1-9][0-9]+)m");
  if (has_gauge(names) && !std::regex_match(alert.keep_firing_for, kLongEnough)) {
    problems.emplace_back("it reads a gauge and does not keep firing for 5m at least");
  }
}

void check_labels(const Alert& alert, const ExpressionNames& names, Problems& problems) {
  for (const MetricUse& use : names.uses) {
    for (const Matcher& matcher : use.matchers) {
      if (matcher.label == "market") problems.emplace_back("it reads the label market");
    }
  }
  if (names.grouping.contains("market") || names.joined.contains("market")) {
    problems.emplace_back("it reads the label market");
  }
  const std::set<std::string> labels = result_labels(names);
  static const std::regex kReference(R"(\$labels\.([A-Za-z_]+))");
  for (std::sregex_iterator it(alert.description.begin(), alert.description.end(), kReference), end;
       it != end; ++it) {
    if (!labels.contains((*it)[1]))
      problems.push_back("the description names a label it does not have: " + (*it)[1].str());
  }
}

void check_texts(const Alert& alert, const std::string& runbook, Problems& problems) {
  static const std::set<std::string, std::less<>> kSeverities{"critical", "warning", "none"};
  if (!kSeverities.contains(alert.severity))
    problems.push_back("its severity is \"" + alert.severity + "\"");
  if (alert.app != "polybot") problems.push_back("its app is \"" + alert.app + "\"");
  if (alert.summary.empty()) problems.emplace_back("it has no summary");
  if (alert.description.empty()) problems.emplace_back("it has no description");
  if (alert.runbook_url != "{{ $externalURL }}/user/runbook.txt#" + lower(alert.name)) {
    problems.push_back("its runbook_url is \"" + alert.runbook_url + "\"");
  }
  // A section must have text of its own: a heading followed by the next heading is none.
  const std::regex section("(^|\n)### " + alert.name + "\n\n[^#\n][^\n]{40,}");
  if (!std::regex_search(runbook, section))
    problems.emplace_back("the runbook has no section about it");
}

void check_cases(const Alert& alert, const ExpressionNames& names,
                 const std::vector<RuleCase>& cases, Problems& problems) {
  const auto names_it = [&](const std::vector<std::string>& list) {
    return std::ranges::find(list, alert.name) != list.end();
  };
  if (std::ranges::none_of(cases, [&](const RuleCase& c) { return names_it(c.firing); })) {
    problems.emplace_back("no case shows it firing");
  }
  if (!always_fires(alert) &&
      std::ranges::none_of(cases, [&](const RuleCase& c) { return names_it(c.silent); })) {
    problems.emplace_back("no case shows it silent");
  }
  const auto reads = [&](const std::string& series) {
    return std::ranges::any_of(names.uses, [&](const MetricUse& use) {
      return metric_of(use.metric) == metric_of(series);
    });
  };
  const bool with_gaps = std::ranges::any_of(cases, [&](const RuleCase& c) {
    return names_it(c.firing) && std::ranges::any_of(c.series_with_gaps, reads);
  });
  if (has_gauge(names) && !with_gaps)
    problems.emplace_back("no case shows it firing while its gauge has gaps");
}

}  // namespace

std::vector<Alert> read_alerts(const std::string& yaml) {
  const YAML::Node groups = YAML::Load(yaml)["groups"];
  if (!groups || groups.size() != 1 || text(groups[0]["name"]) != "polybot") {
    throw std::runtime_error("alert rules: expected one group called polybot");
  }
  std::vector<Alert> alerts;
  for (const YAML::Node& rule : groups[0]["rules"]) {
    if (!rule["alert"]) continue;
    alerts.push_back({.name = text(rule["alert"]),
                      .expression = text(rule["expr"]),
                      .wait = text(rule["for"]),
                      .keep_firing_for = text(rule["keep_firing_for"]),
                      .severity = text(rule["labels"]["severity"]),
                      .app = text(rule["labels"]["app"]),
                      .summary = text(rule["annotations"]["summary"]),
                      .description = text(rule["annotations"]["description"]),
                      .runbook_url = text(rule["annotations"]["runbook_url"])});
  }
  return alerts;
}

std::vector<Record> read_records(const std::string& yaml) {
  std::vector<Record> records;
  for (const YAML::Node& group : YAML::Load(yaml)["groups"]) {
    for (const YAML::Node& rule : group["rules"]) {
      if (rule["record"])
        records.push_back({.name = text(rule["record"]), .expression = text(rule["expr"])});
    }
  }
  return records;
}

std::vector<RuleCase> read_cases(const std::string& yaml) {
  const YAML::Node tests = YAML::Load(yaml)["tests"];
  if (!tests) throw std::runtime_error("alert cases: no tests");
  std::vector<RuleCase> cases;
  for (const YAML::Node& test : tests) {
    RuleCase one;
    for (const YAML::Node& series : test["input_series"]) {
      one.series.push_back(text(series["series"]));
      const bool gaps = text(series["values"]).find("stale") != std::string::npos;
      if (gaps) one.series_with_gaps.push_back(one.series.back());
    }
    for (const YAML::Node& check : test["alert_rule_test"]) {
      const YAML::Node expected = check["exp_alerts"];
      (expected && expected.size() > 0 ? one.firing : one.silent)
          .push_back(text(check["alertname"]));
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

Problems check_alert(const Alert& alert, const std::vector<RuleCase>& cases,
                     const std::string& runbook) {
  const ExpressionNames names = read_names(alert.expression);
  Problems problems = names.problems;
  if (!is_promised(alert)) {
    for (std::string& problem : check_names(names)) problems.push_back(std::move(problem));
    check_gauges(alert, names, problems);
    for (std::string& problem : check_accounts(names)) problems.push_back(std::move(problem));
  } else {
    for (const MetricUse& use : names.uses) {
      if (!find_series(use.metric)) problems.push_back("no scrape has a metric " + use.metric);
    }
  }
  check_labels(alert, names, problems);
  check_texts(alert, runbook, problems);
  check_cases(alert, names, cases, problems);
  for (std::string& problem : problems) problem = alert.name + ": " + problem;
  return problems;
}

Problems check_records(const std::vector<Record>& records, const std::vector<Alert>& alerts) {
  static const std::string kUnseen = "and on (account) polybot_service_up:order_manager_unseen";
  Problems problems;
  std::set<std::string> recorded;
  for (const Record& record : records) {
    if (!recorded.insert(record.name).second)
      problems.push_back(record.name + ": two records have this name");
    const ExpressionNames names = read_names(record.expression);
    Problems found;
    for (std::string& problem : check_names(names)) {
      // How it is read is the record's business.
      if (problem.find("is a counter and not read") == std::string::npos)
        found.push_back(std::move(problem));
    }
    for (std::string& problem : check_accounts(names)) found.push_back(std::move(problem));
    const bool held = record.name.ends_with(":held");
    const auto says = [&](const std::string& part) {
      return record.expression.find(part) != std::string::npos;
    };
    if (held && !(says("last_over_time(" + record.name.substr(0, record.name.rfind(':'))) &&
                  says("last_over_time(" + record.name + "[1h])") && says(kUnseen))) {
      found.emplace_back("it does not hold what it was");
    }
    for (const std::string& problem : found) problems.push_back(record.name + ": " + problem);
  }
  const auto check_uses = [&](const std::string& name, const std::string& expression) {
    for (const MetricUse& use : read_names(expression).uses) {
      if (is_recorded(use.metric) && !recorded.contains(use.metric))
        problems.push_back(name + ": nobody records " + use.metric);
    }
  };
  for (const Record& record : records) check_uses(record.name, record.expression);
  for (const Alert& alert : alerts) check_uses(alert.name, alert.expression);
  return problems;
}

Problems check_alerts(const std::vector<Alert>& alerts, const std::vector<RuleCase>& cases,
                      const std::string& runbook) {
  Problems problems;
  std::set<std::string> seen;
  for (const Alert& alert : alerts) {
    if (!seen.insert(alert.name).second)
      problems.push_back(alert.name + ": two alerts have this name");
    for (std::string& problem : check_alert(alert, cases, runbook))
      problems.push_back(std::move(problem));
  }
  for (const RuleCase& one : cases) {
    for (const auto* list : {&one.firing, &one.silent}) {
      for (const std::string& name : *list) {
        if (!seen.contains(name))
          problems.push_back(name + ": a case names an alert that does not exist");
      }
    }
    for (const std::string& series : one.series) {
      const ExpressionNames names = read_names(series);
      if (names.uses.size() != 1 || !find_series(names.uses.front().metric)) {
        problems.push_back("a case feeds a series that no scrape has: " + series);
        continue;
      }
      // The names and values of its labels must be possible in a scrape; how it is read does not
      // matter.
      for (std::string& problem : check_names(names)) {
        if (problem.find("is a counter and not read") == std::string::npos &&
            problem.find("`le` value") == std::string::npos)
          problems.push_back(std::move(problem));
      }
    }
  }
  return problems;
}

}  // namespace polybot::monitoring
