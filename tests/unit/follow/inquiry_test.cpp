#include "common/follow/inquiry.hpp"

#include <gtest/gtest.h>

namespace polybot::follow {
namespace {

using namespace std::chrono_literals;
using Answer = Inquiry::Answer;

TEST(Inquiry, AsksOneQuestionAtATime) {
  Inquiry inquiry(500ms);
  EXPECT_FALSE(inquiry.due(0s));
  inquiry.want();
  ASSERT_TRUE(inquiry.due(0s));
  inquiry.ask(1);
  EXPECT_FALSE(inquiry.due(1h));
  EXPECT_EQ(inquiry.answered(1, 1s), Answer::Timely);
  inquiry.settle();
  EXPECT_FALSE(inquiry.due(1h));
}

TEST(Inquiry, PausesAfterAnAnswerThatDidNotHelp) {
  Inquiry inquiry(500ms);
  inquiry.want();
  inquiry.ask(1);
  EXPECT_EQ(inquiry.answered(1, 1s), Answer::Timely);
  EXPECT_FALSE(inquiry.due(1499ms));
  EXPECT_TRUE(inquiry.due(1500ms));
  inquiry.want();
  EXPECT_TRUE(inquiry.due(1s)) << "what is newly missing does not wait";
}

TEST(Inquiry, RemindsOnlyAfterThePause) {
  Inquiry inquiry(500ms);
  inquiry.want();
  inquiry.ask(1);
  static_cast<void>(inquiry.answered(1, 1s));
  inquiry.settle();
  inquiry.remind();
  EXPECT_FALSE(inquiry.due(1499ms));
  EXPECT_TRUE(inquiry.due(1500ms));
}

TEST(Inquiry, KnowsAnAnswerFromBeforeTheNewestHole) {
  Inquiry inquiry(500ms);
  inquiry.want();
  inquiry.ask(1);
  inquiry.want();
  EXPECT_EQ(inquiry.answered(1, 1s), Answer::Overtaken);
  EXPECT_TRUE(inquiry.due(1s));
  inquiry.ask(2);
  EXPECT_EQ(inquiry.answered(2, 1s), Answer::Timely);
}

TEST(Inquiry, KnowsARepeatedAnswer) {
  Inquiry inquiry(500ms);
  EXPECT_EQ(inquiry.answered(0, 0s), Answer::Stray);
  inquiry.want();
  inquiry.ask(1);
  EXPECT_EQ(inquiry.answered(1, 0s), Answer::Timely);
  EXPECT_EQ(inquiry.answered(1, 0s), Answer::Stray);
  inquiry.want();
  inquiry.ask(2);
  EXPECT_EQ(inquiry.answered(1, 0s), Answer::Stray);
  EXPECT_FALSE(inquiry.due(1h)) << "the second question is under way";
}

}  // namespace
}  // namespace polybot::follow
