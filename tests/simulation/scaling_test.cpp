// One runner or three: where the venue answers at once and no limit binds, they want the same
// orders. Every core in virtual time without any latency; what is decided at one instant is sent in
// an order that does not depend on who decided it, so that the exchange sees the same questions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/polymarket/messages/market_channel.hpp"
#include "services/order-manager/core/order_manager.hpp"
#include "services/strategy-runner/core/runner.hpp"
#include "services/venue-simulator/core/exchange.hpp"
#include "services/venue-simulator/recording.hpp"
#include "tests/support/recorded_data.hpp"

namespace polybot {
namespace {

namespace sim = venue_simulator;
namespace om = order_manager;
namespace sr = strategy_runner;
using namespace std::chrono_literals;
using domain::Money;
using domain::StrategyName;
using domain::Timestamp;

const std::array<StrategyName, 3> kStrategies{{{"arbitrage"}, {"spread_farm"}, {"momentum"}}};
constexpr domain::Duration kStep = 100ms;
// Who reacts to every reaction is cut short, at the same place whoever it is.
constexpr int kRoundsPerStepMax = 40;

// What was wanted, whoever wanted it.
using Intent = std::tuple<Timestamp, StrategyName, domain::Instrument, domain::Side, domain::Price,
                          domain::Quantity, domain::OrderPurpose>;

Intent intent_of(const domain::Order& order) {
  return {order.decided_at, order.strategy, order.instrument, order.side,
          order.limit,      order.quantity, order.purpose};
}

// Ids made of what an order is, so that the exchange cannot tell who sent it.
class Identities {
 public:
  std::optional<om::VenueIdentity> operator()(const domain::Order& order,
                                              const domain::Market& market) {
    const auto [known, is_new] = numbers_.try_emplace(order.id, 0);
    if (is_new) known->second = ++seen_[intent_of(order)] * 1'000'003 + hash(order);
    const bool buys = order.side == domain::Side::Buy;
    const Money cash = domain::notional(order.limit, order.quantity, domain::Rounding::Up);
    const Money size = Money::from_raw(order.quantity.raw());
    om::VenueIdentity identity;
    identity.fields = {.salt = known->second >> 11,
                       .timestamp_ms = domain::to_unix_ms(order.decided_at),
                       .maker_amount = buys ? cash : size,
                       .taker_amount = buys ? size : cash,
                       .token = domain::token_of(market, order.instrument.outcome),
                       .exchange = market.exchange};
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

// What moves the market: the simulator's crowd, or a recording.
struct Crowd {
  std::uint64_t seed = 1;
  std::vector<sim::RecordedFrame> recording;
};

class ScaledWorld {
 public:
  ScaledWorld(int runners, const Crowd& crowd)
      : crowd_(crowd),
        exchange_(exchange_settings(crowd), now_, venue_out_),
        manager_(manager_settings(),
                 [this](const domain::Order& order, const domain::Market& market) {
                   return identities_(order, market);
                 }) {
    exchange_.on(sim::OpenAccount{.address = {1}, .deposit = Money::from_units(10'000'000)}, now_,
                 venue_out_);
    account_ = venue_out_.opened.at(0);
    manager_.start(crowd.seed, now_, manager_out_);
    for (int i = 0; i < runners; ++i) {
      processes_.push_back(std::make_unique<Process>(i, !crowd.recording.empty()));
      for (const StrategyName& name : kStrategies)
        processes_.back()->runner.on(sr::OrderStreamMended{name}, now_, processes_.back()->out);
    }
    manage(om::VenueSessionChanged{om::VenueChannel::User, om::Link::Up});
    manage(om::VenueSessionChanged{om::VenueChannel::Rest, om::Link::Up});
  }

  std::vector<Intent> trade(domain::Duration horizon) {
    const Timestamp end = now_ + horizon;
    while (now_ < end) step();
    std::sort(intents_.begin(), intents_.end());
    return intents_;
  }
  // By runner.
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
             .markets = markets_of(name.value, recorded),
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
      settings.strategies.push_back({.name = name, .limits = no_limits(), .parameters = {}});
    settings.account_limits = no_limits();
    settings.venue_order_rate = settings.venue_order_burst = 1'000'000;
    settings.venue_cancel_rate = settings.venue_cancel_burst = 1'000'000;
    settings.signal_rate_max = settings.signal_burst_max = 1'000'000;
    return settings;
  }
  // As shipped, where one strategy quotes another does not take. A recording has but a few markets:
  // there they share them.
  static sr::MarketFilter markets_of(const std::string& name, bool recorded) {
    if (name == "arbitrage") return {.slugs = {}, .kinds = {sr::MarketKind::NegRisk}};
    sr::MarketFilter filter{.slugs = {}, .kinds = {sr::MarketKind::Binary, sr::MarketKind::Group}};
    if (recorded) return filter;
    (name == "spread_farm" ? filter.last_shard : filter.first_shard) = {
        static_cast<std::uint8_t>(name == "spread_farm" ? 23 : 24)};
    return filter;
  }

  void step() {
    now_ += kStep;
    if (crowd_.recording.empty()) {
      exchange_.on(sim::AdvanceTime{}, now_, venue_out_);
    } else {
      play();
    }
    deliver_from_venue();
    if (ticks_ % 5 == 0) speak_state();
    if (ticks_ % 10 == 0) vouch_for_books();
    manage(om::TimerFired{});
    tell(sr::TimerFired{});
    for (int round = 0; round < kRoundsPerStepMax && react(); ++round) {
    }
    ++ticks_;
  }

  // Everybody hears what is new, decides, and is answered. False when nothing happened any more.
  bool react() {
    const std::vector<domain::StreamedEvent> heard = std::exchange(events_, {});
    for (const domain::StreamedEvent& event : heard) tell(sr::OrderEventSeen{event});
    std::vector<domain::Signal> signals;
    for (const auto& process : processes_) {
      while (process->runner.scan_next(now_, process->out)) {
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
    for (const domain::Signal& signal : signals) manage(om::SignalReceived{signal, now_});
    deliver_from_venue();
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
        std::chrono::duration_cast<std::chrono::milliseconds>(now_ - start_).count();
    sim::PlayFrames frames{.first = played_, .count = 0, .events = {}};
    polymarket::MarketFrame frame;
    while (played_ < crowd_.recording.size()) {
      const sim::RecordedFrame& recorded = crowd_.recording[played_];
      if (recorded.at_ms - crowd_.recording.front().at_ms > passed_ms) break;
      ++played_;
      ++frames.count;
      if (!polymarket::parse_market_frame(recorded.raw, frame)) continue;
      for (const polymarket::MarketEvent& event : frame.events) {
        if (const auto* book = std::get_if<polymarket::BookEvent>(&event)) list(*book);
      }
      sim::append_recorded_events(frame, frames.events);
    }
    exchange_.on(frames, now_, venue_out_);
    exchange_.on(sim::AdvanceTime{}, now_, venue_out_);
  }
  // A market's first token is YES; each market is an event of its own.
  void list(const polymarket::BookEvent& book) {
    const auto [first, fresh] = first_tokens_.emplace(book.market, book.token);
    if (fresh || first->second == book.token || markets_.contains(book.market)) return;
    domain::Market market;
    market.id = book.market;
    market.event = {book.market.bytes};
    market.slug = market.event_slug = domain::to_string(book.market);
    market.yes_token = first->second;
    market.no_token = book.token;
    if (book.tick) market.tick = *book.tick;
    exchange_.on(sim::ListRecordedMarket{market}, now_, venue_out_);
    deliver_from_venue();
  }

  // ---- the venue, which answers at once
  void deliver_from_venue() {
    sim::Outputs out = std::exchange(venue_out_, {});
    for (const sim::MarketOutput& output : out.market) {
      std::visit([this](const auto& body) { publish(body); }, output);
    }
    for (const sim::SubmitAnswer& answered : out.submits) {
      const auto outcome = std::visit(
          [](const auto& body) -> domain::SubmitOutcome { return body; }, answered.outcome);
      manage(domain::SubmitAnswered{answered.order, outcome});
    }
    for (const domain::CancelAnswered& answered : out.cancels) manage(answered);
    for (const sim::AccountOutput& output : out.account) {
      if (const auto* order = std::get_if<sim::OrderOutput>(&output)) {
        if (order->account == account_) manage(order->update);
      } else if (const auto& trade = std::get<sim::TradeOutput>(output);
                 trade.account == account_) {
        manage(trade.trade);
      }
    }
    for (const domain::MarketId& market : std::exchange(moved_, {})) publish_quote(market);
    const bool more = !venue_out_.market.empty() || !venue_out_.submits.empty() ||
                      !venue_out_.cancels.empty() || !venue_out_.account.empty();
    if (more) deliver_from_venue();  // what the answers led to
  }
  void answer(const om::Read& read) {
    if (const auto* market = std::get_if<om::ReadMarket>(&read)) {
      const auto known = markets_.find(market->market);
      manage(known == markets_.end()
                 ? om::MarketRead{market->market, om::MarketRead::Outcome::NotFound, std::nullopt}
                 : om::MarketRead{market->market, om::MarketRead::Outcome::Found, known->second});
    } else if (const auto* wanted = std::get_if<om::ConfirmResolution>(&read)) {
      const auto known = markets_.find(wanted->market);
      if (known != markets_.end() && known->second.status == domain::MarketStatus::Resolved)
        manage(om::ResolutionConfirmed{wanted->market, known->second.payout});
    } else {
      manage(exchange_.account(account_, std::get<om::ReadAccount>(read).trades_since));
    }
  }

  // ---- what the gateway would publish
  sr::FrameOrigin origin_of(const domain::MarketId& market) const {
    return {.shard = domain::shard_of(markets_.at(market).event), .sent_at = now_, .trace = {}};
  }
  void publish(const sim::MarketListed& listed) {
    markets_[listed.market.id] = listed.market;
    define(listed.market.id);
    load(listed.market.id);
  }
  void publish(const sim::BookChanged& changed) {
    books_[changed.market].apply(changed.changes);
    moved_.insert(changed.market);
    tell(sr::BookChanged{
        origin_of(changed.market),
        {.market = changed.market, .changes = changed.changes, .stamped_at = now_}});
  }
  void publish(const sim::TradePrinted& trade) {
    tell(sr::TradeSeen{origin_of(trade.market), trade.tick});
  }
  void publish(const sim::TickSizeChanged& changed) {
    markets_.at(changed.market).tick = changed.new_tick;
    define(changed.market);
    load(changed.market);
  }
  void publish(const sim::MarketClosed& closed) {
    markets_.at(closed.market).status = domain::MarketStatus::Closed;
    define(closed.market);
  }
  void publish(const sim::MarketResolved& resolved) {
    domain::Market& market = markets_.at(resolved.market);
    market.status = domain::MarketStatus::Resolved;
    market.payout = resolved.payout;
    define(resolved.market);
  }
  void define(const domain::MarketId& market) {
    tell(sr::MarketHeard{markets_.at(market)});
    manage(om::MarketHinted{markets_.at(market)});
  }
  void load(const domain::MarketId& market) {
    const domain::OrderBook& book = books_[market];
    tell(sr::BookLoaded{origin_of(market),
                        {.market = market,
                         .bids = {book.bids().begin(), book.bids().end()},
                         .asks = {book.asks().begin(), book.asks().end()},
                         .tick = markets_.at(market).tick,
                         .stamped_at = now_}});
  }
  void publish_quote(const domain::MarketId& market) {
    const domain::OrderBook& book = books_[market];
    manage(domain::QuoteTick{.market = market,
                             .bid = book.best_bid(),
                             .ask = book.best_ask(),
                             .last = {},
                             .stamped_at = now_});
  }
  void vouch_for_books() {
    for (const auto& [id, market] : markets_) {
      if (market.status != domain::MarketStatus::Active) continue;
      tell(sr::BookChanged{origin_of(id), {.market = id, .changes = {}, .stamped_at = now_}});
      publish_quote(id);
    }
  }

  // ---- order-manager and runners
  void speak_state() {
    for (const auto& process : processes_) manage(process->announced);
    tell(sr::LeasesHeard{manager_.leases()});
    for (const domain::StrategyState& state : manager_.strategy_states(now_))
      tell(sr::StrategyHeard{state});
  }
  void tell(const sr::Input& input) {
    for (const auto& process : processes_) process->runner.on(input, now_, process->out);
  }
  // One input and all that follows from it at once.
  void manage(const om::Input& input) {
    manager_.on(input, now_, manager_out_);
    const om::Outputs out = std::exchange(manager_out_, {});
    for (const domain::StreamedEvent& event : out.record) recorded(event);
    auto cancels = out.at_once.cancels;
    std::sort(cancels.begin(), cancels.end());
    if (!cancels.empty())
      exchange_.on(sim::CancelOrders{account_, std::move(cancels)}, now_, venue_out_);
    for (const om::SubmitBatch& batch : out.after_commit.submits) submit(batch);
    for (const om::Read& read : out.after_commit.reads) answer(read);
  }
  void submit(const om::SubmitBatch& batch) {
    sim::SubmitOrders request{.account = account_, .orders = {}};
    for (const domain::Order& order : batch.orders) {
      request.orders.push_back({.id = order.venue_id,
                                .token = order.fields.token,
                                .side = order.side,
                                .limit = order.limit,
                                .quantity = order.quantity,
                                .cash = {},
                                .time_in_force = order.time_in_force,
                                .post_only = order.post_only,
                                .expiration_s = order.fields.expiration_s,
                                .salt = order.fields.salt});
    }
    exchange_.on(request, now_, venue_out_);
  }
  void recorded(const domain::StreamedEvent& event) {
    events_.push_back(event);
    if (const auto* submitted = std::get_if<domain::OrderSubmitted>(&event.event.body))
      intents_.push_back(intent_of(submitted->order));
    if (const auto* denied = std::get_if<domain::SignalDenied>(&event.event.body))
      ++denials_[denied->reason];
  }

  const Crowd& crowd_;
  const Timestamp start_ = domain::from_unix_ms(1'800'000'000'000);
  Timestamp now_ = start_;
  Identities identities_;
  sim::Outputs venue_out_;
  sim::Exchange exchange_;
  om::OrderManager manager_;
  om::Outputs manager_out_;
  std::vector<std::unique_ptr<Process>> processes_;
  sim::AccountId account_;
  std::map<domain::MarketId, domain::Market> markets_;
  std::map<domain::MarketId, domain::OrderBook> books_;
  std::map<domain::MarketId, domain::TokenId> first_tokens_;
  std::set<domain::MarketId> moved_;
  std::vector<domain::StreamedEvent> events_;
  std::vector<Intent> intents_;
  std::map<domain::DenyReason, int> denials_;
  std::size_t played_ = 0;
  int ticks_ = 0;
};

// How many of the three had something to say.
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
  sim::Recording recording(*folder / "polymarket/nhl_final_20260607_6min.jsonl.zst");
  Crowd crowd;
  while (const sim::RecordedFrame* frame = recording.peek()) {
    if (frame->at_ms - recording.first_ms() > 300'000) break;
    crowd.recording.push_back(*frame);
    recording.pop();
  }
  EXPECT_GE(expect_equal(crowd, 300s, 20), 2U);
}

}  // namespace
}  // namespace polybot
