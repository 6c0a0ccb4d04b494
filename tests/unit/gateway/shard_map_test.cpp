#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {
namespace {

using testing::ElementsAre;

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

}  // namespace
}  // namespace polybot::gateway
