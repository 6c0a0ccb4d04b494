#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

ExchangeSettings broad(std::uint32_t markets, std::int64_t rate, domain::Duration life = 168h) {
  ExchangeSettings settings;
  settings.flow_kind = FlowKind::Broad;
  settings.broad_markets = markets;
  settings.flow.book_changes_per_second = rate;
  settings.flow.long_life = life;
  return settings;
}

struct BroadFlowTest : ::testing::Test {
  static std::map<domain::EventGroupId, std::vector<MarketNo>> events_of(const Venue& venue) {
    std::map<domain::EventGroupId, std::vector<MarketNo>> events;
    for (const MarketNo number : venue.exchange.engine().markets()) {
      if (venue.exchange.engine().is_open(number))
        events[venue.exchange.engine().listing(number)->market.event].push_back(number);
    }
    return events;
  }
  static std::size_t changes_in(Venue& venue, domain::Duration span) {
    venue.advance(span);
    std::size_t levels = 0;
    for (const MarketOutput& output : venue.out.market) {
      if (const auto* changed = std::get_if<BookChanged>(&output))
        levels += changed->changes.size();
    }
    return levels;
  }
};

TEST_F(BroadFlowTest, ListsSoManyMarketsHalfOfThemInEvents) {
  for (const std::uint32_t markets : {1U, 2U, 50U, 777U, 3'000U}) {
    const Venue venue(broad(markets, 0));
    std::size_t all = 0;
    std::size_t in_events = 0;
    std::set<std::size_t> sizes;
    for (const auto& [event, outcomes] : events_of(venue)) {
      all += outcomes.size();
      if (outcomes.size() > 1) in_events += outcomes.size();
      sizes.insert(outcomes.size());
      const domain::Market& first = venue.exchange.engine().listing(outcomes.front())->market;
      EXPECT_EQ(first.neg_risk, outcomes.size() > 1);
      EXPECT_EQ(first.event_market_count, outcomes.size());
    }
    EXPECT_EQ(all, markets);
    if (markets < 777) continue;
    EXPECT_NEAR(static_cast<double>(in_events), markets / 2.0, 51.0);
    EXPECT_TRUE(sizes.contains(2));
    EXPECT_EQ(*sizes.rbegin(), 100U);
  }
}

// Neither buying nor selling every outcome of an event pays.
TEST_F(BroadFlowTest, OffersNoEventForLessOrMoreThanItPays) {
  Venue venue(broad(777, 500));
  venue.advance(20s);
  for (const auto& [event, outcomes] : events_of(venue)) {
    if (outcomes.size() == 1) continue;
    Price asks;
    Price bids;
    bool all_offered = true;
    for (const MarketNo number : outcomes) {
      const auto ask = venue.exchange.engine().best(number, BookSide::Ask);
      const auto bid = venue.exchange.engine().best(number, BookSide::Bid);
      all_offered = all_offered && ask;
      if (ask) asks += ask->price;
      if (bid) bids += bid->price;
      if (ask && bid) {
        EXPECT_LT(bid->price, ask->price);
      }
    }
    if (all_offered) {
      EXPECT_GE(asks, domain::kPriceOne);
    }
    EXPECT_LE(bids, domain::kPriceOne);
  }
}

TEST_F(BroadFlowTest, ChangesAsManyLevelsAsItIsTold) {
  Venue still(broad(300, 0));
  EXPECT_EQ(changes_in(still, 1h), 0U);
  EXPECT_GT(*still.exchange.next_due(), still.now) << "nothing keeps the processor busy";
  Venue busy(broad(300, 1'000));
  const std::size_t changes = changes_in(busy, 10s);
  EXPECT_GT(changes, 8'000U);
  EXPECT_LT(changes, 12'000U);
}

TEST_F(BroadFlowTest, RanksEachMarketByItsVolume) {
  const Venue venue(broad(777, 0));
  std::map<std::uint32_t, BroadFlow::Facts> by_rank;
  for (const MarketNo number : venue.exchange.engine().markets()) {
    const auto facts = venue.exchange.broad_flow().facts(number);
    ASSERT_TRUE(facts);
    EXPECT_FALSE(facts->category.empty());
    by_rank.emplace(facts->rank, *facts);
  }
  EXPECT_EQ(by_rank.size(), 777U);
  EXPECT_EQ(by_rank.rbegin()->first, 776U);
  for (std::uint32_t rank = 1; rank < 777; ++rank) {
    EXPECT_LT(by_rank.at(rank).volume_24h, by_rank.at(rank - 1).volume_24h);
    EXPECT_LT(by_rank.at(rank).liquidity, by_rank.at(rank - 1).liquidity);
  }
}

TEST_F(BroadFlowTest, SucceedsAnEventThatEnds) {
  Venue venue(broad(50, 100, 1min));
  const auto first = events_of(venue);
  venue.advance(10min);
  const auto later = events_of(venue);
  EXPECT_EQ(later.size(), first.size());
  std::set<std::uint32_t> ranks;
  for (const auto& [event, outcomes] : later) {
    EXPECT_FALSE(first.contains(event));
    for (const MarketNo number : outcomes)
      ranks.insert(venue.exchange.broad_flow().facts(number)->rank);
  }
  EXPECT_EQ(ranks.size(), 50U);
  // Of each event that has paid exactly one outcome has.
  std::map<domain::EventGroupId, int> winners;
  for (const MarketNo number : venue.exchange.engine().markets()) {
    const domain::Market& market = venue.exchange.engine().listing(number)->market;
    if (market.status == domain::MarketStatus::Resolved && market.neg_risk)
      winners[market.event] += market.payout.yes == domain::kPriceOne ? 1 : 0;
  }
  EXPECT_FALSE(winners.empty());
  for (const auto& [event, count] : winners) EXPECT_EQ(count, 1);
}

TEST_F(BroadFlowTest, GoesOnFromItsStateAsIfNothingHadHappened) {
  const ExchangeSettings settings = broad(120, 400, 1min);
  Venue whole(settings);
  Venue cut(settings);
  whole.advance(90s);
  cut.advance(45s);
  const std::string state = cut.exchange.save();
  Outputs out;
  Exchange again(settings, kStart, out);
  ASSERT_TRUE(again.load(state));
  again.on(AdvanceTime{}, kStart + 90s, out);
  EXPECT_EQ(again.save(), whole.exchange.save());
}

TEST_F(BroadFlowTest, RefusesADamagedState) {
  const ExchangeSettings settings = broad(50, 100);
  Venue venue(settings);
  venue.advance(5s);
  const std::string state = venue.exchange.save();
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    std::string damaged = state;
    // Its own state is the last of it.
    const auto at =
        static_cast<std::size_t>(random.between(static_cast<std::int64_t>(state.size() * 9 / 10),
                                                static_cast<std::int64_t>(state.size()) - 1));
    damaged[at] = static_cast<char>(random.next());
    Outputs out;
    Exchange again(settings, kStart, out);
    static_cast<void>(again.load(damaged));  // it may be readable, but it is never followed blindly
    ASSERT_FALSE(again.load(std::string_view(damaged).substr(0, at)));
  }
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
