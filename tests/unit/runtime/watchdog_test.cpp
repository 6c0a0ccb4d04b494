#include "common/runtime/watchdog.hpp"

#include <gtest/gtest.h>

namespace polybot::runtime {
namespace {

using std::chrono::seconds;
using Verdict = WatchdogLogic::Verdict;

class WatchdogLogicTest : public testing::Test {
 protected:
  WatchdogLogic logic{seconds(20), seconds(2)};
};

TEST_F(WatchdogLogicTest, IsFineWhileTheLoopTicks) {
  for (int t = 0; t < 200; t += 2) {
    EXPECT_EQ(logic.check(seconds(t), static_cast<std::uint64_t>(t)), Verdict::Fine);
  }
}

TEST_F(WatchdogLogicTest, FindsALoopThatStoppedTicking) {
  for (int t = 0; t < 20; t += 2) ASSERT_EQ(logic.check(seconds(t), 5), Verdict::Fine) << t;
  EXPECT_EQ(logic.check(seconds(20), 5), Verdict::Stuck);
  EXPECT_EQ(logic.silent_for(), seconds(20));
}

TEST_F(WatchdogLogicTest, OneTickStartsTheCountAgain) {
  for (int t = 0; t < 20; t += 2) ASSERT_EQ(logic.check(seconds(t), 5), Verdict::Fine);
  EXPECT_EQ(logic.check(seconds(20), 6), Verdict::Fine);
  for (int t = 22; t < 40; t += 2) ASSERT_EQ(logic.check(seconds(t), 6), Verdict::Fine);
  EXPECT_EQ(logic.check(seconds(40), 6), Verdict::Stuck);
}

TEST_F(WatchdogLogicTest, SparesAProcessThatWasStopped) {
  ASSERT_EQ(logic.check(seconds(0), 5), Verdict::Fine);
  ASSERT_EQ(logic.check(seconds(2), 5), Verdict::Fine);
  // SIGSTOP for a minute: neither the loop nor the watchdog ran.
  EXPECT_EQ(logic.check(seconds(62), 5), Verdict::Restarted);
  for (int t = 64; t < 82; t += 2) ASSERT_EQ(logic.check(seconds(t), 5), Verdict::Fine) << t;
  EXPECT_EQ(logic.check(seconds(82), 5), Verdict::Stuck) << "but only once more";
}

TEST_F(WatchdogLogicTest, DoesNotJudgeAtTheFirstCheck) {
  EXPECT_EQ(logic.check(seconds(1'000'000), 0), Verdict::Fine);
}

}  // namespace
}  // namespace polybot::runtime
