// What the feed hears, as a recording that is complete by itself.
#include "services/gateway/feed/feed_recorder.hpp"

#include <gmock/gmock.h>

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
  void hear(const std::string& text) {
    polymarket::MarketFrame frame;
    ASSERT_TRUE(polymarket::parse_market_frame(text, frame));
    recorder->on_frame(text, frame, clock.now());
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

}  // namespace
}  // namespace polybot::gateway
