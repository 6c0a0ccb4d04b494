#include "services/order-manager/execution/chain_reads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using enum ChainReads::Step;

std::vector<domain::TokenId> tokens(std::size_t count) {
  std::vector<domain::TokenId> made(count);
  for (std::size_t i = 0; i < count; ++i) made[i].bytes.back() = static_cast<std::uint8_t>(i + 1);
  return made;
}

TEST(ChainReads, AreShared) {
  const ChainReads reads;
  const auto steps = reads.plan(tokens(ChainReads::kPerReading + 2), 0s);
  EXPECT_EQ(std::count(steps.begin(), steps.end(), ReadAndAsk), ChainReads::kPerReading);
  EXPECT_EQ(steps.back(), Wait);
}

TEST(ChainReads, ComeFirstForWhatWasNeverRead) {
  ChainReads reads;
  const auto asked = tokens(3);
  reads.done(asked[0], 0s);
  EXPECT_THAT(reads.plan(asked, 1s), testing::ElementsAre(Ask, ReadAndAsk, ReadAndAsk));
}

TEST(ChainReads, AreRepeatedForOldCopiesAsFarAsTheyLast) {
  ChainReads reads;
  const auto asked = tokens(ChainReads::kPerReading + 1);
  for (std::size_t i = 0; i + 1 < asked.size(); ++i) reads.done(asked[i], 0s);
  const auto steps = reads.plan(asked, ChainReads::kOldAfter);
  EXPECT_EQ(steps.back(), ReadAndAsk) << "it was never read";
  EXPECT_EQ(std::count(steps.begin(), steps.end(), Ask), 1) << "an old copy is better than none";
}

TEST(ChainReads, AreForgottenWithTheKey) {
  ChainReads reads;
  const auto asked = tokens(1);
  reads.done(asked[0], 0s);
  reads.forget();
  EXPECT_THAT(reads.plan(asked, 1s), testing::ElementsAre(ReadAndAsk));
}

}  // namespace
}  // namespace polybot::order_manager
