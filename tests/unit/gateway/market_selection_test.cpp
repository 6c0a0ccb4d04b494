#include "services/gateway/core/market_selection.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {
namespace {

using domain::Market;
using domain::Money;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

Listing listing(int n, std::int64_t volume) {
  Listing one{make_market(n, n), {}};
  one.facts.volume_24h = Money::from_units(volume);
  one.facts.liquidity = Money::from_units(1000 - volume);
  return one;
}

Verdict judged(const Listing& one, const SelectionSettings& settings,
               Incumbency incumbency = Incumbency::Newcomer) {
  return judge(one.market, one.facts, incumbency, settings, at(0));
}

TEST(MarketSelection, ChoosesEverythingUnlessToldOtherwise) {
  EXPECT_EQ(judged({make_market(1), {}}, {}), Verdict::Ranked);
}

TEST(MarketSelection, ChoosesByAnyOfItsListsAndExcludesFirst) {
  Listing one = listing(1, 100);
  one.market.slug = "btc-updown-5m-1";
  one.facts.tags = {"Crypto", "up-or-down"};
  one.facts.category = "Finance";
  SelectionSettings settings;
  settings.only.tags = {"politics"};
  EXPECT_EQ(judged(one, settings), Verdict::InNoList);
  settings.only.tags = {"crypto"};
  EXPECT_EQ(judged(one, settings), Verdict::Ranked);
  settings.only.tags = {};
  settings.only.categories = {"finance"};
  EXPECT_EQ(judged(one, settings), Verdict::Ranked);
  settings.only.slugs = {"btc-*"};
  EXPECT_EQ(judged(one, settings), Verdict::Named);
  settings.exclude.events = {one.market.event_slug};
  EXPECT_EQ(judged(one, settings), Verdict::Excluded);
  settings.exclude.events = {one.market.event_slug + "-more"};
  EXPECT_EQ(judged(one, settings), Verdict::Named);
}

TEST(MarketSelection, SaysWhichWordLetAMarketIn) {
  Listing one = listing(1, 100);
  one.market.slug = "btc-updown-5m-1";
  one.facts.tags = {"Crypto", "up-or-down"};
  one.facts.category = "Finance";
  SelectionSettings settings;
  const auto why = [&](Verdict verdict) {
    return explain(reason_of(one.market, one.facts, verdict, settings), one.facts, settings.rank,
                   7);
  };
  EXPECT_EQ(why(Verdict::Ranked), "number 7 by volume of 24 hours, 100 pUSD");
  settings.only.categories = {"sports", "finance"};
  EXPECT_THAT(why(Verdict::Ranked), StartsWith("its category is in markets.categories (finance);"));
  settings.only.tags = {"up-*"};
  settings.rank = MarketRank::Liquidity;
  EXPECT_EQ(why(Verdict::Ranked),
            "its tag is in markets.tags (up-*); number 7 by liquidity, 900 pUSD");
  settings.only.events = {one.market.event_slug};
  EXPECT_EQ(reason_of(one.market, one.facts, Verdict::Named, settings).by, ChosenBy::Event);
  settings.only.slugs = {"btc-*"};
  EXPECT_EQ(reason_of(one.market, one.facts, Verdict::Named, settings).word, "btc-*");
  EXPECT_EQ(why(Verdict::Pinned), explain(Verdict::Pinned));
  EXPECT_EQ(explain(Reason{}, {}, MarketRank::Liquidity, 2),
            "number 2 by liquidity, which the venue does not say");
}

TEST(MarketSelection, HoldsAMarketToItsMinimumsUnlessItIsNamed) {
  SelectionSettings settings;
  settings.volume_24h_min = Money::from_units(100);
  EXPECT_EQ(judged({make_market(1), {}}, settings), Verdict::VolumeUnknown);
  EXPECT_EQ(judged(listing(1, 95), settings), Verdict::VolumeLow);
  EXPECT_EQ(judged(listing(1, 100), settings), Verdict::Ranked);
  EXPECT_EQ(judged(listing(1, 95), settings, Incumbency::Kept), Verdict::Ranked);
  EXPECT_EQ(judged(listing(1, 89), settings, Incumbency::Kept), Verdict::VolumeLow);
  settings.liquidity_min = Money::from_units(901);
  EXPECT_EQ(judged(listing(1, 100), settings), Verdict::LiquidityLow);
  settings.only.slugs = {listing(1, 0).market.slug};
  EXPECT_EQ(judged(listing(1, 0), settings), Verdict::Named);
}

TEST(MarketSelection, LooksAtTheTimeToTheEndWhenAsked) {
  Listing one = listing(1, 100);
  SelectionSettings settings;
  settings.ends_in_min = 1h;
  EXPECT_EQ(judged(one, settings), Verdict::EndUnknown);
  one.market.ends_at = at(0) + 59min;
  EXPECT_EQ(judged(one, settings), Verdict::EndsTooSoon);
  one.market.ends_at = at(0) + 61min;
  EXPECT_EQ(judged(one, settings), Verdict::Ranked);
  settings.ends_in_max = 1h;
  EXPECT_EQ(judged(one, settings), Verdict::EndsTooLate);
}

TEST(MarketSelection, TakesPinnedThenNamedThenTheBest) {
  std::vector<Listing> all;
  for (int n = 1; n <= 5; ++n) all.push_back(listing(n, 10 * n));
  std::vector<Contender> contenders;
  for (const Listing& one : all)
    contenders.push_back({&one.market, Verdict::Ranked, rank_of(one.facts, MarketRank::Volume)});
  contenders[0].verdict = Verdict::Named;
  contenders[1].verdict = Verdict::Pinned;
  EXPECT_THAT(compete(contenders, 3),
              ElementsAre(Verdict::Named, Verdict::Pinned, Verdict::Outranked, Verdict::Outranked,
                          Verdict::Ranked));
  EXPECT_EQ(compete(contenders, 0)[1], Verdict::Pinned);
}

std::vector<Listing> neg_risk_event(int first, int count, int event, std::int64_t best) {
  std::vector<Listing> result;
  for (int n = 0; n < count; ++n) {
    Listing one = listing(first + n, n == 0 ? best : 1);
    one.market.event = event_id(event);
    one.market.neg_risk = true;
    result.push_back(one);
  }
  return result;
}

TEST(MarketSelection, TakesOrLeavesANegRiskEventWhole) {
  std::vector<Listing> all = neg_risk_event(1, 3, 90, 100);
  for (const Listing& one : neg_risk_event(10, 3, 91, 80)) all.push_back(one);
  all.push_back(listing(20, 50));
  all.push_back(listing(21, 40));
  SelectionSettings settings;
  settings.books_max = 5;
  using enum Verdict;
  EXPECT_THAT(choose_of(all, settings, at(0)),
              ElementsAre(Ranked, Ranked, Ranked, EventTooLarge, EventTooLarge, EventTooLarge,
                          Ranked, Ranked));
  settings.books_max = 2;  // no event fits: its best markets are better than none
  EXPECT_THAT(choose_of(all, settings, at(0)),
              ElementsAre(Ranked, Ranked, EventTooLarge, Outranked, Outranked, Outranked, Outranked,
                          Outranked));
}

// The rule as it is written down: all groups in order, each whole or not at all.
std::vector<Verdict> compete_by_sorting(const std::vector<Contender>& contenders,
                                        std::size_t places) {
  const auto order = [&](std::size_t i) {
    return std::tuple(contenders[i].verdict, -contenders[i].rank, contenders[i].market->id);
  };
  std::map<domain::EventGroupId, std::vector<std::size_t>> events;
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const Market& market = *contenders[i].market;
    if (market.neg_risk) {
      events[market.event].push_back(i);
    } else {
      groups.push_back({i});
    }
  }
  for (const auto& [event, members] : events) groups.push_back(members);
  for (auto& group : groups)
    std::sort(group.begin(), group.end(), [&](auto a, auto b) { return order(a) < order(b); });
  std::sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) {
    const auto key = [&](const auto& group) {
      std::int64_t rank = 0;
      for (const std::size_t i : group) rank = std::max(rank, contenders[i].rank);
      return std::tuple(contenders[group[0]].verdict, -rank, contenders[group[0]].market->id);
    };
    return key(a) < key(b);
  });
  std::vector<Verdict> verdicts(contenders.size(), Verdict::Outranked);
  std::size_t taken = 0;
  for (const auto& group : groups) {
    const std::size_t left = places - std::min(places, taken);
    const bool whole = group.size() <= left || group.size() > places;
    for (std::size_t n = 0; n < group.size(); ++n) {
      const Verdict own = contenders[group[n]].verdict;
      const bool gets_one = own == Verdict::Pinned || (whole && n < left);
      taken += gets_one ? 1 : 0;
      if (gets_one || left > 0) verdicts[group[n]] = gets_one ? own : Verdict::EventTooLarge;
    }
  }
  return verdicts;
}

TEST(MarketSelection, ComparesNoMoreThanItMustAndGivesTheSame) {
  std::mt19937 chance(11);  // NOLINT: the same in every run
  for (int round = 0; round < 300; ++round) {
    std::vector<Listing> all;
    for (int n = 0; n < 60; ++n) {
      all.push_back(listing(n, static_cast<std::int64_t>(chance() % 12)));  // many are equal
      all.back().market.neg_risk = chance() % 2 == 0;
      all.back().market.event = event_id(static_cast<int>(chance() % 12));
    }
    std::vector<Contender> contenders;
    for (const Listing& one : all) {
      const Verdict verdict = chance() % 20 == 0   ? Verdict::Pinned
                              : chance() % 10 == 0 ? Verdict::Named
                                                   : Verdict::Ranked;
      contenders.push_back({&one.market, verdict, rank_of(one.facts, MarketRank::Volume)});
    }
    const std::size_t places = chance() % 70;
    EXPECT_EQ(compete(contenders, places), compete_by_sorting(contenders, places))
        << "round " << round << ", " << places << " places";
  }
}

TEST(MarketSelection, LeavesOutWhatTakesNoOrders) {
  Listing paused = listing(1, 10);
  paused.market.status = MarketStatus::Paused;
  Listing unnamed = listing(2, 10);
  unnamed.market.placeholder = true;
  EXPECT_THAT(choose_of(std::vector{paused, unnamed}, {}, at(0)), Each(Verdict::TakesNoOrders));
}

TEST(MarketSelection, NamesTheWordsThatFitNothing) {
  SelectionSettings settings;
  settings.only.slugs = {"market-1", "market-x"};
  settings.exclude.tags = {"polytics"};
  ListUse use(settings);
  use.see(make_market(1), {});
  EXPECT_THAT(use.unused(), ElementsAre("slugs: market-x", "tags: polytics"));
  EXPECT_THAT(ListUse({}).unused(), IsEmpty());
}

}  // namespace
}  // namespace polybot::gateway
