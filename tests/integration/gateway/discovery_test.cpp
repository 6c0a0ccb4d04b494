// How the listing is read of a venue that fails in the middle of it, and how what is wanted is read
// of one that hangs.
#include "tests/integration/gateway/gateway_fixture.hpp"

namespace polybot::gateway::test {
namespace {

using testing::ElementsAre;
using testing::Pair;

class DiscoveryTest : public GatewayFixture {
 protected:
  // So many markets, a page each; a second crawl is not awaited.
  void list(int markets) {
    for (int n = 1; n <= markets; ++n) venue.add(n);
    venue.page_size = 1;
    settings.discovery.interval = 10min;
  }
  [[nodiscard]] double restarts() {
    return registry.counter("polybot_market_listing_restarts_total").value();
  }
};

TEST_F(DiscoveryTest, AsksAgainForAPageThatDidNotCome) {
  list(3);
  venue.fails[1] = 3;
  run([&]() -> asio::awaitable<void> { co_await until_fresh(3); });
  EXPECT_THAT(venue.pages, ElementsAre(Pair(0, 1), Pair(1, 4), Pair(2, 1)));
  EXPECT_EQ(restarts(), 0);
}

TEST_F(DiscoveryTest, GivesUpAPageThatNeverComesAndCrawlsAgain) {
  list(3);
  settings.discovery.interval = 20ms;
  settings.discovery.page_attempts = 3;
  settings.discovery.page_retry = 1ms;
  venue.fails[1] = 1'000'000;
  run([&]() -> asio::awaitable<void> {
    co_await until("it begins with the first page again", [&] { return venue.pages[0] >= 2; });
    EXPECT_GE(venue.pages[1], 3);
    EXPECT_FALSE(venue.pages.contains(2));
    venue.fails.clear();
    co_await until_fresh(3);
  });
}

TEST_F(DiscoveryTest, BeginsAgainWhenItsCursorIsNotKnownAnyMore) {
  list(3);
  venue.lost_after = 1;
  run([&]() -> asio::awaitable<void> { co_await until_fresh(3); });
  EXPECT_THAT(venue.pages, ElementsAre(Pair(0, 2), Pair(1, 2), Pair(2, 2)));
  EXPECT_EQ(restarts(), 1);
}

// The cursor is that of an earlier crawl, because the page before has not changed since.
TEST_F(DiscoveryTest, ForgetsTheCursorsThatItRemembers) {
  list(3);
  settings.discovery.interval = 50ms;
  venue.gives_etags = true;
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(3);
    co_await until("pages are remembered", [&] { return venue.listings_unchanged >= 3; });
    venue.lost_after = 2;
    co_await until("it begins again", [&] { return restarts() == 1; });
    venue.add(4);
    co_await until_fresh(4);
  });
  EXPECT_EQ(restarts(), 1);
}

TEST_F(DiscoveryTest, DoesNotBeginAgainWithoutEnd) {
  list(2);
  settings.discovery.interval = 300ms;
  venue.forgets_cursors = true;
  run([&]() -> asio::awaitable<void> {
    const domain::Duration begun = clock.monotonic();
    co_await until("the next crawl", [&] { return venue.pages[1] > 1 + kRestartsMax; });
    EXPECT_GE(clock.monotonic() - begun, 300ms);
    EXPECT_GE(restarts(), kRestartsMax);
  });
}

TEST_F(DiscoveryTest, WaitsForNoRecordThatHangs) {
  for (int n = 1; n <= 20; ++n) venue.add(n);
  venue.at(1).record_hangs = true;
  run([&]() -> asio::awaitable<void> {
    for (int n = 2; n <= 20; ++n) co_await until_fresh(n);
    venue.add(21);
    co_await until_fresh(21);  // nor does what is listed later
    EXPECT_EQ(venue.records_under_way, 1);
    venue.at(1).record_hangs = false;
    co_await until_fresh(1);
  });
}

TEST_F(DiscoveryTest, ReadsSoManyRecordsAtOnce) {
  settings.discovery.requests_at_once = 4;
  for (int n = 1; n <= 12; ++n) venue.add(n).record_hangs = true;
  run([&]() -> asio::awaitable<void> {
    co_await until("as many as may be are under way", [&] { return venue.records_under_way == 4; });
    for (int n = 1; n <= 12; ++n) venue.at(n).record_hangs = false;
    for (int n = 1; n <= 12; ++n) co_await until_fresh(n);
  });
  EXPECT_EQ(venue.records_at_once_max, 4);
}

TEST_F(DiscoveryTest, ReadsARecordOnceHoweverLongItTakes) {
  settings.catalogue.retry = 1ms;  // the catalogue would have it read again at once
  for (int n = 1; n <= 3; ++n) venue.add(n).record_hangs = true;
  run([&]() -> asio::awaitable<void> {
    co_await until("all are under way", [&] { return venue.records_under_way == 3; });
    const int crawls = venue.listings;
    co_await until("what is wanted was looked at again",
                   [&] { return venue.listings >= crawls + 3; });
    for (int n = 1; n <= 3; ++n) venue.at(n).record_hangs = false;
    for (int n = 1; n <= 3; ++n) co_await until_fresh(n);
  });
  EXPECT_EQ(venue.records_at_once_max, 3);
}

}  // namespace
}  // namespace polybot::gateway::test
