// A ledger and a turn without the rest of the core, for tests of one of its objects alone.
#pragma once

#include "services/order-manager/core/turn.hpp"
#include "services/order-manager/core/venue/readiness.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {

struct Bench {
  Settings settings = test_settings();
  Ledger ledger;
  Outputs outputs;
  Timestamp now = from_unix_ms(1'795'000'000'000);
  Readiness readiness{settings};

  Bench() {
    record(JournalOpened{0xC0FFEE, kFoldVersion, {}});
    record(ManagerStarted{1});
    record(CashMoved{usd("1000"), usd("1000")});
    readiness.start(now);
    outputs.clear();
  }
  // Sets everything that trading needs.
  void make_ready() {
    readiness.user_channel(Link::Up, now);
    readiness.clock({});
    EXPECT_TRUE(readiness.reconcile(now));
  }

  Turn turn() { return Turn(ledger, now, outputs); }
  void record(EventBody body) { turn().record(std::move(body)); }
  void record(const StrategyName& strategy, EventBody body) {
    turn().record(strategy, {}, std::move(body));
  }
  template <class Body>
  std::vector<Body> recorded() const {
    std::vector<Body> bodies;
    for (const StreamedEvent& message : outputs.record) {
      if (const auto* body = std::get_if<Body>(&message.event.body)) bodies.push_back(*body);
    }
    return bodies;
  }
  template <class Wanted>
  std::vector<Wanted> reads() const {
    std::vector<Wanted> found;
    for (const Read& read : outputs.after_commit.reads) {
      if (const auto* wanted = std::get_if<Wanted>(&read)) found.push_back(*wanted);
    }
    return found;
  }

  // Records an order of `arbitrage` as submitted at 0.50; returns its id.
  ClientOrderId submit(std::uint64_t number, const Market& market, Side side, const char* quantity,
                       OrderPurpose purpose = OrderPurpose::Leg, Outcome outcome = Outcome::Yes) {
    Order order{.id = {{kRunner, number}, 0},
                .strategy = kArb,
                .event = market.event,
                .instrument = {market.id, outcome},
                .side = side,
                .limit = price("0.50"),
                .quantity = shares(quantity),
                .time_in_force = TimeInForce::Fak,
                .purpose = purpose,
                .decided_at = now,
                .submitted_at = now};
    const auto identity = fake_identity(order, market);
    order.fields = identity->fields;
    order.venue_id = identity->venue_id;
    record(kArb, OrderSubmitted{order});
    return order.id;
  }
  void fill(const ClientOrderId& id, const char* trade, const char* quantity,
            FillStatus status = FillStatus::Confirmed) {
    const Order order = ledger.orders().find(id)->order;
    record(kArb, OrderFilled{.fill = {{trade}, id},
                             .instrument = order.instrument,
                             .side = order.side,
                             .quantity = shares(quantity),
                             .cash = notional(order.limit, shares(quantity), Rounding::Up),
                             .liquidity = LiquiditySide::Taker,
                             .status = status,
                             .matched_at = now});
  }
  // Buys and ends the order: a settled position.
  void hold(std::uint64_t number, const Market& market, const char* quantity,
            Outcome outcome = Outcome::Yes) {
    const ClientOrderId id =
        submit(number, market, Side::Buy, quantity, OrderPurpose::Leg, outcome);
    fill(id, ("hold-" + std::to_string(number)).c_str(), quantity);
    outputs.clear();
  }
  const OrderRecord& order(const ClientOrderId& id) const { return *ledger.orders().find(id); }
};

}  // namespace polybot::order_manager::test
