#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {
namespace {

using domain::Market;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class MarketCatalogueTest : public testing::Test {
 protected:
  void list(const std::vector<Market>& markets) {
    catalogue.on_listed(listings_of(markets), now);
    catalogue.on_crawl_finished();
  }
  // Lists the markets and confirms each by its record.
  void track(const std::vector<Market>& markets) {
    list(markets);
    for (const Market& market : markets) catalogue.on_record(market, now);
    (void)catalogue.take_changes();
  }
  [[nodiscard]] MarketStatus status(int n) const { return catalogue.find(market_id(n))->status; }

  CatalogueSettings settings;
  MarketCatalogue catalogue{settings};
  Duration now = 10s;
};

TEST_F(MarketCatalogueTest, TracksAMarketOnceItsRecordAgrees) {
  list({make_market(1)});
  EXPECT_EQ(catalogue.find(market_id(1)), nullptr);
  EXPECT_THAT(catalogue.wanted(now).records, ElementsAre(market_id(1)));
  EXPECT_THAT(catalogue.wanted(now).records, IsEmpty());  // asked for already
  EXPECT_THAT(catalogue.wanted(now + settings.retry).records, ElementsAre(market_id(1)));

  Market record = make_market(1);
  record.tick = domain::Price::from_raw(10);
  record.taker_delay = true;
  catalogue.on_record(record, now);
  const auto changes = catalogue.take_changes();
  EXPECT_THAT(changes.changed, ElementsAre(market_id(1)));
  EXPECT_THAT(changes.books_begun, ElementsAre(market_id(1)));
  EXPECT_EQ(catalogue.find_slug("market-1")->tick, record.tick);
  EXPECT_TRUE(catalogue.find(market_id(1))->taker_delay);
  EXPECT_EQ(catalogue.market_of(no_of(1)), market_id(1));
}

TEST_F(MarketCatalogueTest, NeverTracksAMarketThatContradictsItself) {
  list({make_market(1)});
  catalogue.on_contradiction(market_id(1), "tokens");
  catalogue.on_record(make_market(1), now);
  EXPECT_EQ(catalogue.find(market_id(1)), nullptr);
  EXPECT_EQ(catalogue.refused(), 1U);
  EXPECT_THAT(catalogue.wanted(now + 1h).records, IsEmpty());
}

TEST_F(MarketCatalogueTest, KeepsNoBookForAMarketThatDoesNotAcceptOrders) {
  Market paused = make_market(1);
  paused.status = MarketStatus::Paused;
  track({paused, make_market(2)});
  EXPECT_FALSE(catalogue.has_book(market_id(1)));
  EXPECT_TRUE(catalogue.has_book(market_id(2)));
  EXPECT_EQ(catalogue.books(), 1U);
  list({make_market(1), make_market(2)});
  EXPECT_THAT(catalogue.take_changes().books_begun, ElementsAre(market_id(1)));
}

TEST_F(MarketCatalogueTest, BelievesARecordThatDoesNotAcceptOrdersUntilItDoes) {
  list({make_market(1)});
  (void)catalogue.wanted(now);
  Market record = make_market(1);
  record.status = MarketStatus::Paused;
  catalogue.on_record(record, now);
  EXPECT_EQ(status(1), MarketStatus::Paused);
  list({make_market(1)});  // the cached listing says otherwise
  EXPECT_EQ(status(1), MarketStatus::Paused);
  EXPECT_THAT(catalogue.wanted(now + settings.record_refresh).records, ElementsAre(market_id(1)));
  catalogue.on_record(make_market(1), now);
  EXPECT_EQ(status(1), MarketStatus::Active);
}

TEST_F(MarketCatalogueTest, KnowsAMarketOfUnreadableTermsAndOpensNothingThere) {
  track({make_market(1)});
  EXPECT_TRUE(catalogue.on_unreadable_listing(market_id(1), "exponent", make_market(1), now));
  EXPECT_FALSE(catalogue.on_unreadable_listing(market_id(1), "exponent", make_market(1), now));
  catalogue.on_crawl_finished();
  EXPECT_EQ(status(1), MarketStatus::ReduceOnly);
  EXPECT_TRUE(catalogue.has_book(market_id(1))) << "what is held there is priced and sold";
  EXPECT_THAT(catalogue.wanted(now).lookups, IsEmpty()) << "it is not missing";
  EXPECT_EQ(catalogue.unreadable(), (std::map<std::string_view, std::size_t>{{"exponent", 1}}));
  list({make_market(1)});
  EXPECT_EQ(status(1), MarketStatus::Active);
  EXPECT_TRUE(catalogue.unreadable().empty());
}

TEST_F(MarketCatalogueTest, TakesTheResultOfAMarketItCannotRead) {
  track({make_market(1)});
  Market resolved = make_market(1);
  resolved.status = MarketStatus::Resolved;
  resolved.payout = {{}, domain::kPriceOne};
  catalogue.on_unreadable_listing(market_id(1), "exponent", resolved, now);
  EXPECT_EQ(status(1), MarketStatus::Resolved);
  EXPECT_EQ(catalogue.find(market_id(1))->payout, resolved.payout);
}

TEST_F(MarketCatalogueTest, KeepsAListedMarketThatCannotBeRead) {
  track({make_market(1)});
  for (int i = 0; i < 3 * settings.lookups_unanswered_max; ++i) {
    list({});
    catalogue.on_unreadable_listing(market_id(1), "slug", std::nullopt, now);
  }
  EXPECT_EQ(status(1), MarketStatus::ReduceOnly);
}

TEST_F(MarketCatalogueTest, OpensNothingWhereItCannotReadTheRecord) {
  track({make_market(1)});
  EXPECT_TRUE(catalogue.on_unreadable_record(market_id(1), "e", now));
  EXPECT_EQ(status(1), MarketStatus::ReduceOnly);
  list({make_market(1)});  // which can be read
  EXPECT_EQ(status(1), MarketStatus::ReduceOnly);
  catalogue.on_record(make_market(1), now);
  EXPECT_EQ(status(1), MarketStatus::Active);
}

TEST_F(MarketCatalogueTest, ReadsRecordsAgainAFewAtATime) {
  settings.records_reread_max = 2;
  catalogue = MarketCatalogue(settings);
  list({make_market(1), make_market(2), make_market(3)});
  (void)catalogue.wanted(now);
  for (int n = 1; n <= 3; ++n) catalogue.on_record(make_market(n), now);
  EXPECT_THAT(catalogue.wanted(now + settings.record_reread - 1s).records, IsEmpty());
  now += settings.record_reread;
  EXPECT_THAT(catalogue.wanted(now).records, SizeIs(2));
  EXPECT_THAT(catalogue.wanted(now).records, SizeIs(1));
  Market dearer = make_market(1);
  dearer.fee.rate_ppm = 70'000;
  catalogue.on_record(dearer, now);
  EXPECT_EQ(catalogue.find(market_id(1))->fee.rate_ppm, 70'000);
  EXPECT_THAT(catalogue.take_changes().changed, Contains(market_id(1)));
}

TEST_F(MarketCatalogueTest, ReadsTheRecordAtOnceWhenTheListingNamesAnotherFee) {
  list({make_market(1)});
  (void)catalogue.wanted(now);
  catalogue.on_record(make_market(1), now);
  Market dearer = make_market(1);
  dearer.fee.rate_ppm = 70'000;
  list({dearer});
  EXPECT_NE(catalogue.find(market_id(1))->fee.rate_ppm, 70'000) << "the record decides";
  EXPECT_THAT(catalogue.wanted(now).records, ElementsAre(market_id(1)));
  EXPECT_THAT(catalogue.wanted(now).records, IsEmpty());
}

TEST_F(MarketCatalogueTest, LooksUpMarketsThatLeftTheListing) {
  track({make_market(1), make_market(2)});
  list({make_market(2)});
  EXPECT_THAT(catalogue.wanted(now).lookups, ElementsAre(market_id(1)));
  Market closed = make_market(1);
  closed.status = MarketStatus::Closed;
  catalogue.on_looked_up(listings_of({closed}), {}, now);
  EXPECT_EQ(status(1), MarketStatus::Closed);
  EXPECT_THAT(catalogue.take_changes().books_ended, ElementsAre(market_id(1)));
  // Its result is not known yet, so it is asked for again, less and less often.
  EXPECT_THAT(catalogue.wanted(now + 2s).lookups, ElementsAre(market_id(1)));
  EXPECT_THAT(catalogue.wanted(now + 4s).lookups, IsEmpty());
}

TEST_F(MarketCatalogueTest, TellsAResolutionAndForgetsTheMarketLater) {
  track({make_market(1)});
  Market resolved = make_market(1);
  resolved.status = MarketStatus::Resolved;
  resolved.payout = {domain::kPriceOne, {}};
  catalogue.on_looked_up(listings_of({resolved}), {}, now);
  EXPECT_EQ(status(1), MarketStatus::Resolved);
  EXPECT_EQ(catalogue.find(market_id(1))->payout, resolved.payout);
  (void)catalogue.take_changes();
  catalogue.expire(now + settings.keep_resolved - 1s);
  EXPECT_EQ(catalogue.entries(), 1U);
  catalogue.expire(now + settings.keep_resolved);
  EXPECT_EQ(catalogue.entries(), 0U);
  EXPECT_THAT(catalogue.take_changes().removed, ElementsAre(market_id(1)));
}

TEST_F(MarketCatalogueTest, TakesAResolutionFromTheChannelAndItsPayoutFromTheListing) {
  track({make_market(1)});
  catalogue.on_resolved(market_id(1), {domain::kPriceOne, {}}, now);
  EXPECT_EQ(status(1), MarketStatus::Resolved);
  Market half = make_market(1);
  half.status = MarketStatus::Resolved;
  half.payout = {domain::Price::from_raw(5000), domain::Price::from_raw(5000)};
  catalogue.on_looked_up(listings_of({half}), {}, now);
  EXPECT_EQ(catalogue.find(market_id(1))->payout, half.payout);
}

TEST_F(MarketCatalogueTest, DoesNotReopenAClosedMarketFromACachedListing) {
  track({make_market(1)});
  Market closed = make_market(1);
  closed.status = MarketStatus::Closed;
  catalogue.on_looked_up(listings_of({closed}), {}, now);
  list({make_market(1)});
  EXPECT_EQ(status(1), MarketStatus::Closed);
  now += settings.listing_age_max;
  list({make_market(1)});  // no cache is that old: the result was disputed
  EXPECT_EQ(status(1), MarketStatus::Active);
}

TEST_F(MarketCatalogueTest, ClosesAMarketThatNoAnswerNames) {
  track({make_market(1)});
  list({});
  for (int i = 0; i < settings.lookups_unanswered_max; ++i) {
    catalogue.on_looked_up({}, std::vector{market_id(1)}, now);
  }
  EXPECT_EQ(status(1), MarketStatus::Closed);
  catalogue.expire(now + settings.keep_resolved);
  EXPECT_EQ(catalogue.entries(), 0U);
}

TEST_F(MarketCatalogueTest, CountsTheMarketsOfAnEvent) {
  track({make_market(1, 5), make_market(2, 5), make_market(3, 6)});
  EXPECT_EQ(catalogue.find(market_id(1))->event_market_count, 2);
  EXPECT_EQ(catalogue.find(market_id(3))->event_market_count, 1);
}

Market outcome(int n, int event) {
  Market market = make_market(n, event);
  market.neg_risk = true;
  return market;
}

TEST_F(MarketCatalogueTest, NeverCallsANegRiskEventCompleteBeforeItsTotalIsConfirmed) {
  track({outcome(1, 5), outcome(2, 5)});
  EXPECT_EQ(catalogue.find(market_id(1))->event_market_count, 0);
  const auto wants = catalogue.wanted(now);
  ASSERT_THAT(wants.event_totals, SizeIs(1));
  EXPECT_EQ(wants.event_totals[0].second, "event-5");
  catalogue.on_event_total(event_id(5), 3);  // one outcome was closed before we came
  EXPECT_EQ(catalogue.find(market_id(1))->event_market_count, 3);
  EXPECT_THAT(catalogue.take_changes().changed, ElementsAre(market_id(1), market_id(2)));
  EXPECT_THAT(catalogue.wanted(now + 1h).event_totals, IsEmpty());
}

TEST_F(MarketCatalogueTest, CountsRefusedAndForgottenOutcomesOfALivingEvent) {
  track({outcome(1, 5), outcome(2, 5), outcome(3, 5)});
  catalogue.on_event_total(event_id(5), 0);
  EXPECT_EQ(catalogue.find(market_id(1))->event_market_count, 3);
  catalogue.on_contradiction(market_id(2), "tokens");
  catalogue.on_resolved(market_id(3), {{}, domain::kPriceOne}, now);
  catalogue.expire(now + settings.keep_resolved);
  EXPECT_EQ(catalogue.find(market_id(3)), nullptr);
  EXPECT_EQ(catalogue.find(market_id(1))->event_market_count, 3);
}

TEST_F(MarketCatalogueTest, AnOutcomeThatCannotBeReadKeepsItsEventIncomplete) {
  track({outcome(1, 5)});
  catalogue.on_event_total(event_id(5), 2);
  catalogue.on_unreadable(event_id(5));
  EXPECT_EQ(catalogue.find(market_id(1))->event_market_count, 0);
}

TEST_F(MarketCatalogueTest, StaysFlatWhileMarketsRotate) {
  for (int round = 0; round < 1000; ++round) {
    const int n = round % 100;
    now += 10s;
    track({make_market(n, n)});
    Market resolved = make_market(n, n);
    resolved.status = MarketStatus::Resolved;
    resolved.payout = {domain::kPriceOne, {}};
    catalogue.on_looked_up(listings_of({resolved}), {}, now);
    catalogue.expire(now);
    EXPECT_LE(catalogue.entries(), 13U);
    EXPECT_EQ(catalogue.books(), 0U);
  }
}

TEST_F(MarketCatalogueTest, ABookThatEndsMakesRoomForAMarketThatHadNone) {
  settings.selection.books_max = 2;
  catalogue = MarketCatalogue(settings);
  track({make_market(1), make_market(2), make_market(3), make_market(4)});
  EXPECT_FALSE(catalogue.has_book(market_id(3)));
  catalogue.on_resolved(market_id(1), {domain::kPriceOne, {}}, now);
  catalogue.expire(now);
  const auto changes = catalogue.take_changes();
  EXPECT_THAT(changes.books_ended, ElementsAre(market_id(1)));
  EXPECT_THAT(changes.books_begun, ElementsAre(market_id(3)));
  EXPECT_EQ(catalogue.books(), 2U);
  catalogue.expire(now);
  EXPECT_THAT(catalogue.take_changes().books_begun, IsEmpty());
}

TEST_F(MarketCatalogueTest, RefusesAListingThatReusesATokenOrASlug) {
  track({make_market(1)});
  Market thief = make_market(2);
  thief.no_token = yes_of(1);
  list({make_market(1), thief});
  EXPECT_EQ(catalogue.entries(), 1U);
  EXPECT_EQ(catalogue.left_out(), 1U);
}

TEST_F(MarketCatalogueTest, SaysHowManyMarketsOfTheLastListingItHadNoRoomFor) {
  settings.entries_max = 10;
  catalogue = MarketCatalogue(settings);
  std::vector<Market> listed;
  for (int n = 1; n <= 15; ++n) listed.push_back(make_market(n, n));
  for (int crawl = 0; crawl < 3; ++crawl) {
    list(listed);
    EXPECT_EQ(catalogue.left_out(), 5U);
  }
  list({listed.front()});
  EXPECT_EQ(catalogue.left_out(), 0U);
}

TEST_F(MarketCatalogueTest, TakesANewTickFromTheChannelAndKeepsItOverTheListing) {
  track({make_market(1)});
  catalogue.on_tick(market_id(1), domain::Price::from_raw(10));
  EXPECT_THAT(catalogue.take_changes().changed, ElementsAre(market_id(1)));
  list({make_market(1)});
  EXPECT_EQ(catalogue.find(market_id(1))->tick, domain::Price::from_raw(10));
}

}  // namespace
}  // namespace polybot::gateway
