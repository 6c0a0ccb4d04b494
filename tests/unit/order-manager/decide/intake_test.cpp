#include "services/order-manager/core/decide/intake.hpp"

#include "services/order-manager/core/decide/commands.hpp"
#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

struct SignalsAlone : ::testing::Test {
  Bench bench;
  MarketWatches markets;
  QuoteBoard quotes{bench.settings.quote_age_max};
  OrderWatches watches;
  LeaseDesk leases{bench.settings, bench.readiness};
  OrderDesk desk{bench.settings, fake_identity, bench.readiness, markets, quotes, watches};
  Exits exits{bench.settings, quotes, desk};
  Quoting quoting{bench.settings, bench.readiness, leases, quotes, desk};
  Intake intake{bench.settings, bench.readiness, leases, markets, desk, quoting};
  Flattening flattening{bench.settings, bench.readiness, quotes, exits};
  Commands commands{bench.settings, desk, quoting, flattening};
  const Market market = make_market(1);
  std::uint64_t counter = 0;

  SignalsAlone() {
    bench.make_ready();
    bench.record(DayOpened{utc_date(bench.now), {}});
    bench.record(kArb, StrategySwitched{kArb, true});
    leases.start(1, bench.now);
    announce();
    bench.outputs.clear();
  }
  LeaseDesk::Changes announce() {
    leases.announced({{"runner-1"}, kRunner, {kArb, kFarm}, false}, bench.now);
    return leases.settle(bench.ledger, bench.now);
  }
  void know_market() {
    bench.record(MarketRecorded{market});
    quotes.update({},
                  {.market = market.id,
                   .bid = level("0.50", "1000"),
                   .ask = level("0.52", "1000"),
                   .stamped_at = bench.now},
                  bench.now);
    bench.outputs.clear();
  }
  Signal quote_signal(const char* bid = "0.49") {
    Signal signal;
    signal.id = {kRunner, ++counter};
    signal.strategy = kArb;
    signal.event = market.event;
    signal.shard = shard_of(market.event);
    for (const Lease& lease : leases.table().leases()) {
      if (lease.strategy == kArb && lease.shard == signal.shard) signal.lease_epoch = lease.epoch;
    }
    signal.applied_seq = bench.ledger.last_seq();
    signal.oldest_book_at = bench.now;
    signal.decided_at = bench.now;
    signal.expires_at = bench.now + seconds(2);
    signal.action = SignalAction::Quote;
    signal.intent = QuoteTarget{market.id, level(bid, "20"), std::nullopt};
    return signal;
  }
  void send(const Signal& signal) {
    Turn turn = bench.turn();
    intake.received(turn, {signal, bench.now});
  }
  void obey(CommandBody body) {
    Turn turn = bench.turn();
    commands.received(turn,
                      {{7, ++counter}, std::move(body), bench.now, bench.now + seconds(9), {}});
  }
};

TEST_F(SignalsAlone, WaitForTheRecordOfTheirMarket) {
  const Signal signal = quote_signal();
  send(signal);
  send(signal);  // the same once more
  EXPECT_EQ(bench.reads<ReadMarket>().size(), 1U);
  EXPECT_TRUE(bench.outputs.record.empty());
  EXPECT_EQ(intake.waited_for().size(), 1U);
  EXPECT_EQ(intake.counts(kArb).duplicate, 1U);
  know_market();
  Turn turn = bench.turn();
  intake.release(turn, market.id);
  EXPECT_EQ(bench.recorded<SignalAccepted>().size(), 1U);
  EXPECT_EQ(bench.recorded<OrderSubmitted>().size(), 1U);
}

TEST_F(SignalsAlone, ExpireWhileTheyWait) {
  send(quote_signal());
  bench.now += seconds(2);
  Turn turn = bench.turn();
  intake.expire(turn);
  ASSERT_EQ(bench.recorded<SignalDenied>().size(), 1U);
  EXPECT_EQ(bench.recorded<SignalDenied>().front().reason, DenyReason::SignalExpired);
}

TEST_F(SignalsAlone, OfNoLeaseAreFenced) {
  know_market();
  Signal signal = quote_signal();
  signal.lease_epoch = {};
  send(signal);
  ASSERT_EQ(bench.recorded<SignalDenied>().size(), 1U);
  EXPECT_EQ(bench.recorded<SignalDenied>().front().reason, DenyReason::LeaseFenced);
}

TEST_F(SignalsAlone, AreShedBeyondTheirRate) {
  know_market();
  for (std::uint32_t i = 0; i <= bench.settings.signal_burst_max; ++i) send(quote_signal());
  EXPECT_EQ(intake.counts(kArb).shed, 1U);
}

TEST_F(SignalsAlone, KeepTheNewestTargetOfARunner) {
  know_market();
  const Signal older = quote_signal("0.48");
  send(quote_signal("0.49"));
  send(older);
  ASSERT_EQ(bench.recorded<SignalDenied>().size(), 1U);
  EXPECT_EQ(bench.recorded<SignalDenied>().front().reason, DenyReason::SignalExpired);
  EXPECT_EQ(bench.recorded<OrderSubmitted>().size(), 1U);
}

TEST_F(SignalsAlone, LeaveQuotesThatEndWithTheirLease) {
  know_market();
  send(quote_signal());
  bench.now += bench.settings.lease_duration;
  const LeaseDesk::Changes changes = leases.settle(bench.ledger, bench.now);
  EXPECT_EQ(changes.lost.size(), 2U * kShards);
  Turn turn = bench.turn();
  quoting.give_up(turn, changes.lost);
  ASSERT_EQ(bench.recorded<CancelRequested>().size(), 1U);
  EXPECT_EQ(bench.recorded<CancelRequested>().front().reason, CancelReason::LeaseLost);
}

TEST_F(SignalsAlone, LeaveQuotesThatWaitForTheNextHolder) {
  const ShardKey key{kArb, shard_of(market.event)};
  leases.announced({{"runner-1"}, kRunner, {kArb, kFarm}, true}, bench.now);
  EXPECT_TRUE(leases.settle(bench.ledger, bench.now).lost.empty());
  const Timestamp until = bench.now + bench.settings.lease_duration;
  EXPECT_FALSE(leases.orphaned(key, std::nullopt, until - milliseconds(1)));
  EXPECT_TRUE(leases.orphaned(key, std::nullopt, until));
}

TEST_F(SignalsAlone, AreDeniedOnceAnOperatorHalts) {
  know_market();
  send(quote_signal());
  obey(SetTradingState{std::nullopt, TradingState::Halted});
  EXPECT_EQ(bench.recorded<CancelRequested>().size(), 1U);
  send(quote_signal());
  ASSERT_EQ(bench.recorded<SignalDenied>().size(), 1U);
  EXPECT_EQ(bench.recorded<SignalDenied>().front().reason, DenyReason::TradingHalted);
}

TEST_F(SignalsAlone, AreNotTouchedByACommandTwice) {
  const Command stop{{1, 2}, StopStrategy{kArb}, bench.now, bench.now + seconds(9), {}};
  Turn turn = bench.turn();
  commands.received(turn, stop);
  commands.received(turn, stop);
  EXPECT_EQ(bench.recorded<StrategySwitched>().size(), 1U);
  EXPECT_EQ(bench.recorded<CommandAccepted>().size(), 1U);
  EXPECT_EQ(bench.outputs.after_commit.repeats.size(), 1U);
}

}  // namespace
}  // namespace polybot::order_manager::test
