// Which listed markets the catalogue gives its places to.
#include <algorithm>
#include <random>

#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {
namespace {

using domain::MarketId;
using domain::Money;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class MarketPlacesTest : public testing::Test {
 protected:
  static Listing listing(int n, std::int64_t volume) {
    Listing one{make_market(n, n), {}};
    one.market.id.bytes[30] = static_cast<std::uint8_t>(n >> 8);
    one.facts.volume_24h = Money::from_units(volume);
    return one;
  }
  void restart(std::size_t places) {
    settings.selection.books_max = places;
    catalogue = MarketCatalogue(settings);
  }
  // Lists all markets, most traded first as the venue does, and reads the records that are wanted.
  void crawl(std::vector<Listing> all) {
    std::stable_sort(all.begin(), all.end(), [](const Listing& a, const Listing& b) {
      return a.facts.volume_24h > b.facts.volume_24h;
    });
    now += 5min;
    catalogue.on_listed(all, now);
    catalogue.on_crawl_finished();
    catalogue.expire(now);
    read_records();
  }
  void read_records() {
    now += 1min;
    for (const MarketId& id : catalogue.wanted(now).records)
      catalogue.on_record(*catalogue.listed(id), now);
  }
  // Numbers of those with a book.
  [[nodiscard]] std::vector<int> kept(int count) const {
    std::vector<int> result;
    for (int n = 0; n < count; ++n) {
      if (catalogue.has_book(listing(n, 0).market.id)) result.push_back(n);
    }
    return result;
  }

  CatalogueSettings settings;
  MarketCatalogue catalogue{settings};
  Duration now = 1h;
};

TEST_F(MarketPlacesTest, KeepsTheBestInWhateverOrderTheyAreListed) {
  restart(2);
  catalogue.on_listed(std::vector{listing(1, 10), listing(2, 20), listing(3, 30)}, now);
  catalogue.on_crawl_finished();
  catalogue.expire(now);
  read_records();
  EXPECT_THAT(kept(5), ElementsAre(2, 3));
  EXPECT_EQ(catalogue.places(), 2U);
}

TEST_F(MarketPlacesTest, SaysWhyAMarketHasAPlaceOrNone) {
  settings.selection.only.slugs = {listing(1, 0).market.slug};
  settings.selection.only.tags = {"politics"};
  restart(2);
  std::vector all = {listing(1, 10), listing(2, 20), listing(3, 30), listing(4, 40)};
  for (int i : {1, 2}) all[static_cast<std::size_t>(i)].facts.tags = {"Politics"};
  const auto choice = [&](int n) { return *catalogue.choice(listing(n, 0).market.id); };
  catalogue.on_listed(all, now);
  EXPECT_EQ(choice(1).by, ChosenBy::Slug);
  EXPECT_EQ(choice(1).number, 0U) << "they were not compared yet";
  EXPECT_THAT(catalogue.best(9), IsEmpty());
  crawl(all);
  EXPECT_THAT(catalogue.best(9), ElementsAre(listing(3, 0).market.id, listing(1, 0).market.id));
  EXPECT_THAT(catalogue.best(1), ElementsAre(listing(3, 0).market.id));
  EXPECT_EQ(choice(3).by, ChosenBy::Tag);
  EXPECT_EQ(choice(3).number, 1U);
  EXPECT_EQ(choice(1).number, 2U);
  EXPECT_EQ(choice(2).by, std::nullopt);
  EXPECT_EQ(choice(2).why, explain(Verdict::Outranked));
  EXPECT_EQ(choice(4).why, explain(Verdict::InNoList));
  EXPECT_THAT(catalogue.chosen_by(), ElementsAre(0, 1, 0, 1, 0, 0));
  catalogue.on_over(listing(3, 0).market.id, now);
  EXPECT_EQ(choice(3).by, std::nullopt);
  EXPECT_EQ(choice(3).why, explain(Verdict::TakesNoOrders));
  EXPECT_THAT(catalogue.best(9), ElementsAre(listing(1, 0).market.id));
  EXPECT_EQ(catalogue.choice(listing(9, 0).market.id), std::nullopt);
}

TEST_F(MarketPlacesTest, AsksForNoRecordOfAMarketWithoutAPlace) {
  restart(2);
  catalogue.on_listed(std::vector{listing(1, 30), listing(2, 20), listing(3, 10)}, now);
  EXPECT_THAT(catalogue.wanted(now).records,
              UnorderedElementsAre(listing(1, 0).market.id, listing(2, 0).market.id));
}

TEST_F(MarketPlacesTest, GivesAPlaceToAClearlyBetterMarketAtOnce) {
  restart(2);
  crawl({listing(1, 100), listing(2, 90), listing(3, 80)});
  crawl({listing(1, 100), listing(2, 90), listing(3, 120)});
  EXPECT_THAT(kept(5), ElementsAre(1, 3));
}

TEST_F(MarketPlacesTest, TwoNeighboursDoNotTakeTurns) {
  restart(1);
  crawl({listing(1, 100), listing(2, 99)});
  (void)catalogue.take_changes();
  for (int i = 0; i < 10; ++i) {
    crawl({listing(1, 100), listing(2, 103)});
    crawl({listing(1, 100), listing(2, 97)});
  }
  EXPECT_THAT(catalogue.take_changes().books_begun, IsEmpty());
  crawl({listing(1, 100), listing(2, 103)});
  crawl({listing(1, 100), listing(2, 103)});  // no wave: it is the better one
  EXPECT_THAT(kept(5), ElementsAre(2));
}

TEST_F(MarketPlacesTest, ReplacesNothingWhereSomethingIsHeld) {
  restart(2);
  crawl({listing(1, 100), listing(2, 90), listing(3, 10)});
  catalogue.pin({listing(2, 0).market.id});
  crawl({listing(1, 100), listing(2, 0), listing(3, 300), listing(4, 400)});
  EXPECT_THAT(kept(5), ElementsAre(2, 4));
  catalogue.pin({});
  crawl({listing(1, 100), listing(2, 0), listing(3, 300), listing(4, 400)});
  EXPECT_THAT(kept(5), ElementsAre(3, 4));
}

// Without a book nothing can be sold there.
TEST_F(MarketPlacesTest, GivesAHeldMarketItsPlaceBackAfterAPause) {
  restart(2);
  crawl({listing(1, 100), listing(2, 90), listing(3, 10)});
  catalogue.pin({listing(2, 0).market.id});
  domain::Market held = listing(2, 90).market;
  held.status = domain::MarketStatus::Paused;
  catalogue.on_record(held, now);
  catalogue.expire(now);
  read_records();
  EXPECT_THAT(kept(5), ElementsAre(1, 3));
  held.status = domain::MarketStatus::Active;
  catalogue.on_record(held, now);
  catalogue.expire(now);
  EXPECT_THAT(kept(5), ElementsAre(1, 2));
}

TEST_F(MarketPlacesTest, LooksUpAHeldMarketThatIsNotListedAndKeepsIt) {
  restart(1);
  crawl({listing(1, 100)});
  catalogue.pin({listing(7, 0).market.id});
  EXPECT_THAT(catalogue.wanted(now).lookups, ElementsAre(listing(7, 0).market.id));
  catalogue.on_looked_up(std::vector{listing(7, 1)}, {}, now);
  catalogue.expire(now);
  read_records();
  EXPECT_THAT(kept(10), ElementsAre(7));
}

TEST_F(MarketPlacesTest, ListsAnAnnouncedMarketWithoutACrawl) {
  crawl({listing(1, 100)});
  const MarketId id = listing(2, 0).market.id;
  catalogue.announce(id);
  EXPECT_THAT(catalogue.wanted(now).lookups, ElementsAre(id));
  catalogue.on_looked_up({}, std::vector{id}, now);  // the venue lists it a little later
  now += 1min;
  EXPECT_THAT(catalogue.wanted(now).lookups, ElementsAre(id));
  catalogue.on_looked_up(std::vector{listing(2, 0)}, {}, now);
  read_records();
  EXPECT_THAT(kept(5), ElementsAre(1, 2));
}

TEST_F(MarketPlacesTest, AsksForAnAnnouncedMarketOnlyAFewTimes) {
  catalogue.announce(listing(2, 0).market.id);
  std::size_t asked = 0;
  for (int i = 0; i < 100; ++i) {
    asked += catalogue.wanted(now).lookups.size();
    now += 2min;
  }
  EXPECT_GT(asked, 3U);
  EXPECT_LT(asked, 20U);
}

TEST_F(MarketPlacesTest, ForgetsTheDefinitionOfAMarketItLeft) {
  restart(1);
  crawl({listing(1, 100), listing(2, 10)});
  crawl({listing(1, 10), listing(2, 100)});
  EXPECT_NE(catalogue.find(listing(1, 0).market.id), nullptr);  // readers hear of the end first
  crawl({listing(1, 10), listing(2, 100)});
  EXPECT_EQ(catalogue.find(listing(1, 0).market.id), nullptr);
  EXPECT_THAT(catalogue.take_changes().removed, ElementsAre(listing(1, 0).market.id));
}

TEST_F(MarketPlacesTest, EndsTheBookOfAMarketThatIsNoLongerChosen) {
  settings.selection.volume_24h_min = Money::from_units(50);
  restart(5);
  crawl({listing(1, 100), listing(2, 60)});
  crawl({listing(1, 100), listing(2, 46)});
  EXPECT_THAT(kept(5), ElementsAre(1, 2));
  crawl({listing(1, 100), listing(2, 44)});
  EXPECT_THAT(kept(5), ElementsAre(1));
}

TEST_F(MarketPlacesTest, AwaitsTheWholeListingWhenAnotherRankCounts) {
  settings.selection.rank = MarketRank::Liquidity;
  restart(1);
  std::vector all = {listing(1, 100), listing(2, 10)};
  all[0].facts.liquidity = Money::from_units(1);
  all[1].facts.liquidity = Money::from_units(2);
  catalogue.on_listed(all, now);
  EXPECT_EQ(catalogue.places(), 0U);
  crawl(all);
  EXPECT_THAT(kept(5), ElementsAre(2));
}

TEST_F(MarketPlacesTest, AnUnchangedPageKeepsItsMarketsListed) {
  crawl({listing(1, 100), listing(2, 60)});
  const std::vector<MarketId> ids = {listing(1, 0).market.id, listing(2, 0).market.id};
  EXPECT_TRUE(catalogue.on_unchanged(ids));
  catalogue.on_crawl_finished();
  EXPECT_THAT(catalogue.wanted(now + 10min).lookups, IsEmpty());
  catalogue.on_over(ids[0], now);
  EXPECT_FALSE(catalogue.on_unchanged(ids));
  EXPECT_FALSE(catalogue.on_unchanged(std::vector{listing(3, 0).market.id}));
}

TEST_F(MarketPlacesTest, NamesTheWordsThatTheLastListingDidNotFit) {
  settings.selection.only.slugs = {listing(1, 0).market.slug, listing(2, 0).market.slug, "none-*"};
  restart(5);
  crawl({listing(1, 100), listing(2, 60)});
  EXPECT_THAT(catalogue.unused_words(), ElementsAre("slugs: none-*"));
  ASSERT_TRUE(catalogue.on_unchanged(std::vector{listing(1, 0).market.id}));
  EXPECT_THAT(catalogue.unused_words(), ElementsAre("slugs: none-*")) << "it is not read yet";
  catalogue.on_crawl_finished();
  EXPECT_THAT(catalogue.unused_words(),
              ElementsAre("slugs: " + listing(2, 0).market.slug, "slugs: none-*"));
}

// Volumes wander, markets come and go: after two crawls of rest the kept ones are the best.
TEST_F(MarketPlacesTest, KeepsTheBestUnderChurn) {
  constexpr int kListed = 2'000;
  constexpr std::size_t kPlaces = 200;
  restart(kPlaces);
  std::mt19937 chance(7);  // NOLINT: the same in every run
  std::uniform_int_distribution<std::int64_t> volume(1, 1'000'000);
  std::vector<Listing> all;
  for (int n = 0; n < kListed; ++n) all.push_back(listing(n, volume(chance)));
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < kListed / 50; ++i)
      all[chance() % kListed].facts.volume_24h = Money::from_units(volume(chance));
    crawl(all);
    crawl(all);
    std::vector<Listing> best = all;
    std::sort(best.begin(), best.end(), [](const Listing& a, const Listing& b) {
      return a.facts.volume_24h > b.facts.volume_24h;
    });
    const auto there = std::count_if(best.begin(), best.begin() + kPlaces, [&](const Listing& one) {
      return catalogue.has_book(one.market.id);
    });
    EXPECT_GE(there, static_cast<std::ptrdiff_t>(kPlaces * 99 / 100)) << round;
    EXPECT_EQ(catalogue.books(), kPlaces);
  }
}

}  // namespace
}  // namespace polybot::gateway
