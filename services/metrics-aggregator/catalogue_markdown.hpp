// The metric contract as a Markdown table, for people. deploy/METRICS.md holds it, and a test
// compares that file with the catalogue.
#pragma once

#include <string>

namespace polybot::metrics_aggregator {

// Header, separator and one row per family, each ending with a newline.
std::string catalogue_markdown();

}  // namespace polybot::metrics_aggregator
