// The labels of positions: slugs are the venue's text, and no two series may carry the same.
#include "services/order-manager/manager_metrics.hpp"

#include <gmock/gmock.h>

#include <map>

namespace polybot::order_manager {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

domain::MarketId market_id(std::uint8_t number) {
  domain::MarketId id;
  id.bytes[0] = number;
  return id;
}

MarketValue holding(std::uint8_t market, std::string slug, std::int64_t usd) {
  return {.market = market_id(market),
          .slug = std::move(slug),
          .value = domain::Money::from_units(usd)};
}

struct PositionLabels : testing::Test {
  void show(std::string strategy, std::vector<MarketValue> values) {
    StrategySnapshot snapshot;
    snapshot.strategy = {std::move(strategy)};
    snapshot.position_values = std::move(values);
    figures.strategies.push_back(std::move(snapshot));
  }
  std::map<std::string, double> positions() { return values_of("polybot_position_value_usd"); }
  static std::string label(const std::string& strategy, const std::string& market) {
    return metrics::join_labels({strategy, market});
  }

  std::map<std::string, double> values_of(std::string_view name) {
    std::map<std::string, double> found;
    for (const metrics::FamilyValues& family : registry.collect({})) {
      if (family.name != name) continue;
      for (const metrics::Series& one : family.series) found[one.labels] = one.value;
    }
    return found;
  }

  metrics::Registry registry{{"order-manager", "order-manager-1", 7, "1", "abc"}};
  Figures figures;
  BackupTimes backups;
  ManagerMetrics metrics{
      registry, {.figures = [this] { return figures; }, .backups = [this] { return backups; }}};
};

TEST_F(PositionLabels, AreApartFromTheBackups) {
  const auto due = [&] { return values_of("polybot_journal_backup_due_seconds")[""]; };
  EXPECT_EQ(values_of("polybot_journal_backup_timestamp_seconds")[""], metrics::kNoAge);
  EXPECT_EQ(due(), 0);
  backups = {.last = domain::from_unix_ms(1'795'000'000'000),
             .due = domain::from_unix_ms(1'795'086'400'500)};
  EXPECT_EQ(due(), 1'795'086'400.5);
  EXPECT_NE(values_of("polybot_journal_backup_timestamp_seconds")[""], metrics::kNoAge);
}

using Claims = PositionLabels;

TEST_F(Claims, AreDueADayAfterTheOldestBegan) {
  const auto due = [&] { return values_of("polybot_claim_due_seconds")[""]; };
  EXPECT_EQ(due(), 0);
  figures.oldest_claim = domain::from_unix_ms(1'795'000'000'500);
  EXPECT_EQ(due(), 1'795'086'400.5);
}

using Mode = PositionLabels;

TEST_F(Mode, IsOneOfAll) {
  figures.mode = domain::TradingMode::Paper;
  EXPECT_THAT(values_of("polybot_mode"),
              UnorderedElementsAre(Pair("sim", 0), Pair("paper", 1), Pair("live", 0)));
}

using Acknowledgement = PositionLabels;

TEST_F(Acknowledgement, IsShownForEachStateUntilItsEnd) {
  show("arbitrage", {});
  show("momentum", {});
  figures.strategies[1].acknowledged_until = domain::from_unix_ms(1'795'000'000'500);
  EXPECT_THAT(values_of("polybot_trading_state_acknowledged_until_seconds"),
              UnorderedElementsAre(Pair("arbitrage", 0), Pair("momentum", 1'795'000'000.5),
                                   Pair("all", 0)));
  figures.acknowledged_until = domain::from_unix_ms(1'795'000'001'000);
  EXPECT_EQ(values_of("polybot_trading_state_acknowledged_until_seconds")["all"], 1'795'000'001.);
}

using Settlement = PositionLabels;

TEST_F(Settlement, IsOverdueSinceTheOldestTradeThatIsNotFinal) {
  show("arbitrage", {});
  show("momentum", {});
  figures.strategies[1].oldest_provisional = domain::from_unix_ms(1'795'000'000'500);
  const auto oldest = values_of("polybot_oldest_provisional_fill_timestamp_seconds");
  EXPECT_EQ(oldest.at("arbitrage"), metrics::kNoAge);
  EXPECT_NE(oldest.at("momentum"), metrics::kNoAge);
}

TEST_F(PositionLabels, AreSlugs) {
  show("arbitrage", {holding(1, "rain", 5), holding(2, "snow", 6)});
  EXPECT_THAT(positions(), UnorderedElementsAre(Pair(label("arbitrage", "rain"), 5),
                                                Pair(label("arbitrage", "snow"), 6)));
}

TEST_F(PositionLabels, NameTheIdsOfMarketsThatShareASlug) {
  show("arbitrage", {holding(1, "rain", 5), holding(2, "snow", 6), holding(3, "rain", 7)});
  show("external", {holding(3, "rain", 8)});
  EXPECT_THAT(positions(), UnorderedElementsAre(Pair(label("arbitrage", "rain-01000000"), 5),
                                                Pair(label("arbitrage", "snow"), 6),
                                                Pair(label("arbitrage", "rain-03000000"), 7),
                                                Pair(label("external", "rain"), 8)));
}

TEST_F(PositionLabels, DoNotDependOnTheOrderOfMarkets) {
  show("arbitrage", {holding(3, "rain", 7), holding(1, "rain", 5)});
  EXPECT_THAT(positions(), UnorderedElementsAre(Pair(label("arbitrage", "rain-01000000"), 5),
                                                Pair(label("arbitrage", "rain-03000000"), 7)));
}

// Ids begin alike: no text of the venue may end the process.
TEST_F(PositionLabels, AreWholeIdsWhenNothingShorterTellsThemApart) {
  MarketValue other = holding(1, "rain", 6);
  other.market.bytes[31] = 9;
  show("arbitrage", {holding(1, "rain", 5), other, holding(4, "rain-01000000", 7)});
  EXPECT_EQ(positions().size(), 3U);
}

TEST_F(PositionLabels, SayNothingOfAStrategyWithoutPositions) {
  show("arbitrage", {});
  EXPECT_THAT(positions(), IsEmpty());
}

}  // namespace
}  // namespace polybot::order_manager
