// A limit that would act at once is refused when the configuration is read.
#include "services/order-manager/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polybot::order_manager {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string errors_of(const std::string& toml) {
  auto reader = runtime::config::Reader::parse(toml, "order-manager.toml", {});
  (void)read_config(reader);
  try {
    reader.finish();
  } catch (const runtime::ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Configuration, RefusesALossLimitThatReducesTradingAtOnce) {
  const std::string errors = errors_of(
      "[risk]\ndaily_loss_max = 0\n[strategies.mine]\n[strategies.mine.risk]\ndrawdown_max = 0\n");
  EXPECT_THAT(errors, AllOf(HasSubstr("order-manager.toml:2: risk.daily_loss_max: must be above 0"),
                            HasSubstr("strategies.mine.risk.drawdown_max: must be above 0")));
  EXPECT_THAT(errors_of("[risk]\ndaily_loss_max = \"0.01\"\norder_rate_max = 0\n"),
              Not(HasSubstr("risk.")));
}

TEST(Configuration, KnowsThreeModes) {
  EXPECT_THAT(errors_of("[venue]\nmode = \"test\"\n"),
              HasSubstr("order-manager.toml:2: venue.mode: must be one of sim, paper, live"));
  EXPECT_THAT(errors_of("[venue]\nmode = \"paper\"\n"), Not(HasSubstr("venue.mode")));
}

}  // namespace
}  // namespace polybot::order_manager
