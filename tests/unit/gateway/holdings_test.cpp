#include "services/gateway/api/read_model/holdings.hpp"

#include "services/gateway/api/read_model/trading_view.hpp"
#include "tests/unit/gateway/order_events.hpp"

namespace polybot::gateway {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

domain::StreamedEvent holding(std::uint64_t seq, std::int64_t yes, std::int64_t no) {
  domain::StreamedEvent event = streamed(seq, fill(1, "t" + std::to_string(seq), 1));
  event.position = domain::PositionState{.market = market_id(1),
                                         .yes = shares(yes),
                                         .no = shares(no),
                                         .yes_cost = {},
                                         .no_cost = {},
                                         .realized = {}};
  return event;
}

TEST(Holdings, ShowTheStateAfterTheLatestEvent) {
  Holdings holdings;
  holdings.apply(holding(1, 5, 0));
  holdings.apply(holding(2, 8, 0));
  ASSERT_THAT(holdings.positions(), SizeIs(1));
  EXPECT_EQ(holdings.positions()[0]->state.yes, shares(8));
  holdings.apply(holding(3, 0, 0));
  EXPECT_THAT(holdings.positions(), IsEmpty());
}

TEST(Holdings, TurnIntoAClaimWhenTheMarketResolvesUntilItIsPaid) {
  Holdings holdings;
  holdings.apply(holding(1, 5, 4));
  holdings.apply(streamed(2, domain::MarketResolved{market_id(1), {cents(50), cents(50)}}, {}, {}));
  EXPECT_THAT(holdings.positions(), IsEmpty());
  ASSERT_THAT(holdings.claims(), SizeIs(1));
  EXPECT_EQ(holdings.claims()[0].cash.to_string(), "4.5");
  holdings.apply(streamed(3, domain::ClaimPaid{market_id(1), {}}, {}, {}));
  EXPECT_THAT(holdings.claims(), IsEmpty());
}

TEST(Holdings, ReplaceClaimsByASnapshot) {
  Holdings holdings;
  domain::StreamedEvent resolved =
      streamed(2, domain::MarketResolved{market_id(1), {cents(50), cents(50)}});
  resolved.position = domain::PositionState{
      .market = market_id(1), .yes = {}, .no = {}, .yes_cost = {}, .no_cost = {}, .realized = {}};
  const auto told = [&] {
    holdings.apply(holding(2, 5, 4));
    holdings.apply(resolved);
  };
  told();
  holdings.forget(kFarm);
  EXPECT_THAT(holdings.claims(), SizeIs(1));
  holdings.forget(kArb);
  EXPECT_THAT(holdings.claims(), IsEmpty());
  told();
  EXPECT_THAT(holdings.positions(), IsEmpty());
  ASSERT_THAT(holdings.claims(), SizeIs(1));
  EXPECT_EQ(holdings.claims()[0].strategy, kArb);
  EXPECT_EQ(holdings.claims()[0].cash.to_string(), "4.5");
}

TEST(Holdings, MakeNoClaimOfALoss) {
  Holdings holdings;
  holdings.apply(holding(1, 0, 4));
  holdings.apply(streamed(2, domain::MarketResolved{market_id(1), {cents(100), {}}}, {}, {}));
  EXPECT_THAT(holdings.positions(), IsEmpty());
  EXPECT_THAT(holdings.claims(), IsEmpty());
}

TEST(Holdings, DoNotClaimAgainWhatWasPaidAfterTheSnapshotWasTaken) {
  Holdings holdings;
  holdings.apply(streamed(3, domain::ClaimPaid{market_id(1), {}}, {}, {}));
  holdings.apply(holding(2, 5, 4));
  holdings.apply(streamed(2, domain::MarketResolved{market_id(1), {cents(50), cents(50)}}, {}, {}));
  EXPECT_THAT(holdings.positions(), IsEmpty());
  EXPECT_THAT(holdings.claims(), IsEmpty());
}

TEST(Holdings, ForgetOneStrategyForASnapshot) {
  Holdings holdings;
  holdings.apply(holding(1, 5, 0));
  holdings.forget(kFarm);
  EXPECT_THAT(holdings.positions(), SizeIs(1));
  holdings.forget(kArb);
  EXPECT_THAT(holdings.positions(), IsEmpty());
}

TEST(Holdings, ReplacePaymentsByASnapshotOfTheAccount) {
  Holdings holdings;
  holdings.apply(holding(1, 5, 4));
  holdings.apply(streamed(2, domain::MarketResolved{market_id(1), {cents(50), cents(50)}}, {}, {}));
  ASSERT_THAT(holdings.claims(), SizeIs(1));
  holdings.forget({});
  EXPECT_THAT(holdings.claims(), SizeIs(1)) << "they come with the strategies' streams";
  holdings.apply(streamed(9, domain::ClaimPaid{market_id(1), {}}, {}, {}));
  EXPECT_THAT(holdings.claims(), IsEmpty());
}

// order-manager tells every payment that it remembers at once, in any order.
TEST(Holdings, RememberEveryPaymentOfASnapshot) {
  Holdings holdings;
  holdings.apply(streamed(9'000, domain::ClaimPaid{market_id(1), {}}, {}, {}));
  for (int other = 0; other < 5'000; ++other) {
    domain::MarketId id = market_id(2);
    id.bytes[1] = static_cast<std::uint8_t>(other);
    id.bytes[2] = static_cast<std::uint8_t>(other >> 8);
    holdings.apply(streamed(9'000, domain::ClaimPaid{id, {}}, {}, {}));
  }
  holdings.apply(holding(1, 5, 4));
  holdings.apply(streamed(2, domain::MarketResolved{market_id(1), {cents(50), cents(50)}}, {}, {}));
  EXPECT_THAT(holdings.claims(), IsEmpty());
}

// The numbers of another journal begin again.
TEST(Holdings, ForgetThePaymentsOfAnotherJournal) {
  Holdings holdings;
  holdings.apply(streamed(900, domain::ClaimPaid{market_id(1), {}}, {}, {}));
  holdings.forget({});
  holdings.apply(holding(1, 5, 4));
  holdings.apply(streamed(2, domain::MarketResolved{market_id(1), {cents(50), cents(50)}}, {}, {}));
  EXPECT_THAT(holdings.claims(), SizeIs(1));
}

TEST(TradingView, ReplacesTheAccountsStateByASnapshot) {
  TradingView view({});
  view.apply(
      streamed(1, domain::TradingStateChanged{{}, domain::TradingState::Halted, {}}, {}, {}));
  view.forget(kArb);
  EXPECT_EQ(view.trading_state(), domain::TradingState::Halted);
  view.forget({});
  EXPECT_FALSE(view.trading_state().has_value());
  view.apply(
      streamed(9, domain::TradingStateChanged{{}, domain::TradingState::Active, {}}, {}, {}));
  EXPECT_EQ(view.trading_state(), domain::TradingState::Active);
}

TEST(TradingView, KnowsTheAccountsStateOrTheMildestOfItsStrategies) {
  TradingView view({});
  EXPECT_FALSE(view.trading_state().has_value());
  domain::StrategyState arb{.strategy = kArb,
                            .enabled = true,
                            .trading_state = domain::TradingState::Halted,
                            .parameters = {},
                            .last_seq = 0,
                            .figures = {}};
  domain::StrategyState farm = arb;
  farm.strategy = kFarm;
  farm.trading_state = domain::TradingState::Reducing;
  view.set_strategies({farm, arb});
  EXPECT_EQ(view.trading_state(), domain::TradingState::Reducing);
  EXPECT_EQ(view.strategies()[0].strategy, kArb);
  view.apply(
      streamed(1, domain::TradingStateChanged{kArb, domain::TradingState::Halted, {}}, {}, {}));
  EXPECT_EQ(view.trading_state(), domain::TradingState::Reducing);
  view.apply(
      streamed(2, domain::TradingStateChanged{{}, domain::TradingState::Active, {}}, {}, {}));
  EXPECT_EQ(view.trading_state(), domain::TradingState::Active);
}

}  // namespace
}  // namespace polybot::gateway
