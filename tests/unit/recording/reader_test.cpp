// What a recording may be: damaged, endless, packed to burst, nested to any depth. Each is refused
// or passed over, is named, and takes a bounded memory.
#include "common/recording/reader.hpp"

#include <gmock/gmock.h>
#include <unistd.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>

#include "common/runtime/config.hpp"
#include "tests/support/peak_memory.hpp"

namespace polybot::recording {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kFrame = R"({"ts_ms":1000,"raw":"a"})";
constexpr std::size_t kMiB = 1U << 20;
// Of text, frame and decompression together, whatever the file unpacks to.
constexpr std::size_t kCeilingMiB = 192;

std::string packed(std::string_view text) {
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 1));
  return frame;
}

// So many times 64 MiB without the end of a line, in some 6 KB each.
std::string bomb(int times) {
  const std::string piece = packed(std::string(64 * kMiB, 'x'));
  std::string bytes;
  for (int i = 0; i < times; ++i) bytes += piece;
  return bytes;
}

struct RecordingTest : ::testing::Test {
  fs::path folder = fs::temp_directory_path() / ("recording-test-" + std::to_string(::getpid()));
  fs::path path = folder / "frames.jsonl";
  fs::path packed_path = folder / "frames.jsonl.zst";
  RecordingTest() { fs::create_directories(folder); }
  ~RecordingTest() override { fs::remove_all(folder); }

  void write(const std::vector<std::string>& lines) {
    std::ofstream file(path);
    for (const std::string& line : lines) file << line << "\n";
  }
  void write_packed(std::string_view bytes) {
    std::ofstream(packed_path, std::ios::binary) << bytes;
  }
  static std::size_t frames_of(Recording& recording) {
    std::size_t frames = 0;
    for (; recording.peek() != nullptr; recording.pop()) ++frames;
    return frames;
  }
  static std::string refusal_of(const fs::path& file) {
    try {
      const Recording recording(file);
    } catch (const runtime::CannotStart& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(RecordingTest, KeepsFileOrderAndNeverGoesBackInTime) {
  write({R"({"ts_ms":1000,"raw":"a"})", R"({"ts_ms":900,"raw":"b"})", "garbage",
         R"({"ts_ms":1100,"raw":"c"})"});
  Recording recording(path);
  std::vector<std::pair<std::int64_t, std::string>> frames;
  while (const Entry* frame = recording.peek()) {
    frames.emplace_back(frame->at_ms, frame->raw);
    recording.pop();
  }
  EXPECT_EQ(frames, (std::vector<std::pair<std::int64_t, std::string>>{
                        {1000, "a"}, {1000, "b"}, {1100, "c"}}));
  EXPECT_EQ(recording.skipped_lines(), 1U);
  EXPECT_TRUE(recording.at_end());
}

TEST_F(RecordingTest, PassesOverALineThatIsTooLongAndGoesOn) {
  const std::string frame = R"({"ts_ms":1000,"raw":"a"})";
  write({frame, std::string((32U << 20) + 100'000, 'x'), frame, "garbage", frame});
  Recording recording(path);
  std::size_t frames = 0;
  for (; recording.peek() != nullptr; recording.pop()) ++frames;
  EXPECT_EQ(frames, 3U);
  EXPECT_EQ(recording.skipped_lines(), 2U);
  EXPECT_EQ(recording.first_skipped(), path.string() + ":2: it has more than 32 MiB");
  EXPECT_EQ(recording.damage(), "");
}

TEST_F(RecordingTest, SaysWhyAFileOfOneEndlessLineIsNone) {
  write({std::string((32U << 20) + 100'000, 'x'), R"({"ts_ms":1000,"raw":"a"})"});
  EXPECT_THAT([&] { Recording{path}; }, ::testing::ThrowsMessage<runtime::CannotStart>(
                                            ::testing::HasSubstr("its first line has more than")));
  // Many lines of that size take as long to read.
  write(std::vector<std::string>(40, std::string(1U << 20, 'x')));
  EXPECT_THAT([&] { Recording{path}; }, ::testing::ThrowsMessage<runtime::CannotStart>(
                                            ::testing::HasSubstr("none of its first 33 lines")));
}

// A stack must not wait for markets that cannot come.
TEST_F(RecordingTest, RefusesAtOnceWhatIsNone) {
  write({});
  EXPECT_THROW(Recording{path}, runtime::CannotStart);
  write(std::vector<std::string>(5'000, "root:x:0:0:root:/root:/bin/bash"));
  EXPECT_THROW(Recording{path}, runtime::CannotStart);
}

// A few kilobytes that unpack to half a gigabyte without a line's end.
TEST_F(RecordingTest, RefusesABombBeforeTheFirstFrame) {
  const std::string bytes = bomb(8);
  ASSERT_LT(bytes.size(), 200'000U);
  write_packed(bytes);
  const test_support::PeakMemory memory;
  EXPECT_THAT(refusal_of(packed_path), AllOf(StartsWith(packed_path.string()),
                                             HasSubstr("its first line has more than 32 MiB")));
  if (test_support::kMeasuresMemory) {
    EXPECT_LT(memory.grown_mib(), kCeilingMiB);
  }
}

TEST_F(RecordingTest, EndsAtABombBehindFrames) {
  write_packed(packed(std::string(kFrame) + "\n") + bomb(8) + packed("\n" + std::string(kFrame)));
  const test_support::PeakMemory memory;
  Recording recording(packed_path);
  EXPECT_EQ(frames_of(recording), 1U);
  EXPECT_EQ(recording.skipped_lines(), 1U);
  EXPECT_EQ(recording.first_skipped(), packed_path.string() + ":2: it has more than 32 MiB");
  EXPECT_THAT(recording.damage(),
              AllOf(StartsWith(packed_path.string() + ":2: no frame in"), HasSubstr("MiB")));
  if (test_support::kMeasuresMemory) {
    EXPECT_LT(memory.grown_mib(), kCeilingMiB);
  }
}

TEST_F(RecordingTest, GoesOnBehindASmallerBomb) {
  write_packed(packed(std::string(kFrame) + "\n") + bomb(2) + packed("\n" + std::string(kFrame)));
  Recording recording(packed_path);
  EXPECT_EQ(frames_of(recording), 2U);
  EXPECT_EQ(recording.skipped_lines(), 1U);
  EXPECT_EQ(recording.damage(), "");
}

TEST_F(RecordingTest, PassesOverALineOfDeepJson) {
  const std::string deep = std::string(64, '[') + std::string(64, ']');
  write({std::string(kFrame), R"({"ts_ms":1,"raw":"b","x":)" + deep + "}",
         R"({"x":[[[1]]],"ts_ms":1001,"raw":"c"})"});
  Recording recording(path);
  EXPECT_EQ(frames_of(recording), 2U);
  EXPECT_EQ(recording.first_skipped(), path.string() + ":2: its JSON is nested too deep");
}

// A tree of these values would take some twenty times the text.
TEST_F(RecordingTest, HoldsNoTreeOfALine) {
  std::string wide = R"({"ts_ms":1000,"raw":"a","x":[1)";
  for (std::size_t i = 0; i < 15 * kMiB; ++i) wide += ",1";
  write({wide + "]}"});
  wide = {};
  wide.shrink_to_fit();
  const test_support::PeakMemory memory;
  Recording recording(path);
  EXPECT_EQ(frames_of(recording), 1U);
  if (test_support::kMeasuresMemory) {
    EXPECT_LT(memory.grown_mib(), kCeilingMiB);
  }
}

TEST_F(RecordingTest, NamesTheDamageOfACompressedFile) {
  std::string lines;
  for (int i = 0; i < 1'000; ++i) lines.append(kFrame).append("\n");
  const std::string whole = packed(lines);
  write_packed(whole + "behind it is something else");
  Recording damaged(packed_path);
  EXPECT_EQ(frames_of(damaged), 1'000U);
  EXPECT_EQ(damaged.damage(), packed_path.string() + ":1001: Unknown frame descriptor");
  write_packed(whole + whole.substr(0, whole.size() - 3));
  Recording cut(packed_path);
  EXPECT_GE(frames_of(cut), 1'000U);
  EXPECT_THAT(cut.damage(), EndsWith("the compressed file is cut short"));
  write_packed("plain text");
  EXPECT_THAT(refusal_of(packed_path), EndsWith("it is damaged: Unknown frame descriptor"));
}

// The head of a frame whose window, which its reader would have to hold, is of 2 GiB.
TEST_F(RecordingTest, RefusesAWindowOfGigabytes) {
  constexpr std::string_view kHead("\x28\xB5\x2F\xFD\x00\xA8", 6);
  write_packed(std::string(kHead) + std::string(64, '\0'));
  const test_support::PeakMemory memory;
  EXPECT_THAT(refusal_of(packed_path), HasSubstr("requires too much memory"));
  if (test_support::kMeasuresMemory) {
    EXPECT_LT(memory.grown_mib(), 16U);
  }
}

TEST_F(RecordingTest, TheLastMemberOfANameCounts) {
  write({R"({"ts_ms":1,"ts_ms":7,"raw":"a","raw":"b","x":{"raw":"c","ts_ms":9}})",
         R"({"raw":"\u0041","ts_ms":8} )", R"([{"ts_ms":1,"raw":"a"}])",
         R"({"ts_ms":1.5,"raw":"a"})", R"({"ts_ms":1,"raw":["a"]})", R"({"ts_ms":1,"raw":"a"}{})",
         R"({"ts_ms":1,"raw":"a")", ""});
  Recording recording(path);
  EXPECT_EQ(recording.peek()->at_ms, 7);
  EXPECT_EQ(recording.peek()->raw, "b");
  recording.pop();
  EXPECT_EQ(recording.peek()->raw, "A");
  EXPECT_EQ(recording.peek()->line, 2U);
  recording.pop();
  EXPECT_TRUE(recording.at_end());
  EXPECT_EQ(recording.skipped_lines(), 5U);  // an empty one is no fault
}

TEST_F(RecordingTest, TellsNotesFromFrames) {
  write({R"({"ts_ms":900,"raw":"[]","note":"header","version":1})",
         R"({"ts_ms":1000,"raw":"a","made_of":"books"})", R"({"ts_ms":1001,"note":"later"})",
         R"({"ts_ms":1002,"note":"gap","reason":"x"})", R"({"ts_ms":1003,"note":"gap"})",
         R"({"ts_ms":1004,"raw":"b"})"});
  Recording recording(path);
  EXPECT_EQ(recording.first_ms(), 900);
  EXPECT_TRUE(std::holds_alternative<Header>(recording.peek()->note));
  EXPECT_EQ(recording.peek()->index, 0U);
  recording.pop();
  EXPECT_EQ(recording.peek()->made_of, "books");
  EXPECT_EQ(recording.peek()->index, 0U);
  recording.pop();
  EXPECT_TRUE(std::holds_alternative<GapNote>(recording.peek()->note));
  EXPECT_EQ(recording.peek()->index, 1U);
  recording.pop();
  EXPECT_EQ(recording.peek()->raw, "b");
  EXPECT_EQ(recording.peek()->made_of, "");
  EXPECT_EQ(recording.peek()->index, 1U);
  recording.pop();
  EXPECT_TRUE(recording.at_end());
  EXPECT_EQ(recording.skipped_lines(), 1U);
  EXPECT_THAT(recording.first_skipped(), HasSubstr("its note cannot be read: MissingField"));
}

}  // namespace
}  // namespace polybot::recording
