#include "common/polymarket/messages/income.hpp"

#include <gtest/gtest.h>

namespace polybot::polymarket {
namespace {

using domain::Money;

std::string row(std::string_view amount, std::string_view asset = kCollateralAsset) {
  return R"({"date":"2026-02-27","asset_address":")" + std::string(asset) +
         R"(","rebated_fees_usdc":)" + std::string(amount) + R"(,"earnings":)" +
         std::string(amount) + "}";
}

TEST(Income, OfADayIsTheSumOfItsRows) {
  EXPECT_EQ(*parse_rebates("[]"), Money{});
  EXPECT_EQ(*parse_rebates("[" + row(R"("0.237519")") + "," + row(R"("1")") + "]"),
            Money::from_raw(1'237'519));
  EXPECT_EQ(*parse_earnings("[" + row("1.5") + "]"), Money::from_raw(1'500'000));
}

TEST(Income, BelowAMillionthIsDropped) {
  EXPECT_EQ(*parse_earnings("[" + row(R"("0.2375199999")") + "]"), Money::from_raw(237'519));
}

TEST(Income, InOtherTokensIsLeftOut) {
  constexpr std::string_view kOther = "0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174";
  EXPECT_EQ(*parse_rebates("[" + row(R"("5")", kOther) + "," + row(R"("1")") + "]"),
            Money::from_units(1));
}

TEST(Income, ThatCannotBeReadIsAnError) {
  for (const std::string bad : {"", "{}", "[1]", "[{}]"}) EXPECT_FALSE(parse_rebates(bad)) << bad;
  for (const char* amount : {R"("-1")", R"("x")", R"("")", R"("1.0000001x")", "1e300", "null"})
    EXPECT_FALSE(parse_earnings("[" + row(amount) + "]")) << amount;
}

TEST(Income, IsWrittenAsItIsRead) {
  const domain::MarketId market;
  const std::string text = write_rebates({{{20'511}, market, "0xFeA4", Money::from_raw(237'519)}});
  EXPECT_EQ(text, R"([{"date":"2026-02-27","condition_id":")" + domain::to_string(market) +
                      R"(","asset_address":"0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB",)"
                      R"("maker_address":"0xFeA4","rebated_fees_usdc":"0.237519"}])");
  EXPECT_EQ(*parse_rebates(text), Money::from_raw(237'519));
}

}  // namespace
}  // namespace polybot::polymarket
