#include "tests/unit/order-manager/rig.hpp"

#include <algorithm>
#include <utility>

#include "common/domain/fees.hpp"
#include "services/order-manager/core/views/invariants.hpp"

namespace polybot::order_manager::test {

Market make_market(std::uint64_t number, std::uint64_t event) {
  Market market;
  market.id = id_of<MarketId>(number);
  market.event = id_of<EventGroupId>(event);
  market.slug = "market-" + std::to_string(number);
  market.yes_token = id_of<TokenId>(number * 10 + 1);
  market.no_token = id_of<TokenId>(number * 10 + 2);
  market.fee = {.rate_ppm = 40'000, .exponent = 1};
  return market;
}

std::optional<VenueIdentity> fake_identity(const Order& order, const Market& market) {
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

Settings test_settings() {
  Settings settings;
  settings.strategies = {{.name = kArb, .limits = {}}, {.name = kFarm, .limits = {}}};
  settings.ambiguous_hold = milliseconds(300);
  settings.lease_gather = Duration{};
  return settings;
}

Rig::Rig(Settings settings_in) : settings(std::move(settings_in)), core(settings, fake_identity) {}

Rig::~Rig() = default;

void Rig::step(const Input& input) {
  Outputs out;
  core.on(input, now, out);
  collect(out);
}

void Rig::start() {
  Outputs out;
  core.start(0xC0FFEE, now, out);
  collect(out);
  step(ClockOffset{});
}

void Rig::bring_up(const std::vector<Market>& known, Money collateral) {
  markets = known;
  start();
  connect(collateral);
  announce();
  for (const Market& market : known) {
    step(MarketHinted{market});
    set_quote(market, "0.50", "0.52");
  }
}

void Rig::connect(Money collateral) {
  cash = collateral;
  step(VenueSessionChanged{VenueChannel::User, Link::Up});
  answer_account();
  // Balances are compared by a reading of their own.
  now += settings.account_read_pause;
  step(TimerFired{});
  if (!readings().empty()) answer_account();
}

void Rig::announce(std::uint64_t incarnation, const char* replica) {
  step(RunnerAnnounced{{replica}, incarnation, {kArb, kFarm}, false});
}

void Rig::advance(Duration span) {
  const Timestamp until = now + span;
  while (now < until) {
    now = std::min(until, now + milliseconds(100));
    if (runner_lives && to_unix_ms(now) % 500 == 0) announce();
    if (gateway_lives && to_unix_ms(now) % 500 == 0) {
      for (QuoteTick& quote : board) {
        quote.stamped_at = now;
        step(QuoteHeard{{}, quote});
      }
    }
    step(TimerFired{});
    if (venue_reads) answer_reads();
  }
}

void Rig::set_quote(const Market& market, const char* bid, const char* ask, const char* depth) {
  QuoteTick quote{
      .market = market.id, .bid = level(bid, depth), .ask = level(ask, depth), .stamped_at = now};
  std::erase_if(board, [&](const QuoteTick& other) { return other.market == market.id; });
  board.push_back(quote);
  step(QuoteHeard{{}, quote});
}

VenueAccount Rig::account() const {
  VenueAccount reading;
  reading.open_orders = venue_open;
  reading.trades = venue_trades;
  reading.collateral = cash;
  reading.holdings = venue_holdings;
  reading.unread = venue_unread;
  reading.read_at = now;
  return reading;
}

VenueAccount Rig::account(const std::vector<TokenId>& tokens) const {
  VenueAccount reading = account();
  std::erase_if(reading.holdings, [&](const VenueAccount::Holding& holding) {
    return std::find(tokens.begin(), tokens.end(), holding.token) == tokens.end();
  });
  return reading;
}

void Rig::answer_account() {
  std::erase_if(reads, [](const Read& read) { return std::holds_alternative<ReadAccount>(read); });
  step(account());
}

std::vector<ReadAccount> Rig::readings() const {
  std::vector<ReadAccount> asked;
  for (const Read& read : reads) {
    if (const auto* account = std::get_if<ReadAccount>(&read)) asked.push_back(*account);
  }
  return asked;
}

void Rig::answer_reads() {
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

void Rig::answer_market(const MarketId& id) {
  const Market* market = find_market(id);
  if (market == nullptr) {
    step(MarketRead{id, MarketRead::Outcome::NotFound, std::nullopt});
  } else {
    step(MarketRead{id, MarketRead::Outcome::Found, *market});
  }
}

Market* Rig::find_market(const MarketId& id) {
  for (Market& market : markets) {
    if (market.id == id) return &market;
  }
  return nullptr;
}

Signal Rig::signal(const StrategyName& strategy, const Market& market) {
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

LeaseEpoch Rig::epoch(const StrategyName& strategy, Shard shard) const {
  for (const Lease& lease : core.leases()) {
    if (lease.strategy == strategy && lease.shard == shard) return lease.epoch;
  }
  return {};
}

Signal Rig::legs_signal(const StrategyName& strategy, const Market& market, std::vector<Leg> legs,
                        SignalAction action) {
  Signal made = signal(strategy, market);
  made.action = action;
  made.intent = std::move(legs);
  return made;
}

Signal Rig::quote_signal(const StrategyName& strategy, const Market& market,
                         std::optional<Level> bid, std::optional<Level> ask) {
  Signal made = signal(strategy, market);
  made.action = bid || ask ? SignalAction::Quote : SignalAction::Cancel;
  made.intent = QuoteTarget{market.id, bid, ask};
  return made;
}

void Rig::send(const Signal& signal) {
  step(SignalReceived{signal, now});
  if (venue_reads) answer_reads();
}

ClientOrderId Rig::buy(const StrategyName& strategy, const Market& market, const char* at,
                       const char* quantity, Outcome outcome) {
  const Signal made = legs_signal(strategy, market,
                                  {{{market.id, outcome}, Side::Buy, price(at), shares(quantity)}});
  send(made);
  return {made.id, 0};
}

ClientOrderId Rig::sell(const StrategyName& strategy, const Market& market, const char* at,
                        const char* quantity, Outcome outcome) {
  const Signal made = legs_signal(strategy, market,
                                  {{{market.id, outcome}, Side::Sell, price(at), shares(quantity)}},
                                  SignalAction::Exit);
  send(made);
  return {made.id, 0};
}

const OrderRecord& Rig::order(const ClientOrderId& id) const {
  const OrderRecord* record = core.ledger().orders().find(id);
  EXPECT_NE(record, nullptr) << to_string(id);
  static const OrderRecord kNone{};
  return record == nullptr ? kNone : *record;
}

void Rig::accept(const ClientOrderId& id, SubmitAccepted::State state,
                 std::vector<TradeId> trades) {
  step(SubmitAnswered{venue_id(id), SubmitAccepted{state, std::move(trades)}});
}

void Rig::reject(const ClientOrderId& id, RejectReason reason) {
  step(SubmitAnswered{venue_id(id), SubmitRejected{reason, "no"}});
}

void Rig::lose_answer(const ClientOrderId& id) {
  step(SubmitAnswered{venue_id(id), SubmitAmbiguous{AmbiguityCause::Timeout, now}});
}

void Rig::answer_cancel(const ClientOrderId& id, CancelAnswered::Result result) {
  step(CancelAnswered{venue_id(id), result, "because"});
}

VenueOrderUpdate Rig::update(const ClientOrderId& id, VenueOrderStatus status,
                             const char* matched) const {
  const Order& of = order(id).order;
  return {of.venue_id, of.instrument.market, of.fields.token, of.side, status,
          of.limit,    of.quantity,          shares(matched), "",      now};
}

VenueTrade Rig::taker_trade(const ClientOrderId& id, const char* trade, const char* quantity,
                            const char* at, VenueTradeStatus status) const {
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

VenueTrade Rig::trade_by_hand(const MarketId& market, const TokenId& token) const {
  VenueTrade made;
  made.id = {"by hand"};
  made.taker_order = id_of<VenueOrderId>(77'777);
  made.market = market;
  made.token = token;
  made.quantity = shares("10");
  made.price = price("0.48");
  made.we_are_taker = true;
  made.matched_at = now;
  return made;
}

VenueTrade Rig::maker_trade(const ClientOrderId& id, const char* trade, const char* quantity,
                            VenueTradeStatus status) const {
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

void Rig::confirm(VenueTrade trade) {
  trade.status = VenueTradeStatus::Mined;
  step(trade);
  trade.status = VenueTradeStatus::Confirmed;
  step(trade);
}

void Rig::hold(const StrategyName& strategy, const Market& market, const char* at,
               const char* quantity, Outcome outcome) {
  const ClientOrderId id = buy(strategy, market, at, quantity, outcome);
  const std::string trade = "hold-" + std::to_string(++counter);
  const VenueTrade made = taker_trade(id, trade.c_str(), quantity, at);
  accept(id, SubmitAccepted::State::Matched, {made.id});
  step(made);
  confirm(made);
  ASSERT_EQ(status(id), OrderStatus::Filled);
  forget_outputs();
}

void Rig::pass_through(const StrategyName& strategy, const Market& market) {
  hold(strategy, market, "0.52", "25");
  const ClientOrderId id = sell(strategy, market, "0.50", "25");
  const std::string trade = "sold-" + std::to_string(++counter);
  confirm(taker_trade(id, trade.c_str(), "25", "0.50"));
  ASSERT_TRUE(position(strategy, market).yes.is_zero());
  forget_outputs();
}

DenyReason Rig::last_denial() const {
  const auto denials = recorded<SignalDenied>();
  return denials.empty() ? DenyReason::None : denials.back().reason;
}

StrategySnapshot Rig::snapshot(const StrategyName& strategy) const {
  for (const StrategySnapshot& found : core.figures(now).strategies) {
    if (found.strategy == strategy) return found;
  }
  return {};
}

std::uint64_t Rig::orders(const StrategyName& strategy, OrderStatus status, Side side) const {
  return snapshot(strategy)
      .counters.orders[static_cast<std::size_t>(side)][static_cast<std::size_t>(status)];
}

PositionState Rig::position(const StrategyName& strategy, const Market& market) const {
  return core.ledger().portfolio().state(strategy, market.id);
}

std::vector<Order> Rig::open_orders() const {
  std::vector<Order> open;
  for (const ClientOrderId& id : core.ledger().orders().open()) open.push_back(order(id).order);
  return open;
}

void Rig::forget_outputs() {
  submits.clear();
  cancels.clear();
  reads.clear();
  repeats.clear();
}

OrderManager Rig::folded() const {
  OrderManager fresh(settings, fake_identity);
  for (const Event& event : journal) fresh.apply(event);
  return fresh;
}

void Rig::expect_sound() const {
  for (const std::string& line : broken_invariants(core.ledger())) ADD_FAILURE() << line;
  EXPECT_EQ(folded().ledger().digest(), core.ledger().digest());
}

void Rig::collect(Outputs& out) {
  for (const StreamedEvent& message : out.record) journal.push_back(message.event);
  streamed.insert(streamed.end(), out.record.begin(), out.record.end());
  cancels.insert(cancels.end(), out.at_once.cancels.begin(), out.at_once.cancels.end());
  submits.insert(submits.end(), out.after_commit.submits.begin(), out.after_commit.submits.end());
  reads.insert(reads.end(), out.after_commit.reads.begin(), out.after_commit.reads.end());
  repeats.insert(repeats.end(), out.after_commit.repeats.begin(), out.after_commit.repeats.end());
}

}  // namespace polybot::order_manager::test
