// Sends what the registry holds to the aggregator: a cumulative snapshot every interval on
// metrics.<service>, and a heartbeat on status.<service>. Both are marked final at an orderly end.
// Each has a socket of its own, so that a bad snapshot cannot take the heartbeat with it.
//
// No message is queued or repeated: each makes the previous one worthless.
#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "common/bus/publisher.hpp"
#include "common/domain/assert.hpp"
#include "common/metrics/service_metrics.hpp"
#include "common/metrics/text_format.hpp"
#include "common/wire/metrics_codec.hpp"
#include "common/wire/status_codec.hpp"
#include "common/wire/topics.hpp"

namespace polybot::metrics {

namespace {

std::uint64_t milliseconds(domain::Duration span) {
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(span).count());
}

// Many times what a loaded machine needs to hand two messages to a socket.
constexpr auto kGoodbye = std::chrono::milliseconds(100);

std::unique_ptr<bus::Publisher> dial(const boost::asio::any_io_executor& executor,
                                     const MetricsSettings& settings, const bus::Address& address,
                                     const Identity& identity, bus::Stats& stats) {
  if (address.text.empty()) return nullptr;
  return std::make_unique<bus::Publisher>(
      executor,
      bus::PublisherConfig{
          .producer = {identity.service, identity.replica, identity.incarnation},
          .endpoints = {{bus::EndpointRole::Dial, address}},
          .trust = settings.trust,
          .queue_frames = bus::kQueueFramesState,
          .unix_now_ns = [now = settings.now] { return domain::to_unix_ns(now().wall); }},
      stats);
}

}  // namespace

struct ServiceMetrics::Publisher : std::enable_shared_from_this<Publisher> {
  Publisher(const boost::asio::any_io_executor& executor, MetricsSettings given, Registry& source,
            bus::Stats& stats)
      : settings(std::move(given)),
        registry(source),
        snapshots(dial(executor, settings, settings.metrics_address, source.identity(), stats)),
        heartbeats(dial(executor, settings, settings.status_address, source.identity(), stats)),
        snapshot_timer(executor),
        status_timer(executor) {}

  void publish_snapshot(bool final) {
    if (!snapshots || !registry.publishable()) return;
    const Moment now = settings.now();
    const Identity& identity = registry.identity();
    Snapshot snapshot{.service = identity.service,
                      .replica = identity.replica,
                      .incarnation = identity.incarnation,
                      .seq = next_snapshot_seq,
                      .uptime_ms = milliseconds(now.uptime),
                      .interval_ms = static_cast<std::uint32_t>(settings.snapshot_interval.count()),
                      .final = final,
                      .fold = registry.fold(),
                      .families = registry.collect(now)};
    const wire::EncodedSnapshot encoded = wire::encode_snapshot(snapshot, bus::kMessageBytesMax);
    next_snapshot_seq += encoded.parts.size();
    for (std::size_t i = 0; i < encoded.families_left_out; ++i) registry.count_oversize_family();
    const std::string topic = wire::topics::metrics(identity.service);
    for (const std::string& part : encoded.parts) snapshots->publish(topic, part);
    shown = std::move(snapshot.families);
    shown_at = now.wall;
  }

  // Timestamps travel as ages; here the process's own clock is all there is.
  std::string page() const {
    std::vector<FamilyValues> view = shown;
    const double taken = std::chrono::duration<double>(shown_at.time_since_epoch()).count();
    for (FamilyValues& family : view) {
      const FamilyIndex index = find(family.name);
      if (index == kNoFamily || !at(index).is_timestamp()) continue;
      for (Series& one : family.series) one.value = one.value == kNoAge ? 0 : taken - one.value;
    }
    Exposition exposition;
    exposition.swap(view);
    return exposition.render();
  }

  void publish_status(bool final) {
    if (!heartbeats) return;
    const Identity& identity = registry.identity();
    heartbeats->publish(wire::topics::status(identity.service),
                        wire::encode_status({.service = identity.service,
                                             .replica = identity.replica,
                                             .incarnation = identity.incarnation,
                                             .seq = next_status_seq++,
                                             .uptime_ms = milliseconds(settings.now().uptime),
                                             .version = identity.version,
                                             .ready = ready,
                                             .reasons = reasons,
                                             .since_ms = milliseconds(ready_since),
                                             .final = final}));
  }

  // A fixed rhythm: the next expiry counts from the last one, unless the loop fell a whole interval
  // behind. The first is the caller's.
  template <class Publish>
  void repeat(boost::asio::steady_timer& timer, std::chrono::milliseconds interval,
              Publish publish) {
    timer.async_wait(
        [self = weak_from_this(), &timer, interval, publish](boost::system::error_code error) {
          const std::shared_ptr<Publisher> state = self.lock();
          if (error || !state || state->stopped) return;
          publish(*state);
          timer.expires_at(
              std::max(timer.expiry() + interval, boost::asio::steady_timer::clock_type::now()));
          state->repeat(timer, interval, publish);
        });
  }

  void start() {
    POLYBOT_ASSERT(!started && !stopped);
    started = true;
    publish_status(false);
    publish_snapshot(false);
    status_timer.expires_after(settings.status_interval);
    snapshot_timer.expires_after(settings.snapshot_interval);
    repeat(status_timer, settings.status_interval,
           [](Publisher& publisher) { publisher.publish_status(false); });
    repeat(snapshot_timer, settings.snapshot_interval,
           [](Publisher& publisher) { publisher.publish_snapshot(false); });
  }

  void say_goodbye() {
    if (!started || stopped) return;
    publish_snapshot(true);
    ready = false;
    reasons = {"stopping"};
    publish_status(true);
    if (snapshots) snapshots->flush();
    if (heartbeats) heartbeats->flush();
    end();
  }

  void end() {
    stopped = true;
    snapshot_timer.cancel();
    status_timer.cancel();
  }

  void close() {
    end();
    if (snapshots) snapshots->close();
    if (heartbeats) heartbeats->close();
  }

  MetricsSettings settings;
  Registry& registry;
  std::unique_ptr<bus::Publisher> snapshots;
  std::unique_ptr<bus::Publisher> heartbeats;
  boost::asio::steady_timer snapshot_timer;
  boost::asio::steady_timer status_timer;
  std::vector<FamilyValues> shown;  // of the last snapshot
  domain::Timestamp shown_at{};
  std::uint64_t next_snapshot_seq = 1;
  std::uint64_t next_status_seq = 1;
  bool ready = false;
  std::vector<std::string> reasons{"starting"};
  domain::Duration ready_since{};
  bool started = false;
  bool stopped = false;
};

ServiceMetrics::ServiceMetrics(boost::asio::any_io_executor executor, MetricsSettings settings,
                               bus::Stats& stats)
    : registry_(settings.identity),
      process_(registry_, settings.read_process),
      publisher_(std::make_shared<Publisher>(executor, std::move(settings), registry_, stats)) {
  observe_bus(registry_, stats, publisher_->settings.bus_channels);
}

// There is no goodbye here: what the sources read may be gone already.
ServiceMetrics::~ServiceMetrics() {
  publisher_->close();
}

void ServiceMetrics::start() {
  publisher_->start();
}

std::string ServiceMetrics::page() const {
  return publisher_->page();
}

void ServiceMetrics::set_readiness(bool ready, std::vector<std::string> reasons) {
  const bool changed = ready != publisher_->ready;
  if (changed) publisher_->ready_since = publisher_->settings.now().uptime;
  publisher_->ready = ready;
  publisher_->reasons = ready ? std::vector<std::string>{} : std::move(reasons);
  if (changed && publisher_->started && !publisher_->stopped) publisher_->publish_status(false);
}

boost::asio::awaitable<void> ServiceMetrics::stop() {
  // This object may be destroyed while the goodbye is on its way.
  const std::shared_ptr<Publisher> publisher = publisher_;
  publisher->say_goodbye();
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, kGoodbye);
  boost::system::error_code ignored;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  publisher->close();
}

}  // namespace polybot::metrics
