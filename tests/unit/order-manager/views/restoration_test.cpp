// A backup replaces a lost journal: the records it makes, and what the core does with a venue that
// knows more than the book.
#include "services/order-manager/core/views/restoration.hpp"

#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);
constexpr std::uint64_t kTimeline = 0x7777;

struct Restoration : testing::Test {
  void SetUp() override { rig.bring_up(); }
  void give(CommandBody body) {
    rig.step(Command{{7, ++number}, std::move(body), rig.now, rig.now + seconds(5), {}});
  }
  void back_up() { backup = rig.journal; }
  Ledger fold_of(const std::vector<Event>& events) const {
    Ledger ledger;
    for (const Event& event : events) ledger.apply(event);
    return ledger;
  }
  std::vector<Event> records(bool lost_is_readable) const {
    return restoration_records(
        fold_of(backup), lost_is_readable ? std::optional(fold_of(rig.journal)) : std::nullopt,
        kTimeline, rig.now);
  }
  // Puts the backup in the place of the journal and starts order-manager on it.
  void restore_into(Rig& next, bool lost_is_readable = true) const {
    next.now = rig.now + seconds(1);
    next.markets = rig.markets;
    next.cash = rig.cash;
    next.journal = backup;
    for (const Event& event : records(lost_is_readable)) next.journal.push_back(event);
    for (const Event& event : next.journal) next.core.apply(event);
  }

  // As the venue lists the order of another name.
  VenueOrderUpdate row_of(const Order& order, const VenueOrderId& id) const {
    VenueOrderUpdate row;
    row.order = id;
    row.market = order.instrument.market;
    row.token = order.fields.token;
    row.side = order.side;
    row.price = order.limit;
    row.original_quantity = order.quantity;
    row.created_at = rig.now;
    return row;
  }

  Rig rig;
  std::vector<Event> backup;
  std::uint64_t number = 0;
};

TEST_F(Restoration, NumbersBeyondAnythingThatTheLostJournalCanHaveUsed) {
  back_up();
  rig.buy(kArb, kMarket, "0.52", "25");
  for (const bool readable : {true, false}) {
    const auto added = records(readable);
    const auto& restored = std::get<JournalRestored>(added.front().body);
    EXPECT_GT(added.front().seq, rig.journal.size() + 1'000'000);
    EXPECT_EQ(restored.backup_seq, backup.size());
    EXPECT_EQ(restored.lost_seq, readable ? rig.journal.size() : 0U);
    EXPECT_GT(restored.start, 1'000'000U);
  }
  // Later, from the same backup, though the earlier restore is unknown.
  const auto first = records(false);
  rig.now += milliseconds(1);
  const auto second = records(false);
  EXPECT_GT(second.front().seq, first.back().seq);
}

TEST_F(Restoration, GoesOnAsAHistoryOfItsOwn) {
  back_up();
  rig.buy(kArb, kMarket, "0.52", "25");
  Rig next;
  restore_into(next);
  const Ledger& ledger = next.core.ledger();
  EXPECT_EQ(ledger.journal_id(), rig.core.ledger().journal_id());
  EXPECT_EQ(ledger.timeline(), kTimeline);
  EXPECT_EQ(rig.core.ledger().timeline(), rig.core.ledger().journal_id());
  EXPECT_EQ(ledger.last_seq(kArb), ledger.restored_seq()) << "readers of before take a snapshot";
  EXPECT_EQ(ledger.last_seq({"never-heard"}), ledger.restored_seq());
  next.start();
  EXPECT_GT(ledger.starts(), 1'000'000U);
  next.connect(usd("1000"));
  EXPECT_TRUE(next.core.not_ready().empty());
  EXPECT_EQ(next.core.account_state(next.now).restored_seq, ledger.restored_seq());
  next.expect_sound();
}

// A signal was decided under a lease of the lost history, and may have been executed there.
TEST_F(Restoration, FencesWhatWasDecidedUnderALostLease) {
  back_up();
  const Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  rig.send(signal);
  ASSERT_EQ(rig.submits.size(), 1U);
  Rig next;
  restore_into(next);
  next.start();
  next.connect(usd("1000"));
  next.announce();
  next.set_quote(kMarket, "0.50", "0.52");
  next.send(signal);
  EXPECT_TRUE(next.submits.empty());
  EXPECT_EQ(next.last_denial(), DenyReason::LeaseFenced);
}

TEST_F(Restoration, KeepsWhatAnOperatorHasSetSinceTheBackup) {
  give(SetTradingState{kFarm, TradingState::Reducing});
  back_up();
  rig.advance(seconds(2));
  give(SetTradingState{kArb, TradingState::Halted, "upgrade", rig.now + seconds(600)});
  give(SetTradingState{kFarm, TradingState::Active});
  give(StopStrategy{kFarm});
  Rig next;
  restore_into(next);
  const Ledger& ledger = next.core.ledger();
  EXPECT_EQ(ledger.own_trading_status(kArb), rig.core.ledger().own_trading_status(kArb));
  EXPECT_EQ(ledger.own_trading_state(kFarm), TradingState::Active);
  EXPECT_EQ(ledger.enabled(kFarm), false);
  EXPECT_EQ(ledger.own_trading_state(std::nullopt), TradingState::Active);
}

TEST_F(Restoration, EndsAFlattenThatWasEndedAfterTheBackup) {
  rig.hold(kArb, kMarket, "0.52", "25");
  give(FlattenPositions{kArb});
  back_up();
  rig.advance(seconds(2));
  give(SetTradingState{kArb, TradingState::Active});
  ASSERT_TRUE(rig.core.ledger().flattens().empty());
  Rig next;
  restore_into(next);
  EXPECT_EQ(next.core.ledger().own_trading_state(kArb), TradingState::Active);
  EXPECT_TRUE(next.core.ledger().flattens().empty());
  ASSERT_TRUE(next.core.ledger().last_flatten());
  EXPECT_EQ(next.core.ledger().last_flatten()->left, rig.core.ledger().last_flatten()->left);
}

TEST_F(Restoration, GoesOnWithAFlattenThatWasBegunAfterTheBackup) {
  rig.hold(kArb, kMarket, "0.52", "25");
  back_up();
  rig.advance(seconds(2));
  give(FlattenPositions{kArb});
  ASSERT_EQ(rig.core.ledger().flattens().size(), 1U);
  Rig next;
  restore_into(next);
  EXPECT_EQ(next.core.ledger().flattens(), rig.core.ledger().flattens());
  next.start();
  next.connect(usd("1000"));
  next.announce();
  next.set_quote(kMarket, "0.50", "0.52");
  next.advance(milliseconds(200));
  ASSERT_FALSE(next.submits.empty());
  EXPECT_EQ(next.submits[0].orders[0].purpose, OrderPurpose::Flatten);
}

TEST_F(Restoration, LeavesAFlattenAsItWasThatWentOn) {
  rig.hold(kArb, kMarket, "0.52", "25");
  give(FlattenPositions{kArb});
  back_up();
  rig.advance(seconds(2));
  Rig next;
  restore_into(next);
  EXPECT_EQ(next.core.ledger().flattens(), rig.core.ledger().flattens());
}

// The flatten may have ended long ago: a person who reduces after the halt has not asked for it.
TEST_F(Restoration, EndsEveryFlattenWhoseEndIsUnknown) {
  rig.hold(kArb, kMarket, "0.52", "25");
  give(FlattenPositions{std::nullopt});
  back_up();
  Rig next;
  restore_into(next, false);
  EXPECT_TRUE(next.core.ledger().flattens().empty());
  ASSERT_TRUE(next.core.ledger().last_flatten());
  EXPECT_EQ(next.core.ledger().last_flatten()->left,
            (std::vector<FlattenEnded::Left>{
                {kArb, {kMarket.id, Outcome::Yes}, shares("25"), LeftReason::Restored}}));
}

// The part of the surplus that was sold in the gap is booked to external: it must not be sold
// twice.
TEST_F(Restoration, LevelsNoLegsAgainThatMayHaveBeenLevelledSince) {
  const Market other = make_market(2);
  rig.markets.push_back(other);
  rig.step(MarketHinted{other});
  rig.set_quote(other, "0.50", "0.52");
  for (const Market& market : {kMarket, other}) rig.hold(kFarm, market, "0.52", "10");
  for (const Market& market : {kMarket, other}) rig.set_quote(market, "0.30", "0.32");
  const Signal signal =
      rig.legs_signal(kArb, kMarket,
                      {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.32"), shares("25")},
                       {{other.id, Outcome::Yes}, Side::Buy, price("0.32"), shares("25")}});
  rig.send(signal);
  ASSERT_EQ(rig.open_orders().size(), 2U) << static_cast<int>(rig.last_denial());
  const VenueTrade bought = rig.taker_trade({signal.id, 0}, "bought", "25", "0.32");
  rig.accept({signal.id, 0}, SubmitAccepted::State::Matched, {bought.id});
  rig.confirm(bought);
  rig.reject({signal.id, 1});
  ASSERT_EQ(rig.core.ledger().legs().unlevel().size(), 1U);
  back_up();
  rig.forget_outputs();
  rig.advance(seconds(5));
  Rig before;
  restore_into(before);
  EXPECT_EQ(before.core.ledger().legs().unlevel().size(), 1U) << "it has not been levelled yet";
  Rig unknown;
  restore_into(unknown, false);
  EXPECT_TRUE(unknown.core.ledger().legs().unlevel().empty());
  rig.advance(seconds(6));
  ASSERT_EQ(rig.open_orders().size(), 1U);
  rig.confirm(rig.taker_trade(rig.open_orders()[0].id, "unwound", "25", "0.30"));
  ASSERT_TRUE(rig.core.ledger().legs().unlevel().empty());
  Rig after;
  restore_into(after);
  EXPECT_TRUE(after.core.ledger().legs().unlevel().empty());
}

// A kept record of the lost journal has its own time, which is before the restore.
TEST_F(Restoration, TakesTheRestoreForTheEndOfABackupThatWasMadeRightAfterIt) {
  back_up();
  rig.advance(seconds(2));
  give(SetTradingState{kArb, TradingState::Halted});
  rig.advance(seconds(30));
  const Timestamp restored_at = rig.now;
  for (const Event& event : records(true)) backup.push_back(event);
  rig.advance(seconds(30));
  const auto again = records(false);
  EXPECT_EQ(std::get<JournalRestored>(again.front().body).backup_at, restored_at);
}

TEST_F(Restoration, HaltsWhenEarlierHaltsAreUnknown) {
  back_up();
  Rig next;
  restore_into(next, false);
  EXPECT_EQ(next.core.ledger().own_trading_state(std::nullopt), TradingState::Halted);
  EXPECT_EQ(next.core.ledger().own_trading_status(std::nullopt).reason, StateReason::Restored);
  next.start();
  next.connect(usd("1000"));
  next.announce();
  next.set_quote(kMarket, "0.50", "0.52");
  next.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(next.last_denial(), DenyReason::TradingHalted);
}

// A journal that ends before the backup does says nothing of the time after it.
TEST_F(Restoration, HaltsWhenTheLostJournalIsTheOlderOne) {
  const std::vector<Event> older = rig.journal;
  rig.advance(seconds(30));
  rig.buy(kArb, kMarket, "0.52", "25");
  const auto added = restoration_records(fold_of(rig.journal), fold_of(older), kTimeline, rig.now);
  ASSERT_EQ(added.size(), 2U);
  EXPECT_EQ(std::get<TradingStateChanged>(added[1].body).state, TradingState::Halted);
}

// The account bought and sold after the backup. The venue reports it, the books agree with it, and
// an order that still rests is canceled, because its reason is unknown.
TEST_F(Restoration, BooksWhatTheVenueKnowsAndLeavesNothingResting) {
  rig.hold(kArb, kMarket, "0.52", "25");
  back_up();
  rig.advance(seconds(10));
  const ClientOrderId sold = rig.sell(kArb, kMarket, "0.50", "25");
  VenueTrade sale = rig.taker_trade(sold, "sale", "25", "0.50", VenueTradeStatus::Confirmed);
  sale.we_are_taker = true;
  // Real ids are hashes; those of the bench begin alike.
  sale.taker_order = id_of<VenueOrderId>(55'555);
  VenueOrderId resting_id = id_of<VenueOrderId>(44'444);
  resting_id.bytes[0] = 4;
  rig.send(rig.quote_signal(kFarm, kMarket, level("0.45", "20"), std::nullopt));
  ASSERT_EQ(rig.open_orders().size(), 2U);
  const Order resting = rig.open_orders()[0].purpose == OrderPurpose::Quote ? rig.open_orders()[0]
                                                                            : rig.open_orders()[1];
  Rig next;
  restore_into(next);
  next.now += seconds(300);  // until it is started
  next.venue_trades = {sale};
  next.venue_open = {row_of(resting, resting_id)};
  next.venue_open[0].at = next.now;
  next.start();
  next.connect(usd("1000"));
  EXPECT_EQ(next.count<OrderFilled>(), rig.count<OrderFilled>() + 1);
  EXPECT_TRUE(
      next.core.ledger().portfolio().account_quantity({kMarket.id, Outcome::Yes}).is_zero());
  EXPECT_EQ(next.position(kExternal, kMarket).yes, -shares("25"));
  Money pnl;
  for (const StrategyName& strategy : {kArb, kFarm, kExternal})
    pnl += next.snapshot(strategy).pnl_total;
  const StrategyFigures told = next.core.account_state(next.now).figures;
  EXPECT_EQ(told.realized + told.unrealized, pnl) << "the account's, external included";
  ASSERT_FALSE(next.cancels.empty());
  EXPECT_EQ(next.cancels.front(), resting_id);
  const auto requested = next.recorded<CancelRequested>();
  ASSERT_FALSE(requested.empty());
  EXPECT_EQ(requested.back().reason, CancelReason::Restored);
  next.expect_sound();
}

// A trade that comes first, by the user channel, does not tell how large its order is.
TEST_F(Restoration, TakesAwayALostOrderThatWasFilledInPart) {
  back_up();
  rig.send(rig.quote_signal(kFarm, kMarket, level("0.45", "20"), std::nullopt));
  ASSERT_EQ(rig.open_orders().size(), 1U);
  const ClientOrderId ours = rig.open_orders()[0].id;
  const VenueOrderId lost = id_of<VenueOrderId>(44'444);
  VenueOrderUpdate row = row_of(rig.order(ours).order, lost);
  Rig next;
  restore_into(next);
  next.now += seconds(300);
  next.start();
  next.connect(usd("1000"));
  next.announce();
  VenueTrade half = rig.maker_trade(ours, "half", "10");
  half.makers[0].order = lost;
  half.matched_at = next.now;
  next.step(half);
  next.advance(seconds(3));  // until the market is known
  next.step(half);
  EXPECT_EQ(next.position(kExternal, kMarket).yes, shares("10"));
  row.matched_quantity = shares("10");
  row.at = next.now;
  next.venue_open = {row};
  next.venue_trades = {half};
  next.forget_outputs();
  next.step(next.account());
  EXPECT_EQ(next.cancels, std::vector<VenueOrderId>{lost});
}

// These orders are not from the gap: placed long before the backup, or after the restore.
TEST_F(Restoration, LeavesOrdersAloneThatWereNotPlacedInTheGap) {
  rig.send(rig.quote_signal(kFarm, kMarket, level("0.45", "20"), std::nullopt));
  ASSERT_EQ(rig.open_orders().size(), 1U);
  const Order order = rig.open_orders()[0];
  rig.advance(seconds(60));
  back_up();
  Rig next;
  restore_into(next);
  VenueOrderUpdate older = row_of(order, id_of<VenueOrderId>(44'444));
  older.created_at = order.submitted_at;
  older.order.bytes[0] = 4;
  VenueOrderUpdate newer = row_of(order, id_of<VenueOrderId>(55'555));
  newer.order.bytes[0] = 5;
  newer.created_at = next.now + seconds(10);
  next.now += seconds(30);
  next.venue_open = {older, newer};
  next.start();
  next.connect(usd("1000"));
  next.advance(seconds(3));
  EXPECT_EQ(next.orders(kExternal, OrderStatus::Accepted), 2U);
  EXPECT_EQ(std::count(next.cancels.begin(), next.cancels.end(), older.order), 0);
  EXPECT_EQ(std::count(next.cancels.begin(), next.cancels.end(), newer.order), 0);
}

}  // namespace

// It was sent before the restore, and the venue took it as long after as a submission may take.
TEST_F(Restoration, TakesAwayALostOrderThatWasExecutedLate) {
  back_up();
  rig.send(rig.quote_signal(kFarm, kMarket, level("0.45", "20"), std::nullopt));
  ASSERT_EQ(rig.open_orders().size(), 1U);
  VenueOrderId late = id_of<VenueOrderId>(44'444);
  late.bytes[0] = 4;
  Settings settings = test_settings();
  settings.ambiguous_hold = seconds(6);
  Rig next(settings);
  restore_into(next);
  VenueOrderUpdate row = row_of(rig.open_orders()[0], late);
  row.created_at = rig.now + settings.ambiguous_hold;
  next.now += seconds(300);
  row.at = next.now;
  next.venue_open = {row};
  next.start();
  next.connect(usd("1000"));
  next.advance(seconds(3));  // until the market is known
  next.step(next.account());
  ASSERT_FALSE(next.cancels.empty());
  EXPECT_EQ(next.cancels.front(), late);
}

}  // namespace polybot::order_manager::test
