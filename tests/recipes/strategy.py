"""The recipe of a strategy, followed for one that only watches."""

HEADER = """\
// Watches: follows the books of its markets and emits nothing.
#pragma once

#include "services/strategy-runner/core/strategy.hpp"

namespace polybot::strategy_runner {

class Onlooker final : public Strategy {
 public:
  explicit Onlooker(domain::Duration patience) : patience_(patience) {}

  [[nodiscard]] static std::span<const ParameterSpec> parameters();
  [[nodiscard]] static std::variant<StrategyFactory, ParameterErrors> configure(
      const ParameterTexts& texts);

  void on_book(const domain::MarketId&, Context&) override {}
  void on_trade(const domain::TradeTick&, Context&) override {}
  void on_order_event(const domain::StreamedEvent&, Context&) override {}
  void on_timer(Context&) override {}
  [[nodiscard]] domain::Duration warm_up() const override { return patience_; }

 private:
  domain::Duration patience_;
};

}  // namespace polybot::strategy_runner
"""

SOURCE = """\
#include "services/strategy-runner/core/strategies/onlooker.hpp"

#include <array>

namespace polybot::strategy_runner {
namespace {

constexpr std::array<ParameterSpec, 1> kOnlookerParameters{
    {{"patience", "10s", "before it looks on"}}};

}  // namespace

std::span<const ParameterSpec> Onlooker::parameters() {
  return kOnlookerParameters;
}

std::variant<StrategyFactory, ParameterErrors> Onlooker::configure(const ParameterTexts& texts) {
  ParameterReader reader(texts, kOnlookerParameters);
  const auto patience =
      reader.duration("patience", std::chrono::milliseconds(100), std::chrono::hours(1));
  if (!reader.errors().empty()) return reader.errors();
  return StrategyFactory([patience] { return std::make_unique<Onlooker>(patience); });
}

}  // namespace polybot::strategy_runner
"""

TEST = """\
#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

TEST(Onlooker, WatchesAndEmitsNothing) {
  World world{"onlooker"};
  world.start();
  world.define(make_market(1, 1, 1));
  world.book(1, {level(48, 500)}, {level(50, 500)});
  EXPECT_TRUE(world.signals().empty());
  EXPECT_GT(world.scans(), 0);
}

}  // namespace
}  // namespace polybot::strategy_runner
"""

STRATEGIES = "services/strategy-runner/core/strategies/"


def add(tree):
    tree.write(STRATEGIES + "onlooker.hpp", HEADER)
    tree.write(STRATEGIES + "onlooker.cpp", SOURCE)
    tree.put("services/strategy-runner/CMakeLists.txt", "    core/strategies/onlooker.cpp",
             after="core/strategies/momentum.cpp")
    registry = "services/strategy-runner/core/strategy.cpp"
    tree.put(registry, f'#include "{STRATEGIES}onlooker.hpp"', after="strategies/momentum.hpp")
    tree.put(registry, '      {"onlooker", Onlooker::parameters(), Onlooker::configure},', after='{"momentum", ')
    tree.replace(registry, r"std::array<StrategyType, 3>", "std::array<StrategyType, 4>")
    tree.put("deploy/config/strategy-runner.toml", '[strategies.onlooker]\ntype = "onlooker"\nmarkets = ["summit-*"]\n'
             '[strategies.onlooker.parameters]\npatience = "10s"\n', before="[strategies.momentum]")
    tree.put("deploy/config/order-manager.toml", "[strategies.onlooker]\nenabled = true\n",
             before="[strategies.momentum]")
    tree.write("tests/unit/strategy-runner/onlooker_test.cpp", TEST)
    tree.put("tests/unit/strategy-runner/CMakeLists.txt", "    onlooker_test.cpp", after="momentum_test.cpp")
    tree.put("CHANGELOG.md", "- The strategy onlooker.", before="- Strategies arbitrage")
