// A file of a recording as a kill, a full disk or another program may leave it.
#include "common/recording/segment_file.hpp"

#include <gmock/gmock.h>
#include <zstd.h>

#include <fstream>
#include <sstream>

#include "tests/support/recorded_data.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::recording {
namespace {

std::string block_of_lines(int first, int count) {
  std::string text;
  for (int i = first; i < first + count; ++i)
    text += "{\"ts_ms\":" + std::to_string(i * 7'919) + ",\"raw\":\"[]\"}\n";
  return text;
}

struct SegmentFileTest : ::testing::Test {
  test_support::TemporaryFolder folder;
  std::filesystem::path path = folder / "x.jsonl.zst";

  void write(std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  // As tools read it: a complete file of zstd.
  [[nodiscard]] std::string text() const { return test_support::read_zstd(path); }
  static std::optional<WholePart> part_of(const std::string& bytes) {
    std::istringstream in(bytes);
    return whole_part(in, bytes.size());
  }
};

TEST_F(SegmentFileTest, WhatWasFlushedIsReadableWhileItIsWritten) {
  SegmentFile file(path);
  file.append(block_of_lines(0, 100));
  ASSERT_FALSE(file.flush());
  EXPECT_EQ(text(), block_of_lines(0, 100));
  file.append(block_of_lines(100, 100));
  EXPECT_EQ(text(), block_of_lines(0, 100));
  ASSERT_FALSE(file.flush());
  EXPECT_EQ(text(), block_of_lines(0, 200));
  EXPECT_EQ(file.bytes(), std::filesystem::file_size(path));
}

TEST_F(SegmentFileTest, GoesOnInAFileThatAKillLeft) {
  {
    SegmentFile file(path);
    file.append(block_of_lines(0, 50));
    ASSERT_FALSE(file.finish());
    file.append(block_of_lines(50, 50));
    ASSERT_FALSE(file.flush());
    file.append(block_of_lines(100, 50));  // lost with the process
  }
  SegmentFile again(path);
  again.append(block_of_lines(200, 50));
  ASSERT_FALSE(again.finish());
  EXPECT_EQ(text(), block_of_lines(0, 100) + block_of_lines(200, 50));
}

// However many bytes of the last write reached the disk.
TEST_F(SegmentFileTest, MendsAFileThatWasCutAnywhere) {
  std::string bytes;
  std::size_t flushed = 0;
  {
    SegmentFile file(path);
    file.append(block_of_lines(0, 10));
    ASSERT_FALSE(file.flush());
    flushed = file.bytes();
    file.append(block_of_lines(10, 10));
    ASSERT_FALSE(file.flush());
    bytes = test_support::read_file(path);
  }
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    write(bytes.substr(0, size));
    SegmentFile mended(path);
    mended.append("end\n");
    ASSERT_FALSE(mended.finish());
    const std::string kept = text();
    ASSERT_TRUE(kept.ends_with("end\n"));
    const std::string whole = block_of_lines(0, 20);
    ASSERT_TRUE(whole.starts_with(kept.substr(0, kept.size() - 4))) << size;
    if (size >= flushed) {
      ASSERT_GE(kept.size() - 4, block_of_lines(0, 10).size()) << size;
    }
  }
}

TEST_F(SegmentFileTest, LeavesAFileOfAnotherProgramAlone) {
  std::string foreign(1'000, '\0');
  foreign.resize(ZSTD_compress(foreign.data(), foreign.size(), "hello", 5, 1));
  for (const std::string& bytes : {foreign, std::string("plain text, much of it")}) {
    write(bytes);
    EXPECT_THROW(SegmentFile{path}, std::system_error);
    EXPECT_EQ(test_support::read_file(path), bytes);
  }
}

TEST_F(SegmentFileTest, SaysWhatOfAFileIsWhole) {
  SegmentFile file(path);
  file.append(block_of_lines(0, 40));
  ASSERT_FALSE(file.flush());
  const std::string open = test_support::read_file(path);
  EXPECT_EQ(part_of(open), (WholePart{open.size(), true}));
  EXPECT_EQ(part_of(open.substr(0, 4)), (WholePart{0, false}));
  EXPECT_EQ(part_of(open.substr(0, 8)), (WholePart{0, false}));
  ASSERT_FALSE(file.finish());
  const std::string whole = test_support::read_file(path);
  EXPECT_EQ(part_of(whole), (WholePart{whole.size(), false}));
  EXPECT_EQ(part_of(whole + "garbage"), (WholePart{whole.size(), false}));
}

TEST_F(SegmentFileTest, SaysThatTheDiskIsFull) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  SegmentFile file("/dev/full");
  file.append(block_of_lines(0, 10));
  EXPECT_EQ(file.flush(), std::errc::no_space_on_device);
  EXPECT_EQ(file.bytes(), 0U);
}

}  // namespace
}  // namespace polybot::recording
