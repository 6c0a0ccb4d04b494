// For any bytes that arrive as snapshots, what Prometheus reads stays valid, counters do not fall,
// and what was not understood is counted.
#include <gtest/gtest.h>

#include <random>

#include "common/metrics/text_format.hpp"
#include "common/wire/metrics_codec.hpp"
#include "services/metrics-aggregator/core/merger.hpp"
#include "tests/support/prometheus_text.hpp"
#include "tests/unit/metrics-aggregator/merger_fixture.hpp"

namespace polybot::metrics_aggregator {
namespace {

using namespace std::chrono_literals;

// A snapshot that has something of everything.
std::vector<metrics::FamilyValues> rich_families(double turn) {
  metrics::Series histogram{"arbitrage", 0, std::vector<std::uint64_t>(17, 1), turn};
  return {family_of("polybot_scans_total", {{"arbitrage", turn}, {"momentum", 2 * turn}}),
          family_of("polybot_strategy_running", {{"arbitrage", 1}, {"momentum", 0}}),
          family_of("polybot_scan_duration_seconds", {histogram}),
          family_of("polybot_nng_queue_depth", {{"md", 3}})};
}

void deliver(Merger& merger, std::string_view bytes, domain::Timestamp now) {
  auto decoded = wire::decode_snapshot(bytes);
  if (auto* const snapshot = std::get_if<metrics::Snapshot>(&decoded)) {
    merger.receive(std::move(*snapshot), now);
  } else {
    merger.count(Drop::Undecodable);
  }
}

std::string mutated(std::string bytes, std::mt19937_64& random) {
  switch (random() % 4) {
    case 0:
      return bytes.substr(0, random() % bytes.size());
    case 1:
      bytes.insert(random() % bytes.size(),
                   std::string(1 + random() % 20, static_cast<char>(random())));
      break;
    default:
      for (std::uint64_t changes = 1 + random() % 6; changes > 0; --changes) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
  }
  return bytes;
}

TEST(BadInput, NeverSpoilsAScrape) {
  std::mt19937_64 random(11);
  Merger merger;
  merger.begin_lineage(at(0s));
  metrics::Exposition exposition;
  Process honest{.replica = "honest", .incarnation = 1, .born = at(1s)};
  Process vandal{.replica = "vandal", .incarnation = 2, .born = at(1s)};
  for (int turn = 2; turn < 1500; ++turn) {
    const domain::Timestamp now = at(std::chrono::seconds(turn));
    for (int i = 0; i < 10; ++i) {
      const std::string good =
          wire::encode_snapshot(vandal.snapshot(now, rich_families(turn))).parts.front();
      deliver(merger, mutated(good, random), now);
    }
    merger.receive(honest.snapshot(now, rich_families(turn)), now);
    merger.merge(now);
    exposition.swap(merger.view({}));
    const test_support::PrometheusText text(exposition.render());
    ASSERT_EQ(text.faults_text(), "") << "turn " << turn;
  }
  EXPECT_GT(merger.counts().of(Drop::Undecodable), 1000U);
  EXPECT_GT(merger.counts().of(Drop::UnknownFamily), 10U);
  EXPECT_GT(merger.counts().of(Drop::Fingerprint), 10U);
  EXPECT_LE(merger.state().senders.size(), MergerLimits().senders_max);
}

}  // namespace
}  // namespace polybot::metrics_aggregator
