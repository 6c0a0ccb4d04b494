// What the feed hears, as a recording that is complete by itself.
#include "services/gateway/feed/feed_recorder.hpp"

#include <gmock/gmock.h>

#include "common/recording/ending.hpp"
#include "common/recording/inspection.hpp"
#include "common/runtime/config.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/recording/samples.hpp"

namespace polybot::gateway {
namespace {

using recording::cents;
using recording::shares;

struct FeedRecorderTest : ::testing::Test {
  test_support::TemporaryFolder folder;
  metrics::Registry registry{{"gateway", "gateway-1", 7, "1", "abc"}};
  FeedMetrics metrics{registry};
  MarketCatalogue catalogue{CatalogueSettings{}};
  BookBuilder books;
  domain::Market market = recording::sample_market();
  runtime::Clock clock;
  std::unique_ptr<FeedRecorder> recorder = make();

  std::unique_ptr<FeedRecorder> make(std::size_t queue_bytes_max = 64U << 20) {
    recording::WriterSettings writer;
    writer.folder = folder / "recordings";
    writer.queue_bytes_max = queue_bytes_max;
    return std::make_unique<FeedRecorder>(RecorderSettings{writer, "test", "ws://venue"}, catalogue,
                                          books, metrics, clock);
  }
  void know_market() {
    const std::vector<Listing> listed{{market, {}}};
    catalogue.on_listed(listed, {});
    catalogue.on_record(market, {});
    books.track(market.id, market.yes_token, market.no_token, market.tick);
  }
  // When it arrives, of the frames of the tests.
  static constexpr std::int64_t kArrivalMs = 1'780'000'001'000;

  void hear(const std::string& text, std::int64_t arrival_ms = kArrivalMs) {
    polymarket::MarketFrame frame;
    ASSERT_TRUE(polymarket::parse_market_frame(text, frame));
    recorder->on_frame(text, frame, domain::from_unix_ms(arrival_ms));
  }
  // With these digits for the time.
  [[nodiscard]] std::string change_of(const std::string& venue_time) const {
    std::string text =
        recording::change_frame(market, kArrivalMs, cents(45), shares(7), {cents(45), cents(60)});
    const std::string said = std::to_string(kArrivalMs);
    return text.replace(text.find(said), said.size(), venue_time);
  }
  void hear_change(std::int64_t venue_ms, std::int64_t arrival_ms) {
    hear(change_of(std::to_string(venue_ms)), arrival_ms);
  }
  [[nodiscard]] double odd_times() {
    return registry.counter("polybot_recording_odd_times_total", {}).value();
  }
  void hear_book() {
    hear(recording::book_frame(market, market.yes_token, 1'000, {{cents(40), shares(10)}},
                               {{cents(60), shares(10)}}));
  }
  // Ends the recording and reads it.
  recording::Inspection inspected() {
    recorder.reset();
    for (const auto& file : std::filesystem::directory_iterator(folder / "recordings")) {
      if (file.path().extension() != ".zst") continue;
      recording::Recording recording(file.path());
      return recording::inspect(recording);
    }
    ADD_FAILURE() << "there is no recording";
    return {};
  }
};

TEST_F(FeedRecorderTest, WritesWhatASoundRecordingNeeds) {
  know_market();
  recorder->on_market(market);
  hear_book();
  hear(recording::change_frame(market, 1'001, cents(45), shares(7), {cents(45), cents(60)}));
  market.status = domain::MarketStatus::Resolved;
  market.payout = {domain::kPriceOne, {}};
  recorder->on_market(market);
  const recording::Inspection found = inspected();
  EXPECT_EQ(found.problem_count, 0U) << found.problems.front();
  EXPECT_EQ(found.frames, 2U);
  EXPECT_EQ(found.headers, 1U);
  EXPECT_EQ(found.described_markets, 1U);
  EXPECT_EQ(found.resolved_notes, 1U);
  EXPECT_TRUE(found.gaps.empty());
}

TEST_F(FeedRecorderTest, NotesAGapAndTheBookThatEndsIt) {
  know_market();
  hear_book();
  recorder->on_gap("best_mismatch", {market.id});
  BookUpdates out;
  const std::vector<domain::Level> bids{{cents(41), shares(3)}};
  books.on(TokenBook{.token = market.yes_token,
                     .bids = bids,
                     .asks = {},
                     .venue_at = clock.now(),
                     .asked_at = clock.now()},
           SnapshotSource::Rest, clock.now(), out);
  recorder->on_rest_book(market.id);
  hear(recording::change_frame(market, 1'001, cents(45), shares(7), {cents(45), {}}));
  const recording::Inspection found = inspected();
  EXPECT_EQ(found.problem_count, 0U) << found.problems.front();
  ASSERT_EQ(found.gaps.size(), 1U);
  EXPECT_EQ(found.gaps[0].reason, "best_mismatch");
  EXPECT_EQ(found.gaps[0].markets, 1U);
  EXPECT_EQ(found.made_frames, 1U);
}

// A file that begins in the middle has the books as they stand.
TEST_F(FeedRecorderTest, BeginsWithWhatIsKnown) {
  know_market();
  BookUpdates out;
  const std::vector<domain::Level> bids{{cents(40), shares(3)}};
  books.on(TokenBook{.token = market.yes_token,
                     .bids = bids,
                     .asks = {},
                     .venue_at = clock.now(),
                     .asked_at = clock.now()},
           SnapshotSource::Socket, clock.now(), out);
  hear(recording::change_frame(market, 1'001, cents(45), shares(7), {cents(45), {}}));
  const recording::Inspection found = inspected();
  EXPECT_EQ(found.problem_count, 0U) << found.problems.front();
  EXPECT_EQ(found.made_frames, 1U);
  EXPECT_EQ(found.described_markets, 1U);
}

TEST_F(FeedRecorderTest, CountsAndNotesWhatTheQueueCannotHold) {
  recorder.reset();
  std::filesystem::remove_all(folder / "recordings");
  recorder = make(1);
  know_market();
  const auto lost = [&] {
    return registry.counter("polybot_recording_lost_lines_total", {"queue_full"}).value();
  };
  while (lost() == 0) hear_book();
  const double before = lost();
  EXPECT_GE(before, 1);
  const recording::Inspection found = inspected();
  EXPECT_EQ(found.skipped_lines, 0U);
}

// Whatever the venue says, the times of the recording are those of the arrivals, give or take.
TEST_F(FeedRecorderTest, CountsATimeThatIsFarOffAndUsesTheArrival) {
  know_market();
  hear_book();
  hear_change(kArrivalMs + 5, kArrivalMs + 10);
  for (const std::int64_t odd : {kArrivalMs + 86'400'000, kArrivalMs - 86'400'000,
                                 kArrivalMs + 300'001 + 20, std::int64_t{4'000'000'000'000}})
    hear_change(odd, kArrivalMs + 20);
  EXPECT_EQ(odd_times(), 4);
  hear_change(kArrivalMs + 25, kArrivalMs + 30);
  EXPECT_EQ(odd_times(), 4);
  const recording::Inspection found = inspected();
  EXPECT_EQ(found.frames, 7U);
  EXPECT_EQ(found.last_ms, kArrivalMs + 25);
  const std::vector<recording::Segment> index = recording::read_segments(folder / "recordings");
  ASSERT_EQ(index.size(), 1U);
  EXPECT_EQ(index[0].last_ms, kArrivalMs + 25);
}

TEST_F(FeedRecorderTest, CountsATimeInAnotherFormat) {
  const std::string said = std::to_string(kArrivalMs);
  for (const std::string& other : {std::string("0"), said + "000", said + "000000"}) {
    const std::string text = change_of(other);
    polymarket::MarketFrame frame;
    EXPECT_FALSE(polymarket::parse_market_frame(text, frame)) << text;
    recorder->on_frame(text, frame, domain::from_unix_ms(kArrivalMs));
  }
  EXPECT_EQ(odd_times(), 3);
  hear(change_of(said.substr(0, 10)));
  EXPECT_EQ(odd_times(), 3) << "it is read as what it is";
  EXPECT_EQ(inspected().last_ms, kArrivalMs);
}

// The host's clock may be wrong, the venue's /time as well: only the first can be a little.
TEST_F(FeedRecorderTest, JudgesTimesByTheClockOfTheVenue) {
  recorder->set_clock_offset(std::chrono::hours(1));
  hear_change(kArrivalMs + 3'600'000, kArrivalMs);
  EXPECT_EQ(odd_times(), 0);
  recorder->set_clock_offset(std::chrono::hours(24 * 365));
  EXPECT_EQ(odd_times(), 1);
  hear_change(kArrivalMs + 3'600'001, kArrivalMs + 1);
  EXPECT_EQ(odd_times(), 1);
}

TEST_F(FeedRecorderTest, LeavesWordOfItsEnd) {
  know_market();
  hear_book();
  hear_change(kArrivalMs + 1, kArrivalMs + 1);
  recorder->close();
  EXPECT_EQ(recording::read_ending(folder / "recordings"),
            (recording::Ending{.frames = 2, .lost_lines = 0, .unmarked_lines = 0, .trouble = {}}));
}

TEST_F(FeedRecorderTest, SaysAtItsEndWhatIsMissing) {
  recorder.reset();
  recorder = make(1);
  know_market();
  while (registry.counter("polybot_recording_lost_lines_total", {"queue_full"}).value() == 0)
    hear_book();
  recorder->close();
  const auto ending = recording::read_ending(folder / "recordings");
  ASSERT_TRUE(ending);
  EXPECT_GE(ending->lost_lines, 1U);
  EXPECT_LE(ending->unmarked_lines, ending->lost_lines);
}

TEST_F(FeedRecorderTest, SaysAtItsEndWhyItCannotWrite) {
  recorder.reset();
  std::filesystem::remove_all(folder / "recordings");
  recorder = make();
  know_market();
  std::filesystem::remove_all(folder / "recordings");
  hear_book();
  recorder->close();
  EXPECT_FALSE(recording::read_ending(folder / "recordings")) << "there is no folder for it";
  EXPECT_GE(registry.counter("polybot_recording_lost_lines_total", {"write_failed"}).value(), 1);
}

}  // namespace
}  // namespace polybot::gateway
