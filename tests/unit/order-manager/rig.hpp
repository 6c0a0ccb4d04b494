// An order-manager core in virtual time, with a fake identity for a venue, one runner that holds
// the leases, and quotes that are kept fresh. Collects all outputs.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "common/domain/fees.hpp"
#include "services/order-manager/core/order_manager.hpp"
#include "services/order-manager/core/views/invariants.hpp"

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

Market make_market(std::uint64_t number, std::uint64_t event = 1);

// A function of the order's id, as the real one is.
std::optional<VenueIdentity> fake_identity(const Order& order, const Market& market);

Settings test_settings();

class Rig {
 public:
  explicit Rig(Settings settings_in = test_settings());
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // ---- driving
  void step(const Input& input);
  void start();
  // Brings everything up: started, reconciled with `collateral`, leased to the runner, markets
  // known and quoted.
  void bring_up(const std::vector<Market>& known = {make_market(1)},
                Money collateral = usd("1000"));
  void connect(Money collateral);
  void announce(std::uint64_t incarnation = kRunner, const char* replica = "runner-1");
  // Lets time pass in timer steps; runner and gateway live on unless silenced.
  void advance(Duration span);
  void set_quote(const Market& market, const char* bid, const char* ask,
                 const char* depth = "1000");

  // ---- the venue's side of reading
  VenueAccount account() const;
  // The account with the balances of these tokens only.
  VenueAccount account(const std::vector<TokenId>& tokens) const;
  void answer_account();
  // The readings of the account that are not answered yet.
  std::vector<ReadAccount> readings() const;
  // Answers what was asked, as a venue with these markets and this account would.
  void answer_reads();
  void answer_market(const MarketId& id);
  Market* find_market(const MarketId& id);

  // ---- signals
  Signal signal(const StrategyName& strategy, const Market& market);
  LeaseEpoch epoch(const StrategyName& strategy, Shard shard = {}) const;
  Signal legs_signal(const StrategyName& strategy, const Market& market, std::vector<Leg> legs,
                     SignalAction action = SignalAction::Buy);
  Signal quote_signal(const StrategyName& strategy, const Market& market, std::optional<Level> bid,
                      std::optional<Level> ask);
  void send(const Signal& signal);
  // Buys and returns the id of the one order.
  ClientOrderId buy(const StrategyName& strategy, const Market& market, const char* at,
                    const char* quantity, Outcome outcome = Outcome::Yes);
  ClientOrderId sell(const StrategyName& strategy, const Market& market, const char* at,
                     const char* quantity, Outcome outcome = Outcome::Yes);

  // ---- the venue's side of orders
  const OrderRecord& order(const ClientOrderId& id) const;
  VenueOrderId venue_id(const ClientOrderId& id) const { return order(id).order.venue_id; }
  OrderStatus status(const ClientOrderId& id) const { return order(id).status; }
  void accept(const ClientOrderId& id, SubmitAccepted::State state = SubmitAccepted::State::Live,
              std::vector<TradeId> trades = {});
  void reject(const ClientOrderId& id, RejectReason reason = RejectReason::NotFilled);
  void lose_answer(const ClientOrderId& id);
  void answer_cancel(const ClientOrderId& id, CancelAnswered::Result result);
  VenueOrderUpdate update(const ClientOrderId& id, VenueOrderStatus status,
                          const char* matched = "0") const;
  // Our order took `quantity` at `at`.
  VenueTrade taker_trade(const ClientOrderId& id, const char* trade, const char* quantity,
                         const char* at, VenueTradeStatus status = VenueTradeStatus::Matched) const;
  // A taker took `quantity` from our resting order at its price.
  VenueTrade maker_trade(const ClientOrderId& id, const char* trade, const char* quantity,
                         VenueTradeStatus status = VenueTradeStatus::Matched) const;
  // A person with the account's keys bought 10 at 0.48.
  VenueTrade trade_by_hand(const MarketId& market, const TokenId& token) const;
  void confirm(VenueTrade trade);
  // Buys, fills and confirms: a settled position.
  void hold(const StrategyName& strategy, const Market& market, const char* at,
            const char* quantity, Outcome outcome = Outcome::Yes);
  // Buys and sells again: a position without shares.
  void pass_through(const StrategyName& strategy, const Market& market);

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
  DenyReason last_denial() const;
  StrategySnapshot snapshot(const StrategyName& strategy) const;
  std::uint64_t orders(const StrategyName& strategy, OrderStatus status,
                       Side side = Side::Buy) const;
  PositionState position(const StrategyName& strategy, const Market& market) const;
  std::vector<Order> open_orders() const;
  void forget_outputs();
  void collect(Outputs& out);
  // The journal folded into a new core that is not started yet.
  OrderManager folded() const;
  void expect_sound() const;

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
  std::vector<VenueAccount::Unread> venue_unread;

  std::vector<Event> journal;
  std::vector<StreamedEvent> streamed;
  std::vector<VenueOrderId> cancels;
  std::vector<SubmitBatch> submits;
  std::vector<Read> reads;
  std::vector<StreamedEvent> repeats;
};

}  // namespace polybot::order_manager::test
