#include "services/strategy-runner/service.hpp"

#include <algorithm>
#include <utility>

#include "common/feeds/order_feed.hpp"
#include "common/runtime/addresses.hpp"
#include "common/runtime/logging.hpp"
#include "common/runtime/until_one_ends.hpp"
#include "common/wire/lease_codec.hpp"
#include "common/wire/signal_codec.hpp"
#include "common/wire/topics.hpp"
#include "services/strategy-runner/market_feed.hpp"
#include "services/strategy-runner/runner_metrics.hpp"
#include "services/strategy-runner/stream_inputs.hpp"

namespace polybot::strategy_runner {
namespace {

using namespace std::chrono_literals;

// Both peers send something at least every second; a gateway without news is asked as often.
constexpr domain::Duration kPeerSilenceMax = 5s;

RunnerSettings identified(RunnerSettings settings, const runtime::Runtime& runtime) {
  settings.replica = {runtime.replica};
  settings.incarnation = runtime.incarnation;
  return settings;
}

feeds::OrderFeedSettings order_feed_settings(const Config& config) {
  feeds::OrderFeedSettings settings{.orders_address = config.bus.orders,
                                    .recovery_address = config.bus.orders_recovery,
                                    .trust = config.bus.trust,
                                    .ring_frames = config.bus.ring_frames,
                                    .streams = {}};
  for (const StrategySettings& strategy : config.runner.strategies)
    settings.streams.push_back(strategy.name);
  return settings;
}

std::string level_text(std::string_view verb, const std::optional<domain::Level>& level) {
  if (!level) return {};
  return " " + std::string(verb) + " " + level->quantity.to_string() + " at " +
         level->price.to_string();
}

// "buy 10 yes of 0x.. at 0.45, sell ..", "quote 0x.. bid 20 at 0.44 ask 20 at 0.47"
std::string wanted_text(const domain::Signal& signal) {
  if (const auto* quote = std::get_if<domain::QuoteTarget>(&signal.intent)) {
    const bool none = !quote->bid && !quote->ask;
    return "quote " + domain::to_string(quote->market) +
           (none ? " not at all" : level_text("bid", quote->bid) + level_text("ask", quote->ask));
  }
  std::string text;
  for (const domain::Leg& leg : std::get<std::vector<domain::Leg>>(signal.intent)) {
    text.append(text.empty() ? "" : ", ")
        .append(leg.side == domain::Side::Buy ? "buy " : "sell ")
        .append(leg.quantity.to_string())
        .append(leg.instrument.outcome == domain::Outcome::Yes ? " yes of " : " no of ")
        .append(domain::to_string(leg.instrument.market))
        .append(" at ")
        .append(leg.limit.to_string());
  }
  return text;
}

// The objects of the process and the loop around the core. Everything runs on one thread.
class Service {
 public:
  Service(runtime::Runtime& runtime, const Config& config)
      : runtime_(runtime),
        config_(config),
        metrics_(
            runtime::make_metrics(runtime, config.metrics, stats_, wire::channels::kOfRunner, ".")),
        runner_(identified(config.runner, runtime)),
        runner_metrics_(metrics_->registry(), runner_),
        publisher_(runtime.io.get_executor(),
                   runtime::publisher_config(runtime.producer(),
                                             {bus::EndpointRole::Dial, config.bus.signals},
                                             config.bus.trust, runtime.clock),
                   stats_),
        market_feed_(runtime.io.get_executor(), config.bus, stats_, metrics_->registry(),
                     {.apply = [this](const Input& input) { apply(input); },
                      .settle = [this](domain::Duration received_at) { settle(received_at); }}),
        order_feed_(
            runtime.io.get_executor(), order_feed_settings(config), stats_,
            {.orders = inputs_of_orders([this](const Input& input) { apply(input); }),
             .on_states = [this](const wire::StrategyTable& table) { take(table); },
             .on_leases =
                 [this](const std::vector<domain::Lease>& leases) { apply(LeasesHeard{leases}); },
             .settle = [this] { settle(std::nullopt); }}) {
    metrics_->registry().before_collect([this] { observe(); });
    for (const std::string_view name : {kMarketDataPart, kOrderManagerPart, kLeasesPart}) {
      runtime_.health.add(name, "nothing heard yet");
    }
  }

  boost::asio::awaitable<void> run() {
    metrics_->start();
    runtime::log::info("Strategy runner started", {{"strategies", runner_.strategies()},
                                                   {"market_data", config_.bus.market_data.text}});
    (void)co_await runtime::until_one_ends(market_feed_.run(), order_feed_.run(), tick(),
                                           announce(), runtime_.stop.wait());
    // At an orderly leave order-manager passes the resting orders on to another runner.
    publish_announcement(Leaving::Yes);
    publisher_.flush();
    market_feed_.close();
    order_feed_.close();
    observe();
    co_await metrics_->stop();
    publisher_.close();
    runtime::log::info("Strategy runner stopped");
  }

 private:
  static constexpr std::string_view kMarketDataPart = "market-data";
  static constexpr std::string_view kOrderManagerPart = "order-manager";
  static constexpr std::string_view kLeasesPart = "leases";
  static constexpr std::string_view kStrategiesPart = "strategies";
  enum class Leaving : std::uint8_t { No, Yes };

  void apply(const Input& input) {
    runner_.on(input, runtime_.clock.now(), outputs_);
    if (!std::holds_alternative<LeasesHeard>(input)) return;
    market_feed_.follow(runner_.shards());
    if (const std::uint64_t shards = runner_.shards();
        std::exchange(shards_told_, shards) != shards)
      runtime::log::debug("Leases changed", {{"shards", __builtin_popcountll(shards)}});
    // Another runner waits for what was asked back.
    if (!runner_.released().empty()) publish_announcement(Leaving::No);
  }

  void take(const wire::StrategyTable& table) {
    unmanaged_.clear();
    for (const StrategySettings& ours : config_.runner.strategies) {
      const bool managed = std::any_of(
          table.strategies.begin(), table.strategies.end(),
          [&](const domain::StrategyState& state) { return state.strategy == ours.name; });
      if (!managed) unmanaged_.push_back(ours.name);
    }
    for (const domain::StrategyState& state : table.strategies) apply(StrategyHeard{state});
  }

  // Evaluates what the inputs queued, and sends the results.
  void settle(std::optional<domain::Duration> received_at) {
    const std::size_t repeats = outputs_.signals.size();
    while (true) {
      const domain::Duration before = runtime_.clock.monotonic();
      const auto scan = runner_.scan_next(runtime_.clock.now(), outputs_);
      if (!scan) break;
      runner_metrics_.scanned(*scan, runtime_.clock.monotonic() - before);
    }
    for (std::size_t i = 0; i < outputs_.signals.size(); ++i) {
      const domain::Signal& signal = outputs_.signals[i];
      publisher_.publish(wire::topics::signal(signal.strategy), wire::encode_signal(signal));
      if (i < repeats) continue;
      if (received_at) runner_metrics_.decided(runtime_.clock.monotonic() - *received_at);
      log_signal(signal);
    }
    outputs_.signals.clear();
    publisher_.flush();
  }

  static void log_signal(const domain::Signal& signal) {
    if (!runtime::log::enabled(runtime::log::Level::Debug)) return;
    runtime::log::debug("Signal emitted", {{"signal_id", domain::to_string(signal.id)},
                                           {"strategy", signal.strategy.value},
                                           {"wants", wanted_text(signal)},
                                           {"trace_id", domain::to_string(signal.trace)}});
  }

  void fire_timer() {
    apply(TimerFired{});
    settle(std::nullopt);
    judge_health();
    tell_of_lack_of_room();
  }

  void tell_of_lack_of_room() {
    const bool full = runner_.markets().full();
    if (full == std::exchange(full_, full)) return;
    const std::string_view text = full ? "No room for further markets: they are not traded"
                                       : "There is room for further markets again";
    runtime::log::warning(text, {{"markets", runner_.markets().size()}});
  }

  boost::asio::awaitable<void> tick() {
    bool running = true;
    while (running) {
      fire_timer();
      running = co_await runtime_.stop.sleep_for(config_.timer_every);
    }
  }

  boost::asio::awaitable<void> announce() {
    bool running = true;
    while (running) {
      publish_announcement(Leaving::No);
      running = co_await runtime_.stop.sleep_for(config_.announce_every);
    }
  }

  void publish_announcement(Leaving leaving) {
    domain::RunnerAnnounced announced{.replica = {runtime_.replica},
                                      .incarnation = runtime_.incarnation,
                                      .strategies = {},
                                      .leaving = leaving == Leaving::Yes,
                                      .released = runner_.released()};
    for (const StrategySettings& strategy : config_.runner.strategies) {
      announced.strategies.push_back(strategy.name);
      announced.parameters.emplace(strategy.name, strategy.parameters);
    }
    publisher_.publish(wire::topics::runner(announced.replica), wire::encode_runner(announced));
  }

  void judge_health() {
    // Without a lease no topic is followed.
    if (runner_.shards() == 0 && order_feed_.heard_at()) {
      runtime_.health.set_ready(kMarketDataPart);
    } else {
      judge_peer(kMarketDataPart, market_feed_.alive_at());
    }
    judge_peer(kOrderManagerPart, order_feed_.heard_at());
    judge_strategies();
    const std::vector<std::string> reasons = runner_.reasons_not_ready(runtime_.clock.now());
    if (reasons.empty()) return runtime_.health.set_ready(kLeasesPart);
    std::string all;
    for (const std::string& reason : reasons) all.append(all.empty() ? "" : "; ").append(reason);
    runtime_.health.set_not_ready(kLeasesPart, all);
  }

  // Order-manager leases no strategy that its own configuration lacks.
  void judge_strategies() {
    std::string all;
    for (const domain::StrategyName& name : unmanaged_) {
      all.append(all.empty() ? "" : "; ")
          .append(name.value + " never trades: order-manager.toml has no [strategies." +
                  name.value + "]");
    }
    if (all.empty()) return runtime_.health.remove(kStrategiesPart);
    if (std::exchange(unmanaged_told_, all) != all)
      runtime::log::warning("A strategy is not in order-manager's configuration",
                            {{"reason", all}});
    runtime_.health.set_not_ready(kStrategiesPart, all);
  }

  void judge_peer(std::string_view part, std::optional<domain::Duration> heard_at) {
    if (heard_at && runtime_.clock.monotonic() - *heard_at <= kPeerSilenceMax) {
      runtime_.health.set_ready(part);
    } else {
      runtime_.health.set_not_ready(part, heard_at ? "nothing heard for 5 s" : "nothing heard yet");
    }
  }

  void observe() {
    runner_metrics_.observe(runner_, runtime_.clock.now());
    runner_metrics_.refused(market_feed_.refused() + order_feed_.refused());
  }

  runtime::Runtime& runtime_;
  Config config_;
  bus::Stats stats_;
  std::shared_ptr<metrics::ServiceMetrics> metrics_;
  Runner runner_;
  RunnerMetrics runner_metrics_;
  Outputs outputs_;
  bus::Publisher publisher_;
  MarketFeed market_feed_;
  feeds::OrderFeed order_feed_;
  bool full_ = false;  // it has been logged
  // Strategies of this process that order-manager's configuration lacks: they never get a lease.
  std::vector<domain::StrategyName> unmanaged_;
  std::string unmanaged_told_;
  std::uint64_t shards_told_ = 0;
};

}  // namespace

boost::asio::awaitable<void> run(runtime::Runtime& runtime, Config config) {
  if (!wire::is_topic_part(runtime.replica)) {
    throw runtime::CannotStart("the replica name \"" + runtime.replica +
                               "\" must be letters, digits, _ and - (POLYBOT_REPLICA)");
  }
  Service service(runtime, config);
  co_await service.run();
}

}  // namespace polybot::strategy_runner
