#include "services/strategy-runner/core/runner.hpp"

#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

// spread_farm emits whenever it may, which makes it convenient here.
class RunnerTest : public testing::Test {
 protected:
  World world{"spread_farm"};
  void define_and_quote() {
    world.define(make_market(1, 1, 1));
    wide_book();
  }
  void wide_book() { world.book(1, {level(46, 500)}, {level(54, 500)}); }
};

TEST_F(RunnerTest, StampsASignalWithAllItNeeds) {
  world.start();
  world.hold(9, shares(1));
  define_and_quote();
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  const domain::Signal& signal = signals[0];
  EXPECT_EQ(signal.id.incarnation, World::kIncarnation);
  EXPECT_EQ(signal.id.counter, 1U);
  EXPECT_EQ(signal.strategy, World::kName);
  EXPECT_EQ(signal.event, event_id(1));
  EXPECT_EQ(signal.shard, domain::shard_of(event_id(1)));
  EXPECT_EQ(signal.lease_epoch, (domain::LeaseEpoch{1, 1}));
  EXPECT_EQ(signal.applied_seq, world.seq());
  EXPECT_EQ(signal.oldest_book_at, world.now());
  EXPECT_EQ(signal.decided_at, world.now());
  EXPECT_EQ(signal.tick_at, domain::Timestamp{});  // a whole book is no tick
  EXPECT_EQ(signal.trace, domain::TraceId{5});
}

TEST_F(RunnerTest, ExpiresWithTheOldestBookNotWithTheSending) {
  World basket{"arbitrage"};
  basket.start();
  for (int n = 1; n <= 2; ++n) basket.define(make_market(n, 1, 2));
  basket.book(1, {level(40, 100)}, {level(45, 100)});
  const domain::Timestamp oldest = basket.now();
  basket.advance(2s);
  basket.book(2, {level(40, 100)}, {level(45, 100)});
  const auto signals = basket.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0].oldest_book_at, oldest);
  EXPECT_EQ(signals[0].expires_at, oldest + DeskSettings{}.ttl);
}

TEST_F(RunnerTest, NamesTheTickThatASignalAnswers) {
  World basket{"arbitrage"};
  basket.start();
  for (int n = 1; n <= 2; ++n) basket.define(make_market(n, 1, 2));
  basket.book(1, {level(40, 100)}, {level(45, 100)});
  basket.book(2, {level(40, 100)}, {level(60, 100)});
  EXPECT_TRUE(basket.signals().empty());
  basket.advance(1s);
  basket.on(BookChanged{basket.origin(),
                        {.market = market_id(2),
                         .changes = {{domain::BookSide::Ask, cents(45), shares(100)}},
                         .stamped_at = basket.now()}});
  const auto signals = basket.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0].tick_at, basket.now());
}

TEST_F(RunnerTest, TradesNothingWithoutALease) {
  world.enable();
  world.advance(30s);
  define_and_quote();
  EXPECT_TRUE(world.signals().empty());
  EXPECT_EQ(world.scans(), 0);
}

TEST_F(RunnerTest, TradesNothingOnAnotherRunnersLease) {
  world.enable();
  domain::Lease lease{.strategy = World::kName,
                      .shard = domain::shard_of(event_id(1)),
                      .replica = {"runner-1"},
                      .incarnation = 78,
                      .epoch = {1, 1},
                      .expires_at = world.now() + 1h};
  world.on(LeasesHeard{{lease}});
  world.advance(30s);
  define_and_quote();
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(RunnerTest, StopsTradingWhenTheLeaseRunsOut) {
  world.start();
  world.lease_all(5s);
  world.advance(6s);
  define_and_quote();
  EXPECT_TRUE(world.signals().empty());
  EXPECT_EQ(world.runner().status(0, world.now()).shards_in_force, 0);
  world.lease_all(5s);
  EXPECT_GT(world.runner().status(0, world.now()).shards_in_force, 0);
  wide_book();
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(RunnerTest, DropsPendingSignalsWithTheLease) {
  world.start();
  define_and_quote();
  EXPECT_EQ(world.signals().size(), 1U);
  world.on(LeasesHeard{});
  world.advance(500ms);
  EXPECT_TRUE(world.signals().empty());
  EXPECT_EQ(world.runner().status(0, world.now()).shards_held, 0);
}

TEST_F(RunnerTest, StopsAndReleasesWhatIsRevoked) {
  world.start();
  define_and_quote();
  EXPECT_EQ(world.signals().size(), 1U);
  domain::Lease lease{.strategy = World::kName,
                      .shard = world.shard(),
                      .replica = {"runner-1"},
                      .incarnation = World::kIncarnation,
                      .epoch = {1, 1},
                      .expires_at = world.now() + 1h,
                      .granted_seq = 0,
                      .revoked = true};
  world.on(LeasesHeard{{lease}});
  const std::vector<domain::LeaseReleased> released{
      {World::kName, {1, 1}, std::uint64_t{1} << world.shard().value}};
  EXPECT_EQ(world.runner().released(), released);
  EXPECT_EQ(world.runner().shards(), 0U);
  world.advance(500ms);
  EXPECT_TRUE(world.signals().empty());
  // An older table that was overtaken does not bring the shard back.
  lease.revoked = false;
  world.on(LeasesHeard{{lease}});
  EXPECT_EQ(world.runner().status(0, world.now()).shards_held, 0);
  EXPECT_TRUE(world.runner().released().empty());
  lease.epoch = {1, 2};
  world.on(LeasesHeard{{lease}});
  EXPECT_EQ(world.runner().status(0, world.now()).shards_held, 1);
}

TEST_F(RunnerTest, ForgetsTheMarketsOfAShardWithItsLastLease) {
  world.start();
  define_and_quote();
  EXPECT_EQ(world.runner().markets().size(), 1U);
  EXPECT_EQ(world.runner().shards(), ~std::uint64_t{0});
  world.on(LeasesHeard{});
  EXPECT_EQ(world.runner().markets().size(), 0U);
  EXPECT_EQ(world.runner().shards(), 0U);
}

TEST_F(RunnerTest, BeginsAgainUnderANewEpoch) {
  world.start();
  define_and_quote();
  EXPECT_EQ(world.signals().size(), 1U);
  world.lease_all(1h, 0, 2);
  world.enable();
  EXPECT_EQ(world.runner().status(0, world.now()).shards_warm, 0);
  world.advance(500ms);
  EXPECT_TRUE(world.signals().empty());  // not even a repetition: it would be fenced
  world.advance(3s);
  wide_book();
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals.front().lease_epoch, (domain::LeaseEpoch{1, 2}));
}

TEST_F(RunnerTest, WaitsForTheOrderEventsBeforeTheGrant) {
  world.enable();
  world.lease_all(1h, 3);
  world.on(StrategyHeard{
      {.strategy = World::kName, .enabled = true, .parameters = {}, .last_seq = 3, .figures = {}}});
  world.advance(30s);
  define_and_quote();
  EXPECT_TRUE(world.signals().empty());
  EXPECT_FALSE(world.runner().reasons_not_ready(world.now()).empty());
  for (int i = 0; i < 3; ++i) world.hold(9, shares(i));
  wide_book();
  EXPECT_EQ(world.signals().size(), 1U);
  EXPECT_TRUE(world.runner().reasons_not_ready(world.now()).empty());
}

TEST_F(RunnerTest, IsCaughtUpWhenTheStreamEndsBeforeTheGrant) {
  world.on(OrdersRestored{World::kName, 7, {}});
  world.enable();
  world.lease_all(1h, 9);
  world.advance(30s);
  define_and_quote();
  EXPECT_TRUE(world.signals().empty());  // no state since the grant said where the stream ended
  world.on(StrategyHeard{
      {.strategy = World::kName, .enabled = true, .parameters = {}, .last_seq = 7, .figures = {}}});
  wide_book();
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(RunnerTest, DecidesNothingWhileTheOrderStreamHasAHole) {
  world.start();
  world.hold(9, shares(1));
  world.on(OrderStreamBroken{World::kName});
  define_and_quote();
  EXPECT_TRUE(world.signals().empty());
  world.hold(9, shares(2));  // an event of the replay: the hole is not filled yet
  wide_book();
  EXPECT_TRUE(world.signals().empty());
  world.on(OrderStreamMended{World::kName});
  wide_book();
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(RunnerTest, WarmsUpAfterEachGrant) {
  world.lease_all();
  world.enable();
  define_and_quote();
  EXPECT_TRUE(world.signals().empty());
  EXPECT_EQ(world.runner().status(0, world.now()).shards_warm, 0);
  world.advance(3s);
  wide_book();
  EXPECT_EQ(world.signals().size(), 1U);
  EXPECT_EQ(world.runner().status(0, world.now()).shards_warm, domain::kShards);
}

TEST_F(RunnerTest, MakesBooksStaleOnAGap) {
  world.start();
  define_and_quote();
  static_cast<void>(world.signals());
  world.on(MarketDataGap{world.shard()});
  const auto withdrawn = world.signals();
  ASSERT_EQ(withdrawn.size(), 1U);
  EXPECT_EQ(withdrawn[0].action, domain::SignalAction::Cancel);
  world.event(domain::SignalAccepted{withdrawn[0].id, withdrawn[0].action});
  world.on(BookChanged{
      world.origin(),
      {.market = market_id(1), .changes = {{domain::BookSide::Bid, cents(47), shares(9)}}}});
  EXPECT_TRUE(world.signals().empty());
  world.advance(1s);
  wide_book();
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(RunnerTest, RunsNothingTheOperatorStopped) {
  world.start();
  world.enable(false);
  define_and_quote();
  EXPECT_TRUE(world.signals().empty());
  EXPECT_EQ(world.scans(), 0);
  EXPECT_TRUE(world.runner().reasons_not_ready(world.now()).empty());
  world.enable(true);
  wide_book();
  EXPECT_TRUE(world.signals().empty());  // it starts again, so it warms up again
  world.advance(3s);
  wide_book();
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(RunnerTest, WatchesButDoesNotSpeakWhileHalted) {
  world.start();
  world.enable(true, domain::TradingState::Halted);
  define_and_quote();
  EXPECT_TRUE(world.signals().empty());
  EXPECT_GT(world.scans(), 0);
}

TEST_F(RunnerTest, RepeatsASignalUntilItIsAnswered) {
  world.start();
  define_and_quote();
  const auto first = world.signals();
  world.advance(300ms);
  const auto again = world.signals();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0], first[0]);
  world.event(domain::SignalAccepted{first[0].id, first[0].action});
  world.advance(300ms);
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(RunnerTest, StopsRepeatingAnExpiredSignal) {
  world.start();
  define_and_quote();
  static_cast<void>(world.signals());
  for (int i = 0; i < 30; ++i) {
    world.advance(200ms);
    wide_book();
  }
  static_cast<void>(world.signals());
  EXPECT_GE(world.runner().desk(0).expired(), 1U);
}

TEST_F(RunnerTest, EvaluatesABurstOfChangesOnce) {
  world.start();
  world.define(make_market(1, 1, 1));
  wide_book();
  Outputs out;
  Runner& runner = world.runner();
  for (int i = 0; i < 10; ++i) {
    runner.on(BookChanged{world.origin(),
                          {.market = market_id(1),
                           .changes = {{domain::BookSide::Bid, cents(40), shares(10 + i)}}}},
              world.now(), out);
  }
  int scans = 0;
  while (runner.scan_next(world.now(), out)) ++scans;
  EXPECT_EQ(scans, 1);
}

TEST_F(RunnerTest, TradesOnlyTheMarketsOfItsFilter) {
  RunnerSettings settings{
      .replica = {"runner-1"}, .incarnation = 1, .book_age_max = 3s, .strategies = {}};
  settings.strategies.push_back(
      {.name = World::kName,
       .factory = factory_of(find_strategy_type("spread_farm")->configure({})),
       .markets = {.slugs = {"market-2*"}, .kinds = {}},
       .desk = {.strategy = World::kName}});
  Runner runner(settings);
  const domain::Timestamp start = domain::from_unix_ms(1'000'000'000);
  Outputs out;
  runner.on(OrderStreamMended{World::kName}, start, out);
  runner.on(
      StrategyHeard{{.strategy = World::kName, .enabled = true, .parameters = {}, .figures = {}}},
      start, out);
  std::vector<domain::Lease> leases;
  for (int i = 0; i < domain::kShards; ++i) {
    leases.push_back({.strategy = World::kName,
                      .shard = {static_cast<std::uint8_t>(i)},
                      .replica = {"runner-1"},
                      .incarnation = 1,
                      .epoch = {1, 1},
                      .expires_at = start + 1h});
  }
  runner.on(LeasesHeard{leases}, start, out);
  const domain::Timestamp now = start + 30s;
  for (const int n : {1, 2, 21}) {
    runner.on(MarketHeard{make_market(n, n, 1)}, now, out);
    runner.on(BookLoaded{{.sent_at = now},
                         {.market = market_id(n),
                          .bids = {level(46, 500)},
                          .asks = {level(54, 500)},
                          .stamped_at = now}},
              now, out);
  }
  while (runner.scan_next(now, out)) {
  }
  ASSERT_EQ(out.signals.size(), 2U);
  EXPECT_EQ(target_of(out.signals[0]).market, market_id(2));
  EXPECT_EQ(target_of(out.signals[1]).market, market_id(21));
  EXPECT_EQ(runner.markets_traded(0), 2U);
}

TEST_F(RunnerTest, CountsTheMarketsThatItMayBeAskedAbout) {
  world.start();
  EXPECT_EQ(world.runner().markets_traded(0), 0U);
  define_and_quote();
  world.define(make_market(2, 2, 1));
  EXPECT_EQ(world.runner().markets_traded(0), 2U);
  domain::Market ended = make_market(2, 2, 1);
  ended.status = domain::MarketStatus::Closed;
  world.define(ended);
  EXPECT_EQ(world.runner().markets_traded(0), 1U);
  world.enable(false);
  EXPECT_EQ(world.runner().markets_traded(0), 0U) << "what is stopped trades nowhere";
  world.enable();
  EXPECT_EQ(world.runner().markets_traded(0), 1U);
  world.on(LeasesHeard{});
  EXPECT_EQ(world.runner().markets_traded(0), 0U);
}

TEST_F(RunnerTest, TellsTheKindsOfMarketsApart) {
  domain::Market market = make_market(1, 1, 3);
  EXPECT_EQ(kind_of(market), MarketKind::NegRisk);
  market.neg_risk = false;
  EXPECT_EQ(kind_of(market), MarketKind::Group);
  EXPECT_FALSE((MarketFilter{.slugs = {}, .kinds = {MarketKind::Binary}}.admits(market)));
  market.event_market_count = 1;
  EXPECT_EQ(kind_of(market), MarketKind::Binary);
  EXPECT_TRUE((MarketFilter{.slugs = {"market-1"}, .kinds = {MarketKind::Binary}}.admits(market)));
}

TEST_F(RunnerTest, GivesTheSameSignalsForTheSameInputs) {
  const auto run = [] {
    World one{"spread_farm"};
    one.start();
    for (int n = 1; n <= 5; ++n) one.define(make_market(n, n, 1));
    std::vector<domain::Signal> all;
    for (int step = 0; step < 50; ++step) {
      for (int n = 1; n <= 5; ++n) {
        const int drift = (step * n) % 7;
        one.book(n, {level(40 + drift, 500)}, {level(48 + drift, 500)});
      }
      one.advance(200ms);
      for (domain::Signal& signal : one.signals()) all.push_back(std::move(signal));
    }
    return all;
  };
  const auto first = run();
  EXPECT_GT(first.size(), 20U);
  EXPECT_EQ(first, run());
}

TEST_F(RunnerTest, RestoresPositionsFromASnapshot) {
  domain::StreamedEvent entry;
  entry.event = {.seq = 40,
                 .at = {},
                 .strategy = World::kName,
                 .trace = {},
                 .body = domain::MarketRecorded{make_market(1, 1, 1)}};
  entry.position = domain::PositionState{.market = market_id(1),
                                         .yes = shares(12),
                                         .no = {},
                                         .yes_cost = usd(6),
                                         .no_cost = {},
                                         .realized = {}};
  world.hold(2, shares(5));
  world.on(OrdersRestored{World::kName, 40, {entry}});
  const Holdings& holdings = world.runner().holdings(0);
  EXPECT_EQ(holdings.applied_seq(), 40U);
  EXPECT_EQ(holdings.position(market_id(1)).yes, shares(12));
  EXPECT_TRUE(holdings.position(market_id(2)).yes.is_zero());
}

}  // namespace
}  // namespace polybot::strategy_runner
