#include "services/gateway/api/read_model/idle_reasons.hpp"

#include "tests/unit/gateway/order_events.hpp"

namespace polybot::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class IdleReasonsTest : public testing::Test {
 protected:
  IdleReasonsTest() {
    view.set_strategies({state(kArb)});
    domain::Lease lease;
    lease.strategy = kArb;
    view.set_leases({lease});
  }
  static domain::StrategyState state(const domain::StrategyName& name) {
    return {.strategy = name,
            .enabled = true,
            .trading_state = domain::TradingState::Active,
            .parameters = {},
            .last_seq = 0,
            .figures = {}};
  }
  [[nodiscard]] std::vector<std::string> reasons() const { return idle_reasons(view, facts); }

  TradingView view{HistorySettings{}};
  IdleFacts facts{
      .now = at(100'000), .orders_in_sync = true, .links_open = 1, .books = 10, .books_stale = 0};
};

TEST_F(IdleReasonsTest, SaysNothingWhileOrdersArePlaced) {
  view.apply(submitted(90, 1));
  facts.orders_in_sync = false;
  EXPECT_THAT(reasons(), IsEmpty());
}

TEST_F(IdleReasonsTest, DoesNotBlameTheMarketBeforeStrategiesAreWarm) {
  facts.running_for = std::chrono::seconds(5);
  EXPECT_THAT(reasons(), ElementsAre(HasSubstr("just started")));
  facts.links_open = 0;
  EXPECT_THAT(reasons(), ElementsAre(HasSubstr("no market data connection")));
}

TEST_F(IdleReasonsTest, NamesTheMostFundamentalCause) {
  EXPECT_THAT(reasons(), ElementsAre("no strategy sees an opportunity"));
  facts.books_stale = 10;
  EXPECT_THAT(reasons(), ElementsAre("every book is stale"));
  facts.books = facts.books_stale = 0;
  EXPECT_THAT(reasons(), ElementsAre("no market accepts orders"));
  facts.links_open = 0;
  EXPECT_THAT(reasons(), ElementsAre(HasSubstr("no market data connection")));
  view.apply(
      streamed(1, domain::TradingStateChanged{{}, domain::TradingState::Halted, {}}, {}, {}));
  EXPECT_THAT(reasons(), ElementsAre(HasSubstr("halted")));
  facts.orders_in_sync = false;
  EXPECT_THAT(reasons(), ElementsAre(HasSubstr("order-manager")));
}

TEST_F(IdleReasonsTest, SaysAtOnceThatTradingIsHalted) {
  view.apply(submitted(99, 1));
  view.apply(
      streamed(100, domain::TradingStateChanged{{}, domain::TradingState::Reducing, {}}, {}, {}));
  EXPECT_THAT(reasons(), ElementsAre("trading is reducing for the whole account"));
}

// Orders that are still sent are attempts.
TEST_F(IdleReasonsTest, SaysAtOnceThatTheVenueTakesNoOrders) {
  view.apply(submitted(99, 1));
  view.set_account({.submissions_paused = "forbidden"});
  EXPECT_THAT(reasons(), ElementsAre("the venue takes no orders: forbidden"));
}

TEST_F(IdleReasonsTest, BlamesUnreadableTermsWhenNoMarketIsLeft) {
  facts.markets_unreadable = {{"fee", 9}, {"slug", 1}};
  facts.markets_active = 2;
  EXPECT_THAT(reasons(), ElementsAre("no strategy sees an opportunity"));
  facts.markets_active = 0;
  EXPECT_THAT(reasons(), ElementsAre(HasSubstr("cannot be read (fee, slug)")));
}

TEST_F(IdleReasonsTest, NamesStrategiesThatCannotTrade) {
  domain::StrategyState stopped = state(kFarm);
  stopped.enabled = false;
  view.set_strategies({state(kArb), stopped});
  view.set_leases({});
  EXPECT_THAT(reasons(),
              ElementsAre("strategy arbitrage has no runner", "strategy spread_farm is stopped"));
  view.set_strategies({stopped});
  EXPECT_THAT(reasons(), ElementsAre("every strategy is stopped"));
}

TEST_F(IdleReasonsTest, NamesTheCommonestDenial) {
  for (std::uint64_t n = 1; n <= 3; ++n) {
    view.apply(
        streamed(90 + n, domain::OrderDenied{order_id(n),
                                             {market_id(1), domain::Outcome::Yes},
                                             Side::Buy,
                                             n == 1 ? domain::DenyReason::QuoteStale
                                                    : domain::DenyReason::InsufficientBalance}));
  }
  EXPECT_THAT(
      reasons(),
      ElementsAre("2 orders were denied in the last minute, most often: insufficient_balance"));
}

}  // namespace
}  // namespace polybot::gateway
