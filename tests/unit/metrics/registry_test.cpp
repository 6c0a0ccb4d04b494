#include "common/metrics/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "common/domain/signal.hpp"
#include "common/metrics/per_enum.hpp"

namespace polybot::metrics {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Identity identity(std::string service) {
  return {std::move(service), "replica-1", 7, "1.2.3", "abc"};
}

Moment at_uptime(domain::Duration uptime) {
  return {domain::from_unix_ms(1'700'000'000'000) + uptime, uptime};
}

// The collected values by family and joined labels; histograms by their count.
std::map<std::string, std::map<std::string, double>> values(Registry& registry,
                                                            Moment moment = at_uptime(1s)) {
  std::map<std::string, std::map<std::string, double>> all;
  for (const FamilyValues& family : registry.collect(moment)) {
    EXPECT_EQ(family.fingerprint, fingerprint(find(family.name)));
    auto& series = all[family.name];
    for (const Series& one : family.series) series[one.labels] = one.value;
  }
  return all;
}

double refused(Registry& registry, std::string_view reason) {
  return values(registry)["polybot_observations_refused_total"]
                         [join_labels({registry.identity().service, reason})];
}

TEST(Registry, HasAnInstrumentForEachEnumerator) {
  Registry registry(identity("strategy-runner"));
  PerEnum<domain::SignalAction, Counter> signals([&](std::string_view action) {
    return registry.counter("polybot_signals_total", {"arbitrage", action});
  });
  signals[domain::SignalAction::Quote].increment();
  const auto shown = values(registry)["polybot_signals_total"];
  EXPECT_EQ(shown.size(), domain::kEnumerators<domain::SignalAction>.size());
  EXPECT_EQ(shown.at(join_labels({"arbitrage", "quote"})), 1);
  EXPECT_EQ(shown.at(join_labels({"arbitrage", "exit"})), 0);
}

TEST(Registry, ShowsAResolvedLabelSetAtZero) {
  Registry registry(identity("strategy-runner"));
  static_cast<void>(registry.counter("polybot_scans_total", {"arbitrage"}));
  EXPECT_EQ(values(registry)["polybot_scans_total"].at("arbitrage"), 0);
}

TEST(Registry, GivesTheSameInstrumentForTheSameLabels) {
  Registry registry(identity("strategy-runner"));
  Counter one = registry.counter("polybot_scans_total", {"arbitrage"});
  Counter other = registry.counter("polybot_scans_total", {"arbitrage"});
  one.increment();
  other.add(2);
  EXPECT_EQ(one.value(), 3);
}

TEST(Registry, LeavesFamiliesOutThatWereNeverTouched) {
  Registry registry(identity("strategy-runner"));
  EXPECT_FALSE(values(registry).contains("polybot_scans_total"));
}

TEST(Registry, RefusesAndCountsWhatIsNoNumberOrNegative) {
  Registry registry(identity("strategy-runner"));
  Counter scans = registry.counter("polybot_scans_total", {"arbitrage"});
  Histogram duration = registry.histogram("polybot_scan_duration_seconds", {"arbitrage"});
  Gauge running = registry.gauge("polybot_strategy_running", {"arbitrage"});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  scans.add(nan);
  scans.add(-1);
  duration.observe(nan);
  duration.observe(infinity);
  duration.observe(-0.5);
  running.set(-infinity);
  EXPECT_EQ(scans.value(), 0);
  EXPECT_EQ(duration.count(), 0U);
  EXPECT_EQ(running.value(), 0);
  EXPECT_EQ(refused(registry, "nan"), 2);
  EXPECT_EQ(refused(registry, "infinite"), 2);
  EXPECT_EQ(refused(registry, "negative"), 2);
}

TEST(Registry, GaugesMayBeNegative) {
  Registry registry(identity("gateway"));
  Gauge gauge = registry.gauge("polybot_websocket_connections");
  gauge.set(5);
  gauge.add(-7);
  EXPECT_EQ(gauge.value(), -2);
  EXPECT_EQ(refused(registry, "negative"), 0);
}

TEST(Registry, RaisesACounterToATotalKeptElsewhereAndNeverLowersIt) {
  Registry registry(identity("gateway"));
  Counter cpu = registry.counter("polybot_process_cpu_seconds_total", {"gateway"});
  cpu.raise_to(2.5);
  cpu.raise_to(1.0);
  EXPECT_EQ(cpu.value(), 2.5);
}

TEST(Registry, ReportsHistogramBucketsThatAreNotCumulative) {
  Registry registry(identity("order-manager"));
  Histogram commit = registry.histogram("polybot_journal_commit_duration_seconds");
  commit.observe(0.0001);  // on a bound: belongs to it
  commit.observe(0.0002);
  commit.observe(std::chrono::duration_cast<domain::Duration>(30s));  // beyond the last bound
  for (const FamilyValues& family : registry.collect(at_uptime(1s))) {
    if (family.name != "polybot_journal_commit_duration_seconds") continue;
    ASSERT_EQ(family.series.size(), 1U);
    const Series& series = family.series.front();
    ASSERT_EQ(series.buckets.size(), kCommitBounds.size() + 1);
    EXPECT_EQ(series.buckets.front(), 1U);
    EXPECT_EQ(series.buckets[1], 1U);
    EXPECT_EQ(series.buckets.back(), 1U);
    EXPECT_DOUBLE_EQ(series.sum, 30.0003);
    return;
  }
  FAIL() << "the histogram was not collected";
}

TEST(Registry, TimestampsTravelAsAges) {
  Registry registry(identity("gateway"));
  TimestampGauge last =
      registry.timestamp_gauge("polybot_market_data_last_update_timestamp_seconds", {"polymarket"});
  const auto age = [&](Moment moment) {
    return values(registry, moment)["polybot_market_data_last_update_timestamp_seconds"].at(
        "polymarket");
  };
  EXPECT_EQ(age(at_uptime(10s)), kNoAge);
  last.set(at_uptime(10s).wall);
  EXPECT_DOUBLE_EQ(age(at_uptime(12s)), 2);
  last.clear();
  EXPECT_EQ(age(at_uptime(13s)), kNoAge);
}

TEST(Registry, AJumpOfTheWallClockDoesNotAgeATimestamp) {
  Registry registry(identity("gateway"));
  TimestampGauge last =
      registry.timestamp_gauge("polybot_market_data_last_update_timestamp_seconds", {"polymarket"});
  const auto age = [&](Moment moment) {
    return values(registry, moment)["polybot_market_data_last_update_timestamp_seconds"].at(
        "polymarket");
  };
  last.set(at_uptime(10s).wall);
  EXPECT_DOUBLE_EQ(age(at_uptime(11s)), 1);
  Moment jumped = at_uptime(12s);
  jumped.wall += 1h;
  EXPECT_DOUBLE_EQ(age(jumped), 2);
}

TEST(Registry, AnEventStampedInTheFutureIsNow) {
  Registry registry(identity("gateway"));
  TimestampGauge last =
      registry.timestamp_gauge("polybot_market_data_last_update_timestamp_seconds", {"polymarket"});
  last.set(at_uptime(1h).wall);
  EXPECT_EQ(values(registry)["polybot_market_data_last_update_timestamp_seconds"].at("polymarket"),
            0);
}

TEST(Registry, ForgetsALabelSetThatCeasedToExist) {
  Registry registry(identity("order-manager"));
  static_cast<void>(registry.gauge("polybot_venue_connected", {"user"}));
  registry.forget("polybot_venue_connected", {"user"});
  EXPECT_THAT(values(registry)["polybot_venue_connected"], IsEmpty());
}

TEST(Registry, AsksSourcesEachTimeAfterTheHooks) {
  Registry registry(identity("order-manager"));
  int hook_calls = 0;
  registry.before_collect([&] { ++hook_calls; });
  registry.add_source([&](Sink& sink) {
    auto pnl = sink.gauge("polybot_pnl_total");
    pnl.set({"arbitrage"}, hook_calls);
    pnl.set({"momentum"}, -hook_calls);
  });
  EXPECT_EQ(values(registry)["polybot_pnl_total"].at("arbitrage"), 1);
  EXPECT_EQ(values(registry)["polybot_pnl_total"].at("momentum"), -2);
}

TEST(Registry, PublishesAFamilyThatASourceOpenedAndLeftEmpty) {
  Registry registry(identity("order-manager"));
  registry.add_source([](Sink& sink) { sink.gauge("polybot_position_value_usd"); });
  const auto all = values(registry);
  ASSERT_TRUE(all.contains("polybot_position_value_usd"));
  EXPECT_THAT(all.at("polybot_position_value_usd"), IsEmpty());
}

TEST(Registry, RefusesNonFiniteValuesOfASource) {
  Registry registry(identity("order-manager"));
  registry.add_source([](Sink& sink) {
    sink.gauge("polybot_pnl_total").set({"arbitrage"}, std::numeric_limits<double>::quiet_NaN());
    sink.counter("polybot_orders_total").set({"arbitrage", "buy", "filled"}, -1);
  });
  auto all = values(registry);
  EXPECT_THAT(all["polybot_pnl_total"], IsEmpty());
  EXPECT_THAT(all["polybot_orders_total"], IsEmpty());
  EXPECT_EQ(all["polybot_observations_refused_total"][join_labels({"order-manager", "nan"})], 1);
}

TEST(Registry, SourcesGiveTimestampsAsAgesToo) {
  Registry registry(identity("order-manager"));
  registry.add_source([](Sink& sink) {
    auto oldest = sink.gauge("polybot_oldest_pending_order_timestamp_seconds");
    oldest.set_timestamp({"arbitrage"}, at_uptime(1s).wall);
    oldest.set_no_timestamp({"momentum"});
  });
  auto all = values(registry, at_uptime(4s));
  EXPECT_DOUBLE_EQ(all["polybot_oldest_pending_order_timestamp_seconds"]["arbitrage"], 3);
  EXPECT_EQ(all["polybot_oldest_pending_order_timestamp_seconds"]["momentum"], kNoAge);
}

TEST(Registry, OrderManagerHasNothingToPublishBeforeItsFold) {
  Registry manager(identity("order-manager"));
  EXPECT_FALSE(manager.publishable());
  manager.set_fold({"journal-1", 3});
  EXPECT_TRUE(manager.publishable());
  EXPECT_TRUE(Registry(identity("gateway")).publishable());
}

TEST(RegistryDeathTest, BugsOfTheCallerEndTheProcess) {
  Registry registry(identity("strategy-runner"));
  EXPECT_DEATH(static_cast<void>(registry.counter("polybot_scans_total")), "broken invariant");
  EXPECT_DEATH(static_cast<void>(registry.counter("polybot_scans_total", {"a", "b"})),
               "broken invariant");
  EXPECT_DEATH(static_cast<void>(registry.counter("polybot_signals_total", {"a", "hold"})),
               "broken invariant");
  EXPECT_DEATH(static_cast<void>(registry.gauge("polybot_pnl_total", {"a"})), "broken invariant")
      << "another service's family";
  EXPECT_DEATH(Registry(identity("nobody")), "broken invariant");
  registry.add_source([](Sink& sink) {
    auto running = sink.gauge("polybot_strategy_running");
    running.set({"a"}, 1);
    running.set({"a"}, 0);
  });
  EXPECT_DEATH(registry.collect(at_uptime(1s)), "broken invariant") << "a label set named twice";
}

}  // namespace
}  // namespace polybot::metrics
