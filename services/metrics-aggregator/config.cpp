#include "services/metrics-aggregator/config.hpp"

#include <algorithm>

#include "common/metrics/catalogue.hpp"
#include "common/runtime/addresses.hpp"
#include "common/wire/topics.hpp"

namespace polybot::metrics_aggregator {

namespace {

std::vector<std::string> all_services() {
  std::vector<std::string> names;
  for (const metrics::Service& service : metrics::kServices) names.emplace_back(service.name);
  return names;
}

MergerLimits read_merger(runtime::config::Reader& reader) {
  using namespace std::chrono_literals;
  MergerLimits limits;
  limits.expiry_min = reader.duration("merge.expiry", limits.expiry_min, 2s, 10min);
  limits.forget_after = reader.duration("merge.forget_after", limits.forget_after, 1min, 24h);
  limits.sticky_for = reader.duration("merge.sticky_for", limits.sticky_for, 1min, 168h);
  limits.series_per_service_max = reader.integer_as<std::size_t>(
      "merge.series_per_service_max", limits.series_per_service_max, 100, 1'000'000);
  limits.label_sets_per_family_max = reader.integer_as<std::size_t>(
      "merge.label_sets_per_family_max", limits.label_sets_per_family_max, 10, 100'000);
  return limits;
}

// Over TLS a certificate shows its role by the port that it opens, so each service needs a port of
// its own there: any of them may open a port that all share, and speak in the name of another.
void read_ports(runtime::config::Reader& reader, Config& config) {
  const runtime::BusSecurity& security = config.bus.security;
  for (const std::string_view& service : wire::services::kMeasured) {
    std::string table = "bus.from." + std::string(service);
    std::replace(table.begin(), table.end(), '-', '_');
    const auto address = [&](std::string_view key) {
      return runtime::read_bus_listener(reader, table + "." + std::string(key), {&service, 1},
                                        security);
    };
    ServicePorts ports{std::string(service), address("metrics"), address("status")};
    if (ports.metrics_address.text.empty() != ports.status_address.text.empty())
      reader.error(table, "needs both metrics and status, or neither");
    if (!ports.metrics_address.text.empty()) config.services.push_back(std::move(ports));
  }
  if (!config.services.empty() && config.services.size() != wire::services::kMeasured.size())
    reader.error("bus.from", "needs addresses for gateway, strategy_runner and order_manager");
  const auto shared = [&](std::string_view key, const wire::Port& port) {
    const bus::Address address =
        runtime::read_bus_address(reader, key, port, bus::EndpointRole::Listen, security);
    if (config.services.empty() && address.tls != nullptr) {
      reader.error(key,
                   "is shared by all services, and over TLS one could speak for another: give "
                   "each an address of its own ([bus.from.SERVICE])");
    }
    return address;
  };
  config.metrics_address = shared("bus.metrics", wire::ports::kMetrics);
  config.status_address = shared("bus.status", wire::ports::kStatus);
}

}  // namespace

Config read_config(runtime::config::Reader& reader) {
  using namespace std::chrono_literals;
  Config config;
  config.bus = runtime::read_metrics_pace(reader, wire::services::kAggregator.front());
  read_ports(reader, config);
  config.interval = reader.duration("merge.interval", config.interval, 100ms, 10s);
  config.merger = read_merger(reader);
  config.merger.attentive = 2 * config.interval;
  config.liveness.silence_max =
      reader.duration("health.silence_max", config.liveness.silence_max, 1s, 1min);
  config.state_folder = reader.string("state.folder", "data/sim/aggregator");
  config.sync_every = reader.duration("state.sync_every", config.sync_every, 1s, 10min);
  config.expected_services = reader.strings("health.expected_services", all_services());
  for (const std::string& service : config.expected_services) {
    if (metrics::owner_bit(service) == 0) {
      reader.error("health.expected_services", "no service is called \"" + service + "\"");
    }
  }
  return config;
}

}  // namespace polybot::metrics_aggregator
