#include "services/strategy-runner/core/parameters.hpp"

#include <gtest/gtest.h>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

const std::vector<ParameterSpec> kSpecs{
    {"price", "0.05", ""}, {"count", "3", ""}, {"wait", "250ms", ""}, {"share", "0.5", ""}};

TEST(Parameters, FallBackToTheirDefaults) {
  const ParameterTexts texts;
  ParameterReader reader(texts, kSpecs);
  EXPECT_EQ(reader.price("price", cents(1), cents(99)), cents(5));
  EXPECT_EQ(reader.integer("count", 0, 10), 3);
  EXPECT_EQ(reader.duration("wait", 0s, 1s), 250ms);
  EXPECT_EQ(reader.ratio_ppm("share", 0, 1'000'000), 500'000);
  EXPECT_TRUE(reader.errors().empty());
}

TEST(Parameters, ReadEveryUnitOfTime) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, domain::Duration>>{
           {"15ms", 15ms}, {"15s", 15s}, {"15m", 15min}, {"15h", 15h}, {"0s", 0s}}) {
    const ParameterTexts texts{{"wait", text}};
    ParameterReader reader(texts, kSpecs);
    EXPECT_EQ(reader.duration("wait", 0s, 24h), expected);
  }
}

TEST(Parameters, CollectEveryError) {
  const ParameterTexts texts{
      {"price", "0.00005"}, {"count", "11"}, {"wait", "5 s"}, {"share", "x"}, {"prize", "1"}};
  ParameterReader reader(texts, kSpecs);
  static_cast<void>(reader.price("price", cents(1), cents(99)));
  static_cast<void>(reader.integer("count", 0, 10));
  static_cast<void>(reader.duration("wait", 0s, 10s));
  static_cast<void>(reader.ratio_ppm("share", 0, 1'000'000));
  EXPECT_EQ(reader.errors().size(), 5U);
}

TEST(Parameters, EveryStrategyTypeAcceptsItsDefaults) {
  ASSERT_EQ(strategy_types().size(), 3U);
  for (const StrategyType& type : strategy_types()) {
    EXPECT_TRUE(std::holds_alternative<StrategyFactory>(type.configure({}))) << type.name;
    for (const ParameterSpec& spec : type.parameters) {
      EXPECT_TRUE(std::holds_alternative<StrategyFactory>(
          type.configure({{std::string(spec.name), std::string(spec.default_text)}})))
          << spec.name;
      EXPECT_TRUE(std::holds_alternative<ParameterErrors>(
          type.configure({{std::string(spec.name), "nonsense"}})))
          << spec.name;
    }
    EXPECT_TRUE(
        std::holds_alternative<ParameterErrors>(type.configure({{"no_such_parameter", "1"}})))
        << type.name;
  }
  EXPECT_EQ(find_strategy_type("astrology"), nullptr);
}

}  // namespace
}  // namespace polybot::strategy_runner
