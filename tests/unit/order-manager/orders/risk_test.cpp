// Every rule of risk by itself: an order that passes and one that does not.
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

struct Risk : testing::Test {
  void start(Money collateral = usd("1000")) {
    rig = std::make_unique<Rig>(settings);
    rig->bring_up({market, other, elsewhere}, collateral);
    // The records are read before any order is judged.
    rig->hold(kFarm, elsewhere, "0.52", "25");
    rig->hold(kFarm, other, "0.52", "25");
    rig->hold(kFarm, market, "0.52", "25");
  }
  DenyReason try_buy(const char* at, const char* quantity, const Market& in,
                     Outcome outcome = Outcome::Yes) {
    const std::size_t denied = rig->count<SignalDenied>();
    rig->buy(kArb, in, at, quantity, outcome);
    return rig->count<SignalDenied>() > denied ? rig->last_denial() : DenyReason::None;
  }
  Settings settings = test_settings();
  domain::RiskLimits& limits = settings.account_limits;
  Market market = make_market(1);
  Market other = make_market(2);  // same event
  Market elsewhere = make_market(3, 2);
  std::unique_ptr<Rig> rig;
};

TEST_F(Risk, LimitsTheNotionalOfOneOrderFeesIncluded) {
  limits.order_notional_max = usd("27.10");
  start();
  EXPECT_EQ(try_buy("0.52", "50", market), DenyReason::None);
  EXPECT_EQ(try_buy("0.52", "75", market), DenyReason::NotionalExceedsMaximum);
  EXPECT_EQ(try_buy("0.53", "50", market), DenyReason::NotionalExceedsMaximum)
      << "26.50 and the fee of the cheapest shares";
}

TEST_F(Risk, HasLimitsOfItsOwnForEachStrategy) {
  settings.strategies[0].limits.order_notional_max = usd("10");
  start();
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::NotionalExceedsMaximum);
  rig->buy(kFarm, market, "0.52", "25");
  EXPECT_EQ(rig->submits.size(), 1U);
}

TEST_F(Risk, CountsInFlightOrdersAgainstThePositionLimit) {
  settings.strategies[0].limits.position_max = usd("30");
  start();
  EXPECT_EQ(try_buy("0.52", "50", market), DenyReason::None);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::PositionExceedsMaximum);
  EXPECT_EQ(try_buy("0.52", "25", other), DenyReason::None) << "another market";
}

TEST_F(Risk, CountsAllMarketsOfAnEventTogether) {
  settings.strategies[0].limits.event_exposure_max = usd("30");
  start();
  EXPECT_EQ(try_buy("0.52", "50", market), DenyReason::None);
  EXPECT_EQ(try_buy("0.52", "25", other), DenyReason::EventExposureExceedsMaximum);
  EXPECT_EQ(try_buy("0.52", "25", elsewhere), DenyReason::None);
}

TEST_F(Risk, CountsAllStrategiesAgainstTheAccountsExposure) {
  start();
  const Money held = usd("39");
  limits.exposure_max = held + usd("20");
  start();
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::None);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::ExposureExceedsMaximum);
}

TEST_F(Risk, JudgesTheLegsOfASignalTogether) {
  settings.strategies[0].limits.exposure_max = usd("30");
  start();
  rig->send(rig->legs_signal(kArb, market,
                             {{{market.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("50")},
                              {{other.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("50")}}));
  EXPECT_EQ(rig->last_denial(), DenyReason::ExposureExceedsMaximum);
  EXPECT_TRUE(rig->submits.empty()) << "denied together";
  EXPECT_EQ(rig->snapshot(kArb).counters.orders_denied[0], 2U);
}

TEST_F(Risk, LimitsOpenOrders) {
  settings.strategies[0].limits.open_orders_max = 2;
  start();
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::None);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::None);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::OpenOrdersExceedMaximum);
}

TEST_F(Risk, LimitsTheRateOfOrders) {
  settings.strategies[0].limits.order_rate_max = 1;
  settings.strategies[0].limits.order_burst_max = 2;
  start();
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::None);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::None);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::OrderRateExceedsMaximum);
  rig->advance(seconds(1));
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::None);
}

TEST_F(Risk, HoldsPricesToTheBandOnTheSideThatHurts) {
  limits.price_band = price("0.05");
  start();
  EXPECT_EQ(try_buy("0.56", "25", market), DenyReason::None) << "0.51 + 0.05";
  EXPECT_EQ(try_buy("0.57", "100", market), DenyReason::PriceOutsideBand);
  EXPECT_EQ(try_buy("0.60", "25", market, Outcome::No), DenyReason::PriceOutsideBand)
      << "its mid is 0.49";
  rig->sell(kFarm, market, "0.40", "10");
  EXPECT_EQ(rig->last_denial(), DenyReason::PriceOutsideBand);
}

TEST_F(Risk, TradesNothingOnAStaleQuote) {
  start();
  rig->gateway_lives = false;
  rig->advance(seconds(4));
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::QuoteStale);
  QuoteTick stale{
      .market = market.id, .bid = level("0.50", "1"), .ask = level("0.52", "1"), .stale = true};
  rig->step(QuoteHeard{{}, stale});
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::QuoteStale);
}

TEST_F(Risk, KeepsToTheTickAndTheMarketableMinimum) {
  start();
  EXPECT_EQ(try_buy("0.525", "40", market), DenyReason::OffTick);
  EXPECT_EQ(try_buy("0.50", "1.98", market), DenyReason::NotionalBelowMinimum);
  EXPECT_EQ(try_buy("0.50", "2", market), DenyReason::None);
}

TEST_F(Risk, OpensNothingInAMarketAboutToEnd) {
  start();
  Market ending = market;
  ending.ends_at = rig->now + seconds(20);
  rig->step(MarketRead{ending.id, MarketRead::Outcome::Found, ending});
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::None);
  rig->reject(rig->submits.back().orders.front().id);
  rig->advance(seconds(16));
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::MarketAboutToEnd);
  const ClientOrderId exit = rig->sell(kFarm, market, "0.50", "10");
  EXPECT_EQ(rig->status(exit), OrderStatus::Submitted) << "getting out is allowed to the end";
  rig->reject(exit);
  rig->advance(std::chrono::hours(24));
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::MarketAboutToEnd);
  const ClientOrderId late = rig->sell(kFarm, market, "0.50", "10");
  EXPECT_EQ(rig->status(late), OrderStatus::Submitted) << "and beyond it, while the venue trades";
}

TEST_F(Risk, SellsOnlyWhatIsHeldSettledAndFree) {
  start();
  const ClientOrderId id = rig->buy(kArb, market, "0.52", "25");
  const VenueTrade trade = rig->taker_trade(id, "t1", "25", "0.52");
  rig->step(trade);
  rig->sell(kArb, market, "0.50", "25");
  EXPECT_EQ(rig->last_denial(), DenyReason::NotSettled) << "matched is not mined";
  rig->confirm(trade);
  const ClientOrderId sold = rig->sell(kArb, market, "0.50", "20");
  EXPECT_EQ(rig->status(sold), OrderStatus::Submitted);
  rig->sell(kArb, market, "0.50", "10");
  EXPECT_EQ(rig->count<SignalDenied>(), 2U) << "20 of 25 are promised";
}

TEST_F(Risk, LeavesTheOtherStrategiesSharesAlone) {
  start();
  rig->sell(kArb, market, "0.50", "10");
  EXPECT_EQ(rig->last_denial(), DenyReason::NotSettled);
}

TEST_F(Risk, SpendsNoMoreThanTheFreeCollateral) {
  start(usd("60"));  // 39 and fees spent on holdings
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::None);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::InsufficientBalance);
}

TEST_F(Risk, SpendsProceedsOnlyWhenTheyAreSettled) {
  start(usd("52"));
  const ClientOrderId sold = rig->sell(kFarm, market, "0.50", "25");
  VenueTrade trade = rig->taker_trade(sold, "s1", "25", "0.50");
  rig->step(trade);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::InsufficientBalance);
  trade.status = VenueTradeStatus::Mined;
  rig->step(trade);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::None);
}

TEST_F(Risk, NeverMeetsAnOrderOfItsOwn) {
  start();
  rig->send(rig->quote_signal(kFarm, elsewhere, level("0.45", "20"), std::nullopt));
  ASSERT_EQ(rig->open_orders().size(), 1U);
  EXPECT_EQ(try_buy("0.55", "20", elsewhere, Outcome::No), DenyReason::WouldSelfTrade)
      << "a buy of NO at 0.55 is a sale of YES at 0.45";
  EXPECT_EQ(try_buy("0.54", "50", elsewhere, Outcome::No), DenyReason::None);
}

TEST_F(Risk, EntersReducingForTheDayWhenTheLossReachesItsLimit) {
  settings.strategies[1].limits.daily_loss_max = usd("5");
  start();
  rig->advance(seconds(11));
  rig->set_quote(market, "0.25", "0.27");
  rig->advance(seconds(11));
  const auto changes = rig->recorded<TradingStateChanged>();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0],
            (TradingStateChanged{kFarm, TradingState::Reducing, StateReason::DailyLossExceeded}));
  rig->buy(kFarm, market, "0.27", "100");
  EXPECT_EQ(rig->last_denial(), DenyReason::DailyLossExceeded);
  rig->sell(kFarm, market, "0.25", "25");
  EXPECT_EQ(rig->submits.size(), 1U) << "reducing is what it is for";
  OrderManager again = rig->folded();
  EXPECT_EQ(again.ledger().trading_state(kFarm), TradingState::Reducing) << "durable";
}

TEST_F(Risk, LetsAnOperatorResumeAfterABreachUntilAsMuchIsLostAgain) {
  settings.strategies[1].limits.drawdown_max = usd("5");
  settings.strategies[1].limits.daily_loss_max = usd("500");
  start();
  rig->advance(seconds(11));
  rig->set_quote(market, "0.25", "0.27");
  rig->advance(seconds(11));
  ASSERT_EQ(rig->core.ledger().trading_state(kFarm), TradingState::Reducing);
  EXPECT_EQ(rig->core.ledger().trading_status(kFarm).reason, StateReason::DrawdownExceeded);
  rig->step(Command{
      {1, 1}, SetTradingState{kFarm, TradingState::Active}, rig->now, rig->now + seconds(5), {}});
  rig->advance(seconds(30));
  EXPECT_EQ(rig->core.ledger().trading_state(kFarm), TradingState::Active);
  rig->set_quote(market, "0.02", "0.04");
  rig->advance(seconds(11));
  EXPECT_EQ(rig->core.ledger().trading_state(kFarm), TradingState::Reducing);
}

TEST_F(Risk, AppliesTheWholeLimitAgainBelowANewPeak) {
  settings.strategies[1].limits.drawdown_max = usd("5");
  settings.strategies[1].limits.daily_loss_max = usd("500");
  start();
  const auto trade_at = [&](const char* bid, const char* ask) {
    rig->set_quote(market, bid, ask);
    rig->advance(seconds(11));
  };
  trade_at("0.50", "0.52");
  trade_at("0.25", "0.27");
  ASSERT_EQ(rig->core.ledger().trading_state(kFarm), TradingState::Reducing);
  rig->step(Command{
      {1, 1}, SetTradingState{kFarm, TradingState::Active}, rig->now, rig->now + seconds(5), {}});
  trade_at("0.80", "0.82");
  EXPECT_EQ(rig->core.ledger().trading_state(kFarm), TradingState::Active);
  trade_at("0.55", "0.57");
  EXPECT_EQ(rig->core.ledger().trading_state(kFarm), TradingState::Reducing);
  EXPECT_EQ(rig->core.ledger().trading_status(kFarm).reason, StateReason::DrawdownExceeded);
}

// 25 YES and 25 NO pay 25 together whatever the result: what one half is worth depends on it.
TEST_F(Risk, KeepsPairsWhileReducing) {
  start();
  rig->hold(kFarm, market, "0.50", "40", Outcome::No);
  rig->step(Command{
      {1, 1}, SetTradingState{kFarm, TradingState::Reducing}, rig->now, rig->now + seconds(5), {}});
  rig->forget_outputs();
  rig->sell(kFarm, market, "0.48", "40", Outcome::No);
  EXPECT_EQ(rig->last_denial(), DenyReason::PairWouldBreak);
  rig->sell(kFarm, market, "0.50", "25");
  EXPECT_EQ(rig->last_denial(), DenyReason::PairWouldBreak);
  EXPECT_TRUE(rig->submits.empty());
  rig->sell(kFarm, market, "0.48", "15", Outcome::No);
  EXPECT_EQ(rig->submits.size(), 1U) << "beyond the pairs it reduces";
  rig->sell(kFarm, market, "0.48", "5", Outcome::No);
  EXPECT_EQ(rig->submits.size(), 1U) << "the rest is promised already";
}

TEST_F(Risk, TakesBackSalesThatBreakPairsWhenItReduces) {
  start();
  rig->hold(kFarm, market, "0.50", "40", Outcome::No);
  rig->forget_outputs();
  rig->send(rig->quote_signal(kFarm, market, std::nullopt, level("0.55", "20")));
  ASSERT_EQ(rig->open_orders().size(), 1U);
  rig->step(Command{
      {1, 1}, SetTradingState{kFarm, TradingState::Reducing}, rig->now, rig->now + seconds(5), {}});
  EXPECT_EQ(rig->cancels.size(), 1U) << "the other half of each would be exposed";
}

TEST_F(Risk, CountsTheHalfThatASaleLeavesExposed) {
  settings.strategies[1].limits.position_max = usd("30");
  start();
  for (int i = 0; i < 2; ++i) {
    rig->hold(kFarm, market, "0.50", "25", Outcome::No);
    rig->hold(kFarm, market, "0.52", "25");
  }
  rig->hold(kFarm, market, "0.50", "25", Outcome::No);
  rig->forget_outputs();
  rig->send(rig->quote_signal(kFarm, market, std::nullopt, level("0.55", "75")));
  EXPECT_TRUE(rig->submits.empty()) << "it would leave 75 NO, at 0.45 each";
  ASSERT_EQ(rig->count<OrderDenied>(), 1U);
  EXPECT_EQ(rig->recorded<OrderDenied>()[0].reason, DenyReason::PositionExceedsMaximum);
  rig->send(rig->quote_signal(kFarm, market, std::nullopt, level("0.55", "50")));
  rig->advance(seconds(2));
  EXPECT_EQ(rig->submits.size(), 1U);
}

// Somebody draws money, then pays some in: neither is booked, and neither is profit or loss.
TEST_F(Risk, SpendsWhatTheVenueWasLastFoundToHave) {
  settings.account_limits.daily_loss_max = usd("10000");
  start();
  rig->cash = usd("20");
  rig->advance(seconds(61));
  EXPECT_EQ(try_buy("0.52", "50", market), DenyReason::InsufficientBalance);
  rig->cash = usd("2000");
  rig->advance(seconds(61));
  EXPECT_EQ(try_buy("0.52", "50", market), DenyReason::None);
  EXPECT_EQ(rig->count<CashMoved>(), 1U) << "the opening deposit alone";
}

TEST_F(Risk, CountsCashThatIsGoneAsALossOfTheDay) {
  settings.account_limits.daily_loss_max = usd("100");
  start();
  rig->cash -= usd("150");
  rig->advance(seconds(180));
  EXPECT_EQ(rig->core.ledger().trading_state(std::nullopt), TradingState::Reducing);
  EXPECT_EQ(rig->core.ledger().trading_status(kArb).reason, StateReason::DailyLossExceeded);
  rig->step(Command{{1, 1},
                    SetTradingState{std::nullopt, TradingState::Active},
                    rig->now,
                    rig->now + seconds(5),
                    {}});
  rig->advance(seconds(180));
  EXPECT_EQ(rig->core.ledger().trading_state(std::nullopt), TradingState::Active)
      << "an operator has seen it";
}

TEST_F(Risk, FreesNothingOfAnAmbiguousOrdersReserve) {
  start(usd("56"));
  const ClientOrderId id = rig->buy(kArb, market, "0.52", "25");
  rig->venue_reads = false;
  rig->lose_answer(id);
  EXPECT_EQ(try_buy("0.52", "25", market), DenyReason::InsufficientBalance);
  EXPECT_GT(rig->snapshot(kArb).exposure, usd("13"));
}

}  // namespace
}  // namespace polybot::order_manager::test
