#include "services/strategy-runner/core/market_table.hpp"

#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

class MarketTableTest : public testing::Test {
 protected:
  domain::Timestamp now = domain::from_unix_ms(1'000'000);
  MarketTable table{3s};
  const domain::MarketId id = market_id(1);

  void load(bool stale = false) {
    table.load({.market = id,
                .bids = {level(40, 10)},
                .asks = {level(45, 10)},
                .stale = stale,
                .stamped_at = now});
  }
  void SetUp() override { table.define(make_market(1, 1, 2), now); }
};

TEST_F(MarketTableTest, HandsOutNoBookBeforeItsFirstSnapshot) {
  EXPECT_EQ(table.usable_book(id, now), nullptr);
  table.apply({.market = id,
               .changes = {{domain::BookSide::Bid, cents(40), shares(1)}},
               .stamped_at = now});
  EXPECT_EQ(table.usable_book(id, now), nullptr);
  load();
  EXPECT_NE(table.usable_book(id, now), nullptr);
}

TEST_F(MarketTableTest, HandsOutNoBookThatTheGatewayDistrusts) {
  load();
  table.mark_stale(id);
  EXPECT_EQ(table.usable_book(id, now), nullptr);
  load(true);
  EXPECT_EQ(table.usable_book(id, now), nullptr);
  load(false);
  EXPECT_NE(table.usable_book(id, now), nullptr);
}

TEST_F(MarketTableTest, HandsOutNoOldBook) {
  load();
  EXPECT_NE(table.usable_book(id, now + 3s), nullptr);
  EXPECT_EQ(table.usable_book(id, now + 3s + 1ns), nullptr);
}

TEST_F(MarketTableTest, HandsOutNoBookOfTheFuture) {
  load();
  EXPECT_NE(table.usable_book(id, now - 1s), nullptr) << "clocks need not agree to the last digit";
  EXPECT_EQ(table.usable_book(id, now - 1s - 1ns), nullptr);
}

TEST_F(MarketTableTest, HandsOutNoCrossedBook) {
  load();
  table.apply({.market = id,
               .changes = {{domain::BookSide::Bid, cents(46), shares(1)}},
               .stamped_at = now});
  EXPECT_EQ(table.usable_book(id, now), nullptr);
}

TEST_F(MarketTableTest, HandsOutNoBookOfAMarketThatTakesNoOrders) {
  load();
  domain::Market market = make_market(1, 1, 2);
  market.status = domain::MarketStatus::Paused;
  table.define(market, now);
  EXPECT_EQ(table.usable_book(id, now), nullptr);
  market.status = domain::MarketStatus::ReduceOnly;
  table.define(market, now);
  EXPECT_EQ(table.usable_book(id, now), nullptr);
}

// Its end is a hint: what is held there has to be sold while the venue trades.
TEST_F(MarketTableTest, HandsOutTheBookOfAMarketThatTradesPastItsEnd) {
  load();
  domain::Market market = make_market(1, 1, 2);
  market.ends_at = now - 1s;
  table.define(market, now);
  EXPECT_NE(table.usable_book(id, now), nullptr);
}

TEST_F(MarketTableTest, HasNoRoomForMoreMarketsThanItsBound) {
  domain::Market market = make_market(1, 1, 2);
  for (std::size_t n = 0; table.size() < kMarketsMax; ++n) {
    EXPECT_FALSE(table.full());
    market.id.bytes[1] = market.event.bytes[1] = static_cast<std::uint8_t>(n);
    market.id.bytes[2] = market.event.bytes[2] = static_cast<std::uint8_t>(n >> 8);
    table.define(market, now);
  }
  EXPECT_TRUE(table.full());
  market.id.bytes[3] = 0xFF;
  EXPECT_EQ(table.define(market, now), MarketTable::Definition::NoRoom);
  EXPECT_EQ(table.find(market.id), nullptr);
  table.forget_silent(now + kMarketForgottenAfter);
  EXPECT_FALSE(table.full());
}

TEST_F(MarketTableTest, DropsTheBookWhenTheTickChanges) {
  load();
  domain::Market market = make_market(1, 1, 2);
  market.tick = domain::Price::from_raw(10);
  EXPECT_EQ(table.define(market, now), MarketTable::Definition::Changed);
  EXPECT_EQ(table.usable_book(id, now), nullptr);
}

TEST_F(MarketTableTest, IgnoresASnapshotOlderThanATrustedBook) {
  load();
  table.apply({.market = id,
               .changes = {{domain::BookSide::Bid, cents(41), shares(1)}},
               .stamped_at = now + 1s});
  table.load({.market = id, .bids = {level(30, 10)}, .asks = {level(35, 10)}, .stamped_at = now});
  EXPECT_EQ(table.usable_book(id, now + 1s)->book.best_bid()->price, cents(41));
}

// What is distrusted is stamped with the time up to which it was good.
TEST_F(MarketTableTest, DistrustsATrustedBookThatTheGatewayDoes) {
  load();
  table.load({.market = id, .bids = {}, .asks = {}, .stale = true, .stamped_at = now - 1s});
  EXPECT_EQ(table.usable_book(id, now), nullptr);
}

TEST_F(MarketTableTest, TellsABookThatChangesNothing) {
  using Loaded = MarketTable::Loaded;
  const auto loaded = [&](std::int64_t ask, bool stale) {
    now += 1s;
    return table.load({.market = id,
                       .bids = {level(40, 10)},
                       .asks = {level(ask + 1, 10), level(ask, 10)},
                       .stale = stale,
                       .stamped_at = now});
  };
  EXPECT_EQ(loaded(45, false), Loaded::Changed);
  EXPECT_EQ(loaded(45, false), Loaded::Unchanged);
  EXPECT_EQ(table.any_book(id)->as_of, now) << "it is vouched for again";
  EXPECT_EQ(loaded(44, false), Loaded::Changed);
  EXPECT_EQ(loaded(44, true), Loaded::Changed);
  EXPECT_EQ(loaded(44, true), Loaded::Unchanged);
  EXPECT_EQ(loaded(44, false), Loaded::Changed);
  EXPECT_EQ(table.load({.market = market_id(9)}), Loaded::UnknownMarket);
}

TEST_F(MarketTableTest, TellsOnceWhichTrustedBooksHaveAged) {
  const std::vector one{id};
  EXPECT_TRUE(table.take_aged(now + 1h).empty()) << "it never had a book";
  load();
  EXPECT_TRUE(table.take_aged(now + 3s).empty());
  now += 2s;
  load();
  EXPECT_TRUE(table.take_aged(now + 3s).empty());
  EXPECT_EQ(table.take_aged(now + 3s + 1ns), one);
  EXPECT_TRUE(table.take_aged(now + 1h).empty());
  now += 10s;
  load();
  table.mark_stale(id);
  EXPECT_TRUE(table.take_aged(now + 1h).empty()) << "it was no longer trusted";
}

TEST_F(MarketTableTest, KeepsABookYoungThatIsVouchedFor) {
  using Vouched = MarketTable::Vouched;
  const auto vouch = [&](domain::Timestamp as_of, std::vector<domain::MarketId> except = {}) {
    std::optional<Vouched> reported;
    table.vouch(domain::shard_of(event_id(1)), {.as_of = as_of, .except = std::move(except)}, now,
                [&](const domain::Market& market, Vouched book) {
                  EXPECT_EQ(market.id, id);
                  reported = book;
                });
    return reported;
  };
  EXPECT_FALSE(vouch(now)) << "it never had a book";
  load();
  now += 2s;
  EXPECT_EQ(vouch(now - 500ms), Vouched::AsBefore);
  EXPECT_EQ(vouch(now - 1s), Vouched::AsBefore) << "makes nothing older";
  EXPECT_FALSE(vouch(now, {id}));
  EXPECT_NE(table.usable_book(id, now + 2500ms), nullptr);
  EXPECT_TRUE(table.take_aged(now + 2500ms).empty());
  EXPECT_EQ(table.take_aged(now + 2500ms + 1ns), std::vector{id});
  now += 10s;
  EXPECT_EQ(vouch(now), Vouched::UsableNow);
  EXPECT_NE(table.usable_book(id, now), nullptr);
  EXPECT_EQ(table.take_aged(now + 3s + 1ns), std::vector{id}) << "it can age again";
  table.mark_stale(id);
  EXPECT_FALSE(vouch(now));
  EXPECT_EQ(table.usable_book(id, now), nullptr);
}

TEST_F(MarketTableTest, StalesAWholeShard) {
  load();
  table.mark_stale(domain::shard_of(event_id(1)));
  EXPECT_EQ(table.usable_book(id, now), nullptr);
  EXPECT_TRUE(table.any_book(id)->stale);
}

TEST_F(MarketTableTest, ListsTheMarketsOfAnEventInOrder) {
  table.define(make_market(7, 1, 2), now);
  table.define(make_market(3, 1, 2), now);
  const auto ids = table.markets_of(event_id(1));
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_F(MarketTableTest, ForgetsMarketsThatAreNoLongerNamed) {
  table.define(make_market(2, 2, 1), now + 4min);
  const auto forgotten = table.forget_silent(now + 6min);
  ASSERT_EQ(forgotten.size(), 1U);
  EXPECT_EQ(forgotten[0].id, id);
  EXPECT_EQ(table.find(id), nullptr);
  EXPECT_TRUE(table.markets_of(event_id(1)).empty());
  EXPECT_NE(table.find(market_id(2)), nullptr);
}

}  // namespace
}  // namespace polybot::strategy_runner
