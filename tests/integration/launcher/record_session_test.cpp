// polybot record over a gateway that is a script: which end has which exit code.
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "common/recording/ending.hpp"
#include "deploy/launcher/record.hpp"
#include "tests/integration/http/loop.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::launcher {
namespace {

using testing::HasSubstr;

struct RecordSessionTest : ::testing::Test {
  test_support::TemporaryFolder folder{"record"};
  std::filesystem::path recordings = folder / "recordings";
  std::string said;  // on standard error

  // The exit code of a session whose gateway is this script.
  int exit_code(const std::string& script) {
    ProgramSpec spec;
    spec.name = "recorder";
    spec.program = "/bin/sh";
    spec.arguments = {"-c", script};
    spec.environment = {{"PATH", "/usr/bin:/bin"}, {"POLYBOT_RECORD__FOLDER", recordings.string()}};
    spec.output = folder / "recorder.out";
    boost::asio::io_context io;
    int code = -1;
    const auto body = [&]() -> boost::asio::awaitable<void> {
      RecordSession session(io, spec);
      code = co_await session.run();
    };
    testing::internal::CaptureStderr();
    test::run(io, body());
    said = testing::internal::GetCapturedStderr();
    return code;
  }
  // Of a gateway that has its recorder asked to end, and does this when it is asked itself.
  int exit_code_when_asked(const std::string& at_the_end) {
    return exit_code("cd \"$POLYBOT_RECORD__FOLDER\"; trap 'kill $!; " + at_the_end +
                     "' TERM; kill -INT $PPID; while :; do sleep 9 & wait; done");
  }
  // Of one that leaves this word of its end.
  int exit_code_leaving(const recording::Ending& ending) {
    EXPECT_FALSE(recording::write_ending(folder.path(), ending));
    return exit_code_when_asked("cp ../end.json .; exit 0");
  }
};

TEST_F(RecordSessionTest, EndsWith0AsAsked) {
  EXPECT_EQ(exit_code_leaving({.frames = 7}), 0);
  EXPECT_THAT(said, HasSubstr("ended by SIGINT as asked"));
}

TEST_F(RecordSessionTest, EndsWith1WhenTheGatewayCannotStart) {
  EXPECT_EQ(exit_code("echo no such key; exit 1"), 1);
  EXPECT_THAT(said, HasSubstr("no such key"));
}

TEST_F(RecordSessionTest, EndsWith3WithoutAFolder) {
  std::ofstream(folder / "file") << "in the way";
  recordings = folder / "file" / "recordings";
  EXPECT_EQ(exit_code("exit 0"), 3);
  EXPECT_THAT(said, HasSubstr(recordings.string()));
}

TEST_F(RecordSessionTest, EndsWith3WhenTheDiskIsFullAtTheEnd) {
  EXPECT_EQ(exit_code_leaving({.frames = 7, .lost_lines = 3, .trouble = "No space left"}), 3);
  EXPECT_THAT(said, HasSubstr("No space left"));
}

TEST_F(RecordSessionTest, EndsWith3WhenNotEvenTheEndCanBeNoted) {
  EXPECT_EQ(exit_code_when_asked("exit 0"), 3);
}

// Lines that were lost before the host's clock was set stay lost.
TEST_F(RecordSessionTest, CountsWhatAnEarlierRunOfTheGatewayLost) {
  ASSERT_FALSE(recording::write_ending(folder.path(), {.frames = 7, .lost_lines = 3}));
  EXPECT_EQ(
      exit_code("cd \"$POLYBOT_RECORD__FOLDER\"; cp ../end.json .; [ -e seen ] || "
                "{ touch seen; exit 75; }; trap 'cp ../end.json .; exit 0' TERM; rm end.json; "
                "kill -INT $PPID; while :; do sleep 1; done"),
      5);
  EXPECT_THAT(said, HasSubstr("6 lines are missing"));
}

// A note of an earlier end says nothing of this one.
TEST_F(RecordSessionTest, DoesNotBelieveTheNoteOfAnEarlierEnd) {
  std::filesystem::create_directories(recordings);
  ASSERT_FALSE(recording::write_ending(recordings, {.frames = 7}));
  EXPECT_EQ(exit_code_when_asked("exit 0"), 3);
}

TEST_F(RecordSessionTest, EndsWith4WhenTheVenueGaveNothing) {
  EXPECT_EQ(exit_code_leaving({.frames = 0}), 4);
  EXPECT_THAT(said, HasSubstr("the venue gave nothing"));
}

TEST_F(RecordSessionTest, EndsWith4AndTheSignalOfTheGateway) {
  EXPECT_EQ(exit_code_when_asked("kill -9 $$"), 4);
  EXPECT_THAT(said, HasSubstr("signal 9"));
}

TEST_F(RecordSessionTest, EndsWith4WhenTheGatewayEndsAgainAndAgain) {
  EXPECT_EQ(exit_code("echo once >>\"$POLYBOT_RECORD__FOLDER/starts\"; exit 7"), 4);
  EXPECT_THAT(said, HasSubstr("5 times in a row, at last with exit code 7"));
  std::ifstream starts(recordings / "starts");
  const std::string text{std::istreambuf_iterator<char>(starts), {}};
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
}

TEST_F(RecordSessionTest, EndsWith5WhenLinesAreMissing) {
  EXPECT_EQ(exit_code_leaving({.frames = 7, .lost_lines = 3, .unmarked_lines = 2}), 5);
  EXPECT_THAT(said, HasSubstr("3 lines are missing"));
}

}  // namespace
}  // namespace polybot::launcher
