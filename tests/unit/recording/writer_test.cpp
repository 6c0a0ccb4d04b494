#include "common/recording/writer.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "common/recording/inspection.hpp"
#include "common/runtime/config.hpp"
#include "tests/support/recorded_data.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/recording/samples.hpp"

namespace polybot::recording {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const domain::Market kMarket = sample_market();
constexpr std::int64_t kStart = 1'780'000'000'000;

std::string header_line(std::int64_t at_ms) {
  return SampleLines().note(at_ms, Header{}).text();
}
std::string state_lines(std::int64_t at_ms) {
  return SampleLines()
      .note(at_ms, MarketNote{kMarket})
      .frame(at_ms,
             book_frame(kMarket, kMarket.yes_token, at_ms, {{cents(40), shares(10)}},
                        {{cents(60), shares(10)}}),
             "books")
      .text();
}
std::string change_line(std::int64_t at_ms, int quantity) {
  return SampleLines()
      .frame(at_ms,
             change_frame(kMarket, at_ms, cents(45), shares(quantity), {cents(45), cents(60)}))
      .text();
}

struct WriterTest : ::testing::Test {
  test_support::TemporaryFolder folder;

  WriterSettings settings() {
    WriterSettings made;
    made.folder = folder / "recordings";
    return made;
  }
  static void begin(Writer& writer, std::int64_t at_ms) {
    ASSERT_TRUE(writer.begin(at_ms, header_line(at_ms), state_lines(at_ms), 3));
  }
  [[nodiscard]] std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& file : fs::directory_iterator(folder / "recordings")) {
      if (file.path().string().ends_with(kSegmentEnding)) found.push_back(file.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  static Inspection inspected(const fs::path& file) {
    Recording recording(file);
    return inspect(recording);
  }
  template <class Condition>
  static void wait_until(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      std::this_thread::yield();
    }
  }
};

TEST_F(WriterTest, WritesARecordingThatIsSound) {
  {
    Writer writer(settings());
    EXPECT_TRUE(writer.wants_begin());
    begin(writer, kStart);
    EXPECT_FALSE(writer.wants_begin());
    for (int i = 1; i <= 100; ++i)
      ASSERT_TRUE(writer.write(kStart + i, change_line(kStart + i, i), 1));
  }
  ASSERT_EQ(files().size(), 1U);
  const Inspection found = inspected(files()[0]);
  EXPECT_EQ(found.problem_count, 0U);
  EXPECT_EQ(found.frames, 101U);
  EXPECT_EQ(found.last_ms, kStart + 100);
  EXPECT_TRUE(found.gaps.empty());
  const std::vector<Segment> index = read_segments(folder / "recordings");
  ASSERT_EQ(index.size(), 1U);
  EXPECT_EQ(index[0], read_segment(files()[0]));
}

TEST_F(WriterTest, GoesOnInTheLastFileAndNotesTheGap) {
  for (const std::int64_t at : {kStart, kStart + 60'000}) {
    Writer writer(settings());
    begin(writer, at);
    ASSERT_TRUE(writer.write(at + 1, change_line(at + 1, 5), 1));
  }
  ASSERT_EQ(files().size(), 1U);
  const Inspection found = inspected(files()[0]);
  EXPECT_EQ(found.problem_count, 0U);
  EXPECT_EQ(found.headers, 2U);
  ASSERT_EQ(found.gaps.size(), 1U);
  EXPECT_EQ(found.gaps[0].reason, "restart");
  EXPECT_EQ(found.gaps[0].from_ms, kStart + 1);
}

TEST_F(WriterTest, BeginsANewFileWhenTheLastOneIsOld) {
  WriterSettings hourly = settings();
  for (const std::int64_t at : {kStart, kStart + 3'700'000}) {
    Writer writer(hourly);
    begin(writer, at);
  }
  ASSERT_EQ(files().size(), 2U);
  EXPECT_EQ(inspected(files()[1]).gaps.size(), 1U);
  EXPECT_EQ(inspected(files()[1]).problem_count, 0U);
}

TEST_F(WriterTest, AsksForANewFileWhenThePresentOneIsFull) {
  WriterSettings small = settings();
  small.file_bytes_max = 1;
  {
    Writer writer(small);
    begin(writer, kStart);
    wait_until([&] { return writer.wants_begin(); });
    ASSERT_TRUE(writer.write(kStart + 1, change_line(kStart + 1, 5), 1));
    begin(writer, kStart + 2);
    ASSERT_TRUE(writer.write(kStart + 3, change_line(kStart + 3, 6), 1));
  }
  ASSERT_EQ(files().size(), 2U);
  for (const fs::path& file : files()) {
    EXPECT_EQ(inspected(file).problem_count, 0U);
    EXPECT_EQ(inspected(file).frames, 2U);
    EXPECT_TRUE(inspected(file).gaps.empty());
  }
  const std::vector<Segment> index = read_segments(folder / "recordings");
  ASSERT_EQ(index.size(), 2U);
  EXPECT_EQ(index[0].last_ms, kStart + 1);
  EXPECT_EQ(index[1].first_ms, kStart + 2);
}

TEST_F(WriterTest, RemovesTheOldestFilesOfAFullFolder) {
  WriterSettings small = settings();
  small.file_bytes_max = 1;
  small.folder_bytes_max = 1;  // the newest one stays whatever its size
  Writer writer(small);
  for (int file = 0; file < 3; ++file) {
    wait_until([&] { return writer.wants_begin(); });
    begin(writer, kStart + file);
  }
  wait_until([&] { return writer.wants_begin() && writer.totals().removed_files == 1; });
  begin(writer, kStart + 3);
  wait_until([&] { return writer.totals().removed_files == 2; });
  EXPECT_EQ(writer.totals().folder_trouble, "");
  EXPECT_EQ(read_segments(folder / "recordings").front().first_ms, kStart + 2);
}

TEST_F(WriterTest, TellsOfAFileThatCannotBeRemoved) {
  WriterSettings small = settings();
  small.file_bytes_max = 1;
  small.folder_bytes_max = 1;
  Writer writer(small);
  begin(writer, kStart);
  wait_until([&] { return writer.wants_begin(); });
  const fs::path first = files().front();
  fs::remove(first);
  fs::create_directories(first / "in the way");
  begin(writer, kStart + 1);
  wait_until([&] { return writer.wants_begin(); });
  begin(writer, kStart + 2);
  wait_until([&] { return !writer.totals().folder_trouble.empty(); });
  EXPECT_THAT(writer.totals().folder_trouble, testing::HasSubstr(first.filename().string()));
  EXPECT_EQ(writer.totals().lost_lines, 0U);
}

TEST_F(WriterTest, MakesTheIndexAgainFromTheFiles) {
  {
    Writer writer(settings());
    begin(writer, kStart);
  }
  const std::vector<Segment> before = read_segments(folder / "recordings");
  std::ofstream(folder / "recordings" / kIndexName) << "{\"file\":\"lies\"}\ngarbage\n";
  EXPECT_EQ(read_segments(folder / "recordings"), before);
  fs::remove(folder / "recordings" / kIndexName);
  EXPECT_EQ(read_segments(folder / "recordings"), before);
}

TEST_F(WriterTest, RefusesWhatItHasNoRoomFor) {
  WriterSettings small = settings();
  small.queue_bytes_max = 10'000;
  Writer writer(small);
  begin(writer, kStart);
  const std::string large(9'000, 'x');
  std::uint64_t refused = 0;
  wait_until([&] {
    if (!writer.write(kStart + 1, large + "\n", 1)) ++refused;
    return refused > 0;
  });
  wait_until([&] { return writer.has_room(); });
  EXPECT_TRUE(writer.write(kStart + 2, change_line(kStart + 2, 5), 1));
}

TEST_F(WriterTest, HasOneOwnerPerFolder) {
  Writer writer(settings());
  EXPECT_THROW(Writer{settings()}, runtime::CannotStart);
}

// The folder is gone, as a disk that is taken away: lines are lost and counted, and it goes on.
TEST_F(WriterTest, CountsWhatCannotBeWrittenAndTriesAgain) {
  auto owned = std::make_unique<Writer>(settings());
  Writer& writer = *owned;
  fs::remove_all(folder / "recordings");
  begin(writer, kStart);
  ASSERT_TRUE(writer.write(kStart + 1, change_line(kStart + 1, 5), 1));
  wait_until([&] { return writer.totals().lost_lines == 1; });
  EXPECT_NE(writer.totals().trouble, "");
  fs::create_directories(folder / "recordings");
  wait_until([&] { return writer.wants_begin(); });
  begin(writer, kStart + 10);
  wait_until([&] { return writer.totals().bytes > 0; });
  EXPECT_EQ(writer.totals().trouble, "");
  owned.reset();
  ASSERT_EQ(files().size(), 1U);
  EXPECT_EQ(inspected(files()[0]).problem_count, 0U);
}

}  // namespace
}  // namespace polybot::recording
