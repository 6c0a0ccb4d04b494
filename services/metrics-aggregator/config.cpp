#include "services/metrics-aggregator/config.hpp"

#include "common/metrics/catalogue.hpp"

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

}  // namespace

Config read_config(runtime::config::Reader& reader) {
  using namespace std::chrono_literals;
  Config config;
  config.bus = runtime::read_metrics_config(reader, bus::EndpointRole::Listen);
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
