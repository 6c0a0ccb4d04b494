// The conditions of a dashboard that a trader can rely on, checked without a Grafana: identity,
// rows, geometry, units, words, thresholds, and expressions that name what the catalogue has.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "tests/monitoring/vocabulary.hpp"

namespace polybot::monitoring {

struct PanelQuery {
  std::string panel;       // its title
  std::string expression;  // as written
  bool instant;
};

[[nodiscard]] std::vector<PanelQuery> queries_of(const boost::json::value& dashboard);

// The expression as Prometheus would get it, with the dashboard's variables filled in.
[[nodiscard]] std::string with_variables(std::string expression);

[[nodiscard]] Problems check_dashboard(const boost::json::value& dashboard);

}  // namespace polybot::monitoring
