// metrics-aggregator: makes one set of metrics from all replicas' snapshots, and one answer to "who
// is ready?".
#include <iostream>
#include <string>
#include <vector>

#include "common/runtime/build_info.hpp"
#include "common/runtime/service.hpp"
#include "services/metrics-aggregator/catalogue_json.hpp"
#include "services/metrics-aggregator/catalogue_markdown.hpp"
#include "services/metrics-aggregator/config.hpp"
#include "services/metrics-aggregator/service.hpp"

namespace {

int print_catalogue(const std::vector<std::string>& arguments) {
  using namespace polybot::metrics_aggregator;
  if (arguments.empty()) {
    std::cout << catalogue_json();
  } else if (arguments == std::vector<std::string>{"markdown"}) {
    std::cout << catalogue_markdown();
  } else {
    std::cerr << "--print-catalogue takes nothing, or \"markdown\"\n";
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace polybot;
  return runtime::run_service(
      {.name = "metrics-aggregator",
       .summary = "Merges the metrics of all replicas; serves /metrics and every service's health.",
       .build = runtime::build_info(),
       .admin_port = 8000,
       .health_routes = runtime::AdminServer::HealthRoutes::ByService,
       .commands = {{.name = "--print-catalogue",
                     .summary =
                         "Print the metric contract as JSON (with \"markdown\": as a table).",
                     .run = print_catalogue}}},
      argc, argv, metrics_aggregator::read_config, metrics_aggregator::run);
}
