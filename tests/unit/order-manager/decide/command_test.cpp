// Operator commands are obeyed, once.
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);

struct Commands : testing::Test {
  void SetUp() override { rig.bring_up(); }
  Command command(CommandBody body) {
    return {{7, ++number}, std::move(body), rig.now, rig.now + seconds(5), {}};
  }
  void give(CommandBody body) { rig.step(command(std::move(body))); }
  void quote() {
    rig.send(rig.quote_signal(kFarm, kMarket, level("0.45", "20"), level("0.55", "20")));
    for (const Order& order : rig.open_orders()) rig.accept(order.id);
  }
  // A person bids for 30 at 0.40.
  void place_by_hand() {
    rig.hold(kArb, kMarket, "0.52", "25");  // the market is recorded
    VenueOrderUpdate bid;
    bid.order = id_of<VenueOrderId>(0xFEED);
    bid.market = kMarket.id;
    bid.token = kMarket.yes_token;
    bid.price = price("0.40");
    bid.original_quantity = shares("30");
    bid.at = rig.now;
    rig.step(bid);
  }
  std::size_t leaving() const {
    std::size_t count = 0;
    for (const Order& order : rig.open_orders())
      count += rig.order(order.id).cancel_requested ? 1U : 0U;
    return count;
  }
  // Restarts into `next`, with the 25 shares that were held.
  void succeed(Rig& next) const {
    next.now = rig.now;
    next.markets = rig.markets;
    for (const Event& event : rig.journal) next.core.apply(event);
    next.start();
    next.venue_holdings = {{kMarket.yes_token, shares("25")}};
    next.connect(usd("1000"));
    next.set_quote(kMarket, "0.50", "0.52");
  }
  Rig rig;
  std::uint64_t number = 0;
};

TEST_F(Commands, GetTheSameAnswerWhenRepeatedAndHaveNoSecondEffect) {
  const Command halt = command(SetTradingState{std::nullopt, TradingState::Halted});
  rig.step(halt);
  rig.step(Command{{8, 1},
                   SetTradingState{std::nullopt, TradingState::Active},
                   rig.now,
                   rig.now + seconds(5),
                   {}});
  rig.step(halt);
  EXPECT_EQ(rig.count<CommandAccepted>(), 2U);
  EXPECT_EQ(rig.core.ledger().trading_state(std::nullopt), TradingState::Active);
  ASSERT_EQ(rig.repeats.size(), 1U);
  EXPECT_EQ(rig.repeats[0].prev, rig.repeats[0].event.seq) << "it cannot pass as the first event";
  EXPECT_EQ(std::get<CommandAccepted>(rig.repeats[0].event.body).command, halt.id);
  OrderManager again = rig.folded();
  Outputs out;
  again.start(0, rig.now, out);
  out.clear();
  again.on(halt, rig.now, out);
  EXPECT_TRUE(out.record.empty());
  EXPECT_EQ(out.after_commit.repeats.size(), 1U);
}

TEST_F(Commands, AreAnsweredWithTheNameOfTheirToken) {
  Command halt = command(SetTradingState{std::nullopt, TradingState::Halted});
  halt.issuer = "alice";
  rig.step(halt);
  Command unknown = command(StopStrategy{{"nobody"}});
  unknown.issuer = "bob";
  rig.step(unknown);
  std::vector<std::string> issuers;
  for (const Event& event : rig.journal) {
    if (const auto* accepted = std::get_if<CommandAccepted>(&event.body))
      issuers.push_back(accepted->issuer);
    if (const auto* denied = std::get_if<CommandDenied>(&event.body))
      issuers.push_back(denied->issuer);
  }
  EXPECT_EQ(issuers, (std::vector<std::string>{"alice", "bob"}));
}

TEST_F(Commands, CancelEveryRestingOrderOnHalt) {
  quote();
  give(SetTradingState{std::nullopt, TradingState::Halted});
  EXPECT_EQ(leaving(), 2U);
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::TradingHalted);
}

TEST_F(Commands, RememberTheKillSwitchAcrossARestart) {
  give(SetTradingState{std::nullopt, TradingState::Halted});
  EXPECT_EQ(rig.folded().ledger().trading_state(kArb), TradingState::Halted);
}

TEST_F(Commands, AreWaitedForByAStartThatHalts) {
  quote();
  Settings settings = test_settings();
  settings.halted_at_start = true;
  Rig next(settings);
  succeed(next);
  EXPECT_EQ(next.core.ledger().own_trading_status({}).reason, domain::StateReason::FirstStart);
  EXPECT_EQ(next.core.ledger().own_trading_state({}), TradingState::Halted);
  for (const Order& order : next.open_orders())
    EXPECT_TRUE(next.order(order.id).cancel_requested) << "what rests is canceled";
  next.step(command(SetTradingState{std::nullopt, TradingState::Active}));
  EXPECT_EQ(next.core.ledger().own_trading_state({}), TradingState::Active);
}

TEST_F(Commands, RememberWhyAHaltIsAndUntilWhenItIsKnown) {
  const Timestamp until = rig.now + seconds(3600);
  give(SetTradingState{kArb, TradingState::Halted, "upgrade of the venue", until});
  const TradingStatus live = rig.core.ledger().trading_status(kArb);
  EXPECT_EQ(live.stated_reason, "upgrade of the venue");
  EXPECT_EQ(live.acknowledged_until, until);
  EXPECT_EQ(rig.folded().ledger().trading_status(kArb), live) << "after a restart";
  EXPECT_EQ(rig.core.ledger().trading_status(kFarm), TradingStatus{}) << "it is not halted";
  rig.advance(seconds(7200));
  EXPECT_EQ(rig.core.ledger().trading_state(kArb), TradingState::Halted)
      << "the end of the acknowledgement resumes nothing";
}

// Who halts again without a word has not been told of the other one's upgrade.
TEST_F(Commands, TakeTheAcknowledgementFromTheLastHalt) {
  const auto own = [&] { return rig.core.ledger().own_trading_status(std::nullopt); };
  give(SetTradingState{std::nullopt, TradingState::Halted});
  const Timestamp halted_at = own().since;
  rig.advance(seconds(3));
  give(SetTradingState{std::nullopt, TradingState::Halted, "upgrade", rig.now + seconds(60)});
  EXPECT_EQ(own().acknowledged_until, rig.now + seconds(60));
  EXPECT_EQ(own().since, halted_at) << "it is the same halt";
  const std::size_t changes = rig.count<TradingStateChanged>();
  give(SetTradingState{std::nullopt, TradingState::Halted, "upgrade", own().acknowledged_until});
  EXPECT_EQ(rig.count<TradingStateChanged>(), changes) << "nothing is new";
  give(SetTradingState{std::nullopt, TradingState::Halted});
  EXPECT_EQ(own().acknowledged_until, Timestamp{});
  EXPECT_EQ(own().stated_reason, "");
  give(SetTradingState{std::nullopt, TradingState::Reducing, "sell first", rig.now + seconds(9)});
  give(SetTradingState{std::nullopt, TradingState::Active});
  EXPECT_EQ(own(), (TradingStatus{TradingState::Active, StateReason::Requested, rig.now}));
}

TEST_F(Commands, CancelOnlyWhatOpensOnReduce) {
  rig.hold(kFarm, kMarket, "0.52", "20");
  quote();  // sells the held YES, buys YES
  give(SetTradingState{kFarm, TradingState::Reducing});
  EXPECT_EQ(leaving(), 1U);
  for (const Order& order : rig.open_orders()) {
    EXPECT_EQ(rig.order(order.id).cancel_requested, order.side == Side::Buy);
  }
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.submits.size(), 3U) << "the other strategy goes on";
}

TEST_F(Commands, StopAStrategyAtRunTimeAndStartItAgain) {
  give(StopStrategy{kArb});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::StrategyDisabled);
  EXPECT_EQ(rig.folded().ledger().enabled(kArb), false);
  give(StartStrategy{kArb});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.submits.size(), 1U);
}

TEST_F(Commands, AreDeniedWithAReason) {
  give(StopStrategy{{"nobody"}});
  give(CancelOrder{{{1, 2}, 3}});
  rig.step(Command{{9, 9}, StopStrategy{kArb}, rig.now - seconds(9), rig.now, {}});
  const ClientOrderId done = rig.buy(kArb, kMarket, "0.52", "25");
  rig.reject(done);
  give(CancelOrder{done});
  const auto denied = rig.recorded<CommandDenied>();
  ASSERT_EQ(denied.size(), 4U);
  EXPECT_EQ(denied[0].reason, CommandDenyReason::UnknownStrategy);
  EXPECT_EQ(denied[1].reason, CommandDenyReason::UnknownOrder);
  EXPECT_EQ(denied[2].reason, CommandDenyReason::Expired);
  EXPECT_EQ(denied[3].reason, CommandDenyReason::OrderAlreadyTerminal);
}

TEST_F(Commands, CancelOneQuoteWithoutItsComingBack) {
  quote();
  give(CancelOrder{rig.open_orders().front().id});
  for (const Order& order : rig.open_orders()) {
    if (rig.order(order.id).cancel_requested)
      rig.answer_cancel(order.id, CancelAnswered::Result::Canceled);
  }
  rig.advance(seconds(2));
  EXPECT_TRUE(rig.open_orders().empty());
}

TEST_F(Commands, CancelAllInScope) {
  quote();
  rig.buy(kArb, kMarket, "0.52", "25");
  give(CancelAllOrders{kFarm, std::nullopt});
  EXPECT_EQ(leaving(), 2U);
  give(CancelAllOrders{});
  EXPECT_EQ(leaving(), 3U);
}

TEST_F(Commands, FlattenInSlicesTheBookCanTake) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.set_quote(kMarket, "0.50", "0.52", "10");
  give(FlattenPositions{kArb});
  EXPECT_EQ(rig.core.ledger().trading_state(kArb), TradingState::Reducing);
  int trade = 0;
  for (int i = 0; i < 5; ++i) {
    for (const Order& order : rig.open_orders()) {
      EXPECT_EQ(order.purpose, OrderPurpose::Flatten);
      EXPECT_LE(order.quantity, shares("10"));
      const std::string name = "flat-" + std::to_string(++trade);
      rig.confirm(
          rig.taker_trade(order.id, name.c_str(), order.quantity.to_string().c_str(), "0.50"));
    }
    rig.advance(milliseconds(1'100));
  }
  EXPECT_EQ(trade, 3);
  EXPECT_EQ(rig.submits.size(), 3U);
  EXPECT_TRUE(rig.position(kArb, kMarket).yes.is_zero());
  EXPECT_EQ(rig.count<FlattenEnded>(), 1U);
  rig.expect_sound();
}

TEST_F(Commands, FlattenWhileTheAccountMayOnlySell) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.reject(rig.buy(kArb, kMarket, "0.52", "25"), RejectReason::ClosedOnly);
  EXPECT_EQ(rig.core.not_ready(), std::vector{NotReady::ClosedOnly});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::VenueUnavailable);
  rig.forget_outputs();
  give(FlattenPositions{kArb});
  ASSERT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.submits[0].orders.at(0).side, Side::Sell);
}

TEST_F(Commands, CancelWhileTheVenueTakesNothingElse) {
  quote();
  rig.reject(rig.buy(kArb, kMarket, "0.52", "25"), RejectReason::CancelOnly);
  EXPECT_EQ(rig.core.not_ready(), std::vector{NotReady::CancelOnly});
  EXPECT_TRUE(forbids_orders(NotReady::CancelOnly)) << "heartbeats go on";
  const std::size_t resting = rig.open_orders().size();
  ASSERT_GT(resting, 0U);
  give(CancelAllOrders{});
  EXPECT_EQ(leaving(), resting);
}

// The market's date has passed, and the venue goes on taking orders.
TEST_F(Commands, FlattenInAMarketThatTradesOn) {
  rig.hold(kArb, kMarket, "0.52", "40");
  Market overdue = kMarket;
  overdue.ends_at = rig.now - std::chrono::hours(24 * 60);
  rig.step(MarketRead{overdue.id, MarketRead::Outcome::Found, overdue});
  rig.forget_outputs();
  give(FlattenPositions{kArb});
  ASSERT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.submits[0].orders.at(0).quantity, shares("40"));
  EXPECT_EQ(rig.count<FlattenEnded>(), 0U);
}

// Eight shares at 0.04 are worth 0.32: the venue takes no order of less than 1.
TEST_F(Commands, EndAFlattenOnWhatTheVenueDoesNotTake) {
  rig.hold(kArb, kMarket, "0.52", "8");
  rig.set_quote(kMarket, "0.04", "0.06");
  give(FlattenPositions{kArb});
  rig.advance(seconds(30));
  EXPECT_TRUE(rig.submits.empty());
  const auto ended = rig.recorded<FlattenEnded>();
  ASSERT_EQ(ended.size(), 1U);
  ASSERT_EQ(ended[0].left.size(), 1U);
  EXPECT_EQ(ended[0].left[0],
            (FlattenEnded::Left{
                kArb, {kMarket.id, Outcome::Yes}, shares("8"), LeftReason::BelowMinimum}));
  const AccountState account = rig.core.account_state(rig.now);
  ASSERT_EQ(account.flattens.size(), 1U);
  EXPECT_TRUE(account.flattens[0].ended_at);
  EXPECT_EQ(account.flattens[0].left, ended[0].left);
  EXPECT_EQ(rig.core.ledger().own_trading_status(kArb).reason, StateReason::Flatten);
  rig.expect_sound();
}

// The bids go away for a moment: what is left of them says nothing.
TEST_F(Commands, GoOnFlatteningAfterAMomentaryBidOfACent) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.set_quote(kMarket, "0.01", "0.52");
  give(FlattenPositions{kArb});
  rig.advance(seconds(5));
  EXPECT_TRUE(rig.submits.empty());
  EXPECT_EQ(rig.count<FlattenEnded>(), 0U);
  rig.set_quote(kMarket, "0.50", "0.52");
  rig.advance(milliseconds(200));
  ASSERT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.submits[0].orders.at(0).quantity, shares("25"));
}

// A best bid of one share is worth less than the minimum; what lies below it is worth more.
TEST_F(Commands, FlattenPastABidThatIsTooSmallForAnOrder) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.set_quote(kMarket, "0.50", "0.52", "1");
  give(FlattenPositions{kArb});
  ASSERT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.submits[0].orders[0].quantity, shares("25"));
}

// Whoever placed an order by hand takes it away by hand: neither a halt, nor a reduction, nor the
// end of this program does.
TEST_F(Commands, LeaveOrdersPlacedByHandAloneUnlessTheyAreMeant) {
  place_by_hand();
  ASSERT_EQ(rig.open_orders().size(), 1U);
  rig.forget_outputs();
  give(SetTradingState{std::nullopt, TradingState::Reducing});
  give(SetTradingState{std::nullopt, TradingState::Halted});
  EXPECT_TRUE(rig.cancels.empty());
  give(CancelAllOrders{std::nullopt, std::nullopt});
  EXPECT_EQ(rig.cancels.size(), 1U) << "an operator said all";
}

// The process died between two records of one news.
TEST_F(Commands, LeaveAnOrderByHandAloneAfterARestart) {
  place_by_hand();
  Rig next;
  next.now = rig.now;
  next.markets = rig.markets;
  ClientOrderId placed;
  for (const Event& event : rig.journal) {
    next.core.apply(event);
    const auto* submitted = std::get_if<OrderSubmitted>(&event.body);
    if (submitted == nullptr || event.strategy != kExternal) continue;
    placed = submitted->order.id;
    break;
  }
  next.start();
  EXPECT_EQ(next.status(placed), OrderStatus::Accepted);
  EXPECT_TRUE(next.cancels.empty());
}

TEST_F(Commands, EndWithoutWaitingForOrdersPlacedByHand) {
  place_by_hand();
  rig.forget_outputs();
  rig.step(ShutdownRequested{});
  EXPECT_TRUE(rig.cancels.empty());
  EXPECT_TRUE(rig.core.drained());
}

// Sold by halves, 20 pairs would bring 19.20 pUSD less fees; they pay 20.
TEST_F(Commands, KeepPairsWhenFlattening) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.hold(kArb, kMarket, "0.50", "20", Outcome::No);
  rig.forget_outputs();
  give(FlattenPositions{kArb});
  ASSERT_EQ(rig.submits.size(), 1U);
  const Order sale = rig.submits[0].orders.at(0);
  EXPECT_EQ(sale.quantity, shares("5"));
  const VenueTrade sold = rig.taker_trade(sale.id, "sale", "5", "0.50");
  rig.accept(sale.id, SubmitAccepted::State::Matched, {sold.id});
  rig.step(sold);
  rig.confirm(sold);
  rig.advance(seconds(5));
  EXPECT_EQ(rig.submits.size(), 1U);
  ASSERT_EQ(rig.count<FlattenEnded>(), 1U);
  const auto left = rig.recorded<FlattenEnded>()[0].left;
  ASSERT_EQ(left.size(), 2U);
  for (const FlattenEnded::Left& half : left) {
    EXPECT_EQ(half.reason, LeftReason::Paired);
    EXPECT_EQ(half.quantity, shares("20"));
  }
}

// The shares were sold by hand: the book of the strategy has them, the account does not.
TEST_F(Commands, EndAFlattenOnSharesThatAreNotThere) {
  rig.hold(kArb, kMarket, "0.52", "25");
  VenueTrade by_hand = rig.trade_by_hand(kMarket.id, kMarket.yes_token);
  by_hand.side = Side::Sell;
  by_hand.quantity = shares("25");
  rig.confirm(by_hand);
  ASSERT_TRUE(rig.core.ledger().portfolio().account_quantity({kMarket.id, Outcome::Yes}).is_zero());
  give(FlattenPositions{kArb});
  rig.advance(seconds(5));
  EXPECT_TRUE(rig.submits.empty());
  ASSERT_EQ(rig.count<FlattenEnded>(), 1U);
  EXPECT_EQ(rig.recorded<FlattenEnded>()[0].left[0].reason, LeftReason::NotHeld);
}

TEST_F(Commands, FlattenWhatQuotesHaveOffered) {
  rig.hold(kFarm, kMarket, "0.52", "20");
  quote();
  rig.forget_outputs();
  give(FlattenPositions{kFarm});
  EXPECT_EQ(leaving(), 2U);
  for (const Order& order : rig.open_orders())
    rig.answer_cancel(order.id, CancelAnswered::Result::Canceled);
  rig.set_quote(kMarket, "0.50", "0.52");
  EXPECT_TRUE(rig.submits.empty()) << "the shares are not offered again";
  rig.advance(milliseconds(100));
  ASSERT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.submits[0].orders[0].purpose, OrderPurpose::Flatten);
  EXPECT_EQ(rig.submits[0].orders[0].quantity, shares("20"));
}

TEST_F(Commands, DenyToFlattenWhileNothingMayBeSent) {
  rig.hold(kArb, kMarket, "0.52", "25");
  give(SetTradingState{std::nullopt, TradingState::Halted});
  give(FlattenPositions{kArb});
  give(FlattenPositions{std::nullopt});
  give(SetTradingState{std::nullopt, TradingState::Reducing});
  give(FlattenPositions{std::nullopt});
  const auto denied = rig.recorded<CommandDenied>();
  ASSERT_EQ(denied.size(), 2U);
  EXPECT_EQ(denied[0].reason, CommandDenyReason::TradingHalted);
  EXPECT_EQ(denied[1].reason, CommandDenyReason::TradingHalted);
  ASSERT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.submits[0].orders[0].purpose, OrderPurpose::Flatten);
}

// The strategy was halted before it was taken out of the configuration.
TEST_F(Commands, FlattenWhatAStrategyHasLeftBehind) {
  rig.hold(kArb, kMarket, "0.52", "25");
  give(SetTradingState{kArb, TradingState::Halted});
  Settings settings = test_settings();
  std::erase_if(settings.strategies,
                [](const ConfiguredStrategy& strategy) { return strategy.name == kArb; });
  Rig next(settings);
  succeed(next);
  Command command;
  command.expires_at = next.now + seconds(5);
  for (const CommandBody& body : {CommandBody(SetTradingState{kArb, TradingState::Reducing}),
                                  CommandBody(FlattenPositions{kArb})}) {
    ++command.id.low;
    command.body = body;
    next.step(command);
  }
  ASSERT_EQ(next.count<CommandDenied>(), 0U);
  ASSERT_EQ(next.submits.size(), 1U);
  EXPECT_EQ(next.submits[0].orders[0].strategy, kArb);
}

TEST_F(Commands, DoNotFlattenWhatIsHeldByHand) {
  give(FlattenPositions{StrategyName{std::string(domain::kExternalStrategy)}});
  ASSERT_EQ(rig.count<CommandDenied>(), 1U);
  EXPECT_EQ(rig.recorded<CommandDenied>()[0].reason, CommandDenyReason::UnknownStrategy);
}

TEST_F(Commands, GoOnFlatteningAfterARestart) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.gateway_lives = false;
  rig.advance(seconds(4));
  give(FlattenPositions{std::nullopt});
  EXPECT_TRUE(rig.submits.empty()) << "no fresh quote to sell at";
  Rig next;
  succeed(next);
  next.advance(milliseconds(200));
  ASSERT_EQ(next.submits.size(), 1U);
  EXPECT_EQ(next.submits[0].orders[0].purpose, OrderPurpose::Flatten);
}

TEST_F(Commands, StopFlatteningWhenTradingIsResumed) {
  rig.hold(kArb, kMarket, "0.52", "25");
  give(FlattenPositions{std::nullopt});
  give(SetTradingState{std::nullopt, TradingState::Active});
  ASSERT_EQ(rig.count<FlattenEnded>(), 1U);
  EXPECT_EQ(rig.recorded<FlattenEnded>()[0].left[0].reason, LeftReason::Resumed);
}

TEST_F(Commands, LeaveAStrategysOwnFlattenToIt) {
  rig.hold(kArb, kMarket, "0.52", "25");
  rig.gateway_lives = false;
  rig.advance(seconds(4));
  give(FlattenPositions{kArb});
  give(SetTradingState{std::nullopt, TradingState::Reducing});
  give(SetTradingState{std::nullopt, TradingState::Active});
  EXPECT_EQ(rig.count<FlattenEnded>(), 0U) << "it has its own resume";
  EXPECT_EQ(rig.core.ledger().own_trading_state(kArb), TradingState::Reducing);
  give(SetTradingState{kArb, TradingState::Active});
  ASSERT_EQ(rig.count<FlattenEnded>(), 1U);
  EXPECT_EQ(rig.recorded<FlattenEnded>()[0].left[0].reason, LeftReason::Resumed);
}

TEST_F(Commands, RetryCancelsThatWereNotAnswered) {
  quote();
  give(CancelAllOrders{});
  const std::size_t first = rig.cancels.size();
  for (const Order& order : rig.open_orders())
    rig.answer_cancel(order.id, CancelAnswered::Result::Unknown);
  rig.advance(seconds(1));
  EXPECT_GT(rig.cancels.size(), first);
}

TEST_F(Commands, SendCancelsWithinTheVenuesBudget) {
  Settings settings = test_settings();
  settings.venue_cancel_rate = 1;
  settings.venue_cancel_burst = 1;
  Rig poor(settings);
  poor.bring_up();
  poor.send(poor.quote_signal(kFarm, kMarket, level("0.45", "20"), level("0.55", "20")));
  poor.step(Command{{1, 1}, CancelAllOrders{}, poor.now, poor.now + seconds(5), {}});
  EXPECT_EQ(poor.count<CancelRequested>(), 2U);
  EXPECT_EQ(poor.cancels.size(), 1U);
  poor.advance(seconds(2));
  EXPECT_GE(poor.cancels.size(), 2U);
}

TEST_F(Commands, ShutDownWithoutNewOrdersAndWithEverythingCancelled) {
  quote();
  rig.step(ShutdownRequested{});
  EXPECT_EQ(leaving(), 2U);
  EXPECT_FALSE(rig.core.drained());
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::NotReady);
  for (const Order& order : rig.open_orders())
    rig.answer_cancel(order.id, CancelAnswered::Result::Canceled);
  EXPECT_TRUE(rig.core.drained());
}

TEST_F(Commands, CancelEverythingAndDecideNothingWhenTheJournalFails) {
  quote();
  rig.forget_outputs();
  const std::size_t records = rig.journal.size();
  rig.step(CommitFailed{});
  EXPECT_EQ(rig.cancels.size(), 2U);
  rig.buy(kArb, kMarket, "0.52", "25");
  give(SetTradingState{std::nullopt, TradingState::Active});
  EXPECT_TRUE(rig.submits.empty());
  EXPECT_EQ(rig.journal.size(), records);
  EXPECT_EQ(rig.core.not_ready(), std::vector{NotReady::JournalUnwritable});
}

}  // namespace
}  // namespace polybot::order_manager::test
