#include <gtest/gtest.h>

#include "services/order-manager/core/ledger/signal_dedupe.hpp"
#include "services/order-manager/core/venue/token_bucket.hpp"

namespace polybot::order_manager {
namespace {

using domain::from_unix_ms;

TEST(SignalDedupe, KnowsWhatItHasSeenInAnyOrder) {
  SignalDedupe dedupe;
  for (const std::uint64_t counter : std::initializer_list<std::uint64_t>{1, 2, 5, 3})
    dedupe.insert({7, counter}, from_unix_ms(1));
  for (const std::uint64_t counter : std::initializer_list<std::uint64_t>{1, 2, 3, 5})
    EXPECT_TRUE(dedupe.seen({7, counter}));
  EXPECT_FALSE(dedupe.seen({7, 4}));
  EXPECT_FALSE(dedupe.seen({8, 1}));
}

TEST(SignalDedupe, TreatsWhatFellOutOfItsWindowAsSeen) {
  SignalDedupe dedupe;
  for (std::uint64_t counter = 2; counter < 2 * SignalDedupe::kAboveMax + 10; counter += 2) {
    dedupe.insert({7, counter}, from_unix_ms(1));
  }
  EXPECT_TRUE(dedupe.seen({7, 1}));
  EXPECT_FALSE(dedupe.seen({7, 2 * SignalDedupe::kAboveMax + 1}));
}

TEST(SignalDedupe, ForgetsOnlyIncarnationsThatHaveLongBeenSilent) {
  SignalDedupe dedupe;
  for (std::uint64_t run = 0; run <= SignalDedupe::kIncarnationsMax; ++run) {
    dedupe.insert({run, 1}, from_unix_ms(1'000));
  }
  EXPECT_TRUE(dedupe.seen({0, 1}));
  dedupe.insert({1'000, 1}, from_unix_ms(200'000));
  EXPECT_FALSE(dedupe.seen({0, 1}));
  EXPECT_TRUE(dedupe.seen({1'000, 1}));
}

TEST(SignalDedupe, FoldsToTheSameDigest) {
  SignalDedupe a;
  SignalDedupe b;
  for (const std::uint64_t counter : std::initializer_list<std::uint64_t>{4, 1, 9}) {
    a.insert({7, counter}, from_unix_ms(1));
    b.insert({7, counter}, from_unix_ms(1));
  }
  Digest digest_a;
  Digest digest_b;
  a.digest(digest_a);
  b.digest(digest_b);
  EXPECT_EQ(digest_a.value(), digest_b.value());
  b.insert({7, 2}, from_unix_ms(1));
  Digest other;
  b.digest(other);
  EXPECT_NE(digest_a.value(), other.value());
}

TEST(TokenBucket, GivesItsBurstAndThenItsRate) {
  TokenBucket bucket(10, 3);
  EXPECT_TRUE(bucket.take(3, from_unix_ms(1'000)));
  EXPECT_FALSE(bucket.take(1, from_unix_ms(1'000)));
  EXPECT_FALSE(bucket.take(1, from_unix_ms(1'099)));
  EXPECT_TRUE(bucket.take(1, from_unix_ms(1'100)));
  EXPECT_EQ(bucket.available(from_unix_ms(1'000'000)), 3U);
}

TEST(TokenBucket, TakesAllOrNothing) {
  TokenBucket bucket(1, 5);
  EXPECT_FALSE(bucket.take(6, from_unix_ms(0)));
  EXPECT_EQ(bucket.available(from_unix_ms(0)), 5U);
}

}  // namespace
}  // namespace polybot::order_manager
