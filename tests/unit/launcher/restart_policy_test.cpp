// When the launcher starts a process again, and what it calls a crash loop.
#include "deploy/launcher/restart_policy.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;

TEST(RestartPolicy, WaitsLongerFromEndToEndOfACrashLoop) {
  RestartPolicy policy;
  domain::Duration now = 100s;
  for (const domain::Duration delay : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 10000ms, 10000ms}) {
    policy.note_start(now);
    now += 1s;
    policy.note_running(now);
    policy.note_end(now);
    EXPECT_EQ(policy.restart_at() - now, delay);
    now = policy.restart_at();
  }
  EXPECT_EQ(policy.ends_in_a_row(), 7U);
}

// The process need not be ready for that: the venue may be away, the disk full.
TEST(RestartPolicy, EndsACrashLoopWhenARunHasHeld) {
  RestartPolicy policy;
  for (const domain::Duration at : {100s, 101s}) {
    policy.note_start(at);
    policy.note_end(at + 100ms);
  }
  policy.note_start(102s);
  policy.note_running(106s);
  EXPECT_EQ(policy.ends_in_a_row(), 2U);
  policy.note_running(108s);
  EXPECT_EQ(policy.ends_in_a_row(), 0U);
  policy.note_end(200s);
  EXPECT_EQ(policy.ends_in_a_row(), 1U);
  EXPECT_EQ(policy.restart_at(), 200s);
}

// The launcher may have been stopped (Ctrl-Z) and have seen no process in between.
TEST(RestartPolicy, CountsARunThatHeldUnwatched) {
  RestartPolicy policy;
  for (const domain::Duration at : {100s, 101s, 102s}) {
    policy.note_start(at);
    policy.note_end(at + 100ms);
  }
  policy.note_start(103s);
  policy.note_end(113s);
  EXPECT_EQ(policy.ends_in_a_row(), 1U);
  EXPECT_EQ(policy.restart_at(), 113s);
}

TEST(RestartPolicy, WaitsAlsoWhenNoProcessCanBeMade) {
  RestartPolicy policy;
  policy.note_failed_start(100s);
  EXPECT_EQ(policy.restart_at(), 100s + 500ms);
  policy.note_failed_start(101s);
  EXPECT_EQ(policy.restart_at(), 102s);
  EXPECT_EQ(policy.ends_in_a_row(), 0U);
}

}  // namespace
}  // namespace polybot::launcher
