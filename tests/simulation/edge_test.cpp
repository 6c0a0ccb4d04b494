// Do the strategies earn by trading, or by seeing what nobody can see? The whole chain of cores –
// simulated exchange, runner, order-manager – in virtual time, every message a step late. With an
// edge in the market each strategy must trade. Without one (prices are martingales, quotes are
// fair) none may have a mean profit before fees above 0 over 200 seeds fixed in advance: a
// one-sided t-test at 1 %. A strategy that decided on stale books or on the future would.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/order-manager/core/order_manager.hpp"
#include "services/strategy-runner/core/runner.hpp"
#include "services/venue-simulator/core/exchange.hpp"

namespace polybot {
namespace {

namespace sim = venue_simulator;
namespace om = order_manager;
namespace sr = strategy_runner;
using namespace std::chrono_literals;
using domain::Money;
using domain::Quantity;
using domain::StrategyName;
using domain::Timestamp;

const std::array<StrategyName, 3> kStrategies{{{"arbitrage"}, {"spread_farm"}, {"momentum"}}};
constexpr std::uint64_t kIncarnation = 4'711;
constexpr domain::Duration kStep = 100ms;  // what every message between two processes takes
constexpr int kSeeds = 200;
constexpr domain::Duration kHorizon = 30s;
// One-sided 1 % of Student's t with 199 degrees of freedom.
constexpr long double kCritical = 2.345L;

// An identity without cryptography: unique, and a function of the order alone.
std::optional<om::VenueIdentity> identify(const domain::Order& order,
                                          const domain::Market& market) {
  const bool buys = order.side == domain::Side::Buy;
  const Money cash = domain::notional(order.limit, order.quantity, domain::Rounding::Up);
  const Money size = Money::from_raw(order.quantity.raw());
  om::VenueIdentity identity;
  identity.fields = {.salt = order.id.signal.counter * 1'000 + order.id.leg,
                     .timestamp_ms = domain::to_unix_ms(order.decided_at),
                     .maker_amount = buys ? cash : size,
                     .taker_amount = buys ? size : cash,
                     .token = domain::token_of(market, order.instrument.outcome),
                     .exchange = market.exchange};
  const std::array<std::uint64_t, 3> words{order.id.signal.incarnation, order.id.signal.counter,
                                           order.id.leg + 1ULL};
  std::memcpy(identity.venue_id.bytes.data(), words.data(), sizeof words);
  identity.venue_id.bytes[31] = 1;
  return identity;
}

// What one strategy's fills came to, before fees.
class Tally {
 public:
  void filled(const domain::OrderFilled& fill) {
    fills_[fill.fill] = fill;
    ++count_;
  }
  void reversed(const domain::FillId& fill) { fills_.erase(fill); }
  [[nodiscard]] int fills() const { return count_; }
  // `worth` is the value of one share of an instrument.
  template <class Worth>
  [[nodiscard]] Money profit(Worth worth) const {
    Money total;
    for (const auto& [id, fill] : fills_) {
      const Money value = domain::notional(worth(fill.instrument), fill.quantity,
                                           domain::Rounding::HalfAwayFromZero);
      total += fill.side == domain::Side::Buy ? value - fill.cash : fill.cash - value;
    }
    return total;
  }

 private:
  std::map<domain::FillId, domain::OrderFilled> fills_;
  int count_ = 0;
};

struct Outcome {
  std::array<Money, 3> profit;
  std::array<int, 3> fills{};
  std::array<int, 3> signals{};
  std::map<domain::DenyReason, int> denials;
};

// Parameters by strategy; what is not named is as shipped.
using Tuning = std::map<std::string, sr::ParameterTexts>;

class TradingWorld {
 public:
  TradingWorld(std::uint64_t seed, bool edge, const Tuning& tuning = {})
      : exchange_(exchange_settings(seed, edge), now_, venue_out_),
        manager_(manager_settings(), identify),
        runner_(runner_settings(tuning)) {
    exchange_.on(sim::OpenAccount{.address = {1}, .deposit = Money::from_units(100'000)}, now_,
                 venue_out_);
    account_ = venue_out_.opened.at(0);
    manager_.start(seed, now_, manager_out_);
    manage(om::VenueSessionChanged{om::VenueChannel::User, om::Link::Up});
    manage(om::VenueSessionChanged{om::VenueChannel::Rest, om::Link::Up});
    for (const StrategyName& name : kStrategies) run(sr::OrderStreamMended{name});
  }

  Outcome trade(domain::Duration horizon) {
    const Timestamp end = now_ + horizon;
    while (now_ < end) step();
    return settle();
  }

 private:
  static sim::ExchangeSettings exchange_settings(std::uint64_t seed, bool edge) {
    sim::ExchangeSettings settings;
    settings.seed = seed;
    settings.flow.edge = edge;
    return settings;
  }
  static om::Settings manager_settings() {
    om::Settings settings;
    for (const StrategyName& name : kStrategies)
      settings.strategies.push_back({.name = name, .limits = {}, .parameters = {}});
    return settings;
  }
  static sr::RunnerSettings runner_settings(const Tuning& tuning) {
    sr::RunnerSettings settings{
        .replica = {"runner-1"}, .incarnation = kIncarnation, .strategies = {}};
    for (const StrategyName& name : kStrategies) {
      const auto parameters = tuning.find(name.value);
      const auto configured =
          sr::find_strategy_type(name.value)
              ->configure(parameters == tuning.end() ? sr::ParameterTexts{} : parameters->second);
      settings.strategies.push_back({.name = name,
                                     .factory = std::get<sr::StrategyFactory>(configured),
                                     .markets = markets_of(name.value),
                                     .desk = {.strategy = name}});
    }
    return settings;
  }
  // As shipped: where one strategy quotes another does not take.
  static sr::MarketFilter markets_of(const std::string& name) {
    if (name == "arbitrage") return {.slugs = {}, .kinds = {sr::MarketKind::NegRisk}};
    sr::MarketFilter filter{.slugs = {}, .kinds = {sr::MarketKind::Binary, sr::MarketKind::Group}};
    (name == "spread_farm" ? filter.last_shard : filter.first_shard) = {
        static_cast<std::uint8_t>(name == "spread_farm" ? 23 : 24)};
    return filter;
  }

  // Everything decided in one step arrives in the next.
  void step() {
    now_ += kStep;
    deliver_requests();
    exchange_.on(sim::AdvanceTime{}, now_, venue_out_);
    deliver_from_venue();
    if (ticks_ % 5 == 0) speak_state();
    if (ticks_ % 10 == 0) vouch_for_books();
    for (domain::StreamedEvent& event : std::exchange(events_, {}))
      run(sr::OrderEventSeen{std::move(event)});
    for (domain::Signal& signal : std::exchange(signals_, {}))
      manage(om::SignalReceived{std::move(signal), now_ - kStep});
    manage(om::TimerFired{});
    run(sr::TimerFired{});
    while (runner_.scan_next(now_, runner_out_)) {
    }
    for (domain::Signal& signal : runner_out_.signals) signals_.push_back(std::move(signal));
    runner_out_.signals.clear();
    ++ticks_;
  }

  void deliver_requests() {
    for (om::SubmitBatch& batch : std::exchange(submits_, {})) {
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
    auto cancels = std::exchange(cancels_, {});
    if (!cancels.empty())
      exchange_.on(sim::CancelOrders{account_, std::move(cancels)}, now_, venue_out_);
    for (const om::Read& read : std::exchange(reads_, {})) answer(read);
  }

  void answer(const om::Read& read) {
    if (const auto* market = std::get_if<om::ReadMarket>(&read)) {
      const auto known = markets_.find(market->market);
      manage(known == markets_.end()
                 ? om::MarketRead{market->market, om::MarketRead::Outcome::NotFound, std::nullopt}
                 : om::MarketRead{market->market, om::MarketRead::Outcome::Found, known->second});
    } else if (const auto* wanted = std::get_if<om::ConfirmResolution>(&read)) {
      const auto known = markets_.find(wanted->market);
      if (known != markets_.end() && known->second.status == domain::MarketStatus::Resolved) {
        manage(om::ResolutionConfirmed{wanted->market, known->second.payout});
      }
    } else {
      manage(exchange_.account(account_, std::get<om::ReadAccount>(read).trades_since));
    }
  }

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
  }

  // ---- what the gateway would publish
  // --------------------------------------------------------------
  sr::FrameOrigin origin_of(const domain::MarketId& market) const {
    return {.shard = domain::shard_of(markets_.at(market).event), .sent_at = now_, .trace = {}};
  }
  void publish(const sim::MarketListed& listed) {
    markets_[listed.market.id] = listed.market;
    define(listed.market.id);
    run(sr::BookLoaded{origin_of(listed.market.id),
                       {.market = listed.market.id,
                        .bids = {},
                        .asks = {},
                        .tick = listed.market.tick,
                        .stamped_at = now_}});
  }
  void publish(const sim::BookChanged& changed) {
    books_[changed.market].apply(changed.changes);
    moved_.insert(changed.market);
    run(sr::BookChanged{
        origin_of(changed.market),
        {.market = changed.market, .changes = changed.changes, .stamped_at = now_}});
  }
  void publish(const sim::TradePrinted& trade) {
    run(sr::TradeSeen{origin_of(trade.market), trade.tick});
  }
  void publish(const sim::TickSizeChanged& changed) {
    markets_.at(changed.market).tick = changed.new_tick;
    define(changed.market);
    const domain::OrderBook& book = books_[changed.market];
    run(sr::BookLoaded{origin_of(changed.market),
                       {.market = changed.market,
                        .bids = {book.bids().begin(), book.bids().end()},
                        .asks = {book.asks().begin(), book.asks().end()},
                        .tick = changed.new_tick,
                        .stamped_at = now_}});
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
    run(sr::MarketHeard{markets_.at(market)});
    manage(om::MarketHinted{markets_.at(market)});
  }
  void publish_quote(const domain::MarketId& market) {
    const domain::OrderBook& book = books_[market];
    manage(domain::QuoteTick{.market = market,
                             .bid = book.best_bid(),
                             .ask = book.best_ask(),
                             .last = {},
                             .stamped_at = now_});
  }
  // Every second the gateway repeats what has not changed.
  void vouch_for_books() {
    for (const auto& [id, market] : markets_) {
      if (market.status != domain::MarketStatus::Active) continue;
      run(sr::BookChanged{origin_of(id), {.market = id, .changes = {}, .stamped_at = now_}});
      publish_quote(id);
    }
  }

  // ---- order-manager and runner
  // --------------------------------------------------------------------
  void speak_state() {
    manage(domain::RunnerAnnounced{.replica = {"runner-1"},
                                   .incarnation = kIncarnation,
                                   .strategies = {kStrategies.begin(), kStrategies.end()}});
    run(sr::LeasesHeard{manager_.leases()});
    for (domain::StrategyState& state : manager_.strategy_states(now_))
      run(sr::StrategyHeard{std::move(state)});
  }
  void run(const sr::Input& input) { runner_.on(input, now_, runner_out_); }
  void manage(const om::Input& input) {
    manager_.on(input, now_, manager_out_);
    const auto at_once = [this](const om::Outputs::AtOnce& out) {
      cancels_.insert(cancels_.end(), out.cancels.begin(), out.cancels.end());
    };
    const auto commit = [](const std::vector<domain::StreamedEvent>&) { return true; };
    const auto after_commit = [this](const om::Outputs& out) {
      for (const domain::StreamedEvent& event : out.record) recorded(event);
      submits_.insert(submits_.end(), out.after_commit.submits.begin(),
                      out.after_commit.submits.end());
      reads_.insert(reads_.end(), out.after_commit.reads.begin(), out.after_commit.reads.end());
    };
    ASSERT_TRUE(om::finish_turn(manager_out_, at_once, commit, after_commit));
  }
  void recorded(const domain::StreamedEvent& event) {
    events_.push_back(event);
    for (std::size_t i = 0; i < kStrategies.size(); ++i) {
      if (event.event.strategy != kStrategies[i]) continue;
      if (const auto* fill = std::get_if<domain::OrderFilled>(&event.event.body))
        tallies_[i].filled(*fill);
      if (const auto* undone = std::get_if<domain::FillReversed>(&event.event.body))
        tallies_[i].reversed(undone->fill);
      if (const auto* denied = std::get_if<domain::SignalDenied>(&event.event.body))
        ++denials_[denied->reason];
      if (const auto* denied = std::get_if<domain::OrderDenied>(&event.event.body))
        ++denials_[denied->reason];
    }
  }

  // Open markets at their fair value now; for those that are over the result is waited for.
  Outcome settle() {
    std::map<domain::MarketId, domain::Price> worth;
    bool waiting = false;
    for (const auto& [id, market] : markets_) {
      const auto fair = exchange_.flow().fair_value(*exchange_.engine().find_market(id));
      if (market.status == domain::MarketStatus::Active && fair) worth[id] = *fair;
      waiting = waiting || market.status == domain::MarketStatus::Closed;
    }
    if (waiting) {
      exchange_.on(sim::SetFlow{false}, now_, venue_out_);
      exchange_.on(sim::AdvanceTime{}, now_ + 2min, venue_out_);
      for (const sim::MarketOutput& output : venue_out_.market) {
        const auto* resolved = std::get_if<sim::MarketResolved>(&output);
        if (resolved != nullptr) worth.try_emplace(resolved->market, resolved->payout.yes);
      }
    }
    for (const auto& [id, market] : markets_) {
      if (market.status == domain::MarketStatus::Resolved) worth[id] = market.payout.yes;
    }
    const auto value = [&](const domain::Instrument& instrument) {
      const domain::Price yes = worth.at(instrument.market);
      return instrument.outcome == domain::Outcome::Yes ? yes : domain::complement(yes);
    };
    Outcome outcome;
    for (std::size_t i = 0; i < kStrategies.size(); ++i) {
      outcome.profit[i] = tallies_[i].profit(value);
      outcome.fills[i] = tallies_[i].fills();
      for (std::size_t action = 0; action < sr::kSignalActions; ++action) {
        outcome.signals[i] +=
            static_cast<int>(runner_.desk(i).emitted(static_cast<domain::SignalAction>(action)));
      }
    }
    outcome.denials = denials_;
    return outcome;
  }

  Timestamp now_ = domain::from_unix_ms(1'800'000'000'000);
  sim::Outputs venue_out_;
  sim::Exchange exchange_;
  om::OrderManager manager_;
  om::Outputs manager_out_;
  sr::Runner runner_;
  sr::Outputs runner_out_;
  sim::AccountId account_;
  std::map<domain::MarketId, domain::Market> markets_;
  std::map<domain::MarketId, domain::OrderBook> books_;
  std::set<domain::MarketId> moved_;
  std::vector<om::SubmitBatch> submits_;
  std::vector<domain::VenueOrderId> cancels_;
  std::vector<om::Read> reads_;
  std::vector<domain::StreamedEvent> events_;
  std::vector<domain::Signal> signals_;
  std::array<Tally, 3> tallies_;
  std::map<domain::DenyReason, int> denials_;
  int ticks_ = 0;
};

struct Sample {
  std::vector<long double> profits;
  long fills = 0;
  long signals = 0;

  [[nodiscard]] long double mean() const {
    long double sum = 0;
    for (const long double profit : profits) sum += profit;
    return sum / static_cast<long double>(profits.size());
  }
  // 0 when nothing varies.
  [[nodiscard]] long double t() const {
    const long double m = mean();
    long double squares = 0;
    for (const long double profit : profits) squares += (profit - m) * (profit - m);
    const long double n = static_cast<long double>(profits.size());
    const long double deviation = std::sqrt(squares / (n - 1));
    return deviation > 0 ? m / (deviation / std::sqrt(n)) : 0;
  }
};

std::array<Sample, 3> sample(int seeds, bool edge, domain::Duration horizon,
                             std::map<domain::DenyReason, int>& denials,
                             const Tuning& tuning = {}) {
  std::array<Sample, 3> samples;
  for (int seed = 1; seed <= seeds; ++seed) {
    TradingWorld world(static_cast<std::uint64_t>(seed), edge, tuning);
    const Outcome outcome = world.trade(horizon);
    for (std::size_t i = 0; i < kStrategies.size(); ++i) {
      samples[i].profits.push_back(static_cast<long double>(outcome.profit[i].raw()) /
                                   Money::kScale);
      samples[i].fills += outcome.fills[i];
      samples[i].signals += outcome.signals[i];
    }
    for (const auto& [reason, count] : outcome.denials) denials[reason] += count;
  }
  return samples;
}

void print(const std::array<Sample, 3>& samples, const std::map<domain::DenyReason, int>& denials) {
  for (std::size_t i = 0; i < kStrategies.size(); ++i) {
    const Sample& one = samples[i];
    std::printf(
        "  %-12s %6ld signals %6ld fills, mean P&L before fees %+8.4Lf pUSD, t = %+6.2Lf%s\n",
        kStrategies[i].value.c_str(), one.signals, one.fills, one.mean(), one.t(),
        one.fills == 0 ? "  (places no order that fills here)" : "");
  }
  for (const auto& [reason, count] : denials) {
    std::printf("  denied for reason %d: %d\n", static_cast<int>(reason), count);
  }
}

TEST(Edge, EveryStrategyTradesWhereThereIsAnEdge) {
  std::map<domain::DenyReason, int> denials;
  const auto samples = sample(5, true, 60s, denials);
  print(samples, denials);
  for (std::size_t i = 0; i < kStrategies.size(); ++i) {
    EXPECT_GT(samples[i].fills, 0) << kStrategies[i].value;
  }
}

void expect_no_earnings(const std::array<Sample, 3>& samples) {
  for (std::size_t i = 0; i < kStrategies.size(); ++i) {
    EXPECT_LE(samples[i].t(), kCritical)
        << kStrategies[i].value << " earns where nothing can be earned";
    if (samples[i].signals == 0)
      std::printf("  %s places no order\n", kStrategies[i].value.c_str());
  }
}

TEST(Edge, NoStrategyEarnsWhereThereIsNone) {
  std::map<domain::DenyReason, int> denials;
  const auto samples = sample(kSeeds, false, kHorizon, denials);
  print(samples, denials);
  expect_no_earnings(samples);
}

// As shipped the strategies hardly trade where there is no edge. These do: thin quotes that get
// picked off, a momentum that follows every trade it sees, an arbitrage content with a hundredth of
// a cent.
TEST(Edge, NotEvenEagerStrategiesEarnWhereThereIsNone) {
  const Tuning eager{{"arbitrage", {{"edge_min", "0.0001"}}},
                     {"spread_farm",
                      {{"spread_min", "0.0001"},
                       {"half_spread_min", "0.0001"},
                       {"fee_weight", "0"},
                       {"volatility_weight", "0"},
                       {"requote_interval", "3s"}}},
                     {"momentum",
                      {{"flow_min", "1"},
                       {"trades_min", "1"},
                       {"entry_imbalance", "0.01"},
                       {"move_min", "0"},
                       {"spread_max", "0.1"},
                       {"hold_max", "5s"}}}};
  std::map<domain::DenyReason, int> denials;
  const auto samples = sample(kSeeds, false, kHorizon, denials, eager);
  print(samples, denials);
  expect_no_earnings(samples);
}

TEST(Edge, TheSameSeedTradesTheSame) {
  const auto run = [] { return TradingWorld(7, true).trade(20s); };
  const Outcome first = run();
  const Outcome second = run();
  EXPECT_EQ(first.profit, second.profit);
  EXPECT_EQ(first.fills, second.fills);
  EXPECT_EQ(first.signals, second.signals);
}

}  // namespace
}  // namespace polybot
