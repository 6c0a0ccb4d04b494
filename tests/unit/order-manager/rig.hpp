// An order-manager core on the bench: virtual time, a venue that is a fake identity, one runner
// that holds the leases, quotes that are kept fresh. Collects everything that comes out.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "common/domain/fees.hpp"
#include "services/order-manager/core/invariants.hpp"
#include "services/order-manager/core/order_manager.hpp"

namespace polybot::order_manager::test {

using namespace domain;  // NOLINT: a test vocabulary
using std::chrono::milliseconds;
using std::chrono::seconds;

inline Price price(const char* text) {
  return *Price::parse(text);
}
inline Quantity shares(const char* text) {
  return *Quantity::parse(text);
}
inline Money usd(const char* text) {
  return *Money::parse(text);
}
inline Level level(const char* at, const char* quantity) {
  return {price(at), shares(quantity)};
}

template <class Id>
Id id_of(std::uint64_t number) {
  Id id;
  for (int i = 0; i < 8; ++i)
    id.bytes[static_cast<std::size_t>(31 - i)] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

inline const StrategyName kArb{"arbitrage"};
inline const StrategyName kFarm{"spread_farm"};
inline const StrategyName kExternal{std::string(kExternalStrategy)};
inline constexpr std::uint64_t kRunner = 0xAB;

inline Market make_market(std::uint64_t number, std::uint64_t event = 1) {
  Market market;
  market.id = id_of<MarketId>(number);
  market.event = id_of<EventGroupId>(event);
  market.slug = "market-" + std::to_string(number);
  market.yes_token = id_of<TokenId>(number * 10 + 1);
  market.no_token = id_of<TokenId>(number * 10 + 2);
  market.fee = {.rate_ppm = 40'000, .exponent = 1};
  return market;
}

// A function of the order's id, as the real one is.
inline std::optional<VenueIdentity> fake_identity(const Order& order, const Market& market) {
  VenueIdentity identity;
  const Money cash = notional(order.limit, order.quantity, Rounding::Up);
  const Money quantity = Money::from_raw(order.quantity.raw());
  identity.fields.salt = order.id.signal.counter;
  identity.fields.timestamp_ms = to_unix_ms(order.decided_at);
  identity.fields.maker_amount = order.side == Side::Buy ? cash : quantity;
  identity.fields.taker_amount = order.side == Side::Buy ? quantity : cash;
  identity.fields.token = token_of(market, order.instrument.outcome);
  identity.venue_id = id_of<VenueOrderId>(order.id.signal.counter * 1000 + order.id.leg);
  for (int i = 0; i < 8; ++i) {
    identity.venue_id.bytes[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(order.id.signal.incarnation >> (8 * i));
  }
  identity.venue_id.bytes[8] = 1;
  return identity;
}

inline Settings test_settings() {
  Settings settings;
  settings.strategies = {{.name = kArb, .limits = {}, .parameters = {}},
                         {.name = kFarm, .limits = {}, .parameters = {}}};
  settings.ambiguous_hold = milliseconds(300);
  settings.lease_gather = Duration{};
  return settings;
}

class Rig {
 public:
  explicit Rig(Settings settings_in = test_settings())
      : settings(std::move(settings_in)), core(settings, fake_identity) {}

  // ---- driving
  void step(const Input& input) {
    Outputs out;
    core.on(input, now, out);
    collect(out);
  }
  void start() {
    Outputs out;
    core.start(0xC0FFEE, now, out);
    collect(out);
    step(ClockOffset{});
  }
  // Everything up: started, reconciled with `collateral`, leased to the runner, markets known and
  // quoted.
  void bring_up(const std::vector<Market>& known = {make_market(1)},
                Money collateral = usd("1000")) {
    markets = known;
    start();
    connect(collateral);
    announce();
    for (const Market& market : known) {
      step(MarketHinted{market});
      set_quote(market, "0.50", "0.52");
    }
  }
  void connect(Money collateral) {
    cash = collateral;
    step(VenueSessionChanged{VenueChannel::User, Link::Up});
    answer_account();
    // Balances are compared by a reading of their own.
    now += settings.account_read_pause;
    step(TimerFired{});
    if (!readings().empty()) answer_account();
  }
  void announce(std::uint64_t incarnation = kRunner, const char* replica = "runner-1") {
    step(RunnerAnnounced{{replica}, incarnation, {kArb, kFarm}, false});
  }
  // Lets time pass in timer steps; runner and gateway live on unless silenced.
  void advance(Duration span) {
    const Timestamp until = now + span;
    while (now < until) {
      now = std::min(until, now + milliseconds(100));
      if (runner_lives && to_unix_ms(now) % 500 == 0) announce();
      if (gateway_lives && to_unix_ms(now) % 500 == 0) {
        for (QuoteTick& quote : board) {
          quote.stamped_at = now;
          step(quote);
        }
      }
      step(TimerFired{});
      if (venue_reads) answer_reads();
    }
  }
  void set_quote(const Market& market, const char* bid, const char* ask,
                 const char* depth = "1000") {
    QuoteTick quote{
        .market = market.id, .bid = level(bid, depth), .ask = level(ask, depth), .stamped_at = now};
    std::erase_if(board, [&](const QuoteTick& other) { return other.market == market.id; });
    board.push_back(quote);
    step(quote);
  }

  // ---- the venue's side of reading
  VenueAccount account() const {
    VenueAccount reading;
    reading.open_orders = venue_open;
    reading.trades = venue_trades;
    reading.collateral = cash;
    reading.holdings = venue_holdings;
    reading.read_at = now;
    return reading;
  }
  // With the balances of these tokens only.
  VenueAccount account(const std::vector<TokenId>& tokens) const {
    VenueAccount reading = account();
    std::erase_if(reading.holdings, [&](const VenueAccount::Holding& holding) {
      return std::find(tokens.begin(), tokens.end(), holding.token) == tokens.end();
    });
    return reading;
  }
  void answer_account() {
    std::erase_if(reads,
                  [](const Read& read) { return std::holds_alternative<ReadAccount>(read); });
    step(account());
  }
  // The readings of the account that nobody has answered.
  std::vector<ReadAccount> readings() const {
    std::vector<ReadAccount> asked;
    for (const Read& read : reads) {
      if (const auto* account = std::get_if<ReadAccount>(&read)) asked.push_back(*account);
    }
    return asked;
  }
  // Answers what was asked, as a venue with these markets and this account would.
  void answer_reads() {
    const std::vector<Read> asked = std::exchange(reads, {});
    for (const Read& read : asked) {
      if (const auto* wanted = std::get_if<ReadAccount>(&read)) step(account(wanted->tokens));
      if (const auto* wanted = std::get_if<ReadMarket>(&read)) answer_market(wanted->market);
      if (const auto* wanted = std::get_if<ConfirmResolution>(&read)) {
        const Market* market = find_market(wanted->market);
        if (market != nullptr && market->status == MarketStatus::Resolved) {
          step(ResolutionConfirmed{market->id, market->payout});
        }
      }
    }
  }
  void answer_market(const MarketId& id) {
    const Market* market = find_market(id);
    if (market == nullptr) {
      step(MarketRead{id, MarketRead::Outcome::NotFound, std::nullopt});
    } else {
      step(MarketRead{id, MarketRead::Outcome::Found, *market});
    }
  }
  Market* find_market(const MarketId& id) {
    for (Market& market : markets) {
      if (market.id == id) return &market;
    }
    return nullptr;
  }

  // ---- signals
  Signal signal(const StrategyName& strategy, const Market& market) {
    Signal signal;
    signal.id = {kRunner, ++counter};
    signal.strategy = strategy;
    signal.event = market.event;
    signal.shard = shard_of(market.event);
    signal.lease_epoch = epoch(strategy, signal.shard);
    signal.applied_seq = core.ledger().last_seq();
    signal.oldest_book_at = now;
    signal.decided_at = now;
    signal.expires_at = now + seconds(2);
    return signal;
  }
  LeaseEpoch epoch(const StrategyName& strategy, Shard shard = {}) const {
    for (const Lease& lease : core.leases()) {
      if (lease.strategy == strategy && lease.shard == shard) return lease.epoch;
    }
    return {};
  }
  Signal legs_signal(const StrategyName& strategy, const Market& market, std::vector<Leg> legs,
                     SignalAction action = SignalAction::Buy) {
    Signal made = signal(strategy, market);
    made.action = action;
    made.intent = std::move(legs);
    return made;
  }
  Signal quote_signal(const StrategyName& strategy, const Market& market, std::optional<Level> bid,
                      std::optional<Level> ask) {
    Signal made = signal(strategy, market);
    made.action = bid || ask ? SignalAction::Quote : SignalAction::Cancel;
    made.intent = QuoteTarget{market.id, bid, ask};
    return made;
  }
  void send(const Signal& signal) {
    step(SignalReceived{signal, now});
    if (venue_reads) answer_reads();
  }
  // Buys and returns the id of the one order.
  ClientOrderId buy(const StrategyName& strategy, const Market& market, const char* at,
                    const char* quantity, Outcome outcome = Outcome::Yes) {
    const Signal made = legs_signal(
        strategy, market, {{{market.id, outcome}, Side::Buy, price(at), shares(quantity)}});
    send(made);
    return {made.id, 0};
  }
  ClientOrderId sell(const StrategyName& strategy, const Market& market, const char* at,
                     const char* quantity, Outcome outcome = Outcome::Yes) {
    const Signal made = legs_signal(
        strategy, market, {{{market.id, outcome}, Side::Sell, price(at), shares(quantity)}},
        SignalAction::Exit);
    send(made);
    return {made.id, 0};
  }

  // ---- the venue's side of orders
  const OrderRecord& order(const ClientOrderId& id) const {
    const OrderRecord* record = core.ledger().orders().find(id);
    EXPECT_NE(record, nullptr) << to_string(id);
    static const OrderRecord kNone{};
    return record == nullptr ? kNone : *record;
  }
  VenueOrderId venue_id(const ClientOrderId& id) const { return order(id).order.venue_id; }
  OrderStatus status(const ClientOrderId& id) const { return order(id).status; }
  void accept(const ClientOrderId& id, SubmitAccepted::State state = SubmitAccepted::State::Live,
              std::vector<TradeId> trades = {}) {
    step(SubmitAnswered{venue_id(id), SubmitAccepted{state, std::move(trades)}});
  }
  void reject(const ClientOrderId& id, RejectReason reason = RejectReason::NotFilled) {
    step(SubmitAnswered{venue_id(id), SubmitRejected{reason, "no"}});
  }
  void lose_answer(const ClientOrderId& id) {
    step(SubmitAnswered{venue_id(id), SubmitAmbiguous{AmbiguityCause::Timeout, now}});
  }
  void answer_cancel(const ClientOrderId& id, CancelAnswered::Result result) {
    step(CancelAnswered{venue_id(id), result, "because"});
  }
  VenueOrderUpdate update(const ClientOrderId& id, VenueOrderStatus status,
                          const char* matched = "0") const {
    const Order& of = order(id).order;
    return {of.venue_id, of.instrument.market, of.fields.token, of.side, status,
            of.limit,    of.quantity,          shares(matched), "",      now};
  }
  // Our order took `quantity` at `at`.
  VenueTrade taker_trade(const ClientOrderId& id, const char* trade, const char* quantity,
                         const char* at,
                         VenueTradeStatus status = VenueTradeStatus::Matched) const {
    const Order& of = order(id).order;
    VenueTrade made;
    made.id = {trade};
    made.status = status;
    made.taker_order = of.venue_id;
    made.market = of.instrument.market;
    made.token = of.fields.token;
    made.side = of.side;
    made.quantity = shares(quantity);
    made.price = price(at);
    made.we_are_taker = true;
    made.makers = {{id_of<VenueOrderId>(999'999), of.fields.token, opposite(of.side),
                    shares(quantity), price(at), false}};
    made.matched_at = now;
    made.updated_at = now;
    return made;
  }
  // Somebody took `quantity` from our resting order at its price.
  VenueTrade maker_trade(const ClientOrderId& id, const char* trade, const char* quantity,
                         VenueTradeStatus status = VenueTradeStatus::Matched) const {
    const Order& of = order(id).order;
    VenueTrade made;
    made.id = {trade};
    made.status = status;
    made.taker_order = id_of<VenueOrderId>(999'998);
    made.market = of.instrument.market;
    made.token = of.fields.token;
    made.side = opposite(of.side);
    made.quantity = shares(quantity);
    made.price = of.limit;
    made.makers = {{of.venue_id, of.fields.token, of.side, shares(quantity), of.limit, true}};
    made.matched_at = now;
    made.updated_at = now;
    return made;
  }
  void confirm(VenueTrade trade) {
    trade.status = VenueTradeStatus::Mined;
    step(trade);
    trade.status = VenueTradeStatus::Confirmed;
    step(trade);
  }
  // Buys, fills and confirms: a settled position.
  void hold(const StrategyName& strategy, const Market& market, const char* at,
            const char* quantity, Outcome outcome = Outcome::Yes) {
    const ClientOrderId id = buy(strategy, market, at, quantity, outcome);
    const std::string trade = "hold-" + std::to_string(++counter);
    const VenueTrade made = taker_trade(id, trade.c_str(), quantity, at);
    accept(id, SubmitAccepted::State::Matched, {made.id});
    step(made);
    confirm(made);
    ASSERT_EQ(status(id), OrderStatus::Filled);
    forget_outputs();
  }
  // Buys and sells again: a position in which nothing is held.
  void pass_through(const StrategyName& strategy, const Market& market) {
    hold(strategy, market, "0.52", "25");
    const ClientOrderId id = sell(strategy, market, "0.50", "25");
    const std::string trade = "sold-" + std::to_string(++counter);
    confirm(taker_trade(id, trade.c_str(), "25", "0.50"));
    ASSERT_TRUE(position(strategy, market).yes.is_zero());
    forget_outputs();
  }

  // ---- reading the results
  template <class Body>
  std::vector<Body> recorded() const {
    std::vector<Body> bodies;
    for (const Event& event : journal) {
      if (const auto* body = std::get_if<Body>(&event.body)) bodies.push_back(*body);
    }
    return bodies;
  }
  template <class Body>
  std::size_t count() const {
    return recorded<Body>().size();
  }
  DenyReason last_denial() const {
    const auto denials = recorded<SignalDenied>();
    return denials.empty() ? DenyReason::None : denials.back().reason;
  }
  StrategySnapshot snapshot(const StrategyName& strategy) const {
    for (const StrategySnapshot& found : core.figures(now).strategies) {
      if (found.strategy == strategy) return found;
    }
    return {};
  }
  std::uint64_t orders(const StrategyName& strategy, OrderStatus status,
                       Side side = Side::Buy) const {
    return snapshot(strategy)
        .counters.orders[static_cast<std::size_t>(side)][static_cast<std::size_t>(status)];
  }
  PositionState position(const StrategyName& strategy, const Market& market) const {
    return core.ledger().portfolio().state(strategy, market.id);
  }
  std::vector<Order> open_orders() const {
    std::vector<Order> open;
    for (const ClientOrderId& id : core.ledger().orders().open()) open.push_back(order(id).order);
    return open;
  }
  void forget_outputs() {
    submits.clear();
    cancels.clear();
    reads.clear();
    repeats.clear();
  }
  // The journal folded into a fresh core, which is not started yet.
  OrderManager folded() const {
    OrderManager fresh(settings, fake_identity);
    for (const Event& event : journal) fresh.apply(event);
    return fresh;
  }
  void expect_sound() const {
    EXPECT_THAT_EMPTY(broken_invariants(core.ledger()));
    EXPECT_EQ(folded().ledger().digest(), core.ledger().digest());
  }
  static void EXPECT_THAT_EMPTY(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) ADD_FAILURE() << line;
  }

  void collect(Outputs& out) {
    for (const StreamedEvent& message : out.record) journal.push_back(message.event);
    streamed.insert(streamed.end(), out.record.begin(), out.record.end());
    cancels.insert(cancels.end(), out.at_once.cancels.begin(), out.at_once.cancels.end());
    submits.insert(submits.end(), out.after_commit.submits.begin(), out.after_commit.submits.end());
    reads.insert(reads.end(), out.after_commit.reads.begin(), out.after_commit.reads.end());
    repeats.insert(repeats.end(), out.after_commit.repeats.begin(), out.after_commit.repeats.end());
  }

  Settings settings;
  OrderManager core;
  Timestamp now = from_unix_ms(1'795'000'000'000);
  std::uint64_t counter = 0;
  bool runner_lives = true;
  bool gateway_lives = true;
  bool venue_reads = true;  // answers readings by itself

  std::vector<Market> markets;
  std::vector<QuoteTick> board;
  Money cash;
  std::vector<VenueOrderUpdate> venue_open;
  std::vector<VenueTrade> venue_trades;
  std::vector<VenueAccount::Holding> venue_holdings;

  std::vector<Event> journal;
  std::vector<StreamedEvent> streamed;
  std::vector<VenueOrderId> cancels;
  std::vector<SubmitBatch> submits;
  std::vector<Read> reads;
  std::vector<StreamedEvent> repeats;
};

}  // namespace polybot::order_manager::test
