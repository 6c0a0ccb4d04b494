#include "common/follow/quote_follower.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/follow/market_stream.hpp"

namespace polybot::follow {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kBit = std::uint64_t{1} << test::kShard.value;

class QuoteFollowerTest : public testing::Test {
 protected:
  QuoteSink sink() {
    return {
        .hear = [this](domain::Shard, const domain::QuoteTick&) { seen_.emplace_back("quote"); },
        .vouch = [this](domain::Shard,
                        const domain::ShardVouched&) { seen_.emplace_back("vouch"); },
        .missed =
            [this](domain::Shard shard) {
              seen_.push_back("missed " + std::to_string(int{shard.value}));
            },
        .refuse = [this](domain::Shard, wire::DecodeError) { seen_.emplace_back("refused"); }};
  }
  std::vector<std::string> taken() { return std::exchange(seen_, {}); }
  void hear(const std::vector<std::string>& messages, std::uint64_t lost_before = 0,
            std::uint64_t producer = test::kProducer) {
    const std::vector<std::string_view> views(messages.begin(), messages.end());
    follower_.on_frame(test::frame(1, views, lost_before, producer));
  }
  // All quotes of the shard, and that they are all.
  void hear_everything() { hear({quote_, all_}); }
  [[nodiscard]] bool wants() const { return (follower_.wanted() & kBit) != 0; }

  std::string quote_ = wire::encode_quote(domain::QuoteTick{.market = test::market()});
  std::string vouch_ = wire::encode_quote(domain::ShardVouched{});
  std::string all_ =
      wire::encode_quote(domain::ShardVouched{.as_of = {}, .except = {}, .complete = true});
  std::vector<std::string> seen_;
  QuoteFollower follower_{sink()};
};

TEST_F(QuoteFollowerTest, WantsEachShardUntilAllOfItIsTold) {
  EXPECT_EQ(follower_.wanted(), ~std::uint64_t{0});
  hear({quote_, vouch_});
  EXPECT_TRUE(wants());
  hear_everything();
  EXPECT_EQ(follower_.wanted(), ~kBit);
}

TEST_F(QuoteFollowerTest, DoubtsAShardAfterAHole) {
  hear_everything();
  static_cast<void>(taken());
  hear({quote_}, 1);
  EXPECT_THAT(taken(), ElementsAre("missed 3", "quote"));
  EXPECT_TRUE(wants());
  hear_everything();
  EXPECT_FALSE(wants());
  hear({}, 2);  // its tail was lost
  EXPECT_TRUE(wants());
}

TEST_F(QuoteFollowerTest, BelievesNothingToBeWholeThatMissesItsBeginning) {
  hear({quote_, all_}, 1);
  EXPECT_TRUE(wants());
  hear({"\xFF", quote_, all_});
  EXPECT_THAT(taken(), Contains("refused"));
  EXPECT_TRUE(wants());
  hear_everything();
  EXPECT_FALSE(wants());
}

TEST_F(QuoteFollowerTest, DoubtsEverythingOfAnotherGateway) {
  hear_everything();
  static_cast<void>(taken());
  hear({vouch_}, 0, test::kProducer + 1);
  const std::vector<std::string> seen = taken();
  EXPECT_THAT(seen, SizeIs(domain::kShards + 1));
  EXPECT_EQ(seen.back(), "vouch");
  EXPECT_EQ(follower_.wanted(), ~std::uint64_t{0});
}

TEST_F(QuoteFollowerTest, AsksForDefinitionsThatAreMissing) {
  hear_everything();
  static_cast<void>(taken());
  follower_.on_definitions(test::frame(4, {}));
  EXPECT_THAT(taken(), IsEmpty());
  follower_.on_definitions(test::frame(6, {}, 1));
  EXPECT_TRUE(wants());
}

}  // namespace
}  // namespace polybot::follow
