#include "common/bus/continuity.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace polybot::bus {
namespace {

constexpr std::uint64_t kIncarnation = 7;

TEST(Continuity, TheFirstContactIsNoLoss) {
  Continuity continuity(8);
  const auto seen = continuity.on_frame(kIncarnation, "md.1", 1000, 3);
  EXPECT_TRUE(seen.first_contact);
  EXPECT_EQ(seen.lost, 0u);
  EXPECT_EQ(seen.duplicated, 0u);
}

TEST(Continuity, FollowsAnUnbrokenStream) {
  Continuity continuity(8);
  std::uint64_t next = 1;
  for (std::uint64_t count = 1; count < 50; ++count) {
    const auto seen = continuity.on_frame(kIncarnation, "md.1", next, count);
    EXPECT_EQ(seen.lost + seen.duplicated, 0u);
    next += count;
  }
}

TEST(Continuity, CountsExactlyWhatIsMissing) {
  Continuity continuity(8);
  continuity.on_frame(kIncarnation, "md.1", 1, 2);
  EXPECT_EQ(continuity.on_frame(kIncarnation, "md.1", 10, 1).lost, 7u);
  EXPECT_EQ(continuity.on_frame(kIncarnation, "md.1", 11, 1).lost, 0u);
}

TEST(Continuity, CountsOnlyTheOverlapAsDuplicated) {
  Continuity continuity(8);
  continuity.on_frame(kIncarnation, "md.1", 1, 5);
  EXPECT_EQ(continuity.on_frame(kIncarnation, "md.1", 4, 5).duplicated, 2u);
  EXPECT_EQ(continuity.on_frame(kIncarnation, "md.1", 1, 8).duplicated, 8u);
  EXPECT_EQ(continuity.on_frame(kIncarnation, "md.1", 1, 2).duplicated, 2u)
      << "never more than the frame holds";
  EXPECT_EQ(continuity.on_frame(kIncarnation, "md.1", 9, 1).lost, 0u);
}

TEST(Continuity, CountsNoLossWithoutASubscription) {
  Continuity continuity(8);
  continuity.on_frame(1, "md.1", 1, 1);
  continuity.on_frame(2, "md.1", 1, 1);
  continuity.on_frame(1, "md.10", 1, 1);
  continuity.forget("md.1");
  EXPECT_EQ(continuity.streams(), 1u);
  EXPECT_TRUE(continuity.on_frame(1, "md.1", 90, 1).first_contact);
  EXPECT_EQ(continuity.on_frame(1, "md.10", 3, 1).lost, 1u);
}

TEST(Continuity, KeepsTopicsAndIncarnationsApart) {
  Continuity continuity(8);
  continuity.on_frame(1, "md.1", 1, 1);
  continuity.on_frame(1, "md.10", 5, 1);
  EXPECT_TRUE(continuity.on_frame(2, "md.1", 50, 1).first_contact)
      << "a restarted producer counts again from 1";
  EXPECT_EQ(continuity.on_frame(1, "md.1", 2, 1).lost, 0u);
  EXPECT_EQ(continuity.on_frame(1, "md.10", 8, 1).lost, 2u);
}

TEST(Continuity, ATipShowsALostTailOnce) {
  Continuity continuity(8);
  continuity.on_frame(kIncarnation, "md.1", 1, 3);
  EXPECT_EQ(continuity.on_tip(kIncarnation, "md.1", 3).lost, 0u);
  EXPECT_EQ(continuity.on_tip(kIncarnation, "md.1", 5).lost, 2u);
  EXPECT_EQ(continuity.on_tip(kIncarnation, "md.1", 5).lost, 0u);
  EXPECT_EQ(continuity.on_frame(kIncarnation, "md.1", 6, 1).lost, 0u);
}

TEST(Continuity, ATipMayBeTheFirstContactAndIsNeverADuplicate) {
  Continuity continuity(8);
  EXPECT_TRUE(continuity.on_tip(kIncarnation, "md.1", 9).first_contact);
  EXPECT_EQ(continuity.on_frame(kIncarnation, "md.1", 10, 1).lost, 0u);
  EXPECT_EQ(continuity.on_tip(kIncarnation, "md.1", 4).duplicated, 0u);
}

TEST(Continuity, RefusesAnImpossibleJump) {
  Continuity continuity(8);
  continuity.on_frame(kIncarnation, "md.1", 1, 1);
  EXPECT_TRUE(
      continuity.on_frame(kIncarnation, "md.1", std::numeric_limits<std::uint64_t>::max() - 1, 1)
          .implausible);
  EXPECT_TRUE(continuity.on_tip(kIncarnation, "md.1", std::numeric_limits<std::uint64_t>::max() - 1)
                  .implausible);
  EXPECT_EQ(continuity.on_frame(kIncarnation, "md.1", 2, 1).lost, 0u)
      << "the refused frame changed nothing";
}

TEST(Continuity, ForgetsTheStreamSilentForLongest) {
  Continuity continuity(2);
  continuity.on_frame(1, "md.1", 1, 1);
  continuity.on_frame(2, "md.1", 1, 1);
  continuity.on_frame(1, "md.1", 2, 1);
  continuity.on_frame(3, "md.1", 1, 1);
  EXPECT_EQ(continuity.streams(), 2u);
  EXPECT_FALSE(continuity.on_frame(1, "md.1", 3, 1).first_contact);
  EXPECT_TRUE(continuity.on_frame(2, "md.1", 2, 1).first_contact);
}

TEST(Continuity, StaysBoundedUnderEverNewProducers) {
  Continuity continuity(16);
  for (std::uint64_t i = 0; i < 10'000; ++i)
    continuity.on_frame(i, "topic." + std::to_string(i), 1, 1);
  EXPECT_EQ(continuity.streams(), 16u);
}

}  // namespace
}  // namespace polybot::bus
