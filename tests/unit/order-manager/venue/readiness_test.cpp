#include "services/order-manager/core/venue/readiness.hpp"

#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

TEST(Readiness, CountsOnlyReadingsBegunWithTheUserChannelUp) {
  Bench bench;
  Readiness& readiness = bench.readiness;
  EXPECT_FALSE(readiness.reconcile(bench.now));
  readiness.user_channel(Link::Up, bench.now);
  EXPECT_FALSE(readiness.reconcile(bench.now - milliseconds(1)));
  EXPECT_FALSE(readiness.trading());
  EXPECT_TRUE(readiness.reconcile(bench.now));
  EXPECT_TRUE(readiness.trading());
  readiness.user_channel(Link::Down, bench.now);
  EXPECT_FALSE(readiness.trading());
}

TEST(Readiness, NeedsEveryLinkForAnOpenVenue) {
  Bench bench;
  bench.make_ready();
  EXPECT_TRUE(bench.readiness.venue_open(bench.now));
  bench.readiness.heartbeat(Link::Down);
  EXPECT_FALSE(bench.readiness.venue_open(bench.now));
  bench.readiness.heartbeat(Link::Up);
  bench.readiness.rest(Link::Down);
  EXPECT_FALSE(bench.readiness.venue_open(bench.now));
  bench.readiness.rest(Link::Up);
  bench.readiness.pause.throttled(bench.now + seconds(1));
  EXPECT_FALSE(bench.readiness.venue_open(bench.now));
}

TEST(Readiness, TradesNoMoreOnceItStops) {
  Bench bench;
  bench.make_ready();
  bench.readiness.stop();
  EXPECT_FALSE(bench.readiness.trading());
}

TEST(Readiness, TakesStampsOfTheFutureForThoseOfAnEarlierProcess) {
  Bench bench;
  const Timestamp now = bench.now + seconds(5);
  EXPECT_EQ(bench.readiness.believed(now + seconds(1), now), bench.now);
  EXPECT_EQ(bench.readiness.believed(now - seconds(1), now), now - seconds(1));
}

TEST(Readiness, KnowsTheVenuesTimeFromItsClock) {
  Bench bench;
  EXPECT_FALSE(bench.readiness.clock_within(seconds(1)));
  bench.readiness.clock(-seconds(2));
  EXPECT_EQ(bench.readiness.venue_time(bench.now), bench.now - seconds(2));
  EXPECT_FALSE(bench.readiness.clock_within(seconds(1)));
  EXPECT_TRUE(bench.readiness.clock_within(seconds(2)));
}

}  // namespace
}  // namespace polybot::order_manager::test
