// What the exchange keeps beside its engine: keys, origins, the tape, notices.
#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

TradePrinted trade_at(Timestamp at, const char* yes_price) {
  TradePrinted trade;
  trade.market = derived_id<domain::MarketId>(7, IdKind::Market, 1);
  trade.price = price(yes_price);
  trade.tick = {trade.market, Side::Buy, price(yes_price), qty("1"), at, at};
  return trade;
}

TEST(KeyRing, KeepsALifeForEachKeyAndRevivesTheSameOne) {
  KeyRing ring;
  const KeyName key{AccountId{3}, KeyKind::Api, 7};
  EXPECT_TRUE(ring.can_create(key));
  ring.create(key, kStart);
  EXPECT_TRUE(ring.active(key));
  EXPECT_FALSE(ring.can_create(key));
  EXPECT_FALSE(ring.active({AccountId{4}, KeyKind::Api, 7}));
  EXPECT_FALSE(ring.active({AccountId{3}, KeyKind::Builder, 7}));
  ring.end(key, kStart + 5s);
  EXPECT_FALSE(ring.active(key));
  EXPECT_EQ(ring.keys(key.account, key.kind).at(0).ended_at, kStart + 5s);
  ring.create(key, kStart + 6s);
  EXPECT_TRUE(ring.active(key));
  EXPECT_EQ(ring.keys(key.account, key.kind).size(), 1U);
}

TEST(KeyRing, CountsOnAndIsBounded) {
  KeyRing ring;
  const AccountId account{1};
  for (std::size_t i = 0; i < kKeysMax; ++i) {
    const KeyName key{account, KeyKind::ReadOnly, ring.next_number(account, KeyKind::ReadOnly)};
    EXPECT_EQ(key.number, i + 1);
    ring.create(key, kStart);
    ring.end(key, kStart);
  }
  const std::uint64_t changes = ring.changes();
  ring.create({account, KeyKind::ReadOnly, kKeysMax + 1}, kStart);
  EXPECT_EQ(ring.changes(), changes);
  EXPECT_EQ(ring.keys(account, KeyKind::ReadOnly).size(), kKeysMax);
  EXPECT_TRUE(ring.can_create({account, KeyKind::ReadOnly, 5}));
}

TEST(OrderOrigins, KeepsWhatIsOutOfTheOrdinary) {
  OrderOrigins origins;
  const auto id = [](std::uint64_t n) {
    return derived_id<domain::VenueOrderId>(1, IdKind::Order, n);
  };
  origins.note({id(1), 0, {}});
  origins.note({id(2), 0, {1}});
  origins.note({id(2), 9, {2}});  // a copy
  EXPECT_EQ(origins.of(id(1)).builder, BuilderCode{});
  EXPECT_EQ(origins.of(id(2)).builder, BuilderCode{1});
  for (std::uint64_t n = 0; n < kOriginsMax; ++n) origins.note({id(10 + n), 5, {}});
  EXPECT_EQ(origins.of(id(2)).builder, BuilderCode{});
  EXPECT_EQ(origins.of(id(9 + kOriginsMax)).key_nonce, 5U);
}

TEST(TradeTape, HasThePriceOfEachMinuteAndTheLatestTrades) {
  TradeTape tape;
  const auto market = trade_at(kStart, "0.5").market;
  EXPECT_TRUE(tape.recent(market).empty());
  tape.add(trade_at(kStart, "0.5"));
  tape.add(trade_at(kStart + 10s, "0.6"));
  tape.add(trade_at(kStart + 70s, "0.7"));
  ASSERT_EQ(tape.history(market).size(), 2U);
  EXPECT_EQ(tape.history(market).at(0).yes_price, price("0.6"));
  EXPECT_EQ(tape.history(market).at(1).at, kStart + 70s);
  for (std::size_t i = 0; i < kRecentTradesMax; ++i) tape.add(trade_at(kStart + 80s, "0.8"));
  EXPECT_EQ(tape.recent(market).size(), kRecentTradesMax);
  EXPECT_EQ(tape.recent(market).front().price, price("0.8"));
  tape.add(trade_at(kStart + 90s, "0.9"));
  tape.end(market);
  ASSERT_EQ(tape.recent(market).size(), 1U);
  EXPECT_EQ(tape.recent(market).front().price, price("0.9"));
  EXPECT_EQ(tape.history(market).size(), 2U);
}

TEST(TradeTape, GrowsCoarserWithAgeAndNotLonger) {
  TradeTape tape;
  const auto market = trade_at(kStart, "0.5").market;
  const int minutes = static_cast<int>(kHistoryPointsMax) * 4;
  for (int i = 0; i < minutes; ++i) tape.add(trade_at(kStart + i * 1min, "0.5"));
  const auto& history = tape.history(market);
  EXPECT_LE(history.size(), kHistoryPointsMax);
  EXPECT_GT(history.size(), kHistoryPointsMax / 2);
  EXPECT_EQ(history.front().at, kStart);
  EXPECT_EQ(history.back().at, kStart + (minutes - 1) * 1min);
  EXPECT_EQ(history.back().at - history[history.size() - 2].at, 1min);
  EXPECT_GT(history[1].at - history[0].at, 1min);
}

// Alice rests, Bob takes half of it, Alice withdraws the rest; then the market ends.
struct ExchangeRecords : ::testing::Test {
  Venue venue;
  AccountId alice = venue.open(1);
  AccountId bob = venue.open(2);
  MarketNo market = venue.list(1, 1h);
  NewOrder resting = venue.order(market, Outcome::Yes, Side::Buy, "0.40", "20");

  std::vector<NoticeKind> kinds(AccountId account) {
    std::vector<NoticeKind> found;
    for (const Notice& notice : venue.exchange.notices().of(account)) found.push_back(notice.kind);
    return found;
  }
  void trade() {
    venue.submit(alice, resting);
    venue.submit(bob, market, Outcome::No, Side::Buy, "0.60", "8", TimeInForce::Fak);
    venue.cancel(alice, resting.id);
  }
};

TEST_F(ExchangeRecords, TellOwnersWhatHappenedToTheirOrdersAndMarkets) {
  trade();
  ASSERT_EQ(kinds(alice), (std::vector{NoticeKind::OrderFilled, NoticeKind::OrderCanceled}));
  EXPECT_EQ(venue.exchange.notices().of(alice).front().matched, qty("8"));
  EXPECT_EQ(kinds(bob), (std::vector{NoticeKind::OrderFilled}));
  venue.advance(2h);
  EXPECT_EQ(kinds(bob).back(), NoticeKind::MarketResolved);
  venue.on(DropNotices{alice, {venue.exchange.notices().of(alice).front().id, 9'999}});
  EXPECT_EQ(kinds(alice), (std::vector{NoticeKind::OrderCanceled, NoticeKind::MarketResolved}));
}

TEST_F(ExchangeRecords, TapeTheTradesOfOutsiders) {
  trade();
  const auto& recent =
      venue.exchange.tape().recent(venue.exchange.engine().listing(market)->market.id);
  ASSERT_EQ(recent.size(), 1U);
  EXPECT_EQ(recent.front().taker, bob);
  EXPECT_EQ(recent.front().price, price("0.60"));
  EXPECT_EQ(recent.front().token, venue.token(market, Outcome::No));
}

TEST_F(ExchangeRecords, AreTheSameAfterASaveAndALoad) {
  venue.on(CreateKey{{alice, KeyKind::Api, 4}});
  venue.on(NoteOrigins{{{resting.id, 4, {9}}}});
  venue.on(ReadChain{{alice, 1, {}}});
  trade();
  Outputs out;
  Exchange again({.flow_kind = FlowKind::None}, kStart, out);
  ASSERT_TRUE(again.load(venue.exchange.save()));
  EXPECT_TRUE(again.key_ring().active({alice, KeyKind::Api, 4}));
  EXPECT_FALSE(again.key_ring().active({alice, KeyKind::Api, 0}));
  EXPECT_EQ(again.origins().of(resting.id).builder, BuilderCode{9});
  EXPECT_EQ(again.notices().of(alice).size(), 2U);
  EXPECT_TRUE(again.chain_copies().has({alice, 1, {}}));
  EXPECT_FALSE(again.chain_copies().has({alice, 0, {}}));
  EXPECT_EQ(again.save(), venue.exchange.save());
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
