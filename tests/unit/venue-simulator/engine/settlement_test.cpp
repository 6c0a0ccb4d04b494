#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

struct Settlement : ::testing::Test {
  Venue venue;
  AccountId alice = venue.open(1);
  AccountId bob = venue.open(2);

  void trade(MarketNo market) {
    venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "10");
    venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.60", "10");
  }
  // Statuses of the first trade as one account hears them, until nothing more is due.
  std::vector<std::pair<VenueTradeStatus, domain::Duration>> follow(AccountId account) {
    std::vector<std::pair<VenueTradeStatus, domain::Duration>> seen;
    const Timestamp begin = venue.now;
    for (int i = 0; i < 200; ++i) {
      for (const auto& output : of_type<TradeOutput>(venue.out.account)) {
        if (output.account == account) seen.emplace_back(output.trade.status, venue.now - begin);
      }
      venue.advance(100ms);
    }
    return seen;
  }
};

TEST_F(Settlement, GoesFromMatchedOverMinedToConfirmedInTwoToFiveSeconds) {
  const MarketNo market = venue.list();
  trade(market);
  const auto seen = follow(bob);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].first, VenueTradeStatus::Matched);
  EXPECT_EQ(seen[1].first, VenueTradeStatus::Mined);
  EXPECT_EQ(seen[2].first, VenueTradeStatus::Confirmed);
  EXPECT_GE(seen[1].second, 2s);
  EXPECT_LE(seen[2].second, 5100ms);
}

TEST_F(Settlement, MovesBalancesAtMinedAndNotBefore) {
  const MarketNo market = venue.list();
  trade(market);
  EXPECT_EQ(venue.cash(bob), money("1000"));
  EXPECT_EQ(venue.available(bob), money("994"));
  EXPECT_EQ(rejection(venue.submit(bob, market, Outcome::Yes, Side::Sell, "0.90", "10")),
            RejectReason::Balance);
  venue.advance(5s);
  EXPECT_EQ(venue.cash(bob), money("994"));
  accepted(venue.submit(bob, market, Outcome::Yes, Side::Sell, "0.90", "10"));
}

TEST_F(Settlement, SpendsProceedsOnlyOnceMined) {
  const MarketNo market = venue.list();
  trade(market);
  venue.advance(5s);
  venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.70", "10");
  const Money before = venue.available(bob);
  venue.submit(bob, market, Outcome::Yes, Side::Sell, "0.70", "10", TimeInForce::Fak);
  EXPECT_EQ(venue.available(bob), before);
  venue.advance(5s);
  EXPECT_EQ(venue.available(bob), before + money("7"));
}

TEST_F(Settlement, ChargesTheTakerAlone) {
  const MarketNo market = venue.list(1, {}, {40'000, 1});
  trade(market);
  venue.advance(5s);
  EXPECT_EQ(venue.cash(alice), money("996"));
  EXPECT_EQ(venue.cash(bob), money("1000") - money("6") - money("0.096"));
  EXPECT_EQ(venue.exchange.engine().conservation().fees, money("0.096"));
}

TEST_F(Settlement, PaysMakersARebateAfterTheDay) {
  const MarketNo market = venue.list(1, {}, {40'000, 1});
  trade(market);
  venue.advance(5s);
  const MatchingEngine& engine = venue.exchange.engine();
  const domain::UtcDate today = domain::utc_date(venue.now);
  EXPECT_TRUE(engine.rebates(alice, today).empty()) << "the day is not over";
  const Money before = venue.cash(alice);
  venue.advance(24h);
  const Money rebate = money("0.0192");  // a fifth of the taker's fee
  EXPECT_EQ(venue.cash(alice), before + rebate);
  EXPECT_EQ(engine.conservation().fees, money("0.096") - rebate);
  const auto paid = engine.rebates(alice, today);
  ASSERT_EQ(paid.size(), 1U);
  EXPECT_EQ(paid.begin()->second, rebate);
  EXPECT_TRUE(engine.rebates(bob, today).empty()) << "takers get none";
  venue.advance(24h);
  EXPECT_EQ(venue.cash(alice), before + rebate) << "once";
}

TEST_F(Settlement, AFailedTradeLeavesNoTrace) {
  const MarketNo market = venue.list();
  venue.on(SetFault{Fault::TradeFailed, {}});
  trade(market);
  const auto seen = follow(alice);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[1].first, VenueTradeStatus::Retrying);
  EXPECT_EQ(seen[2].first, VenueTradeStatus::Failed);
  EXPECT_EQ(venue.available(alice), money("1000"));
  EXPECT_EQ(venue.available(bob), money("1000"));
  EXPECT_EQ(venue.held(bob, market, Outcome::Yes), Quantity{});
}

TEST_F(Settlement, AStuckTradeStaysMatchedUntilTheFaultEnds) {
  const MarketNo market = venue.list();
  venue.on(SetFault{Fault::TradeStuck, {}});
  trade(market);
  venue.advance(1h);
  ASSERT_EQ(venue.exchange.engine().trades(0, 10).size(), 1U);
  EXPECT_EQ(venue.exchange.engine().trades(0, 10)[0].status, VenueTradeStatus::Matched);
  EXPECT_EQ(rejection(venue.submit(bob, market, Outcome::Yes, Side::Sell, "0.50", "10")),
            RejectReason::Balance);
  venue.on(ClearFault{Fault::TradeStuck});
  venue.advance(5s);
  EXPECT_EQ(venue.exchange.engine().trades(0, 10)[0].status, VenueTradeStatus::Confirmed);
}

TEST_F(Settlement, CancelsAtTheEndPaysAfterTheResolutionAndForgets) {
  const MarketNo market = venue.list(1, 30s);
  trade(market);
  venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.10", "10");
  venue.exchange.engine().set_payout(market, {price("1"), price("0")});
  venue.advance(30s);
  EXPECT_FALSE(venue.exchange.engine().is_open(market));
  EXPECT_EQ(of_type<MarketClosed>(venue.out.market).size(), 1U);
  EXPECT_TRUE(venue.exchange.engine().open_orders(bob).empty());
  EXPECT_EQ(rejection(venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.10", "10")),
            RejectReason::MarketNotReady);
  venue.advance(20s);
  EXPECT_EQ(of_type<MarketResolved>(venue.out.market).at(0).payout.yes, price("1"));
  EXPECT_EQ(venue.cash(bob), money("994"));
  venue.advance(8s);
  EXPECT_EQ(venue.cash(bob), money("1004"));
  EXPECT_EQ(venue.cash(alice), money("996"));
  EXPECT_EQ(venue.exchange.engine().listing(market)->market.status, domain::MarketStatus::Resolved);
}

TEST_F(Settlement, PaysOneHalfEachWithoutADecision) {
  const MarketNo market = venue.list(1, 30s);
  trade(market);
  venue.advance(60s);
  EXPECT_EQ(venue.cash(bob), money("999"));
  EXPECT_EQ(venue.cash(alice), money("1001"));
}

TEST_F(Settlement, MovesFinishedOrdersAndTradesOutOfMemory) {
  const MarketNo market = venue.list();
  trade(market);
  venue.advance(1h);
  const auto archived = venue.exchange.engine().take_archived();
  EXPECT_EQ(archived.orders.size(), 2U);
  EXPECT_EQ(archived.trades.size(), 1U);
  EXPECT_EQ(venue.exchange.engine().forgotten().orders, 2U);
  EXPECT_EQ(venue.exchange.engine().totals(bob).bought, money("6"));
  EXPECT_EQ(venue.exchange.engine().totals(bob).fills_confirmed, 1U);
  EXPECT_EQ(venue.exchange.engine().totals(alice).orders_matched, 1U);
  EXPECT_TRUE(venue.exchange.engine().orders(0, 100).empty());
}

// Otherwise a venue that runs for months would grow with every order.
TEST_F(Settlement, ForgetsTheOrdersOfAClosedMarket) {
  const auto size_after = [](int orders) {
    Venue other;
    const AccountId account = other.open(1);
    const MarketNo market = other.list(1, 30s);
    for (int i = 0; i < orders; ++i) {
      const NewOrder order = other.order(market, Outcome::Yes, Side::Buy, "0.40", "10");
      accepted(other.submit(account, order));
      other.cancel(account, order.id);
    }
    other.advance(2h);
    const auto archived = other.exchange.engine().take_archived();
    EXPECT_EQ(archived.orders.size(), static_cast<std::size_t>(orders));
    return other.exchange.save().size();
  };
  // Notices are kept, but no more than so many.
  constexpr int kEnough = static_cast<int>(kNoticesMax) + 1;
  EXPECT_EQ(size_after(kEnough), size_after(kEnough + 50));
}

TEST(Faults, RejectRefusesOrders) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const MarketNo market = venue.list();
  venue.on(SetFault{Fault::Reject, {.count = 1}});
  EXPECT_EQ(rejection(venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.40", "10")),
            RejectReason::MarketNotReady);
  accepted(venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.40", "10"));
}

TEST(Faults, LegMissRefusesTheLastOfABatchOrOneMarket) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const MarketNo one = venue.list(1);
  const MarketNo two = venue.list(2);
  venue.on(SetFault{Fault::LegMiss, {}});
  venue.on(SubmitOrders{alice,
                        {venue.order(one, Outcome::Yes, Side::Buy, "0.40", "10"),
                         venue.order(two, Outcome::Yes, Side::Buy, "0.40", "10")}});
  EXPECT_EQ(rejection(venue.out.submits.at(0)), std::nullopt);
  EXPECT_EQ(rejection(venue.out.submits.at(1)), RejectReason::NotFilled);
  venue.on(SetFault{Fault::LegMiss, {.market = venue.exchange.engine().listing(one)->market.id}});
  venue.on(SubmitOrders{alice,
                        {venue.order(one, Outcome::Yes, Side::Buy, "0.40", "10"),
                         venue.order(two, Outcome::Yes, Side::Buy, "0.40", "10")}});
  EXPECT_EQ(rejection(venue.out.submits.at(0)), RejectReason::NotFilled);
  EXPECT_EQ(rejection(venue.out.submits.at(1)), std::nullopt);
}

TEST(Faults, LateFillFillsACanceledOrder) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const MarketNo market = venue.list();
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10");
  venue.submit(alice, order);
  venue.on(SetFault{Fault::LateFill, {.delay = 3s}});
  EXPECT_EQ(venue.cancel(alice, order.id).result, domain::CancelAnswered::Result::Canceled);
  EXPECT_TRUE(venue.exchange.engine().open_orders(alice).empty());
  venue.advance(3s);
  ASSERT_EQ(of_type<TradeOutput>(venue.out.account).size(), 1U);
  EXPECT_EQ(of_type<TradeOutput>(venue.out.account)[0].trade.makers.at(0).order, order.id);
  venue.advance(5s);
  EXPECT_EQ(venue.held(alice, market, Outcome::Yes), qty("10"));
  EXPECT_EQ(venue.cash(alice), money("996"));
}

TEST(Faults, ExecutesLateWhatWasSubmittedForLater) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const MarketNo market = venue.list();
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10");
  venue.on(SubmitLater{alice, {order}, venue.now + 15s});
  EXPECT_EQ(venue.cancel(alice, order.id).result, domain::CancelAnswered::Result::NotFound);
  venue.advance(14s);
  EXPECT_FALSE(venue.exchange.engine().open_order(order.id));
  venue.advance(1s);
  EXPECT_TRUE(venue.exchange.engine().open_order(order.id));
}

TEST(Faults, VenueDriftMovesCashAndBack) {
  Venue venue;
  const AccountId alice = venue.open(1);
  venue.on(SetFault{Fault::VenueDrift, {.amount = money("-5")}});
  EXPECT_EQ(venue.cash(alice), money("995"));
  venue.on(ClearFault{Fault::VenueDrift});
  EXPECT_EQ(venue.cash(alice), money("1000"));
  venue.on(SetFault{Fault::VenueDrift, {.duration = 2s, .amount = money("7")}});
  venue.advance(1s);
  EXPECT_EQ(venue.cash(alice), money("1007"));
  venue.advance(1s);
  EXPECT_EQ(venue.cash(alice), money("1000"));
}

TEST(Faults, PastEndLetsAMarketTradeOnAndResolveLater) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const MarketNo market = venue.list(1, 30s);
  venue.on(SetFault{Fault::PastEnd, {.duration = 90s}});
  venue.advance(60s);
  EXPECT_TRUE(venue.exchange.engine().is_open(market));
  accepted(venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.40", "10"));
  venue.advance(31s);
  EXPECT_FALSE(venue.exchange.engine().is_open(market));
  venue.advance(3s);
  EXPECT_EQ(venue.exchange.engine().listing(market)->market.status, domain::MarketStatus::Resolved);
}

TEST(Faults, FeeChangeChargesAnotherRateFromNowOn) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const AccountId bob = venue.open(2);
  const MarketNo market = venue.list();
  venue.on(SetFault{Fault::FeeChange, {.size = price("0.05")}});
  EXPECT_EQ(venue.exchange.engine().listing(market)->market.fee.rate_ppm, 50'000);
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.50", "10");
  venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.50", "10", TimeInForce::Fak);
  venue.advance(10s);
  EXPECT_EQ(venue.cash(bob), money("1000") - money("5") - money("0.125"));
}

TEST(Faults, SurplusSharesMeetABuyCheaperThanTheBook) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const AccountId bob = venue.open(2);
  const MarketNo market = venue.list();
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.45", "300");
  venue.on(SetFault{Fault::SurplusShares, {}});
  NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.55", "100", TimeInForce::Fak);
  order.cash = money("55");
  const SubmitAnswer answer = venue.submit(bob, order);
  accepted(answer);
  EXPECT_GT(answer.taking, money("100"));
  EXPECT_LE(answer.making, money("55"));
  EXPECT_EQ(venue.exchange.engine().best(market, BookSide::Ask)->price, price("0.55"));
  venue.advance(10s);
  EXPECT_EQ(venue.exchange.engine().totals(bob).orders_matched, 1U);
}

TEST(Faults, AreOnAgainAfterARestart) {
  Venue venue;
  venue.on(SetFault{Fault::VenueDown, {}});
  venue.on(SetFault{Fault::RegionBlock, {.count = 3}});
  Venue other;
  ASSERT_TRUE(other.exchange.load(venue.exchange.save()));
  EXPECT_NE(other.exchange.faults().active(Fault::VenueDown, venue.now), nullptr);
  ASSERT_NE(other.exchange.faults().active(Fault::RegionBlock, venue.now), nullptr);
  EXPECT_EQ(other.exchange.faults().active(Fault::RegionBlock, venue.now)->count, 3);
}

TEST(Faults, HaveNamesThatParse) {
  for (const Fault fault : domain::kEnumerators<Fault>)
    EXPECT_EQ(parse_fault(to_string(fault)), fault);
  EXPECT_EQ(parse_fault("no-such-fault"), std::nullopt);
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
