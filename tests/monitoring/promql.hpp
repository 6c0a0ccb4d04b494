// Which metrics and labels a PromQL expression names, and how. It does not parse PromQL – promtool
// does that – but reads the names of expressions in the house style: grouping before the argument,
// `sum by (x) (y)`. It reports everything that it cannot read as a problem, and never skips it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace polybot::monitoring {

struct Matcher {
  std::string label;
  std::string op;     // = != =~ !~
  std::string value;  // unquoted
};

// `sum by (a, b) (...)`
struct Aggregation {
  std::string function;
  std::vector<std::string> labels;
};

// One metric selector inside an expression.
struct MetricUse {
  std::string metric;
  std::vector<Matcher> matchers;
  std::string range;     // "5m" of x[5m]; empty for an instant selector
  std::string function;  // the innermost function or aggregation around it; may be empty
  std::vector<std::string> grouping;      // labels of every `by (...)` around it
  std::vector<Aggregation> aggregations;  // those with a `by` around it, the innermost last
};

struct ExpressionNames {
  std::vector<MetricUse> uses;
  std::set<std::string> grouping;     // all labels that any `by` keeps
  std::set<std::string> joined;       // labels of `on`, `ignoring`, `group_left`, `group_right`
  std::vector<std::string> problems;  // what could not be read
};

[[nodiscard]] ExpressionNames read_names(std::string_view expression);

// Replaces every occurrence of `from`; so the variables of dashboards become PromQL.
[[nodiscard]] std::string replaced(std::string text, std::string_view from, std::string_view to);

}  // namespace polybot::monitoring
