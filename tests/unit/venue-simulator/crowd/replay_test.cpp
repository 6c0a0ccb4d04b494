#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

struct ReplayTest : ::testing::Test {
  Venue venue{ExchangeSettings{.flow_kind = FlowKind::Replay}};
  AccountId alice = venue.open(1);
  domain::TokenId yes;
  domain::TokenId no;
  MarketNo market;
  std::uint64_t frame = 0;

  ReplayTest() {
    domain::Market listed;
    listed.id = derived_id<domain::MarketId>(1, IdKind::Market, 1);
    listed.yes_token = yes = derived_id<domain::TokenId>(1, IdKind::YesToken, 1);
    listed.no_token = no = derived_id<domain::TokenId>(1, IdKind::NoToken, 1);
    venue.on(ListRecordedMarket{listed});
    market = *venue.exchange.engine().find_market(listed.id);
    play({RecordedBook{yes,
                       {{price("0.4"), qty("100")}, {price("0.39"), qty("50")}},
                       {{price("0.45"), qty("80")}, {price("0.46"), qty("60")}}}});
  }
  void play(std::vector<RecordedEvent> events) {
    venue.now += 20ms;
    venue.on(PlayFrames{frame++, 1, std::move(events)});
  }
  RecordedChange change(Side side, const char* at, const char* total) {
    return {yes, side, price(at), qty(total)};
  }
  RecordedTrade trade(Side side, const char* at, const char* quantity) {
    return {yes, side, price(at), qty(quantity)};
  }
  Quantity matched(const domain::VenueOrderId& id) {
    for (const OrderTruth& order : venue.exchange.engine().orders(0, 100)) {
      if (order.id == id) return order.matched;
    }
    return {};
  }
};

TEST_F(ReplayTest, ATakerWalksTheVisibleDepth) {
  const auto answer =
      venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.46", "100", TimeInForce::Fak);
  EXPECT_EQ(answer.taking, money("100"));
  EXPECT_EQ(answer.making, money("36") + money("9.2"));
}

TEST_F(ReplayTest, WhatWasTakenStaysTakenUntilMoreIsShown) {
  venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.45", "80", TimeInForce::Fak);
  EXPECT_EQ(rejection(venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.45", "10",
                                   TimeInForce::Fak)),
            RejectReason::NotFilled);
  play({change(Side::Sell, "0.45", "95")});
  EXPECT_EQ(venue.exchange.engine().quantity_at(market, BookSide::Ask, price("0.45")), qty("15"));
}

TEST_F(ReplayTest, AMakerWaitsBehindTheQuantityDisplayedWhenItCame) {
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10");
  venue.submit(alice, order);
  play({trade(Side::Sell, "0.40", "60")});
  EXPECT_EQ(matched(order.id), Quantity{});
  play({change(Side::Buy, "0.40", "40")});  // the same trade again, as a decrease
  play({trade(Side::Sell, "0.40", "45")});
  EXPECT_EQ(matched(order.id), qty("5"));
  play({trade(Side::Sell, "0.40", "45")});
  EXPECT_EQ(matched(order.id), qty("10"));
}

TEST_F(ReplayTest, DecreasesOfTheLevelMoveAMakerForward) {
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10");
  venue.submit(alice, order);
  play({change(Side::Buy, "0.40", "20")});
  venue.advance(2s);
  play({trade(Side::Sell, "0.40", "25")});
  EXPECT_EQ(matched(order.id), qty("5"));
}

TEST_F(ReplayTest, ADecreaseReportedBeforeItsTradeCountsOnce) {
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "10");
  venue.submit(alice, order);
  play({change(Side::Buy, "0.40", "30")});
  play({trade(Side::Sell, "0.40", "70")});
  EXPECT_EQ(matched(order.id), Quantity{});
  EXPECT_EQ(venue.exchange.engine().quantity_at(market, BookSide::Bid, price("0.40")), qty("40"));
}

TEST_F(ReplayTest, AMakerInFrontIsFilledWhenTheDecreaseCameFirst) {
  play({change(Side::Buy, "0.41", "0")});
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.41", "10");
  venue.submit(alice, order);
  play({change(Side::Buy, "0.41", "50")});
  play({change(Side::Buy, "0.41", "20")});
  play({trade(Side::Sell, "0.41", "30")});
  EXPECT_EQ(matched(order.id), qty("10"));
}

TEST_F(ReplayTest, ATradeThroughTheBetterPriceFillsTheMaker) {
  const NewOrder order = venue.order(market, Outcome::Yes, Side::Buy, "0.42", "10");
  venue.submit(alice, order);
  play({trade(Side::Sell, "0.40", "25")});
  EXPECT_EQ(matched(order.id), qty("10"));
}

TEST_F(ReplayTest, TheMirroredTokenIsNotCountedTwice) {
  play({RecordedChange{no, Side::Buy, price("0.55"), qty("500")}});
  EXPECT_EQ(venue.exchange.engine().quantity_at(market, BookSide::Ask, price("0.45")), qty("80"));
  play({RecordedTrade{no, Side::Sell, price("0.55"), qty("10")}});  // a purchase of YES at 0.45
  EXPECT_EQ(venue.exchange.engine().quantity_at(market, BookSide::Ask, price("0.45")), qty("70"));
}

TEST_F(ReplayTest, ADepthThatContradictsNewerDepthIsWithdrawn) {
  play({change(Side::Buy, "0.45", "30")});
  EXPECT_EQ(venue.exchange.engine().best(market, BookSide::Ask)->price, price("0.46"));
  EXPECT_EQ(venue.exchange.engine().best(market, BookSide::Bid)->quantity, qty("30"));
  play({change(Side::Buy, "0.45", "0"), change(Side::Sell, "0.45", "55")});
  EXPECT_EQ(venue.exchange.engine().best(market, BookSide::Ask)->quantity, qty("55"));
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
