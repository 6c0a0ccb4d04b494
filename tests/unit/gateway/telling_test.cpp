#include "services/gateway/core/telling.hpp"

#include <map>

#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {
namespace {

using std::chrono::milliseconds;
using testing::IsEmpty;
using testing::SizeIs;

TEST(ShardPacer, DealsEachShardOncePerPeriod) {
  ShardPacer pacer(1s);
  EXPECT_THAT(pacer.due(5s), IsEmpty());
  std::map<int, int> dealt;
  std::size_t most_at_once = 0;
  for (int ms = 10; ms <= 3000; ms += 10) {
    const auto due = pacer.due(5s + std::chrono::milliseconds(ms));
    most_at_once = std::max(most_at_once, due.size());
    for (const domain::Shard shard : due) ++dealt[shard.value];
  }
  EXPECT_THAT(dealt, SizeIs(64));
  for (const auto& [shard, times] : dealt) EXPECT_EQ(times, 3) << shard;
  EXPECT_LE(most_at_once, 1U);
}

TEST(ShardPacer, FollowsAPauseWithOneRoundOnly) {
  ShardPacer pacer(1s);
  (void)pacer.due(0s);
  EXPECT_THAT(pacer.due(60s), SizeIs(64));
  EXPECT_THAT(pacer.due(60s), IsEmpty());
}

// How often each shard comes in so much time, in turns of 15 ms.
struct Told {
  std::map<int, int> complete;
  std::map<int, int> vouch;
};
Told tell_for(TellingPlan& plan, domain::Duration from, domain::Duration span) {
  Told told;
  for (domain::Duration at = from; at < from + span; at += milliseconds(15)) {
    const TellingPlan::Due due = plan.due(at);
    for (const domain::Shard shard : due.complete) ++told.complete[shard.value];
    for (const domain::Shard shard : due.vouch) ++told.vouch[shard.value];
  }
  return told;
}

TEST(TellingPlan, TellsFewMarketsEverySecondAndManyAtTheSamePace) {
  for (const auto& [markets, period] :
       std::map<std::size_t, int>{{0, 1}, {500, 1}, {2'000, 4}, {10'000, 20}, {50'000, 30}}) {
    TellingPlan plan;
    plan.set_markets(markets);
    (void)plan.due(1s);
    const Told told = tell_for(plan, 1s, std::chrono::seconds(2 * period) + milliseconds(15));
    EXPECT_THAT(told.complete, SizeIs(64));
    for (const auto& [shard, times] : told.complete) EXPECT_EQ(times, 2) << markets;
    EXPECT_THAT(told.vouch, SizeIs(64));
    for (const auto& [shard, times] : told.vouch) EXPECT_EQ(times, 2 * period) << markets;
  }
}

TEST(TellingPlan, TellsWhatIsAskedForWithinASecondButNotMoreOften) {
  TellingPlan plan;
  plan.set_markets(10'000);
  (void)plan.due(1s);
  for (std::uint8_t i = 0; i < domain::kShards; ++i) plan.ask({i});
  const Told all = tell_for(plan, 1s, 1s);
  EXPECT_THAT(all.complete, SizeIs(64));
  plan.ask({40});
  const auto at = 2s;
  EXPECT_EQ(tell_for(plan, at, 5s).complete[40], 1);
  int told = 0;
  for (int i = 0; i < 50; ++i) {  // again and again
    plan.ask({41});
    told += tell_for(plan, 7s + i * milliseconds(90), milliseconds(90)).complete[41];
  }
  EXPECT_LE(told, 5);
  EXPECT_GE(told, 4);
}

TrustedBook trusted(std::uint8_t number, domain::Duration as_of, bool settled = true) {
  return {market_id(number), domain::Timestamp(as_of), settled};
}

// What a reader makes of it that trusts these books.
std::map<domain::MarketId, domain::Timestamp> heard(const std::vector<domain::ShardVouched>& said,
                                                    const std::vector<TrustedBook>& books) {
  std::map<domain::MarketId, domain::Timestamp> times;
  for (const domain::ShardVouched& one : said) {
    for (const TrustedBook& book : books) {
      if (std::ranges::find(one.except, book.market) != one.except.end()) continue;
      times[book.market] = std::max(times[book.market], one.as_of);
    }
  }
  return times;
}

TEST(Vouching, NeverMakesABookYoungerThanItIs) {
  const std::vector<TrustedBook> books = {
      trusted(1, 10s),
      trusted(2, 10s + milliseconds(100)),
      trusted(3, 10s + milliseconds(150), false),
      trusted(4, 10s + milliseconds(201)),
      trusted(5, 8s),
      trusted(6, 11s),
  };
  const auto times = heard(vouch_for(books), books);
  EXPECT_FALSE(times.contains(market_id(3)));
  for (const TrustedBook& book : books) {
    if (!book.settled) continue;
    EXPECT_LE(times.at(book.market), book.as_of);
    EXPECT_GE(times.at(book.market), book.as_of - kVouchGrain);
  }
}

TEST(Vouching, SaysOneThingOfBooksThatAreAsYoung) {
  EXPECT_THAT(vouch_for({trusted(1, 10s), trusted(2, 10s)}), SizeIs(1));
  EXPECT_THAT(vouch_for({trusted(1, 10s), trusted(2, 10s)}).front().except, IsEmpty());
  EXPECT_THAT(vouch_for({}), IsEmpty());
  EXPECT_THAT(vouch_for({trusted(1, 10s, false)}), IsEmpty());
}

}  // namespace
}  // namespace polybot::gateway
