#include "services/order-manager/core/decide/quoter.hpp"

#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);
const Instrument kYes{kMarket.id, Outcome::Yes};
const Instrument kNo{kMarket.id, Outcome::No};

QuoteTarget target(std::optional<Level> bid, std::optional<Level> ask) {
  return {kMarket.id, bid, ask};
}

TEST(Quoter, BuysYesAndItsComplementWhenNothingIsHeld) {
  const auto wanted =
      wanted_quotes(target(level("0.45", "20"), level("0.55", "20")), kMarket, {}, {});
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_EQ(wanted[0], (WantedQuote{BookSide::Bid, kYes, Side::Buy, price("0.45"), shares("20")}));
  EXPECT_EQ(wanted[1], (WantedQuote{BookSide::Ask, kNo, Side::Buy, price("0.45"), shares("20")}));
}

TEST(Quoter, SellsWhatIsHeldBeforeItBuysTheComplement) {
  const auto wanted = wanted_quotes(target(level("0.45", "20"), level("0.55", "20")), kMarket,
                                    shares("12"), shares("40"));
  ASSERT_EQ(wanted.size(), 3U);
  EXPECT_EQ(wanted[0], (WantedQuote{BookSide::Bid, kNo, Side::Sell, price("0.55"), shares("20")}));
  EXPECT_EQ(wanted[1], (WantedQuote{BookSide::Ask, kYes, Side::Sell, price("0.55"), shares("12")}));
  EXPECT_EQ(wanted[2], (WantedQuote{BookSide::Ask, kNo, Side::Buy, price("0.45"), shares("8")}));
}

TEST(Quoter, LeavesOutPartsBelowTheMinimumSize) {
  const auto wanted = wanted_quotes(target({}, level("0.55", "20")), kMarket, shares("3"), {});
  ASSERT_EQ(wanted.size(), 1U);
  EXPECT_EQ(wanted[0].quantity, shares("20"));
  EXPECT_EQ(wanted[0].side, Side::Buy);
  EXPECT_TRUE(wanted_quotes(target(level("0.45", "4.99"), {}), kMarket, {}, {}).empty());
}

TEST(Quoter, MovesPricesOffTheTickAwayFromTheMarket) {
  const auto wanted =
      wanted_quotes(target(level("0.457", "20"), level("0.553", "20")), kMarket, {}, {});
  EXPECT_EQ(wanted[0].limit, price("0.45"));
  EXPECT_EQ(complement(wanted[1].limit), price("0.56"));
}

TEST(Quoter, KeepsAnOrderThatIsAboutRightInItsPlace) {
  const auto wanted = wanted_quotes(target(level("0.45", "20"), {}), kMarket, {}, {});
  const LiveQuote live{{{1, 1}, 0}, kYes, Side::Buy, price("0.45"), shares("17"), false};
  const QuotePlan plan = plan_quotes(wanted, std::vector{live}, 200'000);
  EXPECT_TRUE(plan.cancel.empty());
  EXPECT_TRUE(plan.place.empty());
}

TEST(Quoter, ReplacesOnlyAfterTheOldOrderIsGone) {
  const auto wanted =
      wanted_quotes(target(level("0.46", "20"), level("0.55", "20")), kMarket, {}, {});
  LiveQuote live{{{1, 1}, 0}, kYes, Side::Buy, price("0.45"), shares("20"), false};
  QuotePlan plan = plan_quotes(wanted, std::vector{live}, 200'000);
  ASSERT_EQ(plan.cancel.size(), 1U);
  ASSERT_EQ(plan.place.size(), 1U) << "the other side does not wait";
  EXPECT_EQ(plan.place[0].book_side, BookSide::Ask);
  live.leaving = true;
  plan = plan_quotes(wanted, std::vector{live}, 200'000);
  EXPECT_TRUE(plan.cancel.empty());
  EXPECT_EQ(plan.place.size(), 1U);
  plan = plan_quotes(wanted, {}, 200'000);
  EXPECT_EQ(plan.place.size(), 2U);
}

TEST(Quoter, CancelsEverythingWhenNothingIsWanted) {
  const LiveQuote bid{{{1, 1}, 0}, kYes, Side::Buy, price("0.45"), shares("20"), false};
  const LiveQuote ask{{{1, 1}, 1}, kNo, Side::Buy, price("0.45"), shares("20"), false};
  EXPECT_EQ(plan_quotes({}, std::vector{bid, ask}, 200'000).cancel.size(), 2U);
}

}  // namespace
}  // namespace polybot::order_manager::test
