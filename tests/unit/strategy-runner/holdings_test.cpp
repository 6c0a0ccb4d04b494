#include "services/strategy-runner/core/holdings.hpp"

#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::OrderStatus;
using domain::Outcome;
using domain::Side;

class HoldingsTest : public testing::Test {
 protected:
  const domain::Instrument yes{market_id(1), Outcome::Yes};
  const domain::Instrument no{market_id(1), Outcome::No};
  Holdings holdings;
  std::uint64_t seq = 0;

  void event(domain::EventBody body, std::optional<OrderStatus> status = std::nullopt,
             std::int64_t yes_held = -1) {
    domain::StreamedEvent streamed;
    streamed.event.seq = ++seq;
    streamed.event.body = std::move(body);
    streamed.status = status;
    if (yes_held >= 0)
      streamed.position = domain::PositionState{.market = market_id(1),
                                                .yes = shares(yes_held),
                                                .no = {},
                                                .yes_cost = {},
                                                .no_cost = {},
                                                .realized = {}};
    holdings.apply(streamed);
  }
  void submit(std::uint32_t leg, const domain::Instrument& instrument, Side side,
              std::int64_t price, std::int64_t quantity, domain::OrderPurpose purpose,
              OrderStatus status = OrderStatus::Submitted) {
    event(domain::OrderSubmitted{{.id = {{1, 1}, leg},
                                  .venue_id = {},
                                  .strategy = {},
                                  .event = {},
                                  .instrument = instrument,
                                  .side = side,
                                  .limit = cents(price),
                                  .quantity = shares(quantity),
                                  .purpose = purpose,
                                  .submitted_at = domain::from_unix_ns(leg)}},
          status);
  }
  domain::OrderFilled fill(std::uint32_t leg, const domain::Instrument& instrument, Side side,
                           std::int64_t quantity) {
    return {.fill = {{"t" + std::to_string(leg)}, {{1, 1}, leg}},
            .instrument = instrument,
            .side = side,
            .quantity = shares(quantity),
            .cash = usd(1),
            .fee = {}};
  }
};

TEST_F(HoldingsTest, TakesPositionsFromTheEventsThatCarryThem) {
  event(fill(0, yes, Side::Buy, 10), std::nullopt, 10);
  EXPECT_EQ(holdings.position(market_id(1)).yes, shares(10));
  event(domain::MarketResolved{}, std::nullopt, 0);
  EXPECT_TRUE(holdings.positions().empty());
  EXPECT_EQ(holdings.applied_seq(), 2U);
}

TEST_F(HoldingsTest, SellsNothingThatHasNotSettled) {
  event(fill(0, yes, Side::Buy, 10), std::nullopt, 10);
  EXPECT_EQ(holdings.sellable(yes), shares(0));
  event(domain::FillAdvanced{{{"t0"}, {{1, 1}, 0}}, domain::FillStatus::Mined});
  EXPECT_EQ(holdings.sellable(yes), shares(10));
}

TEST_F(HoldingsTest, SellsNothingTwice) {
  event(domain::MarketRecorded{}, std::nullopt, 10);
  submit(0, yes, Side::Sell, 60, 4, domain::OrderPurpose::Quote);
  EXPECT_EQ(holdings.sellable(yes), shares(6));
  event(domain::OrderCanceled{{{1, 1}, 0}}, OrderStatus::Canceled);
  EXPECT_EQ(holdings.sellable(yes), shares(10));
}

TEST_F(HoldingsTest, ReservesForAnOrderThatHasComeBack) {
  event(domain::MarketRecorded{}, std::nullopt, 10);
  submit(0, yes, Side::Sell, 60, 4, domain::OrderPurpose::Exit);
  event(domain::OrderRejected{{{1, 1}, 0}, domain::RejectReason::NotFoundAtVenue, ""},
        OrderStatus::Rejected);
  EXPECT_EQ(holdings.sellable(yes), shares(10));
  EXPECT_FALSE(holdings.taking(market_id(1)));
  event(domain::OrderResurrected{{{1, 1}, 0}}, OrderStatus::Accepted);
  EXPECT_EQ(holdings.sellable(yes), shares(6));
  EXPECT_TRUE(holdings.taking(market_id(1)));
  event(domain::OrderCanceled{{{1, 1}, 0}}, OrderStatus::Canceled);
  EXPECT_EQ(holdings.sellable(yes), shares(10));
}

TEST_F(HoldingsTest, RemembersTheNewestOfTheRejected) {
  // As a state tells them: the newest first.
  constexpr std::uint32_t kAll = Holdings::kRejectedOrdersMax + 1;
  for (std::uint32_t leg = kAll; leg-- > 0;)
    submit(leg, yes, Side::Buy, 40, 1, domain::OrderPurpose::Leg, OrderStatus::Rejected);
  event(domain::OrderResurrected{{{1, 1}, 0}}, OrderStatus::Accepted);
  EXPECT_FALSE(holdings.taking(market_id(1)));
  event(domain::OrderResurrected{{{1, 1}, kAll - 1}}, OrderStatus::Accepted);
  EXPECT_TRUE(holdings.taking(market_id(1)));
}

TEST_F(HoldingsTest, ReservesAgainWhatAFailedTradeHadFilled) {
  event(domain::MarketRecorded{}, std::nullopt, 10);
  submit(0, yes, Side::Sell, 60, 4, domain::OrderPurpose::Quote);
  event(fill(0, yes, Side::Sell, 3), OrderStatus::PartiallyFilled, 7);
  EXPECT_EQ(holdings.sellable(yes), shares(6));
  event(domain::FillReversed{{{"t0"}, {{1, 1}, 0}}}, OrderStatus::PartiallyFilled, 10);
  EXPECT_EQ(holdings.sellable(yes), shares(6));
  EXPECT_EQ(holdings.own_quantity(market_id(1), domain::BookSide::Ask, cents(60)), shares(4));
}

TEST_F(HoldingsTest, KnowsWhetherOrdersAreExecuting) {
  submit(0, yes, Side::Buy, 40, 10, domain::OrderPurpose::Quote);
  EXPECT_FALSE(holdings.taking(market_id(1)));
  submit(1, yes, Side::Buy, 60, 10, domain::OrderPurpose::Leg);
  EXPECT_TRUE(holdings.taking(market_id(1)));
  event(domain::OrderRejected{{{1, 1}, 1}, domain::RejectReason::Balance, ""},
        OrderStatus::Rejected);
  EXPECT_FALSE(holdings.taking(market_id(1)));
}

TEST_F(HoldingsTest, SeesOwnQuotesInYesTerms) {
  submit(0, yes, Side::Buy, 40, 10, domain::OrderPurpose::Quote);
  submit(1, no, Side::Buy, 45, 20, domain::OrderPurpose::Quote);  // offers YES at 0.55
  EXPECT_EQ(holdings.own_quantity(market_id(1), domain::BookSide::Bid, cents(40)), shares(10));
  EXPECT_EQ(holdings.own_quantity(market_id(1), domain::BookSide::Ask, cents(55)), shares(20));
  event(fill(1, no, Side::Buy, 5), OrderStatus::PartiallyFilled);
  EXPECT_EQ(holdings.own_quantity(market_id(1), domain::BookSide::Ask, cents(55)), shares(15));
}

TEST_F(HoldingsTest, StartsAgainFromASnapshot) {
  submit(0, yes, Side::Buy, 40, 10, domain::OrderPurpose::Leg);
  event(domain::MarketRecorded{}, std::nullopt, 10);
  holdings.restart_at(90);
  EXPECT_EQ(holdings.applied_seq(), 90U);
  EXPECT_FALSE(holdings.taking(market_id(1)));
  EXPECT_TRUE(holdings.positions().empty());
}

}  // namespace
}  // namespace polybot::strategy_runner
