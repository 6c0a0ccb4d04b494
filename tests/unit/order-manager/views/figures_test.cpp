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
  EXPECT_EQ(used[static_cast<int>(LimitKind::OrderNotional)],
            520'000);  // 125 + at most 5 of fee, of 250
  EXPECT_EQ(used[static_cast<int>(LimitKind::Position)], 260'000);
  EXPECT_EQ(used[static_cast<int>(LimitKind::OpenOrders)], 5'000);
  EXPECT_EQ(used[static_cast<int>(LimitKind::Balance)], 130'000);
  EXPECT_EQ(rig.core.figures(rig.now).free_collateral, usd("870"));
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

// The state topic carries the very counters that the metrics show, those of whole signals among
// them.
TEST(Figures, TellTheSameCountsToTheApiAsToTheMetrics) {
  Rig rig;
  rig.bring_up();
  const ClientOrderId filled = rig.buy(kArb, kMarket, "0.52", "25");
  rig.step(rig.taker_trade(filled, "t", "25", "0.52"));
  rig.buy(kArb, kMarket, "0.52", "25");
  rig.send(rig.legs_signal(kArb, kMarket, {}));  // malformed: a signal of no order
  rig.buy(kFarm, kMarket, "0.99", "25");
  const Market other = make_market(2);
  rig.markets.push_back(other);
  rig.buy(kFarm, other, "0.52", "25");
  rig.advance(seconds(1));
  std::uint64_t submitted = 0;
  std::uint64_t denied = 0;
  std::map<std::size_t, std::uint64_t> reasons;
  for (const StrategySnapshot& strategy : rig.core.figures(rig.now).strategies) {
    for (std::size_t side = 0; side < 2; ++side) {
      submitted += strategy.counters.orders[side][0];
      denied += strategy.counters.orders_denied[side];
    }
    for (std::size_t reason = 0; reason < strategy.counters.denials.size(); ++reason) {
      if (strategy.counters.denials[reason] != 0)
        reasons[reason] += strategy.counters.denials[reason];
    }
  }
  const OrderCounts told = rig.core.account_state(rig.now).counts;
  EXPECT_EQ(told.orders[0], submitted);
  EXPECT_EQ(told.orders[0], 2U);
  EXPECT_EQ(told.live, 1U);
  EXPECT_EQ(told.fills, 1U);
  EXPECT_EQ(told.denied, denied);
  EXPECT_GE(told.denied, 2U);
  std::uint64_t sum = 0;
  for (const auto& [reason, count] : reasons) {
    EXPECT_EQ(told.denials[reason], count);
    sum += count;
  }
  EXPECT_EQ(sum, told.denied) << "every denied order has a reason";
  EXPECT_EQ(rig.core.strategy_states(rig.now)[0].counts.orders[0], 2U);
  EXPECT_EQ(rig.core.strategy_states(rig.now)[1].counts.orders[0], 0U);
}

// 5,000 for the account; each of the strategies may use as much, those that are stopped nothing.
TEST(Figures, TellWhatTheLimitsStillLetTheStrategiesCommit) {
  Settings settings = test_settings();
  settings.account_limits.exposure_max = usd("1000");
  for (ConfiguredStrategy& strategy : settings.strategies)
    strategy.limits.exposure_max = usd("400");
  settings.account_limits.balance_min = usd("50");
  Rig rig(settings);
  rig.bring_up();
  const auto headroom = [&] { return rig.core.figures(rig.now).headroom; };
  const std::size_t count = settings.strategies.size();
  const Money all = std::min(usd("1000"), usd("400") * static_cast<std::int64_t>(count));
  EXPECT_EQ(headroom(), all + usd("50"));
  const Market market = make_market(1);
  rig.set_quote(market, "0.50", "0.52");
  rig.buy(kArb, market, "0.52", "25");
  ASSERT_EQ(rig.submits.size(), 1U);
  const Money used = rig.core.figures(rig.now).strategies.front().exposure;
  EXPECT_GE(headroom(), all + usd("50") - used);
  std::uint64_t id = 0;
  for (const ConfiguredStrategy& strategy : settings.strategies) {
    rig.step(Command{{7, ++id}, StopStrategy{strategy.name}, rig.now, rig.now + seconds(5), {}});
  }
  EXPECT_EQ(headroom(), usd("50")) << "nobody may open anything";
}

TEST(Figures, TellWhoChangedATradingStateWhenAndWhy) {
  Rig rig;
  rig.bring_up();
  rig.advance(seconds(3));
  const Timestamp halted_at = rig.now;
  const auto give = [&](std::uint64_t id, CommandBody body) {
    rig.step(Command{{7, id}, std::move(body), rig.now, rig.now + seconds(5), {}});
  };
  give(1, SetTradingState{kArb, TradingState::Halted});
  rig.advance(seconds(3));
  give(2, SetTradingState{kArb, TradingState::Halted});
  give(3, SetTradingState{std::nullopt, TradingState::Reducing});
  const auto states = rig.core.strategy_states(rig.now);
  EXPECT_EQ(states[0].own,
            (TradingStatus{TradingState::Halted, StateReason::Requested, halted_at}));
  EXPECT_EQ(states[1].own, TradingStatus{});
  EXPECT_EQ(states[1].trading_state, TradingState::Reducing);
  EXPECT_EQ(rig.core.account_state(rig.now).own,
            (TradingStatus{TradingState::Reducing, StateReason::Requested, rig.now}));
  EXPECT_EQ(rig.core.figures(rig.now).account_state_changes[1][0], 1U);
  EXPECT_EQ(rig.snapshot(kArb).counters.state_changes[2][0], 1U) << "the second changed nothing";
  EXPECT_EQ(rig.folded().ledger().own_trading_status(kArb).since, halted_at);
}

// Only a new journal follows `enabled`: with an old one the runner learns the difference.
TEST(Figures, TellWhatTheConfigurationWouldEnable) {
  Rig rig;
  rig.bring_up();
  Settings changed = test_settings();
  changed.strategies[0].enabled_at_first = false;
  Rig next(changed);
  for (const Event& event : rig.journal) next.core.apply(event);
  next.start();
  const auto states = next.core.strategy_states(next.now);
  EXPECT_TRUE(states[0].enabled);
  EXPECT_FALSE(states[0].enabled_at_first);
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
