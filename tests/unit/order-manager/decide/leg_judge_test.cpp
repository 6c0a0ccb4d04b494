#include "services/order-manager/core/decide/leg_judge.hpp"

#include "services/order-manager/core/decide/flattening.hpp"
#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

// Two legs of one signal in two markets of an event.
struct UnevenLegs : ::testing::Test {
  Bench bench;
  MarketWatches markets;
  QuoteBoard quotes{bench.settings.quote_age_max};
  OrderWatches watches;
  OrderDesk desk{bench.settings, fake_identity, bench.readiness, markets, quotes, watches};
  Exits exits{bench.settings, quotes, desk};
  LegJudge judge{bench.settings, bench.readiness, quotes, exits};
  Flattening flattening{bench.settings, bench.readiness, quotes, exits};
  const Market one = make_market(1);
  const Market two = make_market(2);

  UnevenLegs() {
    bench.make_ready();
    bench.record(DayOpened{utc_date(bench.now), {}});
    for (const Market& market : {one, two}) bench.record(MarketRecorded{market});
    submit_leg(0, one);
    submit_leg(1, two);
    bench.fill({{kRunner, 1}, 0}, "leg-0", "10");
    bench.fill({{kRunner, 1}, 1}, "leg-1", "4");
    bench.record(kArb, OrderCanceled{{{kRunner, 1}, 1}, CancelReason::Venue});
    bench.outputs.clear();
  }
  void submit_leg(std::uint32_t leg, const Market& market) {
    Order order{.id = {{kRunner, 1}, leg},
                .strategy = kArb,
                .event = market.event,
                .instrument = {market.id, Outcome::Yes},
                .side = Side::Buy,
                .limit = price("0.50"),
                .quantity = shares("10"),
                .time_in_force = TimeInForce::Fak,
                .decided_at = bench.now,
                .submitted_at = bench.now};
    order.venue_id = fake_identity(order, market)->venue_id;
    bench.record(kArb, OrderSubmitted{order});
  }
  void quote() {
    for (const Market& market : {one, two}) {
      quotes.update({},
                    {.market = market.id,
                     .bid = level("0.50", "1000"),
                     .ask = level("0.52", "1000"),
                     .stamped_at = bench.now},
                    bench.now);
    }
  }
  void judge_turn() {
    Turn turn = bench.turn();
    judge.judge(turn);
  }
  void unwind() {
    Turn turn = bench.turn();
    judge.unwind(turn);
  }
};

TEST_F(UnevenLegs, AreSaidToBeSoOnce) {
  judge_turn();
  judge_turn();
  const auto said = bench.recorded<LegsImbalanced>();
  ASSERT_EQ(said.size(), 1U);
  ASSERT_EQ(said.front().legs.size(), 2U);
  EXPECT_EQ(said.front().legs[0].quantity, shares("10"));
}

TEST_F(UnevenLegs, AreUnwoundAfterAWhile) {
  judge_turn();
  quote();
  unwind();
  EXPECT_TRUE(bench.recorded<OrderSubmitted>().empty());
  bench.now += bench.settings.unwind_after;
  quote();
  unwind();
  const auto sold = bench.recorded<OrderSubmitted>();
  ASSERT_EQ(sold.size(), 1U);
  EXPECT_EQ(sold.front().order.quantity, shares("6"));
  EXPECT_EQ(sold.front().order.purpose, OrderPurpose::Unwind);
}

TEST_F(UnevenLegs, AreLeftAloneOnceTheirMarketIsOver) {
  judge_turn();
  Market closed = two;
  closed.status = MarketStatus::Closed;
  Turn turn = bench.turn();
  turn.record(MarketRecorded{closed});
  judge.judge(turn);
  EXPECT_EQ(bench.recorded<LegsLevelled>().size(), 1U);
}

TEST_F(UnevenLegs, AreSoldWithEverythingElseByAFlatten) {
  quote();
  bench.record(FlattenBegun{{1, 2}, std::nullopt});
  Turn turn = bench.turn();
  flattening.drive(turn);
  EXPECT_EQ(bench.recorded<OrderSubmitted>().size(), 2U);
  EXPECT_TRUE(bench.recorded<FlattenEnded>().empty());
}

TEST_F(UnevenLegs, EndAFlattenWhenTheirMarketsAreOver) {
  for (Market market : {one, two}) {
    market.status = MarketStatus::Closed;
    bench.record(MarketRecorded{market});
  }
  bench.record(FlattenBegun{{1, 2}, std::nullopt});
  Turn turn = bench.turn();
  flattening.drive(turn);
  const auto ended = bench.recorded<FlattenEnded>();
  ASSERT_EQ(ended.size(), 1U);
  ASSERT_EQ(ended.front().left.size(), 2U);
  EXPECT_EQ(ended.front().left.front().reason, LeftReason::MarketOver);
}

}  // namespace
}  // namespace polybot::order_manager::test
