#include "deploy/launcher/record_end.hpp"

#include <gmock/gmock.h>
#include <signal.h>

namespace polybot::launcher {
namespace {

using testing::HasSubstr;

// Of a recorder that ended in order after Ctrl-C.
RecordFacts orderly() {
  RecordFacts facts;
  facts.folder = "data/recordings";
  facts.asked_by = SIGINT;
  facts.gateway = ExitStatus{};
  facts.starts = 1;
  facts.ends_in_a_row = 1;
  facts.ending = recording::Ending{.frames = 7};
  return facts;
}

TEST(RecordEnd, IsAsAskedWhenTheFileIsClosedAndWhole) {
  RecordFacts facts = orderly();
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::AsAsked);
  EXPECT_THAT(end_as_asked(facts).why, HasSubstr("ended by SIGINT as asked"));
  facts.asked_by = SIGTERM;
  facts.starts = 3;  // each further start has its gap
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::AsAsked);
  EXPECT_THAT(end_as_asked(facts).why, HasSubstr("started 3 times"));
}

TEST(RecordEnd, IsIncompleteWhenLinesAreLost) {
  RecordFacts facts = orderly();
  facts.ending->lost_lines = 9;
  facts.ending->unmarked_lines = 4;
  const RecordEnd end = end_as_asked(facts);
  EXPECT_EQ(end.exit, RecordExit::Incomplete);
  EXPECT_THAT(end.why, HasSubstr("9 lines are missing"));
  EXPECT_THAT(end.why, HasSubstr("4 of them without a gap"));
}

TEST(RecordEnd, NamesWhyTheFolderCannotBeWritten) {
  RecordFacts facts = orderly();
  facts.ending->trouble = "disk full";
  facts.ending->lost_lines = 9;
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::CannotWrite);
  EXPECT_THAT(end_as_asked(facts).why, HasSubstr("disk full; 9 lines are lost"));
  facts.ending.reset();  // not even that could be written
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::CannotWrite);
  facts.write_trouble = "no space";
  EXPECT_THAT(end_as_asked(facts).why, HasSubstr("data/recordings (no space)"));
}

TEST(RecordEnd, TellsThatTheVenueGaveNothing) {
  RecordFacts facts = orderly();
  facts.ending->frames = 0;
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::NothingMore);
  EXPECT_THAT(end_as_asked(facts).why, HasSubstr("the venue gave nothing"));
  facts.starts = 2;  // an earlier run may have heard it
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::AsAsked);
}

TEST(RecordEnd, NamesHowTheGatewayEndedByItself) {
  RecordFacts facts = orderly();
  facts.gateway = ExitStatus{.code = 0, .signal = SIGKILL};
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::NothingMore);
  EXPECT_THAT(end_as_asked(facts).why, HasSubstr("signal 9"));
  facts.gateway = ExitStatus{.code = 70, .signal = 0};
  facts.last_words = "the loop is stuck";
  EXPECT_THAT(end_as_asked(facts).why, HasSubstr("exit code 70"));
  EXPECT_THAT(end_as_asked(facts).why, HasSubstr("the loop is stuck"));
  facts.gateway = ExitStatus{.code = 0, .signal = SIGTERM};  // it had no handler yet
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::NothingMore);
  facts.was_killed = true;
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::NothingMore);
  EXPECT_THAT(end_as_asked(facts).why, HasSubstr("was killed"));
  facts.gateway.reset();
  EXPECT_EQ(end_as_asked(facts).exit, RecordExit::NothingMore);
}

TEST(RecordEnd, GivesUpAtOnceOnWhatCannotStart) {
  RecordFacts facts = orderly();
  facts.asked_by.reset();
  facts.gateway = ExitStatus{.code = 1, .signal = 0};
  facts.last_words = "no such key";
  ASSERT_TRUE(gives_up(facts));
  EXPECT_EQ(gives_up(facts)->exit, RecordExit::CannotStart);
  EXPECT_THAT(gives_up(facts)->why, HasSubstr("exit code 1): no such key"));
  facts.starts = 2;
  EXPECT_FALSE(gives_up(facts)) << "it could once";
}

TEST(RecordEnd, GivesUpOnAGatewayThatEndsAgainAndAgain) {
  RecordFacts facts = orderly();
  facts.asked_by.reset();
  facts.gateway = ExitStatus{.code = 0, .signal = SIGABRT};
  facts.ends_in_a_row = kRecorderEndsMax - 1;
  EXPECT_FALSE(gives_up(facts));
  facts.ends_in_a_row = kRecorderEndsMax;
  ASSERT_TRUE(gives_up(facts));
  EXPECT_EQ(gives_up(facts)->exit, RecordExit::NothingMore);
  EXPECT_THAT(gives_up(facts)->why, HasSubstr("signal 6"));
  facts.write_trouble = "no space";
  EXPECT_EQ(gives_up(facts)->exit, RecordExit::CannotWrite);
  facts.gateway = ExitStatus{.code = runtime::kExitClock, .signal = 0};
  EXPECT_FALSE(gives_up(facts)) << "it only wants a restart";
}

}  // namespace
}  // namespace polybot::launcher
