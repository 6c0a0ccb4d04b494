#include "services/venue-simulator/core/crowd/mirror_feed.hpp"

#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

struct MirrorFeedTest : ::testing::Test {
  Venue venue{ExchangeSettings{.flow_kind = FlowKind::Mirror}};
  MirrorFeed feed{3s};
  domain::Market real;

  MirrorFeedTest() {
    real.id = derived_id<domain::MarketId>(1, IdKind::Market, 1);
    real.event = derived_id<domain::EventGroupId>(1, IdKind::Market, 2);
    real.yes_token = derived_id<domain::TokenId>(1, IdKind::YesToken, 1);
    real.no_token = derived_id<domain::TokenId>(1, IdKind::NoToken, 1);
  }
  // What the feed makes of a message enters the exchange.
  template <class... Message>
  std::size_t hear(const Message&... message) {
    MirrorFeed::Inputs inputs;
    feed.on(message..., inputs);
    return apply(inputs);
  }
  std::size_t apply(const MirrorFeed::Inputs& inputs) {
    for (const Input& input : inputs) venue.on(input);
    return inputs.size();
  }
  std::size_t wait(domain::Duration span) {
    venue.now += span;
    MirrorFeed::Inputs inputs;
    feed.on_time(venue.now, inputs);
    return apply(inputs);
  }
  domain::BookSnapshot book() {
    return {.market = real.id,
            .bids = {{price("0.4"), qty("100")}},
            .asks = {{price("0.45"), qty("80")}},
            .stamped_at = venue.now};
  }
  bool open() {
    const auto market = venue.exchange.engine().find_market(real.id);
    return market && venue.exchange.engine().is_open(*market);
  }
};

TEST_F(MirrorFeedTest, AMarketOpensWithItsBook) {
  hear(real, venue.now);
  EXPECT_FALSE(open());
  hear(book());
  EXPECT_TRUE(open());
  EXPECT_EQ(hear(book()), 0U);  // the same again, as it comes every second
}

TEST_F(MirrorFeedTest, ABookThatNobodyVouchesForIsHalted) {
  hear(real, venue.now);
  hear(book());
  wait(3s);
  EXPECT_TRUE(open());
  wait(1ms);
  EXPECT_FALSE(open());
  hear(book());
  EXPECT_TRUE(open());
}

TEST_F(MirrorFeedTest, WhatIsVouchedForStaysOpen) {
  hear(real, venue.now);
  hear(book());
  for (int i = 0; i < 5; ++i) {
    wait(2s);
    hear(book());
    EXPECT_TRUE(open());
  }
}

TEST_F(MirrorFeedTest, AShardThatIsVouchedForStaysOpen) {
  hear(real, venue.now);
  hear(book());
  const domain::Shard shard = domain::shard_of(real.event);
  for (int i = 0; i < 5; ++i) {
    wait(2s);
    feed.on(shard, {.as_of = venue.now, .except = {}});
    EXPECT_TRUE(open());
  }
  wait(2s);
  feed.on({static_cast<std::uint8_t>((shard.value + 1) % domain::kShards)},
          {.as_of = venue.now, .except = {}});
  feed.on(shard, {.as_of = venue.now, .except = {real.id}});
  wait(1001ms);
  EXPECT_FALSE(open());
  feed.on(shard, {.as_of = venue.now, .except = {}});
  EXPECT_FALSE(open()) << "it waits for its book";
}

TEST_F(MirrorFeedTest, AStaleBookAndAGapHalt) {
  hear(real, venue.now);
  hear(book());
  hear(domain::BookStale{real.id, venue.now});
  EXPECT_FALSE(open());
  // Changes do not join up with it.
  EXPECT_EQ(hear(domain::BookDelta{.market = real.id,
                                   .changes = {{BookSide::Bid, price("0.41"), qty("5")}},
                                   .stamped_at = venue.now}),
            0U);
  hear(book());
  EXPECT_TRUE(open());
  MirrorFeed::Inputs inputs;
  feed.on_gap(domain::shard_of(real.event), inputs);
  apply(inputs);
  EXPECT_FALSE(open());
}

TEST_F(MirrorFeedTest, AnOlderStampIsNewsThatAgesNothing) {
  hear(real, venue.now);
  hear(book());
  const Timestamp behind = venue.now - 2s;
  hear(domain::BookDelta{.market = real.id,
                         .changes = {{BookSide::Ask, price("0.45"), qty("30")}},
                         .stamped_at = behind});
  domain::BookSnapshot news = book();
  news.bids.clear();
  news.stamped_at = behind;
  hear(news);
  const MatchingEngine& engine = venue.exchange.engine();
  EXPECT_FALSE(engine.best(*engine.find_market(real.id), BookSide::Bid));
  wait(3s);
  EXPECT_TRUE(open());
  wait(1ms);
  EXPECT_FALSE(open());
}

TEST_F(MirrorFeedTest, ChangesAndTradesReachTheBook) {
  hear(real, venue.now);
  hear(book());
  hear(domain::BookDelta{.market = real.id,
                         .changes = {{BookSide::Ask, price("0.45"), qty("30")},
                                     {BookSide::Bid, price("0.41"), qty("5")}},
                         .stamped_at = venue.now});
  const MatchingEngine& engine = venue.exchange.engine();
  const MarketNo market = *engine.find_market(real.id);
  EXPECT_EQ(engine.quantity_at(market, BookSide::Ask, price("0.45")), qty("30"));
  EXPECT_EQ(engine.best(market, BookSide::Bid)->price, price("0.41"));
  const AccountId alice = venue.open(1);
  const NewOrder maker = venue.order(market, Outcome::Yes, Side::Buy, "0.42", "6");
  venue.submit(alice, maker);
  hear(domain::TradeTick{.market = real.id,
                         .aggressor = Side::Sell,
                         .price = price("0.41"),
                         .quantity = qty("6"),
                         .stamped_at = venue.now});
  EXPECT_FALSE(engine.open_order(maker.id));
}

TEST_F(MirrorFeedTest, AResultWithoutAMarketIsNoMarket) {
  real.status = domain::MarketStatus::Resolved;
  hear(real, venue.now);
  EXPECT_FALSE(venue.exchange.engine().find_market(real.id));
  EXPECT_EQ(feed.count().markets, 0U);
  wait(6min);
  EXPECT_EQ(feed.find(real.id), nullptr);
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
