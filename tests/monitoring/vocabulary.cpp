#include "tests/monitoring/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <sstream>

namespace polybot::monitoring {
namespace {

struct Foreign {
  std::string_view metric;
  Kind kind;
  std::initializer_list<metrics::Label> labels;
};

const metrics::Label kRuleLabels[] = {{"alertname"},
                                      {"alertstate", "pending|firing"},
                                      {"severity", "critical|warning|none"},
                                      {"app"}};

const std::array<Foreign, 7> kForeign{{
    {"up", Kind::Gauge, {{"target"}}},
    {"probe_success", Kind::Gauge, {{"target"}}},
    {"alertmanager_integrations", Kind::Gauge, {}},
    {"alertmanager_notifications_failed_total", Kind::Counter, {{"integration"}}},
    {"prometheus_notifications_errors_total", Kind::Counter, {{"alertmanager"}}},
    {"prometheus_rule_evaluation_failures_total", Kind::Counter, {{"rule_group"}}},
    {"ALERTS",
     Kind::Gauge,
     {kRuleLabels[0],
      kRuleLabels[1],
      kRuleLabels[2],
      kRuleLabels[3],
      // The labels that our rules keep.
      {"strategy"},
      {"side"},
      {"service"},
      {"channel"},
      {"venue"},
      {"kind"},
      {"method"},
      {"endpoint"},
      {"status"}}},
}};

void add_scrape_labels(Series& series) {
  series.labels.push_back({"job", "polybot|polybot-probe|prometheus|alertmanager"});
  series.labels.push_back({"instance"});
  series.labels.push_back({"account"});
}

const metrics::Label* find_label(const Series& series, std::string_view name) {
  const auto found = std::ranges::find(series.labels, name, &metrics::Label::name);
  return found == series.labels.end() ? nullptr : &*found;
}

std::vector<std::string> alternatives(std::string_view text) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == '|') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool is_bound_of(std::string_view bucket, const std::string& value) {
  const auto index = metrics::find(bucket.substr(0, bucket.rfind("_bucket")));
  if (index == metrics::kNoFamily) return false;
  return std::ranges::any_of(metrics::at(index).bounds, [&](double bound) {
    std::ostringstream text;
    text << bound;
    return text.str() == value;
  });
}

void check_matcher(const MetricUse& use, const Series& series, const Matcher& matcher,
                   Problems& problems) {
  // A bound that the catalogue does not have would select nothing, and say so to nobody.
  if (matcher.label == "le" && !is_bound_of(use.metric, matcher.value))
    problems.push_back(use.metric + ": no bucket has the `le` value " + matcher.value);
  const metrics::Label* label = find_label(series, matcher.label);
  if (label == nullptr) {
    problems.push_back(use.metric + " has no label " + matcher.label);
    return;
  }
  const bool pattern = matcher.op == "=~" || matcher.op == "!~";
  const std::vector<std::string> values =
      pattern ? alternatives(matcher.value) : std::vector<std::string>{matcher.value};
  for (const std::string& value : values) {
    if (!metrics::admits(*label, value)) {
      problems.push_back(use.metric + ": " + matcher.label + " is never \"" + value + "\"");
    }
  }
}

void check_reading(const MetricUse& use, const Series& series, Problems& problems) {
  static const std::set<std::string, std::less<>> kRates{"rate", "irate", "increase", "resets"};
  const bool as_rate = kRates.contains(use.function);
  // The accounting identity compares a fold's counters as they stand: last_over_time marks that.
  const bool as_value = use.function == "last_over_time";
  if (series.kind == Kind::Gauge && as_rate)
    problems.push_back(use.metric + " is a gauge: " + use.function + "() means nothing");
  if (series.kind != Kind::Gauge && !as_rate && !as_value) {
    problems.push_back(use.metric + " is a counter and not read by rate(), increase() or resets()");
  }
}

// What alerts.yml records of a family bears its name, a colon and what was made of it. It keeps the
// account and the family's own labels, or some of them.
std::optional<Series> find_recorded(std::string_view metric) {
  auto family = find_series(metric.substr(0, metric.find(':')));
  if (!family) return std::nullopt;
  std::erase_if(family->labels, [](const metrics::Label& label) {
    return label.name == "job" || label.name == "instance";
  });
  return family;
}

}  // namespace

bool is_recorded(std::string_view metric) {
  return metric.find(':') != std::string_view::npos;
}

std::optional<Series> find_series(std::string_view metric) {
  if (is_recorded(metric)) return find_recorded(metric);
  const auto of_family = [](const metrics::Family& family, Kind kind) {
    Series series{
        .kind = kind, .labels = {family.labels.begin(), family.labels.end()}, .ours = true};
    add_scrape_labels(series);
    return series;
  };
  if (const metrics::FamilyIndex index = metrics::find(metric); index != metrics::kNoFamily) {
    const metrics::Family& family = metrics::at(index);
    if (family.type == metrics::Type::Histogram) return std::nullopt;
    return of_family(family, family.type == metrics::Type::Counter ? Kind::Counter : Kind::Gauge);
  }
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!metric.ends_with(suffix)) continue;
    const auto index = metrics::find(metric.substr(0, metric.size() - suffix.size()));
    if (index == metrics::kNoFamily || metrics::at(index).type != metrics::Type::Histogram)
      continue;
    Series series = of_family(metrics::at(index), Kind::HistogramPart);
    if (suffix == "_bucket") series.labels.push_back({"le"});
    return series;
  }
  const auto foreign = std::ranges::find(kForeign, metric, &Foreign::metric);
  if (foreign == kForeign.end()) return std::nullopt;
  Series series{.kind = foreign->kind, .labels = foreign->labels, .ours = false};
  add_scrape_labels(series);
  return series;
}

// What any side keeps: labels of a grouping, and those of what was recorded with a grouping of its
// own.
std::set<std::string> kept_labels(const ExpressionNames& names) {
  std::set<std::string> labels = names.grouping;
  for (const MetricUse& use : names.uses) {
    const auto series = is_recorded(use.metric) ? find_series(use.metric) : std::nullopt;
    if (!series) continue;
    for (const metrics::Label& label : series->labels) labels.emplace(label.name);
  }
  return labels;
}

Problems check_names(const ExpressionNames& names) {
  Problems problems = names.problems;
  for (const MetricUse& use : names.uses) {
    const auto series = find_series(use.metric);
    if (!series) {
      problems.push_back("no scrape has a metric " + use.metric);
      continue;
    }
    for (const Matcher& matcher : use.matchers) check_matcher(use, *series, matcher, problems);
    for (const std::string& label : use.grouping) {
      if (find_label(*series, label) == nullptr)
        problems.push_back(use.metric + " has no label " + label);
    }
    if (!is_recorded(use.metric)) check_reading(use, *series, problems);
  }
  const std::set<std::string> kept = kept_labels(names);
  for (const std::string& label : names.joined) {
    if (!kept.contains(label))
      problems.push_back("the join is on " + label + ", which no side keeps");
  }
  return problems;
}

Problems check_accounts(const ExpressionNames& names) {
  Problems problems;
  for (const MetricUse& use : names.uses) {
    const auto series = find_series(use.metric);
    if (!series || !series->ours || is_recorded(use.metric)) continue;
    const auto keeps_it = [](const Aggregation& one) {
      return std::ranges::find(one.labels, "account") != one.labels.end();
    };
    if (use.aggregations.empty() || !std::ranges::all_of(use.aggregations, keeps_it)) {
      problems.push_back("it does not keep the account of " + use.metric);
      continue;
    }
    const std::string& first = use.aggregations.back().function;
    if (series->kind != Kind::HistogramPart && first != "max" && first != "min")
      problems.push_back("it adds up what two scrapes show of " + use.metric);
  }
  return problems;
}

std::set<std::string> result_labels(const ExpressionNames& names) {
  std::set<std::string> labels = kept_labels(names);
  if (!labels.empty()) return labels;
  for (const MetricUse& use : names.uses) {
    const auto series = find_series(use.metric);
    if (!series) continue;
    for (const metrics::Label& label : series->labels) labels.emplace(label.name);
  }
  return labels;
}

}  // namespace polybot::monitoring
