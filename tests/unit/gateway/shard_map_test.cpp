#include <map>

#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(ShardMap, KeepsTheMarketsOfAnEventTogether) {
  ShardMap shards;
  shards.add(market_id(1), event_id(7));
  shards.add(market_id(2), event_id(7));
  const domain::Shard shard = domain::shard_of(event_id(7));
  EXPECT_EQ(shards.shard_of(market_id(1)), shard);
  EXPECT_THAT(shards.markets_in(shard), ElementsAre(market_id(1), market_id(2)));
  shards.remove(market_id(1));
  EXPECT_THAT(shards.markets_in(shard), ElementsAre(market_id(2)));
  EXPECT_EQ(shards.size(), 1U);
}

TEST(ShardPacer, DealsEachShardOncePerPeriod) {
  ShardPacer pacer(1s);
  EXPECT_THAT(pacer.due(5s), IsEmpty());
  std::map<int, int> dealt;
  std::size_t most_at_once = 0;
  for (int ms = 10; ms <= 3000; ms += 10) {
    const auto due = pacer.due(5s + std::chrono::milliseconds(ms));
    most_at_once = std::max(most_at_once, due.size());
    for (const domain::Shard shard : due) ++dealt[shard.value];
  }
  EXPECT_THAT(dealt, SizeIs(64));
  for (const auto& [shard, times] : dealt) EXPECT_EQ(times, 3) << shard;
  EXPECT_LE(most_at_once, 1U);
}

TEST(ShardPacer, FollowsAPauseWithOneRoundOnly) {
  ShardPacer pacer(1s);
  (void)pacer.due(0s);
  EXPECT_THAT(pacer.due(60s), SizeIs(64));
  EXPECT_THAT(pacer.due(60s), IsEmpty());
}

}  // namespace
}  // namespace polybot::gateway
