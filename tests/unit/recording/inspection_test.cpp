#include "common/recording/inspection.hpp"

#include <gmock/gmock.h>

#include "tests/support/recorded_data.hpp"
#include "tests/unit/recording/samples.hpp"

namespace polybot::recording {
namespace {

const domain::Market kMarket = sample_market();

SampleLines sound() {
  SampleLines lines;
  lines.note(900, Header{.version = 1, .program = "p", .venue = "v", .clock_offset_ms = 0});
  lines.note(950, MarketNote{kMarket});
  lines.frame(1'000, "[" +
                         book_frame(kMarket, kMarket.yes_token, 1'000, {{cents(40), shares(10)}},
                                    {{cents(60), shares(10)}}) +
                         "]");
  lines.frame(1'001, change_frame(kMarket, 1'001, cents(45), shares(7), {cents(45), cents(60)}));
  return lines;
}

TEST(Inspection, FindsNothingInASoundRecording) {
  SampleLines lines = sound();
  lines.raw("{\"ts_ms\":1002,\"note\":\"of-a-later-version\"}\n");
  lines.note(2'000, ResolvedNote{kMarket.id, {domain::kPriceOne, {}}});
  const Inspection found = inspect(*lines.read());
  EXPECT_EQ(found.problem_count, 0U) << found.problems.front();
  EXPECT_EQ(found.first_ms, 900);
  EXPECT_EQ(found.last_ms, 2'000);
  EXPECT_EQ(found.frames, 2U);
  EXPECT_EQ(found.events.at("price_change"), 1U);
  EXPECT_EQ(found.headers, 1U);
  EXPECT_EQ(found.resolved_notes, 1U);
  EXPECT_EQ(found.markets, std::set{kMarket.id});
}

TEST(Inspection, NamesGapsWithoutCallingThemFaults) {
  SampleLines lines = sound();
  lines.note(1'500, GapNote{.reason = "restart", .from_ms = 1'001, .markets = {}, .lines = 0});
  const Inspection found = inspect(*lines.read());
  EXPECT_EQ(found.problem_count, 0U);
  ASSERT_EQ(found.gaps.size(), 1U);
  EXPECT_EQ(found.gaps[0].reason, "restart");
  EXPECT_EQ(found.gaps[0].from_ms, 1'001);
  EXPECT_EQ(found.gaps[0].at_ms, 1'500);
}

TEST(Inspection, NamesEachFaultWithItsPlace) {
  SampleLines lines = sound();
  lines.frame(1'002, change_frame(kMarket, 1'002, cents(46), shares(7), {cents(49), cents(60)}));
  lines.frame(1'003, change_frame(kMarket, 1'003, cents(49), shares(7), {cents(49), cents(60)}));
  lines.frame(1'004, "{\"event_type\":");
  lines.raw("garbage\n");
  const Inspection found = inspect(*lines.read());
  EXPECT_EQ(found.problem_count, 3U);
  EXPECT_THAT(
      found.problems,
      ::testing::ElementsAre(::testing::AllOf(::testing::StartsWith("x.jsonl:6: the best prices"),
                                              ::testing::HasSubstr(kMarket.slug)),
                             ::testing::StartsWith("x.jsonl:7: a frame cannot be read"),
                             ::testing::HasSubstr("x.jsonl:8")));
}

TEST(Inspection, SaysWhereARecordingEndsEarly) {
  SampleLines lines = sound();
  lines.raw("{\"ts_ms\":1002,\"raw\":\"[");
  const Inspection found = inspect(*lines.read());
  EXPECT_GT(found.problem_count, 0U);
  EXPECT_EQ(found.frames, 2U);
}

// The venue's own statements in a real recording agree with its books.
TEST(Inspection, FindsNothingInARecordingOfTheVenue) {
  const auto data = test_support::recorded_data();
  if (!data) GTEST_SKIP() << test_support::kNoRecordedData;
  Recording recording(*data / "polymarket/nhl_final_20260607_6min.jsonl.zst");
  const Inspection found = inspect(recording);
  EXPECT_EQ(found.problem_count, 0U) << found.problems.front();
  EXPECT_EQ(found.frames, 34'773U);
  EXPECT_EQ(found.markets.size(), 6U);
  EXPECT_EQ(found.described_markets, 0U);
}

}  // namespace
}  // namespace polybot::recording
