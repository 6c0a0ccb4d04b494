// A restart: a merger that goes on from stored bytes shows and counts as if it had never ended, and
// bytes that cannot be trusted are refused as a whole.
#include <gtest/gtest.h>

#include <random>

#include "common/metrics/text_format.hpp"
#include "services/metrics-aggregator/state/state_codec.hpp"
#include "tests/support/prometheus_text.hpp"
#include "tests/unit/metrics-aggregator/merger_fixture.hpp"

namespace polybot::metrics_aggregator {
namespace {

using namespace std::chrono_literals;
using metrics::FamilyValues;
using metrics::Series;

constexpr const char* kScans = "polybot_scans_total";
constexpr const char* kDuration = "polybot_scan_duration_seconds";
constexpr const char* kRunning = "polybot_strategy_running";
constexpr const char* kOrders = "polybot_fills_reversed_total";

Series histogram(std::uint64_t first, std::uint64_t last, double sum) {
  Series series{"arbitrage", 0, std::vector<std::uint64_t>(17, 0), sum};
  series.buckets.front() = first;
  series.buckets.back() = last;
  return series;
}

SavedState reloaded(const Merger& merger, domain::Duration when) {
  auto decoded = decode_state(encode_state(merger.state(), {.line = at(when), .boot_id = "boot"}));
  EXPECT_TRUE(std::holds_alternative<SavedState>(decoded));
  return std::get<SavedState>(std::move(decoded));
}

// The merger of the next process.
Merger restarted(const Merger& merger, domain::Duration when, MergerLimits limits = {}) {
  Merger next(limits);
  SavedState saved = reloaded(merger, when);
  next.resume(std::move(saved.state), saved.saved.line);
  return next;
}

std::optional<StateFault> fault_of(std::string_view bytes) {
  const auto decoded = decode_state(bytes);
  const auto* const fault = std::get_if<StateFault>(&decoded);
  return fault == nullptr ? std::nullopt : std::optional(*fault);
}

class StateTest : public testing::Test {
 protected:
  StateTest() {
    merger_.begin_lineage(at(0s));
    for (int second = 11; second < 14; ++second) {
      say(merger_, std::chrono::seconds(second), second * 10.0);
    }
  }

  void say(Merger& merger, domain::Duration when, double scans) {
    merger.receive(runner_.snapshot(at(when), {family_of(kScans, {{"arbitrage", scans}}),
                                               family_of(kDuration, {histogram(4, 2, 1.5)}),
                                               family_of(kRunning, {{"arbitrage", 1}})}),
                   at(when));
    merger.receive(manager_.snapshot(at(when), {family_of(kOrders, {{"arbitrage", 7}}),
                                                family_of("polybot_pnl_total", {{"all", -3.5}})}),
                   at(when));
    merger.merge(at(when));
  }

  Process runner_{.incarnation = 1, .born = at(10s)};
  Process manager_{.service = "order-manager",
                   .replica = "om",
                   .incarnation = 2,
                   .born = at(10s),
                   .fold = {"journal", 1}};
  Merger merger_;
};

TEST_F(StateTest, ShowsAfterARestartWhatItShowedBefore) {
  const Merger next = restarted(merger_, 13s);
  metrics::Exposition before;
  metrics::Exposition after;
  before.swap(merger_.view({}));
  after.swap(next.view({}));
  EXPECT_EQ(after.render(), before.render());
  EXPECT_EQ(value_in(next.view({}), kScans, "arbitrage"), 130);
}

TEST_F(StateTest, WritesTheSameBytesAfterARestart) {
  const SavedState saved = reloaded(merger_, 13s);
  EXPECT_EQ(saved.families_afresh, 0U);
  EXPECT_EQ(encode_state(saved.state, saved.saved),
            encode_state(merger_.state(), {.line = at(13s), .boot_id = "boot"}));
}

TEST_F(StateTest, CountsOnWhereItEnded) {
  Merger next = restarted(merger_, 13s);
  say(next, 20s, 175);
  EXPECT_EQ(value_in(next.view({}), kScans, "arbitrage"), 175);
  EXPECT_EQ(series_in(next.view({}), kDuration, "arbitrage")->buckets.front(), 4U);
  EXPECT_EQ(value_in(next.view({}), kOrders, "arbitrage"), 7);
  EXPECT_EQ(next.counts().regressions, 0U);
}

// The first merge comes before any sender has connected again.
TEST_F(StateTest, ASenderThatLivedThroughALongDownTimeLosesNothing) {
  Merger next = restarted(merger_, 13s);
  next.merge(at(13s + 2h));
  EXPECT_EQ(value_in(next.view({}), "polybot_pnl_total", "all"), std::nullopt) << "none is heard";
  say(next, 14s + 2h, 5000);
  EXPECT_EQ(value_in(next.view({}), kScans, "arbitrage"), 5000);
}

TEST_F(StateTest, ASenderThatDiedInADownTimeIsForgottenAfterAMinute) {
  Merger next = restarted(merger_, 13s);
  next.merge(at(13s + 2h));
  EXPECT_FALSE(next.state().senders.empty());
  next.merge(at(13s + 2h + 1min));
  EXPECT_TRUE(next.state().senders.empty());
  EXPECT_EQ(value_in(next.view({}), kScans, "arbitrage"), 130);
}

TEST_F(StateTest, AProcessBornInADownTimeIsNew) {
  Merger next = restarted(merger_, 13s);
  Process second{.replica = "runner-2", .incarnation = 3, .born = at(15s)};
  for (int seconds = 20; seconds < 23; ++seconds) {
    const domain::Timestamp now = at(std::chrono::seconds(seconds));
    next.receive(second.snapshot(now, {family_of(kScans, {{"arbitrage", 40}})}), now);
    next.merge(now);
  }
  EXPECT_EQ(value_in(next.view({}), kScans, "arbitrage"), 170);
}

TEST_F(StateTest, AnUndecidedSenderIsNotLost) {
  Process second{.replica = "runner-2", .incarnation = 3, .born = at(13s)};
  merger_.receive(second.snapshot(at(13500ms), {family_of(kScans, {{"arbitrage", 5}})}),
                  at(13500ms));
  merger_.merge(at(14s));
  ASSERT_EQ(value_in(merger_.view({}), kScans, "arbitrage"), 130) << "not judged yet";
  Merger next = restarted(merger_, 14s);
  next.merge(at(30s));
  EXPECT_EQ(value_in(next.view({}), kScans, "arbitrage"), 135);
}

TEST_F(StateTest, StickyLabelSetsStay) {
  Merger next = restarted(merger_, 13s);
  next.merge(at(1h));
  EXPECT_EQ(value_in(next.view({}), kRunning, "arbitrage"), 0);
  Merger third = restarted(next, 1h);
  third.merge(at(25h));
  EXPECT_EQ(value_in(third.view({}), kRunning, "arbitrage"), std::nullopt);
}

TEST_F(StateTest, TheForgottenStayForgotten) {
  merger_.merge(at(2h));
  ASSERT_TRUE(merger_.state().senders.empty());
  Merger next = restarted(merger_, 2h);
  EXPECT_EQ(next.state().floor, at(15s));
  for (int seconds = 0; seconds < 3; ++seconds) {
    say(next, 3h + std::chrono::seconds(seconds), 1000);
  }
  EXPECT_EQ(value_in(next.view({}), kScans, "arbitrage"), 130);
}

TEST_F(StateTest, GaugesOfALostReplicaVanishAfterARestartToo) {
  Merger next = restarted(merger_, 13s);
  EXPECT_EQ(value_in(next.view({}), "polybot_pnl_total", "all"), -3.5);
  next.merge(at(13s + 11s));
  EXPECT_EQ(value_in(next.view({}), "polybot_pnl_total", "all"), std::nullopt);
  EXPECT_EQ(value_in(next.view({}), kOrders, "arbitrage"), 7);
}

TEST_F(StateTest, TheCapsCountWhatWasThereBefore) {
  const MergerLimits limits{.series_per_service_max = 2};
  Merger next = restarted(merger_, 13s, limits);
  Process second{.replica = "runner-2", .incarnation = 3, .born = at(15s)};
  for (int seconds = 20; seconds < 23; ++seconds) {
    const domain::Timestamp now = at(std::chrono::seconds(seconds));
    next.receive(second.snapshot(now, {family_of(kScans, {{"momentum", 40}})}), now);
    next.merge(now);
  }
  EXPECT_EQ(value_in(next.view({}), kScans, "momentum"), std::nullopt);
  EXPECT_EQ(value_in(next.view({}), kScans, "__overflow__"), 40);
}

// An aggregator knows a family under another fingerprint: the bytes of that one family are changed,
// everything else stays.
TEST_F(StateTest, OnlyAFamilyWithAnotherFingerprintStartsAgain) {
  const std::string bytes = encode_state(merger_.state(), {.line = at(13s)});
  std::string body = bytes.substr(24);
  const std::size_t name = body.find(kScans);
  ASSERT_NE(name, std::string::npos);
  body[name + std::string_view(kScans).size()] ^= 1;
  auto decoded = decode_state(seal_state(body));
  ASSERT_TRUE(std::holds_alternative<SavedState>(decoded));
  SavedState saved = std::get<SavedState>(std::move(decoded));
  EXPECT_EQ(saved.families_afresh, 1U);
  Merger next;
  next.resume(std::move(saved.state), saved.saved.line);
  EXPECT_EQ(value_in(next.view({}), kScans, "arbitrage"), std::nullopt);
  EXPECT_EQ(value_in(next.view({}), kOrders, "arbitrage"), 7);
  EXPECT_EQ(series_in(next.view({}), kDuration, "arbitrage")->buckets.front(), 4U);
}

TEST_F(StateTest, RefusesEveryTruncation) {
  const std::string bytes = encode_state(merger_.state(), {.line = at(13s)});
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 50) {
    EXPECT_EQ(fault_of(std::string_view(bytes).substr(0, size)), StateFault::Truncated) << size;
  }
  EXPECT_EQ(fault_of(bytes + "x"), StateFault::Truncated);
  EXPECT_EQ(fault_of(bytes), std::nullopt);
}

TEST_F(StateTest, RefusesEveryChangedBit) {
  const std::string bytes = encode_state(merger_.state(), {.line = at(13s)});
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    EXPECT_NE(fault_of(changed), std::nullopt) << i;
  }
  EXPECT_EQ(fault_of("something else entirely"), StateFault::NotAState);
}

TEST_F(StateTest, RefusesAnotherFormat) {
  std::string bytes = encode_state(merger_.state(), {.line = at(13s)});
  bytes[8] = 9;
  EXPECT_EQ(fault_of(bytes), StateFault::OtherFormat);
}

// Bytes with a right checksum that we never wrote are refused, or are as good as any others.
TEST_F(StateTest, AScrapeStaysValidForAnyBody) {
  const std::string good = encode_state(merger_.state(), {.line = at(13s)}).substr(24);
  std::mt19937_64 random(5);
  std::size_t refused = 0;
  std::size_t taken = 0;
  for (int turn = 0; turn < 3'000; ++turn) {
    std::string body = good;
    for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
      body[random() % body.size()] = static_cast<char>(random());
    }
    auto decoded = decode_state(seal_state(body));
    if (std::holds_alternative<StateFault>(decoded)) {
      ++refused;
      continue;
    }
    ++taken;
    SavedState saved = std::get<SavedState>(std::move(decoded));
    Merger next;
    next.resume(std::move(saved.state), saved.saved.line);
    next.merge(at(14s));
    metrics::Exposition exposition;
    exposition.swap(next.view({}));
    ASSERT_EQ(test_support::PrometheusText(exposition.render()).faults_text(), "") << turn;
  }
  EXPECT_GT(refused, 200U);
  EXPECT_GT(taken, 200U);
}

}  // namespace
}  // namespace polybot::metrics_aggregator
