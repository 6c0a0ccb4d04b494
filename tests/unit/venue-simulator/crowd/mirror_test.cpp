#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

struct MirrorTest : ::testing::Test {
  Venue venue{ExchangeSettings{.flow_kind = FlowKind::Mirror}};
  AccountId alice = venue.open(1);
  domain::Market real;
  MarketNo market;

  MirrorTest() {
    real.id = derived_id<domain::MarketId>(1, IdKind::Market, 1);
    real.yes_token = derived_id<domain::TokenId>(1, IdKind::YesToken, 1);
    real.no_token = derived_id<domain::TokenId>(1, IdKind::NoToken, 1);
    venue.on(ListRecordedMarket{real});
    market = *venue.exchange.engine().find_market(real.id);
  }
  RecordedBook book() {
    return {real.yes_token,
            {{price("0.4"), qty("100")}, {price("0.39"), qty("50")}},
            {{price("0.45"), qty("80")}, {price("0.46"), qty("60")}}};
  }
  void play(std::vector<RecordedEvent> events) {
    venue.now += 20ms;
    venue.on(PlayMirror{std::move(events)});
  }
  RecordedChange change(Side side, const char* at, const char* total) {
    return {real.yes_token, side, price(at), qty(total)};
  }
  RecordedTrade trade(Side side, const char* at, const char* quantity) {
    return {real.yes_token, side, price(at), qty(quantity)};
  }
  SubmitAnswer take(const char* at, const char* quantity) {
    return venue.submit(alice, market, Outcome::Yes, Side::Buy, at, quantity, TimeInForce::Fak);
  }
  Quantity at(BookSide side, const char* where) {
    return venue.exchange.engine().quantity_at(market, side, price(where));
  }
  Quantity matched(const domain::VenueOrderId& id) {
    for (const OrderTruth& order : venue.exchange.engine().orders(0, 100)) {
      if (order.id == id) return order.matched;
    }
    return {};
  }
};

TEST_F(MirrorTest, TakesNoOrdersBeforeItsFirstBook) {
  EXPECT_EQ(rejection(take("0.46", "10")), RejectReason::MarketNotReady);
  play({book()});
  EXPECT_EQ(take("0.46", "100").making, money("36") + money("9.2"));
}

TEST_F(MirrorTest, WhatWasTakenStaysTakenThroughAHalt) {
  play({book()});
  take("0.45", "80");
  venue.on(HaltMirrored{{real.id}});
  play({book()});
  EXPECT_EQ(at(BookSide::Ask, "0.45"), Quantity{});
  play({change(Side::Sell, "0.45", "95")});
  EXPECT_EQ(at(BookSide::Ask, "0.45"), qty("15"));
  play({change(Side::Sell, "0.45", "0")});
  play({change(Side::Sell, "0.45", "95")});
  EXPECT_EQ(at(BookSide::Ask, "0.45"), qty("95"));
}

TEST_F(MirrorTest, NothingFillsWhileItIsHalted) {
  play({book()});
  const NewOrder maker = venue.order(market, Outcome::Yes, Side::Buy, "0.41", "10");
  venue.submit(alice, maker);
  venue.on(HaltMirrored{{real.id}});
  EXPECT_EQ(rejection(take("0.46", "10")), RejectReason::MarketNotReady);
  play({trade(Side::Sell, "0.40", "500"), change(Side::Sell, "0.41", "500")});
  EXPECT_EQ(matched(maker.id), Quantity{});
  EXPECT_EQ(venue.cancel(alice, maker.id).result, domain::CancelAnswered::Result::Canceled);
}

TEST_F(MirrorTest, AHeldOrderDoesNotMatchInAHalt) {
  real.taker_delay = true;
  venue.on(FollowRecordedMarket{real});
  play({book()});
  const NewOrder order =
      venue.order(market, Outcome::Yes, Side::Buy, "0.46", "10", TimeInForce::Fak);
  EXPECT_EQ(accepted(venue.submit(alice, order)).state, domain::SubmitAccepted::State::Delayed);
  venue.on(HaltMirrored{{real.id}});
  venue.advance(1s);
  EXPECT_EQ(matched(order.id), Quantity{});
  EXPECT_EQ(venue.available(alice), money("1000"));
}

TEST_F(MirrorTest, AMakerQueuesBehindWhatIsShown) {
  play({book()});
  const NewOrder maker = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10");
  venue.submit(alice, maker);
  EXPECT_EQ(at(BookSide::Bid, "0.40"), qty("110"));
  play({change(Side::Buy, "0.40", "20")});
  venue.advance(2s);
  play({trade(Side::Sell, "0.40", "25")});
  EXPECT_EQ(matched(maker.id), qty("5"));
}

TEST_F(MirrorTest, AHaltCostsAMakerItsPlace) {
  play({book()});
  const NewOrder maker = venue.order(market, Outcome::Yes, Side::Buy, "0.41", "10");
  venue.submit(alice, maker);
  play({change(Side::Buy, "0.41", "30")});
  venue.on(HaltMirrored{{real.id}});
  RecordedBook again = book();
  again.bids.push_back({price("0.41"), qty("30")});
  play({again});
  play({trade(Side::Sell, "0.41", "30")});
  EXPECT_EQ(matched(maker.id), Quantity{});
  play({trade(Side::Sell, "0.41", "4")});
  EXPECT_EQ(matched(maker.id), qty("4"));
}

TEST_F(MirrorTest, DepthThatComesThroughAMakersPriceFillsItOnce) {
  play({book()});
  const NewOrder maker = venue.order(market, Outcome::Yes, Side::Buy, "0.42", "100");
  venue.submit(alice, maker);
  play({change(Side::Sell, "0.41", "30")});
  EXPECT_EQ(matched(maker.id), qty("30"));
  RecordedBook again = book();
  again.asks.push_back({price("0.41"), qty("30")});
  play({again});
  EXPECT_EQ(matched(maker.id), qty("30"));
}

TEST_F(MirrorTest, ATradeThatTheBookNeverShowsTakesNoDepth) {
  play({book()});
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.55", "10");  // an ask for YES at 0.45
  play({trade(Side::Buy, "0.45", "30")});
  EXPECT_EQ(at(BookSide::Ask, "0.45"), qty("60"));
  venue.advance(2s);
  play({change(Side::Buy, "0.39", "51")});
  EXPECT_EQ(at(BookSide::Ask, "0.45"), qty("90"));
}

TEST_F(MirrorTest, TheFeedAloneTellsTheDepthWhereNoMakerIsMeant) {
  play({book()});
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.54", "10");  // an ask for YES at 0.46
  play({trade(Side::Buy, "0.45", "30")});
  EXPECT_EQ(at(BookSide::Ask, "0.45"), qty("80"));
  play({change(Side::Sell, "0.45", "50")});
  EXPECT_EQ(at(BookSide::Ask, "0.45"), qty("50"));
}

TEST_F(MirrorTest, TheRecordEndsAndPaysTheMarket) {
  play({book()});
  take("0.45", "80");
  venue.advance(10s);
  real.status = domain::MarketStatus::Resolved;
  real.payout = {domain::kPriceOne, {}};
  venue.on(FollowRecordedMarket{real});
  venue.advance(20s);
  EXPECT_EQ(venue.cash(alice), money("1044"));
}

TEST_F(MirrorTest, APauseOfTheVenueNeedsANewBook) {
  play({book()});
  real.status = domain::MarketStatus::Paused;
  venue.on(FollowRecordedMarket{real});
  real.status = domain::MarketStatus::Active;
  venue.on(FollowRecordedMarket{real});
  EXPECT_EQ(rejection(take("0.46", "10")), RejectReason::MarketNotReady);
  play({book()});
  EXPECT_EQ(take("0.45", "10").taking, money("10"));
}

TEST_F(MirrorTest, WakesUpHaltedAndRemembersWhatWasTaken) {
  play({book()});
  take("0.45", "50");
  const std::string state = venue.exchange.save();
  Outputs out;
  Exchange again({.flow_kind = FlowKind::Mirror}, kStart, out);
  ASSERT_TRUE(again.load(state));
  EXPECT_TRUE(again.engine().is_open(market));
  again.on(WakeUp{}, venue.now + 1s, out);
  EXPECT_FALSE(again.engine().is_open(market));
  again.on(PlayMirror{{book()}}, venue.now + 2s, out);
  EXPECT_EQ(again.engine().quantity_at(market, BookSide::Ask, price("0.45")), qty("30"));
}

TEST_F(MirrorTest, ANewPriceGridIsTold) {
  play({book()});
  real.tick = price("0.001");
  venue.on(FollowRecordedMarket{real});
  EXPECT_EQ(of_type<TickSizeChanged>(venue.out.market).size(), 1U);
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
