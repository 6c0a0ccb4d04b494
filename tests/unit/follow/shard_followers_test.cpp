#include "common/follow/shard_followers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/follow/market_stream.hpp"

namespace polybot::follow {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kBit = std::uint64_t{1} << test::kShard.value;
constexpr std::uint64_t kOther = std::uint64_t{1} << 5;

class ShardFollowersTest : public testing::Test {
 protected:
  void hear(std::uint64_t seq) {
    const std::string bytes = reader_.encoded(test::change());
    const std::vector<std::string_view> messages{bytes};
    followers_.on_frame(test::frame(seq, messages), now_);
  }
  // Answers all that is asked now with these books of the shard; other shards have none.
  int answer_all(std::uint64_t seq, const std::vector<domain::BookSnapshot>& books) {
    int asked = 0;
    while (const auto question = followers_.question(now_)) {
      ++asked;
      followers_.on_answer(
          *question,
          question->shard == test::kShard ? test::books_at(seq, books) : test::books_at(0, {}),
          now_);
    }
    return asked;
  }

  test::Reader reader_;
  ShardFollowers followers_{reader_.sink()};
  domain::Duration now_{10s};
};

TEST_F(ShardFollowersTest, FollowsWhatItIsToldTo) {
  const auto first = followers_.follow(kBit | kOther);
  EXPECT_EQ(first.gained, kBit | kOther);
  EXPECT_EQ(first.lost, 0U);
  const auto second = followers_.follow(kBit);
  EXPECT_EQ(second.gained, 0U);
  EXPECT_EQ(second.lost, kOther);
  EXPECT_TRUE(followers_.follows(test::kShard));
  EXPECT_FALSE(followers_.follows({5}));
}

TEST_F(ShardFollowersTest, IgnoresAnAnswerFromBeforeItsPresentFollowing) {
  static_cast<void>(followers_.follow(kBit));
  const auto old = followers_.question(now_);
  ASSERT_TRUE(old);
  static_cast<void>(followers_.follow(0));
  followers_.on_answer(*old, test::books_at(5, {test::book(40)}), now_);
  static_cast<void>(followers_.follow(kBit));
  hear(9);
  ASSERT_TRUE(followers_.question(now_));
  static_cast<void>(reader_.taken());
  followers_.on_answer(*old, test::books_at(5, {test::book(40)}), now_);
  EXPECT_THAT(reader_.taken(), IsEmpty());
}

TEST_F(ShardFollowersTest, AsksAgainWhenDefinitionsAreMissing) {
  static_cast<void>(followers_.follow(kBit));
  hear(5);
  EXPECT_EQ(answer_all(5, {test::book(40)}), 1);
  followers_.on_definitions(test::frame(3, {}), now_);
  EXPECT_EQ(answer_all(5, {test::book(40)}), 0);
  followers_.on_definitions(test::frame(5, {}, 1), now_);
  now_ += 1s;
  EXPECT_EQ(answer_all(5, {test::book(40)}), 1);
}

TEST_F(ShardFollowersTest, KeepsBooksByAnswersWhileTheStreamIsSilent) {
  static_cast<void>(followers_.follow(kBit));
  hear(5);
  EXPECT_EQ(answer_all(5, {test::book(40)}), 1);
  const auto alive_at = followers_.alive_at();
  EXPECT_EQ(alive_at, now_);
  now_ += 2s;
  EXPECT_EQ(answer_all(5, {test::book(41)}), 0) << "not silent for long enough";
  now_ += 1s;
  static_cast<void>(reader_.taken());
  EXPECT_EQ(answer_all(5, {test::book(42)}), 1);
  EXPECT_THAT(reader_.taken(), ElementsAre("gap", "load 42"));
  EXPECT_EQ(answer_all(5, {test::book(43)}), 0) << "not twice a second";
  now_ += 1s;
  EXPECT_EQ(answer_all(5, {test::book(44)}), 1);
  EXPECT_THAT(reader_.taken(), ElementsAre("load 44"));
  EXPECT_EQ(followers_.alive_at(), alive_at) << "an answer proves nothing about the stream";
  hear(6);
  EXPECT_EQ(answer_all(6, {test::book(45)}), 1);
  EXPECT_THAT(reader_.taken(), ElementsAre("gap", "change", "load 45"));
  EXPECT_EQ(followers_.alive_at(), now_);
}

TEST_F(ShardFollowersTest, AsksForEachShardInTurn) {
  static_cast<void>(followers_.follow(0b111));
  std::vector<int> asked;
  for (int i = 0; i < 4; ++i) {
    const auto question = followers_.question(now_);
    ASSERT_TRUE(question);
    asked.push_back(question->shard.value);
    now_ += 1s;  // nobody answered in time
    followers_.on_answer(*question, std::nullopt, now_);
  }
  EXPECT_THAT(asked, ElementsAre(0, 1, 2, 0));
}

TEST_F(ShardFollowersTest, IsAliveWhileNothingIsPublished) {
  static_cast<void>(followers_.follow(kBit | kOther));
  EXPECT_EQ(followers_.alive_at(), std::nullopt);
  EXPECT_EQ(answer_all(0, {}), 2);
  EXPECT_EQ(followers_.alive_at(), now_);
  now_ += 3s;
  EXPECT_EQ(answer_all(0, {}), 2);
  EXPECT_EQ(followers_.alive_at(), now_);
}

TEST_F(ShardFollowersTest, ASilentShardDoesNotVouchForAnother) {
  static_cast<void>(followers_.follow(kBit | kOther));
  answer_all(5, {test::book(40)});
  const auto alive_at = followers_.alive_at();
  for (int i = 0; i < 3; ++i) {
    now_ += 3s;
    EXPECT_EQ(answer_all(5, {test::book(40)}), 2);
  }
  EXPECT_EQ(followers_.alive_at(), alive_at);
}

}  // namespace
}  // namespace polybot::follow
