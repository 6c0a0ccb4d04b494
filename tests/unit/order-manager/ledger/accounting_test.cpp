// Profit and loss in the cases that often go wrong, each with the number a trader would write down.
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);

struct Accounting : testing::Test {
  void SetUp() override { rig.bring_up(); }
  void sell_and_settle(const char* at, const char* quantity, const char* trade) {
    const ClientOrderId id = rig.sell(kArb, kMarket, at, quantity);
    rig.confirm(rig.taker_trade(id, trade, quantity, at));
  }
  Rig rig;
};

TEST_F(Accounting, BooksALossOnceWhenTwoMessagesTellOfIt) {
  rig.hold(kArb, kMarket, "0.52", "100");
  const ClientOrderId id = rig.sell(kArb, kMarket, "0.50", "100");
  const VenueTrade trade = rig.taker_trade(id, "s", "100", "0.50");
  rig.step(trade);
  rig.venue_trades = {trade};
  rig.step(rig.account());
  rig.confirm(trade);
  EXPECT_EQ(rig.snapshot(kArb).realized, usd("-2") - usd("0.9984") - usd("1"));
}

TEST_F(Accounting, MovesMarksWithoutAnySignal) {
  rig.hold(kArb, kMarket, "0.52", "100");
  rig.advance(seconds(11));
  const Money before = rig.snapshot(kArb).pnl_total;
  rig.set_quote(kMarket, "0.60", "0.62");
  rig.advance(seconds(11));
  EXPECT_EQ(rig.snapshot(kArb).pnl_total, before + usd("10"));
}

TEST_F(Accounting, KeepsDailyResultsAcrossARestart) {
  rig.hold(kArb, kMarket, "0.52", "100");
  sell_and_settle("0.50", "100", "s");
  rig.advance(seconds(11));
  const Money daily = rig.snapshot(kArb).daily_pnl;
  EXPECT_TRUE(daily.is_negative());
  EXPECT_EQ(rig.folded().ledger().portfolio().daily_pnl(kArb), daily);
}

TEST_F(Accounting, CountsDrawdownFromTheHighestEquityEver) {
  rig.hold(kArb, kMarket, "0.52", "100");
  rig.set_quote(kMarket, "0.70", "0.72");
  rig.advance(seconds(11));
  const Money peak = rig.snapshot(kArb).pnl_total;
  EXPECT_TRUE(rig.snapshot(kArb).drawdown.is_zero());
  rig.set_quote(kMarket, "0.60", "0.62");
  rig.advance(seconds(11));
  EXPECT_EQ(rig.snapshot(kArb).drawdown, usd("10"));
  EXPECT_EQ(rig.snapshot(kArb).pnl_total, peak - usd("10"));
  EXPECT_EQ(rig.core.figures(rig.now).account_drawdown, usd("10"));
}

TEST_F(Accounting, InsertsNothingSyntheticAtARestart) {
  rig.hold(kArb, kMarket, "0.52", "100");
  Rig next;
  next.now = rig.now + seconds(5);
  for (const Event& event : rig.journal) next.core.apply(event);
  next.start();
  next.venue_holdings = {{kMarket.yes_token, shares("100")}, {kMarket.no_token, {}}};
  next.connect(rig.core.ledger().portfolio().cash());
  EXPECT_EQ(next.count<OrderFilled>(), 0U);
  EXPECT_EQ(next.position(kArb, kMarket), rig.position(kArb, kMarket));
  EXPECT_TRUE(next.core.figures(next.now).drift_cash.is_zero());
}

TEST_F(Accounting, AddsUpOverStrategies) {
  rig.hold(kArb, kMarket, "0.52", "100");
  rig.hold(kFarm, kMarket, "0.50", "40", Outcome::No);
  sell_and_settle("0.50", "30", "s");
  rig.advance(seconds(11));
  Money sum;
  for (const StrategySnapshot& strategy : rig.core.figures(rig.now).strategies) {
    EXPECT_EQ(strategy.pnl_total, strategy.realized + strategy.unrealized);
    sum += strategy.pnl_total;
  }
  EXPECT_EQ(sum, rig.core.ledger().portfolio().account_equity());
  rig.expect_sound();
}

}  // namespace
}  // namespace polybot::order_manager::test
