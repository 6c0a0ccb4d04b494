#include "services/metrics-aggregator/health_report.hpp"

#include <algorithm>

#include "common/http/message.hpp"

namespace polybot::metrics_aggregator {

namespace {

// Writes one JSON value and places its commas.
class Json {
 public:
  Json& open(char bracket) {
    separate();
    out_.push_back(bracket);
    return *this;
  }
  Json& close(char bracket) {
    out_.push_back(bracket);
    return *this;
  }
  Json& key(std::string_view name) {
    separate();
    http::append_json_string(out_, name);
    out_.push_back(':');
    return *this;
  }
  Json& text(std::string_view value) {
    separate();
    http::append_json_string(out_, value);
    return *this;
  }
  Json& raw(std::string_view value) {
    separate();
    out_.append(value);
    return *this;
  }
  Json& texts(const std::vector<std::string>& values) {
    open('[');
    for (const std::string& value : values) text(value);
    return close(']');
  }
  std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[' && out_.back() != ':')
      out_.push_back(',');
  }
  std::string out_;
};

// With three decimals, as a JSON number.
std::string seconds(domain::Duration span) {
  const auto ms = std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(span).count(), 0);
  std::string fraction = std::to_string(ms % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(ms / 1000) + "." + fraction;
}

std::string_view ready_word(bool ready) {
  return ready ? "ready" : "not_ready";
}

void append_replica(Json& json, const ReplicaHealth& replica) {
  json.open('{');
  json.key("replica").text(replica.replica);
  json.key("status").text(replica.up ? ready_word(replica.ready) : "down");
  json.key("version").text(replica.version);
  json.key("uptime_seconds").raw(seconds(replica.uptime));
  json.key("since_seconds").raw(seconds(replica.since));
  json.key("heartbeat_age_seconds").raw(seconds(replica.heard_ago));
  json.key("reasons").texts(replica.reasons);
  json.close('}');
}

// Why a service has no ready replica: each replica's reasons, or that none was heard.
std::vector<std::string> reasons_of(const ServiceHealth& service) {
  std::vector<std::string> reasons;
  for (const ReplicaHealth& replica : service.replicas) {
    if (replica.ready) continue;
    for (const std::string& reason : replica.reasons)
      reasons.push_back(replica.replica + ": " + reason);
  }
  if (service.replicas.empty()) reasons.emplace_back("no heartbeat");
  return reasons;
}

// `"ready":n,"replicas":m,"reasons":[…]`, the members that every answer about one service has.
void append_counts(Json& json, const ServiceHealth& service) {
  json.key("ready").raw(std::to_string(service.ready));
  json.key("replicas").raw(std::to_string(service.up));
  json.key("reasons").texts(service.ready == 0 ? reasons_of(service) : std::vector<std::string>{});
}

void append_not_ready(Json& json, const std::vector<ServiceHealth>& services) {
  json.key("not_ready").open('[');
  for (const ServiceHealth& service : services) {
    if (service.ready > 0) continue;
    json.open('{').key("service").text(service.service);
    append_counts(json, service);
    json.close('}');
  }
  json.close(']');
}

bool all_ready(const std::vector<ServiceHealth>& services) {
  return std::ranges::all_of(services,
                             [](const ServiceHealth& service) { return service.ready > 0; });
}

}  // namespace

Report report_all(const OwnHealth& own, const std::vector<ServiceHealth>& services) {
  Json json;
  json.open('{');
  const std::string_view word = !own.ready            ? "unhealthy"
                                : all_ready(services) ? "healthy"
                                                      : "degraded";
  json.key("status").text(word);
  json.key("service").text("metrics-aggregator");
  json.key("version").text(own.version);
  json.key("timestamp").text(own.timestamp);
  json.key("uptime_seconds").raw(seconds(own.uptime));
  json.key("reasons").texts(own.reasons);
  json.key("services").open('{');
  for (const ServiceHealth& service : services) {
    json.key(service.service).open('{');
    json.key("status").text(service.up == 0 ? "down" : ready_word(service.ready > 0));
    append_counts(json, service);
    json.key("instances").open('[');
    for (const ReplicaHealth& replica : service.replicas) append_replica(json, replica);
    json.close(']').close('}');
  }
  json.close('}').close('}');
  return {own.ready, json.take()};
}

Report report_own(const OwnHealth& own, const std::vector<ServiceHealth>& services) {
  Json json;
  json.open('{');
  json.key("status").text(ready_word(own.ready));
  json.key("service").text("metrics-aggregator");
  json.key("version").text(own.version);
  json.key("reasons").texts(own.reasons);
  append_not_ready(json, services);
  json.close('}');
  return {own.ready, json.take()};
}

Report report_service(const ServiceHealth& service) {
  Json json;
  json.open('{');
  json.key("status").text(ready_word(service.ready > 0));
  json.key("service").text(service.service);
  append_counts(json, service);
  json.key("instances").open('[');
  for (const ReplicaHealth& replica : service.replicas) append_replica(json, replica);
  json.close(']').close('}');
  return {service.ready > 0, json.take()};
}

Report report_stack(const std::vector<ServiceHealth>& services) {
  const bool ready = all_ready(services);
  Json json;
  json.open('{');
  json.key("status").text(ready_word(ready));
  append_not_ready(json, services);
  json.close('}');
  return {ready, json.take()};
}

}  // namespace polybot::metrics_aggregator
