#include <algorithm>
#include <set>

#include "common/domain/fees.hpp"
#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

ExchangeSettings synthetic(std::uint64_t seed, bool edge = true) {
  ExchangeSettings settings;
  settings.seed = seed;
  settings.flow.edge = edge;
  return settings;
}

// An outside account that does random things for `actions` actions in some ten minutes.
struct RandomTrader {
  Venue& venue;
  AccountId account;
  Random random;
  std::vector<domain::VenueOrderId> placed{};
  std::uint64_t next_id = 1'000'000;

  void act() {
    venue.out.clear();
    if (random.chance(300'000) && !placed.empty()) {
      const auto index =
          static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(placed.size()) - 1));
      venue.on(CancelOrders{account, {placed[index]}});
      return;
    }
    const auto markets = venue.exchange.engine().markets();
    const MarketNo market = markets[static_cast<std::size_t>(
        random.between(0, static_cast<std::int64_t>(markets.size()) - 1))];
    const Listing& listing = *venue.exchange.engine().listing(market);
    NewOrder order;
    order.id = derived_id<domain::VenueOrderId>(5, IdKind::Order, ++next_id);
    const Outcome outcome = random.sign() > 0 ? Outcome::Yes : Outcome::No;
    order.token = domain::token_of(listing.market, outcome);
    order.side = random.chance(600'000) ? Side::Buy : Side::Sell;
    const auto tick = listing.market.tick.raw();
    order.limit = Price::from_raw(tick * random.between(1, 10'000 / tick - 1));
    order.quantity = Quantity::from_raw(10'000 * random.between(1, 5'000));
    order.time_in_force = static_cast<TimeInForce>(random.between(0, 3));
    order.post_only = random.chance(100'000);
    order.expiration_s = domain::to_unix_ms(venue.now) / 1000 + random.between(30, 120);
    venue.on(SubmitOrders{account, {order}});
    if (std::holds_alternative<domain::SubmitAccepted>(venue.out.submits.at(0).outcome)) {
      placed.push_back(order.id);
      if (placed.size() > 50) placed.erase(placed.begin());
    }
  }
};

// Two traders, faults now and then, everything that came out as one string.
std::string run_tape(std::uint64_t seed, int actions, domain::Duration pace, bool edge = true) {
  Venue venue(synthetic(seed, edge));
  std::string tape;
  RandomTrader one{venue, venue.open(1), Random(seed + 1)};
  RandomTrader two{venue, venue.open(2), Random(seed + 2)};
  Random random(seed + 3);
  constexpr std::array kHere = {Fault::Reject,   Fault::LegMiss,       Fault::TradeFailed,
                                Fault::LateFill, Fault::FairValueJump, Fault::VenueDrift};
  for (int i = 0; i < actions; ++i) {
    venue.now += Random(seed + static_cast<std::uint64_t>(i)).between(domain::Duration{}, pace);
    if (random.chance(5'000)) {
      const Fault fault = kHere[static_cast<std::size_t>(random.between(0, 5))];
      venue.on(SetFault{fault, {.probability_ppm = 300'000, .duration = 5s}});
    } else {
      (random.sign() > 0 ? one : two).act();
    }
    append_tape(venue.out, tape);
    if (::testing::Test::HasFatalFailure()) return tape;
  }
  return tape + venue.exchange.save();
}

TEST(Conservation, HoldsUnderAHundredThousandRandomActions) {
  static_cast<void>(run_tape(42, 100'000, 6ms));
}

TEST(Determinism, TheSameSeedAndInputsGiveTheSameTapeByteForByte) {
  EXPECT_EQ(run_tape(7, 5'000, 20ms), run_tape(7, 5'000, 20ms));
  EXPECT_NE(run_tape(7, 200, 20ms), run_tape(8, 200, 20ms));
}

TEST(Determinism, DoesNotDependOnHowFinelyTimeIsCut) {
  Venue coarse(synthetic(3));
  Venue fine(synthetic(3));
  coarse.advance(60s);
  for (int i = 0; i < 6000; ++i) fine.advance(10ms);
  EXPECT_EQ(coarse.exchange.save(), fine.exchange.save());
}

TEST(Determinism, ASavedExchangeGoesOnAsIfNothingHadHappened) {
  Venue venue(synthetic(9));
  RandomTrader trader{venue, venue.open(1), Random(1)};
  for (int i = 0; i < 2'000; ++i) {
    venue.now += 10ms;
    trader.act();
  }
  const std::string state = venue.exchange.save();
  Venue copy(synthetic(9));
  ASSERT_TRUE(copy.exchange.load(state));
  EXPECT_EQ(copy.exchange.save(), state);
  copy.now = venue.now;
  venue.advance(90s);
  copy.advance(90s);
  std::string first;
  std::string second;
  append_tape(venue.out, first);
  append_tape(copy.out, second);
  EXPECT_EQ(first, second);
  EXPECT_EQ(copy.exchange.save(), venue.exchange.save());
}

TEST(Determinism, DamagedStateIsRefused) {
  Venue venue(synthetic(9));
  const std::string state = venue.exchange.save();
  Venue other(synthetic(9));
  EXPECT_FALSE(other.exchange.load(state.substr(0, state.size() / 2)));
}

TEST(World, HasFortyMarketsInFifteenEventsOfEveryKind) {
  Venue venue(synthetic(1));
  std::set<std::string> events;
  std::set<std::string> slugs;
  std::map<std::string, int> sizes;
  int augmented = 0;
  int placeholders = 0;
  for (const MarketNo number : venue.exchange.engine().markets()) {
    const domain::Market& market = venue.exchange.engine().listing(number)->market;
    events.insert(market.event_slug);
    EXPECT_TRUE(slugs.insert(market.slug).second) << market.slug;
    if (market.neg_risk && !market.augmented) ++sizes[market.event_slug];
    augmented += market.augmented ? 1 : 0;
    placeholders += market.placeholder ? 1 : 0;
  }
  EXPECT_GE(slugs.size(), 40U);
  EXPECT_GE(events.size(), 15U);
  EXPECT_GE(sizes.size(), 4U);
  EXPECT_EQ(augmented, 5);
  EXPECT_EQ(placeholders, 1);
}

TEST(World, FiveMinuteMarketsEndResolveAndAreSucceeded) {
  Venue venue(synthetic(1));
  const auto first = venue.exchange.engine().markets();
  venue.advance(45s);
  EXPECT_GE(of_type<MarketClosed>(venue.out.market).size(), 1U);
  EXPECT_GE(of_type<MarketListed>(venue.out.market).size(), 1U);
  std::size_t resolved = 0;
  for (int i = 0; i < 100; ++i) {
    venue.advance(1s);
    for (const auto& event : of_type<MarketResolved>(venue.out.market)) {
      EXPECT_EQ(event.payout.yes + event.payout.no, price("1"));
      ++resolved;
    }
  }
  EXPECT_GE(resolved, 1U);
  EXPECT_GT(venue.exchange.engine().markets().size(), first.size());
}

TEST(World, ShortLivedEventsAreAllSucceededAfterTwoLives) {
  ExchangeSettings settings = synthetic(1);
  settings.flow.long_life = 3min;
  settings.flow.book_changes_per_second = 10;
  Venue venue(settings);
  const auto first = venue.exchange.engine().markets();
  venue.advance(6min);
  const MatchingEngine& engine = venue.exchange.engine();
  for (const MarketNo number : first) {
    EXPECT_FALSE(engine.is_open(number)) << engine.listing(number)->market.slug;
  }
  const auto known = engine.markets();
  const auto open = std::count_if(known.begin(), known.end(),
                                  [&](MarketNo number) { return engine.is_open(number); });
  EXPECT_GE(open, 35);
}

TEST(World, OneMarketPaysOneHalfEach) {
  Venue venue(synthetic(1));
  bool half = false;
  for (int i = 0; i < 300 && !half; ++i) {
    venue.advance(1s);
    for (const auto& event : of_type<MarketResolved>(venue.out.market)) {
      half |= event.payout.yes == price("0.5");
    }
  }
  EXPECT_TRUE(half);
}

TEST(World, DownTimePassesWithoutACrowd) {
  Venue venue(synthetic(1));
  venue.advance(10s);
  const auto steps = venue.exchange.flow().steps();
  venue.now += 2h;
  venue.on(WakeUp{});
  EXPECT_EQ(venue.exchange.flow().steps(), steps);
  EXPECT_TRUE(venue.exchange.flow().running());
  std::size_t open = 0;
  for (const MarketNo number : venue.exchange.engine().markets()) {
    const Listing& listing = *venue.exchange.engine().listing(number);
    if (!venue.exchange.engine().is_open(number)) continue;
    ++open;
    EXPECT_TRUE(venue.exchange.engine().best(number, BookSide::Bid)) << listing.market.slug;
    EXPECT_GT(listing.market.ends_at, venue.now);
  }
  EXPECT_GE(open, 40U);
}

TEST(World, APausedCrowdRestsButMarketsStillEnd) {
  Venue venue(synthetic(1));
  venue.on(SetFlow{false});
  const auto steps = venue.exchange.flow().steps();
  venue.advance(60s);
  EXPECT_EQ(venue.exchange.flow().steps(), steps);
  EXPECT_GE(of_type<MarketClosed>(venue.out.market).size(), 1U);
  venue.on(SetFlow{true});
  venue.advance(1s);
  EXPECT_GT(venue.exchange.flow().steps(), steps);
}

TEST(World, KeepsTheBookUncrossedAndTheActivityNearTheRate) {
  Venue venue(synthetic(1));
  std::size_t changes = 0;
  for (int i = 0; i < 600; ++i) {
    venue.advance(100ms);
    for (const auto& event : of_type<BookChanged>(venue.out.market)) {
      changes += event.changes.size();
      if (event.best_bid && event.best_ask) {
        ASSERT_LT(*event.best_bid, *event.best_ask);
      }
    }
  }
  EXPECT_GT(changes, 100U * 60U);
  EXPECT_LT(changes, 400U * 60U);
}

// What a share of every outcome costs with the taker's fee, per event.
struct Mispricing {
  int buy_all = 0;   // moments at which one YES of each outcome costs less than 1
  int sell_all = 0;  // moments at which one NO of each costs less than k - 1
};
Mispricing count_mispricings(bool edge, bool neg_risk_only) {
  Venue venue(synthetic(5, edge));
  Mispricing found;
  const MatchingEngine& engine = venue.exchange.engine();
  for (int i = 0; i < 1200; ++i) {
    venue.advance(100ms);
    std::map<std::string, std::vector<MarketNo>> events;
    for (const MarketNo number : engine.markets()) {
      const domain::Market& market = engine.listing(number)->market;
      if (market.event_market_count > 1 &&
          (!neg_risk_only || (market.neg_risk && !market.augmented))) {
        events[market.event_slug].push_back(number);
      }
    }
    for (const auto& [slug, markets] : events) {
      Money buy;
      Money sell;
      bool all = true;
      for (const MarketNo number : markets) {
        const auto ask = engine.best(number, BookSide::Ask);
        const auto bid = engine.best(number, BookSide::Bid);
        all &= ask && bid;
        if (!all) break;
        const domain::FeeSchedule fee = engine.listing(number)->market.fee;
        const Quantity one = Quantity::from_units(1);
        const Price no = domain::complement(bid->price);
        buy += Money::from_raw(ask->price.raw() * 100) +
               domain::taker_fee(fee, ask->price, one, domain::Rounding::Up);
        sell +=
            Money::from_raw(no.raw() * 100) + domain::taker_fee(fee, no, one, domain::Rounding::Up);
      }
      if (!all) continue;
      found.buy_all += buy < Money::from_units(1) ? 1 : 0;
      found.sell_all +=
          sell < Money::from_units(static_cast<std::int64_t>(markets.size()) - 1) ? 1 : 0;
    }
  }
  return found;
}

TEST(World, MispricesNegRiskEventsInBothDirections) {
  const Mispricing found = count_mispricings(true, true);
  EXPECT_GT(found.buy_all, 20);
  EXPECT_GT(found.sell_all, 20);
}

TEST(World, WithoutAnEdgeNothingIsMispriced) {
  const Mispricing found = count_mispricings(false, true);
  EXPECT_EQ(found.buy_all, 0);
  EXPECT_EQ(found.sell_all, 0);
}

TEST(World, WithoutAnEdgeThereAreNoNoiseTrades) {
  Venue venue(synthetic(5, false));
  std::size_t trades = 0;
  for (int i = 0; i < 600; ++i) {
    venue.advance(100ms);
    trades += of_type<TradePrinted>(venue.out.market).size();
  }
  EXPECT_EQ(trades, 0U);
}

// Improves the best bid of every market and checks what the fills were worth when they happened.
TEST(World, WithoutAnEdgeAQuoteIsTradedWithOnlyWhenItIsWrong) {
  Venue venue(synthetic(5, false));
  const AccountId alice = venue.open(1, "10000");
  const MatchingEngine& engine = venue.exchange.engine();
  int fills = 0;
  std::int64_t worth = 0;
  for (int i = 0; i < 30'000; ++i) {
    venue.advance(10ms);
    for (const auto& output : of_type<TradeOutput>(venue.out.account)) {
      if (output.trade.status != VenueTradeStatus::Matched) continue;
      const auto place = engine.find_token(output.trade.token);
      const auto fair = venue.exchange.flow().fair_value(place->market);
      if (!fair) continue;
      const bool yes = output.trade.makers.at(0).token == venue.token(place->market, Outcome::Yes);
      const Price paid =
          yes ? output.trade.makers[0].price : domain::complement(output.trade.makers[0].price);
      worth += (*fair - paid).raw();
      ++fills;
    }
    if (i % 500 != 0) continue;
    venue.on(CancelResting{alice, {}, {}});
    for (const MarketNo number : engine.markets()) {
      const auto bid = engine.best(number, BookSide::Bid);
      if (!bid || !engine.is_open(number)) continue;
      const Price better = bid->price + engine.listing(number)->market.tick;
      venue.submit(alice,
                   venue.order(number, Outcome::Yes, Side::Buy, better.to_string().c_str(), "10"));
    }
  }
  EXPECT_GT(fills, 100);
  EXPECT_LT(worth, 0);
}

// The same quotes with an edge: noise traders pay for them.
TEST(World, WithAnEdgeOutsideOrdersAreFilledSoon) {
  Venue venue(synthetic(5));
  const AccountId alice = venue.open(1, "10000");
  const MatchingEngine& engine = venue.exchange.engine();
  int fills = 0;
  for (const MarketNo number : engine.markets()) {
    const auto bid = engine.best(number, BookSide::Bid);
    if (!bid || !engine.is_open(number)) continue;
    const Price better = bid->price + engine.listing(number)->market.tick;
    venue.submit(alice,
                 venue.order(number, Outcome::Yes, Side::Buy, better.to_string().c_str(), "10"));
  }
  for (int i = 0; i < 300; ++i) {
    venue.advance(100ms);
    for (const auto& output : of_type<TradeOutput>(venue.out.account)) {
      if (output.trade.status == VenueTradeStatus::Matched) ++fills;
    }
  }
  EXPECT_GT(fills, 20);
}

TEST(Faults, FairValueJumpsThereAndBack) {
  Venue venue(synthetic(1, false));
  venue.on(SetFlow{false});
  MarketNo market;
  for (const MarketNo number : venue.exchange.engine().markets()) {
    if (venue.exchange.flow().fair_value(number) > price("0.4") && market.value == 0)
      market = number;
  }
  const auto before = *venue.exchange.flow().fair_value(market);
  venue.on(SetFault{Fault::FairValueJump,
                    {.delay = 5s, .market = venue.exchange.engine().listing(market)->market.id}});
  const auto during = *venue.exchange.flow().fair_value(market);
  EXPECT_EQ(during > before ? during - before : before - during, price("0.2"));
  venue.advance(6s);
  EXPECT_EQ(*venue.exchange.flow().fair_value(market), before);
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
