#include "common/wire/sequence.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace polybot::wire {
namespace {

using State = Sequence::State;

TEST(Sequence, IsBehindUntilASnapshot) {
  Sequence sequence;
  EXPECT_EQ(sequence.state(), State::Behind);
  EXPECT_EQ(sequence.heard(1, 0), State::Behind);
  EXPECT_FALSE(sequence.applies({1, 5}));
  EXPECT_EQ(sequence.snapshot_taken({1, 5}), State::InSync);
  EXPECT_FALSE(sequence.applies({1, 5})) << "is in the snapshot";
  EXPECT_TRUE(sequence.applies({1, 6}));
  EXPECT_EQ(sequence.heard(1, 0), State::InSync);
}

TEST(Sequence, FallsBehindAtALoss) {
  Sequence sequence;
  sequence.heard(1, 0);
  sequence.snapshot_taken({1, 5});
  EXPECT_EQ(sequence.heard(1, 3), State::Behind);
  EXPECT_FALSE(sequence.applies({1, 10}));
  EXPECT_EQ(sequence.heard(1, 0), State::Behind) << "later frames do not heal it";
  EXPECT_EQ(sequence.snapshot_taken({1, 12}), State::InSync);
  EXPECT_FALSE(sequence.applies({1, 12}));
  EXPECT_TRUE(sequence.applies({1, 13}));
}

TEST(Sequence, AnotherIncarnationBeginsAnew) {
  Sequence sequence;
  sequence.heard(1, 0);
  sequence.snapshot_taken({1, 5});
  EXPECT_EQ(sequence.heard(2, 0), State::Behind);
  EXPECT_EQ(sequence.snapshot_taken({1, 9}), State::Behind)
      << "the old producer's answer came late";
  EXPECT_FALSE(sequence.applies({2, 1}));
  EXPECT_EQ(sequence.snapshot_taken({2, 1}), State::InSync);
  EXPECT_FALSE(sequence.applies({1, 99}));
}

TEST(Sequence, ASnapshotBeforeAnyFrameProvesNothing) {
  Sequence sequence;
  EXPECT_EQ(sequence.snapshot_taken({1, 5}), State::Behind);
}

// Frames go on while the answer is under way; kept frames and snapshot together miss and repeat
// nothing.
TEST(Sequence, JoinsSnapshotAndStreamExactly) {
  constexpr std::uint64_t kLast = 40;
  for (std::uint64_t lost_at = 2; lost_at < 20; ++lost_at) {
    for (std::uint64_t answer_delay = 0; answer_delay < 8; ++answer_delay) {
      Sequence sequence;
      std::vector<bool> applied(kLast + 1, false);
      const auto apply = [&](std::uint64_t seq) {
        ASSERT_FALSE(applied[seq]) << seq;
        applied[seq] = true;
      };
      const auto load = [&](std::uint64_t upto) {
        for (std::uint64_t seq = 1; seq <= kLast; ++seq) applied[seq] = seq <= upto;
      };
      std::vector<std::uint64_t> kept;
      std::uint64_t answer_at = answer_delay + 1;  // asked at the first frame
      for (std::uint64_t seq = 1; seq <= kLast; ++seq) {
        if (seq == lost_at) continue;
        const bool after_loss = seq == lost_at + 1;
        if (sequence.heard(1, after_loss ? 1 : 0) == State::Behind) {
          kept.push_back(seq);
          if (after_loss && answer_at < seq) answer_at = seq + answer_delay;
        } else if (sequence.applies({1, seq})) {
          apply(seq);
        }
        if (seq == answer_at && sequence.snapshot_taken({1, seq}) == State::InSync) {
          load(seq);
          for (const std::uint64_t waiting : kept) {
            if (sequence.applies({1, waiting})) apply(waiting);
          }
          kept.clear();
        }
      }
      if (sequence.state() != State::InSync)
        continue;  // answered before the loss: asks again elsewhere
      for (std::uint64_t seq = 1; seq <= kLast; ++seq) EXPECT_TRUE(applied[seq]) << seq;
    }
  }
}

}  // namespace
}  // namespace polybot::wire
