// Records, closings, resolutions and claims.
#include <cstring>

#include "services/order-manager/core/views/stream_snapshot.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

struct Markets : testing::Test {
  void SetUp() override { rig.bring_up({market}); }
  void close_at_venue(MarketStatus status = MarketStatus::Closed, Payout payout = {}) {
    Market* at_venue = rig.find_market(market.id);
    at_venue->status = status;
    at_venue->payout = payout;
  }
  Rig rig;
  Market market = make_market(1);
};

TEST_F(Markets, AreReadAgainWhenTheGatewayHintsAtAnotherTick) {
  rig.buy(kArb, market, "0.52", "25");
  Market finer = market;
  finer.tick = price("0.001");
  rig.find_market(market.id)->tick = finer.tick;
  rig.advance(seconds(3));
  rig.step(MarketHinted{finer});
  rig.answer_reads();
  EXPECT_EQ(rig.core.ledger().market(market.id)->tick, price("0.001"));
  EXPECT_EQ(rig.count<MarketRecorded>(), 2U);
}

TEST_F(Markets, LoseTheirOrdersWhenTheyClose) {
  rig.send(rig.quote_signal(kFarm, market, level("0.45", "20"), level("0.55", "20")));
  Market closed = market;
  closed.status = MarketStatus::Closed;
  rig.step(MarketHinted{closed});
  EXPECT_EQ(rig.count<CancelRequested>(), 2U);
  EXPECT_EQ(rig.recorded<CancelRequested>()[0].reason, CancelReason::MarketClosed);
  for (const Order& order : rig.open_orders())
    rig.answer_cancel(order.id, CancelAnswered::Result::Canceled);
  rig.send(rig.quote_signal(kFarm, market, level("0.45", "20"), std::nullopt));
  EXPECT_EQ(rig.last_denial(), DenyReason::None);
  ASSERT_EQ(rig.count<OrderDenied>(), 1U);
  EXPECT_EQ(rig.recorded<OrderDenied>().back().reason, DenyReason::MarketNotAccepting);
}

TEST_F(Markets, TurnHoldingsIntoAClaimAndCashOnlyWhenTheVenueShowsIt) {
  rig.hold(kArb, market, "0.52", "100");
  const Money spent = rig.core.ledger().portfolio().cash();
  close_at_venue(MarketStatus::Resolved, {kPriceOne, Price{}});
  rig.step(MarketHinted{*rig.find_market(market.id)});
  rig.cash = spent;
  rig.venue_holdings = {{market.yes_token, shares("100")}, {market.no_token, {}}};
  rig.advance(seconds(3));
  EXPECT_EQ(rig.count<MarketResolved>(), 1U);
  EXPECT_EQ(rig.core.figures(rig.now).unredeemed, usd("100"));
  EXPECT_EQ(rig.core.ledger().portfolio().cash(), spent);
  const Money fee = usd("0.9984");
  EXPECT_EQ(rig.snapshot(kArb).realized, usd("48") - fee);
  EXPECT_EQ(rig.snapshot(kArb).positions_open, 0U);
  rig.cash = spent + usd("100");
  rig.venue_holdings = {{market.yes_token, {}}, {market.no_token, {}}};
  rig.advance(seconds(8));
  ASSERT_EQ(rig.count<ClaimPaid>(), 1U);
  EXPECT_EQ(rig.core.ledger().portfolio().cash(), spent + usd("100"));
  EXPECT_TRUE(rig.core.figures(rig.now).unredeemed.is_zero());
  EXPECT_TRUE(rig.core.figures(rig.now).drift_cash.is_zero());
  EXPECT_EQ(rig.snapshot(kArb).realized, usd("48") - fee)
      << "remembered when the market is forgotten";
  EXPECT_FALSE(rig.core.ledger().portfolio().holds(market.id));
  rig.expect_sound();
}

TEST_F(Markets, TellOfAnUnpaidClaimInASnapshotAsItCameAbout) {
  rig.hold(kArb, market, "0.52", "100");
  rig.cash = rig.core.ledger().portfolio().cash();
  const auto told = [&] {
    std::vector<StreamedEvent> entries;
    for (StreamedEvent& entry : snapshot_of(rig.core.ledger(), kArb)) {
      if (entry.position) entries.push_back(std::move(entry));
    }
    return entries;
  };
  ASSERT_EQ(told().size(), 1U);
  const PositionState held = *told()[0].position;
  EXPECT_EQ(held.yes, shares("100"));
  const Payout payout{kPriceOne, Price{}};
  rig.step(ResolutionConfirmed{market.id, payout});
  ASSERT_EQ(told().size(), 2U);
  EXPECT_EQ(told()[0].position, held);
  EXPECT_EQ(std::get<MarketResolved>(told()[1].event.body), (MarketResolved{market.id, payout}));
  EXPECT_EQ(told()[1].position, rig.core.ledger().portfolio().state(kArb, market.id));
  EXPECT_TRUE(told()[1].position->yes.is_zero());
  rig.cash += usd("100");
  rig.venue_holdings = {{market.yes_token, {}}, {market.no_token, {}}};
  rig.advance(seconds(8));
  ASSERT_EQ(rig.count<ClaimPaid>(), 1U);
  EXPECT_TRUE(told().empty()) << "paid and forgotten";
}

TEST_F(Markets, DoNotCountAClaimAsPaidBecauseTheSharesAreGone) {
  rig.hold(kArb, market, "0.52", "100");
  rig.cash = rig.core.ledger().portfolio().cash();
  rig.venue_holdings = {{market.yes_token, {}}, {market.no_token, {}}};
  rig.step(ResolutionConfirmed{market.id, {kPriceOne, Price{}}});
  rig.advance(seconds(20));
  EXPECT_EQ(rig.count<ClaimPaid>(), 0U);
}

TEST_F(Markets, CountAClaimAsPaidBesideAnOldDifference) {
  rig.hold(kArb, market, "0.52", "100");
  rig.cash = rig.core.ledger().portfolio().cash() - usd("60");
  rig.venue_holdings = {{market.yes_token, shares("100")}, {market.no_token, {}}};
  rig.step(ResolutionConfirmed{market.id, {kPriceOne, Price{}}});
  rig.advance(seconds(70));
  EXPECT_EQ(rig.count<ClaimPaid>(), 0U);
  rig.cash += usd("100");
  rig.venue_holdings = {{market.yes_token, {}}, {market.no_token, {}}};
  rig.advance(seconds(8));
  EXPECT_EQ(rig.count<ClaimPaid>(), 1U);
  EXPECT_EQ(rig.core.figures(rig.now).drift_cash, usd("60"));
  rig.expect_sound();
}

// Money that goes missing together with the payout hides it for ever.
TEST_F(Markets, CountAClaimAsPaidWhenTheSharesStayGone) {
  rig.hold(kArb, market, "0.52", "100");
  rig.cash = rig.core.ledger().portfolio().cash();
  rig.venue_holdings = {{market.yes_token, shares("100")}, {market.no_token, {}}};
  rig.step(ResolutionConfirmed{market.id, {kPriceOne, Price{}}});
  rig.advance(seconds(70));
  rig.cash += usd("100") - usd("60");
  rig.venue_holdings = {{market.yes_token, {}}, {market.no_token, {}}};
  rig.advance(std::chrono::minutes(9));
  EXPECT_EQ(rig.count<ClaimPaid>(), 0U) << "shares may arrive late, too";
  rig.advance(std::chrono::minutes(3));
  EXPECT_EQ(rig.count<ClaimPaid>(), 1U);
  EXPECT_EQ(rig.core.figures(rig.now).drift_cash, usd("60"));
  rig.expect_sound();
}

TEST_F(Markets, PayHalfToEachSide) {
  rig.hold(kArb, market, "0.52", "100");
  rig.hold(kFarm, market, "0.50", "40", Outcome::No);
  const Price half = price("0.5");
  rig.cash = rig.core.ledger().portfolio().cash() + usd("70");
  rig.venue_holdings = {{market.yes_token, {}}, {market.no_token, {}}};
  rig.step(ResolutionConfirmed{market.id, {half, half}});
  EXPECT_EQ(rig.count<MarketResolved>(), 2U) << "one for each strategy's stream";
  EXPECT_EQ(rig.core.figures(rig.now).unredeemed, usd("70"));
  rig.advance(seconds(8));
  EXPECT_EQ(rig.count<ClaimPaid>(), 1U);
  rig.expect_sound();
}

TEST_F(Markets, TellEachHolderWhenTheJournalEndsAmidAResolution) {
  rig.hold(kArb, market, "0.52", "100");
  rig.hold(kFarm, market, "0.50", "40", Outcome::No);
  rig.step(ResolutionConfirmed{market.id, {Price{}, kPriceOne}});
  Rig next;
  next.now = rig.now + seconds(5);
  for (const Event& event : rig.journal) {
    next.journal.push_back(event);
    next.core.apply(event);
    if (std::holds_alternative<MarketResolved>(event.body)) break;
  }
  next.start();
  const auto told = [&] {
    std::vector<StrategyName> strategies;
    for (const Event& event : next.journal) {
      if (std::holds_alternative<MarketResolved>(event.body)) strategies.push_back(event.strategy);
    }
    return strategies;
  };
  EXPECT_EQ(told(), (std::vector<StrategyName>{kArb, kFarm}));
  next.expect_sound();
}

TEST_F(Markets, BookALossWithoutWaitingForMoney) {
  rig.hold(kArb, market, "0.52", "100");
  rig.step(ResolutionConfirmed{market.id, {Price{}, kPriceOne}});
  EXPECT_EQ(rig.snapshot(kArb).realized, usd("-52") - usd("0.9984"));
  EXPECT_FALSE(rig.core.ledger().portfolio().holds(market.id));
  EXPECT_TRUE(rig.core.figures(rig.now).unredeemed.is_zero());
  rig.expect_sound();
}

TEST_F(Markets, RefuseAResultThatIsNone) {
  rig.hold(kArb, market, "0.52", "100");
  rig.step(ResolutionConfirmed{market.id, {price("0.6"), price("0.6")}});
  EXPECT_EQ(rig.count<MarketResolved>(), 0U);
}

TEST_F(Markets, AreAskedForTheirResultWhenTheyShouldBeOver) {
  rig.hold(kArb, market, "0.52", "25");
  Market ending = market;
  ending.ends_at = rig.now + seconds(5);
  rig.step(MarketRead{market.id, MarketRead::Outcome::Found, ending});
  rig.venue_reads = false;
  rig.advance(seconds(4));
  const auto asks = [&] {
    return std::count_if(rig.reads.begin(), rig.reads.end(), [](const Read& read) {
      return std::holds_alternative<ConfirmResolution>(read);
    });
  };
  EXPECT_EQ(asks(), 0);
  rig.advance(seconds(6));
  EXPECT_EQ(asks(), 1);
  rig.advance(seconds(20));
  EXPECT_EQ(asks(), 2) << "seldom: many a market trades on";
  rig.step(MarketHinted{[&] {
    Market closed = ending;
    closed.status = MarketStatus::Closed;
    return closed;
  }()});
  rig.advance(seconds(6));
  EXPECT_GE(asks(), 4);
}

TEST_F(Markets, AreBelievedResolvedOnlyBesideAnotherSource) {
  rig.hold(kArb, market, "0.52", "25");
  rig.venue_reads = false;
  rig.forget_outputs();
  Market resolved = market;
  resolved.status = MarketStatus::Resolved;
  resolved.payout = {kPriceOne, Price{}};
  rig.step(MarketHinted{resolved});
  rig.advance(seconds(1));
  const auto asked = std::find_if(rig.reads.begin(), rig.reads.end(), [](const Read& read) {
    return std::holds_alternative<ConfirmResolution>(read);
  });
  ASSERT_NE(asked, rig.reads.end());
  EXPECT_EQ(std::get<ConfirmResolution>(*asked).told, resolved.payout);
  EXPECT_EQ(rig.count<MarketResolved>(), 0U);
}

TEST_F(Markets, OpenNothingWhileTheirTermsCannotBeRead) {
  rig.hold(kFarm, market, "0.52", "20");
  rig.send(rig.quote_signal(kFarm, market, level("0.45", "20"), level("0.55", "20")));
  for (const Order& order : rig.open_orders()) rig.accept(order.id);
  Market unreadable = market;
  unreadable.status = MarketStatus::ReduceOnly;
  rig.step(MarketHinted{unreadable});
  for (const Order& order : rig.open_orders())
    EXPECT_EQ(rig.order(order.id).cancel_requested, order.side == Side::Buy);
  rig.buy(kArb, market, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::MarketNotAccepting);
  rig.step(MarketHinted{market});
  rig.hold(kArb, market, "0.52", "25");
  rig.step(MarketHinted{unreadable});
  const ClientOrderId exit = rig.sell(kArb, market, "0.50", "25");
  EXPECT_EQ(rig.status(exit), OrderStatus::Submitted);
}

// The market ended while the gateway was away, long before its time.
TEST_F(Markets, AreAskedForTheirResultWhenNoGatewayTellsOfThem) {
  rig.hold(kArb, market, "0.52", "100");
  close_at_venue(MarketStatus::Resolved, {kPriceOne, Price{}});
  rig.venue_holdings = {{market.yes_token, shares("100")}, {market.no_token, {}}};
  rig.advance(std::chrono::minutes(8));
  EXPECT_EQ(rig.count<MarketResolved>(), 1U);
}

TEST_F(Markets, AreNotAskedForTheirResultWhileTheyAreToldToBeOpen) {
  rig.hold(kArb, market, "0.52", "100");
  rig.venue_reads = false;
  for (int i = 0; i < 10; ++i) {
    rig.advance(std::chrono::minutes(1));
    rig.step(MarketHinted{market});
  }
  EXPECT_TRUE(std::none_of(rig.reads.begin(), rig.reads.end(), [](const Read& read) {
    return std::holds_alternative<ConfirmResolution>(read);
  }));
}

TEST_F(Markets, AreAskedForTheirResultRarelyWhenNothingIsHeld) {
  rig.pass_through(kArb, market);
  Market ending = market;
  ending.ends_at = rig.now + seconds(5);
  rig.step(MarketRead{market.id, MarketRead::Outcome::Found, ending});
  rig.venue_reads = false;
  const auto asks = [&] {
    return std::count_if(rig.reads.begin(), rig.reads.end(), [](const Read& read) {
      return std::holds_alternative<ConfirmResolution>(read);
    });
  };
  rig.advance(std::chrono::minutes(4));
  EXPECT_EQ(asks(), 1);
  rig.advance(std::chrono::minutes(2));
  EXPECT_EQ(asks(), 2);
}

TEST_F(Markets, AreForgottenWhenClosedAndFlat) {
  rig.hold(kArb, market, "0.52", "25");
  const ClientOrderId out = rig.sell(kArb, market, "0.50", "25");
  rig.confirm(rig.taker_trade(out, "out", "25", "0.50"));
  const Money realized = rig.snapshot(kArb).realized;
  close_at_venue();
  rig.step(MarketHinted{*rig.find_market(market.id)});
  rig.advance(seconds(3));
  EXPECT_FALSE(rig.core.ledger().portfolio().holds(market.id));
  EXPECT_EQ(rig.snapshot(kArb).realized, realized);
  rig.expect_sound();
}

TEST_F(Markets, TakeALateFillInAMarketThatIsResolved) {
  const ClientOrderId id = rig.buy(kArb, market, "0.52", "100");
  const VenueTrade trade = rig.taker_trade(id, "late", "100", "0.52");
  rig.hold(kArb, market, "0.52", "25");
  rig.step(ResolutionConfirmed{market.id, {kPriceOne, Price{}}});
  rig.step(trade);
  EXPECT_EQ(rig.core.figures(rig.now).unredeemed, usd("125"));
  rig.expect_sound();
}

TEST_F(Markets, TakeALateFillAfterTheirClaimWasPaid) {
  const ClientOrderId id = rig.buy(kArb, market, "0.52", "100");
  rig.accept(id);
  rig.hold(kArb, market, "0.52", "25");
  rig.step(rig.update(id, VenueOrderStatus::Canceled));
  rig.venue_holdings = {{market.yes_token, {}}, {market.no_token, {}}};
  close_at_venue(MarketStatus::Resolved, {kPriceOne, Price{}});
  rig.step(ResolutionConfirmed{market.id, {kPriceOne, Price{}}});
  rig.cash = rig.core.ledger().portfolio().cash() + usd("25");
  rig.advance(seconds(20));
  ASSERT_EQ(rig.status(id), OrderStatus::Canceled);
  ASSERT_EQ(rig.count<ClaimPaid>(), 1U);
  rig.confirm(rig.taker_trade(id, "late", "100", "0.52"));
  EXPECT_EQ(rig.recorded<OrderFilled>().back().fee, usd("0.9984")) << "the record is still there";
  EXPECT_EQ(rig.core.figures(rig.now).unredeemed, usd("100"));
  rig.cash = rig.core.ledger().portfolio().cash() + usd("100");
  rig.advance(seconds(20));
  EXPECT_EQ(rig.count<ClaimPaid>(), 2U);
  EXPECT_TRUE(rig.core.figures(rig.now).unredeemed.is_zero());
  rig.expect_sound();
}

TEST_F(Markets, AreRememberedAsLongAsAnyOrderInThem) {
  Orders orders;
  const auto end_one = [&](std::uint64_t number, const Market& in) {
    Order order;
    order.id = {{1, number}, 0};
    order.venue_id.bytes[0] = static_cast<std::uint8_t>(number);
    order.venue_id.bytes[1] = static_cast<std::uint8_t>(number >> 8);
    order.venue_id.bytes[2] = static_cast<std::uint8_t>(number >> 16);
    order.instrument = {in.id, Outcome::Yes};
    orders.submitted(order, {}, rig.now);
    orders.rejected({order.id, RejectReason::Other, {}}, rig.now);
  };
  end_one(1, market);
  const Market other = make_market(2, 2);
  for (std::uint64_t number = 2; number <= kEndedOrdersMax; ++number) end_one(number, other);
  EXPECT_TRUE(orders.names(market.id));
  end_one(kEndedOrdersMax + 1, other);
  EXPECT_FALSE(orders.names(market.id));
  EXPECT_EQ(orders.take_unnamed(), std::vector{market.id});
  EXPECT_TRUE(orders.take_unnamed().empty());
}

TEST_F(Markets, TakeNoOldTradeForANewOneWhenTheVenuesClockIsAhead) {
  Orders orders;
  std::uint64_t number = 0;
  const auto submit = [&] {
    Order order;
    order.id = {{1, ++number}, 0};
    std::memcpy(order.venue_id.bytes.data(), &number, sizeof number);
    order.instrument = {market.id, Outcome::Yes};
    order.quantity = shares("25");
    orders.submitted(order, {}, rig.now);
    return order.id;
  };
  const Timestamp matched_at = rig.now + milliseconds(800);
  OrderFilled fill;
  fill.fill = {{"trade"}, submit()};
  fill.quantity = shares("25");
  fill.status = FillStatus::Confirmed;
  fill.matched_at = matched_at;
  orders.filled(fill, 2, rig.now);
  for (rig.now += seconds(3'600); number <= kEndedOrdersMax;) {
    orders.rejected({submit(), RejectReason::Other, {}}, rig.now);
  }
  EXPECT_EQ(orders.find(fill.fill.order), nullptr);
  EXPECT_GT(orders.forgotten_before(), matched_at);
}

TEST_F(Markets, AreNotRecordedWhenOverAndNothingIsAtStake) {
  Market over = make_market(5, 5);
  over.status = MarketStatus::Closed;
  rig.markets.push_back(over);
  for (int i = 0; i < 3; ++i) rig.buy(kArb, over, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::MarketNotAccepting);
  EXPECT_EQ(rig.count<MarketRecorded>(), 0U);
}

TEST_F(Markets, AreMarkedEveryTenSecondsWhileSomethingIsHeldAndMoves) {
  rig.advance(seconds(30));
  EXPECT_EQ(rig.count<MarksTaken>(), 0U) << "nothing is held";
  rig.hold(kArb, market, "0.52", "100");
  rig.advance(seconds(11));
  ASSERT_EQ(rig.count<MarksTaken>(), 1U);
  EXPECT_EQ(rig.recorded<MarksTaken>()[0].marks[0].yes, price("0.51"));
  rig.advance(seconds(30));
  EXPECT_EQ(rig.count<MarksTaken>(), 1U) << "nothing moves";
  rig.set_quote(market, "0.55", "0.57");
  rig.advance(seconds(11));
  EXPECT_EQ(rig.count<MarksTaken>(), 2U);
  EXPECT_EQ(rig.snapshot(kArb).position_values[0].value, usd("56"));
  EXPECT_EQ(rig.snapshot(kArb).unrealized, usd("4") - usd("0.9984"));
}

TEST_F(Markets, CountAtCostAfterANewEntryUntilTheirFirstMark) {
  rig.hold(kArb, market, "0.52", "100");
  rig.advance(seconds(11));
  const ClientOrderId sold = rig.sell(kArb, market, "0.50", "100");
  rig.accept(sold, SubmitAccepted::State::Matched);
  rig.confirm(rig.taker_trade(sold, "out", "100", "0.50"));
  ASSERT_TRUE(rig.position(kArb, market).yes.is_zero());
  rig.set_quote(market, "0.80", "0.82");
  rig.hold(kArb, market, "0.82", "100");
  EXPECT_EQ(rig.snapshot(kArb).unrealized, Money{}) << "not what it was worth on the last visit";
  EXPECT_EQ(rig.core.ledger().portfolio().exposure(kArb, market.id),
            rig.position(kArb, market).yes_cost);
  rig.advance(seconds(11));
  EXPECT_EQ(rig.core.ledger().portfolio().mark(market.id), price("0.81"));
  rig.expect_sound();
}

TEST_F(Markets, AreMarkedAtTheLastTradeWithinTheQuoteWhenTheSpreadIsWide) {
  rig.hold(kArb, market, "0.52", "100");
  QuoteTick wide{.market = market.id,
                 .bid = level("0.30", "9"),
                 .ask = level("0.70", "9"),
                 .last = price("0.75"),
                 .stamped_at = rig.now};
  rig.board = {wide};
  rig.step(QuoteHeard{{}, wide});
  rig.advance(seconds(11));
  EXPECT_EQ(rig.core.ledger().portfolio().mark(market.id), price("0.70"));
  rig.gateway_lives = false;
  rig.advance(seconds(30));
  EXPECT_EQ(rig.core.ledger().portfolio().mark(market.id), price("0.70"))
      << "the last good mark stands";
  EXPECT_EQ(rig.snapshot(kArb).marks_stale, 1U);
}

TEST_F(Markets, OpenADayOncePerUtcDate) {
  const std::size_t before = rig.count<DayOpened>();
  EXPECT_EQ(before, 1U);
  rig.hold(kArb, market, "0.52", "100");
  rig.advance(seconds(11));
  rig.now += std::chrono::hours(24);
  rig.step(TimerFired{});
  rig.step(TimerFired{});
  ASSERT_EQ(rig.count<DayOpened>(), 2U);
  EXPECT_EQ(rig.recorded<DayOpened>()[1].equity.at(kArb), rig.snapshot(kArb).pnl_total);
  EXPECT_TRUE(rig.snapshot(kArb).daily_pnl.is_zero());
  OrderManager again = rig.folded();
  Outputs out;
  again.start(0, rig.now, out);
  for (const StreamedEvent& record : out.record) {
    EXPECT_FALSE(std::holds_alternative<DayOpened>(record.event.body)) << "not again at a restart";
  }
}

}  // namespace
}  // namespace polybot::order_manager::test
