// The answering side of order streams: what a reader gets that missed events.
#include "services/order-manager/kept_streams.hpp"

#include <gmock/gmock.h>

#include "services/order-manager/core/views/stream_snapshot.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class KeptStreamsTest : public testing::Test {
 protected:
  // A record of the strategy that takes some 1,000 bytes.
  void keep(std::uint64_t seq, std::uint64_t prev, const StrategyName& strategy = kArb) {
    domain::StreamedEvent event;
    event.event = {.seq = seq, .strategy = strategy, .body = domain::CommandAccepted{{1, seq}}};
    event.prev = prev;
    streams_.keep(event, std::to_string(seq) + std::string(1'000, ' '));
  }
  wire::OrdersAnswer ask(const wire::OrdersRequest& request) {
    const auto bytes = streams_.answer(wire::encode_orders_request(request), ledger_);
    wire::OrdersAnswer answer;
    EXPECT_TRUE(bytes);
    if (bytes) {
      EXPECT_EQ(wire::decode_orders_answer(*bytes, answer), wire::DecodeError::None);
    }
    return answer;
  }
  // The numbers of the replayed events, and -1 when more follow.
  std::vector<int> replay(std::uint64_t after_seq, const StrategyName& strategy = kArb) {
    const auto answer = ask(wire::ReplayRequest{.stream = strategy, .after_seq = after_seq});
    const auto* replayed = std::get_if<wire::ReplayedEvents>(&answer);
    if (replayed == nullptr) return {-2};
    std::vector<int> numbers;
    for (const std::string& bytes : replayed->events) numbers.push_back(std::stoi(bytes));
    if (replayed->more) numbers.push_back(-1);
    return numbers;
  }

  KeptStreams streams_{{.kept_bytes_max = 5'000, .answer_bytes_max = 2'500}};
  Ledger ledger_;
};

TEST_F(KeptStreamsTest, ReplaysInAnswersThatFit) {
  keep(2, 0);
  keep(5, 2);
  keep(6, 0, kFarm);
  keep(9, 5);
  EXPECT_THAT(replay(0), ElementsAre(2, 5, -1));
  EXPECT_THAT(replay(5), ElementsAre(9));
  EXPECT_THAT(replay(9), IsEmpty());
  EXPECT_THAT(replay(0, kFarm), ElementsAre(6));
}

TEST_F(KeptStreamsTest, KeepsARepetitionOnce) {
  keep(2, 0);
  keep(5, 2);
  keep(2, 0);
  EXPECT_THAT(replay(0), ElementsAre(2, 5));
}

TEST_F(KeptStreamsTest, SaysWhatItDoesNotKeep) {
  keep(7, 4);
  EXPECT_THAT(replay(3), ElementsAre(-2)) << "what came before the first is not kept";
  EXPECT_THAT(replay(4), ElementsAre(7));
  EXPECT_THAT(replay(8), ElementsAre(-2)) << "of another history";
  EXPECT_THAT(replay(0, kFarm), IsEmpty());
  EXPECT_THAT(replay(1, kFarm), ElementsAre(-2)) << "it has no records in this journal";
}

TEST_F(KeptStreamsTest, DropsTheOldestOfAllStreamsBeyondItsBound) {
  keep(1, 0);
  keep(2, 0, kFarm);
  for (std::uint64_t seq = 3; seq <= 6; ++seq) keep(seq, seq == 3 ? 1 : seq - 1);
  EXPECT_THAT(replay(0), ElementsAre(-2));
  EXPECT_THAT(replay(0, kFarm), ElementsAre(-2));
  EXPECT_THAT(replay(3), ElementsAre(4, 5, -1));
}

TEST_F(KeptStreamsTest, TellsAStateInPagesOfOneMoment) {
  Rig rig;
  std::vector<Market> markets;
  for (std::uint64_t i = 1; i <= 12; ++i) markets.push_back(make_market(i));
  rig.bring_up(markets);
  for (const Market& market : markets) rig.hold(kArb, market, "0.5", "10");
  ledger_ = rig.core.ledger();
  const auto first = ask(wire::StatePageRequest{.stream = kArb, .at_seq = 0, .page = 0});
  const auto* page = std::get_if<wire::StatePage>(&first);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->at_seq, ledger_.last_seq());
  ASSERT_GT(page->pages, 2U);
  std::size_t entries = page->entries.size();
  for (std::uint32_t i = 1; i < page->pages; ++i) {
    const auto next =
        ask(wire::StatePageRequest{.stream = kArb, .at_seq = page->at_seq, .page = i});
    ASSERT_TRUE(std::holds_alternative<wire::StatePage>(next)) << i;
    entries += std::get<wire::StatePage>(next).entries.size();
  }
  EXPECT_EQ(entries, snapshot_of(ledger_, kArb).size());
  const auto after = ask(wire::StatePageRequest{.stream = kArb, .at_seq = page->at_seq, .page = 1});
  EXPECT_TRUE(std::holds_alternative<wire::NotKept>(after)) << "it is told to its end";
}

TEST_F(KeptStreamsTest, RefusesWhatIsNoRequest) {
  EXPECT_EQ(streams_.answer("\xFF", ledger_), std::nullopt);
}

}  // namespace
}  // namespace polybot::order_manager::test
