#include "services/gateway/api/read_model/notices.hpp"

#include "common/runtime/clock.hpp"
#include "tests/unit/gateway/order_events.hpp"

namespace polybot::gateway {
namespace {

using domain::StateReason;
using domain::TradingState;
using testing::ElementsAre;
using testing::IsEmpty;

class NoticesTest : public testing::Test {
 protected:
  static domain::StrategyState state(const domain::StrategyName& name) {
    domain::StrategyState state;
    state.strategy = name;
    state.enabled = state.enabled_at_first = true;
    return state;
  }
  [[nodiscard]] std::vector<std::string> said(domain::Timestamp now = at(100'000)) const {
    return notices(
        view, [](const domain::MarketId&) { return std::string("rain-tomorrow"); }, now);
  }

  TradingView view{HistorySettings{}};
};

TEST_F(NoticesTest, IsSilentOnAnOrdinaryDay) {
  view.set_strategies({state(kArb), state(kFarm)});
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(NoticesTest, NamesWhoHaltedWhatAndTheCallThatEndsIt) {
  domain::StrategyState farm = state(kFarm);
  farm.own = {TradingState::Halted, StateReason::Requested, at(1'000)};
  view.set_strategies({state(kArb), farm});
  view.set_account({.own = {TradingState::Reducing, StateReason::DailyLossExceeded, at(61'000)}});
  EXPECT_THAT(
      said(),
      ElementsAre("trading is reducing for the whole account since 1970-01-01T00:17:41.000Z by "
                  "risk_limit (daily_loss_exceeded); POST /api/v1/trading/resume ends that",
                  "strategy spread_farm is halted since 1970-01-01T00:16:41.000Z by operator "
                  "(requested); POST /api/v1/trading/resume?strategy=spread_farm ends that"));
}

TEST_F(NoticesTest, SaysWhyAHaltIsAndUntilWhenItIsAcknowledged) {
  view.set_account(
      {.own = {TradingState::Halted, StateReason::Requested, at(0), "upgrade", at(3'600'000)}});
  EXPECT_THAT(said(),
              ElementsAre("trading is halted for the whole account since 1970-01-01T00:16:40.000Z "
                          "by operator (requested): upgrade, acknowledged until "
                          "1970-01-01T01:16:40.000Z; POST /api/v1/trading/resume ends that"));
}

TEST_F(NoticesTest, NamesWhatTheVenueRefusesAndTellsUnreadably) {
  view.set_account({.submissions_paused = "forbidden", .rows_unread = 3});
  EXPECT_THAT(said(),
              ElementsAre("the venue takes no orders (forbidden); it is tried again by itself",
                          "rows of the account at the venue cannot be read (3 trades, open "
                          "orders or balances); they are read again, and until then positions "
                          "and cash may lack them"));
}

TEST_F(NoticesTest, ListsClaimsThatAreUnpaidForADay) {
  domain::StreamedEvent held = streamed(1, fill(1, "t1", 1));
  held.position = domain::PositionState{.market = market_id(1),
                                        .yes = shares(5),
                                        .no = {},
                                        .yes_cost = {},
                                        .no_cost = {},
                                        .realized = {}};
  domain::StreamedEvent resolved =
      streamed(2, domain::MarketResolved{market_id(1), {domain::kPriceOne, {}}});
  view.apply(held);
  view.apply(resolved);
  const domain::Timestamp due = resolved.event.at + domain::kClaimPatience;
  EXPECT_THAT(said(due), IsEmpty());
  const domain::Timestamp overdue = due + std::chrono::milliseconds(1);
  EXPECT_THAT(said(overdue), ElementsAre("claims are not paid: 5 pUSD of rain-tomorrow since " +
                                         runtime::to_rfc3339(resolved.event.at) +
                                         "; redeem them in the portfolio of the venue's site, and "
                                         "they are booked by themselves"));
  view.apply(streamed(3, domain::ClaimPaid{market_id(1), {}}, {}, {}));
  EXPECT_THAT(said(overdue), IsEmpty());
}

TEST_F(NoticesTest, NamesStrategiesThatDifferFromTheirConfiguration) {
  domain::StrategyState runs = state(kArb);
  runs.enabled_at_first = false;
  domain::StrategyState stopped = state(kFarm);
  stopped.enabled = false;
  view.set_strategies({runs, stopped});
  EXPECT_THAT(said(),
              ElementsAre("strategy arbitrage runs though its configuration says enabled = false, "
                          "which counts for a new journal only; POST "
                          "/api/v1/strategies/arbitrage/stop stops it",
                          "strategy spread_farm is stopped though its configuration says enabled = "
                          "true, which counts for a new journal only; POST "
                          "/api/v1/strategies/spread_farm/start starts it"));
}

TEST_F(NoticesTest, SaysWhatAFlattenHasLeftUntilItsScopeTradesAgain) {
  domain::AccountState account;
  account.own = {TradingState::Reducing, StateReason::Flatten, at(0)};
  account.flattens = {{.command = {1, 1},
                       .strategy = std::nullopt,
                       .begun_at = at(0),
                       .ended_at = at(9'000),
                       .left = {{kArb,
                                 {market_id(1), domain::Outcome::Yes},
                                 shares(8),
                                 domain::LeftReason::BelowMinimum}}}};
  view.set_account(account);
  EXPECT_THAT(said(), testing::Contains(
                          "the flatten of the whole account ended at 1970-01-01T00:16:49.000Z and "
                          "left: 8 yes of rain-tomorrow (below_minimum)"));
  account.own = {};
  view.set_account(account);
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(NoticesTest, TellsOfARestoreForADay) {
  view.set_account({.restored_seq = 9, .restored_at = at(60'000), .backup_at = at(1'000)});
  EXPECT_THAT(said(),
              ElementsAre("the journal was restored at 1970-01-01T00:17:40.000Z from a backup of "
                          "1970-01-01T00:16:41.000Z: what was traded between is booked to "
                          "external"));
}

}  // namespace
}  // namespace polybot::gateway
