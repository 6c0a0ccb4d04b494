#include "services/strategy-runner/core/signal_desk.hpp"

#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

class SignalDeskTest : public testing::Test {
 protected:
  SignalDeskTest() {
    for (int n = 1; n <= 3; ++n) {
      markets.define(make_market(n, n == 3 ? 2 : 1, 2), now);
      markets.load({.market = market_id(n),
                    .bids = {level(40, 100)},
                    .asks = {level(45, 100)},
                    .stamped_at = now});
    }
  }
  domain::Leg leg(int market, std::int64_t price_cents = 45, std::int64_t quantity = 10) {
    return {{market_id(market), domain::Outcome::Yes},
            domain::Side::Buy,
            cents(price_cents),
            shares(quantity)};
  }
  std::optional<domain::SignalId> take(std::vector<domain::Leg> legs) {
    return desk.emit({domain::SignalAction::Buy, std::move(legs)}, {.now = now}, out);
  }
  std::optional<domain::SignalId> quote(int market, std::optional<domain::Level> bid,
                                        std::optional<domain::Level> ask) {
    const auto action = bid || ask ? domain::SignalAction::Quote : domain::SignalAction::Cancel;
    return desk.emit({action, domain::QuoteTarget{market_id(market), bid, ask}}, {.now = now}, out);
  }
  void answer(domain::EventBody body) {
    domain::StreamedEvent streamed;
    streamed.event.body = std::move(body);
    desk.on_order_event(streamed, now);
  }

  domain::Timestamp now = domain::from_unix_ms(1'000'000);
  MarketTable markets{std::chrono::seconds(3)};
  SignalIds ids{9};
  SignalDesk desk{{.strategy = {"s"}, .signals_per_second_max = 5}, markets, ids};
  std::vector<domain::Signal> out;
};

TEST_F(SignalDeskTest, RefusesWhatIsMalformed) {
  EXPECT_FALSE(take({}));
  EXPECT_FALSE(take({leg(1), leg(3)}));  // two events
  EXPECT_FALSE(take({leg(1), leg(1)}));  // one instrument twice
  EXPECT_FALSE(take({leg(1, 45, 0)}));
  EXPECT_FALSE(take({leg(1, 100)}));
  EXPECT_FALSE(quote(1, level(45, 10), level(44, 10)));  // crosses itself
  EXPECT_EQ(desk.refused(Refusal::Malformed), 6U);
  EXPECT_TRUE(out.empty());
}

TEST_F(SignalDeskTest, RefusesToDecideWithoutABook) {
  markets.mark_stale(market_id(2));
  EXPECT_FALSE(take({leg(1), leg(2)}));
  EXPECT_EQ(desk.refused(Refusal::NoBook), 1U);
  EXPECT_TRUE(quote(2, std::nullopt, std::nullopt));  // withdrawing is always right
}

TEST_F(SignalDeskTest, LetsTheMutedWithdrawAndDoNothingElse) {
  const SignalDesk::Stamp muted{.lease_epoch = {1, 4}, .applied_seq = 7, .now = now, .muted = true};
  const domain::QuoteTarget target{market_id(1), level(41, 10), level(44, 10)};
  EXPECT_FALSE(desk.emit({domain::SignalAction::Quote, target}, muted, out));
  EXPECT_FALSE(desk.emit({domain::SignalAction::Buy, std::vector{leg(1)}}, muted, out));
  EXPECT_EQ(desk.refused(Refusal::Muted), 2U);
  const domain::QuoteTarget nothing{market_id(1), std::nullopt, std::nullopt};
  ASSERT_TRUE(desk.emit({domain::SignalAction::Cancel, nothing}, muted, out));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].lease_epoch, (domain::LeaseEpoch{1, 4}));
  EXPECT_EQ(out[0].applied_seq, 7U);
  EXPECT_GT(out[0].expires_at, now);
  // An unknown market has nothing to withdraw.
  const domain::QuoteTarget unknown{market_id(9), std::nullopt, std::nullopt};
  EXPECT_FALSE(desk.emit({domain::SignalAction::Cancel, unknown}, muted, out));
}

TEST_F(SignalDeskTest, KeepsAMarketBusyUntilTheAnswer) {
  const auto id = take({leg(1)});
  ASSERT_TRUE(id);
  EXPECT_TRUE(desk.busy(market_id(1), now));
  EXPECT_FALSE(take({leg(1)}));
  answer(domain::SignalAccepted{*id, domain::SignalAction::Buy});
  EXPECT_TRUE(desk.busy(market_id(1), now));  // its order is still to come
  answer(domain::OrderSubmitted{{.id = {*id, 0}}});
  EXPECT_FALSE(desk.busy(market_id(1), now));
}

TEST_F(SignalDeskTest, DoesNotWaitForEverForTheOrdersOfAnAcceptedSignal) {
  const auto id = take({leg(1)});
  answer(domain::SignalAccepted{*id, domain::SignalAction::Buy});
  out.clear();
  now += 3s;
  desk.repeat(now, out);
  EXPECT_FALSE(desk.busy(market_id(1), now));
  EXPECT_TRUE(out.empty());
}

TEST_F(SignalDeskTest, WaitsLongerAfterEachDenial) {
  domain::Duration waited{};
  for (const auto expected : {500ms, 1'000ms, 2'000ms}) {
    const auto id = take({leg(1)});
    ASSERT_TRUE(id);
    answer(domain::SignalDenied{*id, domain::DenyReason::InsufficientBalance, 1, 0});
    waited = expected;
    now += waited - 1ms;
    EXPECT_TRUE(desk.busy(market_id(1), now));
    now += 1ms;
    EXPECT_FALSE(desk.busy(market_id(1), now));
    markets.load({.market = market_id(1),
                  .bids = {level(40, 100)},
                  .asks = {level(45, 100)},
                  .stamped_at = now});
  }
}

TEST_F(SignalDeskTest, ANewTargetReplacesThePendingOne) {
  ASSERT_TRUE(quote(1, level(41, 10), level(44, 10)));
  const auto second = quote(1, level(42, 10), level(44, 10));
  out.clear();
  now += 1s;
  desk.repeat(now, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].id, *second);
}

TEST_F(SignalDeskTest, PacesTheStrategy) {
  int sent = 0;
  for (int i = 0; i < 20; ++i) sent += quote(1, level(41, 10 + i), std::nullopt) ? 1 : 0;
  EXPECT_EQ(sent, 5);
  EXPECT_EQ(desk.refused(Refusal::Paced), 15U);
  EXPECT_TRUE(quote(1, std::nullopt, std::nullopt));  // a withdrawal never waits
  now += 400ms;
  sent = 0;
  for (int i = 0; i < 20; ++i) sent += quote(1, level(41, 10 + i), std::nullopt) ? 1 : 0;
  EXPECT_EQ(sent, 2);
}

TEST_F(SignalDeskTest, CountsEmissionsNotRepetitions) {
  ASSERT_TRUE(take({leg(1)}));
  ASSERT_TRUE(quote(2, level(41, 10), std::nullopt));
  now += 1s;
  desk.repeat(now, out);
  EXPECT_EQ(out.size(), 4U);
  EXPECT_EQ(desk.emitted(domain::SignalAction::Buy), 1U);
  EXPECT_EQ(desk.emitted(domain::SignalAction::Quote), 1U);
}

TEST_F(SignalDeskTest, NeverReusesAnId) {
  const auto first = take({leg(1)});
  const auto second = take({leg(2)});
  EXPECT_LT(*first, *second);
  EXPECT_EQ(first->incarnation, 9U);
}

}  // namespace
}  // namespace polybot::strategy_runner
