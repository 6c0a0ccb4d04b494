#include <algorithm>
#include <bit>
#include <random>

#include "services/order-manager/core/decide/lease_table.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

constexpr std::uint64_t kAllShards = ~std::uint64_t{0};

// A table, a clock, and runners that do as they are told: they announce, and stop what is revoked.
class Leases {
 public:
  explicit Leases(Duration gather = {}) : table(seconds(3), gather) { table.start(4, now); }

  RunnerAnnounced announcement(std::uint64_t incarnation, bool leaving = false) const {
    RunnerAnnounced made{{"runner-" + std::to_string(incarnation)}, incarnation, {kArb, kFarm}};
    made.leaving = leaving;
    for (const Lease& lease : table.leases()) {
      if (lease.incarnation != incarnation || !lease.revoked) continue;
      made.released.push_back({lease.strategy, lease.epoch, std::uint64_t{1} << lease.shard.value});
    }
    return made;
  }
  LeaseTable::Changes settle() {
    const std::vector<LeaseTable::Wanted> wanted{{kArb, 10}, {kFarm, 20}};
    return table.settle(wanted, now);
  }
  LeaseTable::Changes announce(const RunnerAnnounced& runner) {
    table.announced(runner, now);
    return settle();
  }
  // Every runner announces itself, as often as all hand-overs need.
  void speak(const std::vector<std::uint64_t>& incarnations) {
    for (int round = 0; round < 3; ++round) {
      for (const std::uint64_t incarnation : incarnations)
        static_cast<void>(announce(announcement(incarnation)));
    }
  }
  std::uint64_t shards_of(std::uint64_t incarnation, const StrategyName& strategy = kArb) const {
    std::uint64_t mask = 0;
    for (const Lease& lease : table.leases()) {
      if (lease.incarnation == incarnation && lease.strategy == strategy)
        mask |= std::uint64_t{1} << lease.shard.value;
    }
    return mask;
  }
  LeaseEpoch epoch(Shard shard, const StrategyName& strategy = kArb) const {
    return table.present({strategy, shard}, now).value().epoch;
  }

  Timestamp now = from_unix_ms(1'000'000);
  LeaseTable table;
};

TEST(LeaseTable, GrantsEverythingToARunnerThatIsAlone) {
  Leases leases;
  const auto changes = leases.announce(leases.announcement(1));
  ASSERT_EQ(changes.granted.size(), 2U);
  EXPECT_EQ(changes.granted[0].epoch, (LeaseEpoch{4, 1}));
  EXPECT_EQ(changes.granted[0].shards, kAllShards);
  EXPECT_TRUE(leases.table.valid({kArb, {5}}, {4, 1}, 1, leases.now + milliseconds(500)));
  EXPECT_EQ(leases.table.leases().size(), 2U * kShards);
  EXPECT_EQ(leases.table.leases().front().granted_seq, 10U);
  EXPECT_EQ(leases.table.shards_leased(kFarm, leases.now), 64U);
}

TEST(LeaseTable, HearsTheRunnersBeforeItGrantsAnything) {
  Leases leases(seconds(1));
  EXPECT_TRUE(leases.announce(leases.announcement(1)).granted.empty());
  leases.now += milliseconds(400);
  EXPECT_TRUE(leases.announce(leases.announcement(2)).granted.empty());
  leases.now += milliseconds(600);
  EXPECT_EQ(leases.settle().granted.size(), 4U);
  EXPECT_EQ(std::popcount(leases.shards_of(1)), 32);
  EXPECT_EQ(std::popcount(leases.shards_of(2)), 32);
}

TEST(LeaseTable, RenewsWithoutAnotherGrant) {
  Leases leases;
  leases.speak({1});
  const std::uint64_t changes = leases.table.changes();
  leases.now += seconds(2);
  EXPECT_TRUE(leases.announce(leases.announcement(1)).granted.empty());
  leases.now += milliseconds(2'999);
  EXPECT_TRUE(leases.settle().ended.empty());
  EXPECT_EQ(leases.table.changes(), changes);
  leases.now += milliseconds(1);
  const auto ended = leases.settle().ended;
  ASSERT_EQ(ended.size(), 128U);
  EXPECT_EQ(ended.front().end, LeaseTable::End::Expired);
  EXPECT_GT(leases.table.changes(), changes);
}

TEST(LeaseTable, GrantsAShardOfALivingRunnerOnlyAfterItsHolderHasReleasedIt) {
  Leases leases;
  leases.speak({1});
  EXPECT_TRUE(leases.announce(leases.announcement(2)).granted.empty());
  EXPECT_EQ(leases.shards_of(2), 0U);
  // It is revoked, but still the holder's: signals sent before the holder knew are obeyed.
  const auto table = leases.table.leases();
  EXPECT_EQ(std::count_if(table.begin(), table.end(), [](const Lease& l) { return l.revoked; }),
            64);
  const auto revoked =
      std::find_if(table.begin(), table.end(), [](const Lease& lease) { return lease.revoked; });
  EXPECT_TRUE(
      leases.table.valid({revoked->strategy, revoked->shard}, revoked->epoch, 1, leases.now));
  const auto changes = leases.announce(leases.announcement(1));
  EXPECT_EQ(changes.ended.size(), 64U);
  EXPECT_EQ(changes.ended.front().end, LeaseTable::End::PassedOn);
  EXPECT_EQ(changes.granted.size(), 2U);
  EXPECT_EQ(std::popcount(leases.shards_of(2)), 32);
}

TEST(LeaseTable, GrantsARevokedShardWhenItsHolderIsSilent) {
  Leases leases;
  leases.speak({1});
  static_cast<void>(leases.announce(leases.announcement(2)));
  RunnerAnnounced deaf = leases.announcement(1);
  deaf.released.clear();
  for (int i = 0; i < 5; ++i) {
    leases.now += milliseconds(500);
    static_cast<void>(leases.announce(leases.announcement(2)));
    EXPECT_TRUE(leases.announce(deaf).granted.empty());
  }
  leases.now += milliseconds(500);  // 3 s after the last renewal of what was revoked
  const auto changes = leases.announce(leases.announcement(2));
  EXPECT_EQ(changes.ended.size(), 64U);
  EXPECT_EQ(changes.ended.front().end, LeaseTable::End::Expired);
  EXPECT_EQ(std::popcount(leases.shards_of(2)), 32);
  EXPECT_EQ(std::popcount(leases.shards_of(1)), 32);
}

TEST(LeaseTable, BelievesAReleaseOfThePresentEpochAlone) {
  Leases leases;
  leases.speak({1});
  static_cast<void>(leases.announce(leases.announcement(2)));
  RunnerAnnounced stale = leases.announcement(1);
  for (LeaseReleased& released : stale.released) released.epoch.counter += 100;
  EXPECT_TRUE(leases.announce(stale).ended.empty());
  // A runner cannot release the shard of another.
  RunnerAnnounced foreign = leases.announcement(2);
  foreign.released = leases.announcement(1).released;
  EXPECT_TRUE(leases.announce(foreign).ended.empty());
  EXPECT_EQ(leases.shards_of(2), 0U);
}

TEST(LeaseTable, FencesARunnerThatComesBackFromALongPause) {
  Leases leases;
  leases.speak({1, 2});
  const LeaseEpoch before = leases.epoch({0});
  const std::uint64_t holder = (leases.shards_of(1) & 1) != 0 ? 1 : 2;
  const std::uint64_t other = 3 - holder;
  for (int i = 0; i < 60; ++i) {
    leases.now += seconds(1);
    static_cast<void>(leases.announce(leases.announcement(other)));
  }
  EXPECT_EQ(leases.shards_of(other), kAllShards);
  EXPECT_FALSE(leases.table.valid({kArb, {0}}, before, holder, leases.now));
  EXPECT_GT(leases.epoch({0}), before);
}

TEST(LeaseTable, FencesALoneRunnerThatWasSilentTooLong) {
  Leases leases;
  leases.speak({1});
  const LeaseEpoch before = leases.epoch({0});
  leases.now += seconds(3);
  EXPECT_FALSE(leases.table.valid({kArb, {0}}, before, 1, leases.now));
  const auto changes = leases.announce(leases.announcement(1));
  EXPECT_EQ(changes.ended.size(), 128U);
  EXPECT_GT(leases.epoch({0}), before);
}

TEST(LeaseTable, GivesTheShardsOfALeaverToTheOthersAtOnce) {
  Leases leases;
  leases.speak({1, 2});
  leases.now += milliseconds(100);
  const auto changes = leases.announce(leases.announcement(1, true));
  EXPECT_EQ(changes.ended.size(), 64U);
  EXPECT_EQ(changes.ended.front().end, LeaseTable::End::PassedOn);
  EXPECT_EQ(leases.shards_of(2), kAllShards);
  EXPECT_EQ(leases.shards_of(2, kFarm), kAllShards);
}

TEST(LeaseTable, IsNotFooledByWhatALeaverSaidBefore) {
  Leases leases;
  leases.speak({1});
  const RunnerAnnounced earlier = leases.announcement(1);
  static_cast<void>(leases.announce(leases.announcement(1, true)));
  EXPECT_TRUE(leases.announce(earlier).granted.empty());
  EXPECT_TRUE(leases.table.leases().empty());
}

TEST(LeaseTable, TakesBackAStrategyThatARunnerNoLongerOffers) {
  Leases leases;
  leases.speak({1});
  RunnerAnnounced less = leases.announcement(1);
  less.strategies = {kFarm};
  EXPECT_EQ(leases.announce(less).ended.size(), 64U);
  EXPECT_EQ(leases.shards_of(1), 0U);
  EXPECT_EQ(leases.shards_of(1, kFarm), kAllShards);
}

TEST(LeaseTable, HearsNoMoreRunnersThanThereAreShards) {
  Leases leases;
  std::vector<std::uint64_t> many;
  for (std::uint64_t i = 1; i <= LeaseTable::kRunnersMax + 5; ++i) many.push_back(i);
  leases.speak(many);
  for (std::uint64_t i = 1; i <= LeaseTable::kRunnersMax; ++i)
    EXPECT_EQ(std::popcount(leases.shards_of(i)), 1);
  EXPECT_EQ(leases.shards_of(LeaseTable::kRunnersMax + 1), 0U);
}

// A strategy may be confined to a few neighbouring shards: they are shared out too.
TEST(LeaseTable, SharesEveryStretchOfShardsOut) {
  Leases leases;
  leases.speak({1});
  leases.speak({1, 2});
  leases.speak({1, 2, 3, 4});
  for (int stretch = 0; stretch < 4; ++stretch) {
    for (std::uint64_t one = 1; one <= 4; ++one) {
      const int count = std::popcount(leases.shards_of(one) >> (16 * stretch) & 0xFFFF);
      EXPECT_GE(count, 2) << "runner " << one << " of stretch " << stretch;
      EXPECT_LE(count, 6) << "runner " << one << " of stretch " << stretch;
    }
  }
}

// Whenever runners come and go, all shards are leased, evenly to within one, and no more shards of
// living runners move than an even spread needs.
TEST(LeaseTable, StaysEvenAndMovesAsLittleAsCanBe) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);  // its output is fixed by the standard
    Leases leases;
    std::vector<std::uint64_t> living{1};
    std::uint64_t last = 1;
    leases.speak(living);
    for (int change = 0; change < 12; ++change) {
      std::map<std::uint64_t, std::uint64_t> before;
      for (const std::uint64_t one : living) before[one] = leases.shards_of(one);
      const std::uint64_t which = random() % 3;
      if (which == 0 || living.size() < 2) {
        living.push_back(++last);
      } else {
        const std::uint64_t gone = living[random() % living.size()];
        std::erase(living, gone);
        if (which == 1) static_cast<void>(leases.announce(leases.announcement(gone, true)));
      }
      // A killed runner is silent until its lease has run out.
      for (int i = 0; i < 4; ++i) {
        leases.now += seconds(1);
        leases.speak(living);
      }
      std::vector<std::size_t> held;  // before, by those who live now
      for (const std::uint64_t one : living)
        held.push_back(static_cast<std::size_t>(std::popcount(before[one])));
      std::sort(held.rbegin(), held.rend());
      std::size_t least = 0;  // the odd shards stay with the largest
      for (std::size_t i = 0; i < held.size(); ++i) {
        const std::size_t quota = 64 / held.size() + (i < 64 % held.size() ? 1 : 0);
        least += held[i] > quota ? held[i] - quota : 0;
      }
      std::size_t moved = 0;
      std::uint64_t all = 0;
      for (const std::uint64_t one : living) {
        const std::uint64_t now_held = leases.shards_of(one);
        moved += static_cast<std::size_t>(std::popcount(before[one] & ~now_held));
        EXPECT_EQ(all & now_held, 0U);
        all |= now_held;
        const auto count = static_cast<std::size_t>(std::popcount(now_held));
        EXPECT_GE(count, 64 / living.size());
        EXPECT_LE(count, (63 + living.size()) / living.size());
      }
      EXPECT_EQ(all, kAllShards) << "seed " << seed << " change " << change;
      EXPECT_EQ(moved, least) << "seed " << seed << " change " << change;
    }
  }
}

// ---- the orders of a lease

struct Quoted : testing::Test {
  Quoted() {
    rig.bring_up({market});
    rig.send(rig.quote_signal(kFarm, market, level("0.48", "100"), std::nullopt));
    for (const Order& order : rig.open_orders()) id = order.id;
    rig.accept(id);
    rig.forget_outputs();
  }
  std::size_t lost() const {
    const auto asked = rig.recorded<CancelRequested>();
    return static_cast<std::size_t>(std::count_if(
        asked.begin(), asked.end(),
        [](const CancelRequested& request) { return request.reason == CancelReason::LeaseLost; }));
  }
  RunnerAnnounced runner(std::uint64_t incarnation, bool leaving = false) const {
    return {{"runner"}, incarnation, {kArb, kFarm}, leaving};
  }
  Rig rig;
  Market market = make_market(1);
  ClientOrderId id;
};

TEST_F(Quoted, IsCanceledWhenItsLeaseRunsOut) {
  rig.runner_lives = false;
  rig.advance(milliseconds(2'900));
  EXPECT_EQ(lost(), 0U);
  rig.advance(milliseconds(200));
  EXPECT_EQ(lost(), 1U);
  EXPECT_EQ(rig.cancels, std::vector{rig.venue_id(id)});
}

TEST_F(Quoted, IsCanceledWhenItsLeaseRunsOutAndAnotherTakesOverAtOnce) {
  rig.runner_lives = false;
  for (int i = 0; i < 32; ++i) {
    rig.advance(milliseconds(100));
    rig.step(runner(2));
  }
  EXPECT_EQ(lost(), 1U);
  EXPECT_EQ(rig.snapshot(kFarm).shards_leased, 64U);
}

TEST_F(Quoted, RestsOnWhenItsHolderLeavesInGoodOrderAndAnotherTakesOver) {
  rig.runner_lives = false;
  rig.step(runner(kRunner, true));
  rig.step(runner(2));
  rig.advance(seconds(1));
  rig.step(runner(2));
  Signal taken_over = rig.quote_signal(kFarm, market, level("0.48", "100"), std::nullopt);
  taken_over.id.incarnation = 2;
  rig.send(taken_over);
  for (int i = 0; i < 20; ++i) {
    rig.advance(milliseconds(500));
    rig.step(runner(2));
  }
  EXPECT_EQ(lost(), 0U);
  EXPECT_EQ(rig.status(id), OrderStatus::Accepted);
}

TEST_F(Quoted, IsCanceledWhenTheNextHolderDoesNotTakeItOver) {
  rig.runner_lives = false;
  rig.step(runner(kRunner, true));
  for (int i = 0; i < 9; ++i) {
    rig.step(runner(2));
    rig.advance(milliseconds(500));
  }
  EXPECT_EQ(lost(), 0U);
  rig.step(runner(2));
  rig.advance(seconds(1));
  EXPECT_EQ(lost(), 1U);
}

TEST_F(Quoted, IsCanceledWhenALeaverHasNoSuccessor) {
  rig.runner_lives = false;
  rig.step(runner(kRunner, true));
  rig.advance(milliseconds(2'900));
  EXPECT_EQ(lost(), 0U);
  rig.advance(milliseconds(200));
  EXPECT_EQ(lost(), 1U);
}

TEST_F(Quoted, IsNotReplacedBetweenTwoHolders) {
  rig.runner_lives = false;
  rig.step(runner(kRunner, true));
  rig.step(rig.maker_trade(id, "t1", "100"));
  rig.forget_outputs();
  rig.advance(seconds(1));
  EXPECT_TRUE(rig.submits.empty());
}

TEST(OrderManagerLeases, ForgetsEpochsWhenOrderManagerRestarts) {
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

TEST(OrderManagerLeases, RecordsAGrantPerRunnerAndNothingPerRenewal) {
  Rig rig;
  rig.bring_up();
  rig.advance(seconds(60));
  EXPECT_EQ(rig.count<LeaseGranted>(), 2U);
}

TEST(OrderManagerLeases, CancelsInheritedOrdersWhenNoRunnerComes) {
  Rig rig;
  rig.bring_up();
  const Market market = rig.markets.front();
  rig.send(rig.quote_signal(kFarm, market, level("0.48", "100"), std::nullopt));
  const Order order = rig.open_orders().front();
  rig.accept(order.id);
  OrderManager again = rig.folded();
  Outputs out;
  again.start(0, rig.now, out);
  const Timestamp started = rig.now;
  again.on(TimerFired{}, started + milliseconds(2'900), out);
  EXPECT_TRUE(out.at_once.cancels.empty());
  again.on(TimerFired{}, started + seconds(3), out);
  EXPECT_EQ(out.at_once.cancels, std::vector{order.venue_id});
}

}  // namespace
}  // namespace polybot::order_manager::test
