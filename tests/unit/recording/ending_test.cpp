#include "common/recording/ending.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.hpp"

namespace polybot::recording {
namespace {

TEST(Ending, IsReadAsItWasWritten) {
  const test_support::TemporaryFolder folder;
  for (const Ending& ending :
       {Ending{}, Ending{.frames = 1, .lost_lines = 2, .unmarked_lines = 3, .trouble = "\"a\n"}}) {
    ASSERT_FALSE(write_ending(folder.path(), ending));
    EXPECT_EQ(read_ending(folder.path()), ending);
  }
}

TEST(Ending, IsNoneWhereItCannotBeRead) {
  const test_support::TemporaryFolder folder;
  EXPECT_EQ(read_ending(folder.path()), std::nullopt);
  for (const char* text : {"", "{", "[]", "{\"frames\":1,\"lost_lines\":2}"}) {
    std::ofstream(folder / kEndingName) << text;
    EXPECT_EQ(read_ending(folder.path()), std::nullopt) << text;
  }
  EXPECT_TRUE(write_ending(folder / "nowhere", {}));
}

}  // namespace
}  // namespace polybot::recording
