#include "common/follow/shard_follower.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/follow/market_stream.hpp"

namespace polybot::follow {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class ShardFollowerTest : public testing::Test {
 protected:
  void hear(std::uint64_t seq, const wire::MarketData& message, std::uint64_t lost_before = 0,
            std::uint64_t producer = test::kProducer) {
    hear_bytes(seq, reader_.encoded(message), lost_before, producer);
  }
  void hear_bytes(std::uint64_t seq, const std::string& bytes, std::uint64_t lost_before = 0,
                  std::uint64_t producer = test::kProducer) {
    const std::vector<std::string_view> messages{bytes};
    follower_.on_frame(test::frame(seq, messages, lost_before, producer));
  }
  void ask() { ASSERT_TRUE(follower_.question(++number_, now_)) << "nothing is asked"; }
  bool asks_nothing() { return !follower_.question(number_ + 1, now_); }
  void answer(std::optional<std::string_view> bytes, std::uint64_t number = 0) {
    follower_.on_answer(number == 0 ? number_ : number, bytes, ShardFollower::Stream::Speaks, now_);
  }
  // Brings the follower in sync: the books hold message 5.
  void join() {
    hear(5, test::change());
    ask();
    answer(test::books_at(5, {test::book(40)}));
    ASSERT_TRUE(asks_nothing());
    static_cast<void>(reader_.taken());
  }

  test::Reader reader_;
  MarketSink sink_ = reader_.sink();
  wire::MarketDataCodec codec_;
  ShardFollower follower_{test::kShard, sink_, codec_};
  domain::Duration now_{};
  std::uint64_t number_ = 0;
};

TEST_F(ShardFollowerTest, TrustsNothingBeforeTheFirstAnswer) {
  EXPECT_THAT(reader_.taken(), ElementsAre("gap"));
  ask();
  answer(test::books_at(9, {test::book(40)}));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 40"))
      << "its own stamp counts while the stream is silent";
  hear(12, test::change());
  EXPECT_THAT(reader_.taken(), ElementsAre("gap", "change"));
  ask();
  answer(test::books_at(12, {test::book(41)}));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 41"));
  EXPECT_TRUE(asks_nothing());
}

TEST_F(ShardFollowerTest, JoinsTheBooksWithWhatCameMeanwhile) {
  hear(5, test::change());
  ask();
  hear(6, test::change());
  hear(7, test::trade());
  hear(8, test::change());
  static_cast<void>(reader_.taken());
  answer(test::books_at(6, {test::book(40)}));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 40", "change")) << "the trade was heard before";
  hear(9, test::change());
  EXPECT_THAT(reader_.taken(), ElementsAre("change"));
}

TEST_F(ShardFollowerTest, LeavesOutWhatTheBooksHoldAlready) {
  hear(5, test::change());
  ask();
  answer(test::books_at(7, {test::book(40)}));
  static_cast<void>(reader_.taken());
  hear(6, test::change());
  hear(7, test::change());
  EXPECT_THAT(reader_.taken(), IsEmpty());
  hear(8, test::change());
  EXPECT_THAT(reader_.taken(), ElementsAre("change"));
}

// An answer holds no more than fits in it; the rest comes by the stream.
TEST_F(ShardFollowerTest, TakesFromTheStreamWhatTheBooksLack) {
  hear(5, test::book(40));
  ask();
  answer(test::books_at(8, {test::book(50, test::market(2))}));
  static_cast<void>(reader_.taken());
  hear(6, test::change());
  hear(7, test::change(test::market(2)));
  hear(8, test::trade());
  EXPECT_THAT(reader_.taken(), ElementsAre("change", "trade")) << "the book of 5 stands";
}

// What the gateway vouched for while the books were under way counts for them, too.
TEST_F(ShardFollowerTest, HearsAVouchAgainForTheBooksThatCameAfterIt) {
  const wire::MarketData vouch = domain::ShardVouched{};
  hear(5, test::change());
  ask();
  hear(6, vouch);
  hear(7, test::change());
  hear(8, vouch);
  EXPECT_THAT(reader_.taken(), ElementsAre("gap", "gap", "change", "vouch", "change", "vouch"));
  answer(test::books_at(6, {test::book(40)}));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 40", "change", "vouch"))
      << "the first one was before the books";
  hear(9, vouch);
  EXPECT_THAT(reader_.taken(), ElementsAre("vouch"));
}

TEST_F(ShardFollowerTest, AsksForDefinitionsThatAreMissing) {
  join();
  follower_.on_lost_definitions();
  EXPECT_THAT(reader_.taken(), ElementsAre("gap"));
  ask();
}

TEST_F(ShardFollowerTest, NoticesAHole) {
  join();
  hear(9, test::change(), 3);
  EXPECT_THAT(reader_.taken(), ElementsAre("gap", "change"));
  ask();
  answer(test::books_at(9, {test::book(42)}));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 42"));
}

TEST_F(ShardFollowerTest, NoticesAHoleAtTheEndOfAStream) {
  join();
  follower_.on_frame(test::frame(0, {}, 3));
  EXPECT_THAT(reader_.taken(), ElementsAre("gap"));
  ask();
}

TEST_F(ShardFollowerTest, AnUnreadableMessageIsAHole) {
  join();
  hear_bytes(6, "\xFF");
  EXPECT_EQ(reader_.refused, 1);
  EXPECT_THAT(reader_.taken(), ElementsAre("gap"));
  hear(7, test::change());
  ask();
  answer(test::books_at(6, {test::book(42)}));
  EXPECT_THAT(reader_.taken(), ElementsAre("change", "load 42", "change"));
}

TEST_F(ShardFollowerTest, ABookInTheStreamIsNewerThanTheAnswer) {
  join();
  hear(9, test::change(), 3);
  ask();
  hear(10, test::book(44));
  hear(11, domain::BookStale{.market = test::market(2)});
  static_cast<void>(reader_.taken());
  answer(test::books_at(9, {test::book(42), test::book(43, test::market(2))}));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 43", "stale"));
}

TEST_F(ShardFollowerTest, AnAnswerMayKnowMoreThanABookInTheStream) {
  join();
  hear(9, test::change(), 3);
  ask();
  hear(10, test::book(44));
  static_cast<void>(reader_.taken());
  answer(test::books_at(12, {test::book(45)}));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 45"));
  hear(11, test::change());
  hear(12, test::change());
  EXPECT_THAT(reader_.taken(), IsEmpty());
}

TEST_F(ShardFollowerTest, DoesNotTakeBooksFromBeforeASecondHole) {
  join();
  hear(9, test::change(), 3);
  ask();
  hear(15, test::change(), 5);
  static_cast<void>(reader_.taken());
  answer(test::books_at(9, {test::book(42)}));
  EXPECT_THAT(reader_.taken(), IsEmpty());
  ask();
  answer(test::books_at(15, {test::book(45)}));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 45"));
  EXPECT_TRUE(asks_nothing());
}

TEST_F(ShardFollowerTest, DoesNotTakeARepeatedAnswer) {
  join();
  const std::string old = test::books_at(5, {test::book(40)});
  hear(9, test::change(), 3);
  ask();
  static_cast<void>(reader_.taken());
  answer(old, number_ - 1);
  EXPECT_THAT(reader_.taken(), IsEmpty());
}

TEST_F(ShardFollowerTest, DoesNotTakeBooksFromBeforeWhatItCouldNotKeep) {
  join();
  hear(9, test::change(), 3);
  ask();
  for (std::uint64_t seq = 10; seq < 10 + 8'192; ++seq) hear(seq, test::change());
  static_cast<void>(reader_.taken());
  answer(test::books_at(9, {test::book(42)}));
  EXPECT_THAT(reader_.taken(), IsEmpty());
  ask();
  answer(test::books_at(9'000, {test::book(43)}));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 43"));
}

TEST_F(ShardFollowerTest, BeginsAgainWithAnotherProducer) {
  join();
  hear(1, test::change(), 0, 8);
  EXPECT_THAT(reader_.taken(), ElementsAre("gap", "change"));
  ask();
  answer(test::books_at(1, {test::book(42)}, 8));
  EXPECT_THAT(reader_.taken(), ElementsAre("load 42"));
}

TEST_F(ShardFollowerTest, TakesTheBooksOfAProducerThatHasNotSpokenYet) {
  join();
  hear(9, test::change(), 3);
  ask();
  static_cast<void>(reader_.taken());
  answer(test::books_at(0, {test::book(42)}, 8));
  EXPECT_THAT(reader_.taken(), ElementsAre("gap", "load 42"));
  EXPECT_TRUE(asks_nothing());
}

TEST_F(ShardFollowerTest, DoesNotTakeTheBooksOfAProducerThatIsGone) {
  join();
  hear(9, test::change(), 3);
  ask();
  hear(1, test::change(), 0, 8);
  static_cast<void>(reader_.taken());
  answer(test::books_at(9, {test::book(42)}));
  EXPECT_THAT(reader_.taken(), IsEmpty());
  ask();
}

TEST_F(ShardFollowerTest, AsksAgainAfterSilenceAndNonsense) {
  ask();
  answer(std::nullopt);
  EXPECT_TRUE(asks_nothing());
  now_ += 1s;
  ask();
  answer("\xFF");
  EXPECT_EQ(reader_.refused, 1);
  EXPECT_TRUE(asks_nothing());
  now_ += 1s;
  ask();
}

// Whatever is lost, and however long the answer takes: while the follower is in sync, the books
// hold every message once.
TEST_F(ShardFollowerTest, DeliversEveryMessageOnceUnderAnyLoss) {
  constexpr std::uint64_t kLast = 40;
  for (std::uint64_t lost_at = 2; lost_at < 20; ++lost_at) {
    for (std::uint64_t delay = 0; delay < 8; ++delay) {
      std::uint64_t position = 0;  // of the books; 0: not to be trusted
      MarketSink sink = reader_.sink();
      sink.broken = [&](domain::Shard) { position = 0; };
      sink.load = [&](domain::Shard, const domain::BookSnapshot& of) {
        position = static_cast<std::uint64_t>(of.bids.at(0).price.raw());
      };
      sink.deliver = [&](const FrameHead&, const wire::MarketData& message) {
        if (position == 0) return;
        const auto seq = static_cast<std::uint64_t>(
            domain::to_unix_ms(std::get<domain::BookDelta>(message).stamped_at));
        ASSERT_EQ(seq, position + 1) << "lost " << lost_at << ", answered after " << delay;
        position = seq;
      };
      ShardFollower follower(test::kShard, sink, codec_);
      std::uint64_t number = 0;
      std::optional<std::uint64_t> answer_at;
      std::string under_way;
      for (std::uint64_t seq = 1; seq <= kLast; ++seq) {
        if (seq != lost_at) {
          const std::string bytes = reader_.encoded(domain::BookDelta{
              .market = test::market(),
              .changes = {},
              .stamped_at = domain::from_unix_ms(static_cast<std::int64_t>(seq))});
          const std::vector<std::string_view> messages{bytes};
          follower.on_frame(test::frame(seq, messages, seq == lost_at + 1 ? 1 : 0));
        }
        if (!answer_at && follower.question(number + 1, {})) {
          ++number;
          answer_at = seq + delay;
          under_way = test::books_at(seq, {test::book(static_cast<std::int64_t>(seq))});
        }
        if (answer_at != seq) continue;
        answer_at.reset();
        follower.on_answer(number, under_way, ShardFollower::Stream::Speaks, {});
      }
      EXPECT_EQ(position, kLast) << "lost " << lost_at << ", answered after " << delay;
    }
  }
}

}  // namespace
}  // namespace polybot::follow
