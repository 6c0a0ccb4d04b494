#include "common/wire/types_codec.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace polybot::wire {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, AcceptsEveryWellFormedSequence) {
  for (const std::string_view text :
       {""sv, "plain"sv, "\0"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
        "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesEveryIllFormedOne) {
  for (const std::string_view text :
       {"\x80"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc2"sv, "\xc2\x41"sv, "\xe0\x9f\xbf"sv,
        "\xed\xa0\x80"sv, "\xe2\x82"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
        "\xf5\x80\x80\x80"sv, "\xff"sv, "ok\xfe"sv}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(Reading, RemembersTheFirstFault) {
  Reading reading;
  EXPECT_EQ(reading.error(), DecodeError::None);
  static_cast<void>(reading.shard(64));
  static_cast<void>(reading.id32<domain::MarketId>("short"));
  EXPECT_EQ(reading.error(), DecodeError::OutOfRange);
}

TEST(Reading, YieldsValuesInRangeEvenWhenItFails) {
  Reading reading;
  EXPECT_LE(reading.price(UINT64_MAX), domain::kPriceOne);
  EXPECT_FALSE(reading.quantity(UINT64_MAX).is_negative());
  EXPECT_EQ(reading.at(INT64_MIN), domain::Timestamp{});
  EXPECT_LT(reading.shard(UINT32_MAX).value, domain::kShards);
}

TEST(DecodeError, EveryErrorHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(DecodeError::OutOfRange); ++i) {
    names.insert(to_string(static_cast<DecodeError>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(DecodeError::OutOfRange) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace polybot::wire
