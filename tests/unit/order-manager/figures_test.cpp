// The numbers that leave the process.
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);

TEST(Figures, CountOrdersByFirstEntrySoThatTheIdentityHoldsInEveryState) {
  Rig rig;
  rig.bring_up();
  std::vector<ClientOrderId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(rig.buy(kArb, kMarket, "0.52", "25"));
  rig.accept(ids[0]);
  rig.step(rig.taker_trade(ids[1], "t1", "10", "0.52"));
  rig.step(rig.taker_trade(ids[2], "t2", "25", "0.52"));
  rig.reject(ids[3]);
  rig.lose_answer(ids[4]);
  const StrategySnapshot snapshot = rig.snapshot(kArb);
  EXPECT_EQ(rig.orders(kArb, OrderStatus::Submitted), 5U);
  EXPECT_EQ(rig.orders(kArb, OrderStatus::Filled), 1U);
  EXPECT_EQ(rig.orders(kArb, OrderStatus::PartiallyFilled), 1U);
  EXPECT_EQ(rig.orders(kArb, OrderStatus::Rejected), 1U);
  EXPECT_EQ(rig.orders(kArb, OrderStatus::Ambiguous), 1U);
  EXPECT_EQ(snapshot.orders_live[0], 3U);
  EXPECT_EQ(snapshot.orders_ambiguous, 1U);
  ASSERT_TRUE(snapshot.oldest_pending);
  rig.expect_sound();
}

TEST(Figures, ShowWhatIsUsedOfEachLimit) {
  Rig rig;
  rig.bring_up();
  rig.buy(kArb, kMarket, "0.50", "250");
  const Utilization used = rig.snapshot(kArb).utilization;
  EXPECT_EQ(used[static_cast<int>(LimitKind::OrderNotional)], 510'000);  // 125 + 2.5 fee of 250
  EXPECT_EQ(used[static_cast<int>(LimitKind::Position)], 255'000);
  EXPECT_EQ(used[static_cast<int>(LimitKind::OpenOrders)], 5'000);
  EXPECT_EQ(used[static_cast<int>(LimitKind::Balance)], 127'500);
  EXPECT_EQ(rig.core.figures(rig.now).free_collateral, usd("872.5"));
}

TEST(Figures, ValueAHeldPairAtOneAndCountNoExposureInIt) {
  Rig rig;
  rig.bring_up();
  rig.hold(kArb, kMarket, "0.52", "100");
  rig.hold(kArb, kMarket, "0.50", "60", Outcome::No);
  rig.advance(seconds(11));
  EXPECT_EQ(rig.snapshot(kArb).position_values[0].value, usd("51") + usd("29.4"));
  EXPECT_EQ(rig.snapshot(kArb).exposure, usd("20.4"));  // 40 unpaired at 0.51
}

TEST(Figures, KeepAStrategyThatHasNothingAtZero) {
  Rig rig;
  rig.bring_up();
  EXPECT_EQ(rig.snapshot(kFarm).strategy, kFarm);
  EXPECT_EQ(rig.snapshot(kExternal).strategy, kExternal);
  EXPECT_EQ(rig.snapshot(kFarm).shards_leased, 64U);
  EXPECT_TRUE(rig.snapshot(kFarm).enabled);
}

TEST(Figures, TellRunnersTheStateOfTheirStrategies) {
  Rig rig;
  rig.bring_up();
  rig.step(Command{{1, 1},
                   SetTradingState{std::nullopt, TradingState::Reducing},
                   rig.now,
                   rig.now + seconds(5),
                   {}});
  const auto states = rig.core.strategy_states(rig.now);
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].trading_state, TradingState::Reducing) << "the stricter of both";
  EXPECT_EQ(states[0].last_seq, rig.core.ledger().last_seq(kArb));
  EXPECT_EQ(rig.core.leases().size(), 128U);
}

TEST(Figures, CountEveryRecordByItsKind) {
  Rig rig;
  rig.bring_up();
  rig.buy(kArb, kMarket, "0.52", "25");
  const Figures figures = rig.core.figures(rig.now);
  std::uint64_t sum = 0;
  for (const std::uint64_t count : figures.journal_events) sum += count;
  EXPECT_EQ(sum, figures.sequence);
  EXPECT_EQ(figures.sequence, rig.journal.size());
}

}  // namespace
}  // namespace polybot::order_manager::test
