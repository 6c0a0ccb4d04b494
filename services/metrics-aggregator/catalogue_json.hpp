// The metric contract as JSON, for the checks of dashboard, alerts and documentation.
#pragma once

#include <string>

namespace polybot::metrics_aggregator {

// One family a line:
// {"families":[{"name","type","policy","sticky","labels","values","owners","proof",
// "help","bounds","fingerprint"},…]}. `proof` is moves, constant, invariant or fault:<name>.
std::string catalogue_json();

}  // namespace polybot::metrics_aggregator
