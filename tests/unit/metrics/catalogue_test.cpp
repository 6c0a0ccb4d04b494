// The metric contract as users were promised it. A rename fails here before it breaks a dashboard.
#include "common/metrics/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "common/metrics/catalogue_table.hpp"
#include "common/metrics/snapshot.hpp"

namespace polybot::metrics {
namespace {

std::string rendered_catalogue() {
  std::ostringstream out;
  for (const Family& family : families()) {
    out << family.name << ' ' << domain::name_of(family.type) << ' '
        << domain::name_of(family.policy) << (family.sticky ? ",sticky" : "") << " {";
    for (const Label& label : family.labels)
      out << (&label == family.labels.begin() ? "" : ",") << label.name;
    out << "} " << domain::name_of(family.proof.kind) << (family.proof.fault.empty() ? "" : ":")
        << family.proof.fault;
    for (const double bound : family.bounds) out << ' ' << bound;
    out << '\n';
  }
  return out.str();
}

TEST(Catalogue, IsTheGoldenContract) {
  const std::string path = POLYBOT_GOLDEN_DIR "/metric_catalogue.txt";
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(rendered_catalogue(), golden.str())
      << "The contract changed. If that is meant, dashboards, alerts and documentation change with "
         "it, and "
      << path << " becomes:\n"
      << rendered_catalogue();
}

TEST(Catalogue, HasTheElevenPromisedFamiliesWithTheirLabels) {
  const std::map<std::string, std::vector<std::string>> promised = {
      {"polybot_http_request_duration_seconds", {"method", "endpoint", "status"}},
      {"polybot_http_requests_total", {"method", "endpoint", "status"}},
      {"polybot_orders_total", {"strategy", "side", "status"}},
      {"polybot_position_value_usd", {"strategy", "market"}},
      {"polybot_pnl_total", {"strategy"}},
      {"polybot_pnl_unrealized", {"strategy"}},
      {"polybot_signals_total", {"strategy", "action"}},
      {"polybot_scans_total", {"strategy"}},
      {"polybot_strategy_running", {"strategy"}},
      {"polybot_websocket_connections", {}},
      {"polybot_nng_queue_depth", {"channel"}},
  };
  for (const auto& [name, labels] : promised) {
    const FamilyIndex index = find(name);
    ASSERT_NE(index, kNoFamily) << name;
    std::vector<std::string> declared;
    for (const Label& label : at(index).labels) declared.emplace_back(label.name);
    EXPECT_EQ(declared, labels) << name;
  }
}

TEST(Catalogue, FindsEveryFamilyAndNoOther) {
  for (std::size_t i = 0; i < families().size(); ++i) EXPECT_EQ(find(families()[i].name), i);
  EXPECT_EQ(find("polybot_no_such_family"), kNoFamily);
  EXPECT_EQ(find(""), kNoFamily);
  EXPECT_EQ(find("polybot_scans_tota"), kNoFamily);
  EXPECT_EQ(find("zzz"), kNoFamily);
}

TEST(Catalogue, FingerprintsTellTypeLabelsPolicyAndBoundsApart) {
  const Family base{"polybot_x_total", Type::Counter, Policy::Sum, {{"a"}, {"b"}},
                    kGateway,          kMoves,        "Help."};
  Family other = base;
  other.name = "polybot_y_total";
  other.help = "Other help.";
  EXPECT_EQ(fingerprint(base), fingerprint(other)) << "name and help do not matter for merging";
  other = base;
  other.type = Type::Gauge;
  EXPECT_NE(fingerprint(base), fingerprint(other));
  other = base;
  other.policy = Policy::Owned;
  EXPECT_NE(fingerprint(base), fingerprint(other));
  other = base;
  other.labels = {{"b"}, {"a"}};
  EXPECT_NE(fingerprint(base), fingerprint(other));
  other = base;
  other.labels = {{"ab"}};
  EXPECT_NE(fingerprint(base), fingerprint(other));
  other = base;
  const std::array bounds{1.0, 2.0};
  other.bounds = bounds;
  EXPECT_NE(fingerprint(base), fingerprint(other));
}

// A sender of another build must agree with an aggregator of this one.
TEST(Catalogue, FingerprintsStayTheSameFromBuildToBuild) {
  EXPECT_EQ(fingerprint(find("polybot_http_request_duration_seconds")), 4670535756107771876ULL);
}

TEST(Catalogue, AdmitsValuesOfAClosedSetOnly) {
  const Label side{"side", "buy|sell"};
  EXPECT_TRUE(admits(side, "buy"));
  EXPECT_TRUE(admits(side, "sell"));
  EXPECT_FALSE(admits(side, "hold"));
  EXPECT_FALSE(admits(side, "buy|sell"));
  EXPECT_FALSE(admits(side, ""));
  EXPECT_TRUE(admits({"strategy"}, "anything"));
}

TEST(Catalogue, KnowsItsServices) {
  EXPECT_EQ(owner_bit("gateway"), kGateway);
  EXPECT_EQ(owner_bit("metrics-aggregator"), kMetricsAggregator);
  EXPECT_EQ(owner_bit("venue-simulator"), 0);
}

TEST(Catalogue, TimestampGaugesAreKnownByTheirSuffix) {
  EXPECT_TRUE(at(find("polybot_oldest_pending_order_timestamp_seconds")).is_timestamp());
  EXPECT_FALSE(at(find("polybot_scan_duration_seconds")).is_timestamp());
}

TEST(LabelKeys, SplitIntoWhatWasJoined) {
  EXPECT_EQ(join_labels({}), "");
  EXPECT_THAT(split_labels(join_labels({"a", "", "c|d"})), testing::ElementsAre("a", "", "c|d"));
  EXPECT_NE(join_labels({"ab", "c"}), join_labels({"a", "bc"}));
}

}  // namespace
}  // namespace polybot::metrics
