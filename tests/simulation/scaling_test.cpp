// One runner or three: when the venue answers at once and no limit binds, they want the same
// orders. Every core runs in virtual time without latency; decisions of one instant are sent in an
// order that does not depend on who made them, so that the exchange sees the same questions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "common/polymarket/messages/market_channel.hpp"
#include "services/order-manager/core/order_manager.hpp"
#include "services/venue-simulator/replay_driver.hpp"
#include "tests/simulation/mapping.hpp"
#include "tests/simulation/market_side.hpp"
#include "tests/support/recorded_data.hpp"

namespace polybot::simulation {
namespace {

namespace sim = venue_simulator;
namespace om = order_manager;
namespace sr = strategy_runner;
using namespace std::chrono_literals;
using domain::Money;
using domain::StrategyName;
using domain::Timestamp;

constexpr domain::Duration kStep = 100ms;
// A chain of reactions is cut at the same place for one runner and for three.
constexpr int kRoundsPerStepMax = 40;

// What was wanted, without who wanted it.
using Intent = std::tuple<Timestamp, StrategyName, domain::Instrument, domain::Side, domain::Price,
                          domain::Quantity, domain::OrderPurpose>;

Intent intent_of(const domain::Order& order) {
  return {order.decided_at, order.strategy, order.instrument, order.side,
          order.limit,      order.quantity, order.purpose};
}

// Ids made from the order's content, so that the exchange cannot tell who sent it.
class Identities {
 public:
  std::optional<om::VenueIdentity> operator()(const domain::Order& order,
                                              const domain::Market& market) {
    const auto [known, is_new] = numbers_.try_emplace(order.id, 0);
    if (is_new) known->second = ++seen_[intent_of(order)] * 1'000'003 + hash(order);
    om::VenueIdentity identity = unsigned_identity(order, market, known->second >> 11);
    identity.venue_id = {};
    std::memcpy(identity.venue_id.bytes.data(), &known->second, sizeof known->second);
    identity.venue_id.bytes[31] = 1;
    return identity;
  }

 private:
  static std::uint64_t hash(const domain::Order& order) {
    std::uint64_t mixed = std::hash<domain::MarketId>{}(order.instrument.market);
    const std::array<std::uint64_t, 6> words{
        static_cast<std::uint64_t>(domain::to_unix_ms(order.decided_at)),
        std::hash<StrategyName>{}(order.strategy),
        static_cast<std::uint64_t>(order.instrument.outcome) * 2 +
            static_cast<std::uint64_t>(order.side),
        static_cast<std::uint64_t>(order.limit.raw()),
        static_cast<std::uint64_t>(order.quantity.raw()),
        static_cast<std::uint64_t>(order.purpose)};
    for (const std::uint64_t word : words) {
      mixed = (mixed ^ word) * 0x9E3779B97F4A7C15ULL;
      mixed ^= mixed >> 31;
    }
    return mixed;
  }

  std::map<domain::ClientOrderId, std::uint64_t> numbers_;
  std::map<Intent, std::uint64_t> seen_;
};

domain::RiskLimits no_limits() {
  domain::RiskLimits limits;
  const Money plenty = Money::from_units(100'000'000);
  limits.order_notional_max = limits.position_max = limits.event_exposure_max = plenty;
  limits.exposure_max = limits.daily_loss_max = limits.drawdown_max = plenty;
  limits.open_orders_max = 100'000;
  limits.order_rate_max = limits.order_burst_max = 1'000'000;
  return limits;
}

// The source of the market: the simulator's crowd, or a recording.
struct Crowd {
  std::uint64_t seed = 1;
  std::vector<recording::Entry> recording;
};

class ScaledWorld : MarketSide {
 public:
  ScaledWorld(int runners, const Crowd& crowd)
      : MarketSide(exchange_settings(crowd), Money::from_units(10'000'000)),
        crowd_(crowd),
        manager_(manager_settings(),
                 [this](const domain::Order& order, const domain::Market& market) {
                   return identities_(order, market);
                 }) {
    manager_.start(crowd.seed, now(), manager_out_);
    for (int i = 0; i < runners; ++i) {
      processes_.push_back(std::make_unique<Process>(i, !crowd.recording.empty()));
      for (const StrategyName& name : kStrategies)
        processes_.back()->runner.on(sr::OrderStreamMended{name}, now(), processes_.back()->out);
    }
    manage(om::ClockOffset{});
    manage(om::VenueSessionChanged{om::VenueChannel::User, om::Link::Up});
    manage(om::VenueSessionChanged{om::VenueChannel::Rest, om::Link::Up});
  }

  std::vector<Intent> trade(domain::Duration horizon) {
    const Timestamp end = now() + horizon;
    while (now() < end) step();
    std::sort(intents_.begin(), intents_.end());
    return intents_;
  }
  // Counted by runner.
  [[nodiscard]] std::vector<std::uint64_t> signals() const {
    std::vector<std::uint64_t> counts;
    for (const auto& process : processes_) counts.push_back(process->signals);
    return counts;
  }
  [[nodiscard]] const std::map<domain::DenyReason, int>& denials() const { return denials_; }

 private:
  struct Process {
    Process(int index, bool recorded)
        : announced{.replica = {"runner-" + std::to_string(index + 1)},
                    .incarnation = 4'711U + static_cast<std::uint64_t>(index),
                    .strategies = {kStrategies.begin(), kStrategies.end()}},
          runner(settings(announced, recorded)) {}
    static sr::RunnerSettings settings(const domain::RunnerAnnounced& announced, bool recorded) {
      sr::RunnerSettings settings{
          .replica = announced.replica, .incarnation = announced.incarnation, .strategies = {}};
      for (const StrategyName& name : kStrategies) {
        const auto configured = sr::find_strategy_type(name.value)->configure({});
        settings.strategies.push_back(
            {.name = name,
             .factory = std::get<sr::StrategyFactory>(configured),
             .markets = markets_of(name, recorded ? kShared : kShippedDivision),
             .desk = {.strategy = name, .signals_per_second_max = 10'000}});
      }
      return settings;
    }
    domain::RunnerAnnounced announced;
    sr::Runner runner;
    sr::Outputs out;
    std::uint64_t signals = 0;
  };

  static sim::ExchangeSettings exchange_settings(const Crowd& crowd) {
    sim::ExchangeSettings settings;
    settings.seed = crowd.seed;
    if (!crowd.recording.empty()) settings.flow_kind = sim::FlowKind::Replay;
    return settings;
  }
  static om::Settings manager_settings() {
    om::Settings settings;
    for (const StrategyName& name : kStrategies)
      settings.strategies.push_back({.name = name, .limits = no_limits()});
    settings.account_limits = no_limits();
    settings.venue_order_rate = settings.venue_order_burst = 1'000'000;
    settings.venue_cancel_rate = settings.venue_cancel_burst = 1'000'000;
    settings.signal_rate_max = settings.signal_burst_max = 1'000'000;
    return settings;
  }
  // A recording has only a few markets, so strategies share them.
  static constexpr Division kShared{.spread_farm_last = {domain::kShards - 1},
                                    .momentum_first = {0}};

  void step() {
    pass(kStep);
    if (crowd_.recording.empty()) {
      ask(sim::AdvanceTime{});
    } else {
      play();
    }
    deliver_all();
    if (ticks_ % 5 == 0) speak_state();
    if (ticks_ % 10 == 0) vouch_for_books();
    manage(om::TimerFired{});
    tell(sr::TimerFired{});
    for (int round = 0; round < kRoundsPerStepMax && react(); ++round) {
    }
    ++ticks_;
  }

  // Every runner hears the news, decides, and is answered. False when nothing more happened.
  bool react() {
    const std::vector<domain::StreamedEvent> heard = std::exchange(events_, {});
    for (const domain::StreamedEvent& event : heard) tell(sr::OrderEventSeen{event});
    std::vector<domain::Signal> signals;
    for (const auto& process : processes_) {
      while (process->runner.scan_next(now(), process->out)) {
      }
      process->signals += process->out.signals.size();
      for (domain::Signal& signal : std::exchange(process->out.signals, {}))
        signals.push_back(std::move(signal));
    }
    std::stable_sort(signals.begin(), signals.end(),
                     [](const domain::Signal& a, const domain::Signal& b) {
                       return std::make_tuple(a.strategy, market_of(a), a.id.counter) <
                              std::make_tuple(b.strategy, market_of(b), b.id.counter);
                     });
    for (const domain::Signal& signal : signals) manage(om::SignalReceived{signal, now()});
    deliver_all();
    return !heard.empty() || !signals.empty();
  }

  static domain::MarketId market_of(const domain::Signal& signal) {
    if (const auto* target = std::get_if<domain::QuoteTarget>(&signal.intent))
      return target->market;
    return std::get<std::vector<domain::Leg>>(signal.intent).front().instrument.market;
  }

  // ---- the recording
  void play() {
    const std::int64_t passed_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now() - start_).count();
    sim::PlayFrames frames{.first = played_, .count = 0, .events = {}};
    polymarket::MarketFrame frame;
    while (played_ < crowd_.recording.size()) {
      const recording::Entry& recorded = crowd_.recording[played_];
      if (recorded.at_ms - crowd_.recording.front().at_ms > passed_ms) break;
      ++played_;
      ++frames.count;
      if (!polymarket::parse_market_frame(recorded.raw, frame)) continue;
      for (const polymarket::MarketEvent& event : frame.events) {
        if (const auto* book = std::get_if<polymarket::BookEvent>(&event)) list(*book);
      }
      sim::append_recorded_events(frame, frames.events);
    }
    ask(frames);
    ask(sim::AdvanceTime{});
  }
  // A market's first token is YES; each market is an event of its own.
  void list(const polymarket::BookEvent& book) {
    const auto [first, fresh] = first_tokens_.emplace(book.market, book.token);
    if (fresh || first->second == book.token || markets().contains(book.market)) return;
    domain::Market market;
    market.id = book.market;
    market.event = {book.market.bytes};
    market.slug = market.event_slug = domain::to_string(book.market);
    market.yes_token = first->second;
    market.no_token = book.token;
    if (book.tick) market.tick = *book.tick;
    ask(sim::ListRecordedMarket{market});
    deliver_all();
  }

  // The venue answers at once, and so do all others.
  void deliver_all() {
    while (deliver()) {
    }
  }

  // ---- order-manager and runners
  void speak_state() {
    for (const auto& process : processes_) manage(process->announced);
    tell(sr::LeasesHeard{manager_.leases()});
    for (const domain::StrategyState& state : manager_.strategy_states(now()))
      tell(sr::StrategyHeard{state});
  }
  void tell(const sr::Input& input) override {
    for (const auto& process : processes_) process->runner.on(input, now(), process->out);
  }
  // One input and everything that follows from it at once.
  void manage(const om::Input& input) override {
    manager_.on(input, now(), manager_out_);
    const om::Outputs out = std::exchange(manager_out_, {});
    for (const domain::StreamedEvent& event : out.record) recorded(event);
    auto cancels = out.at_once.cancels;
    std::sort(cancels.begin(), cancels.end());
    cancel(std::move(cancels));
    for (const om::SubmitBatch& batch : out.after_commit.submits) submit(batch.orders);
    for (const om::Read& read : out.after_commit.reads) answer(read);
  }
  void recorded(const domain::StreamedEvent& event) {
    events_.push_back(event);
    if (const auto* submitted = std::get_if<domain::OrderSubmitted>(&event.event.body))
      intents_.push_back(intent_of(submitted->order));
    if (const auto* denied = std::get_if<domain::SignalDenied>(&event.event.body))
      ++denials_[denied->reason];
  }

  const Crowd& crowd_;
  const Timestamp start_ = now();
  Identities identities_;
  om::OrderManager manager_;
  om::Outputs manager_out_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::map<domain::MarketId, domain::TokenId> first_tokens_;
  std::vector<domain::StreamedEvent> events_;
  std::vector<Intent> intents_;
  std::map<domain::DenyReason, int> denials_;
  std::size_t played_ = 0;
  int ticks_ = 0;
};

// How many of the three runners sent signals.
std::size_t expect_equal(const Crowd& crowd, domain::Duration horizon, std::size_t intents_min) {
  ScaledWorld one(1, crowd);
  ScaledWorld three(3, crowd);
  const std::vector<Intent> alone = one.trade(horizon);
  const std::vector<Intent> shared = three.trade(horizon);
  EXPECT_GE(alone.size(), intents_min);
  EXPECT_EQ(alone.size(), shared.size());
  EXPECT_TRUE(alone == shared);
  EXPECT_EQ(three.denials().count(domain::DenyReason::LeaseFenced), 0U);
  const std::vector<std::uint64_t> signals = three.signals();
  std::printf("  %zu intents; signals of one runner %llu, of three %llu + %llu + %llu\n",
              alone.size(), static_cast<unsigned long long>(one.signals()[0]),
              static_cast<unsigned long long>(signals[0]),
              static_cast<unsigned long long>(signals[1]),
              static_cast<unsigned long long>(signals[2]));
  return static_cast<std::size_t>(
      std::count_if(signals.begin(), signals.end(), [](std::uint64_t count) { return count > 0; }));
}

TEST(Scaling, ThreeRunnersWantTheOrdersThatOneWants) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    EXPECT_EQ(expect_equal({.seed = seed, .recording = {}}, 60s, 50), 3U) << "seed " << seed;
  }
}

TEST(Scaling, ThreeRunnersWantTheOrdersThatOneWantsOverARecording) {
  const auto folder = test_support::recorded_data();
  if (!folder) GTEST_SKIP() << test_support::kNoRecordedData;
  recording::Recording recording(*folder / "polymarket/nhl_final_20260607_6min.jsonl.zst");
  Crowd crowd;
  while (const recording::Entry* frame = recording.peek()) {
    if (frame->at_ms - recording.first_ms() > 300'000) break;
    crowd.recording.push_back(*frame);
    recording.pop();
  }
  EXPECT_GE(expect_equal(crowd, 300s, 20), 2U);
}

}  // namespace
}  // namespace polybot::simulation
