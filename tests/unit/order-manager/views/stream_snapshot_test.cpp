// What a reader of order.all gets that has missed too many events.
#include "services/order-manager/core/views/stream_snapshot.hpp"

#include <gmock/gmock.h>

#include "services/order-manager/core/ledger/ledger_image.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

struct AccountSnapshot : testing::Test {
  void SetUp() override { rig.bring_up({market}); }
  void set_state(const std::optional<StrategyName>& strategy, TradingState state) {
    rig.step(Command{
        {7, ++commands}, SetTradingState{strategy, state}, rig.now, rig.now + seconds(5), {}});
  }
  template <class Body>
  std::vector<Body> told() const {
    std::vector<Body> bodies;
    for (const StreamedEvent& entry : snapshot_of(rig.core.ledger(), {})) {
      EXPECT_EQ(entry.event.seq, rig.core.ledger().last_seq());
      EXPECT_TRUE(entry.event.strategy.value.empty());
      if (const auto* body = std::get_if<Body>(&entry.event.body)) bodies.push_back(*body);
    }
    return bodies;
  }
  // The venue pays everything that was won.
  void pay() {
    rig.cash = rig.core.ledger().portfolio().cash() + rig.core.figures(rig.now).unredeemed;
    rig.venue_holdings = {{market.yes_token, {}}, {market.no_token, {}}};
    rig.advance(seconds(8));
  }
  Rig rig;
  Market market = make_market(1);
  std::uint64_t commands = 0;
};

TEST_F(AccountSnapshot, TellsTheAccountsTradingState) {
  EXPECT_THAT(told<TradingStateChanged>(),
              ElementsAre(TradingStateChanged{std::nullopt, TradingState::Active}));
  set_state(std::nullopt, TradingState::Halted);
  EXPECT_THAT(told<TradingStateChanged>(),
              ElementsAre(TradingStateChanged{std::nullopt, TradingState::Halted}));
}

TEST_F(AccountSnapshot, TellsTheStateAndCauseOfEachStrategyOfItsOwn) {
  set_state(kFarm, TradingState::Reducing);
  EXPECT_THAT(told<TradingStateChanged>(),
              ElementsAre(TradingStateChanged{std::nullopt, TradingState::Active},
                          TradingStateChanged{kFarm, TradingState::Reducing}));
}

TEST_F(AccountSnapshot, TellsWhichResolvedMarketsOweNothing) {
  rig.hold(kArb, market, "0.52", "100");
  EXPECT_TRUE(told<ClaimPaid>().empty());
  rig.step(ResolutionConfirmed{market.id, {kPriceOne, Price{}}});
  EXPECT_TRUE(told<ClaimPaid>().empty()) << "it is owed";
  pay();
  ASSERT_EQ(rig.count<ClaimPaid>(), 1U);
  const auto paid = told<ClaimPaid>();
  ASSERT_EQ(paid.size(), 1U);
  EXPECT_EQ(paid[0].market, market.id);
}

TEST_F(AccountSnapshot, KeepsWhenAClaimBegan) {
  rig.hold(kArb, market, "0.52", "100");
  EXPECT_FALSE(rig.core.figures(rig.now).oldest_claim);
  const Timestamp began = rig.now;
  rig.step(ResolutionConfirmed{market.id, {kPriceOne, Price{}}});
  rig.advance(seconds(30));
  EXPECT_EQ(rig.core.figures(rig.now).oldest_claim, began);
  std::vector<Timestamp> told_at;
  for (const StreamedEvent& entry : snapshot_of(rig.core.ledger(), kArb)) {
    if (std::holds_alternative<MarketResolved>(entry.event.body)) told_at.push_back(entry.event.at);
  }
  EXPECT_THAT(told_at, ElementsAre(began));
  EXPECT_EQ(decode_ledger(encode_ledger(rig.core.ledger()))->portfolio().oldest_claim(), began);
  pay();
  EXPECT_FALSE(rig.core.figures(rig.now).oldest_claim);
}

TEST_F(AccountSnapshot, LeavesTheClaimsOfAStrategyToItsOwnStream) {
  rig.hold(kArb, market, "0.52", "100");
  rig.step(ResolutionConfirmed{market.id, {kPriceOne, Price{}}});
  pay();
  for (const StreamedEvent& entry : snapshot_of(rig.core.ledger(), kArb)) {
    EXPECT_FALSE(std::holds_alternative<ClaimPaid>(entry.event.body));
    EXPECT_FALSE(std::holds_alternative<TradingStateChanged>(entry.event.body));
  }
}

}  // namespace
}  // namespace polybot::order_manager::test
