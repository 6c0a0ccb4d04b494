// The rules of merging, one by one. merger_fault_test.cpp holds them together under faults.
#include "services/metrics-aggregator/core/merger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/metrics-aggregator/merger_fixture.hpp"

namespace polybot::metrics_aggregator {
namespace {

using namespace std::chrono_literals;
using metrics::FamilyValues;
using metrics::Series;

constexpr const char* kScans = "polybot_scans_total";
constexpr const char* kDuration = "polybot_scan_duration_seconds";
constexpr const char* kRunning = "polybot_strategy_running";
constexpr const char* kConnections = "polybot_websocket_connections";
constexpr const char* kPnl = "polybot_pnl_total";
constexpr const char* kOrders = "polybot_orders_total";

FamilyValues scans(double value, std::string strategy = "arbitrage") {
  return family_of(kScans, {{std::move(strategy), value}});
}

Series histogram(std::uint64_t first, std::uint64_t last, double sum) {
  Series series{"arbitrage", 0, std::vector<std::uint64_t>(17, 0), sum};
  series.buckets.front() = first;
  series.buckets.back() = last;
  return series;
}

class MergerTest : public testing::Test {
 protected:
  MergerTest() { merger_.begin_lineage(at(0s)); }

  void send(Process& process, domain::Duration when, std::vector<FamilyValues> families) {
    merger_.receive(process.snapshot(at(when), std::move(families)), at(when));
  }
  void send_final(Process& process, domain::Duration when, std::vector<FamilyValues> families) {
    metrics::Snapshot snapshot = process.snapshot(at(when), std::move(families));
    snapshot.final = true;
    merger_.receive(std::move(snapshot), at(when));
  }
  std::optional<double> value(std::string_view name, std::string_view labels = "arbitrage") const {
    return value_in(merger_.view({}), name, labels);
  }
  void merge(domain::Duration when) { merger_.merge(at(when)); }
  // Two snapshots an interval apart, after which a new process is known to be new.
  void introduce(Process& process, domain::Duration when,
                 const std::vector<FamilyValues>& families) {
    send(process, when, families);
    send(process, when + 1s, families);
    merge(when + 1s);
  }

  Merger merger_;
};

// --- Counters ------------------------------------------------------------------------------------

TEST_F(MergerTest, CountsEverythingOfAProcessBornAfterTheFloor) {
  Process runner{.born = at(10s)};
  introduce(runner, 11s, {scans(5)});
  EXPECT_EQ(value(kScans), 5);
  send(runner, 13s, {scans(9)});
  merge(13s);
  EXPECT_EQ(value(kScans), 9);
}

TEST_F(MergerTest, CountsOnlyWhatFollowsOfAProcessBornBeforeTheFloor) {
  Process runner{.born = at(-10s)};
  send(runner, 1s, {scans(100)});
  merge(1s);
  EXPECT_EQ(value(kScans), 0);
  send(runner, 2s, {scans(107)});
  merge(2s);
  EXPECT_EQ(value(kScans), 7);
}

TEST_F(MergerTest, ALabelSetThatAppearsLaterBeganAtZero) {
  Process runner{.born = at(-10s)};
  send(runner, 1s, {scans(100)});
  merge(1s);
  send(runner, 2s, {family_of(kScans, {{"arbitrage", 100}, {"momentum", 3}})});
  merge(2s);
  EXPECT_EQ(value(kScans, "momentum"), 3);
}

TEST_F(MergerTest, BeforeTheLineageBeginsEverySenderIsOld) {
  Merger merger;
  Process runner{.born = at(-1s)};
  merger.receive(runner.snapshot(at(0s), {scans(50)}), at(0s));
  merger.begin_lineage(at(1s));
  merger.merge(at(1s));
  EXPECT_EQ(value_in(merger.view({}), kScans, "arbitrage"), 0);
}

TEST_F(MergerTest, AddsReplicasAndKeepsTheDead) {
  Process one{.replica = "runner-1", .incarnation = 1, .born = at(1s)};
  Process two{.replica = "runner-2", .incarnation = 2, .born = at(1s)};
  introduce(one, 2s, {scans(10)});
  introduce(two, 2s, {scans(20)});
  EXPECT_EQ(value(kScans), 30);
  merge(1h);
  EXPECT_EQ(value(kScans), 30);
}

TEST_F(MergerTest, ARestartContinuesTheCount) {
  Process first{.incarnation = 1, .born = at(1s)};
  introduce(first, 2s, {scans(10)});
  Process second{.incarnation = 2, .born = at(5s)};
  introduce(second, 6s, {scans(4)});
  EXPECT_EQ(value(kScans), 14);
}

TEST_F(MergerTest, LossHealsByItself) {
  Process runner{.born = at(1s)};
  introduce(runner, 2s, {scans(1)});
  static_cast<void>(runner.snapshot(at(4s), {scans(5)}));  // lost
  static_cast<void>(runner.snapshot(at(5s), {scans(7)}));  // lost
  send(runner, 6s, {scans(9)});
  merge(6s);
  EXPECT_EQ(value(kScans), 9);
}

TEST_F(MergerTest, DuplicatesAndOldOnesCountNothing) {
  Process runner{.born = at(1s)};
  introduce(runner, 2s, {scans(1)});
  const metrics::Snapshot old = runner.snapshot(at(4s), {scans(5)});
  const metrics::Snapshot young = runner.snapshot(at(5s), {scans(6)});
  merger_.receive(young, at(5s));
  merger_.receive(young, at(5s));
  merger_.receive(old, at(5s));
  merge(5s);
  EXPECT_EQ(value(kScans), 6);
  EXPECT_EQ(merger_.counts().of(Drop::Stale), 2U);
  EXPECT_EQ(merger_.counts().regressions, 0U);
}

TEST_F(MergerTest, PartsMayArriveInAnyOrder) {
  Process runner{.born = at(1s)};
  introduce(runner, 2s, {scans(1), family_of(kRunning, {{"arbitrage", 1}})});
  const metrics::Snapshot part1 = runner.snapshot(at(4s), {scans(5)});
  const metrics::Snapshot part2 =
      runner.snapshot(at(4s), {family_of(kRunning, {{"arbitrage", 0}})});
  merger_.receive(part2, at(4s));
  merger_.receive(part1, at(4s));
  merge(4s);
  EXPECT_EQ(value(kScans), 5);
  EXPECT_EQ(value(kRunning), 0);
  EXPECT_EQ(merger_.counts().of(Drop::Stale), 0U);
}

TEST_F(MergerTest, AFallInsideOneIncarnationIsAResetAndCounted) {
  Process runner{.born = at(1s)};
  introduce(runner, 2s, {scans(10)});
  send(runner, 4s, {scans(3)});
  merge(4s);
  EXPECT_EQ(value(kScans), 13);
  EXPECT_EQ(merger_.counts().regressions, 1U);
}

TEST_F(MergerTest, AHistogramIsResetAsAWhole) {
  Process runner{.born = at(1s)};
  introduce(runner, 2s, {family_of(kDuration, {histogram(4, 6, 5.0)})});
  // Fewer observations in all, though more in the first bucket.
  send(runner, 4s, {family_of(kDuration, {histogram(5, 1, 0.5)})});
  merge(4s);
  const auto view = merger_.view({});
  const Series* const merged = series_in(view, kDuration, "arbitrage");
  ASSERT_NE(merged, nullptr);
  EXPECT_EQ(merged->buckets.front(), 9U);
  EXPECT_EQ(merged->buckets.back(), 7U);
  EXPECT_DOUBLE_EQ(merged->sum, 5.5);
  EXPECT_EQ(merger_.counts().regressions, 1U);
}

TEST_F(MergerTest, SumsOfSecondsStayExact) {
  Process runner{.born = at(1s)};
  introduce(runner, 2s, {family_of(kDuration, {histogram(0, 0, 0)})});
  double sum = 0;
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    sum = 0.1 * static_cast<double>(i);
    send(runner, 3s, {family_of(kDuration, {histogram(i, 0, sum)})});
    merge(3s);
  }
  const auto view = merger_.view({});
  EXPECT_NEAR(series_in(view, kDuration, "arbitrage")->sum, sum, 1e-9);
}

// --- Births, forgetting --------------------------------------------------------------------------

TEST_F(MergerTest, WaitsAnIntervalBeforeASenderCountsAsNew) {
  Process runner{.born = at(10s)};
  send(runner, 11s, {scans(5)});
  merge(11s);
  EXPECT_EQ(value(kScans), std::nullopt);
  send(runner, 12s, {scans(6)});
  merge(12s);
  EXPECT_EQ(value(kScans), 6);
}

TEST_F(MergerTest, AnUnknownSenderThatFallsSilentIsCountedByWhatIsKnown) {
  Process runner{.born = at(10s)};
  send(runner, 11s, {scans(5)});
  merge(22s);
  EXPECT_EQ(value(kScans), 5);
}

TEST_F(MergerTest, AnUnknownSendersFinalSnapshotCountsAtOnce) {
  Process runner{.born = at(10s)};
  send_final(runner, 11s, {scans(5)});
  merge(11s);
  EXPECT_EQ(value(kScans), 5);
}

// The first message after a long cut-off may have lain in a buffer all the time. Its uptime is old,
// and makes the process look as young as if it had been born an instant before.
TEST_F(MergerTest, AForgottenProcessIsNotTakenForNewBecauseOfAnOldMessage) {
  Process runner{.born = at(10s)};
  introduce(runner, 11s, {scans(100)});
  const metrics::Snapshot buffered = runner.snapshot(at(14s), {scans(101)});
  merge(30h);
  ASSERT_TRUE(merger_.state().senders.empty());
  merger_.receive(buffered, at(30h));
  merge(30h);
  send(runner, 30h + 500ms, {scans(5000)});
  merge(30h + 1s);
  send(runner, 30h + 1500ms, {scans(5003)});
  merge(30h + 2s);
  EXPECT_EQ(value(kScans), 103) << "100 before, 3 after; what happened in between is unknown";
}

TEST_F(MergerTest, AProcessThatComesBackWithinTheHourJustContinues) {
  Process runner{.born = at(10s)};
  introduce(runner, 11s, {scans(100)});
  merge(50min);
  send(runner, 50min, {scans(150)});
  merge(50min);
  EXPECT_EQ(value(kScans), 150);
}

TEST_F(MergerTest, ForgettingRaisesTheFloorToTheForgottenBirth) {
  Process runner{.born = at(10s)};
  introduce(runner, 11s, {scans(100)});
  merge(2h);
  EXPECT_TRUE(merger_.state().senders.empty());
  EXPECT_EQ(merger_.state().floor, at(15s));
}

// --- Gauges --------------------------------------------------------------------------------------

TEST_F(MergerTest, GaugesFollowTheirPolicy) {
  Process one{.replica = "runner-1", .incarnation = 1, .born = at(1s)};
  Process two{.replica = "runner-2", .incarnation = 2, .born = at(2s)};
  const auto depth = [](double value) {
    return family_of("polybot_nng_queue_depth", {{"md", value}});
  };
  const auto memory = [](double value) {
    return family_of("polybot_process_resident_memory_bytes", {{"strategy-runner", value}});
  };
  const auto disk = [](double value) {
    return family_of("polybot_disk_free_bytes", {{"strategy-runner", value}});
  };
  send(one, 3s, {depth(5), memory(100), disk(70)});
  send(two, 3s, {depth(3), memory(50), disk(90)});
  merge(3s);
  EXPECT_EQ(value("polybot_nng_queue_depth", "md"), 5);
  EXPECT_EQ(value("polybot_process_resident_memory_bytes", "strategy-runner"), 150);
  EXPECT_EQ(value("polybot_disk_free_bytes", "strategy-runner"), 70);
}

TEST_F(MergerTest, AClosedPositionDisappears) {
  Process manager{.service = "order-manager", .replica = "om", .born = at(1s)};
  send(manager, 2s, {family_of("polybot_position_value_usd", {{"a\xffm1", 1}, {"a\xffm2", 2}})});
  merge(2s);
  send(manager, 3s, {family_of("polybot_position_value_usd", {{"a\xffm2", 2}})});
  merge(3s);
  EXPECT_EQ(value("polybot_position_value_usd", "a\xffm1"), std::nullopt);
  EXPECT_EQ(value("polybot_position_value_usd", "a\xffm2"), 2);
  send(manager, 4s, {family_of("polybot_position_value_usd", {})});
  merge(4s);
  EXPECT_EQ(value("polybot_position_value_usd", "a\xffm2"), std::nullopt);
}

TEST_F(MergerTest, GaugesVanishAfterTenSilentSeconds) {
  Process gateway{.service = "gateway", .replica = "g", .born = at(1s)};
  send(gateway, 2s, {family_of(kConnections, {{"", 4}})});
  merge(12s);
  EXPECT_EQ(value(kConnections, ""), 4);
  merge(12s + 1ms);
  EXPECT_EQ(value(kConnections, ""), std::nullopt);
}

TEST_F(MergerTest, GaugesVanishWithTheFinalSnapshot) {
  Process gateway{.service = "gateway", .replica = "g", .born = at(1s)};
  send(gateway, 2s, {family_of(kConnections, {{"", 4}})});
  merge(2s);
  send_final(gateway, 3s, {family_of(kConnections, {{"", 4}})});
  merge(3s);
  EXPECT_EQ(value(kConnections, ""), std::nullopt);
}

TEST_F(MergerTest, ARestartedReplicaEvictsItsPredecessorsGauges) {
  Process first{.service = "gateway", .replica = "g", .incarnation = 1, .born = at(1s)};
  Process second{.service = "gateway", .replica = "g", .incarnation = 2, .born = at(5s)};
  send(first, 4s, {family_of(kConnections, {{"", 4}})});
  send(second, 6s, {family_of(kConnections, {{"", 1}})});
  merge(6s);
  EXPECT_EQ(value(kConnections, ""), 1);
  // A last message of the dead one, late.
  send(first, 7s, {family_of(kConnections, {{"", 4}})});
  merge(7s);
  EXPECT_EQ(value(kConnections, ""), 1);
}

TEST_F(MergerTest, AnOldSnapshotUpdatesCountersOnly) {
  Process gateway{.service = "gateway", .replica = "g", .born = at(1s)};
  const auto families = [](double count) {
    return std::vector{family_of(kConnections, {{"", 4}}),
                       family_of("polybot_market_data_lag_negative_total", {{"", count}})};
  };
  introduce(gateway, 2s, families(1));
  const metrics::Snapshot late = gateway.snapshot(at(4s), families(5));
  merge(60s);
  merger_.receive(late, at(60s));
  merge(60s);
  EXPECT_EQ(value("polybot_market_data_lag_negative_total", ""), 5);
  EXPECT_EQ(value(kConnections, ""), std::nullopt);
}

TEST_F(MergerTest, AStickyLabelSetStaysAtZeroForADay) {
  Process runner{.born = at(1s)};
  send(runner, 2s, {family_of(kRunning, {{"arbitrage", 1}})});
  merge(2s);
  EXPECT_EQ(value(kRunning), 1);
  merge(20s);
  EXPECT_EQ(value(kRunning), 0);
  merge(24h);
  EXPECT_EQ(value(kRunning), 0);
  merge(25h);
  EXPECT_EQ(value(kRunning), std::nullopt);
}

TEST_F(MergerTest, TimestampsAreRenderedByOurClock) {
  Process gateway{.service = "gateway", .replica = "g", .born = at(1s)};
  const char* const name = "polybot_market_data_last_update_timestamp_seconds";
  send(gateway, 10s, {family_of(name, {{"polymarket", 2.5}, {"other", metrics::kNoAge}})});
  merge(11s);
  const auto view = merger_.view(3s);
  EXPECT_DOUBLE_EQ(*value_in(view, name, "polymarket"), 1'700'000'000 + 10 - 2.5 + 3);
  EXPECT_EQ(value_in(view, name, "other"), 0);
}

// --- Single owners -------------------------------------------------------------------------------

TEST_F(MergerTest, ALastFamilyComesWholeFromTheYoungestOwner) {
  Process old{.service = "order-manager", .replica = "om-1", .incarnation = 1, .born = at(1s)};
  Process young{.service = "order-manager", .replica = "om-2", .incarnation = 2, .born = at(5s)};
  send(old, 6s, {family_of(kPnl, {{"arbitrage", -100}, {"momentum", 7}})});
  send(young, 6s, {family_of(kPnl, {{"arbitrage", 3}})});
  merge(6s);
  EXPECT_EQ(value(kPnl), 3);
  EXPECT_EQ(value(kPnl, "momentum"), std::nullopt);
  merge(6s + 11s);
  EXPECT_EQ(value(kPnl), std::nullopt);
}

TEST_F(MergerTest, OwnedValuesAreAbsoluteAndSurviveARestart) {
  Process manager{.service = "order-manager",
                  .replica = "om",
                  .incarnation = 1,
                  .born = at(-1h),
                  .fold = {"j1", 1}};
  const auto orders = [](double value) {
    return family_of(kOrders, {{"arbitrage\xff"
                                "buy\xff"
                                "filled",
                                value}});
  };
  const std::string labels = metrics::join_labels({"arbitrage", "buy", "filled"});
  send(manager, 1s, {orders(40)});
  merge(1s);
  EXPECT_EQ(value(kOrders, labels), 40) << "whatever the floor: the journal knows";
  Process restarted{.service = "order-manager",
                    .replica = "om",
                    .incarnation = 2,
                    .born = at(5s),
                    .fold = {"j1", 1}};
  send(restarted, 6s, {orders(41)});
  merge(6s);
  EXPECT_EQ(value(kOrders, labels), 41);
  EXPECT_EQ(merger_.counts().of(Conflict::JournalRewound), 0U);
}

TEST_F(MergerTest, ALowerOwnedValueOfTheSameFoldIsHeldAndCounted) {
  Process manager{.service = "order-manager", .replica = "om", .born = at(1s), .fold = {"j1", 1}};
  const auto fees = [](double value) {
    return family_of("polybot_fees_usd_total", {{"arbitrage", value}});
  };
  send(manager, 2s, {fees(5)});
  merge(2s);
  send(manager, 3s, {fees(4)});
  merge(3s);
  EXPECT_EQ(value("polybot_fees_usd_total"), 5);
  EXPECT_EQ(merger_.counts().of(Conflict::JournalRewound), 1U);
}

TEST_F(MergerTest, AnotherFoldReplacesTheFamily) {
  const auto fees = [](double value) {
    return family_of("polybot_fees_usd_total", {{"arbitrage", value}});
  };
  Process old{.service = "order-manager",
              .replica = "om",
              .incarnation = 1,
              .born = at(1s),
              .fold = {"j1", 1}};
  Process young{.service = "order-manager",
                .replica = "om",
                .incarnation = 2,
                .born = at(5s),
                .fold = {"j2", 1}};
  send(old, 4s, {fees(50)});
  merge(4s);
  send(young, 6s, {fees(1)});
  merge(6s);
  EXPECT_EQ(value("polybot_fees_usd_total"), 1);
  // What the predecessor still says belongs to a history that has been replaced.
  send(old, 7s, {fees(60)});
  merge(7s);
  EXPECT_EQ(value("polybot_fees_usd_total"), 1);
}

// --- Conflicts -----------------------------------------------------------------------------------

TEST_F(MergerTest, TwoLiveProcessesUnderOneNameAreAConflict) {
  Process one{.incarnation = 1, .born = at(1s)};
  Process two{.incarnation = 2, .born = at(2s)};
  for (int second = 3; second < 13; ++second) {
    send(one, std::chrono::seconds(second), {scans(1)});
    send(two, std::chrono::seconds(second), {scans(1)});
    merge(std::chrono::seconds(second));
    EXPECT_EQ(merger_.counts().of(Conflict::TwinReplica), 0U) << "a restart overlaps for a while";
  }
  for (int second = 13; second < 40; ++second) {
    send(one, std::chrono::seconds(second), {scans(1)});
    send(two, std::chrono::seconds(second), {scans(1)});
    merge(std::chrono::seconds(second));
  }
  EXPECT_GE(merger_.counts().of(Conflict::TwinReplica), 2U)
      << "a lasting conflict goes on counting";
  EXPECT_EQ(merger_.counts().of(Conflict::Owner), 0U);
}

TEST_F(MergerTest, TwoLiveOwnersAreAConflict) {
  Process one{.service = "order-manager", .replica = "om-1", .incarnation = 1, .born = at(1s)};
  Process two{.service = "order-manager", .replica = "om-2", .incarnation = 2, .born = at(2s)};
  for (int second = 3; second < 20; ++second) {
    send(one, std::chrono::seconds(second), {family_of(kPnl, {{"arbitrage", 1}})});
    send(two, std::chrono::seconds(second), {family_of(kPnl, {{"arbitrage", 2}})});
    merge(std::chrono::seconds(second));
  }
  EXPECT_GE(merger_.counts().of(Conflict::Owner), 1U);
  EXPECT_EQ(merger_.counts().of(Conflict::TwinReplica), 0U);
}

TEST_F(MergerTest, ARestartIsNoConflict) {
  for (int restart = 0; restart < 20; ++restart) {
    const auto begin = std::chrono::seconds(10 * restart);
    Process manager{.service = "order-manager",
                    .replica = "om",
                    .incarnation = 1U + static_cast<unsigned>(restart),
                    .born = at(begin)};
    for (int second = 1; second < 9; ++second) {
      send(manager, begin + std::chrono::seconds(second), {family_of(kPnl, {{"arbitrage", 1}})});
      merge(begin + std::chrono::seconds(second));
    }
  }
  EXPECT_EQ(merger_.counts().of(Conflict::TwinReplica), 0U);
  EXPECT_EQ(merger_.counts().of(Conflict::Owner), 0U);
}

// --- Bad input -----------------------------------------------------------------------------------

TEST_F(MergerTest, DropsWhatItCannotTrustAndCountsWhy) {
  Process runner{.born = at(1s)};
  introduce(runner, 2s, {scans(10)});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const auto drops_after = [&](FamilyValues family, Drop reason) {
    const std::uint64_t before = merger_.counts().of(reason);
    std::vector<FamilyValues> families;
    families.push_back(std::move(family));
    merger_.receive(runner.snapshot(at(4s), std::move(families)), at(4s));
    merge(4s);
    return merger_.counts().of(reason) - before;
  };
  EXPECT_EQ(drops_after({"polybot_no_such_total", 1, {{"arbitrage", 1}}}, Drop::UnknownFamily), 1U);
  EXPECT_EQ(drops_after({kScans, 1, {{"arbitrage", 11}}}, Drop::Fingerprint), 1U);
  EXPECT_EQ(drops_after(family_of(kPnl, {{"arbitrage", 1}}), Drop::WrongOwner), 1U);
  EXPECT_EQ(drops_after(scans(nan), Drop::NotFinite), 1U);
  EXPECT_EQ(drops_after(scans(infinity), Drop::NotFinite), 1U);
  EXPECT_EQ(drops_after(scans(-1), Drop::NotFinite), 1U);
  EXPECT_EQ(drops_after(scans(11, "bad\xc0utf8"), Drop::BadUtf8), 1U);
  EXPECT_EQ(drops_after(scans(11, "one\xfftoo many"), Drop::BadShape), 1U);
  EXPECT_EQ(drops_after(scans(11, std::string(257, 'x')), Drop::BadShape), 1U);
  EXPECT_EQ(drops_after(family_of(kDuration, {{"arbitrage", 0, {1, 2}, 1}}), Drop::BadShape), 1U);
  EXPECT_EQ(
      drops_after(family_of(kScans, {{"arbitrage", 10}, {"arbitrage", 11}}), Drop::DuplicateSeries),
      1U);
  EXPECT_EQ(
      drops_after(family_of(kRunning, {{"arbitrage", 1}, {"arbitrage", 0}}), Drop::DuplicateSeries),
      1U);
  EXPECT_EQ(value(kScans), 10);
  EXPECT_EQ(value(kRunning), std::nullopt);
}

TEST_F(MergerTest, OneBadFamilyDoesNotTakeTheOthersAlong) {
  Process runner{.born = at(1s)};
  introduce(runner, 2s, {scans(1)});
  send(runner, 4s, {family_of(kRunning, {{"bad\xfe", 1}}), scans(2), {"nonsense", 0, {}}});
  merge(4s);
  EXPECT_EQ(value(kScans), 2);
}

TEST_F(MergerTest, RefusesUnknownAndChangedSenders) {
  Process stranger{.service = "stranger", .born = at(1s)};
  send(stranger, 2s, {scans(1)});
  Process runner{.incarnation = 9, .born = at(1s)};
  introduce(runner, 2s, {scans(1)});
  runner.replica = "another name";
  send(runner, 4s, {scans(100)});
  merge(4s);
  EXPECT_EQ(merger_.counts().of(Drop::WrongOwner), 2U);
  EXPECT_EQ(value(kScans), 1);
}

TEST_F(MergerTest, BoundsTheSendersItKnows) {
  Merger merger({.senders_max = 2});
  merger.begin_lineage(at(0s));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    Process runner{.replica = "runner-" + std::to_string(i), .incarnation = i, .born = at(1s)};
    merger.receive(runner.snapshot(at(2s), {scans(1)}), at(2s));
  }
  EXPECT_EQ(merger.state().senders.size(), 2U);
  EXPECT_EQ(merger.counts().of(Drop::TooManySenders), 1U);
}

// --- Caps ----------------------------------------------------------------------------------------

TEST_F(MergerTest, LabelSetsBeyondTheCapShareOneSeriesAndSumsStayRight) {
  Merger merger({.label_sets_per_family_max = 3});
  merger.begin_lineage(at(0s));
  Process runner{.born = at(1s)};
  const auto families = [](double each) {
    std::vector<Series> series;
    for (int i = 0; i < 10; ++i) series.push_back({"s" + std::to_string(i), each});
    return std::vector{family_of(kScans, series), family_of(kRunning, series)};
  };
  for (int second = 2; second < 5; ++second) {
    merger.receive(runner.snapshot(at(std::chrono::seconds(second)), families(second)),
                   at(std::chrono::seconds(second)));
    merger.merge(at(std::chrono::seconds(second)));
  }
  const auto view = merger.view({});
  double sum = 0;
  for (const FamilyValues& family : view) {
    if (family.name != kScans) continue;
    EXPECT_EQ(family.series.size(), 4U);
    for (const Series& series : family.series) sum += series.value;
  }
  EXPECT_EQ(sum, 40);
  EXPECT_EQ(value_in(view, kScans, kOverflow), 28);
  EXPECT_GT(merger.counts().of(Cap::Family), 0U);
}

// A position beyond 2,000 is one, and not a part of a sum.
TEST_F(MergerTest, ALargeFamilyHasACapOfItsOwn) {
  Merger merger;
  merger.begin_lineage(at(0s));
  Process manager{.service = "order-manager", .replica = "order-manager-1", .born = at(1s)};
  const auto index = metrics::find("polybot_position_value_usd");
  const std::size_t most = merger.label_sets_max(index);
  EXPECT_EQ(most, 10'000U);
  const auto shown = [&](std::size_t positions, domain::Duration when) {
    std::vector<Series> series;
    for (std::size_t i = 0; i < positions; ++i)
      series.push_back({metrics::join_labels({"farm", "market-" + std::to_string(i)}), 1});
    merger.receive(
        manager.snapshot(at(when), {family_of("polybot_position_value_usd", std::move(series))}),
        at(when));
    merger.merge(at(when));
    const auto view = merger.view({});
    const auto found = std::ranges::find(view, "polybot_position_value_usd", &FamilyValues::name);
    return found == view.end() ? 0 : found->series.size();
  };
  EXPECT_EQ(shown(most, 2s), most);
  EXPECT_EQ(merger.counts().of(Cap::Family), 0U);
  EXPECT_EQ(shown(most + 5, 3s), most + 1);
  EXPECT_EQ(merger.counts().of(Cap::Family), 5U);
  EXPECT_EQ(Merger({.label_sets_per_family_max = 50'000}).label_sets_max(index), 50'000U);
  EXPECT_EQ(merger.label_sets_max(metrics::find(kScans)), 2'000U);
}

TEST_F(MergerTest, AServiceCannotTakeMoreThanItsShare) {
  Merger merger({.series_per_service_max = 5});
  merger.begin_lineage(at(0s));
  Process runner{.born = at(1s)};
  std::vector<Series> series;
  for (int i = 0; i < 10; ++i) series.push_back({"s" + std::to_string(i), 1});
  for (int second = 2; second < 4; ++second) {
    merger.receive(runner.snapshot(at(std::chrono::seconds(second)), {family_of(kScans, series)}),
                   at(std::chrono::seconds(second)));
  }
  merger.merge(at(3s));
  EXPECT_EQ(value_in(merger.view({}), kScans, kOverflow), 5);
  EXPECT_GT(merger.counts().of(Cap::Service), 0U);
}

TEST_F(MergerTest, OverflowCountsNoSeriesTwiceAfterAGap) {
  Merger merger({.label_sets_per_family_max = 1});
  merger.begin_lineage(at(0s));
  Process runner{.born = at(1s)};
  const auto step = [&](domain::Duration when, std::vector<Series> series) {
    merger.receive(runner.snapshot(at(when), {family_of(kScans, std::move(series))}), at(when));
    merger.merge(at(when));
  };
  step(2s, {{"a", 1}, {"b", 10}, {"c", 10}});
  step(3s, {{"a", 1}, {"b", 10}, {"c", 10}});
  step(4s, {{"a", 1}, {"b", 10}});
  step(5s, {{"a", 1}, {"b", 10}, {"c", 10}});
  EXPECT_LE(*value_in(merger.view({}), kScans, kOverflow), 30);
}

// --- Views ---------------------------------------------------------------------------------------

TEST_F(MergerTest, TheReplicaViewShowsEachLiveReplicasRawValues) {
  Process one{.replica = "runner-1", .incarnation = 1, .born = at(1s)};
  Process two{.replica = "runner-2", .incarnation = 2, .born = at(1s)};
  introduce(one, 2s, {scans(10)});
  introduce(two, 2s, {scans(20), family_of(kRunning, {{"arbitrage", 1}})});
  const auto view = merger_.replica_view({});
  EXPECT_EQ(value_in(view, kScans, "arbitrage\xffstrategy-runner/runner-1"), 10);
  EXPECT_EQ(value_in(view, kScans, "arbitrage\xffstrategy-runner/runner-2"), 20);
  EXPECT_EQ(value_in(view, kRunning, "arbitrage\xffstrategy-runner/runner-2"), 1);
}

TEST_F(MergerTest, TheViewIsSortedAndInCatalogueOrder) {
  Process runner{.born = at(1s)};
  introduce(runner, 2s,
            {family_of(kScans, {{"z", 1}, {"a", 1}, {"m", 1}}),
             family_of(kRunning, {{"z", 1}, {"a", 1}})});
  const auto view = merger_.view({});
  ASSERT_EQ(view.size(), 2U);
  EXPECT_LT(metrics::find(view[0].name), metrics::find(view[1].name));
  for (const FamilyValues& family : view)
    EXPECT_TRUE(std::ranges::is_sorted(family.series, {}, &Series::labels));
}

}  // namespace
}  // namespace polybot::metrics_aggregator
