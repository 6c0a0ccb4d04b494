#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

using State = domain::SubmitAccepted::State;
using CancelResult = domain::CancelAnswered::Result;

struct Matching : ::testing::Test {
  Venue venue;
  AccountId alice = venue.open(1);
  AccountId bob = venue.open(2);
  MarketNo market = venue.list();
};

TEST_F(Matching, RestsAnOrderThatDoesNotCross) {
  const auto answer = venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.40", "10");
  EXPECT_EQ(accepted(answer).state, State::Live);
  EXPECT_EQ(venue.exchange.engine().best(market, BookSide::Bid)->price, price("0.4"));
  EXPECT_EQ(venue.available(alice), money("996"));
  EXPECT_EQ(venue.cash(alice), money("1000"));
}

TEST_F(Matching, ShowsABuyOfNoAsAnAskForYes) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "10");
  EXPECT_EQ(venue.exchange.engine().best(market, BookSide::Ask)->price, price("0.6"));
  const auto changes = of_type<BookChanged>(venue.out.market);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].best_ask, price("0.6"));
  EXPECT_EQ(changes[0].best_bid, std::nullopt);
}

TEST_F(Matching, MintsAPairForBuyersOfBothOutcomes) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "10");
  const auto answer = venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.65", "10");
  EXPECT_EQ(accepted(answer).state, State::Matched);
  venue.advance(10s);
  EXPECT_EQ(venue.held(alice, market, Outcome::No), qty("10"));
  EXPECT_EQ(venue.held(bob, market, Outcome::Yes), qty("10"));
  EXPECT_EQ(venue.cash(bob), money("994"));
  EXPECT_EQ(venue.exchange.engine().conservation().sets, money("10"));
}

TEST_F(Matching, MergesAPairForSellersOfBothOutcomes) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "10");
  venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.60", "10");
  venue.advance(10s);
  venue.submit(alice, market, Outcome::No, Side::Sell, "0.45", "10");
  const auto answer = venue.submit(bob, market, Outcome::Yes, Side::Sell, "0.50", "10");
  EXPECT_EQ(accepted(answer).state, State::Matched);
  venue.advance(10s);
  EXPECT_EQ(venue.cash(alice), money("1000.5"));
  EXPECT_EQ(venue.cash(bob), money("999.5"));
  EXPECT_EQ(venue.exchange.engine().conservation().sets, money("0"));
}

TEST_F(Matching, FillsTheBetterPriceFirstAndTheOlderOrderFirst) {
  const auto late_cheap = venue.order(market, Outcome::No, Side::Buy, "0.45", "5");
  const auto first = venue.order(market, Outcome::No, Side::Buy, "0.40", "10");
  const auto second = venue.order(market, Outcome::No, Side::Buy, "0.40", "10");
  venue.submit(alice, first);
  venue.submit(bob, second);
  venue.submit(alice, late_cheap);
  const AccountId carol = venue.open(3);
  const auto answer = venue.submit(carol, market, Outcome::Yes, Side::Buy, "0.60", "17");
  EXPECT_EQ(accepted(answer).trades.size(), 2U);
  EXPECT_FALSE(venue.exchange.engine().open_order(late_cheap.id));
  EXPECT_FALSE(venue.exchange.engine().open_order(first.id));
  EXPECT_EQ(venue.exchange.engine().open_order(second.id)->matched, qty("2"));
}

TEST_F(Matching, OneTradeFillsTwoOrdersOfOneAccount) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "10");
  venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.30", "10");
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "5");
  venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.60", "15", TimeInForce::Fak);
  for (const TradeOutput& output : of_type<TradeOutput>(venue.out.account)) {
    if (output.account != alice) continue;
    EXPECT_FALSE(output.trade.we_are_taker);
    ASSERT_EQ(output.trade.makers.size(), 2U);
    EXPECT_TRUE(output.trade.makers[0].ours && output.trade.makers[1].ours);
    EXPECT_EQ(output.trade.makers[0].quantity, qty("10"));
    EXPECT_EQ(output.trade.makers[1].quantity, qty("5"));
    return;
  }
  FAIL() << "the maker got no trade";
}

TEST_F(Matching, AllowsASelfTrade) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "10");
  const auto answer = venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.60", "10");
  EXPECT_EQ(accepted(answer).state, State::Matched);
  venue.advance(10s);
  EXPECT_EQ(venue.cash(alice), money("990"));
}

TEST_F(Matching, FillAndKillTakesWhatIsThereAndCancelsTheRest) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "10");
  const auto answer =
      venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.60", "30", TimeInForce::Fak);
  EXPECT_EQ(accepted(answer).state, State::Matched);
  const OrderOutput last = of_type<OrderOutput>(venue.out.account).back();
  EXPECT_EQ(last.account, bob);
  EXPECT_EQ(last.kind, OrderEventKind::Cancellation);
  EXPECT_EQ(last.update.status, VenueOrderStatus::Canceled);
  EXPECT_EQ(last.update.matched_quantity, qty("10"));
  EXPECT_TRUE(venue.exchange.engine().open_orders(bob).empty());
}

TEST_F(Matching, RefusesFillAndKillWithoutAMatch) {
  const auto answer =
      venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.60", "30", TimeInForce::Fak);
  EXPECT_EQ(rejection(answer), RejectReason::NotFilled);
}

TEST_F(Matching, FillOrKillIsAllOrNothing) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "10");
  EXPECT_EQ(
      rejection(venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.60", "11", TimeInForce::Fok)),
      RejectReason::NotFilled);
  EXPECT_EQ(
      accepted(venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.60", "10", TimeInForce::Fok))
          .state,
      State::Matched);
}

TEST_F(Matching, RefusesAPostOnlyOrderThatCrosses) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.40", "10");
  NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.60", "10");
  order.post_only = true;
  EXPECT_EQ(rejection(venue.submit(bob, order)), RejectReason::Crosses);
  order = venue.order(market, Outcome::Yes, Side::Buy, "0.59", "10");
  order.post_only = true;
  EXPECT_EQ(accepted(venue.submit(bob, order)).state, State::Live);
}

TEST_F(Matching, ExpiresAMinuteBeforeTheStatedTime) {
  NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10", TimeInForce::Gtd);
  order.expiration_s = domain::to_unix_ms(venue.now) / 1000 + 90;
  venue.submit(alice, order);
  venue.advance(29s);
  EXPECT_TRUE(venue.exchange.engine().open_order(order.id));
  venue.advance(1s);
  EXPECT_FALSE(venue.exchange.engine().open_order(order.id));
  EXPECT_EQ(of_type<OrderOutput>(venue.out.account).at(0).update.status, VenueOrderStatus::Expired);
  EXPECT_EQ(venue.available(alice), money("1000"));
  order = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10", TimeInForce::Gtd);
  order.expiration_s = domain::to_unix_ms(venue.now) / 1000 + 60;
  EXPECT_EQ(rejection(venue.submit(alice, order)), RejectReason::Expiration);
}

TEST_F(Matching, ChecksTickSizeMinimumSizeDuplicatesAndBalance) {
  EXPECT_EQ(rejection(venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.405", "10")),
            RejectReason::TickSize);
  EXPECT_EQ(rejection(venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.40", "4.99")),
            RejectReason::BelowMinimum);
  EXPECT_EQ(rejection(venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.40", "2501")),
            RejectReason::Balance);
  EXPECT_EQ(rejection(venue.submit(alice, market, Outcome::Yes, Side::Sell, "0.40", "10")),
            RejectReason::Balance);
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10");
  accepted(venue.submit(alice, order));
  EXPECT_EQ(rejection(venue.submit(alice, order)), RejectReason::Duplicated);
  venue.cancel(alice, order.id);
  EXPECT_EQ(rejection(venue.submit(alice, order)), RejectReason::Duplicated);
  venue.advance(3h);
  EXPECT_EQ(rejection(venue.submit(alice, order)), RejectReason::Duplicated);
}

TEST_F(Matching, RefusesAMarketableOrderBelowOneDollar) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.90", "10");
  EXPECT_EQ(rejection(venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.10", "9.99",
                                   TimeInForce::Fak)),
            RejectReason::BelowMinimum);
  EXPECT_EQ(
      accepted(venue.submit(bob, market, Outcome::Yes, Side::Buy, "0.10", "10", TimeInForce::Fak))
          .state,
      State::Matched);
}

TEST_F(Matching, BoundsAnImmediateBuyByItsCash) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.67", "100");
  NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.33", "30.303", TimeInForce::Fak);
  order.cash = money("10");
  const auto answer = venue.submit(bob, order);
  EXPECT_EQ(answer.taking, money("30.3"));
  EXPECT_EQ(answer.making, money("9.999"));
}

// Reported of the venue: a fill-and-kill buy of 5 at 0.99 got 5.051 shares at 0.98.
TEST_F(Matching, AnImmediateBuySpendsItsCashHoweverManyShares) {
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.50", "60");
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.45", "300");
  NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.55", "100", TimeInForce::Fak);
  order.cash = money("55");
  const auto answer = venue.submit(bob, order);
  EXPECT_EQ(answer.taking, money("105.45"));  // 60 at 0.50, then 45.45 at 0.55
  const OrderOutput last = of_type<OrderOutput>(venue.out.account).back();
  EXPECT_EQ(last.update.status, VenueOrderStatus::Matched);
  venue.advance(10s);
  EXPECT_EQ(venue.held(bob, market, Outcome::Yes), qty("105.45"));
}

TEST_F(Matching, RestingOrdersReserveTheirWorth) {
  venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.50", "1000");
  venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.40", "1000");
  EXPECT_EQ(venue.available(alice), money("100"));
  EXPECT_EQ(rejection(venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.30", "400")),
            RejectReason::Balance);
  venue.on(CancelResting{alice, {}, {}});
  EXPECT_EQ(venue.out.cancels.size(), 2U);
  EXPECT_EQ(venue.available(alice), money("1000"));
}

TEST_F(Matching, SaysWhatBecameOfACancel) {
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10");
  EXPECT_EQ(venue.cancel(alice, order.id).result, CancelResult::NotFound);
  venue.submit(alice, order);
  EXPECT_EQ(venue.cancel(bob, order.id).result, CancelResult::NotFound);
  EXPECT_EQ(venue.cancel(alice, order.id).result, CancelResult::Canceled);
  EXPECT_EQ(venue.cancel(alice, order.id).result, CancelResult::NotFound);
}

TEST(TakerDelay, HoldsAMarketableOrderAndMatchesItAgainstTheBookOfThen) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const AccountId bob = venue.open(2);
  const MarketNo market = venue.list(1, {}, {}, true);
  const NewOrder offer = venue.order(market, Outcome::No, Side::Buy, "0.40", "10");
  venue.submit(alice, offer);
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.62", "10");
  EXPECT_EQ(accepted(venue.submit(bob, order)).state, State::Delayed);
  EXPECT_EQ(venue.cancel(bob, order.id).result, CancelResult::NotCanceled);
  venue.cancel(alice, offer.id);
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.39",
               "4.99");  // below the minimum: refused
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.38", "6");
  venue.advance(150ms);
  const auto rest = venue.exchange.engine().open_order(order.id);
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->matched, qty("6"));
  venue.advance(10s);
  EXPECT_EQ(venue.held(bob, market, Outcome::Yes), qty("6"));
}

TEST(TakerDelay, EndsAFillAndKillThatFindsNothing) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const MarketNo market = venue.list(1, {}, {}, true);
  const auto answer =
      venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.62", "10", TimeInForce::Fak);
  EXPECT_EQ(accepted(answer).state, State::Delayed);
  venue.advance(1s);
  EXPECT_EQ(of_type<OrderOutput>(venue.out.account).at(0).update.status,
            VenueOrderStatus::Unmatched);
  EXPECT_EQ(venue.available(alice), money("1000"));
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
