// Any text fits a terminal.
#include "deploy/launcher/display_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polybot::launcher {
namespace {

using testing::ElementsAre;

TEST(DisplayText, IsCutWhereTheTerminalEnds) {
  EXPECT_EQ(fitted("abcdef", 6), "abcdef");
  EXPECT_EQ(fitted("abcdefg", 6), "abcde…");
  EXPECT_EQ(fitted("Größe und", 7), "Größe …");
  EXPECT_EQ(fitted("東京都庁", 5), "東京…");
  EXPECT_EQ(columns_of("東京 Größe"), 10U);
  EXPECT_EQ(fitted("abc", 0), "");
}

// A market may have any name.
TEST(DisplayText, MovesNoCursor) {
  EXPECT_EQ(fitted("a\x1b[2Jb\rc\n\x7f\xc2\x9b", 80), "a?[2Jb?c????");
  EXPECT_EQ(fitted("\xff\xfe ok \xc3", 80), "?? ok ?");
  for (const char* unseen : {"\u200b", "\u202e", "\u2066", "\ufeff"})
    EXPECT_EQ(fitted("a" + std::string(unseen) + "b", 80), "a???b");
}

TEST(DisplayText, IsBrokenBetweenWords) {
  EXPECT_THAT(wrapped("one two three four", 9, "  "), ElementsAre("one two", "  three", "  four"));
  EXPECT_THAT(wrapped("  one two three", 9, "    "), ElementsAre("  one two", "    three"));
  EXPECT_THAT(wrapped("", 9, "  "), ElementsAre());
}

// A remedy often holds an address, so all of it is shown.
TEST(DisplayText, IsBrokenInsideOfAWordThatIsTooLong) {
  EXPECT_THAT(wrapped("POST http://host/a/long/path now", 12, "  "),
              ElementsAre("POST", "  http://hos", "  t/a/long/p", "  ath now"));
}

TEST(DisplayText, SaysTheDayOnlyWhenItIsAnother) {
  const domain::Timestamp now = domain::from_unix_ns(1'780'920'000'000'000'000);
  EXPECT_EQ(clock_text("2026-06-08T11:59:01.500Z", now), "11:59:01Z");
  EXPECT_EQ(clock_text("2026-06-07T11:59:01.500Z", now), "2026-06-07 11:59:01Z");
  EXPECT_EQ(clock_text(now, now), "12:00:00Z");
  EXPECT_EQ(clock_text("", now), "");
}

}  // namespace
}  // namespace polybot::launcher
