#include "common/wire/topics.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace polybot::wire {
namespace {

TEST(Topics, AreSpelledAsTheBusPageSays) {
  EXPECT_EQ(topics::market_data({7}), "md.7");
  EXPECT_EQ(topics::quote({0}), "quote.0");
  EXPECT_EQ(topics::market({63}), "market.63");
  EXPECT_EQ(topics::signal({"arbitrage"}), "signal.arbitrage");
  EXPECT_EQ(topics::order({"momentum"}), "order.momentum");
  EXPECT_EQ(topics::order({}), "order.all");
  EXPECT_EQ(topics::runner({"runner-1"}), "runner.runner-1");
  EXPECT_EQ(topics::metrics("gateway"), "metrics.gateway");
  EXPECT_EQ(topics::status("gateway"), "status.gateway");
  EXPECT_EQ(topics::kCommand, "command");
  EXPECT_EQ(topics::kStrategy, "strategy");
  EXPECT_EQ(topics::kLease, "lease");
}

TEST(Topics, TheShardOfATopicIsReadBack) {
  for (std::uint8_t shard = 0; shard < domain::kShards; ++shard) {
    EXPECT_EQ(topics::shard_of(topics::market_data({shard})), domain::Shard{shard});
    EXPECT_EQ(topics::shard_of(topics::quote({shard})), domain::Shard{shard});
    EXPECT_EQ(topics::shard_of(topics::market({shard})), domain::Shard{shard});
  }
  for (const char* other :
       {"md.64", "md.-1", "md.07", "md.", "md", "md.7x", "order.7", "md.99999999999", ""}) {
    EXPECT_FALSE(topics::shard_of(other).has_value()) << other;
  }
}

TEST(Topics, TheTailIsWhatFollowsTheFirstDot) {
  EXPECT_EQ(topics::tail_of("runner.host.example"), "host.example");
  EXPECT_EQ(topics::tail_of("command"), "");
}

TEST(Topics, NamesFitToFollowADot) {
  for (const char* name : {"a", "spread_farm", "Momentum-2"})
    EXPECT_TRUE(is_topic_part(name)) << name;
  for (const std::string& name : {std::string(), std::string("a.b"), std::string("a b"),
                                  std::string("ä"), std::string(65, 'a'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_topic_part(name)) << name;
  }
}

TEST(Ports, AreDistinct) {
  std::set<int> numbers;
  std::set<std::string_view> names;
  for (const Port& port : {ports::kMarketData, ports::kMarketDataRecovery, ports::kQuotes,
                           ports::kSignals, ports::kOrders, ports::kOrdersRecovery,
                           ports::kCommands, ports::kMetrics, ports::kStatus}) {
    numbers.insert(port.number);
    names.insert(port.ipc_name);
  }
  EXPECT_EQ(numbers.size(), 9u);
  EXPECT_EQ(names.size(), 9u);
}

}  // namespace
}  // namespace polybot::wire
