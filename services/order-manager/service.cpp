#include "services/order-manager/service.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "common/bus/error.hpp"
#include "common/bus/recovery.hpp"
#include "common/runtime/addresses.hpp"
#include "common/runtime/logging.hpp"
#include "common/runtime/metrics.hpp"
#include "common/runtime/supervise.hpp"
#include "common/runtime/until_one_ends.hpp"
#include "common/wire/topics.hpp"
#include "services/order-manager/engine.hpp"
#include "services/order-manager/event_log.hpp"
#include "services/order-manager/feeds.hpp"
#include "services/order-manager/fence.hpp"
#include "services/order-manager/journal/backup_mark.hpp"
#include "services/order-manager/lease_report.hpp"
#include "services/order-manager/live_lock.hpp"
#include "services/order-manager/manager_metrics.hpp"
#include "services/order-manager/order_streams.hpp"
#include "services/order-manager/venue_desk.hpp"
#include "services/order-manager/venue_identity.hpp"

namespace polybot::order_manager {

namespace asio = boost::asio;
namespace log = runtime::log;
using namespace std::chrono_literals;

namespace {

constexpr domain::Duration kStateInterval = 500ms;
// For how long a changed lease may wait before it is published.
constexpr domain::Duration kLeaseInterval = 20ms;
constexpr domain::Duration kLifeInterval = 30s;
// A part of the grace period: the rest is for what the venue still has to say about cancels.
constexpr domain::Duration kDrainPatience = 2s;

// Takes the key out of the configuration: what it was read from is wiped.
polymarket::OrderSigner take_signer(Config& config) {
  const VenueKey key = std::exchange(config.venue.key, {});
  try {
    polymarket::OrderSigner signer = open(key);
    if (!signer.is_locked()) {
      log::warning("The venue key may get into the swap: this process may lock no memory",
                   {{"change", "raise the limit on locked memory (RLIMIT_MEMLOCK)"}});
    }
    return signer;
  } catch (const std::exception& error) {
    throw runtime::CannotStart(std::string("venue.private_key_file: ") + error.what());
  }
}

polymarket::OrderParty party_of(const Config& config, const polymarket::OrderSigner& signer) {
  try {
    return party_of(config.venue.wallet, signer.address(), config.venue.chain_id);
  } catch (const WalletError& error) {
    throw runtime::CannotStart(std::string(error.named_by()) + ": " + error.what());
  }
}

Settings settings_of(const Config& config, const polymarket::OrderParty& party,
                     const LiveLock& lock) {
  Settings settings = config.settings;
  settings.halted_at_start = lock.kind() == StartKind::Operators;
  settings.account = account_of(party, config.venue.chain_id);
  return settings;
}

class Service {
 public:
  Service(runtime::Runtime& runtime, const Config& config, polymarket::OrderSigner signer);

  [[nodiscard]] asio::awaitable<void> run();

 private:
  [[nodiscard]] Engine::Effects effects();
  void on_published(const domain::StreamedEvent& event);
  [[nodiscard]] Figures figures();
  void add_routes();
  void on_started(const StartUp& start_up);
  void tell_of_switches() const;
  void tell_of_money() const;
  [[nodiscard]] asio::awaitable<void> show_life() const;
  void on_snapshot(SnapshotTaker::Step step, const std::string& why);
  void show_health();
  // No condition keeps this process from managing what rests at the venue.
  [[nodiscard]] bool in_charge() const {
    const auto reasons = engine_.core().not_ready();
    return engine_.journal_writable() &&
           std::all_of(reasons.begin(), reasons.end(), [](NotReady reason) {
             return forbids_orders(reason) ||  // what rests can be canceled
                    reason == NotReady::HeartbeatNotTaken;
           });
  }
  [[nodiscard]] asio::awaitable<void> publish_state();
  void tell_state() {
    streams_.publish_state(engine_.core(), {feeds_.parameters(), feeds_.quotes_wanted()},
                           runtime_.clock.now());
  }
  [[nodiscard]] asio::awaitable<void> wind_up();
  void keep_fence_file() const;

  runtime::Runtime& runtime_;
  asio::any_io_executor executor_;
  bus::Stats stats_;
  std::shared_ptr<metrics::ServiceMetrics> metrics_;
  ManagerMetrics manager_metrics_;
  bus::Publisher publisher_;
  OrderStreams streams_;
  EventLog event_log_;
  std::string journal_file_;
  Figures durable_figures_;
  runtime::StopSignal fenced_;
  LiveLock lock_;
  std::shared_ptr<VenueDesk> desk_;  // shared with requests under way
  Engine engine_;
  Feeds feeds_;
  bus::RecoveryServer recovery_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

Service::Service(runtime::Runtime& runtime, const Config& config, polymarket::OrderSigner signer)
    : runtime_(runtime),
      executor_(runtime.io.get_executor()),
      metrics_(
          runtime::make_metrics(runtime, config.metrics, stats_, wire::channels::kOfOrderManager,
                                std::filesystem::path(config.journal_file).parent_path().string())),
      manager_metrics_(metrics_->registry(),
                       {.figures = [this] { return figures(); },
                        .backups =
                            [this, file = config.journal_file, age_max = config.backup_age_max] {
                              const auto last = last_backup(file);
                              const domain::Timestamp begun = engine_.core().ledger().opened_at();
                              return BackupTimes{last, backup_due(last, begun, age_max)};
                            }}),
      publisher_(executor_,
                 runtime::publisher_config(runtime.producer(),
                                           {bus::EndpointRole::Listen, config.bus.orders},
                                           config.bus.trust, runtime.clock),
                 stats_),
      streams_(publisher_),
      journal_file_(config.journal_file),
      fenced_(executor_),
      lock_(config, party_of(config, signer).wallet, runtime.clock.now()),
      desk_(std::make_shared<VenueDesk>(
          executor_, config.venue, party_of(config, signer), std::move(signer), manager_metrics_,
          VenueDesk::Reports{
              .post = [this](Input input) { engine_.post(std::move(input)); },
              .post_link = [this](VenueSessionChanged change) { engine_.post_link(change); },
              .on_fenced = [this] { fenced_.request(); }})),
      engine_(executor_, config.journal_file, settings_of(config, desk_->party(), lock_),
              venue_identity(config.venue.chain_id, desk_->party()), effects()),
      feeds_(executor_, config, stats_, metrics_->registry(),
             {.post = [this](Input input) { engine_.post(std::move(input)); },
              .is_behind = [this] { return engine_.is_behind(); }}),
      recovery_(
          executor_,
          {.endpoint = {.role = bus::EndpointRole::Listen, .address = config.bus.orders_recovery},
           .trust = config.bus.trust},
          [this](std::string request) -> asio::awaitable<boost::system::result<std::string>> {
            // The core's memory holds what the journal refused, so it must not leave.
            if (!engine_.journal_writable()) co_return bus::make_error_code(bus::Errc::Refused);
            co_return streams_.answer(request, engine_.core());
          },
          stats_) {
  for (const char* component : {"journal", "venue", "account"}) runtime_.health.add(component);
}

Engine::Effects Service::effects() {
  return {
      .cancel = [this](const std::vector<domain::VenueOrderId>& orders) { desk_->cancel(orders); },
      .prepare = [this](const SubmitBatch& batch) { return desk_->prepare(batch); },
      .read = [this](const Read& wanted) { desk_->read(wanted); },
      .publish = [this](const domain::StreamedEvent& event) { on_published(event); },
      .forget = [this] { streams_.forget(); },
      .resume = [this](const Ledger& ledger) { streams_.resume(ledger); },
      .remember = [this](const domain::StreamedEvent& event) { streams_.remember(event); },
      .decided =
          [this](domain::Duration elapsed) { manager_metrics_.observe(Stage::Risk, elapsed); },
      .committed =
          [this](domain::Duration elapsed) {
            manager_metrics_.committed(elapsed);
            manager_metrics_.observe(Stage::Journal, elapsed);
          },
      .commit_failed = [this](const std::string&) { show_health(); },
      .started = [this](const StartUp& start_up) { on_started(start_up); },
      .snapshot = [this](SnapshotTaker::Step step,
                         const std::string& why) { on_snapshot(step, why); }};
}

// While the journal cannot be written the numbers stay as they were last durable, and trading is
// halted.
Figures Service::figures() {
  if (engine_.journal_writable()) {
    durable_figures_ = engine_.core().figures(runtime_.clock.now());
    return durable_figures_;
  }
  Figures shown = durable_figures_;
  // Nobody has acknowledged this halt.
  shown.trading_state = domain::TradingState::Halted;
  shown.acknowledged_until = {};
  for (StrategySnapshot& strategy : shown.strategies) {
    strategy.trading_state = domain::TradingState::Halted;
    strategy.acknowledged_until = {};
  }
  return shown;
}

void Service::on_started(const StartUp& start_up) {
  const Ledger& ledger = engine_.core().ledger();
  manager_metrics_.set_fold(ledger.timeline(), kFoldVersion);
  for (const std::string& reason : start_up.refused) {
    manager_metrics_.snapshots[SnapshotOutcome::Refused].increment();
    log::warning("A snapshot cannot be used; the start takes longer", {{"reason", reason}});
  }
  if (!ledger.restores().empty()) {
    const Ledger::Restore& restore = ledger.restores().back();
    log::info("The journal goes on from a restored backup",
              {{"restored_at", runtime::to_rfc3339(restore.at)},
               {"backup_at", runtime::to_rfc3339(restore.backup_at)},
               {"backup_record", restore.backup_seq},
               {"record", restore.seq}});
  }
  tell_of_switches();
  log::info("The journal is folded", {{"mode", domain::name_of(ledger.mode())},
                                      {"records", ledger.last_seq()},
                                      {"snapshot", start_up.snapshot_seq},
                                      {"folded", start_up.folded},
                                      {"start", ledger.starts()}});
}

// The configuration counts for a new journal alone.
void Service::tell_of_switches() const {
  for (const domain::StrategyState& strategy :
       engine_.core().strategy_states(runtime_.clock.now())) {
    if (strategy.enabled == strategy.enabled_at_first) continue;
    log::warning(strategy.enabled
                     ? "The strategy runs though its configuration says enabled = false: that "
                       "counts for a new journal only"
                     : "The strategy is stopped though its configuration says enabled = true: "
                       "that counts for a new journal only",
                 {{"strategy", strategy.strategy.value},
                  {"change", "POST /api/v1/strategies/" + strategy.strategy.value +
                                 (strategy.enabled ? "/stop" : "/start")}});
  }
}

void Service::on_snapshot(SnapshotTaker::Step step, const std::string& why) {
  if (step == SnapshotTaker::Step::Finished) {
    manager_metrics_.snapshots[SnapshotOutcome::Written].increment();
  } else if (step == SnapshotTaker::Step::Failed) {
    manager_metrics_.snapshots[SnapshotOutcome::Failed].increment();
    log::warning("A snapshot cannot be written; the next start takes longer", {{"error", why}});
  }
}

void Service::on_published(const domain::StreamedEvent& event) {
  // A client that hears of an accepted command may read its effect at once, so the state is
  // published before.
  if (std::holds_alternative<domain::CommandAccepted>(event.event.body)) {
    tell_state();
    publisher_.flush();
  }
  streams_.publish(event);
  event_log_.write(event, engine_.core().ledger());
  const auto* filled = std::get_if<domain::OrderFilled>(&event.event.body);
  if (filled == nullptr) return;
  const OrderRecord* record = engine_.core().ledger().orders().find(filled->fill.order);
  if (record == nullptr || record->fills.size() != 1)
    return;  // the first fill of an order is its latency
  if (record->order.strategy.value == domain::kExternalStrategy) return;  // decided elsewhere
  const domain::Timestamp now = runtime_.clock.now();
  manager_metrics_.observe(Stage::Fill, now - record->order.submitted_at);
  manager_metrics_.observe(Stage::Total, now - record->order.decided_at);
}

void Service::add_routes() {
  // The admin server outlives this object; a request that comes in between is refused.
  runtime_.admin.router().get(
      "/leases",
      [this, alive = std::weak_ptr<int>(alive_)](http::Request) -> asio::awaitable<http::Response> {
        if (alive.expired()) co_return http::problem(503, "stopping");
        co_return http::json(lease_report(engine_.core(), runtime_.clock.now()));
      });
}

void Service::show_health() {
  std::string journal;
  std::string venue;
  std::string account;
  const auto append = [](std::string& text, NotReady reason) {
    text.append(text.empty() ? "" : "; ").append(to_string(reason));
  };
  for (const NotReady reason : engine_.core().not_ready()) {
    switch (reason) {
      case NotReady::NotStarted:
      case NotReady::JournalUnwritable:
        append(journal, reason);
        break;
      case NotReady::UserChannelDown:
      case NotReady::RestDown:
      case NotReady::OrdersForbidden:
      case NotReady::TradingDisabled:
      case NotReady::ClosedOnly:
      case NotReady::CancelOnly:
        append(venue, reason);
        break;
      case NotReady::HeartbeatNotTaken:
        break;  // the desk tells why
      case NotReady::NotReconciled:
      case NotReady::ShuttingDown:
        append(account, reason);
        break;
    }
  }
  if (!engine_.journal_writable()) journal = engine_.failure();
  if (const std::string_view trouble = desk_->account_trouble(); !trouble.empty())
    venue.append(venue.empty() ? "" : "; ").append(trouble);
  const auto show = [this](std::string_view component, const std::string& reason) {
    if (reason.empty()) {
      runtime_.health.set_ready(component);
    } else {
      runtime_.health.set_not_ready(component, reason);
    }
  };
  show("journal", journal);
  show("venue", venue);
  show("account", account);
}

asio::awaitable<void> Service::publish_state() {
  domain::Duration next{};
  std::uint64_t told = 0;
  while (true) {
    const domain::Duration now = runtime_.clock.monotonic();
    const std::uint64_t changes = engine_.core().lease_changes();
    // The core's memory holds what the journal refused, so it must not leave.
    if (engine_.journal_writable() && (now >= next || changes != told)) {
      tell_state();
      told = changes;
    }
    if (now >= next) {
      show_health();
      next = now + kStateInterval;
    }
    co_await runtime::sleep_for(kLeaseInterval);
  }
}

void Service::tell_of_money() const {
  if (lock_.kind() == StartKind::Operators) {
    log::warning("Orders are of real money; trading is halted until it is resumed",
                 {{"change", "POST /api/v1/trading/resume"}});
  } else if (lock_.kind() == StartKind::Resumed) {
    log::warning("Orders are of real money; this goes on for a process that died",
                 {{"trading", domain::name_of(engine_.core().ledger().own_trading_state({}))}});
  }
}

asio::awaitable<void> Service::show_life() const {
  while (true) {
    co_await runtime::sleep_for(kLifeInterval);
    try {
      lock_.live();
    } catch (const runtime::CannotStart& error) {
      log::warning("A restart would need a new doctor", {{"error", error.what()}});
    }
  }
}

asio::awaitable<void> Service::wind_up() {
  engine_.post(ShutdownRequested{});
  const domain::Duration deadline = runtime_.clock.monotonic() + kDrainPatience;
  // The first turn after the request decides what to wait for.
  do {
    co_await runtime::sleep_for(20ms);
  } while (!engine_.core().drained() && runtime_.clock.monotonic() < deadline);
  if (!engine_.core().drained())
    log::warning("Stopping while the venue has not answered every cancel");
}

void Service::keep_fence_file() const {
  const Fence fence{.at = runtime_.clock.now(),
                    .account = polymarket::to_checksum(desk_->party().wallet.address),
                    .heartbeat = desk_->foreign_heartbeat()};
  const std::error_code error = keep_fence(journal_file_, fence);
  if (!error) return;
  log::error("The loss of the account cannot be written down: see that nothing starts this again",
             {{"file", fence_file(journal_file_)}, {"error", error.message()}});
}

asio::awaitable<void> Service::run() {
  try {
    engine_.start();
  } catch (const JournalError& error) {
    throw runtime::CannotStart(error.what());
  }
  lock_.live();
  tell_of_money();
  add_routes();
  show_health();
  metrics_->start();
  const std::function<asio::awaitable<void>()> account = [this] { return desk_->follow_account(); };
  const std::function<asio::awaitable<void>()> clock = [this] { return desk_->watch_clock(); };
  const std::function<asio::awaitable<void>()> heartbeats = [this] {
    return desk_->send_heartbeats([this] { return in_charge(); });
  };
  const std::function<asio::awaitable<void>()> quotes = [this] { return feeds_.read_quotes(); };
  const std::function<asio::awaitable<void>()> signals = [this] { return feeds_.read_signals(); };
  const std::function<asio::awaitable<void>()> commands = [this] { return feeds_.read_commands(); };
  const runtime::SuperviseOptions reconnect{
      .backoff = {.min = 250ms, .max = 10s, .healthy_after = 30s}};
  const std::function<asio::awaitable<void>()> until_stopped = [this]() -> asio::awaitable<void> {
    co_await runtime_.stop.wait();
    co_await wind_up();
    desk_->close();  // that its links end now is no news
  };
  (void)co_await runtime::until_one_ends(
      until_stopped(), fenced_.wait(), engine_.run(), publish_state(), show_life(),
      runtime::supervise("clock", clock), runtime::supervise("heartbeats", heartbeats),
      runtime::supervise("account", account, reconnect), runtime::supervise("quotes", quotes),
      runtime::supervise("signals", signals), runtime::supervise("commands", commands));
  if (desk_->fenced()) keep_fence_file();
  if (engine_.journal_writable()) tell_state();
  engine_.take_last_snapshot();
  feeds_.close();
  recovery_.close();
  publisher_.close();
  co_await metrics_->stop();
  lock_.end();
  if (desk_->fenced())
    throw runtime::Fenced(
        "Another process holds this account (on another host, or from a restored backup): this "
        "one has ended, sends nothing more and does not start again. Stop one of the two for good; "
        "to start this one, then remove " +
        fence_file(journal_file_));
}

}  // namespace

asio::awaitable<void> run(runtime::Runtime& runtime, Config config) {
  // Before the key is opened, the journal or the venue: a supervisor may try again and again.
  if (const std::optional<FenceNotice> fence = fence_of(config.journal_file))
    throw runtime::Fenced("Not started: " + fence->what + ": " + fence->next);
  // On the heap: coroutines and effects point into it.
  polymarket::OrderSigner signer = take_signer(config);
  const auto service = std::make_unique<Service>(runtime, config, std::move(signer));
  co_await service->run();
}

}  // namespace polybot::order_manager
