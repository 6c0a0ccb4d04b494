// What wakes a scan, and what does not.
#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::Side;

std::uint64_t scans_of(World& world) {
  return world.runner().status(0, world.now()).scans;
}

class EventScansTest : public testing::Test {
 protected:
  static constexpr int kMarkets = 10;
  World world{"arbitrage"};

  void SetUp() override {
    world.start();
    for (int n = 1; n <= kMarkets; ++n) world.define(make_market(n, 1, kMarkets));
    books();
  }
  // Ten outcomes at 0.12: neither side pays.
  void books() {
    for (int n = 1; n <= kMarkets; ++n) world.book(n, {level(8, 100)}, {level(12, 100)});
  }
  void quiet_seconds(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      world.advance(1s);
      books();
    }
  }
  // The next books are those of before.
  std::uint64_t scans_by(const std::function<void()>& change) {
    const std::uint64_t before = scans_of(world);
    change();
    return scans_of(world) - before;
  }
};

TEST_F(EventScansTest, NoneForBooksThatAreHeardUnchanged) {
  EXPECT_EQ(scans_by([&] { quiet_seconds(30); }), 0U);
}

TEST_F(EventScansTest, OneAMinuteInAQuietEvent) {
  EXPECT_EQ(scans_by([&] { quiet_seconds(179); }), 2U);
}

TEST_F(EventScansTest, OneAMinuteInAnEventThatIsOnlyVouchedFor) {
  const auto vouch = [&](std::vector<domain::MarketId> except = {}) {
    world.on(BooksVouched{world.origin(), {.as_of = world.now(), .except = std::move(except)}});
  };
  EXPECT_EQ(scans_by([&] {
              for (int i = 0; i < 125; ++i) {
                world.advance(1s);
                vouch();
              }
            }),
            2U);
  // A book that has become too old is another book, and so is one that is young again.
  EXPECT_EQ(scans_by([&] {
              for (int i = 0; i < 4; ++i) {
                world.advance(1s);
                vouch({market_id(3)});
              }
            }),
            1U);
  EXPECT_EQ(scans_by([&] { vouch(); }), 1U);
}

TEST_F(EventScansTest, OneForAChangeOfOneMarket) {
  EXPECT_EQ(scans_by([&] {
              world.book(3, {level(8, 90)}, {level(12, 100)});
              books();
            }),
            2U);  // there, and back
}

TEST_F(EventScansTest, OneForAllMarketsThatChangeTogether) {
  Outputs out;
  for (int n = 1; n <= kMarkets; ++n) {
    world.runner().on(BookLoaded{world.origin(),
                                 {.market = market_id(n),
                                  .bids = {level(7, 10)},
                                  .asks = {level(13, 10)},
                                  .stamped_at = world.now()}},
                      world.now(), out);
  }
  int scans = 0;
  while (world.runner().scan_next(world.now(), out)) ++scans;
  EXPECT_EQ(scans, 1);
}

TEST_F(EventScansTest, OneWhenAnOrderEventTouchesTheEvent) {
  EXPECT_EQ(scans_by([&] {
              world.hold(4, shares(10), {}, usd(1));
              quiet_seconds(5);
            }),
            2U);  // the event itself, and the books that are heard after it
}

TEST_F(EventScansTest, NoneForAnOrderEventElsewhere) {
  world.define(make_market(50, 2, 1));
  EXPECT_EQ(scans_by([&] {
              world.hold(50, shares(10), {}, usd(1));
              quiet_seconds(5);
            }),
            world.shard() == domain::shard_of(event_id(2)) ? 1U : 0U);
}

TEST_F(EventScansTest, OneWhenTheTradingStateChanges) {
  EXPECT_EQ(scans_by([&] {
              world.enable(true, domain::TradingState::Reducing);
              quiet_seconds(5);
            }),
            1U);
}

TEST_F(EventScansTest, OneWhenTheLeaseEndsAndOneWhenItIsBack) {
  world.lease_all(2s);
  EXPECT_EQ(scans_by([&] { quiet_seconds(5); }), 1U);
  world.lease_all(1h);
  EXPECT_EQ(scans_by([&] { quiet_seconds(5); }), 1U);
}

TEST_F(EventScansTest, OneWhenTheStateOfItsOrdersIsRestored) {
  EXPECT_EQ(scans_by([&] {
              world.on(OrdersRestored{World::kName, world.seq(), {}});
              quiet_seconds(5);
            }),
            1U);
}

TEST_F(EventScansTest, OneWhenADefinitionChanges) {
  domain::Market market = make_market(2, 1, kMarkets);
  EXPECT_EQ(scans_by([&] {
              world.define(market);
              quiet_seconds(2);
            }),
            0U);
  market.fee.rate_ppm = 10'000;
  EXPECT_EQ(scans_by([&] {
              world.define(market);
              quiet_seconds(2);
            }),
            1U);
}

// A basket of which an own order is in the way is wanted until it can be sent.
TEST_F(EventScansTest, EachBookWhileSomethingIsHeldBack) {
  world.event(domain::OrderSubmitted{{.id = {{1, 1}, 0},
                                      .venue_id = {},
                                      .strategy = World::kName,
                                      .event = event_id(1),
                                      .instrument = {market_id(3), domain::Outcome::Yes},
                                      .side = Side::Sell,
                                      .limit = cents(9),
                                      .quantity = shares(10),
                                      .purpose = domain::OrderPurpose::Quote}},
              std::nullopt, domain::OrderStatus::Accepted);
  const auto cheap_books = [&] {
    for (int n = 1; n <= kMarkets; ++n) world.book(n, {level(3, 100)}, {level(9, 100)});
  };
  cheap_books();
  EXPECT_TRUE(world.signals().empty());
  EXPECT_GE(scans_by(cheap_books), 1U);
}

class WakeTest : public testing::Test {
 protected:
  World world{"arbitrage"};
  // The NO of market 1 is the cheapest and worth too little: no basket is possible with it.
  void obstructed(const std::function<void(domain::Market&)>& change = [](domain::Market&) {}) {
    world.start();
    for (int n = 1; n <= 3; ++n) {
      domain::Market market = make_market(n, 1, 5);
      if (n == 1) change(market);
      world.define(market);
    }
    obstacle();
    others();
    EXPECT_TRUE(world.signals().empty());
  }
  void obstacle() { world.book(1, {{domain::Price::from_raw(9'950), shares(100)}}, {}); }
  void others() {
    for (const int n : {2, 3}) world.book(n, {level(55, 100)}, {level(57, 100)});
  }
};

TEST_F(WakeTest, ATrustedBookThatAges) {
  obstructed();
  for (int i = 0; i < 3; ++i) {
    world.advance(1s);
    others();
    EXPECT_TRUE(world.signals().empty());
  }
  world.advance(100ms);
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(WakeTest, TheEndOfAMarketThatComesNear) {
  obstructed([&](domain::Market& market) { market.ends_at = world.now() + 40s; });
  for (int i = 0; i < 10; ++i) {
    world.advance(1s);
    obstacle();
    others();
    EXPECT_TRUE(world.signals().empty()) << i;
  }
  world.advance(1s);
  obstacle();
  others();
  EXPECT_EQ(world.signals().size(), 1U);
}

TEST_F(WakeTest, AMarketThatIsForgotten) {
  obstructed();
  for (int i = 0; i < 310; ++i) {
    world.advance(1s);
    for (const int n : {2, 3}) world.define(make_market(n, 1, 5));
    // The book goes on, the definition does not.
    obstacle();
    others();
    if (!world.signals().empty()) {
      EXPECT_GE(i, 298);
      return;
    }
  }
  ADD_FAILURE() << "the market was forgotten, and nothing looked again";
}

TEST_F(WakeTest, ABookThatWasTooOldAndIsVouchedForAgain) {
  world.start();
  for (int n = 1; n <= 2; ++n) world.define(make_market(n, 1, 2));
  world.book(1, {level(40, 100)}, {level(45, 100)});
  world.advance(4s);
  world.book(2, {level(40, 100)}, {level(45, 100)});
  EXPECT_TRUE(world.signals().empty());
  world.book(1, {level(40, 100)}, {level(45, 100)});
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0].oldest_book_at, world.now());
}

TEST_F(WakeTest, NoBookIsOldThatIsHeardUnchanged) {
  world.start();
  for (int n = 1; n <= 2; ++n) world.define(make_market(n, 1, 2));
  for (int i = 0; i < 10; ++i) {
    world.advance(1s);
    world.book(1, {level(40, 100)}, {level(45, 100)});
    world.book(2, {level(40, 100)}, {level(60, 100)});
  }
  world.book(2, {level(40, 100)}, {level(45, 100)});
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0].oldest_book_at, world.now());
}

TEST_F(WakeTest, TheRateOfTheStrategyAllowsMore) {
  DeskSettings desk;
  desk.signals_per_second_max = 1;
  World paced{"arbitrage", {}, desk};
  paced.start();
  const auto books = [&] {
    for (int n = 1; n <= 4; ++n) paced.book(n, {level(40, 100)}, {level(45, 100)});
  };
  for (int n = 1; n <= 4; ++n) paced.define(make_market(n, n <= 2 ? 1 : 2, 2));
  books();
  EXPECT_EQ(paced.signals().size(), 1U);
  paced.advance(100ms);
  books();
  EXPECT_TRUE(paced.signals().empty());
  paced.advance(1s);
  static_cast<void>(paced.signals());  // the first again
  books();
  EXPECT_EQ(paced.signals().size(), 1U);
}

// ---- strategies that decide market by market

class DueTest : public testing::Test {
 protected:
  static void quiet(World& world, int markets, domain::Duration span, domain::Duration step) {
    for (domain::Duration passed{}; passed < span; passed += step) {
      world.advance(step);
      if ((passed + step) % domain::Duration(1s) != domain::Duration{}) continue;
      for (int n = 1; n <= markets; ++n) world.book(n, {level(46, 500)}, {level(54, 500)});
    }
  }
  static void settle(World& world, int markets) {
    world.start();
    for (int n = 1; n <= markets; ++n) world.define(make_market(n, 1, markets));
    quiet(world, markets, 2s, 100ms);
    for (const domain::Signal& signal : world.signals())
      world.event(domain::SignalAccepted{signal.id, signal.action});
    quiet(world, markets, 2s, 100ms);
    static_cast<void>(world.signals());
  }
};

TEST_F(DueTest, MarketsAtRestCostNothing) {
  const auto evaluations = [](int markets) {
    World world{"spread_farm"};
    settle(world, markets);
    const int before = world.scans();
    quiet(world, markets, 5s, 100ms);
    return world.scans() - before;
  };
  EXPECT_EQ(evaluations(40), evaluations(1));
}

TEST_F(DueTest, AQuoteIsRefreshedInTime) {
  World world{"spread_farm"};
  settle(world, 1);
  quiet(world, 1, 25s, 100ms);
  EXPECT_TRUE(world.signals().empty());
  quiet(world, 1, 3s, 100ms);
  const auto signals = world.signals();
  ASSERT_FALSE(signals.empty());
  EXPECT_EQ(signals[0].action, domain::SignalAction::Quote);
  EXPECT_EQ(signals.back().id, signals[0].id) << "what follows are repetitions";
}

TEST_F(DueTest, AQuoteFollowsTheInventoryAtOnce) {
  World world{"spread_farm"};
  settle(world, 1);
  world.hold(1, shares(90), {}, usd(40));
  world.advance(100ms);
  const auto signals = world.signals();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(target_of(signals[0]).bid->quantity, shares(10));
}

TEST_F(DueTest, AQuoteNarrowsWhileTheMarketCalms) {
  World world{"spread_farm", {{"volatility_weight", "4"}}};
  settle(world, 1);
  for (const std::int64_t shift : {4, 0, 4, 0}) {
    world.book(1, {level(46 + shift, 500)}, {level(54 + shift, 500)});
    world.advance(600ms);
  }
  const auto wide = world.signals();
  ASSERT_FALSE(wide.empty());
  quiet(world, 1, 2min, 100ms);
  const auto calm = world.signals();
  ASSERT_GT(calm.size(), 4U);
  const auto width = [](const domain::Signal& signal) {
    return target_of(signal).ask->price - target_of(signal).bid->price;
  };
  EXPECT_LT(width(calm.back()), width(wide.back()));
}

TEST_F(DueTest, AMarketNearItsEndIsOnlyReducedAndThenLeft) {
  World world{"spread_farm"};
  world.start();
  domain::Market market = make_market(1, 1, 1);
  market.ends_at = world.now() + 62s;
  world.define(market);
  world.hold(1, shares(40), {}, usd(20));
  quiet(world, 1, 1s, 100ms);
  ASSERT_EQ(world.signals().size(), 1U);
  const auto left = [&] { return market.ends_at - world.now(); };
  while (left() > 60s) quiet(world, 1, 100ms, 100ms);
  quiet(world, 1, 100ms, 100ms);
  const auto reducing = world.signals();
  ASSERT_FALSE(reducing.empty());
  EXPECT_FALSE(target_of(reducing.back()).bid);
  while (left() > 14s) {
    quiet(world, 1, 1s, 100ms);
    for (const domain::Signal& signal : world.signals()) {
      if (signal.action == domain::SignalAction::Exit) {
        EXPECT_LE(left(), 15s);
        return;
      }
    }
  }
  ADD_FAILURE() << "what is left was not sold";
}

TEST_F(DueTest, QuotesReturnWhenThePauseIsOver) {
  World world{"spread_farm"};
  settle(world, 1);
  world.trade(1, Side::Buy, 54, 400);
  ASSERT_EQ(world.signals().size(), 1U);
  quiet(world, 1, 2500ms, 100ms);
  for (const domain::Signal& signal : world.signals())
    EXPECT_EQ(signal.action, domain::SignalAction::Cancel);
  quiet(world, 1, 1s, 100ms);
  EXPECT_EQ(world.signals().back().action, domain::SignalAction::Quote);
}

TEST_F(DueTest, AFlowBecomesATrendWhenWhatSpokeAgainstItEnds) {
  World world{"momentum"};
  world.start();
  world.define(make_market(1, 1, 1));
  const auto book = [&](std::int64_t bid) {
    world.book(1, {level(bid, 500)}, {level(bid + 2, 500)});
  };
  book(48);
  world.trade(1, Side::Sell, 48, 60);
  for (int i = 0; i < 20; ++i) {
    world.advance(100ms);
    if (i % 10 == 9) book(48);
  }
  for (int i = 0; i < 3; ++i) world.trade(1, Side::Buy, 50, 30);
  for (int i = 0; i < 60; ++i) {
    if (i % 10 == 9) book(i == 9 ? 49 : 50);
    world.advance(100ms);
    if (i == 59) break;
    EXPECT_TRUE(world.signals().empty()) << i;
  }
  world.advance(100ms);
  EXPECT_EQ(world.signals().size(), 1U);
}

}  // namespace
}  // namespace polybot::strategy_runner
