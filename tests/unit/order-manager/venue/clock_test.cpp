// Wall clocks that are put right between two processes, and clocks that differ from the venue's.
// Within a process time does not jump: the shell ensures that.
#include <gtest/gtest.h>

#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Market kMarket = make_market(1);

// A new process finds the clock `ahead` of the time at which the last one left it.
void restart_later(Rig& rig, Duration ahead) {
  rig.core = rig.folded();
  rig.reads.clear();
  rig.now += ahead;
  rig.start();
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
}

// A buy that the venue did not answer.
ClientOrderId order_in_doubt(Rig& rig) {
  rig.bring_up();
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  rig.lose_answer(id);
  return id;
}

std::vector<Timestamp> trades_asked_since(const Rig& rig) {
  std::vector<Timestamp> since;
  for (const Read& read : rig.reads) {
    if (const auto* account = std::get_if<ReadAccount>(&read))
      since.push_back(account->trades_since);
  }
  return since;
}

TEST(Clock, ReadsNoAccountBeforeItKnowsTheVenuesClock) {
  Rig rig;
  Outputs out;
  rig.core.start(1, rig.now, out);
  rig.collect(out);
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  EXPECT_TRUE(rig.reads.empty());
  rig.step(ClockOffset{milliseconds(20)});
  EXPECT_EQ(trades_asked_since(rig).size(), 1U);
}

TEST(Clock, RemembersAForeignTradeThatCameBeforeTheVenuesClockWasKnown) {
  Rig rig;
  rig.markets = {kMarket};
  Outputs out;
  rig.core.start(1, rig.now, out);
  rig.collect(out);
  const VenueTrade trade = rig.trade_by_hand(kMarket.id, kMarket.yes_token);
  rig.step(trade);
  rig.step(ClockOffset{});
  rig.venue_trades = {trade};
  rig.connect(usd("1000"));
  rig.advance(seconds(2));
  EXPECT_EQ(rig.position(kExternal, kMarket).yes, shares("10"));
}

TEST(Clock, AsksForTradesByTheVenuesClock) {
  Rig rig;
  Outputs out;
  rig.core.start(1, rig.now, out);
  rig.collect(out);
  rig.step(ClockOffset{-hours(1)});
  rig.step(VenueSessionChanged{VenueChannel::User, Link::Up});
  const auto since = trades_asked_since(rig);
  ASSERT_EQ(since.size(), 1U);
  EXPECT_LT(since.front(), rig.now - hours(1));
}

TEST(Clock, OpensNoDayWhileItIsOff) {
  Rig rig;
  rig.bring_up();
  rig.core = rig.folded();
  rig.now += hours(24);
  Outputs out;
  rig.core.start(1, rig.now, out);
  rig.collect(out);
  rig.step(ClockOffset{-hours(24)});
  EXPECT_EQ(rig.count<DayOpened>(), 1U);
  rig.step(ClockOffset{milliseconds(20)});
  rig.step(TimerFired{});
  EXPECT_EQ(rig.count<DayOpened>(), 2U);
}

TEST(Clock, LooksBackToTheBeginningWhenTheLastProcessWasAheadOfTime) {
  Rig rig;
  rig.bring_up();
  restart_later(rig, -hours(1));
  const auto since = trades_asked_since(rig);
  ASSERT_EQ(since.size(), 1U);
  EXPECT_EQ(since.front(), Timestamp{});
}

TEST(Clock, PutBackItStillFindsAnOrderMissing) {
  Rig rig;
  rig.bring_up();
  const ClientOrderId id = rig.buy(kArb, kMarket, "0.52", "25");
  rig.accept(id);
  restart_later(rig, -hours(1));
  rig.now += seconds(1);
  rig.answer_account();
  EXPECT_EQ(rig.status(id), OrderStatus::Accepted) << "one reading may have been too early";
  rig.now += seconds(3);
  rig.answer_account();
  EXPECT_EQ(rig.status(id), OrderStatus::Canceled);
}

TEST(Clock, PutBackItEndsTheHoldOfAnOrderInDoubt) {
  Rig rig;
  const ClientOrderId id = order_in_doubt(rig);
  restart_later(rig, -hours(1));
  rig.now += rig.settings.ambiguous_hold;
  rig.answer_account();
  EXPECT_EQ(rig.status(id), OrderStatus::Rejected);
}

TEST(Clock, PutForwardItDoesNotCutShortTheHoldOfAnOrderInDoubt) {
  Rig rig;
  const ClientOrderId id = order_in_doubt(rig);
  restart_later(rig, hours(1));
  rig.answer_account();
  EXPECT_EQ(rig.status(id), OrderStatus::Ambiguous);
  rig.now += rig.settings.ambiguous_hold;
  rig.answer_account();
  EXPECT_EQ(rig.status(id), OrderStatus::Rejected);
}

TEST(Clock, DeniesASignalOnABookOfTheFuture) {
  Rig rig;
  rig.bring_up();
  Signal signal = rig.legs_signal(
      kArb, kMarket, {{{kMarket.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}});
  signal.oldest_book_at = rig.now + minutes(10);
  signal.expires_at = signal.oldest_book_at + seconds(4);
  rig.send(signal);
  EXPECT_EQ(rig.last_denial(), DenyReason::ClockSkew);
}

TEST(Clock, OffTheVenuesItLetsRestingQuotesBeButPlacesNoMore) {
  Rig rig;
  rig.bring_up();
  rig.send(rig.quote_signal(kFarm, kMarket, level("0.50", "30"), std::nullopt));
  ASSERT_EQ(rig.submits.size(), 1U);
  rig.step(ClockOffset{seconds(2)});
  rig.reject(rig.submits.front().orders.front().id, RejectReason::Other);
  rig.advance(seconds(20));
  EXPECT_EQ(rig.submits.size(), 1U);
  rig.step(ClockOffset{});
  rig.advance(seconds(20));
  EXPECT_EQ(rig.submits.size(), 2U);
}

}  // namespace
}  // namespace polybot::order_manager::test
