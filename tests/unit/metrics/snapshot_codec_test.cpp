// A snapshot on the wire: cut between families, and never trusted on the way back.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "common/metrics/snapshot.hpp"
#include "common/wire/metrics_codec.hpp"
#include "common/wire/status_codec.hpp"

namespace polybot::wire {
namespace {

using metrics::FamilyValues;
using metrics::Series;
using metrics::Snapshot;

Snapshot snapshot_of(std::vector<FamilyValues> families) {
  return {.service = "gateway",
          .replica = "gateway-1",
          .incarnation = 0xfedcba9876543210,
          .seq = 41,
          .uptime_ms = 123'456,
          .interval_ms = 1000,
          .final = false,
          .fold = {"journal", 5},
          .families = std::move(families)};
}

FamilyValues family_of(std::string name, std::size_t series_count) {
  FamilyValues family{std::move(name), 99, {}};
  for (std::size_t i = 0; i < series_count; ++i) {
    family.series.push_back({"label-value-number-" + std::to_string(i), static_cast<double>(i)});
  }
  return family;
}

Snapshot decoded(std::string_view bytes) {
  return std::get<Snapshot>(decode_snapshot(bytes));
}

TEST(SnapshotCodec, BringsBackWhatWasSent) {
  Snapshot sent = snapshot_of({family_of("polybot_a_total", 2), family_of("polybot_empty", 0)});
  sent.final = true;
  sent.families.push_back({"polybot_h_seconds", 7, {Series{"x\xffy", 0, {1, 0, 300}, 2.5}}});
  const EncodedSnapshot encoded = encode_snapshot(sent);
  ASSERT_EQ(encoded.parts.size(), 1U);
  EXPECT_EQ(encoded.families_left_out, 0U);
  const Snapshot got = decoded(encoded.parts.front());
  EXPECT_EQ(got.service, sent.service);
  EXPECT_EQ(got.replica, sent.replica);
  EXPECT_EQ(got.incarnation, sent.incarnation);
  EXPECT_EQ(got.seq, 41U);
  EXPECT_EQ(got.uptime_ms, sent.uptime_ms);
  EXPECT_EQ(got.interval_ms, sent.interval_ms);
  EXPECT_TRUE(got.final);
  EXPECT_EQ(got.fold, sent.fold);
  ASSERT_EQ(got.families.size(), 3U);
  EXPECT_EQ(got.families[0].name, "polybot_a_total");
  EXPECT_EQ(got.families[0].fingerprint, 99U);
  EXPECT_EQ(got.families[0].series[1].labels, "label-value-number-1");
  EXPECT_EQ(got.families[0].series[1].value, 1);
  EXPECT_TRUE(got.families[1].series.empty());
  EXPECT_EQ(got.families[2].series[0].labels, "x\xffy");
  EXPECT_EQ(got.families[2].series[0].buckets, (std::vector<std::uint64_t>{1, 0, 300}));
  EXPECT_EQ(got.families[2].series[0].sum, 2.5);
}

TEST(SnapshotCodec, CutsALargeSnapshotBetweenFamilies) {
  constexpr std::size_t kBytesMax = 4096;
  Snapshot sent = snapshot_of({});
  sent.final = true;
  for (int i = 0; i < 20; ++i)
    sent.families.push_back(family_of("polybot_f" + std::to_string(i), 25));
  const EncodedSnapshot encoded = encode_snapshot(sent, kBytesMax);
  ASSERT_GT(encoded.parts.size(), 2U);
  std::size_t next_family = 0;
  for (std::size_t i = 0; i < encoded.parts.size(); ++i) {
    EXPECT_LE(encoded.parts[i].size(), kBytesMax);
    const Snapshot part = decoded(encoded.parts[i]);
    EXPECT_EQ(part.seq, 41 + i);
    EXPECT_EQ(part.incarnation, sent.incarnation);
    EXPECT_EQ(part.final, i + 1 == encoded.parts.size()) << "only the last part ends the sender";
    for (const FamilyValues& family : part.families) {
      EXPECT_EQ(family.name, sent.families[next_family++].name);
      EXPECT_EQ(family.series.size(), 25U) << "complete for the families it names";
    }
  }
  EXPECT_EQ(next_family, sent.families.size());
}

TEST(SnapshotCodec, LeavesOutAFamilyThatNoPartCanHold) {
  const EncodedSnapshot encoded = encode_snapshot(
      snapshot_of({family_of("polybot_small", 1), family_of("polybot_huge", 500)}), 2048);
  EXPECT_EQ(encoded.families_left_out, 1U);
  ASSERT_EQ(encoded.parts.size(), 1U);
  ASSERT_EQ(decoded(encoded.parts.front()).families.size(), 1U);
}

TEST(SnapshotCodec, SendsAPartWithoutAnyFamily) {
  EXPECT_EQ(encode_snapshot(snapshot_of({})).parts.size(), 1U);
}

TEST(SnapshotCodec, RefusesWhatIsTooLargeUnread) {
  const std::string bytes(kSnapshotBytesMax + 1, '\0');
  EXPECT_EQ(std::get<SnapshotRefusal>(decode_snapshot(bytes)), SnapshotRefusal::Oversize);
}

TEST(SnapshotCodec, RefusesASenderThatCannotBe) {
  const auto refused = [](const std::function<void(Snapshot&)>& spoil) {
    Snapshot snapshot = snapshot_of({});
    spoil(snapshot);
    return std::holds_alternative<SnapshotRefusal>(
        decode_snapshot(encode_snapshot(snapshot).parts.front()));
  };
  EXPECT_FALSE(refused([](Snapshot&) {}));
  EXPECT_TRUE(refused([](Snapshot& s) { s.service.clear(); }));
  EXPECT_TRUE(refused([](Snapshot& s) { s.replica.clear(); }));
  EXPECT_TRUE(refused([](Snapshot& s) { s.replica.assign(129, 'x'); }));
  EXPECT_TRUE(refused([](Snapshot& s) { s.seq = 0; }));
  EXPECT_TRUE(refused([](Snapshot& s) { s.interval_ms = 0; }));
  EXPECT_TRUE(refused([](Snapshot& s) { s.uptime_ms = ~std::uint64_t{0}; }));
}

TEST(SnapshotCodec, SurvivesAnyBytes) {
  const std::string good =
      encode_snapshot(snapshot_of({family_of("polybot_a_total", 5)})).parts.front();
  std::mt19937_64 random(1);
  for (std::size_t length = 0; length < good.size(); ++length) {
    static_cast<void>(decode_snapshot(std::string_view(good).substr(0, length)));
  }
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    for (std::uint64_t changes = 1 + random() % 8; changes > 0; --changes) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    static_cast<void>(decode_snapshot(bad));
    static_cast<void>(decode_status(bad));
  }
}

TEST(StatusCodec, BringsBackWhatWasSent) {
  const metrics::Status sent{.service = "gateway",
                             .replica = "gateway-1",
                             .incarnation = 5,
                             .seq = 9,
                             .uptime_ms = 1234,
                             .version = "1.2.3",
                             .ready = false,
                             .reasons = {"feed: no data", "books: stale"},
                             .since_ms = 1000,
                             .final = true};
  const auto got = decode_status(encode_status(sent));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->service, sent.service);
  EXPECT_EQ(got->replica, sent.replica);
  EXPECT_EQ(got->incarnation, sent.incarnation);
  EXPECT_EQ(got->seq, sent.seq);
  EXPECT_EQ(got->uptime_ms, sent.uptime_ms);
  EXPECT_EQ(got->version, sent.version);
  EXPECT_EQ(got->ready, sent.ready);
  EXPECT_EQ(got->reasons, sent.reasons);
  EXPECT_EQ(got->since_ms, sent.since_ms);
  EXPECT_EQ(got->final, sent.final);
}

TEST(StatusCodec, RefusesWhatIsNoHeartbeat) {
  EXPECT_FALSE(decode_status("garbage"));
  EXPECT_FALSE(decode_status(""));
  EXPECT_FALSE(decode_status(std::string(100'000, 'x')));
  EXPECT_FALSE(decode_status(encode_status({.service = "gateway", .replica = "", .seq = 1})));
  EXPECT_FALSE(decode_status(encode_status({.service = "gateway", .replica = "g", .seq = 0})));
}

}  // namespace
}  // namespace polybot::wire
