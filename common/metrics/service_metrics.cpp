#include "common/metrics/service_metrics.hpp"

#include <algorithm>

#include "common/domain/assert.hpp"
#include "common/domain/enumeration.hpp"

namespace polybot::metrics {

// --- HTTP ----------------------------------------------------------------------------------------

namespace {

constexpr std::array<std::string_view, 5> kStatusClasses{"1xx", "2xx", "3xx", "4xx", "5xx"};

// What a route answers; no route of ours answers with 3xx.
constexpr std::array<unsigned, 3> kUsualStatuses{200, 400, 500};

std::size_t class_of(unsigned status) {
  return std::clamp<std::size_t>(status / 100, 1, kStatusClasses.size()) - 1;
}

}  // namespace

HttpMetrics::HttpMetrics(Registry& registry, const std::vector<Route>& routes,
                         const std::vector<std::string_view>& websockets)
    : registry_(&registry),
      websocket_connections_(registry.gauge("polybot_websocket_connections")) {
  for (const auto& [method, endpoint] : routes) {
    for (const unsigned status : kUsualStatuses) resolve(method, endpoint, status);
  }
  for (const std::string_view method :
       {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "other"}) {
    resolve(method, "unmatched", 400);
  }
  resolve("other", "unmatched", 503);  // one connection too many: closed before its request is read
  for (const std::string_view endpoint : websockets) resolve("GET", endpoint, 101);
}

HttpMetrics::Handles& HttpMetrics::resolve(std::string_view method, std::string_view endpoint,
                                           unsigned status) {
  key_.assign(method).append(1, ' ').append(endpoint);
  auto found = routes_.find(key_);
  if (found == routes_.end()) found = routes_.emplace(key_, Classes{}).first;
  const std::size_t status_class = class_of(status);
  std::optional<Handles>& handles = found->second[status_class];
  if (!handles) {
    const LabelValues labels{method, endpoint, kStatusClasses[status_class]};
    handles = Handles{registry_->counter("polybot_http_requests_total", labels),
                      registry_->histogram("polybot_http_request_duration_seconds", labels)};
  }
  return *handles;
}

void HttpMetrics::on_request(std::string_view method, std::string_view endpoint, unsigned status,
                             double seconds) {
  Handles& handles = resolve(method, endpoint, status);
  handles.requests.increment();
  handles.duration.observe(seconds);
}

void HttpMetrics::on_websocket(int delta) {
  websocket_connections_.add(delta);
}

// --- The bus -------------------------------------------------------------------------------------

namespace {

struct ChannelHandles {
  ChannelHandles(Registry& registry, std::string_view channel)
      : published(registry.counter("polybot_bus_messages_published_total", {channel})),
        received(registry.counter("polybot_bus_messages_received_total", {channel})),
        lost(registry.counter("polybot_bus_messages_lost_total", {channel})),
        duplicated(registry.counter("polybot_bus_messages_duplicated_total", {channel})),
        queue_depth(registry.gauge("polybot_nng_queue_depth", {channel})) {}

  void read(bus::ChannelStats& stats) {
    published.raise_to(static_cast<double>(stats.published));
    received.raise_to(static_cast<double>(stats.received));
    lost.raise_to(static_cast<double>(stats.lost));
    duplicated.raise_to(static_cast<double>(stats.duplicated));
    queue_depth.set(static_cast<double>(stats.take_waiting_max()));
  }

  Counter published;
  Counter received;
  Counter lost;
  Counter duplicated;
  Gauge queue_depth;
};

class BusObserver {
 public:
  BusObserver(Registry& registry, bus::Stats& stats)
      : registry_(registry),
        stats_(stats),
        served_(registry.counter("polybot_bus_recovery_requests_total", {"served"})),
        not_served_(registry.counter("polybot_bus_recovery_requests_total", {"refused"})),
        listeners_renewed_(registry.counter("polybot_bus_listeners_renewed_total")),
        handshakes_expired_(registry.counter("polybot_bus_handshakes_expired_total")) {
    for (const auto reason : domain::kEnumerators<bus::Refusal>) {
      refused_.push_back(
          registry.counter("polybot_bus_frames_refused_total", {domain::name_of(reason)}));
    }
    for (const auto outcome : domain::kEnumerators<bus::ReplayOutcome>) {
      replays_.push_back(registry.counter("polybot_bus_replays_total", {domain::name_of(outcome)}));
    }
  }

  void add_channel(const std::string& channel) { handles(channel); }

  void read() {
    for (auto& [channel, channel_stats] : stats_.channels) handles(channel).read(channel_stats);
    for (std::size_t i = 0; i < refused_.size(); ++i) {
      refused_[i].raise_to(static_cast<double>(stats_.refused[i]));
    }
    for (std::size_t i = 0; i < replays_.size(); ++i) {
      replays_[i].raise_to(static_cast<double>(stats_.replays[i]));
    }
    served_.raise_to(static_cast<double>(stats_.recovery_requests_served));
    not_served_.raise_to(static_cast<double>(stats_.recovery_requests_refused));
    listeners_renewed_.raise_to(static_cast<double>(stats_.listeners_renewed));
    handshakes_expired_.raise_to(static_cast<double>(stats_.handshakes_expired));
  }

 private:
  ChannelHandles& handles(const std::string& channel) {
    return channels_.try_emplace(channel, registry_, channel).first->second;
  }

  Registry& registry_;
  bus::Stats& stats_;
  std::unordered_map<std::string, ChannelHandles> channels_;
  std::vector<Counter> refused_;
  std::vector<Counter> replays_;
  Counter served_;
  Counter not_served_;
  Counter listeners_renewed_;
  Counter handshakes_expired_;
};

}  // namespace

void observe_bus(Registry& registry, bus::Stats& stats, const std::vector<std::string>& channels) {
  // Shared because a hook is a copyable function; the registry's hook is its only holder.
  const auto observer = std::make_shared<BusObserver>(registry, stats);
  for (const std::string& channel : channels) observer->add_channel(channel);
  registry.before_collect([observer] { observer->read(); });
}

// --- The process ---------------------------------------------------------------------------------

namespace {

Counter refusals_at_admin_port(Registry& registry, std::string_view reason) {
  return registry.counter("polybot_requests_refused_total",
                          {registry.identity().service, "admin", reason});
}

}  // namespace

ProcessMetrics::ProcessMetrics(Registry& registry, std::function<ProcessReading()> read)
    : registry_(&registry),
      read_(std::move(read)),
      loop_lag_(
          registry.histogram("polybot_event_loop_lag_seconds", {registry.identity().service})),
      cpu_seconds_(
          registry.counter("polybot_process_cpu_seconds_total", {registry.identity().service})),
      log_dropped_(
          registry.counter("polybot_log_messages_dropped_total", {registry.identity().service})),
      refused_host_(refusals_at_admin_port(registry, "host")),
      refused_origin_(refusals_at_admin_port(registry, "origin")),
      refused_crowded_(refusals_at_admin_port(registry, "crowded")),
      bus_certificate_ends_(registry.gauge("polybot_bus_certificate_not_after_seconds",
                                           {registry.identity().service})) {
  const Identity& identity = registry.identity();
  registry.gauge("polybot_build_info", {identity.service, identity.version, identity.revision})
      .set(1);
  // The aggregator adds it to the starts of the processes before this one.
  registry.counter("polybot_process_starts_total", {identity.service}).increment();
  if (read_) registry.before_collect([this] { sample(); });
}

void ProcessMetrics::sample() {
  const ProcessReading reading = read_();
  const std::string& service = registry_->identity().service;
  const auto show = [&](GaugeName name, const std::optional<std::uint64_t>& value) {
    if (value) {
      registry_->gauge(name, {service}).set(static_cast<double>(*value));
    } else {
      registry_->forget(name, {service});
    }
  };
  show("polybot_process_resident_memory_bytes", reading.resident_memory_bytes);
  show("polybot_process_open_fds", reading.open_fds);
  show("polybot_disk_free_bytes", reading.disk_free_bytes);
  show("polybot_disk_size_bytes", reading.disk_size_bytes);
  if (reading.cpu_seconds) cpu_seconds_.raise_to(*reading.cpu_seconds);
  log_dropped_.raise_to(static_cast<double>(reading.log_dropped));
  bus_certificate_ends_.set(static_cast<double>(reading.bus_certificate_ends_s));
  refused_host_.raise_to(static_cast<double>(reading.requests_refused.host));
  refused_origin_.raise_to(static_cast<double>(reading.requests_refused.origin));
  refused_crowded_.raise_to(static_cast<double>(reading.requests_refused.crowded));
}

}  // namespace polybot::metrics
