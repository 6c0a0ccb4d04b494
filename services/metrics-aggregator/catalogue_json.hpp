// The metric contract as JSON, for the checks of dashboard, alerts and documentation.
#pragma once

#include <string>

namespace polybot::metrics_aggregator {

// One family a line, each with name, type, policy, sticky, labels, owners, proof, help, bounds and
// fingerprint. `labels` maps each name to its closed set of values, or to null; `proof` is moves,
// constant, invariant or fault:<name>.
std::string catalogue_json();

}  // namespace polybot::metrics_aggregator
