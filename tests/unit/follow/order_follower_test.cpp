#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "common/follow/order_followers.hpp"
#include "common/wire/order_codec.hpp"

namespace polybot::follow {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const domain::StrategyName kStream{"momentum"};
constexpr std::uint32_t kPagesMax = 4;

std::string event(std::uint64_t seq, std::uint64_t prev) {
  domain::StreamedEvent streamed;
  streamed.event = {.seq = seq, .strategy = kStream, .body = domain::CommandAccepted{{1, 2}}};
  streamed.prev = prev;
  return wire::encode_streamed(streamed);
}

// One stream, the state of its follower, and the questions that it asks.
class OrderFollowerTest : public testing::Test {
 protected:
  void begin(Beginning beginning) {
    followers_.emplace(beginning,
                       OrderSink{.hear = [this](const auto&) { ++heard_; },
                                 .deliver = [this](const auto& e) { seqs_.push_back(e.event.seq); },
                                 .restore =
                                     [this](const StreamState& state) {
                                       seqs_.clear();
                                       restored_at_ = state.seq;
                                       entries_ = state.entries.size();
                                     },
                                 .broken = [this](const auto&) { ++broken_; },
                                 .mend = [this](const auto&) { ++mended_; },
                                 .refuse = [this](wire::DecodeError) { ++refused_; },
                                 .ask = [] {}},
                       kPagesMax);
    followers_->follow(kStream);
  }
  // Begins a stream that is whole after the state at this number.
  void begin_at(std::uint64_t seq) {
    begin(Beginning::State);
    answer(state(seq, 0, 1));
    ASSERT_TRUE(whole());
  }
  void hear(std::uint64_t seq, std::uint64_t prev) {
    followers_->on_message(kStream, event(seq, prev));
  }
  void announce(std::uint64_t last_seq) {
    domain::StrategyState state;
    state.strategy = kStream;
    state.last_seq = last_seq;
    followers_->on_states({.strategies = {state}, .further = {}, .account = {}});
  }

  static wire::StatePage state(std::uint64_t at_seq, std::uint32_t page, std::uint32_t pages) {
    return {.at_seq = at_seq, .page = page, .pages = pages, .entries = {event(at_seq, 0)}};
  }
  // The question that is due now; the test fails when there is none.
  wire::OrdersRequest asks() {
    question_ = followers_->question(now_);
    wire::OrdersRequest request;
    EXPECT_TRUE(question_) << "nothing is asked";
    if (question_) {
      EXPECT_EQ(wire::decode_orders_request(question_->bytes, request), wire::DecodeError::None);
    }
    return request;
  }
  std::uint64_t asks_for_a_replay_after() {
    const wire::OrdersRequest request = asks();
    const auto* replay = std::get_if<wire::ReplayRequest>(&request);
    EXPECT_NE(replay, nullptr);
    return replay == nullptr ? 0 : replay->after_seq;
  }
  std::uint32_t asks_for_page() {
    const wire::OrdersRequest request = asks();
    const auto* page = std::get_if<wire::StatePageRequest>(&request);
    EXPECT_NE(page, nullptr);
    return page == nullptr ? 999 : page->page;
  }
  bool asks_nothing() { return !followers_->question(now_); }
  // Answers the question asked last, or the one that is due.
  void answer(const wire::OrdersAnswer& answer) {
    if (!question_) static_cast<void>(asks());
    answer_bytes(wire::encode_orders_answer(answer));
  }
  void answer_bytes(std::optional<std::string_view> bytes) {
    followers_->on_answer(*question_, bytes, now_);
    question_.reset();
  }
  bool whole() const { return followers_->whole(); }

  std::optional<OrderFollowers> followers_;
  std::optional<OrderFollowers::Question> question_;
  domain::Duration now_{};
  std::vector<std::uint64_t> seqs_;  // delivered since the last state
  std::uint64_t restored_at_ = 0;
  std::size_t entries_ = 0;
  int heard_ = 0;
  int broken_ = 0;
  int mended_ = 0;
  int refused_ = 0;
};

TEST_F(OrderFollowerTest, BeginsWithTheState) {
  begin(Beginning::State);
  hear(7, 3);
  EXPECT_THAT(seqs_, IsEmpty()) << "there is no state yet to join it to";
  EXPECT_EQ(asks_for_page(), 0U);
  answer(state(9, 0, 1));
  EXPECT_TRUE(whole());
  EXPECT_EQ(restored_at_, 9U);
  EXPECT_TRUE(asks_nothing());
  hear(12, 7);  // a state may lie between two messages
  EXPECT_THAT(seqs_, ElementsAre(12));
}

TEST_F(OrderFollowerTest, DoesNotTakeARepetitionForTheFirstEvent) {
  begin(Beginning::Events);
  hear(7, 7);
  EXPECT_THAT(seqs_, IsEmpty());
  EXPECT_EQ(asks_for_a_replay_after(), 0U);
  answer(wire::ReplayedEvents{.events = {event(3, 0), event(7, 3)}, .more = false});
  hear(7, 7);
  EXPECT_THAT(seqs_, ElementsAre(3, 7));
  EXPECT_TRUE(whole());
}

TEST_F(OrderFollowerTest, BeginsWithAsManyEventsAsAreKept) {
  begin(Beginning::Events);
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_a_replay_after(), 0U);
  answer(wire::ReplayedEvents{.events = {event(3, 0), event(5, 3)}, .more = true});
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_a_replay_after(), 5U);
  answer(wire::ReplayedEvents{.events = {event(8, 5)}});
  EXPECT_TRUE(whole());
  EXPECT_THAT(seqs_, ElementsAre(3, 5, 8));
  EXPECT_EQ(mended_, 1);
}

TEST_F(OrderFollowerTest, FillsAHoleBeforeAnythingAfterIt) {
  begin_at(5);
  hear(9, 7);
  EXPECT_FALSE(whole());
  EXPECT_EQ(broken_, 1);
  EXPECT_THAT(seqs_, IsEmpty());
  EXPECT_EQ(asks_for_a_replay_after(), 5U);
  answer(wire::ReplayedEvents{.events = {event(7, 5), event(9, 7)}});
  EXPECT_THAT(seqs_, ElementsAre(7, 9));
  EXPECT_TRUE(whole());
  EXPECT_EQ(mended_, 1);
}

TEST_F(OrderFollowerTest, DropsWhatItKnows) {
  begin_at(5);
  hear(6, 5);
  hear(6, 5);
  hear(4, 3);
  EXPECT_THAT(seqs_, ElementsAre(6));
  EXPECT_EQ(heard_, 3) << "an answer to a command may come as a repetition";
  EXPECT_TRUE(whole());
}

TEST_F(OrderFollowerTest, AsksAgainForWhatCameAfterTheQuestion) {
  begin_at(5);
  hear(9, 7);
  ASSERT_EQ(asks_for_a_replay_after(), 5U);
  hear(12, 11);
  answer(wire::ReplayedEvents{.events = {event(7, 5), event(9, 7)}});
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_a_replay_after(), 9U);
  answer(wire::ReplayedEvents{.events = {event(11, 9), event(12, 11)}});
  EXPECT_TRUE(whole());
}

TEST_F(OrderFollowerTest, TakesTheStateWhenTheReplayIsNoLongerKept) {
  begin_at(5);
  hear(90, 70);
  answer(wire::NotKept{});
  EXPECT_EQ(asks_for_page(), 0U);
  answer(state(95, 0, 1));
  EXPECT_TRUE(whole());
  EXPECT_EQ(restored_at_, 95U);
}

TEST_F(OrderFollowerTest, TakesTheStateWhenTheReplayLacksAPromisedEvent) {
  begin_at(5);
  hear(9, 7);
  answer(wire::ReplayedEvents{});
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_page(), 0U);
}

TEST_F(OrderFollowerTest, TakesTheStateOfAnotherHistory) {
  begin_at(5);
  hear(20, 5);
  hear(25, 15);  // the journal was put back by hand
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_page(), 0U);
  answer(state(18, 0, 1));
  EXPECT_TRUE(whole()) << "the numbers of the other history do not count";
  hear(25, 15);
  EXPECT_THAT(seqs_, ElementsAre(25));
}

TEST_F(OrderFollowerTest, AnUnreadableMessageIsAHole) {
  begin_at(5);
  followers_->on_message(kStream, "\xFF");
  EXPECT_EQ(refused_, 1);
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_a_replay_after(), 5U);
  answer(wire::ReplayedEvents{.events = {event(6, 5)}});
  EXPECT_THAT(seqs_, ElementsAre(6));
  EXPECT_TRUE(whole());
}

TEST_F(OrderFollowerTest, IsNotWholeAfterAReplayItCannotRead) {
  begin_at(5);
  hear(9, 7);
  answer(wire::ReplayedEvents{.events = {event(7, 5), "\xFF", event(9, 8)}});
  EXPECT_FALSE(whole());
  EXPECT_THAT(seqs_, IsEmpty());
  EXPECT_EQ(asks_for_page(), 0U) << "the same bytes would come again";
}

TEST_F(OrderFollowerTest, IsNotWholeAfterAStateItCannotRead) {
  begin(Beginning::State);
  answer(wire::StatePage{.at_seq = 9, .page = 0, .pages = 1, .entries = {"\xFF"}});
  EXPECT_FALSE(whole());
  EXPECT_EQ(restored_at_, 0U);
  EXPECT_TRUE(asks_nothing()) << "not at once";
  now_ += 500ms;
  EXPECT_EQ(asks_for_page(), 0U);
}

TEST_F(OrderFollowerTest, ReadsAStateToItsLastPage) {
  begin(Beginning::State);
  for (std::uint32_t page = 0; page < kPagesMax; ++page) {
    ASSERT_EQ(asks_for_page(), page);
    EXPECT_FALSE(whole());
    answer(state(9, page, kPagesMax));
  }
  EXPECT_TRUE(whole());
  EXPECT_EQ(entries_, kPagesMax);
}

TEST_F(OrderFollowerTest, BoundsThePagesOfAState) {
  begin(Beginning::State);
  ASSERT_EQ(asks_for_page(), 0U);
  answer(state(9, 0, kPagesMax + 1));
  EXPECT_TRUE(asks_nothing()) << "more is promised than a state can hold";
  now_ += 500ms;
  ASSERT_EQ(asks_for_page(), 0U);
  answer(state(9, 0, 2));
  ASSERT_EQ(asks_for_page(), 1U);
  answer(state(9, 1, 3));  // the bound grows with every page
  EXPECT_FALSE(whole());
  EXPECT_TRUE(asks_nothing());
}

TEST_F(OrderFollowerTest, BeginsAgainWhenThePagesAreOfTwoStates) {
  begin(Beginning::State);
  answer(state(9, 0, 2));
  ASSERT_EQ(asks_for_page(), 1U);
  answer(state(11, 1, 2));
  EXPECT_FALSE(whole());
  now_ += 500ms;
  ASSERT_EQ(asks_for_page(), 0U);
  answer(state(11, 0, 2));
  ASSERT_EQ(asks_for_page(), 1U);
  answer(wire::NotKept{});  // another reader had it told
  now_ += 500ms;
  EXPECT_EQ(asks_for_page(), 0U);
}

TEST_F(OrderFollowerTest, ReplaysWhatCameWhileThePagesWereRead) {
  begin(Beginning::State);
  answer(state(9, 0, 2));
  hear(12, 9);
  ASSERT_EQ(asks_for_page(), 1U);
  answer(state(9, 1, 2));
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_a_replay_after(), 9U);
  answer(wire::ReplayedEvents{.events = {event(12, 9)}});
  EXPECT_TRUE(whole());
}

TEST_F(OrderFollowerTest, AsksAgainAfterSilence) {
  begin_at(5);
  hear(9, 7);
  ASSERT_EQ(asks_for_a_replay_after(), 5U);
  answer_bytes(std::nullopt);
  EXPECT_TRUE(asks_nothing());
  now_ += 500ms;
  ASSERT_EQ(asks_for_a_replay_after(), 5U);
  answer_bytes("\xFF");
  now_ += 500ms;
  EXPECT_EQ(asks_for_a_replay_after(), 5U);
}

TEST_F(OrderFollowerTest, GoesOnReadingAStateAfterSilence) {
  begin(Beginning::State);
  answer(state(9, 0, 2));
  ASSERT_EQ(asks_for_page(), 1U);
  answer_bytes(std::nullopt);
  now_ += 500ms;
  ASSERT_EQ(asks_for_page(), 1U);
  answer(state(9, 1, 2));
  EXPECT_TRUE(whole());
}

TEST_F(OrderFollowerTest, IgnoresAStateFromBeforeWhatWasDelivered) {
  begin(Beginning::State);
  static_cast<void>(asks());
  const OrderFollowers::Question first = *question_;
  const std::string old = wire::encode_orders_answer(state(5, 0, 1));
  answer_bytes(old);
  hear(8, 5);
  hear(90, 70);
  answer(wire::NotKept{});
  ASSERT_EQ(asks_for_page(), 0U);
  followers_->on_answer(first, old, now_);  // a repetition, late
  EXPECT_FALSE(whole());
  EXPECT_THAT(seqs_, ElementsAre(8));
  answer(state(95, 0, 1));
  EXPECT_TRUE(whole());
}

TEST_F(OrderFollowerTest, NoticesALostTailByTwoAnnouncements) {
  begin_at(5);
  announce(9);
  EXPECT_TRUE(whole()) << "it may have overtaken the event";
  announce(9);
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_a_replay_after(), 5U);
  answer(wire::ReplayedEvents{.events = {event(9, 5)}});
  EXPECT_TRUE(whole());
}

// The answer may have been made before.
TEST_F(OrderFollowerTest, AsksAgainWhenATailIsLostMeanwhile) {
  begin_at(5);
  followers_->on_lost_tail(kStream);
  EXPECT_EQ(asks_for_a_replay_after(), 5U);
  followers_->on_lost_tail(kStream);
  answer(wire::ReplayedEvents{.events = {event(6, 5)}});
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_a_replay_after(), 6U);
  answer(wire::ReplayedEvents{.events = {event(7, 6)}});
  EXPECT_TRUE(whole());
  EXPECT_THAT(seqs_, ElementsAre(6, 7));
}

TEST_F(OrderFollowerTest, AsksAgainWhenATailIsLostWhileTheStateIsRead) {
  begin(Beginning::State);
  EXPECT_EQ(asks_for_page(), 0U);
  followers_->on_lost_tail(kStream);
  answer(state(9, 0, 2));
  EXPECT_EQ(asks_for_page(), 1U);
  answer(state(9, 1, 2));
  EXPECT_FALSE(whole());
  EXPECT_EQ(asks_for_a_replay_after(), 9U);
  answer(wire::ReplayedEvents{.events = {event(12, 7)}});
  EXPECT_TRUE(whole());
}

TEST_F(OrderFollowerTest, HearsOfStreamsOfNoStrategy) {
  begin_at(5);
  const wire::StrategyTable table{.strategies = {}, .further = {{kStream, 8}}, .account = {}};
  followers_->on_states(table);
  followers_->on_states(table);
  EXPECT_EQ(asks_for_a_replay_after(), 5U);
}

TEST_F(OrderFollowerTest, NoticesALostTailThatTheBusReports) {
  begin_at(5);
  followers_->on_lost_tail(kStream);
  EXPECT_EQ(asks_for_a_replay_after(), 5U);
  answer(wire::ReplayedEvents{});
  EXPECT_TRUE(whole()) << "what was lost was a repetition";
}

// A restored backup begins another history, even of a silent stream.
TEST_F(OrderFollowerTest, ReadsASilentStreamAgainAfterARestore) {
  begin_at(5);
  for (int i = 0; i < 2; ++i)
    followers_->on_states({.strategies = {}, .account = {.restored_seq = 1'000}});
  EXPECT_EQ(asks_for_a_replay_after(), 5U);
  answer(wire::NotKept{});
  answer(state(1'000, 0, 1));
  EXPECT_TRUE(whole());
}

TEST_F(OrderFollowerTest, AsksForEachStreamInTurn) {
  begin(Beginning::State);  // momentum
  followers_->follow({"arbitrage"});
  followers_->follow({"zeal"});
  std::vector<std::string> asked;
  for (int i = 0; i < 4; ++i) {
    const auto question = followers_->question(now_);
    ASSERT_TRUE(question);
    asked.push_back(question->stream.value);
    now_ += 1s;  // nobody answered in time
    followers_->on_answer(*question, std::nullopt, now_);
  }
  EXPECT_THAT(asked, ElementsAre("arbitrage", "momentum", "zeal", "arbitrage"));
}

TEST_F(OrderFollowerTest, KeepsTheEmptyNameForTheAccount) {
  begin_at(5);
  followers_->follow({});
  const wire::OrdersRequest request = asks();
  EXPECT_EQ(std::get<wire::StatePageRequest>(request).stream, domain::StrategyName{});
}

// Any order of loss and repetition ends with every event delivered once, in order.
TEST_F(OrderFollowerTest, DeliversEveryEventOnceUnderAnyLoss) {
  begin(Beginning::Events);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> stream;  // seq, prev
  std::uint64_t prev = 0;
  for (std::uint64_t seq = 3; seq < 300; seq += 1 + seq % 4) {
    stream.emplace_back(seq, prev);
    prev = seq;
  }
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (i % 3 != 0) hear(stream[i].first, stream[i].second);
    if (i % 5 == 0) hear(stream[i / 2].first, stream[i / 2].second);
    while (const auto question = followers_->question(now_)) {
      wire::OrdersRequest request;
      ASSERT_EQ(wire::decode_orders_request(question->bytes, request), wire::DecodeError::None);
      const auto after = std::get<wire::ReplayRequest>(request).after_seq;
      wire::ReplayedEvents replayed;
      for (std::size_t k = 0; k <= i; ++k) {
        if (stream[k].first > after)
          replayed.events.push_back(event(stream[k].first, stream[k].second));
      }
      followers_->on_answer(*question, wire::encode_orders_answer(replayed), now_);
    }
  }
  ASSERT_EQ(seqs_.size(), stream.size() - (stream.size() % 3 == 1 ? 1 : 0));
  for (std::size_t i = 0; i < seqs_.size(); ++i) EXPECT_EQ(seqs_[i], stream[i].first);
}

}  // namespace
}  // namespace polybot::follow
