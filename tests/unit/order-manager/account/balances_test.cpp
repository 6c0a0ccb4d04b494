#include "services/order-manager/core/account/balances.hpp"

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
  Balances balances{bench.settings, quotes};
  const Market market = make_market(1);

  BalancesAlone() { bench.record(MarketRecorded{market}); }
  VenueAccount reading(const char* collateral) const {
    VenueAccount account;
    account.collateral = usd(collateral);
    account.read_at = bench.now;
    return account;
  }
  void measure(const VenueAccount& account) {
    Turn turn = bench.turn();
    balances.measure(turn, account, settlements);
  }
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
  measure(reading("990"));
  measure(reading("990"));
  const auto drift = bench.recorded<DriftMeasured>();
  ASSERT_EQ(drift.size(), 1U);
  EXPECT_EQ(drift.front().cash, usd("-10"));
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

}  // namespace
}  // namespace polybot::order_manager::test
