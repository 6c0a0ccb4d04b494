// What is shown of the last output of a process.
#include "deploy/launcher/last_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polybot::launcher {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// 2026-06-08T12:00:00.000Z
const domain::Timestamp kStart = domain::from_unix_ms(1'780'920'000'000);
const domain::Timestamp kEnd = kStart + std::chrono::seconds(2);

std::string refusal(const std::string& why) {
  return "2026-06-08T12:00:00.123Z ERROR runner/runner-1 Cannot start: " + why + "\n";
}

// Any of the lines may be the true cause, so none is left out.
TEST(LastWords, AreEveryLineOfARefusal) {
  std::string output;
  for (int i = 0; i < 9; ++i) output += refusal("file.toml:" + std::to_string(i) + ": wrong");
  const auto words = last_words(output, "", kStart, kEnd);
  ASSERT_EQ(words.size(), 9U);
  EXPECT_EQ(words.front(), "file.toml:0: wrong");
  EXPECT_EQ(cause_of(words).find("file.toml:0: wrong; file.toml:1"), 0U);
}

TEST(LastWords, AreReadInEitherForm) {
  EXPECT_THAT(
      last_words(R"({"timestamp":"2026-06-08T12:00:00.123Z","level":"ERROR","message":)"
                 R"("Cannot start: port 1: in use","service":"gateway","replica":"gateway"})",
                 "", kStart, kEnd),
      ElementsAre("port 1: in use"));
  EXPECT_THAT(last_words("terminate called\nwithout a log\n", "", kStart, kEnd),
              ElementsAre("terminate called", "without a log"));
}

TEST(LastWords, AreTheNewestComplaintOfTheLogWhenNothingWasPrinted) {
  const std::string log =
      "2026-06-08T11:59:59.000Z ERROR gateway/gateway Of the run before\n"
      "2026-06-08T12:00:01.000Z CRITICAL gateway/gateway Service failed error=\"no room\"\n"
      "2026-06-08T12:00:01.000Z INFO gateway/gateway Stopped exit_code=1\n";
  EXPECT_THAT(last_words("", log, kStart, kEnd), ElementsAre("Service failed error=\"no room\""));
  EXPECT_THAT(last_words("", log.substr(0, log.find('\n')), kStart, kEnd), IsEmpty());
}

// The process went on after that, so the cause is another, or a kill without any.
TEST(LastWords, AreOfTheLastSeconds) {
  const std::string log = "2026-06-08T12:00:01.000Z ERROR gateway/gateway The venue is down\n";
  const std::string output = refusal("port 1: in use");
  const domain::Timestamp later = kEnd + std::chrono::minutes(3);
  EXPECT_THAT(last_words("", log, kStart, later), IsEmpty());
  EXPECT_THAT(last_words(output, "", kStart, later), IsEmpty());
  EXPECT_THAT(last_words(output + "terminate called\n", log, kStart, later),
              ElementsAre("terminate called"));
}

TEST(LastWords, HaveAnEnd) {
  std::string output;
  for (std::size_t i = 0; i < kLastWordsMax + 7; ++i) output += "frame\n";
  EXPECT_EQ(last_words(output, "", kStart, kEnd).back(), "and 7 lines more");
}

}  // namespace
}  // namespace polybot::launcher
