#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::Outcome;
using domain::Side;

// Three outcomes; YES costs 0.95 together, NO never pays.
class ArbitrageTest : public testing::Test {
 protected:
  World world{"arbitrage"};

  void cheap_event(const std::function<void(domain::Market&)>& change = [](domain::Market&) {}) {
    world.start();
    for (int n = 1; n <= 3; ++n) {
      domain::Market market = make_market(n, 1, 3);
      change(market);
      world.define(market);
    }
    cheap_books();
  }
  void cheap_books() {
    world.book(1, {level(28, 100)}, {level(30, 100)});
    world.book(2, {level(28, 100)}, {level(30, 100)});
    world.book(3, {level(33, 100)}, {level(35, 100)});
  }
  // Creates `imbalance`: legs of a basket filled unevenly.
  domain::SignalId uneven(std::int64_t first, std::int64_t second, std::int64_t third) {
    cheap_event();
    const auto signals = world.signals();
    EXPECT_EQ(signals.size(), 1U);
    const domain::SignalId id = signals.at(0).id;
    world.event(domain::SignalAccepted{id, domain::SignalAction::Buy});
    std::uint32_t leg = 0;
    std::vector<domain::LegsImbalanced::Filled> legs;
    for (const std::int64_t quantity : {first, second, third}) {
      const domain::Instrument instrument{market_id(static_cast<int>(leg) + 1), Outcome::Yes};
      const domain::ClientOrderId order{id, leg++};
      world.event(domain::OrderSubmitted{{.id = order,
                                          .venue_id = {},
                                          .strategy = World::kName,
                                          .event = event_id(1),
                                          .instrument = instrument,
                                          .limit = cents(35),
                                          .quantity = shares(100)}},
                  std::nullopt, domain::OrderStatus::Submitted);
      if (quantity > 0) {
        world.event(domain::OrderFilled{.fill = {{"t" + std::to_string(leg)}, order},
                                        .instrument = instrument,
                                        .side = Side::Buy,
                                        .quantity = shares(quantity),
                                        .cash = usd(1),
                                        .fee = {},
                                        .status = domain::FillStatus::Confirmed},
                    domain::PositionState{.market = instrument.market,
                                          .yes = shares(quantity),
                                          .no = {},
                                          .yes_cost = usd(1),
                                          .no_cost = {},
                                          .realized = {}},
                    domain::OrderStatus::PartiallyFilled);
      }
      world.event(domain::OrderCanceled{order, domain::CancelReason::Venue}, std::nullopt,
                  domain::OrderStatus::Canceled);
      legs.push_back({instrument, shares(quantity)});
    }
    static_cast<void>(world.signals());
    imbalanced_ = {id, event_id(1), legs};
    return id;
  }
  domain::LegsImbalanced imbalanced_;
};

TEST_F(ArbitrageTest, BuysEveryOutcomeOfACheapEvent) {
  cheap_event();
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0].action, domain::SignalAction::Buy);
  ASSERT_EQ(legs_of(signals[0]).size(), 3U);
  for (const domain::Leg& leg : legs_of(signals[0])) {
    EXPECT_EQ(leg.instrument.outcome, Outcome::Yes);
    EXPECT_EQ(leg.side, Side::Buy);
    EXPECT_EQ(leg.quantity, shares(100));
  }
}

TEST_F(ArbitrageTest, BuysNoOfOverpricedOutcomesEvenWhenTheEventIsIncomplete) {
  world.start();
  for (int n = 1; n <= 2; ++n) world.define(make_market(n, 1, 5));
  world.book(1, {level(55, 100)}, {level(57, 100)});
  world.book(2, {level(52, 60)}, {level(54, 100)});
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  ASSERT_EQ(legs_of(signals[0]).size(), 2U);
  for (const domain::Leg& leg : legs_of(signals[0])) {
    EXPECT_EQ(leg.instrument.outcome, Outcome::No);
    EXPECT_EQ(leg.quantity, shares(60));
  }
  EXPECT_EQ(legs_of(signals[0])[0].limit, cents(45));
}

TEST_F(ArbitrageTest, DoesNotBuyYesOfAnIncompleteEvent) {
  cheap_event([](domain::Market& market) { market.event_market_count = 4; });
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, DoesNotTouchAnAugmentedEvent) {
  cheap_event([](domain::Market& market) { market.augmented = true; });
  world.book(1, {level(80, 100)}, {level(90, 100)});
  world.book(2, {level(80, 100)}, {level(90, 100)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, DoesNotTouchAnEventThatIsNotExclusive) {
  cheap_event([](domain::Market& market) { market.neg_risk = false; });
  world.book(1, {level(80, 100)}, {level(90, 100)});
  world.book(2, {level(80, 100)}, {level(90, 100)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, DoesNotBuyYesWhenAPlaceholderCouldWin) {
  cheap_event([](domain::Market& market) { market.placeholder = market.id == market_id(3); });
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, DoesNotBuyYesWhenAnOutcomeCannotBeTraded) {
  cheap_event([](domain::Market& market) {
    if (market.id == market_id(3)) market.status = domain::MarketStatus::Paused;
  });
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, BuysTheRestWhenAnOutcomeHasAlreadyLost) {
  cheap_event([](domain::Market& market) {
    if (market.id != market_id(3)) return;
    market.status = domain::MarketStatus::Resolved;
    market.payout = {domain::Price{}, domain::kPriceOne};
  });
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(legs_of(signals[0]).size(), 2U);
}

TEST_F(ArbitrageTest, DoesNotWaitForMarketsThatHoldOrdersBack) {
  cheap_event([](domain::Market& market) { market.taker_delay = market.id == market_id(2); });
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, DoesNotDecideWhileOneOfTheBooksIsStale) {
  world.start();
  for (int n = 1; n <= 3; ++n) world.define(make_market(n, 1, 3));
  world.book(1, {level(28, 100)}, {level(30, 100)});
  world.book(2, {level(28, 100)}, {level(30, 100)});
  world.on(BookDistrusted{{market_id(1), world.now()}});
  world.book(3, {level(33, 100)}, {level(35, 100)});
  EXPECT_TRUE(world.signals().empty());
  world.book(1, {level(28, 100)}, {level(30, 100)});
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(ArbitrageTest, DoesNotDecideOnABookThatIsTooOld) {
  world.start();
  for (int n = 1; n <= 3; ++n) world.define(make_market(n, 1, 3));
  world.book(1, {level(28, 100)}, {level(30, 100)});
  world.book(2, {level(28, 100)}, {level(30, 100)});
  world.advance(4s);
  world.book(3, {level(33, 100)}, {level(35, 100)});
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, IsFeeAware) {
  cheap_event([](domain::Market& market) { market.fee.rate_ppm = 100'000; });
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, LeavesEventsAloneThatAreAboutToEnd) {
  cheap_event([&](domain::Market& market) { market.ends_at = world.now() + 20s; });
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, WaitsForTheBooksToShowItsOwnOrders) {
  cheap_event();
  const auto first = world.signals();
  ASSERT_EQ(first.size(), 1U);
  world.event(domain::SignalDenied{first[0].id, domain::DenyReason::VenueUnavailable, 3, 0});
  cheap_books();
  EXPECT_TRUE(world.signals().empty());
  world.advance(2s);
  cheap_books();
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(ArbitrageTest, OpensNothingWhileTheStrategyMayOnlyReduce) {
  world.start();
  world.enable(true, domain::TradingState::Reducing);
  for (int n = 1; n <= 3; ++n) world.define(make_market(n, 1, 3));
  cheap_books();
  EXPECT_TRUE(world.signals().empty());
}

TEST_F(ArbitrageTest, RespectsWhatItAlreadyHoldsInTheEvent) {
  World limited{"arbitrage", {{"event_cost_max", "40"}}};
  limited.start();
  for (int n = 1; n <= 3; ++n) limited.define(make_market(n, 1, 3));
  limited.hold(1, shares(60), {}, usd(21));
  limited.book(1, {level(28, 100)}, {level(30, 100)});
  limited.book(2, {level(28, 100)}, {level(30, 100)});
  limited.book(3, {level(33, 100)}, {level(35, 100)});
  const auto signals = limited.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(legs_of(signals[0])[0].quantity, shares(20));  // 19 pUSD at 0.95 a set
}

TEST_F(ArbitrageTest, DoesNotTradeWithItsOwnAccount) {
  world.start();
  world.event(domain::OrderSubmitted{{.id = {{1, 1}, 0},
                                      .venue_id = {},
                                      .strategy = World::kName,
                                      .event = event_id(1),
                                      .instrument = {market_id(3), Outcome::No},
                                      .side = Side::Buy,
                                      .limit = cents(65),
                                      .quantity = shares(10),
                                      .purpose = domain::OrderPurpose::Quote}},
              std::nullopt, domain::OrderStatus::Accepted);
  for (int n = 1; n <= 3; ++n) world.define(make_market(n, 1, 3));
  cheap_books();
  EXPECT_TRUE(world.signals().empty());
  world.event(domain::OrderCanceled{{{1, 1}, 0}}, std::nullopt, domain::OrderStatus::Canceled);
  cheap_books();
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(ArbitrageTest, CompletesLegsOfUnequalSizeEachByItself) {
  uneven(100, 40, 70);
  world.event(imbalanced_);
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 2U);
  EXPECT_EQ(legs_of(signals[0])[0].quantity, shares(60));
  EXPECT_EQ(legs_of(signals[1])[0].quantity, shares(30));
}

TEST_F(ArbitrageTest, CompletesUnevenLegsWhileThatPays) {
  const domain::SignalId id = uneven(100, 100, 0);
  world.event(imbalanced_);
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_NE(signals[0].id, id);
  ASSERT_EQ(legs_of(signals[0]).size(), 1U);
  EXPECT_EQ(legs_of(signals[0])[0].instrument.market, market_id(3));
  EXPECT_EQ(legs_of(signals[0])[0].side, Side::Buy);
  EXPECT_EQ(legs_of(signals[0])[0].quantity, shares(100));
}

// The first leg met cheaper shares than its limit, which are more: 110 for the cash of 100.
TEST_F(ArbitrageTest, CompletesTheOthersWhenALegBroughtMore) {
  uneven(110, 100, 100);
  world.event(imbalanced_);
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 2U);
  for (const domain::Signal& signal : signals) {
    EXPECT_EQ(legs_of(signal)[0].side, Side::Buy);
    EXPECT_EQ(legs_of(signal)[0].quantity, shares(10));
  }
}

// 20 at 0.30 and 40 at 0.40 cost 22 pUSD, which is 55 shares at the limit of 0.40.
TEST_F(ArbitrageTest, CompletesWithTheCashThatTheMissingSharesCost) {
  uneven(100, 100, 40);
  world.book(3, {level(28, 100)}, {level(30, 20), level(40, 100)});
  world.event(imbalanced_);
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(legs_of(signals[0])[0].limit, cents(40));
  EXPECT_EQ(legs_of(signals[0])[0].quantity, shares(55));
}

TEST_F(ArbitrageTest, SellsTheSurplusWhenCompletingCostsMore) {
  uneven(100, 100, 0);
  world.book(3, {level(50, 100)}, {level(60, 100)});
  world.event(imbalanced_);
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0].action, domain::SignalAction::Sell);
  ASSERT_EQ(legs_of(signals[0]).size(), 2U);
  for (const domain::Leg& leg : legs_of(signals[0])) {
    EXPECT_EQ(leg.side, Side::Sell);
    EXPECT_EQ(leg.quantity, shares(100));
    EXPECT_EQ(leg.limit, cents(28));
  }
}

TEST_F(ArbitrageTest, OpensNothingInAnUnevenEventUntilItIsLevel) {
  const domain::SignalId id = uneven(100, 100, 0);
  world.book(1, {level(28, 100)}, {});  // nothing to complete or to compare with
  world.book(2, {level(28, 100)}, {level(30, 100)});
  world.book(3, {}, {});
  world.event(imbalanced_);
  const auto unwind = world.signals();
  ASSERT_EQ(unwind.size(), 1U);
  EXPECT_EQ(unwind[0].action, domain::SignalAction::Sell);
  world.event(domain::SignalDenied{unwind[0].id, domain::DenyReason::NotSettled, 0, 2});
  cheap_books();
  for (const domain::Signal& signal : world.signals()) EXPECT_NE(legs_of(signal).size(), 3U);
  world.event(domain::LegsLevelled{id, event_id(1)});
  world.advance(3s);
  static_cast<void>(world.signals());
  cheap_books();
  const auto after = world.signals();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(legs_of(after[0]).size(), 3U);
}

}  // namespace
}  // namespace polybot::strategy_runner
