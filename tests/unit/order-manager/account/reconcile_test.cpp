// Compares the book with the venue: after a start, after a gap, every minute.
#include <gmock/gmock.h>

#include <set>

#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);

struct Reconcile : testing::Test {
  void SetUp() override { rig.bring_up(); }
  ClientOrderId quote() {
    rig.send(rig.quote_signal(kFarm, kMarket, level("0.45", "20"), std::nullopt));
    const ClientOrderId id = rig.open_orders().front().id;
    rig.accept(id);
    rig.venue_open = {rig.update(id, VenueOrderStatus::Live)};
    return id;
  }
  void reconnect() {
    rig.step(VenueSessionChanged{VenueChannel::User, Link::Down});
    rig.advance(seconds(1));
    rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
    rig.answer_reads();
  }
  Rig rig;
};

TEST_F(Reconcile, BooksFillsThatHappenedWhileTheChannelWasDown) {
  const ClientOrderId id = quote();
  rig.venue_trades = {rig.maker_trade(id, "t1", "20", VenueTradeStatus::Mined)};
  rig.venue_open.clear();
  reconnect();
  EXPECT_EQ(rig.status(id), OrderStatus::Filled);
  EXPECT_EQ(rig.position(kFarm, kMarket).yes, shares("20"));
  EXPECT_TRUE(rig.core.not_ready().empty());
  rig.expect_sound();
}

TEST_F(Reconcile, DoesNotBookThemAgainWhenTheyAreToldLater) {
  const ClientOrderId id = quote();
  const VenueTrade trade = rig.maker_trade(id, "t1", "20");
  rig.venue_trades = {trade};
  reconnect();
  rig.step(trade);
  reconnect();
  EXPECT_EQ(rig.count<OrderFilled>(), 1U);
}

TEST_F(Reconcile, IsNotReadyAndTradesNothingInBetween) {
  rig.venue_reads = false;
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Down});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::NotReady);
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.count<SignalDenied>(), 2U);
}

TEST_F(Reconcile, IsNotSatisfiedByAReadingThatBeganBeforeTheChannelWasUp) {
  rig.venue_reads = false;
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Down});
  const VenueAccount early = rig.account();
  rig.now += seconds(1);
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  rig.step(early);
  EXPECT_EQ(rig.core.not_ready(), std::vector{NotReady::NotReconciled});
}

TEST_F(Reconcile, EndsAnOrderThatIsMissingInTwoReadings) {
  const ClientOrderId id = quote();
  rig.venue_open.clear();
  rig.advance(milliseconds(200));
  rig.step(rig.account());
  EXPECT_EQ(rig.status(id), OrderStatus::Accepted) << "one reading may be taken amid a change";
  rig.advance(seconds(4));
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
}

// Every reading contains the fill, since the book has the order open: that must not keep it open.
TEST_F(Reconcile, EndsAPartlyFilledOrderThatIsMissingInTwoReadings) {
  const ClientOrderId id = quote();
  const VenueTrade trade = rig.maker_trade(id, "t1", "5");
  rig.step(trade);
  rig.confirm(trade);
  rig.venue_trades = {rig.maker_trade(id, "t1", "5", VenueTradeStatus::Confirmed)};
  rig.venue_open.clear();
  reconnect();
  EXPECT_EQ(rig.status(id), OrderStatus::PartiallyFilled);
  rig.advance(seconds(5));
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
  EXPECT_EQ(rig.count<OrderFilled>(), 1U);
  rig.expect_sound();
}

// The venue leaves the numbers of a trade empty while it is being settled: the trade exists, but
// cannot be read.
struct UnreadRows : Reconcile {
  VenueAccount::Unread row(const ClientOrderId& id) const {
    return {.kind = VenueAccount::Unread::Kind::Trade,
            .id = "t1",
            .orders = {rig.venue_id(id)},
            .names_all = true,
            .matched_at = rig.now};
  }
};

TEST_F(UnreadRows, BookTheOthersAndAreBookedOnceTheyCanBeRead) {
  const ClientOrderId id = quote();
  const VenueTrade pending = rig.maker_trade(id, "t1", "5");
  const VenueTrade other = rig.maker_trade(id, "t2", "10", VenueTradeStatus::Confirmed);
  rig.venue_trades = {other};
  rig.venue_unread = {row(id)};
  reconnect();
  EXPECT_EQ(rig.position(kFarm, kMarket).yes, shares("10"));
  EXPECT_TRUE(rig.core.not_ready().empty());
  EXPECT_EQ(rig.core.figures(rig.now).unread_trades, 0U) << "it is being settled";
  rig.advance(seconds(35));
  EXPECT_EQ(rig.core.figures(rig.now).unread_trades, 1U);
  EXPECT_EQ(rig.core.account_state(rig.now).rows_unread, 1U);
  rig.forget_outputs();
  rig.venue_reads = false;
  rig.advance(seconds(8));
  ASSERT_FALSE(rig.readings().empty()) << "it is read again";
  EXPECT_LE(rig.readings().back().trades_since, pending.matched_at);
  rig.venue_unread.clear();
  rig.venue_trades = {other, pending};
  rig.answer_account();
  EXPECT_EQ(rig.position(kFarm, kMarket).yes, shares("15"));
  EXPECT_EQ(rig.core.figures(rig.now).unread_trades, 0U);
  rig.expect_sound();
}

TEST_F(UnreadRows, AreNoneWhenTheirTradeIsBookedAlready) {
  const ClientOrderId id = quote();
  rig.step(rig.maker_trade(id, "t1", "5"));
  rig.venue_unread = {row(id)};
  reconnect();
  rig.advance(seconds(40));
  EXPECT_EQ(rig.core.figures(rig.now).unread_trades, 0U);
}

TEST_F(UnreadRows, AreSoughtMuchLaterToo) {
  const ClientOrderId id = quote();
  rig.venue_unread = {row(id)};
  const Timestamp matched = rig.now;
  reconnect();
  rig.advance(std::chrono::hours(2));
  rig.venue_reads = false;
  rig.forget_outputs();
  rig.advance(seconds(70));
  ASSERT_FALSE(rig.readings().empty());
  EXPECT_LE(rig.readings().back().trades_since, matched);
}

TEST_F(UnreadRows, AreGivenUpAfterADayAndTheBalancesAreComparedAgain) {
  const ClientOrderId id = quote();
  rig.venue_unread = {row(id)};
  reconnect();
  rig.cash = usd("990");
  rig.advance(std::chrono::minutes(3));
  EXPECT_EQ(rig.core.figures(rig.now).unread_trades, 1U);
  EXPECT_TRUE(rig.core.ledger().drift().cash.is_zero());
  rig.now += std::chrono::hours(24);
  rig.announce();
  rig.advance(std::chrono::minutes(3));
  EXPECT_EQ(rig.core.figures(rig.now).unread_trades, 0U);
  EXPECT_EQ(rig.core.figures(rig.now).unread_given_up, 1U);
  EXPECT_EQ(rig.core.ledger().drift().cash, usd("-10"));
  rig.venue_reads = false;
  rig.forget_outputs();
  rig.advance(seconds(70));
  ASSERT_FALSE(rig.readings().empty());
  EXPECT_GT(rig.readings().back().trades_since, rig.now - std::chrono::hours(24));
}

TEST_F(UnreadRows, AreBookedEvenWhenTheirOrderIsForgotten) {
  const ClientOrderId id = quote();
  const VenueTrade trade = rig.maker_trade(id, "t1", "5");
  const VenueAccount::Unread unread = row(id);
  rig.advance(seconds(1));
  rig.send(rig.quote_signal(kFarm, kMarket, std::nullopt, std::nullopt));
  rig.answer_cancel(id, CancelAnswered::Result::Canceled);
  ASSERT_EQ(rig.status(id), OrderStatus::Canceled);
  rig.advance(seconds(1));
  Rig next;
  next.journal = rig.journal;
  const auto append = [&](EventBody body) {
    next.journal.push_back({.seq = next.journal.back().seq + 1,
                            .at = rig.now,
                            .strategy = kArb,
                            .trace = {},
                            .body = std::move(body)});
  };
  // As many orders as are remembered beside that one.
  for (std::uint64_t number = 1; number < kEndedOrdersMax; ++number) {
    Order other{.id = {{7, number}, 0},
                .venue_id = id_of<VenueOrderId>(0xAA00000000 + number),
                .strategy = kArb,
                .event = kMarket.event,
                .instrument = {kMarket.id, Outcome::Yes},
                .side = Side::Buy,
                .limit = price("0.50"),
                .quantity = shares("5"),
                .purpose = OrderPurpose::Exit,
                .decided_at = rig.now,
                .submitted_at = rig.now};
    const ClientOrderId other_id = other.id;
    append(OrderSubmitted{std::move(other)});
    append(OrderRejected{other_id, RejectReason::NotFilled, {}});
  }
  for (const Event& event : next.journal) next.core.apply(event);
  next.now = rig.now + seconds(1);
  next.counter = rig.counter + 100;
  next.markets = rig.markets;
  next.venue_unread = {unread};
  next.start();
  next.connect(usd("1000"));
  next.announce();
  next.set_quote(kMarket, "0.50", "0.52");
  ASSERT_NE(next.core.ledger().orders().find(id), nullptr);
  for (int i = 0; i < 2 && next.core.ledger().orders().find(id) != nullptr; ++i)
    next.reject(next.buy(kArb, kMarket, "0.52", "25"));
  ASSERT_EQ(next.core.ledger().orders().find(id), nullptr) << "forgotten";
  ASSERT_GT(next.core.ledger().orders().forgotten_before(), trade.matched_at);
  next.venue_unread.clear();
  next.venue_trades = {trade};
  next.advance(seconds(10));
  EXPECT_EQ(next.position(kFarm, kMarket).yes, shares("5"));
  EXPECT_EQ(next.position(kExternal, kMarket).yes, Quantity{});
  EXPECT_TRUE(next.core.ledger().orders().open().empty());
  next.advance(seconds(70));
  EXPECT_EQ(next.position(kFarm, kMarket).yes, shares("5")) << "once";
  next.expect_sound();
}

TEST_F(UnreadRows, AreNotBookedByOneOfTwoOrdersThatTheyName) {
  const ClientOrderId first = quote();
  rig.send(rig.quote_signal(kArb, kMarket, level("0.45", "20"), std::nullopt));
  const ClientOrderId second = rig.open_orders().front().id == first ? rig.open_orders().back().id
                                                                     : rig.open_orders().front().id;
  ASSERT_NE(first, second);
  rig.accept(second);
  rig.venue_open.push_back(rig.update(second, VenueOrderStatus::Live));
  rig.step(rig.maker_trade(first, "t1", "5"));
  rig.venue_unread = {row(first)};
  rig.venue_unread[0].orders.push_back(rig.venue_id(second));
  reconnect();
  rig.advance(seconds(40));
  EXPECT_EQ(rig.core.figures(rig.now).unread_trades, 1U);
}

// The venue takes 200 of these requests in ten seconds.
TEST_F(UnreadRows, AskForNoUselessBalances) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.venue_holdings = {{kMarket.yes_token, shares("25")}};
  const ClientOrderId id = quote();
  rig.venue_unread = {row(id)};
  reconnect();
  rig.venue_reads = false;
  std::size_t asked = 0;
  for (int i = 0; i < 30; ++i) {
    rig.advance(seconds(6));
    for (const ReadAccount& reading : rig.readings()) asked += reading.tokens.size();
    if (!rig.readings().empty()) rig.answer_account();
  }
  EXPECT_EQ(asked, 0U);
  rig.venue_unread.clear();
  for (int i = 0; i < 4; ++i) {
    rig.advance(seconds(6));
    for (const ReadAccount& reading : rig.readings()) asked += reading.tokens.size();
    if (!rig.readings().empty()) rig.answer_account();
  }
  EXPECT_GT(asked, 0U) << "at once, when everything can be read again";
}

TEST_F(UnreadRows, KeepAClaimWhoseSharesTheyMayHaveSold) {
  rig.hold(kArb, kMarket, "0.52", "25");
  const ClientOrderId sale = rig.sell(kArb, kMarket, "0.50", "25");
  rig.accept(sale);
  rig.venue_unread = {row(sale)};
  rig.venue_holdings = {{kMarket.yes_token, {}}, {kMarket.no_token, {}}};
  reconnect();
  rig.step(ResolutionConfirmed{kMarket.id, {kPriceOne, {}}});
  rig.cash = usd("1020");
  rig.advance(std::chrono::minutes(15));
  EXPECT_EQ(rig.count<ClaimPaid>(), 0U);
  rig.venue_unread.clear();
  rig.advance(std::chrono::minutes(15));
  EXPECT_EQ(rig.count<ClaimPaid>(), 1U);
}

TEST_F(Reconcile, ForgetsABalanceThatIsAskedForNoMore) {
  rig.hold(kArb, kMarket, "0.52", "25");
  VenueAccount account = rig.account();
  account.unread_balances = {kMarket.no_token};
  rig.step(account);
  EXPECT_EQ(rig.core.figures(rig.now).unread_balances, 1U);
  rig.venue_holdings = {{kMarket.yes_token, {}}, {kMarket.no_token, {}}};
  rig.cash += usd("25");
  rig.step(ResolutionConfirmed{kMarket.id, {kPriceOne, {}}});
  account.unread_balances.clear();
  account.holdings = {{kMarket.yes_token, {}}};
  account.collateral = rig.cash;
  account.read_at = rig.now;
  rig.step(account);
  rig.step(account);
  ASSERT_EQ(rig.count<ClaimPaid>(), 1U);
  EXPECT_EQ(rig.core.figures(rig.now).unread_balances, 0U);
}

TEST_F(UnreadRows, LeaveAnOrderInDoubtThatTheyMayConcern) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  rig.lose_answer(id);
  rig.venue_unread = {row(id)};
  rig.advance(std::chrono::minutes(2));
  EXPECT_EQ(rig.status(id), OrderStatus::Ambiguous);
  rig.venue_unread = {{.kind = VenueAccount::Unread::Kind::Trade, .id = "t1"}};
  rig.advance(std::chrono::minutes(2));
  EXPECT_EQ(rig.status(id), OrderStatus::Ambiguous) << "one that names nobody may mean anybody";
  rig.venue_unread.clear();
  rig.advance(std::chrono::minutes(2));
  EXPECT_EQ(rig.status(id), OrderStatus::Rejected);
}

TEST_F(UnreadRows, KeepAnOrderOpenThatTheyNameAsOpen) {
  const ClientOrderId id = quote();
  rig.venue_open.clear();
  rig.venue_unread = {row(id)};
  rig.venue_unread[0].kind = VenueAccount::Unread::Kind::OpenOrder;
  reconnect();
  rig.advance(seconds(20));
  EXPECT_EQ(rig.status(id), OrderStatus::Accepted) << "what cannot be read is not gone";
  EXPECT_EQ(rig.core.figures(rig.now).unread_open_orders, 1U);
}

TEST_F(UnreadRows, MakeNoDriftOfTheUnknown) {
  const ClientOrderId id = quote();
  rig.venue_unread = {row(id)};
  rig.cash = usd("990");
  rig.advance(std::chrono::minutes(3));
  EXPECT_TRUE(rig.core.ledger().drift().cash.is_zero());
}

TEST_F(UnreadRows, AreReadAtOnceWhenTheChannelTellsOfThem) {
  rig.advance(seconds(2));
  rig.venue_reads = false;
  rig.forget_outputs();
  rig.step(UserEventMissed{});
  EXPECT_EQ(rig.readings().size(), 1U);
}

TEST_F(Reconcile, AsksForTradesThatOnlyAnOrdersEventCounts) {
  const ClientOrderId id = quote();
  rig.advance(seconds(2));
  rig.venue_reads = false;
  rig.forget_outputs();
  rig.step(rig.update(id, VenueOrderStatus::Live, "15"));
  rig.advance(milliseconds(500));
  EXPECT_TRUE(rig.readings().empty()) << "they may be on their way";
  rig.advance(seconds(1));
  EXPECT_EQ(rig.readings().size(), 1U);
}

TEST_F(Reconcile, AsksForTradesOfAnOrderThatItFindsMatched) {
  rig.hold(kArb, kMarket, "0.52", "25");  // the market is recorded
  rig.advance(seconds(2));
  rig.venue_reads = false;
  rig.forget_outputs();
  VenueOrderUpdate bid;
  bid.order = id_of<VenueOrderId>(0xFEED);
  bid.market = kMarket.id;
  bid.token = kMarket.yes_token;
  bid.price = price("0.40");
  bid.original_quantity = shares("30");
  bid.matched_quantity = shares("15");
  bid.at = rig.now;
  rig.step(bid);
  rig.advance(milliseconds(1'500));
  EXPECT_EQ(rig.readings().size(), 1U);
}

TEST_F(Reconcile, GoesOnWithoutAnUnreadableBalance) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.advance(seconds(70));
  const Money drift = rig.core.ledger().drift().cash;
  VenueAccount account = rig.account();
  account.collateral_told = false;
  account.collateral = {};
  account.unread_balances = {kMarket.yes_token};
  rig.step(account);
  EXPECT_EQ(rig.core.ledger().drift().cash, drift);
  EXPECT_EQ(rig.core.figures(rig.now).unread_balances, 1U);
  EXPECT_TRUE(rig.core.not_ready().empty());
}

TEST_F(Reconcile, KeepsWorkingOrdersAcrossARestart) {
  const ClientOrderId id = quote();
  Rig next;
  next.now = rig.now + seconds(1);
  for (const Event& event : rig.journal) next.core.apply(event);
  next.start();
  next.venue_open = rig.venue_open;
  next.connect(usd("1000"));
  EXPECT_EQ(next.status(id), OrderStatus::Accepted);
  EXPECT_EQ(next.core.ledger().orders().open().size(), 1U);
}

// The channel is down and there is no reading: a quote is filled in part and canceled, and records
// go on.
TEST_F(Reconcile, LooksForUnseenTradesFromAnyTimeAgo) {
  const ClientOrderId id = quote();
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Down});
  const VenueTrade missed = rig.maker_trade(id, "missed", "5", VenueTradeStatus::Mined);
  rig.step(Command{{9, 9}, CancelOrder{id}, rig.now, rig.now + seconds(5), {}});
  rig.answer_cancel(id, CancelAnswered::Result::Canceled);
  ASSERT_EQ(rig.status(id), OrderStatus::Canceled);
  for (int i = 0; i < 13; ++i) {
    rig.advance(seconds(10));
    rig.buy(kArb, kMarket, "0.52", "25");
  }
  rig.core = rig.folded();
  rig.reads.clear();
  rig.start();
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  ASSERT_EQ(rig.reads.size(), 1U);
  EXPECT_LE(std::get<ReadAccount>(rig.reads[0]).trades_since, missed.matched_at);
  rig.venue_trades = {missed};
  rig.answer_account();
  EXPECT_EQ(rig.position(kFarm, kMarket).yes, shares("5"));
  rig.expect_sound();
}

TEST_F(Reconcile, DoesNotAskForTheTradesOfADayBecauseAnOrderRests) {
  quote();
  const Timestamp placed = rig.now;
  rig.now += std::chrono::hours(24);
  rig.advance(seconds(70));
  rig.venue_reads = false;
  rig.forget_outputs();
  rig.advance(seconds(70));
  ASSERT_FALSE(rig.readings().empty());
  EXPECT_GT(rig.readings().back().trades_since, placed + std::chrono::hours(22));
}

TEST_F(Reconcile, SaysEachMinuteUpToWhereEverythingIsBooked) {
  rig.advance(std::chrono::minutes(5));
  const auto said = rig.recorded<AccountReconciled>();
  ASSERT_GE(said.size(), 5U);
  EXPECT_LE(said.size(), 6U);
  EXPECT_GT(said.back().until, rig.now - std::chrono::minutes(2));
}

// The record of its market cannot be read for a while.
TEST_F(Reconcile, BooksAForeignTradeAsSoonAsItsMarketIsKnown) {
  const Market unknown = make_market(7, 7);
  const VenueTrade trade = rig.trade_by_hand(unknown.id, unknown.yes_token);
  rig.venue_reads = false;
  rig.venue_trades = {trade};
  rig.step(trade);
  for (int i = 0; i < 150; ++i) {
    rig.advance(seconds(1));
    const std::vector<Read> asked = std::exchange(rig.reads, {});
    for (const Read& read : asked) {
      if (std::holds_alternative<ReadMarket>(read)) {
        rig.step(MarketRead{unknown.id, MarketRead::Outcome::Failed, std::nullopt});
      } else {
        rig.step(rig.account());
      }
    }
  }
  EXPECT_LE(rig.core.figures(rig.now).reconciliations_ok, 6U) << "asking more often does not help";
  rig.advance(seconds(61));
  const auto wanted = std::find_if(rig.reads.begin(), rig.reads.end(), [](const Read& read) {
    return std::holds_alternative<ReadAccount>(read);
  });
  ASSERT_NE(wanted, rig.reads.end());
  EXPECT_LE(std::get<ReadAccount>(*wanted).trades_since, trade.matched_at);
  rig.venue_reads = true;
  rig.markets.push_back(unknown);
  rig.advance(seconds(70));
  EXPECT_EQ(rig.position(kExternal, unknown).yes, shares("10"));
}

TEST_F(Reconcile, BooksAForeignTradeOfAMarketThatEndedBeforeItsRecordWasRead) {
  Market ended = make_market(7, 7);
  ended.status = MarketStatus::Closed;
  const VenueTrade trade = rig.trade_by_hand(ended.id, ended.yes_token);
  rig.markets.push_back(ended);
  rig.venue_trades = {trade};
  rig.step(trade);
  rig.advance(seconds(20));
  EXPECT_EQ(rig.position(kExternal, ended).yes, shares("10"));
  rig.expect_sound();

  rig.cash = rig.core.ledger().portfolio().cash() + usd("10");
  rig.find_market(ended.id)->status = MarketStatus::Resolved;
  rig.find_market(ended.id)->payout = {kPriceOne, Price{}};
  rig.venue_holdings = {{ended.yes_token, {}}, {ended.no_token, {}}};
  rig.advance(seconds(20));
  EXPECT_EQ(rig.count<MarketResolved>(), 1U);
  EXPECT_EQ(rig.count<ClaimPaid>(), 1U);
  rig.expect_sound();
}

TEST_F(Reconcile, BooksAForeignTradeOfAMarketResolvedBeforeItWasRead) {
  Market resolved = make_market(7, 7);
  resolved.status = MarketStatus::Resolved;
  resolved.payout = {Price{}, kPriceOne};
  const VenueTrade trade = rig.trade_by_hand(resolved.id, resolved.yes_token);
  rig.markets.push_back(resolved);
  rig.venue_trades = {trade};
  rig.step(trade);
  rig.advance(seconds(20));
  EXPECT_EQ(rig.count<MarketResolved>(), 1U);
  EXPECT_LE(rig.snapshot(kExternal).realized, usd("-4.80"));
  rig.expect_sound();
}

TEST_F(Reconcile, KeepsNoRecordOfAnEndedMarketWhereAForeignTradeFailed) {
  Market ended = make_market(7, 7);
  ended.status = MarketStatus::Closed;
  VenueTrade trade = rig.trade_by_hand(ended.id, ended.yes_token);
  rig.markets.push_back(ended);
  rig.step(trade);
  trade.status = VenueTradeStatus::Failed;
  rig.venue_trades = {trade};
  rig.advance(seconds(20));
  EXPECT_EQ(rig.position(kExternal, ended).yes, Quantity{});
  EXPECT_EQ(rig.core.ledger().market(ended.id), nullptr);
  rig.expect_sound();
}

// The balance has moved by a trade that is booked as soon as its market is known.
TEST(FirstBalance, WaitsForATradeOfAMarketThatIsNotKnown) {
  Rig rig;
  rig.markets = {kMarket};
  rig.start();
  rig.now += seconds(1);
  VenueTrade trade = rig.trade_by_hand(kMarket.id, kMarket.yes_token);
  trade.status = VenueTradeStatus::Confirmed;
  rig.venue_trades = {trade};
  rig.connect(usd("995.2"));
  rig.advance(seconds(61));
  EXPECT_EQ(rig.position(kExternal, kMarket).yes, trade.quantity);
  EXPECT_EQ(rig.core.ledger().portfolio().cash(), usd("995.2"));
  EXPECT_TRUE(rig.core.figures(rig.now).drift_cash.is_zero());
}

TEST_F(Reconcile, KnowsHowLargeAForeignOrderIsThatWasFilledInPart) {
  const ClientOrderId ours = quote();
  VenueOrderUpdate foreign = rig.update(ours, VenueOrderStatus::Live);
  foreign.order = id_of<VenueOrderId>(4'242);
  VenueTrade part = rig.maker_trade(ours, "part", "5");
  part.makers[0].order = foreign.order;
  rig.venue_open.push_back(foreign);
  rig.venue_trades = {part};
  reconnect();
  EXPECT_EQ(rig.position(kExternal, kMarket).yes, shares("5"));
  rig.forget_outputs();
  rig.advance(seconds(61));
  EXPECT_EQ(std::count(rig.cancels.begin(), rig.cancels.end(), foreign.order), 0)
      << "it is not ours to cancel";
  const auto open = rig.open_orders();
  const auto known = std::find_if(open.begin(), open.end(), [&](const Order& order) {
    return order.venue_id == foreign.order;
  });
  ASSERT_NE(known, open.end());
  EXPECT_EQ(rig.order(known->id).leaves(), shares("15"));
}

TEST_F(Reconcile, BooksForeignOpenOrdersToTheStrategyExternal) {
  const ClientOrderId ours = quote();
  VenueOrderUpdate foreign = rig.update(ours, VenueOrderStatus::Live);
  foreign.order = id_of<VenueOrderId>(4'242);
  rig.venue_open.push_back(foreign);
  reconnect();
  ASSERT_EQ(rig.orders(kExternal, OrderStatus::Submitted), 1U);
  EXPECT_EQ(rig.open_orders().size(), 2U);
  foreign.status = VenueOrderStatus::Canceled;
  rig.step(foreign);
  EXPECT_EQ(rig.orders(kExternal, OrderStatus::Canceled), 1U);
  rig.expect_sound();
}

// The cash at the journal's beginning contains what was traded of the order before.
TEST_F(Reconcile, TakesNoForeignOrderForOlderThanTheJournal) {
  VenueOrderUpdate foreign = rig.update(quote(), VenueOrderStatus::Live);
  foreign.order = id_of<VenueOrderId>(4'242);
  foreign.created_at = rig.core.ledger().opened_at() - seconds(600);
  rig.venue_open.push_back(foreign);
  reconnect();
  const auto open = rig.open_orders();
  const auto known = std::find_if(open.begin(), open.end(), [&](const Order& order) {
    return order.venue_id == foreign.order;
  });
  ASSERT_NE(known, open.end());
  EXPECT_EQ(known->submitted_at, rig.core.ledger().opened_at());
}

TEST_F(Reconcile, LetsAForeignOrderExpire) {
  const ClientOrderId ours = quote();
  VenueOrderUpdate foreign = rig.update(ours, VenueOrderStatus::Live);
  foreign.order = id_of<VenueOrderId>(4'242);
  rig.step(foreign);
  foreign.status = VenueOrderStatus::Expired;
  rig.step(foreign);
  EXPECT_EQ(rig.orders(kExternal, OrderStatus::Expired), 1U);
}

TEST_F(Reconcile, CancelsARestingOrderThatEndedInTheBook) {
  const ClientOrderId id = quote();
  rig.step(rig.update(id, VenueOrderStatus::Canceled));
  ASSERT_EQ(rig.status(id), OrderStatus::Canceled);
  rig.forget_outputs();
  rig.now += seconds(5);
  rig.step(rig.account());
  EXPECT_FALSE(rig.cancels.empty());
}

TEST_F(Reconcile, MeasuresDriftEveryMinuteAndBooksNoneOfItByItself) {
  rig.advance(seconds(61));
  EXPECT_EQ(rig.count<DriftMeasured>(), 1U);
  EXPECT_TRUE(rig.core.figures(rig.now).drift_cash.is_zero());
  rig.cash -= usd("12.5");
  rig.advance(seconds(61));
  EXPECT_EQ(rig.core.figures(rig.now).drift_cash, usd("12.5"));
  EXPECT_EQ(rig.core.ledger().portfolio().cash(), usd("1000"));
  rig.cash += usd("12.5");
  rig.advance(seconds(61));
  EXPECT_TRUE(rig.core.figures(rig.now).drift_cash.is_zero());
  EXPECT_EQ(rig.count<CashMoved>(), 1U) << "the opening deposit alone";
}

TEST_F(Reconcile, BooksADepositOnlyByItsExplicitRule) {
  Settings settings = test_settings();
  settings.cash_moved_after = seconds(150);
  Rig ruled(settings);
  ruled.bring_up();
  ruled.cash += usd("250");
  ruled.advance(seconds(130));
  EXPECT_EQ(ruled.count<CashMoved>(), 1U);
  ruled.advance(seconds(200));
  ASSERT_EQ(ruled.count<CashMoved>(), 2U);
  EXPECT_EQ(ruled.recorded<CashMoved>()[1].amount, usd("250"));
  ruled.advance(seconds(61));
  EXPECT_TRUE(ruled.core.figures(ruled.now).drift_cash.is_zero());
  ruled.expect_sound();
}

TEST_F(Reconcile, SeesNoDriftInTradesThatAreStillSettling) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  VenueTrade trade = rig.taker_trade(id, "t1", "25", "0.52");
  rig.step(trade);
  rig.venue_holdings = {{kMarket.yes_token, {}}, {kMarket.no_token, {}}};
  rig.step(rig.account());  // the venue has not moved balances
  EXPECT_TRUE(rig.core.figures(rig.now).drift_cash.is_zero());
  EXPECT_TRUE(rig.core.figures(rig.now).drift_positions.is_zero());
  rig.cash = rig.core.ledger().portfolio().cash();
  rig.venue_holdings[0].quantity = shares("25");
  rig.step(rig.account());  // it has, and has not reported it yet
  EXPECT_TRUE(rig.core.figures(rig.now).drift_cash.is_zero());
  EXPECT_TRUE(rig.core.figures(rig.now).drift_positions.is_zero());
  rig.confirm(trade);
  rig.now += seconds(10);
  rig.venue_holdings[0].quantity = shares("20");
  rig.step(rig.account());
  EXPECT_TRUE(rig.core.figures(rig.now).drift_cash.is_zero());
  EXPECT_EQ(rig.core.figures(rig.now).drift_positions, usd("2.5"));
}

TEST_F(Reconcile, AsksAgainWhenAReadingFailed) {
  rig.venue_reads = false;
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Down});
  rig.now += seconds(1);
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  rig.forget_outputs();
  rig.step(AccountReadFailed{});
  rig.advance(seconds(1));
  EXPECT_EQ(rig.reads.size(), 1U);
  EXPECT_EQ(rig.core.figures(rig.now).reconciliations_failed, 1U);
}

TEST_F(Reconcile, ReadsTradesFromBeforeTheOldestDoubt) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  const Timestamp bought = rig.now;
  rig.step(rig.taker_trade(id, "t1", "25", "0.52"));
  rig.venue_reads = false;
  rig.advance(seconds(130));
  rig.forget_outputs();
  rig.step(AccountReadFailed{});
  rig.advance(seconds(1));
  ASSERT_FALSE(rig.reads.empty());
  EXPECT_LE(std::get<ReadAccount>(rig.reads.back()).trades_since, bought);
}

// ---- which balances are read, and how long that may take

TEST_F(Reconcile, NeitherRepeatsNorFailsAReadingThatTakesItsTime) {
  rig.venue_reads = false;
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Down});
  rig.now += seconds(1);
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  rig.advance(seconds(45));
  EXPECT_EQ(rig.readings().size(), 1U);
  rig.answer_account();
  EXPECT_TRUE(rig.core.not_ready().empty());
  EXPECT_EQ(rig.core.figures(rig.now).reconciliations_failed, 0U);
}

TEST_F(Reconcile, BeginsNoReadingBesideOneUnderWay) {
  rig.venue_reads = false;
  rig.advance(seconds(61));
  ASSERT_EQ(rig.readings().size(), 1U);
  const VenueAccount early = rig.account();
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Down});
  rig.advance(seconds(1));
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  rig.advance(seconds(1));
  EXPECT_EQ(rig.readings().size(), 1U);
  rig.forget_outputs();
  rig.step(early);
  EXPECT_EQ(rig.readings().size(), 1U) << "the one that counts begins at once";
  rig.answer_account();
  EXPECT_TRUE(rig.core.not_ready().empty());
}

TEST_F(Reconcile, IsReadyBeforeBalancesAreCompared) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.venue_reads = false;
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Down});
  rig.advance(seconds(1));
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  ASSERT_EQ(rig.readings().size(), 1U);
  EXPECT_TRUE(rig.readings()[0].tokens.empty());
  rig.answer_account();
  EXPECT_TRUE(rig.core.not_ready().empty());
  rig.advance(seconds(1));
  ASSERT_EQ(rig.readings().size(), 1U);
  EXPECT_THAT(rig.readings()[0].tokens, testing::Contains(kMarket.yes_token));
}

TEST_F(Reconcile, ComparesBalancesAMinuteLaterWhenTheyCouldNotBeRead) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.answer_account();
  rig.advance(seconds(3));
  rig.venue_reads = false;
  rig.forget_outputs();
  rig.advance(seconds(61));
  ASSERT_EQ(rig.readings().size(), 1U);
  EXPECT_FALSE(rig.readings()[0].tokens.empty());
  rig.forget_outputs();
  rig.step(AccountReadFailed{});
  rig.advance(seconds(1));
  ASSERT_EQ(rig.readings().size(), 1U);
  EXPECT_TRUE(rig.readings()[0].tokens.empty()) << "orders and trades do not wait for balances";
  rig.answer_account();
  rig.forget_outputs();
  rig.advance(seconds(61));
  ASSERT_EQ(rig.readings().size(), 1U);
  EXPECT_FALSE(rig.readings()[0].tokens.empty());
}

struct ManyMarkets : testing::Test {
  void SetUp() override {
    for (std::uint64_t number = 1; number <= 40; ++number) markets.push_back(make_market(number));
    rig.bring_up(markets);
    for (std::size_t i = 1; i < markets.size(); ++i) {
      rig.pass_through(kArb, markets[i]);
      rig.advance(seconds(1));
    }
    rig.hold(kArb, markets[0], "0.52", "25");
    rig.cash = rig.core.ledger().portfolio().cash();
    rig.venue_holdings = {{markets[0].yes_token, shares("25")}};
    rig.advance(seconds(61));
  }
  // Answers the readings for this long; returns what each asked for.
  std::vector<ReadAccount> readings_of(Duration span) {
    std::vector<ReadAccount> asked;
    rig.venue_reads = false;
    for (const Timestamp until = rig.now + span; rig.now < until;) {
      rig.advance(milliseconds(100));
      for (const ReadAccount& reading : rig.readings()) asked.push_back(reading);
      rig.answer_reads();
    }
    rig.venue_reads = true;
    return asked;
  }
  // Until every token has been compared: what is found then was not there before.
  void look_at_all() {
    for (const Market& market : markets) {
      if (market.id != markets[0].id) rig.venue_holdings.push_back({market.yes_token, {}});
      rig.venue_holdings.push_back({market.no_token, {}});
    }
    rig.advance(std::chrono::minutes(10));
  }
  Rig rig;
  std::vector<Market> markets;
};

TEST_F(ManyMarkets, AreAlwaysComparedWhereHeldAndElseInTurn) {
  std::set<TokenId> read;
  for (const ReadAccount& reading : readings_of(std::chrono::minutes(10))) {
    EXPECT_THAT(reading.tokens, testing::Contains(markets[0].yes_token));
    EXPECT_LE(reading.tokens.size(), 40U);
    read.insert(reading.tokens.begin(), reading.tokens.end());
  }
  EXPECT_EQ(read.size(), 2 * markets.size()) << "what we do not hold is found, too, in time";
}

TEST_F(ManyMarkets, ShowADifferenceUntilItIsGone) {
  look_at_all();
  ASSERT_TRUE(rig.core.figures(rig.now).drift_positions.is_zero());
  const std::size_t measured = rig.count<DriftMeasured>();
  rig.venue_holdings.back().quantity = shares("10");
  rig.advance(std::chrono::minutes(10));
  EXPECT_EQ(rig.count<DriftMeasured>(), measured + 1) << "also while others are compared";
  EXPECT_TRUE(rig.core.figures(rig.now).drift_positions.is_positive());
  rig.venue_holdings.back().quantity = {};
  rig.advance(seconds(61));
  EXPECT_TRUE(rig.core.figures(rig.now).drift_positions.is_zero());
}

TEST_F(ManyMarkets, ShowADifferenceAfterARestartUntilAllIsCompared) {
  look_at_all();
  rig.venue_holdings.back().quantity = shares("10");
  rig.advance(std::chrono::minutes(10));
  const Money found = rig.core.figures(rig.now).drift_positions;
  ASSERT_TRUE(found.is_positive());
  Rig next;
  next.now = rig.now;
  next.markets = rig.markets;
  next.venue_holdings = rig.venue_holdings;
  next.cash = rig.cash;
  for (const Event& event : rig.journal) next.core.apply(event);
  next.start();
  next.connect(rig.cash);
  next.advance(seconds(5));
  EXPECT_GE(next.core.figures(next.now).drift_positions, found);
  next.venue_holdings.back().quantity = {};
  next.advance(std::chrono::minutes(10));
  EXPECT_TRUE(next.core.figures(next.now).drift_positions.is_zero());
}

TEST_F(ManyMarkets, ShowADifferenceThatPassedSoonAfterARestartNoLonger) {
  for (const Market& market : markets) {
    if (market.id != markets[0].id) rig.venue_holdings.push_back({market.yes_token, {}});
    rig.venue_holdings.push_back({market.no_token, {}});
  }
  Rig next;
  next.now = rig.now;
  next.markets = rig.markets;
  next.venue_holdings = rig.venue_holdings;
  next.venue_holdings.front().quantity = shares("10");
  for (const Event& event : rig.journal) next.core.apply(event);
  next.start();
  next.connect(rig.cash);
  next.advance(seconds(5));
  EXPECT_TRUE(next.core.figures(next.now).drift_positions.is_positive());
  next.venue_holdings.front().quantity = shares("25");
  next.advance(seconds(61));
  EXPECT_TRUE(next.core.figures(next.now).drift_positions.is_zero());
}

// The settlements since the reading began are no longer remembered.
TEST_F(Reconcile, MeasuresNothingByAReadingThatTookTooLong) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.cash = rig.core.ledger().portfolio().cash();
  rig.advance(seconds(61));
  const VenueAccount slow = rig.account();
  rig.hold(kArb, kMarket, "0.52", "50");
  rig.cash = rig.core.ledger().portfolio().cash();
  rig.advance(seconds(70));
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.cash = rig.core.ledger().portfolio().cash();
  const std::size_t measured = rig.count<DriftMeasured>();
  rig.step(slow);
  EXPECT_EQ(rig.count<DriftMeasured>(), measured);
}

}  // namespace
}  // namespace polybot::order_manager::test
