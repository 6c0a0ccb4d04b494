// alerts.yml and alerts_test.yml as values, and everything about them that promtool does not check:
// names, the house rules for gauges, a runbook section and cases for each alert.
#pragma once

#include <string>
#include <vector>

#include "tests/monitoring/vocabulary.hpp"

namespace polybot::monitoring {

struct Alert {
  std::string name;
  std::string expression;
  std::string wait;  // `for`
  std::string keep_firing_for;
  std::string severity;
  std::string app;
  std::string summary;
  std::string description;
  std::string runbook_url;
};

// What the rules compute once and alerts and dashboard read.
struct Record {
  std::string name;
  std::string expression;
};

// One `tests` entry of a promtool file.
struct RuleCase {
  std::vector<std::string> series;            // as written, labels included
  std::vector<std::string> series_with_gaps;  // those whose values go stale
  std::vector<std::string> firing;            // alerts it expects to fire at least once
  std::vector<std::string> silent;            // alerts it expects not to fire at least once
};

// All throw std::runtime_error when the text is not such a file.
[[nodiscard]] std::vector<Alert> read_alerts(const std::string& yaml);
[[nodiscard]] std::vector<Record> read_records(const std::string& yaml);
[[nodiscard]] std::vector<RuleCase> read_cases(const std::string& yaml);

// `runbook` is the text of deploy/README.md.
[[nodiscard]] Problems check_alert(const Alert& alert, const std::vector<RuleCase>& cases,
                                   const std::string& runbook);
// Each record keeps the account, what is held is held as all are, and nobody reads what is not
// recorded.
[[nodiscard]] Problems check_records(const std::vector<Record>& records,
                                     const std::vector<Alert>& alerts);
[[nodiscard]] Problems check_alerts(const std::vector<Alert>& alerts,
                                    const std::vector<RuleCase>& cases, const std::string& runbook);

}  // namespace polybot::monitoring
