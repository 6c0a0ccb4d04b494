// The checks of a signal before risk.
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

const Market kMarket = make_market(1);

struct Signals : testing::Test {
  void SetUp() override { rig.bring_up(); }
  Rig rig;
};

TEST_F(Signals, SubmitsTheOrdersOfAnAcceptedSignalInOneBatchAfterItsRecords) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  ASSERT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.submits[0].orders[0].id, id);
  EXPECT_EQ(rig.status(id), OrderStatus::Submitted);
  EXPECT_EQ(rig.count<SignalAccepted>(), 1U);
  EXPECT_EQ(rig.count<OrderSubmitted>(), 1U);
  EXPECT_EQ(rig.submits[0].orders[0].time_in_force, TimeInForce::Fak);
  rig.expect_sound();
}

TEST_F(Signals, NamesTheTickOnlyWithTheOrdersThatAnswerItAtOnce) {
  Signal taken = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  taken.tick_at = rig.now - milliseconds(3);
  rig.send(taken);
  rig.buy(kArb, kMarket, "0.52", "25");
  ASSERT_EQ(rig.submits.size(), 2U);
  EXPECT_EQ(rig.submits[0].tick_at, taken.tick_at);
  EXPECT_EQ(rig.submits[1].tick_at, Timestamp{});  // no tick was behind that one
}

TEST_F(Signals, DeniesADuplicateWithoutASecondAnswer) {
  const Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  for (int i = 0; i < 3; ++i) rig.send(signal);
  EXPECT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.count<SignalAccepted>(), 1U);
  EXPECT_EQ(rig.snapshot(kArb).signals_duplicate, 2U);
}

TEST_F(Signals, KnowsADuplicateAfterARestart) {
  const Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  rig.send(signal);
  OrderManager again = rig.folded();
  Outputs out;
  again.start(0, rig.now, out);
  again.on(VenueSessionChanged{VenueChannel::User, Link::Up}, rig.now, out);
  again.on(rig.account(), rig.now, out);
  again.on(RunnerAnnounced{{"runner-1"}, kRunner, {kArb, kFarm}, false}, rig.now, out);
  out.clear();
  again.on(SignalReceived{signal, rig.now}, rig.now, out);
  EXPECT_TRUE(out.empty());
}

TEST_F(Signals, DeniesASignalOfAnotherLeaseEpochAsFenced) {
  Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  signal.lease_epoch.counter += 7;
  rig.send(signal);
  EXPECT_EQ(rig.last_denial(), DenyReason::LeaseFenced);
  EXPECT_EQ(rig.snapshot(kArb).counters.leases_fenced, 1U);
}

TEST_F(Signals, FencesARunnerThatWasPausedForAMinuteAndCameBack) {
  Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  rig.runner_lives = false;
  rig.advance(seconds(60));
  rig.announce(0xCD, "runner-2");
  signal.expires_at = rig.now + seconds(1);
  signal.oldest_book_at = rig.now;
  rig.send(signal);
  EXPECT_EQ(rig.last_denial(), DenyReason::LeaseFenced);
}

TEST_F(Signals, DeniesAnExpiredSignal) {
  Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  signal.expires_at = rig.now;
  rig.send(signal);
  EXPECT_EQ(rig.last_denial(), DenyReason::SignalExpired);
  EXPECT_EQ(rig.snapshot(kArb).counters.signals[static_cast<int>(SignalOutcome::Expired)], 1U);
}

TEST_F(Signals, DeniesADecisionThatHadNotSeenTheLastFill) {
  const std::uint64_t before = rig.core.ledger().last_seq();
  rig.hold(kArb, kMarket, "0.52", "25");
  Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  signal.applied_seq = before;
  rig.send(signal);
  EXPECT_EQ(rig.last_denial(), DenyReason::StalePosition);
  EXPECT_EQ(rig.snapshot(kArb).counters.signals[static_cast<int>(SignalOutcome::Stale)], 1U);
  signal = rig.legs_signal(kFarm, kMarket,
                           {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  signal.applied_seq = before;
  rig.send(signal);
  EXPECT_EQ(rig.submits.size(), 1U) << "the fill was another strategy's";
}

TEST_F(Signals, DeniesAnUnknownStrategyUnderAReservedName) {
  rig.buy({"nobody"}, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::UnknownStrategy);
  EXPECT_EQ(rig.journal.back().strategy.value, kUnknownStrategy);
}

TEST_F(Signals, DeniesClocksThatAreOff) {
  Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  signal.decided_at = rig.now + seconds(2);
  rig.send(signal);
  EXPECT_EQ(rig.last_denial(), DenyReason::ClockSkew);
  rig.step(ClockOffset{milliseconds(-1500)});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.count<SignalDenied>(), 2U);
  rig.step(ClockOffset{milliseconds(200)});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.submits.size(), 1U);
}

TEST_F(Signals, DeniesMalformedIntents) {
  const Instrument yes{kMarket.id, Outcome::Yes};
  const std::vector<std::vector<Leg>> malformed = {
      {},
      {{yes, Side::Buy, price("0.52"), shares("25.005")}},  // finer than a share step
      {{yes, Side::Buy, price("0.53"), shares("0.01")}},    // costs no whole cents
      {{yes, Side::Buy, price("1"), shares("25")}},
      {{yes, Side::Buy, price("0.52"), shares("25")},
       {yes, Side::Buy, price("0.52"), shares("25")}},
      {{yes, Side::Buy, price("0.50"), shares("25")},
       {{kMarket.id, Outcome::No}, Side::Buy, price("0.50"), shares("26")}},
  };
  for (const auto& legs : malformed) {
    rig.send(rig.legs_signal(kArb, kMarket, legs));
    EXPECT_EQ(rig.last_denial(), DenyReason::MalformedSignal);
  }
  EXPECT_EQ(rig.count<SignalDenied>(), malformed.size());
  EXPECT_TRUE(rig.submits.empty());
}

TEST_F(Signals, DeniesAMarketOfAnotherEvent) {
  Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  signal.event = id_of<EventGroupId>(77);
  signal.shard = shard_of(signal.event);
  rig.send(signal);
  EXPECT_EQ(rig.last_denial(), DenyReason::MalformedSignal);
}

TEST_F(Signals, WaitsForTheVenuesOwnRecordBeforeTheFirstOrderOfAMarket) {
  rig.venue_reads = false;
  const Market fresh = make_market(2, 2);
  rig.markets.push_back(fresh);
  rig.set_quote(fresh, "0.50", "0.52");
  const Signal signal = rig.legs_signal(
      kArb, fresh, {{{fresh.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  rig.send(signal);
  rig.send(signal);
  EXPECT_TRUE(rig.submits.empty());
  EXPECT_EQ(rig.count<SignalAccepted>() + rig.count<SignalDenied>(), 0U);
  ASSERT_EQ(rig.reads.size(), 1U);
  rig.answer_reads();
  EXPECT_EQ(rig.submits.size(), 1U);
  EXPECT_EQ(rig.count<MarketRecorded>(), 1U);
}

TEST_F(Signals, DeniesAMarketThatTheVenueDoesNotKnow) {
  const Market ghost = make_market(9, 9);
  rig.set_quote(ghost, "0.50", "0.52");
  rig.buy(kArb, ghost, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::UnknownMarket);
}

TEST_F(Signals, DropsAWaitingQuoteThatIsWithdrawnMeanwhile) {
  rig.venue_reads = false;
  const Market fresh = make_market(2, 2);
  rig.markets.push_back(fresh);
  rig.set_quote(fresh, "0.50", "0.52");
  rig.send(rig.quote_signal(kFarm, fresh, level("0.45", "20"), std::nullopt));
  rig.send(rig.quote_signal(kFarm, fresh, std::nullopt, std::nullopt));
  rig.answer_reads();
  EXPECT_TRUE(rig.submits.empty());
  EXPECT_EQ(rig.last_denial(), DenyReason::SignalExpired);
}

TEST_F(Signals, LetsAWaitingSignalExpire) {
  rig.venue_reads = false;
  const Market fresh = make_market(2, 2);
  rig.buy(kArb, fresh, "0.52", "25");
  rig.advance(seconds(3));
  EXPECT_EQ(rig.last_denial(), DenyReason::SignalExpired);
}

TEST_F(Signals, ShedsAndCountsWhatComesTooFast) {
  for (std::uint32_t i = 0; i < rig.settings.signal_burst_max + 10; ++i) {
    Signal signal = rig.legs_signal(kArb, kMarket, {});
    rig.step(SignalReceived{signal, rig.now});
  }
  EXPECT_EQ(rig.snapshot(kArb).signals_shed, 10U);
  EXPECT_EQ(rig.count<SignalDenied>(), rig.settings.signal_burst_max);
}

TEST_F(Signals, DeniesWhileTheVenueIsNotReachable) {
  rig.step(VenueSessionChanged{VenueChannel::Rest, Link::Down});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::VenueUnavailable);
  rig.step(VenueSessionChanged{VenueChannel::Rest, Link::Up});
  rig.answer_reads();
  rig.step(VenueThrottled{seconds(1)});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.count<SignalDenied>(), 2U);
  rig.advance(seconds(2));
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.submits.size(), 1U);
}

TEST_F(Signals, AreDeniedWhileTheAccountMayBeAnothers) {
  rig.step(VenueSessionChanged{VenueChannel::Heartbeat, Link::Down});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::VenueUnavailable);
  EXPECT_EQ(rig.core.not_ready(), std::vector{NotReady::HeartbeatNotTaken});
  rig.step(VenueSessionChanged{VenueChannel::Heartbeat, Link::Up});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.submits.size(), 1U);
}

TEST_F(Signals, AreTakenWhileOnlyReadingsAreThrottled) {
  rig.step(VenueThrottled{seconds(60), VenueThrottled::What::Readings});
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.submits.size(), 1U);
  EXPECT_FALSE(rig.core.figures(rig.now).submissions_paused);
}

TEST_F(Signals, PausesAfterARefusalThatIsAboutTheVenue) {
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  rig.reject(id, RejectReason::TradingDisabled);
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::VenueUnavailable);
}

TEST_F(Signals, PausesEverLongerWhileTheVenueRefusesThisRegionAndSaysWhy) {
  const auto paused = [&] { return rig.core.figures(rig.now).submissions_paused; };
  const auto refuse = [&] {
    const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
    EXPECT_EQ(rig.status(id), OrderStatus::Submitted);
    rig.reject(id, RejectReason::Forbidden);
    EXPECT_EQ(rig.status(id), OrderStatus::Rejected);
  };
  EXPECT_FALSE(paused());
  refuse();
  EXPECT_EQ(paused(), PauseCause::Forbidden);
  EXPECT_EQ(rig.core.account_state(rig.now).submissions_paused, "forbidden");
  EXPECT_EQ(rig.core.not_ready(), std::vector{NotReady::OrdersForbidden});
  rig.advance(rig.settings.refusal_pause);
  refuse();
  rig.advance(rig.settings.refusal_pause);
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::VenueUnavailable) << "twice as long this time";
  EXPECT_EQ(paused(), PauseCause::Forbidden);
  rig.advance(rig.settings.refusal_pause);
  rig.accept(rig.buy(kArb, kMarket, "0.52", "25"));
  EXPECT_FALSE(paused());
  EXPECT_EQ(rig.core.account_state(rig.now).submissions_paused, "");
  EXPECT_TRUE(rig.core.not_ready().empty());
}

TEST_F(Signals, PausesNoLongerThanARefusalIsRemembered) {
  Settings settings = test_settings();
  settings.refusal_pause = std::chrono::minutes(1);
  Rig slow(settings);
  slow.bring_up();
  for (int i = 0; i < 5; ++i) {
    const ClientOrderId id = slow.buy(kArb, kMarket, "0.52", "25");
    ASSERT_NE(slow.core.ledger().orders().find(id), nullptr) << "attempt " << i;
    slow.reject(id, RejectReason::Forbidden);
    slow.advance(kRefusalPauseMax);
  }
}

TEST_F(Signals, GoesOnDoublingAfterARefusalOfAnotherKind) {
  const auto refuse = [&](RejectReason reason, Duration pause) {
    const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
    ASSERT_NE(rig.core.ledger().orders().find(id), nullptr);
    rig.reject(id, reason);
    rig.advance(pause);
  };
  const Duration pause = rig.settings.refusal_pause;
  refuse(RejectReason::Forbidden, pause);
  refuse(RejectReason::Forbidden, 2 * pause);
  refuse(RejectReason::RateLimited, pause);
  refuse(RejectReason::Forbidden, 3 * pause);
  rig.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(rig.last_denial(), DenyReason::VenueUnavailable);
}

TEST_F(Signals, BelievesNoOrderThatWasSentBeforeTheRefusal) {
  const ClientOrderId before = rig.buy(kArb, kMarket, "0.52", "25");
  const ClientOrderId refused = rig.buy(kArb, kMarket, "0.52", "25");
  rig.now += milliseconds(10);
  rig.reject(refused, RejectReason::Forbidden);
  rig.accept(before);
  EXPECT_EQ(rig.core.figures(rig.now).submissions_paused, PauseCause::Forbidden);
}

TEST_F(Signals, SaysForHowLongTheVenueHasAskedForNoOrders) {
  rig.step(VenueThrottled{seconds(3)});
  EXPECT_EQ(rig.core.figures(rig.now).submissions_paused, PauseCause::Throttled);
  rig.advance(seconds(3));
  EXPECT_FALSE(rig.core.figures(rig.now).submissions_paused);
}

TEST_F(Signals, RefusesOrdersWhoseAmountsTheVenueCountsDifferently) {
  Rig other;
  OrderManager core(test_settings(), [](const Order& order, const Market& market) {
    auto identity = fake_identity(order, market);
    identity->fields.taker_amount -= usd("0.01");
    return identity;
  });
  other.core = std::move(core);
  other.bring_up();
  other.buy(kArb, kMarket, "0.52", "25");
  EXPECT_EQ(other.last_denial(), DenyReason::MalformedSignal);
}

}  // namespace
}  // namespace polybot::order_manager::test
