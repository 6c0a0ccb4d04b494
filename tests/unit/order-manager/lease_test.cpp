#include "services/order-manager/core/lease_table.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const std::vector<LeaseTable::Wanted> kWanted = {{kArb, 10}, {kFarm, 20}};
const Shard kShard{5};

RunnerAnnounced runner(std::uint64_t incarnation, const char* replica = "runner-1",
                       bool leaving = false) {
  return {{replica}, incarnation, {kArb, kFarm}, leaving};
}

TEST(LeaseTable, GrantsAllShardsOfAStrategyToTheFirstRunner) {
  LeaseTable table(seconds(3));
  table.start(4);
  const auto grants = table.announced(runner(1), kWanted, from_unix_ms(1'000));
  ASSERT_EQ(grants.size(), 2U);
  EXPECT_EQ(grants[0].epoch, (LeaseEpoch{4, 1}));
  EXPECT_EQ(grants[0].shards, ~std::uint64_t{0});
  EXPECT_TRUE(table.valid(kArb, kShard, {4, 1}, 1, from_unix_ms(1'500)));
  EXPECT_EQ(table.leases().size(), 2U * kShards);
  EXPECT_EQ(table.leases().front().granted_seq, 10U);
}

TEST(LeaseTable, RenewsWithoutGrantingAnew) {
  LeaseTable table(seconds(3));
  static_cast<void>(table.announced(runner(1), kWanted, from_unix_ms(1'000)));
  EXPECT_TRUE(table.announced(runner(1), kWanted, from_unix_ms(3'000)).empty());
  EXPECT_TRUE(table.take_ended(from_unix_ms(5'000)).empty());
  EXPECT_EQ(table.take_ended(from_unix_ms(6'000)).size(), 2U);
}

TEST(LeaseTable, GivesASecondRunnerNothingWhileTheFirstLives) {
  LeaseTable table(seconds(3));
  static_cast<void>(table.announced(runner(1), kWanted, from_unix_ms(1'000)));
  EXPECT_TRUE(table.announced(runner(2, "runner-2"), kWanted, from_unix_ms(2'000)).empty());
  EXPECT_FALSE(table.valid(kArb, kShard, {0, 1}, 2, from_unix_ms(2'000)));
}

TEST(LeaseTable, FencesTheOldIncarnationOnceANewOneTookOver) {
  LeaseTable table(seconds(3));
  const auto first = table.announced(runner(1), kWanted, from_unix_ms(1'000));
  const auto second = table.announced(runner(2), kWanted, from_unix_ms(4'000));
  ASSERT_EQ(second.size(), 2U);
  EXPECT_GT(second[0].epoch, first[0].epoch);
  EXPECT_FALSE(table.valid(kArb, kShard, first[0].epoch, 1, from_unix_ms(4'001)));
  EXPECT_TRUE(table.valid(kArb, kShard, second[0].epoch, 2, from_unix_ms(4'001)));
}

TEST(LeaseTable, EndsALeaseAtOnceWhenItsHolderLeaves) {
  LeaseTable table(seconds(3));
  static_cast<void>(table.announced(runner(1), kWanted, from_unix_ms(1'000)));
  static_cast<void>(table.announced(runner(1, "runner-1", true), kWanted, from_unix_ms(1'500)));
  const auto ended = table.take_ended(from_unix_ms(1'500));
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].end, LeaseTable::End::Left);
  EXPECT_EQ(table.announced(runner(2), kWanted, from_unix_ms(1'600)).size(), 2U);
}

TEST(LeaseTable, ForgetsEpochsWhenOrderManagerStartsAnew) {
  Rig rig;
  rig.bring_up();
  const LeaseEpoch before = rig.epoch(kArb);
  OrderManager again = rig.folded();
  Outputs out;
  again.start(0, rig.now, out);
  EXPECT_TRUE(again.leases().empty());
  again.on(RunnerAnnounced{{"runner-1"}, kRunner, {kArb, kFarm}, false}, rig.now, out);
  EXPECT_GT(again.leases().front().epoch, before);
}

}  // namespace
}  // namespace polybot::order_manager::test
