#include "services/order-manager/execution/chain_reads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using enum ChainReads::Step;
using testing::ElementsAre;
using testing::Field;
using Planned = ChainReads::Planned;

constexpr std::size_t kAny = 50;

std::vector<domain::TokenId> tokens(std::size_t count) {
  std::vector<domain::TokenId> made(count);
  for (std::size_t i = 0; i < count; ++i) made[i].bytes.back() = static_cast<std::uint8_t>(i + 1);
  return made;
}

std::vector<domain::TokenId> read_in(const std::vector<Planned>& plan) {
  std::vector<domain::TokenId> found;
  for (const Planned& one : plan) {
    if (one.step == ReadAndAsk) found.push_back(one.token);
  }
  return found;
}

auto steps(auto... expected) {
  return ElementsAre(Field(&Planned::step, expected)...);
}

TEST(ChainReads, AreShared) {
  ChainReads reads;
  const auto plan = reads.plan(tokens(ChainReads::kPerReading + 2), 0s, kAny);
  EXPECT_EQ(read_in(plan).size(), ChainReads::kPerReading);
  EXPECT_EQ(plan.back().step, Wait);
}

TEST(ChainReads, AreNoMoreThanTheVenueTakes) {
  ChainReads reads;
  EXPECT_EQ(read_in(reads.plan(tokens(9), 0s, 3)).size(), 3U);
  EXPECT_EQ(read_in(reads.plan(tokens(9), 0s, 0)).size(), 0U);
}

TEST(ChainReads, ComeFirstForWhatWasNeverRead) {
  ChainReads reads;
  const auto asked = tokens(3);
  reads.done(asked[0], 0s);
  EXPECT_THAT(reads.plan(asked, 1s, kAny), steps(Ask, ReadAndAsk, ReadAndAsk));
}

TEST(ChainReads, AreRepeatedForOldCopiesAsFarAsTheyLast) {
  ChainReads reads;
  const auto asked = tokens(ChainReads::kPerReading + 1);
  for (std::size_t i = 0; i + 1 < asked.size(); ++i) {
    reads.told(asked[i], 0s);
    reads.done(asked[i], 0s);
  }
  const auto plan = reads.plan(asked, ChainReads::kOldAfter, kAny);
  EXPECT_EQ(plan.back().step, ReadAndAsk) << "it was never read";
  EXPECT_EQ(std::count_if(plan.begin(), plan.end(), [](auto& one) { return one.step == Ask; }), 1)
      << "an old copy is better than none";
}

// The venue refuses to read the first ones, again and again; they stand first in each reading.
TEST(ChainReads, AreSharedWithWhatIsRefusedEachTime) {
  ChainReads reads;
  const auto asked = tokens(10);
  std::map<domain::TokenId, int> told;
  domain::Duration now = 0s;
  for (int reading = 0; reading < 60; ++reading, now += 3s) {
    for (const domain::TokenId& token : read_in(reads.plan(asked, now, 2))) {
      ++told[token];
      reads.told(token, now);
      if (token >= asked[4]) reads.done(token, now);
      reads.heard(token, true);
    }
  }
  for (const domain::TokenId& token : asked) EXPECT_GE(told[token], 3) << domain::to_string(token);
  // Six copies are old after a minute, so in three minutes they need no more than that.
  for (std::size_t i = 4; i < asked.size(); ++i) EXPECT_LE(told[asked[i]], 4);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_GE(told[asked[i]], 20) << "what is left is theirs";
}

TEST(ChainReads, AskLastForWhatWasNotAnswered) {
  ChainReads reads;
  const auto asked = tokens(3);
  for (const domain::TokenId& token : asked) reads.done(token, 0s);
  reads.heard(asked[0], false);
  EXPECT_THAT(reads.plan(asked, 1s, kAny),
              ElementsAre(Planned{asked[1], Ask}, Planned{asked[2], Ask}, Planned{asked[0], Ask}));
  reads.heard(asked[0], true);
  EXPECT_EQ(reads.plan(asked, 2s, kAny).front().token, asked[0]);
}

TEST(ChainReads, AreForgottenWithTheKey) {
  ChainReads reads;
  const auto asked = tokens(1);
  reads.done(asked[0], 0s);
  EXPECT_TRUE(reads.was_read(asked[0]));
  reads.forget();
  EXPECT_FALSE(reads.was_read(asked[0]));
  EXPECT_THAT(reads.plan(asked, 1s, kAny), steps(ReadAndAsk));
}

TEST(ChainReads, AreForgottenWhenNothingAsksForThem) {
  ChainReads reads;
  const auto asked = tokens(2);
  for (const Planned& one : reads.plan(asked, 0s, kAny)) reads.done(one.token, 0s);
  (void)reads.plan({asked[0]}, 1s + ChainReads::kForgottenAfter, kAny);
  EXPECT_TRUE(reads.was_read(asked[0]));
  EXPECT_FALSE(reads.was_read(asked[1]));
}

}  // namespace
}  // namespace polybot::order_manager
