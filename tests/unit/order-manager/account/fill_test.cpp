// One trade, told three times in any order, to orders in any state, is booked once and right.
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);

struct Fills : testing::Test {
  void SetUp() override { rig.bring_up(); }
  ClientOrderId quote(const char* bid = "0.45", const char* quantity = "20") {
    rig.send(rig.quote_signal(kFarm, kMarket, level(bid, quantity), std::nullopt));
    const ClientOrderId id = rig.open_orders().front().id;
    rig.accept(id);
    return id;
  }
  Rig rig;
};

TEST_F(Fills, BooksATradeToldThreeTimesOnce) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  const VenueTrade trade = rig.taker_trade(id, "t1", "25", "0.52");
  for (int i = 0; i < 3; ++i) rig.step(trade);
  rig.confirm(trade);
  rig.confirm(trade);
  EXPECT_EQ(rig.count<OrderFilled>(), 1U);
  EXPECT_EQ(rig.count<FillAdvanced>(), 2U);
  EXPECT_EQ(rig.position(kArb, kMarket).yes, shares("25"));
  rig.expect_sound();
}

// The signed amount of a buy is its cash: where shares are cheaper than its limit, it buys more.
TEST_F(Fills, BooksWhatIsBeyondTheOrderAndSaysSo) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  const VenueTrade trade = rig.taker_trade(id, "t1", "26", "0.50");
  rig.accept(id, SubmitAccepted::State::Matched, {trade.id});
  rig.step(trade);
  rig.confirm(trade);
  EXPECT_EQ(rig.status(id), OrderStatus::Filled);
  EXPECT_EQ(rig.position(kArb, kMarket).yes, shares("26"));
  EXPECT_TRUE(rig.order(id).reserved_cash().is_zero());
  EXPECT_EQ(rig.core.figures(rig.now).fills_beyond_order, 1U);
  rig.expect_sound();
}

// 60 shares at 0.50 leave 22 of the 52 pUSD, which may still buy anything up to the limit. The fee
// is largest, at 4 % of the cash, where the shares cost next to nothing.
TEST_F(Fills, KeepsBackWhatAnImmediateBuyHasNotSpent) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "100");
  EXPECT_EQ(rig.order(id).reserved_cash(), usd("54.08"));
  rig.step(rig.taker_trade(id, "t1", "60", "0.50"));
  EXPECT_EQ(rig.status(id), OrderStatus::PartiallyFilled);
  EXPECT_EQ(rig.order(id).reserved_cash(), usd("22.88"));
  rig.expect_sound();
}

TEST_F(Fills, ChargesTheTakerFeeAndNoneToTheMaker) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  rig.step(rig.taker_trade(id, "t1", "25", "0.52"));
  const OrderFilled taken = rig.recorded<OrderFilled>().front();
  EXPECT_EQ(taken.cash, usd("13"));
  EXPECT_EQ(taken.fee, usd("0.2496"));  // 25 x 0.04 x 0.52 x 0.48
  const ClientOrderId rests = quote();
  rig.step(rig.maker_trade(rests, "t2", "20"));
  EXPECT_EQ(rig.recorded<OrderFilled>().back().fee, Money{});
  EXPECT_EQ(rig.recorded<OrderFilled>().back().cash, usd("9"));
}

TEST_F(Fills, CountsFeesAndVolumeOnlyWhenConfirmed) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  VenueTrade trade = rig.taker_trade(id, "t1", "25", "0.52");
  rig.step(trade);
  trade.status = VenueTradeStatus::Mined;
  rig.step(trade);
  EXPECT_TRUE(rig.snapshot(kArb).counters.fees.is_zero());
  trade.status = VenueTradeStatus::Confirmed;
  rig.step(trade);
  EXPECT_EQ(rig.snapshot(kArb).counters.fees, usd("0.2496"));
  EXPECT_EQ(rig.snapshot(kArb).counters.volume[0], usd("13"));
}

TEST_F(Fills, BooksAFillThatComesBeforeTheAnswer) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  rig.step(rig.taker_trade(id, "t1", "25", "0.52"));
  EXPECT_EQ(rig.status(id), OrderStatus::Filled);
  rig.accept(id, SubmitAccepted::State::Matched, {{"t1"}});
  EXPECT_EQ(rig.status(id), OrderStatus::Filled);
  EXPECT_EQ(rig.orders(kArb, OrderStatus::Accepted), 1U);
  rig.expect_sound();
}

TEST_F(Fills, EndsAPartlyFilledImmediateOrderOnceItsTradesAreIn) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "50");
  const VenueTrade first = rig.taker_trade(id, "t1", "10", "0.51");
  const VenueTrade second = rig.taker_trade(id, "t2", "15", "0.52");
  rig.accept(id, SubmitAccepted::State::Matched, {first.id, second.id});
  rig.step(first);
  EXPECT_EQ(rig.status(id), OrderStatus::PartiallyFilled);
  rig.step(second);
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
  EXPECT_EQ(rig.order(id).filled, shares("25"));
  EXPECT_EQ(rig.position(kArb, kMarket).yes_cost,
            usd("12.9") + rig.recorded<OrderFilled>()[0].fee + rig.recorded<OrderFilled>()[1].fee);
}

TEST_F(Fills, BooksAFillThatComesAfterTheCancel) {
  const ClientOrderId id = quote();
  rig.step(rig.update(id, VenueOrderStatus::Canceled));
  ASSERT_EQ(rig.status(id), OrderStatus::Canceled);
  rig.step(rig.maker_trade(id, "t1", "5"));
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
  EXPECT_EQ(rig.position(kFarm, kMarket).yes, shares("5"));
  EXPECT_EQ(rig.snapshot(kFarm).counters.orders_corrected, 1U);
  EXPECT_EQ(rig.orders(kFarm, OrderStatus::PartiallyFilled), 0U);
  rig.expect_sound();
}

TEST_F(Fills, WaitsForTheFillsThatACancellationNames) {
  const ClientOrderId id = quote();
  rig.step(rig.update(id, VenueOrderStatus::Canceled, "5"));
  EXPECT_EQ(rig.status(id), OrderStatus::Accepted);
  rig.step(rig.maker_trade(id, "t1", "5"));
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
  EXPECT_EQ(rig.snapshot(kFarm).counters.orders_corrected, 0U);
}

TEST_F(Fills, ReadsTheFillsThatACancellationNamesWhenTheyDoNotCome) {
  const ClientOrderId id = quote();
  rig.venue_trades = {rig.maker_trade(id, "t1", "5")};
  rig.step(rig.update(id, VenueOrderStatus::Canceled, "5"));
  rig.advance(seconds(2));
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
  EXPECT_EQ(rig.position(kFarm, kMarket).yes, shares("5"));
}

TEST_F(Fills, AdvancesOutOfOrderStatusesOnlyForwards) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  VenueTrade trade = rig.taker_trade(id, "t1", "25", "0.52", VenueTradeStatus::Confirmed);
  rig.step(trade);
  for (const auto status :
       {VenueTradeStatus::Matched, VenueTradeStatus::Mined, VenueTradeStatus::Retrying}) {
    trade.status = status;
    rig.step(trade);
  }
  EXPECT_EQ(rig.count<OrderFilled>(), 1U);
  EXPECT_EQ(rig.count<FillAdvanced>(), 0U);
  EXPECT_EQ(rig.snapshot(kArb).fills_provisional, 0U);
  EXPECT_EQ(rig.snapshot(kArb).counters.volume[0], usd("13"));
}

TEST_F(Fills, TakesAFailedTradeBackAsIfItHadNeverBeen) {
  rig.hold(kArb, kMarket, "0.40", "100");
  const Money before = rig.core.ledger().portfolio().cash();
  const PositionState held = rig.position(kArb, kMarket);
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  VenueTrade trade = rig.taker_trade(id, "ghost", "25", "0.52");
  rig.step(trade);
  trade.status = VenueTradeStatus::Failed;
  rig.step(trade);
  rig.step(trade);
  EXPECT_EQ(rig.position(kArb, kMarket), held);
  EXPECT_EQ(rig.core.ledger().portfolio().cash(), before);
  EXPECT_EQ(rig.count<FillReversed>(), 1U);
  EXPECT_EQ(rig.snapshot(kArb).counters.fills_reversed, 1U);
  EXPECT_EQ(rig.snapshot(kArb).counters.orders_corrected, 1U);
  EXPECT_EQ(rig.status(id), OrderStatus::Filled) << "and the identity of orders holds";
  rig.expect_sound();
}

TEST_F(Fills, FoldsSalesAfterAFailedPurchaseAgain) {
  rig.hold(kArb, kMarket, "0.40", "100");
  const ClientOrderId dear = rig.buy(kArb, kMarket, "0.52", "100");
  VenueTrade ghost = rig.taker_trade(dear, "ghost", "100", "0.52");
  rig.step(ghost);
  const ClientOrderId out = rig.sell(kArb, kMarket, "0.50", "100");
  const VenueTrade sale = rig.taker_trade(out, "sale", "100", "0.50");
  rig.step(sale);
  const Money mixed = rig.position(kArb, kMarket).realized;
  ghost.status = VenueTradeStatus::Failed;
  rig.step(ghost);
  rig.confirm(sale);
  const PositionState after = rig.position(kArb, kMarket);
  EXPECT_TRUE(after.yes.is_zero());
  EXPECT_GT(after.realized, mixed) << "sold against the 0.40 shares alone";
  const Money fees = usd("0.96") + usd("1");  // 100 x 0.04 x 0.4 x 0.6 and x 0.5 x 0.5
  EXPECT_EQ(after.realized, usd("10") - fees);
  rig.expect_sound();
}

TEST_F(Fills, NeverBooksATradeWhoseFailureCameFirst) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  VenueTrade trade = rig.taker_trade(id, "t1", "25", "0.52", VenueTradeStatus::Failed);
  rig.step(trade);
  trade.status = VenueTradeStatus::Matched;
  rig.step(trade);
  EXPECT_EQ(rig.count<OrderFilled>(), 0U);
  EXPECT_TRUE(rig.position(kArb, kMarket).yes.is_zero());
  EXPECT_EQ(rig.snapshot(kArb).counters.fills_reversed, 0U) << "nothing had been booked";
  rig.expect_sound();
}

TEST_F(Fills, BelievesNoFailureOfAConfirmedTrade) {
  rig.hold(kArb, kMarket, "0.52", "25");
  const OrderFilled fill = rig.recorded<OrderFilled>().front();
  VenueTrade trade = rig.taker_trade(fill.fill.order, fill.fill.trade.value.c_str(), "25", "0.52",
                                     VenueTradeStatus::Failed);
  rig.step(trade);
  EXPECT_EQ(rig.position(kArb, kMarket).yes, shares("25"));
}

TEST_F(Fills, LetsOneTradeFillTwoOfOurOrders) {
  rig.send(rig.quote_signal(kFarm, kMarket, level("0.45", "20"), std::nullopt));
  rig.send(rig.quote_signal(kArb, kMarket, level("0.44", "10"), std::nullopt));
  const auto open = rig.open_orders();
  ASSERT_EQ(open.size(), 2U);
  VenueTrade trade = rig.maker_trade(open[0].id, "both", "20");
  const VenueTrade second = rig.maker_trade(open[1].id, "both", "10");
  trade.quantity = shares("30");
  trade.makers.push_back(second.makers[0]);
  trade.makers[0].quantity = open[0].quantity;
  trade.makers[1].quantity = open[1].quantity;
  rig.step(trade);
  EXPECT_EQ(rig.count<OrderFilled>(), 2U);
  EXPECT_EQ(rig.position(kFarm, kMarket).yes + rig.position(kArb, kMarket).yes, shares("30"));
  rig.step(trade);
  EXPECT_EQ(rig.count<OrderFilled>(), 2U);
  trade.status = VenueTradeStatus::Failed;
  rig.step(trade);
  EXPECT_EQ(rig.count<FillReversed>(), 2U);
  rig.expect_sound();
}

TEST_F(Fills, SumsTheMakersOfATakenTradeExactlyAcrossComplementaryTokens) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  VenueTrade trade = rig.taker_trade(id, "t1", "25", "0.516");
  trade.makers = {
      {id_of<VenueOrderId>(501), kMarket.yes_token, Side::Sell, shares("10"), price("0.51"), false},
      {id_of<VenueOrderId>(502), kMarket.no_token, Side::Buy, shares("15"), price("0.48"), false}};
  rig.step(trade);
  EXPECT_EQ(rig.recorded<OrderFilled>().front().cash, usd("12.9"));  // 5.10 + 15 x (1 - 0.48)
}

TEST_F(Fills, TakesAMakerEntryToldInTermsOfTheComplement) {
  const ClientOrderId id = quote("0.45");
  VenueTrade trade = rig.maker_trade(id, "t1", "20");
  trade.makers[0].token = kMarket.no_token;
  trade.makers[0].side = Side::Sell;
  trade.makers[0].price = price("0.55");
  rig.step(trade);
  const OrderFilled fill = rig.recorded<OrderFilled>().front();
  EXPECT_EQ(fill.cash, usd("9"));
  EXPECT_EQ(fill.side, Side::Buy);
  EXPECT_EQ(rig.position(kFarm, kMarket).yes, shares("20"));
}

TEST_F(Fills, SaysThatACancelCameTooLate) {
  const ClientOrderId id = quote();
  rig.step(Command{{9, 9}, CancelOrder{id}, rig.now, rig.now + seconds(5), {}});
  rig.step(rig.maker_trade(id, "t1", "20"));
  rig.answer_cancel(id, CancelAnswered::Result::NotFound);
  EXPECT_EQ(rig.count<OrderCancelRejected>(), 1U);
  EXPECT_EQ(rig.status(id), OrderStatus::Filled);
}

TEST_F(Fills, CarriesThePositionAfterItOnTheStream) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  rig.step(rig.taker_trade(id, "t1", "25", "0.52"));
  const StreamedEvent& streamed = rig.streamed.back();
  ASSERT_TRUE(streamed.position);
  EXPECT_EQ(streamed.position->yes, shares("25"));
  EXPECT_EQ(streamed.status, OrderStatus::Filled);
  std::map<std::string, std::uint64_t> last;
  for (const StreamedEvent& message : rig.streamed) {
    EXPECT_EQ(message.prev, last[message.event.strategy.value]);
    last[message.event.strategy.value] = message.event.seq;
  }
}

TEST_F(Fills, BooksForeignTradesToTheStrategyExternal) {
  const VenueTrade trade = rig.trade_by_hand(kMarket.id, kMarket.no_token);
  rig.step(trade);
  EXPECT_EQ(rig.count<OrderFilled>(), 0U) << "the market is not known yet";
  rig.advance(milliseconds(200));
  rig.venue_trades = {trade};
  rig.advance(seconds(2));
  EXPECT_EQ(rig.position(kExternal, kMarket).no, shares("10"));
  rig.expect_sound();
}

TEST_F(Fills, IgnoresForeignTradesFromBeforeTheJournal) {
  rig.hold(kArb, kMarket, "0.52", "25");
  VenueTrade trade = rig.trade_by_hand(kMarket.id, kMarket.no_token);
  trade.matched_at = rig.journal.front().at - seconds(1);
  rig.step(trade);
  EXPECT_TRUE(rig.position(kExternal, kMarket).no.is_zero());
}

}  // namespace
}  // namespace polybot::order_manager::test
