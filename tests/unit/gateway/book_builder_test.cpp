#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {
namespace {

using domain::BookDelta;
using domain::BookSnapshot;
using domain::BookStale;
using domain::TradeTick;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class BookBuilderTest : public testing::Test {
 protected:
  BookBuilderTest() { builder.track(market_id(1), yes_of(1), no_of(1), cents(1)); }

  // 40 @ 10 bid, 45 @ 20 ask
  void snapshot(SnapshotSource source = SnapshotSource::Socket, std::int64_t venue_ms = 0) {
    const std::vector<domain::Level> bids = {level(38, 5), level(40, 10)};
    const std::vector<domain::Level> asks = {level(50, 7), level(45, 20)};
    builder.on(TokenBook{.token = yes_of(1),
                         .bids = bids,
                         .asks = asks,
                         .tick = cents(1),
                         .last = {},
                         .venue_at = at(venue_ms)},
               source, at(venue_ms), out);
  }
  TokenChange yes(Side side, std::int64_t price, std::int64_t quantity,
                  std::optional<std::int64_t> bid, std::optional<std::int64_t> ask) const {
    return {.token = yes_of(1),
            .side = side,
            .price = cents(price),
            .quantity = shares(quantity),
            .has_best = true,
            .best_bid = bid ? std::optional(cents(*bid)) : std::nullopt,
            .best_ask = ask ? std::optional(cents(*ask)) : std::nullopt};
  }
  TokenChange no(Side side, std::int64_t price, std::int64_t quantity, std::int64_t bid,
                 std::int64_t ask) const {
    TokenChange change = yes(side, price, quantity, bid, ask);
    change.token = no_of(1);
    return change;
  }
  void change(std::int64_t venue_ms, std::vector<TokenChange> changes) {
    builder.on(TokenChanges{.changes = changes, .venue_at = at(venue_ms)}, at(venue_ms), out);
  }
  [[nodiscard]] BookBuilder::View book() const { return *builder.find(market_id(1)); }
  template <class T>
  [[nodiscard]] std::vector<T> told() const {
    std::vector<T> result;
    for (const BookUpdate& update : out.updates) {
      if (const T* one = std::get_if<T>(&update)) result.push_back(*one);
    }
    return result;
  }
  [[nodiscard]] std::vector<ResyncReason> reasons() const {
    std::vector<ResyncReason> result;
    for (const Resync& resync : out.resyncs) result.push_back(resync.reason);
    return result;
  }

  BookBuilder builder;
  BookUpdates out;
};

TEST_F(BookBuilderTest, AwaitsItsFirstSnapshot) {
  EXPECT_EQ(book().trust, BookTrust::Awaiting);
  EXPECT_EQ(builder.stale_count(), 1U);
  snapshot();
  EXPECT_TRUE(book().fresh());
  EXPECT_EQ(book().book->best_bid(), level(40, 10));
  EXPECT_EQ(book().book->best_ask(), level(45, 20));
  EXPECT_THAT(told<BookSnapshot>(), SizeIs(1));
  EXPECT_EQ(builder.stale_count(), 0U);
}

TEST_F(BookBuilderTest, AppliesAChangeAndTellsIt) {
  snapshot();
  change(1, {yes(Side::Buy, 41, 3, 41, 45)});
  EXPECT_EQ(book().book->best_bid(), level(41, 3));
  const auto deltas = told<BookDelta>();
  ASSERT_THAT(deltas, SizeIs(1));
  EXPECT_THAT(deltas[0].changes,
              ElementsAre(domain::LevelChange{domain::BookSide::Bid, cents(41), shares(3)}));
  EXPECT_EQ(deltas[0].stamped_at, at(1));
}

TEST_F(BookBuilderTest, ReadsTheNoTokenAsTheMirrorImage) {
  snapshot();
  // A bid for NO at 58 is an ask for YES at 42.
  change(1, {no(Side::Buy, 58, 6, 58, 60)});
  EXPECT_EQ(book().book->best_ask(), level(42, 6));
  EXPECT_THAT(out.resyncs, IsEmpty());
}

TEST_F(BookBuilderTest, AcceptsBothSidesOfAMessageThatMirrorEachOther) {
  snapshot();
  change(1, {yes(Side::Sell, 44, 6, 40, 44), no(Side::Buy, 56, 6, 56, 60)});
  change(2, {no(Side::Buy, 56, 0, 55, 60), yes(Side::Sell, 44, 0, 40, 45)});
  builder.judge(at(1000), out);
  EXPECT_THAT(out.resyncs, IsEmpty());
  EXPECT_EQ(book().book->best_ask(), level(45, 20));
}

TEST_F(BookBuilderTest, DistrustsANoSideThatContradictsTheYesSide) {
  snapshot();
  change(1, {yes(Side::Sell, 44, 6, 40, 44), no(Side::Buy, 56, 5, 56, 60)});
  EXPECT_THAT(reasons(), ElementsAre(ResyncReason::MirrorMismatch));
  EXPECT_EQ(book().trust, BookTrust::Stale);
  EXPECT_THAT(told<BookStale>(), SizeIs(1));
}

TEST_F(BookBuilderTest, JudgesTheBestPricesAtTheEndOfABurstAndNotInside) {
  snapshot();
  // Both messages quote the state after the second one.
  change(1, {yes(Side::Buy, 40, 0, 39, 45)});
  EXPECT_THAT(told<BookDelta>(), IsEmpty());  // half a burst is not told
  EXPECT_FALSE(book().settled);
  change(1, {yes(Side::Buy, 39, 8, 39, 45)});
  const auto deltas = told<BookDelta>();
  ASSERT_THAT(deltas, SizeIs(1));
  EXPECT_THAT(deltas[0].changes, SizeIs(2));
  change(2, {yes(Side::Buy, 30, 1, 39, 45)});
  EXPECT_THAT(out.resyncs, IsEmpty());
}

TEST_F(BookBuilderTest, FindsAMissedMessageWhenTheNextBurstBegins) {
  snapshot();
  change(1, {yes(Side::Buy, 30, 1, 41, 45)});  // the bid at 41 never came
  EXPECT_TRUE(book().fresh());
  change(2, {yes(Side::Buy, 31, 1, 41, 45)});
  EXPECT_THAT(reasons(), ElementsAre(ResyncReason::BestMismatch));
  EXPECT_EQ(book().trust, BookTrust::Stale);
}

TEST_F(BookBuilderTest, FindsAMissedMessageInAQuietMarketByTime) {
  snapshot();
  change(1, {yes(Side::Buy, 30, 1, 41, 45)});
  builder.judge(at(1) + BookBuilder::kBurstQuiet - 1ms, out);
  EXPECT_THAT(out.resyncs, IsEmpty());
  builder.judge(at(1) + BookBuilder::kBurstQuiet, out);
  EXPECT_THAT(reasons(), ElementsAre(ResyncReason::BestMismatch));
}

TEST_F(BookBuilderTest, DistrustsACrossedBook) {
  snapshot();
  TokenChange crossing = yes(Side::Buy, 46, 3, {}, {});
  crossing.has_best = false;
  change(1, {crossing});
  EXPECT_THAT(told<BookDelta>(), IsEmpty());
  builder.judge(at(500), out);
  EXPECT_THAT(reasons(), ElementsAre(ResyncReason::Crossed));
}

TEST_F(BookBuilderTest, RefusesALevelOffTheGridButNotItsRemoval) {
  snapshot();
  TokenChange off = yes(Side::Buy, 39, 3, 40, 45);
  off.price = domain::Price::from_raw(3950);
  off.quantity = {};
  change(1, {off});
  EXPECT_TRUE(book().fresh());
  off.quantity = shares(3);
  change(2, {off});
  EXPECT_THAT(reasons(), ElementsAre(ResyncReason::BadLevel));
}

TEST_F(BookBuilderTest, UnderstandsAnEmptySide) {
  snapshot();
  change(1, {yes(Side::Sell, 45, 0, 40, std::nullopt), yes(Side::Sell, 50, 0, 40, std::nullopt)});
  builder.judge(at(1000), out);
  EXPECT_THAT(out.resyncs, IsEmpty());
  EXPECT_FALSE(book().book->best_ask().has_value());
}

TEST_F(BookBuilderTest, DropsTheBookWhenTheTickChangesAndTellsTheNewTickOnce) {
  snapshot();
  const TokenTick change_of_yes{
      .token = yes_of(1), .tick = domain::Price::from_raw(10), .venue_at = at(5)};
  TokenTick change_of_no = change_of_yes;
  change_of_no.token = no_of(1);
  builder.on(change_of_yes, at(5), out);
  builder.on(change_of_no, at(5), out);
  EXPECT_THAT(reasons(), ElementsAre(ResyncReason::TickChanged));
  EXPECT_THAT(out.ticks, ElementsAre(TickChange{market_id(1), domain::Price::from_raw(10)}));
  EXPECT_EQ(book().trust, BookTrust::Stale);
}

TEST_F(BookBuilderTest, RefusesARestBookFromBeforeATickChange) {
  snapshot();
  builder.on(TokenTick{.token = yes_of(1), .tick = domain::Price::from_raw(10), .venue_at = at(50)},
             at(50), out);
  const std::vector<domain::Level> bids = {level(40, 1)};
  builder.on(
      TokenBook{
          .token = yes_of(1), .bids = bids, .asks = {}, .tick = {}, .last = {}, .venue_at = at(49)},
      SnapshotSource::Rest, at(60), out);
  EXPECT_EQ(book().trust, BookTrust::Stale);
  EXPECT_THAT(reasons(), ElementsAre(ResyncReason::TickChanged, ResyncReason::SnapshotMissing));
}

TEST_F(BookBuilderTest, AppliesWhatCameMeanwhileOnTopOfARestBook) {
  snapshot();
  change(1, {yes(Side::Buy, 30, 1, 41, 45)});
  change(2, {yes(Side::Buy, 31, 1, 41, 45)});  // fails here
  change(3, {yes(Side::Buy, 42, 9, 42, 45)});  // kept
  out.clear();
  const std::vector<domain::Level> bids = {level(30, 1), level(31, 1), level(41, 4)};
  const std::vector<domain::Level> asks = {level(45, 20)};
  builder.on(TokenBook{.token = yes_of(1),
                       .bids = bids,
                       .asks = asks,
                       .tick = {},
                       .last = {},
                       .venue_at = at(2)},
             SnapshotSource::Rest, at(10), out);
  EXPECT_TRUE(book().fresh());
  EXPECT_EQ(book().book->best_bid(), level(42, 9));
  builder.judge(at(1000), out);
  EXPECT_THAT(out.resyncs, IsEmpty());
}

TEST_F(BookBuilderTest, RefusesARestBookOlderThanWhatWasApplied) {
  snapshot();
  change(10, {yes(Side::Buy, 46, 1, 46, 45)});  // crossed: a book is asked for
  builder.judge(at(100), out);
  snapshot(SnapshotSource::Socket, 200);  // faster than the answer
  change(300, {yes(Side::Buy, 41, 3, 41, 45)});
  change(400, {yes(Side::Buy, 46, 1, 46, 45)});
  builder.judge(at(500), out);
  out.clear();
  snapshot(SnapshotSource::Rest, 50);  // the answer, from before the change at 300
  EXPECT_EQ(book().trust, BookTrust::Stale);
  EXPECT_THAT(reasons(), ElementsAre(ResyncReason::SnapshotMissing));
  snapshot(SnapshotSource::Rest, 400);
  EXPECT_TRUE(book().fresh());
}

TEST_F(BookBuilderTest, RefusesARestBookWithoutTheMessageThatFailed) {
  snapshot();
  TokenChange off = yes(Side::Buy, 39, 3, 40, 45);
  off.price = domain::Price::from_raw(3950);
  change(10, {off});
  builder.mark_stale(market_id(1), ResyncReason::Disconnected, at(20), out);
  snapshot(SnapshotSource::Rest, 9);
  EXPECT_EQ(book().trust, BookTrust::Stale);
  snapshot(SnapshotSource::Rest, 10);
  EXPECT_TRUE(book().fresh());
}

TEST_F(BookBuilderTest, IgnoresARestBookWhenTheSocketWasFaster) {
  snapshot();
  const std::vector<domain::Level> bids = {level(10, 1)};
  builder.on(TokenBook{.token = yes_of(1),
                       .bids = bids,
                       .asks = {},
                       .tick = {},
                       .last = {},
                       .venue_at = at(100)},
             SnapshotSource::Rest, at(100), out);
  EXPECT_EQ(book().book->best_bid(), level(40, 10));
}

TEST_F(BookBuilderTest, NeverKeepsMoreThanItsBoundWhileItWaits) {
  for (int i = 0; i < 2000; ++i) change(i, {yes(Side::Buy, 40, i + 1, 40, 45)});
  snapshot(SnapshotSource::Rest, 100);  // older than what was dropped: useless
  EXPECT_EQ(book().trust, BookTrust::Awaiting);
  EXPECT_THAT(reasons(), ElementsAre(ResyncReason::SnapshotMissing));
  snapshot(SnapshotSource::Rest, 1500);
  EXPECT_TRUE(book().fresh());
  EXPECT_EQ(book().book->best_bid(), level(40, 2000));
}

TEST_F(BookBuilderTest, GoesStaleAtOnceWhenItsConnectionEnds) {
  snapshot();
  builder.mark_stale(market_id(1), ResyncReason::Disconnected, at(7), out);
  builder.mark_stale(market_id(1), ResyncReason::Disconnected, at(8), out);
  EXPECT_THAT(told<BookStale>(), SizeIs(1));
  EXPECT_TRUE(builder.snapshot(market_id(1), at(9))->stale);
}

TEST_F(BookBuilderTest, TellsTradesInYesTerms) {
  builder.on(TokenTrade{.token = no_of(1),
                        .side = Side::Buy,
                        .price = cents(58),
                        .quantity = shares(2),
                        .venue_at = at(1)},
             at(2), out);
  const auto trades = told<TradeTick>();
  ASSERT_THAT(trades, SizeIs(1));
  EXPECT_EQ(trades[0].aggressor, Side::Sell);
  EXPECT_EQ(trades[0].price, cents(42));
  EXPECT_EQ(book().last, cents(42));
}

TEST_F(BookBuilderTest, CountsTheAgeOfWhatWaitedFromTheVenuesStamp) {
  snapshot();
  const std::vector<TokenChange> changes = {yes(Side::Buy, 41, 3, 41, 45)};
  builder.on(TokenChanges{.changes = changes, .venue_at = at(1000)}, at(9000), out);
  builder.on(TokenTrade{.token = yes_of(1),
                        .side = Side::Buy,
                        .price = cents(45),
                        .quantity = shares(2),
                        .venue_at = at(1500)},
             at(9000), out);
  EXPECT_EQ(told<BookDelta>().at(0).stamped_at, at(1000) + kVenueLagMax);
  EXPECT_EQ(book().stamped_at, at(1000) + kVenueLagMax);
  EXPECT_EQ(told<TradeTick>().at(0).stamped_at, at(1500) + kVenueLagMax);
}

TEST_F(BookBuilderTest, JudgesABurstThatWaitedByItsArrival) {
  snapshot();
  const std::vector<TokenChange> changes = {yes(Side::Buy, 40, 0, 39, 45)};  // half of it
  builder.on(TokenChanges{.changes = changes, .venue_at = at(1000)}, at(9000), out);
  builder.judge(at(9000) + BookBuilder::kBurstQuiet - 1ms, out);
  EXPECT_THAT(out.resyncs, IsEmpty());
}

TEST_F(BookBuilderTest, TakesAnAnswerToBeNoOlderThanItsQuestionAndNoNewer) {
  const std::vector<domain::Level> bids = {level(40, 10)};
  TokenBook quiet{.token = yes_of(1),
                  .bids = bids,
                  .asks = {},
                  .tick = {},
                  .last = {},
                  .venue_at = at(-60'000),
                  .asked_at = at(100)};
  builder.on(quiet, SnapshotSource::Rest, at(8000), out);
  EXPECT_EQ(told<BookSnapshot>().at(0).stamped_at, at(100));
  quiet.asked_at = at(8100);
  EXPECT_EQ(builder.compare(quiet), Agreement::Equal);
  EXPECT_EQ(book().stamped_at, at(8100));
}

TEST_F(BookBuilderTest, TakesASnapshotOfAFreshBookForAChange) {
  snapshot();
  const std::vector<domain::Level> bids = {level(41, 10)};
  // The last request concerned other books of the link.
  builder.on(TokenBook{.token = yes_of(1),
                       .bids = bids,
                       .asks = {},
                       .tick = {},
                       .last = {},
                       .venue_at = at(1000),
                       .asked_at = at(7000)},
             SnapshotSource::Socket, at(9000), out);
  EXPECT_EQ(book().stamped_at, at(1000) + kVenueLagMax);
}

TEST_F(BookBuilderTest, CountsWhatItDoesNotTrack) {
  builder.on(TokenTrade{.token = yes_of(9),
                        .side = Side::Buy,
                        .price = cents(5),
                        .quantity = shares(1),
                        .venue_at = {}},
             at(0), out);
  builder.on(TokenTrade{.token = yes_of(1),
                        .side = Side::Buy,
                        .price = cents(0),
                        .quantity = shares(1),
                        .venue_at = {}},
             at(0), out);
  EXPECT_EQ(out.ignored, 2U);
  EXPECT_THAT(out.updates, IsEmpty());
}

TEST_F(BookBuilderTest, ProvesADeadFeedByComparisonAndVouchesForALiveOne) {
  snapshot();
  const std::vector<domain::Level> asks = {level(45, 20)};
  std::vector<domain::Level> bids = {level(40, 10)};
  TokenBook rest{.token = yes_of(1),
                 .bids = bids,
                 .asks = asks,
                 .tick = {},
                 .last = {},
                 .venue_at = at(9000),
                 .asked_at = at(9100)};
  EXPECT_EQ(builder.compare(rest), Agreement::Equal);
  EXPECT_EQ(book().stamped_at, at(9100));
  bids = {level(41, 10)};
  rest.bids = bids;
  rest.venue_at = at(1500);
  EXPECT_EQ(builder.compare(rest), Agreement::Inconclusive);
  rest.venue_at = at(2001);
  EXPECT_EQ(builder.compare(rest), Agreement::Behind);
}

TEST_F(BookBuilderTest, StampsAFreshSnapshotWithTheLinksLastSignOfLife) {
  snapshot();
  EXPECT_EQ(builder.snapshot(market_id(1), at(800))->stamped_at, at(800));
  EXPECT_EQ(builder.snapshot(market_id(1), at(-5))->stamped_at, at(0));
  EXPECT_FALSE(builder.snapshot(market_id(2), at(0)).has_value());
}

TEST_F(BookBuilderTest, ForgetsAMarket) {
  snapshot();
  builder.untrack(market_id(1));
  EXPECT_EQ(builder.size(), 0U);
  EXPECT_FALSE(builder.market_of(yes_of(1)).has_value());
  out.clear();
  snapshot();
  EXPECT_EQ(out.ignored, 1U);
}

}  // namespace
}  // namespace polybot::gateway
