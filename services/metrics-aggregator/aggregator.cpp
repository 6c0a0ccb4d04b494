#include "services/metrics-aggregator/aggregator.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "common/domain/assert.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/until_all_end.hpp"
#include "common/wire/metrics_codec.hpp"
#include "common/wire/status_codec.hpp"
#include "common/wire/topics.hpp"
#include "services/metrics-aggregator/exposition/gzip.hpp"

namespace polybot::metrics_aggregator {

namespace asio = boost::asio;

namespace {

// After this many turns of the loop all data of the socket has reached the merger: one turn to see
// the socket readable, one to take frames, one to hand them on, and one to spare.
constexpr int kDrainTurns = 4;
// A reader that never catches up must not keep the merge from happening.
constexpr int kDrainTurnsMax = 64;
// The view waits for the state to be written, but not for a disk that hangs.
constexpr auto kWritePatience = std::chrono::seconds(2);
constexpr std::string_view kStatePart = "state";

bus::SubscriberConfig port(const bus::Address& address, bus::Subscription subscription,
                           std::vector<std::string> senders, bus::NetworkTrust trust) {
  return {.endpoints = {{bus::EndpointRole::Listen, address}},
          .subscriptions = {std::move(subscription)},
          .senders = std::move(senders),
          .trust = trust,
          .queue_frames = bus::kQueueFramesState,
          // Many senders may publish in one turn; each frame is at most 1 MiB.
          .ring_frames = 1024,
          .ring_bytes = std::size_t{64} << 20};
}

http::Response fresh(http::Response response) {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response answer(Report report) {
  return fresh(http::json(std::move(report.body), report.ok ? 200 : 503));
}

// The plain view in place of a misspelt one would look like an answer. Empty when the query is
// right.
std::optional<http::Response> refuse_view(const http::Request& request) {
  if (request.query.empty()) return std::nullopt;
  if (request.query.size() == 1 && request.query_value("view") == "replicas") return std::nullopt;
  return http::problem(400, "/metrics takes nothing, or view=replicas");
}

// One series a reason.
template <class Reason, class Writer, std::size_t kCount>
void show(Writer writer, const std::array<std::uint64_t, kCount>& counts) {
  for (const Reason reason : domain::kEnumerators<Reason>) {
    writer.set({domain::name_of(reason)}, static_cast<double>(counts[domain::place_of(reason)]));
  }
}

}  // namespace

Aggregator::Aggregator(asio::any_io_executor executor, AggregatorSettings settings,
                       metrics::ServiceMetrics& own, runtime::Health& health, bus::Stats& stats)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      own_(own),
      health_(health),
      stats_(stats),
      started_([this] {
        const metrics::Moment now = settings_.now();
        return now.wall - now.uptime;
      }()),
      merger_(settings_.merger),
      liveness_(settings_.expected_services, settings_.liveness),
      state_loaded_(load_state()),
      heartbeats_refused_(own.registry().counter("polybot_aggregator_heartbeats_refused_total")),
      scrape_duration_(own.registry().histogram("polybot_aggregator_scrape_duration_seconds")),
      state_write_duration_(
          own.registry().histogram("polybot_aggregator_state_write_duration_seconds")),
      state_write_failures_(
          own.registry().counter("polybot_aggregator_state_write_failures_total")),
      snapshots_(listen(wire::channels::kMetrics, &AggregatorSettings::metrics_address,
                        &ServicePorts::metrics_address)),
      heartbeats_(listen(wire::channels::kStatus, &AggregatorSettings::status_address,
                         &ServicePorts::status_address)),
      timer_(executor_) {
  register_metrics();
}

// One port that all share, or one for each service.
Aggregator::Subscribers Aggregator::listen(std::string_view channel,
                                           bus::Address AggregatorSettings::*shared,
                                           bus::Address ServicePorts::*own) const {
  const auto open = [this](const bus::Address& address, bus::Subscription subscription,
                           std::vector<std::string> senders) {
    return std::make_unique<bus::Subscriber>(
        executor_, port(address, std::move(subscription), std::move(senders), settings_.trust),
        stats_);
  };
  Subscribers ports;
  for (const ServicePorts& service : settings_.services) {
    ports.push_back(open(service.*own,
                         bus::Subscription::topic(std::string(channel) + "." + service.service),
                         {service.service}));
  }
  if (ports.empty()) {
    const auto& all = wire::services::kMeasured;
    ports.push_back(open(settings_.*shared, bus::Subscription::channel(std::string(channel)),
                         {all.begin(), all.end()}));
  }
  return ports;
}

// True when totals go on from an earlier process. The line of time goes on too: exactly within one
// boot of the machine, else by the wall clock, but never backwards.
bool Aggregator::load_state() {
  if (settings_.state_folder.empty()) return false;
  state_file_.emplace(executor_, settings_.state_folder);
  const auto bytes = state_file_->read();
  if (bytes.has_error()) {
    if (bytes.error() == boost::system::errc::no_such_file_or_directory) return false;
    runtime::log::error(
        "Metric state cannot be read, totals start empty",
        {{"file", state_file_->path().string()}, {"error", bytes.error().message()}});
    return false;
  }
  auto decoded = decode_state(*bytes);
  if (const auto* const fault = std::get_if<StateFault>(&decoded)) {
    runtime::log::error("Metric state cannot be used, totals start empty",
                        {{"file", state_file_->path().string()}, {"fault", to_string(*fault)}});
    state_file_->set_aside();
    return false;
  }
  auto& [state, saved, families_afresh] = std::get<SavedState>(decoded);
  const metrics::Moment now = settings_.now();
  const domain::Duration monotonic = settings_.monotonic_start + now.uptime;
  const bool same_boot = !settings_.boot_id.empty() && saved.boot_id == settings_.boot_id &&
                         monotonic >= saved.monotonic;
  const domain::Timestamp present =
      same_boot ? saved.line + (monotonic - saved.monotonic) : std::max(now.wall, saved.line);
  started_ = present - now.uptime;
  if (!same_boot) {
    for (auto& [incarnation, sender] : state.senders) sender.birth_is_foreign = true;
  }
  runtime::log::info("Metric state loaded",
                     {{"senders", state.senders.size()}, {"families_afresh", families_afresh}});
  merger_.resume(std::move(state), saved.line);
  exposition_.swap(merger_.view(wall_offset(now)));
  return true;
}

void Aggregator::register_metrics() {
  metrics::Registry& registry = own_.registry();
  registry.gauge("polybot_aggregator_state_loaded").set(state_loaded_ ? 1 : 0);
  registry.add_source([this](metrics::Sink& sink) {
    const MergerCounts& counts = merger_.counts();
    sink.counter("polybot_aggregator_snapshots_total")
        .set({}, static_cast<double>(counts.snapshots));
    sink.counter("polybot_aggregator_regressions_total")
        .set({}, static_cast<double>(counts.regressions));
    show<Drop>(sink.counter("polybot_aggregator_dropped_total"), counts.dropped);
    show<Conflict>(sink.counter("polybot_aggregator_conflicts_total"), counts.conflicts);
    show<Cap>(sink.counter("polybot_aggregator_series_overflowed_total"), counts.overflowed);
    sink.gauge("polybot_aggregator_series").set({}, static_cast<double>(exposition_.series()));
    // Above 1 when the overflow series is among them.
    metrics::Sink::Writer used = sink.gauge("polybot_aggregator_family_utilization_ratio");
    exposition_.each_family([&](metrics::FamilyIndex family, std::size_t label_sets) {
      used.set({metrics::at(family).name}, static_cast<double>(label_sets) /
                                               static_cast<double>(merger_.label_sets_max(family)));
    });
  });
  registry.add_source([this](metrics::Sink& sink) {
    metrics::Sink::Writer up = sink.gauge("polybot_service_up");
    metrics::Sink::Writer ready = sink.gauge("polybot_service_ready");
    metrics::Sink::Writer replicas = sink.gauge("polybot_service_replicas");
    metrics::Sink::Writer replicas_ready = sink.gauge("polybot_service_replicas_ready");
    metrics::Sink::Writer heartbeat =
        sink.gauge("polybot_service_last_heartbeat_timestamp_seconds");
    const domain::Duration offset = wall_offset(settings_.now());
    for (const ServiceHealth& service : services()) {
      up.set({service.service}, service.up > 0 ? 1 : 0);
      ready.set({service.service}, service.ready > 0 ? 1 : 0);
      replicas.set({service.service}, static_cast<double>(service.up));
      replicas_ready.set({service.service}, static_cast<double>(service.ready));
      if (service.last_heard == domain::Timestamp{}) {
        heartbeat.set_no_timestamp({service.service});
      } else {
        heartbeat.set_timestamp({service.service}, service.last_heard + offset);
      }
    }
  });
}

// --- In ------------------------------------------------------------------------------------------

asio::awaitable<void> Aggregator::receive_snapshots() {
  std::vector<asio::awaitable<void>> readers;
  for (const auto& port : snapshots_) readers.push_back(read_snapshots(*port));
  co_await runtime::until_all_end(executor_, std::move(readers));
}

asio::awaitable<void> Aggregator::receive_heartbeats() {
  std::vector<asio::awaitable<void>> readers;
  for (const auto& port : heartbeats_) readers.push_back(read_heartbeats(*port));
  co_await runtime::until_all_end(executor_, std::move(readers));
}

asio::awaitable<void> Aggregator::read_snapshots(bus::Subscriber& port) {
  while (!closed_) {
    const bus::Received frame = co_await port.receive();
    for (const std::string_view message : frame.messages) on_snapshot(message, frame.producer);
  }
}

// A process speaks of itself alone: its port says which service it is, and its frame which process.
void Aggregator::on_snapshot(std::string_view bytes, const bus::Producer& sender) {
  auto decoded = wire::decode_snapshot(bytes);
  if (auto* const snapshot = std::get_if<metrics::Snapshot>(&decoded)) {
    const bool own =
        bus::Producer{snapshot->service, snapshot->replica, snapshot->incarnation} == sender;
    if (!own) return merger_.count(Drop::WrongOwner);
    merger_.receive(std::move(*snapshot), line(settings_.now()));
    return;
  }
  switch (std::get<wire::SnapshotRefusal>(decoded)) {
    case wire::SnapshotRefusal::Oversize:
      merger_.count(Drop::Oversize);
      break;
    case wire::SnapshotRefusal::Undecodable:
      merger_.count(Drop::Undecodable);
      break;
  }
  bad_input_log_.warning("Metric snapshot refused", {{"bytes", bytes.size()}});
}

asio::awaitable<void> Aggregator::read_heartbeats(bus::Subscriber& port) {
  while (!closed_) {
    const bus::Received frame = co_await port.receive();
    for (const std::string_view message : frame.messages) {
      const std::optional<metrics::Status> status = wire::decode_status(message);
      const bool own = status && bus::Producer{status->service, status->replica,
                                               status->incarnation} == frame.producer;
      if (own && liveness_.receive(*status, line(settings_.now()))) continue;
      heartbeats_refused_.increment();
      bad_input_log_.warning("Heartbeat refused", {{"bytes", message.size()}});
    }
  }
}

// --- Merge ---------------------------------------------------------------------------------------

asio::awaitable<void> Aggregator::merge_repeatedly() {
  co_await drain();
  if (!state_loaded_) merger_.begin_lineage(line(settings_.now()));
  health_.set_ready("bus");
  co_await merge(Durability::PowerLoss);
  timer_.expires_after(settings_.interval);
  while (!closed_) {
    co_await timer_.async_wait(asio::use_awaitable);
    timer_.expires_after(settings_.interval);
    co_await drain();
    const bool sync_is_due = settings_.now().uptime - synced_at_ >= settings_.sync_every;
    co_await merge(sync_is_due ? Durability::PowerLoss : Durability::ProcessCrash);
  }
}

asio::awaitable<void> Aggregator::finish() {
  if (state_file_) co_await merge(Durability::PowerLoss);
}

// The newest snapshot of each sender must be in before a merge. That must hold also after this
// process was stopped for a while, when its timer and its sockets are ready at the same instant.
asio::awaitable<void> Aggregator::drain() {
  const bus::ChannelStats& waiting = stats_.channel(wire::channels::kMetrics);
  for (int turn = 0; turn < kDrainTurns || (waiting.waiting > 0 && turn < kDrainTurnsMax); ++turn) {
    co_await asio::post(executor_, asio::use_awaitable);
  }
}

asio::awaitable<void> Aggregator::merge(Durability durability) {
  const metrics::Moment now = settings_.now();
  count_refused_frames();
  merge_own(now);
  merger_.merge(line(now));
  // The view is taken now, because snapshots arrive while the disk works.
  const std::vector<metrics::FamilyValues> view = merger_.view(wall_offset(now));
  if (state_file_) {
    std::string bytes = encode_state(
        merger_.state(), {line(now), settings_.monotonic_start + now.uptime, settings_.boot_id});
    co_await write_state(std::move(bytes), durability);
  }
  exposition_.swap(view);
  if (runtime::log::enabled(runtime::log::Level::Debug)) {
    runtime::log::debug("Metrics merged", {{"series", exposition_.series()},
                                           {"snapshots", merger_.counts().snapshots},
                                           {"replicas", replicas_up()}});
  }
}

std::size_t Aggregator::replicas_up() {
  std::size_t up = 0;
  for (const ServiceHealth& service : liveness_.at(line(settings_.now()))) up += service.up;
  return up;
}

// Messages that the bus refused before they were known to be snapshots: no frame of ours, one too
// large, or one of a service that does not belong on this port.
void Aggregator::count_refused_frames() {
  for (const bus::Refusal reason : domain::kEnumerators<bus::Refusal>) {
    if (reason == bus::Refusal::UntrustedPeer) continue;  // no message
    const std::size_t i = domain::place_of(reason);
    const std::uint64_t since =
        stats_.refused[i] - std::exchange(refused_frames_[i], stats_.refused[i]);
    const bool foreign =
        reason == bus::Refusal::ForeignSender || reason == bus::Refusal::UnknownTopic;
    const bool too_large = reason == bus::Refusal::Oversize;
    merger_.count(foreign     ? Drop::WrongOwner
                  : too_large ? Drop::Oversize
                              : Drop::Undecodable,
                  since);
  }
}

asio::awaitable<void> Aggregator::write_state(std::string bytes, Durability durability) {
  const domain::Duration begun = settings_.now().uptime;
  const boost::system::error_code error =
      co_await state_file_->write(std::move(bytes), durability, kWritePatience);
  state_write_duration_.observe(settings_.now().uptime - begun);
  if (!error && durability == Durability::PowerLoss) synced_at_ = begun;
  judge_write(error);
}

void Aggregator::judge_write(const boost::system::error_code& error) {
  if (!error) return health_.set_ready(kStatePart);
  state_write_failures_.increment();
  health_.set_not_ready(
      kStatePart, "cannot be written, a restart would lose what was counted: " + error.message());
  bad_state_log_.error("Metric state cannot be written", {{"error", error.message()}});
}

void Aggregator::merge_own(const metrics::Moment& now) {
  metrics::Registry& registry = own_.registry();
  const metrics::Identity& identity = registry.identity();
  const auto uptime = std::chrono::floor<std::chrono::milliseconds>(now.uptime);
  merger_.receive({.service = identity.service,
                   .replica = identity.replica,
                   .incarnation = identity.incarnation,
                   .seq = ++own_seq_,
                   .uptime_ms = static_cast<std::uint64_t>(uptime.count()),
                   .interval_ms = static_cast<std::uint32_t>(settings_.interval.count()),
                   .families = registry.collect(now)},
                  line(now));
}

void Aggregator::close() {
  closed_ = true;
  timer_.cancel();
  for (const auto& port : snapshots_) port->close();
  for (const auto& port : heartbeats_) port->close();
}

// --- Out -----------------------------------------------------------------------------------------

void Aggregator::add_routes(http::Router& router) {
  router.get("/metrics", [this](http::Request request) -> asio::awaitable<http::Response> {
    co_return scrape(request);
  });
  router.get("/health/live", [](http::Request) -> asio::awaitable<http::Response> {
    co_return fresh(http::json(runtime::Health::live_body()));
  });
  router.get("/health/ready", [this](http::Request) -> asio::awaitable<http::Response> {
    co_return answer(report_own(own_health(), services()));
  });
  router.get("/health/ready/stack", [this](http::Request) -> asio::awaitable<http::Response> {
    co_return answer(report_stack(services()));
  });
  router.get("/health/ready/{service}",
             [this](http::Request request) -> asio::awaitable<http::Response> {
               for (const ServiceHealth& service : services()) {
                 if (service.service == request.param("service"))
                   co_return answer(report_service(service));
               }
               co_return fresh(http::problem(404, "No such service"));
             });
  router.get("/health", [this](http::Request) -> asio::awaitable<http::Response> {
    co_return answer(report_all(own_health(), services()));
  });
}

http::Response Aggregator::scrape(const http::Request& request) {
  if (auto refused = refuse_view(request)) return fresh(std::move(*refused));
  const domain::Duration begun = settings_.now().uptime;
  http::Response response;
  response.content_type = std::string(metrics::kTextContentType);
  if (request.query_value("view") == "replicas") {
    metrics::Exposition by_replica(metrics::ExtraLabel::Replica);
    by_replica.swap(merger_.replica_view(wall_offset(settings_.now())));
    response.body = by_replica.render();
  } else {
    response.body = exposition_.render();
  }
  response.headers.set("Vary", "Accept-Encoding");
  if (accepts_gzip(request.headers.find("Accept-Encoding").value_or(""))) {
    response.body = gzip(response.body);
    response.headers.set("Content-Encoding", "gzip");
  }
  scrape_duration_.observe(settings_.now().uptime - begun);
  return fresh(std::move(response));
}

// The aggregator's own heartbeat needs no bus: it is made for each request.
std::vector<ServiceHealth> Aggregator::services() {
  const metrics::Moment now = settings_.now();
  const metrics::Identity& identity = own_.registry().identity();
  domain::Timestamp changed{};
  for (const runtime::Health::Component& component : health_.components()) {
    changed = std::max(changed, component.since);
  }
  const domain::Duration since =
      std::max(changed - (now.wall - now.uptime), domain::Duration::zero());
  const auto to_ms = [](domain::Duration span) {
    return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(span).count());
  };
  liveness_.receive({.service = identity.service,
                     .replica = identity.replica,
                     .incarnation = identity.incarnation,
                     .seq = ++own_status_seq_,
                     .uptime_ms = to_ms(now.uptime),
                     .version = identity.version,
                     .ready = health_.ready(),
                     .reasons = health_.reasons(),
                     .since_ms = to_ms(since)},
                    line(now));
  return liveness_.at(line(now));
}

OwnHealth Aggregator::own_health() const {
  const metrics::Moment now = settings_.now();
  return {.version = own_.registry().identity().version,
          .timestamp = runtime::to_rfc3339(now.wall),
          .uptime = now.uptime,
          .ready = health_.ready(),
          .reasons = health_.reasons()};
}

}  // namespace polybot::metrics_aggregator
