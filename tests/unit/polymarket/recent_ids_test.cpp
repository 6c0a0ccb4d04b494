#include "common/polymarket/messages/recent_ids.hpp"

#include "common/domain/ids.hpp"
#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

TEST(RecentIds, AnswersAsTheParserDoesInAnyOrder) {
  RecentIds<domain::parse_decimal256> ids;
  // Many more than there are places, many with the same last digits.
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t i = 0; i < 5000; ++i) {
      const std::string text = std::to_string(i * 7919) + "00000000" + std::to_string(i % 3);
      ASSERT_EQ(ids.read(text), domain::parse_decimal256(text)) << text;
    }
  }
}

TEST(RecentIds, RefusesWhatTheParserRefusesAndKeepsTheRest) {
  RecentIds<domain::parse_decimal256> ids;
  const std::string good = "12345678";
  for (const std::string& bad :
       {std::string(), std::string("1"), std::string("x2345678"), std::string("x12345678"),
        std::string(79, '9'), std::string(81, '1')}) {
    EXPECT_EQ(ids.read(good), domain::parse_decimal256(good));
    EXPECT_EQ(ids.read(bad), domain::parse_decimal256(bad)) << bad;
  }
  EXPECT_EQ(ids.read(good), domain::parse_decimal256(good));
}

}  // namespace
}  // namespace polybot::polymarket
