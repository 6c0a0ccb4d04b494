#include "common/bus/stream_tracker.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace polybot::bus {
namespace {

using Verdict = StreamTracker::Verdict;

TEST(StreamTracker, DeliversAStreamFromItsBeginning) {
  StreamTracker tracker;
  EXPECT_EQ(tracker.observe(3, 0), Verdict::Deliver);
  EXPECT_EQ(tracker.observe(9, 3), Verdict::Deliver);
  EXPECT_EQ(tracker.last_seq(), 9u);
}

TEST(StreamTracker, AMessageAlreadyAppliedIsADuplicate) {
  StreamTracker tracker;
  tracker.resume_after(0);
  EXPECT_EQ(tracker.observe(3, 0), Verdict::Deliver);
  EXPECT_EQ(tracker.observe(3, 0), Verdict::Duplicate);
  EXPECT_EQ(tracker.observe(9, 3), Verdict::Deliver);
  EXPECT_EQ(tracker.observe(3, 0), Verdict::Duplicate);
  EXPECT_EQ(tracker.last_seq(), 9u);
}

TEST(StreamTracker, AHoleIsAGapUntilItIsFilled) {
  StreamTracker tracker;
  EXPECT_EQ(tracker.observe(1, 0), Verdict::Deliver);
  EXPECT_EQ(tracker.observe(7, 5), Verdict::Gap);
  EXPECT_EQ(tracker.last_seq(), 1u) << "where the replay starts";
  EXPECT_EQ(tracker.observe(4, 1), Verdict::Deliver);
  EXPECT_EQ(tracker.observe(5, 4), Verdict::Deliver);
  EXPECT_EQ(tracker.observe(7, 5), Verdict::Deliver);
}

TEST(StreamTracker, JoiningLateIsAGapFromTheBeginning) {
  StreamTracker tracker;
  EXPECT_EQ(tracker.observe(100, 99), Verdict::Gap);
  EXPECT_EQ(tracker.last_seq(), 0u);
}

TEST(StreamTracker, ASnapshotMayLieBetweenTwoMessages) {
  StreamTracker tracker;
  tracker.resume_after(50);  // the topic's last message before it may be any number up to 50
  EXPECT_EQ(tracker.observe(50, 40), Verdict::Duplicate);
  EXPECT_EQ(tracker.observe(60, 44), Verdict::Deliver);
  EXPECT_EQ(tracker.observe(61, 44), Verdict::Diverged) << "only once, right after the snapshot";
  EXPECT_EQ(tracker.observe(61, 60), Verdict::Deliver);
}

TEST(StreamTracker, AStreamThatContradictsItselfNeedsASnapshot) {
  StreamTracker tracker;
  EXPECT_EQ(tracker.observe(10, 0), Verdict::Deliver);
  EXPECT_EQ(tracker.observe(20, 10), Verdict::Deliver);
  EXPECT_EQ(tracker.observe(25, 15), Verdict::Diverged) << "the journal was replaced";
  EXPECT_EQ(tracker.observe(25, 25), Verdict::Diverged) << "a message cannot follow itself";
  EXPECT_EQ(tracker.observe(25, 30), Verdict::Diverged);
  tracker.forget();
  EXPECT_EQ(tracker.observe(25, 15), Verdict::Gap);
}

// Any order of loss and repetition ends with every message applied once, in order.
TEST(StreamTracker, ReplaysUntilEveryMessageWasAppliedOnce) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> stream;  // seq, prev
  std::uint64_t prev = 0;
  for (std::uint64_t seq = 3; seq < 300; seq += 1 + seq % 4) {
    stream.emplace_back(seq, prev);
    prev = seq;
  }
  StreamTracker tracker;
  std::vector<std::uint64_t> applied;
  const auto observe = [&](auto message) {
    const Verdict verdict = tracker.observe(message.first, message.second);
    if (verdict == Verdict::Deliver) applied.push_back(message.first);
    return verdict;
  };
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (i % 3 == 0) continue;                // lost
    if (i % 5 == 0) observe(stream[i / 2]);  // repeated
    if (observe(stream[i]) != Verdict::Gap) continue;
    const std::uint64_t from = tracker.last_seq();
    for (const auto& message : stream) {
      if (message.first > from && message.first <= stream[i].first) {
        EXPECT_EQ(observe(message), Verdict::Deliver);
      }
    }
  }
  std::vector<std::uint64_t> expected;
  for (const auto& [seq, before] : stream) {
    if (seq <= tracker.last_seq()) expected.push_back(seq);
  }
  EXPECT_EQ(applied, expected);
  EXPECT_GT(applied.size(), stream.size() - 3);
}

}  // namespace
}  // namespace polybot::bus
