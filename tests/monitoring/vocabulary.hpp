// What an alert or a panel may name: the families of the catalogue, and the few series of
// Prometheus and Alertmanager that the shipped configuration scrapes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics/catalogue.hpp"
#include "tests/monitoring/promql.hpp"

namespace polybot::monitoring {

using Problems = std::vector<std::string>;

enum class Kind : std::uint8_t { Counter, Gauge, HistogramPart };

struct Series {
  Kind kind;
  std::vector<metrics::Label> labels;  // those of every scrape (job, instance) included
  bool ours;                           // of the catalogue
};

// Whether this is the name of something that alerts.yml records: x:held, made of the family x.
[[nodiscard]] bool is_recorded(std::string_view metric);

// `x_bucket`, `x_sum` and `x_count` name the histogram x. Empty for a name that no scrape has.
[[nodiscard]] std::optional<Series> find_series(std::string_view metric);

// Every metric exists, every label is on its metric, every compared value is one that the label can
// have, counters are read as rates and gauges are not, no matcher reads `le`.
[[nodiscard]] Problems check_names(const ExpressionNames& names);

// No account is added to another one or hides behind it, and what two scrapes of one account show
// is not added up: each family of ours is aggregated by `account` among others, and first by max or
// min. A histogram's buckets may be added up, because its quantiles stay the same.
[[nodiscard]] Problems check_accounts(const ExpressionNames& names);

// The labels that the result of the expression may carry: those it groups by, else those of its
// metrics.
[[nodiscard]] std::set<std::string> result_labels(const ExpressionNames& names);

}  // namespace polybot::monitoring
