#include "services/order-manager/core/account/balances.hpp"

#include <algorithm>
#include <optional>

#include "services/order-manager/core/account/claims.hpp"
#include "services/order-manager/core/orders/risk_engine.hpp"
#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

struct BalancesAlone : ::testing::Test {
  Bench bench;
  QuoteBoard quotes{bench.settings.quote_age_max};
  UnreadRows unread{bench.readiness};
  Settlements settlements;
  Claims claims;
  std::optional<Balances> balances{std::in_place, bench.settings, quotes};
  const Market market = make_market(1);

  BalancesAlone() { bench.record(MarketRecorded{market}); }
  VenueAccount reading(const char* collateral) const {
    VenueAccount account;
    account.collateral = usd(collateral);
    account.read_at = bench.now;
    return account;
  }
  void measure(const VenueAccount& account, Balances::Booked booked = Balances::Booked::All) {
    Turn turn = bench.turn();
    balances->measure(turn, account, settlements, booked);
  }
  UtcDate yesterday() const { return {utc_date(bench.now).days - 1}; }
  void settle(const VenueAccount& account) {
    Turn turn = bench.turn();
    claims.settle(turn, account, unread, settlements);
  }
};

TEST_F(BalancesAlone, AreARangeWhileATradeIsNotMined) {
  const ClientOrderId id = bench.submit(1, market, Side::Buy, "10");
  bench.fill(id, "t-1", "10", FillStatus::Matched);
  const Instrument yes{market.id, Outcome::Yes};
  const ExpectedRange cash = settlements.cash(bench.ledger, bench.now);
  EXPECT_EQ(cash.low, usd("995").raw());
  EXPECT_EQ(cash.high, usd("1000").raw());
  const ExpectedRange held = settlements.quantity(bench.ledger, yes, bench.now);
  EXPECT_EQ(held.low, 0);
  EXPECT_EQ(held.high, shares("10").raw());
  EXPECT_EQ(held.off(shares("11").raw()), shares("1").raw());
}

TEST_F(BalancesAlone, MayLagBehindASettlement) {
  bench.hold(1, market, "10");
  const OrderFilled fill = bench.ledger.orders().find_fill({{"hold-1"}, {{kRunner, 1}, 0}})->fill;
  settlements.settled(fill, bench.now);
  EXPECT_FALSE(settlements.cash(bench.ledger, bench.now + kSettlementLag).exact());
  const Timestamp later = bench.now + kSettlementLag + milliseconds(1);
  EXPECT_TRUE(settlements.cash(bench.ledger, later).exact());
}

TEST_F(BalancesAlone, ThatDifferAreDriftAndSaidOnce) {
  for (int i = 0; i < 3; ++i) measure(reading("990"));
  const auto drift = bench.recorded<DriftMeasured>();
  ASSERT_EQ(drift.size(), 2U) << "and that it is missing, once a second reading agrees";
  EXPECT_EQ(drift[0], (DriftMeasured{.cash = usd("-10"), .positions = {}}));
  EXPECT_EQ(drift[1].missing, usd("10"));
}

TEST_F(BalancesAlone, WithoutAnExplanationAreBookedWhenConfigured) {
  bench.settings.cash_moved_after = seconds(60);
  measure(reading("1100"));
  bench.now += seconds(60);
  measure(reading("1100"));
  const auto moved = bench.recorded<CashMoved>();
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved.front().amount, usd("100"));
}

TEST_F(BalancesAlone, BookNothingThatAnUnbookedTradeMayExplain) {
  bench.settings.cash_moved_after = seconds(60);
  for (int i = 0; i < 3; ++i) {
    measure(reading("1100"), Balances::Booked::NotAll);
    bench.now += seconds(60);
  }
  EXPECT_TRUE(bench.recorded<CashMoved>().empty());
  EXPECT_EQ(bench.ledger.drift().cash, usd("100"));
  measure(reading("1100"));
  EXPECT_EQ(bench.recorded<CashMoved>().size(), 1U);
}

TEST_F(BalancesAlone, OfWhatOthersMovedCountAsFreeAtOnce) {
  EXPECT_EQ(RiskEngine::free_collateral(bench.ledger), usd("1000"));
  measure(reading("200"));
  EXPECT_EQ(RiskEngine::free_collateral(bench.ledger), usd("200"));
  measure(reading("1500"));
  EXPECT_EQ(RiskEngine::free_collateral(bench.ledger), usd("1500"));
  EXPECT_EQ(bench.ledger.portfolio().account_equity(), Money{});
}

TEST_F(BalancesAlone, AreNotCountedTwiceWhenAMovementIsBooked) {
  bench.settings.cash_moved_after = seconds(60);
  measure(reading("200"));
  bench.now += seconds(60);
  measure(reading("200"));
  ASSERT_EQ(bench.recorded<CashMoved>().size(), 1U);
  EXPECT_EQ(RiskEngine::free_collateral(bench.ledger), usd("200"));
  EXPECT_TRUE(bench.ledger.drift().cash.is_zero());
}

TEST_F(BalancesAlone, AreAskedForIncomeWhenMoreIsThere) {
  measure(reading("999"));
  EXPECT_FALSE(balances->asks_for_income());
  measure(reading("1002.5"));
  ASSERT_TRUE(balances->asks_for_income());
  const auto days = balances->next_income_days(bench.now);
  ASSERT_FALSE(days.empty());
  EXPECT_EQ(days.front().days, utc_date(bench.now).days - 1);
  EXPECT_FALSE(balances->asks_for_income());
  measure(reading("1002.5"));
  EXPECT_FALSE(balances->asks_for_income()) << "not with every comparison";
  bench.now += std::chrono::minutes(10);
  measure(reading("1002.5"));
  EXPECT_TRUE(balances->asks_for_income()) << "the venue may have said meanwhile what for";
}

TEST_F(BalancesAlone, ShowIncomeThatTheVenueTellsOf) {
  bench.now += std::chrono::hours(48);
  VenueAccount account = reading("1002.5");
  account.income = {{IncomeKind::Rebate, yesterday(), usd("1.5")},
                    {IncomeKind::Reward, yesterday(), usd("1")}};
  measure(account);
  EXPECT_EQ(bench.recorded<IncomeBooked>().size(), 2U);
  EXPECT_TRUE(bench.ledger.drift().cash.is_zero());
  EXPECT_EQ(bench.ledger.portfolio().account_daily_pnl(), usd("2.5")) << "it is a result";
  EXPECT_EQ(bench.ledger.portfolio().cash(), usd("1002.5"));
  measure(account);
  EXPECT_EQ(bench.recorded<IncomeBooked>().size(), 2U) << "once";
  account.collateral = usd("1003");
  account.income.front().amount = usd("2");
  measure(account);
  EXPECT_EQ(bench.recorded<IncomeBooked>().back().amount, usd("0.5")) << "what came later";
}

TEST_F(BalancesAlone, ShowNoIncomeOfBeforeTheJournal) {
  VenueAccount account = reading("1500");
  account.income = {{IncomeKind::Rebate, {utc_date(bench.ledger.opened_at()).days - 1}, usd("12")}};
  measure(account);
  EXPECT_TRUE(bench.recorded<IncomeBooked>().empty()) << "it is in the first balance";
  account.collateral = usd("1012");
  measure(account);
  EXPECT_EQ(bench.recorded<IncomeBooked>().size(), 1U)
      << "it came a moment after the journal began";
}

TEST_F(BalancesAlone, ThatCameBackHideNoLaterLoss) {
  const Portfolio& portfolio = bench.ledger.portfolio();
  for (const char* cash : {"500", "500"}) measure(reading(cash));
  bench.record(TradingStateChanged{.state = TradingState::Active});
  for (const char* cash : {"1000", "800", "800"}) measure(reading(cash));
  EXPECT_EQ(portfolio.unacknowledged_losses(std::nullopt).daily, usd("200"));
  bench.record(DayOpened{{utc_date(bench.now).days + 1}, {}});
  EXPECT_TRUE(portfolio.account_daily_result().is_zero());
  for (const char* cash : {"1000", "700", "700"}) measure(reading(cash));
  EXPECT_EQ(portfolio.account_daily_result(), usd("-300"));
}

TEST_F(BalancesAlone, ShowNoIncomeThatHasNotCome) {
  bench.now += std::chrono::hours(48);
  VenueAccount account = reading("1001");
  account.income = {{IncomeKind::Rebate, yesterday(), usd("1.5")}};
  measure(account);
  EXPECT_TRUE(bench.recorded<IncomeBooked>().empty());
  EXPECT_EQ(bench.ledger.drift().cash, usd("1"));
}

// What the venue rounds grows by a trifle with each trade.
TEST_F(BalancesAlone, AskForIncomeOnceWhileTriflesAreLeft) {
  measure(reading("1000.000001"));
  EXPECT_TRUE(balances->asks_for_income());
  EXPECT_FALSE(balances->next_income_days(bench.now).empty());
  measure(reading("1000.000002"));
  EXPECT_FALSE(balances->asks_for_income());
  measure(reading("1000.01"));
  EXPECT_TRUE(balances->asks_for_income()) << "this may be a rebate";
}

TEST_F(BalancesAlone, ShowADepositBesideIncome) {
  bench.now += std::chrono::hours(48);
  VenueAccount account = reading("1101.5");
  account.income = {{IncomeKind::Rebate, yesterday(), usd("1.5")}};
  measure(account);
  EXPECT_EQ(bench.recorded<IncomeBooked>().size(), 1U);
  EXPECT_EQ(bench.ledger.drift().cash, usd("100"));
}

TEST_F(BalancesAlone, ThatLackCashAreALossOfTheDay) {
  const Portfolio& portfolio = bench.ledger.portfolio();
  measure(reading("400"));
  EXPECT_TRUE(portfolio.account_daily_result().is_zero()) << "one reading may be wrong";
  measure(reading("700"));
  EXPECT_EQ(portfolio.account_daily_result(), usd("-300")) << "what both have missed";
  EXPECT_EQ(portfolio.account_daily_pnl(), Money{}) << "no result of trades";
  measure(reading("700"));
  EXPECT_EQ(portfolio.unacknowledged_losses(std::nullopt).daily, usd("300"));
  bench.record(TradingStateChanged{.state = TradingState::Active});
  EXPECT_TRUE(portfolio.unacknowledged_losses(std::nullopt).daily.is_zero());
  bench.record(DayOpened{{utc_date(bench.now).days + 1}, {}});
  EXPECT_TRUE(portfolio.account_daily_result().is_zero()) << "it went missing the day before";
  measure(reading("1000"));
  EXPECT_TRUE(bench.ledger.drift().missing.is_zero());
}

TEST_F(BalancesAlone, ThatLackCashStayALossWhileTradesSettle) {
  for (const char* cash : {"300", "300"}) measure(reading(cash));
  bench.record(TradingStateChanged{.state = TradingState::Active});
  bench.fill(bench.submit(1, market, Side::Buy, "10"), "t-1", "10", FillStatus::Matched);
  for (const char* cash : {"300", "300"}) measure(reading(cash));
  EXPECT_EQ(bench.ledger.drift().missing, usd("700"));
  bench.now += std::chrono::minutes(1);
  bench.record(kArb, FillAdvanced{{{"t-1"}, {{kRunner, 1}, 0}}, FillStatus::Mined});
  for (const char* cash : {"295", "295"}) measure(reading(cash));
  EXPECT_EQ(bench.ledger.drift().missing, usd("700"));
  EXPECT_TRUE(bench.ledger.portfolio().unacknowledged_losses(std::nullopt).daily.is_zero());
}

TEST_F(BalancesAlone, MayDifferByTheRoundingOfTheVenue) {
  measure(reading("999.996"));
  measure(reading("999.996"));
  EXPECT_EQ(bench.ledger.drift().cash, usd("-0.004"));
  EXPECT_TRUE(bench.ledger.drift().missing.is_zero());
}

TEST_F(BalancesAlone, OfSharesCountAtMid) {
  bench.hold(1, market, "10");
  VenueAccount account = reading("995");
  account.holdings = {{market.yes_token, shares("8")}};
  measure(account);
  ASSERT_EQ(bench.recorded<DriftMeasured>().size(), 1U);
  EXPECT_EQ(bench.recorded<DriftMeasured>().front().positions, usd("1"));
}

TEST_F(BalancesAlone, PayAClaimOnceTheSharesAreGone) {
  bench.hold(1, market, "10");
  bench.record(kArb, MarketResolved{market.id, {kPriceOne, Price{}}});
  EXPECT_TRUE(Claims::any(bench.ledger.portfolio()));
  EXPECT_EQ(claims.next_tokens(bench.ledger).size(), 2U);
  VenueAccount account = reading("1005");
  account.holdings = {{market.yes_token, shares("10")}, {market.no_token, {}}};
  settle(account);
  EXPECT_TRUE(bench.recorded<ClaimPaid>().empty());
  account.holdings.front().quantity = {};
  settle(account);
  ASSERT_EQ(bench.recorded<ClaimPaid>().size(), 1U);
  EXPECT_FALSE(Claims::any(bench.ledger.portfolio()));
}

TEST_F(BalancesAlone, PayAClaimWithoutItsCashAfterAWhile) {
  bench.hold(1, market, "10");
  bench.record(kArb, MarketResolved{market.id, {kPriceOne, Price{}}});
  VenueAccount account = reading("995");
  account.holdings = {{market.yes_token, {}}, {market.no_token, {}}};
  settle(account);
  EXPECT_TRUE(bench.recorded<ClaimPaid>().empty());
  account.read_at += std::chrono::minutes(10);
  settle(account);
  EXPECT_EQ(bench.recorded<ClaimPaid>().size(), 1U);
}

struct Openings : BalancesAlone {
  Openings() {
    bench.hold(1, market, "25");
    bench.record(MarksTaken{{{market.id, Price::from_raw(5'000)}}});
  }
  void measure_shares(const char* yes) {
    VenueAccount account = reading("987.5");
    account.holdings = {{market.yes_token, shares(yes)}};
    measure(account);
    bench.now += seconds(60);
  }
  void restart() {
    balances.emplace(bench.settings, quotes);
    balances->start(bench.ledger);
  }
  Quantity of(const StrategyName& strategy) const {
    const MarketPosition* position = bench.ledger.portfolio().find(strategy, market.id);
    return position == nullptr ? Quantity{} : position->yes.holding().quantity;
  }
  const StrategyName external{std::string(kExternalStrategy)};
};

TEST_F(Openings, AreBookedOnceTwoReadingsAgree) {
  measure_shares("50");
  EXPECT_TRUE(bench.recorded<HoldingOpened>().empty()) << "a trade may be on its way";
  EXPECT_TRUE(bench.ledger.drift().positions.is_zero());
  measure_shares("50");
  const auto opened = bench.recorded<HoldingOpened>();
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened.front().quantity, shares("25"));
  EXPECT_EQ(of(external), shares("25"));
  EXPECT_EQ(of(kArb), shares("25"));
  EXPECT_TRUE(bench.ledger.drift().positions.is_zero());
  EXPECT_EQ(bench.ledger.portfolio().account_equity(), Money{}) << "they are no result";
}

TEST_F(BalancesAlone, OfSharesFromBeforeWaitForAPrice) {
  const auto measure_again = [&] {
    VenueAccount account = reading("1000");
    account.holdings = {{market.yes_token, shares("25")}};
    measure(account);
    bench.now += seconds(60);
  };
  for (int i = 0; i < 2; ++i) measure_again();
  EXPECT_TRUE(bench.recorded<HoldingOpened>().empty()) << "nobody knows what they are worth";
  EXPECT_TRUE(bench.ledger.drift().positions.is_zero());
  for (int i = 0; i < 3; ++i) measure_again();
  EXPECT_EQ(bench.recorded<HoldingOpened>().size(), 1U) << "but not for ever";
}

TEST_F(Openings, LeaveOursSellableWhenTheirsAreSold) {
  Order order = bench.order({{kRunner, 1}, 0}).order;
  order.side = Side::Sell;
  order.id = {{kRunner, 3}, 0};
  order.venue_id = fake_identity(order, market)->venue_id;
  order.strategy = external;
  bench.record(external, OrderSubmitted{order});
  bench.record(external, OrderFilled{.fill = {{"theirs"}, order.id},
                                     .instrument = order.instrument,
                                     .side = Side::Sell,
                                     .quantity = shares("25"),
                                     .cash = usd("12.5"),
                                     .liquidity = LiquiditySide::Taker,
                                     .status = FillStatus::Confirmed,
                                     .matched_at = bench.now});
  ASSERT_EQ(of(external), -shares("25"));
  measure_shares("25");
  measure_shares("25");
  EXPECT_EQ(of(external), Quantity{});
  const MarketPosition* position = bench.ledger.portfolio().find(external, market.id);
  EXPECT_TRUE(position->yes.holding().realized.is_zero()) << "sold for what they count as costing";
  EXPECT_EQ(bench.ledger.portfolio().account_quantity({market.id, Outcome::Yes}), shares("25"));
}

TEST_F(Openings, AreNoneWhenTheFirstLookFoundNone) {
  measure_shares("25");
  measure_shares("50");
  measure_shares("50");
  EXPECT_TRUE(bench.recorded<HoldingOpened>().empty());
  EXPECT_EQ(bench.ledger.drift().positions, usd("12.5"));
}

TEST_F(Openings, AreNoneWhenATradeExplainsTheSecondReading) {
  measure_shares("30");
  bench.hold(2, market, "5");
  measure_shares("30");
  measure_shares("30");
  EXPECT_TRUE(bench.recorded<HoldingOpened>().empty());
  EXPECT_TRUE(bench.ledger.drift().positions.is_zero());
}

TEST_F(Openings, AreNoneOfWhatAnEarlierProcessHasCompared) {
  measure_shares("25");
  restart();
  measure_shares("50");
  measure_shares("50");
  EXPECT_TRUE(bench.recorded<HoldingOpened>().empty());
  EXPECT_EQ(bench.ledger.drift().positions, usd("12.5"));
}

TEST_F(Openings, AreBookedThoughARestartCameBetweenTheReadings) {
  measure_shares("50");
  restart();
  measure_shares("50");
  EXPECT_TRUE(bench.recorded<HoldingOpened>().empty());
  measure_shares("50");
  EXPECT_EQ(bench.recorded<HoldingOpened>().size(), 1U);
  EXPECT_TRUE(bench.ledger.drift().positions.is_zero());
}

TEST_F(Openings, AreLookedForInEveryKnownMarket) {
  const Market other = make_market(2);
  bench.record(MarketRecorded{other});
  const std::vector<TokenId> tokens = balances->next_tokens(bench.ledger);
  for (const TokenId& token : {market.yes_token, market.no_token, other.yes_token, other.no_token})
    EXPECT_EQ(std::count(tokens.begin(), tokens.end(), token), 1);
}

}  // namespace
}  // namespace polybot::order_manager::test
