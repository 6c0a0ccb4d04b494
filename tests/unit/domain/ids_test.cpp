#include "common/domain/ids.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <string>

namespace polybot::domain {
namespace {

constexpr int kShardOfZero = 9;
constexpr const char* kToken =
    "32338220190071351435772801779725302244575775216413325951443816017994629993401";
constexpr const char* kLargest =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";  // 2^256 - 1

TEST(Ids, HexIsReadBack) {
  const std::string hex = "0xa467b14d00000000000000000000000000000000000000000000000000ff43b7";
  const auto id = parse_hex<MarketId>(hex);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->bytes[0], 0xa4);
  EXPECT_EQ(id->bytes[31], 0xb7);
  EXPECT_EQ(to_string(*id), hex);
  EXPECT_EQ(
      parse_hex<MarketId>("0xA467B14D00000000000000000000000000000000000000000000000000FF43B7"),
      id);
}

// github.com/Polymarket/ts-sdk: ids of the second protocol have 31 bytes, or 00 behind them.
TEST(Ids, MarketsOf31BytesAreTheSameWith00BehindThem) {
  const std::string digits(62, 'a');
  const auto id = parse_hex<MarketId>("0x" + digits);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id, parse_hex<MarketId>("0x" + digits + "00"));
  EXPECT_FALSE(parse_hex<VenueOrderId>("0x" + digits).has_value());
}

TEST(Ids, RefusesWhatIsNotHexOfItsLength) {
  const std::string digits(64, 'a');
  EXPECT_TRUE(parse_hex32("0x" + digits).has_value());
  for (const std::string& text :
       {std::string(), std::string("0x"), digits, "0x" + digits + "a", "0X" + digits,
        "0x" + digits.substr(1), "0x" + digits.substr(1) + "g", "1x" + digits}) {
    EXPECT_FALSE(parse_hex32(text).has_value()) << text;
  }
}

TEST(Ids, TokensAreDecimalAndReadBack) {
  const auto token = parse_token(kToken);
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(to_string(*token), kToken);
  EXPECT_EQ(to_string(*parse_token("0")), "0");
  EXPECT_EQ(to_string(*parse_token("000017")), "17");
  EXPECT_EQ(to_string(*parse_token("1000000000")), "1000000000");
}

TEST(Ids, DecimalStopsAtTheLargestValue) {
  const auto largest = parse_decimal256(kLargest);
  ASSERT_TRUE(largest.has_value());
  for (const std::uint8_t byte : *largest) EXPECT_EQ(byte, 0xff);
  EXPECT_EQ(to_decimal(*largest), kLargest);
  std::string one_more(kLargest);
  one_more.back() = '6';
  EXPECT_FALSE(parse_decimal256(one_more).has_value());
  EXPECT_FALSE(parse_decimal256(std::string(78, '9')).has_value());
  EXPECT_FALSE(parse_decimal256(std::string(79, '0')).has_value());
  for (const char* text : {"", "-1", "+1", "1.0", "0x1", "1 ", "12a"}) {
    EXPECT_FALSE(parse_decimal256(text).has_value()) << text;
  }
}

TEST(Ids, DecimalAndHexAgree) {
  const auto value = parse_decimal256("18446744073709551616");  // 2^64
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(to_hex(*value), "0x0000000000000000000000000000000000000000000000010000000000000000");
}

TEST(Ids, EveryRandomValueSurvivesBothNotations) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::array<std::uint8_t, 32> bytes{};
    const std::size_t used = random() % 33;
    for (std::size_t at = 32 - used; at < 32; ++at) bytes[at] = static_cast<std::uint8_t>(random());
    EXPECT_EQ(parse_decimal256(to_decimal(bytes)), bytes);
    EXPECT_EQ(parse_hex32(to_hex(bytes)), bytes);
  }
}

TEST(Ids, OrderIdsArePrintedAndReadBack) {
  const ClientOrderId id{.signal = {.incarnation = 0xABC, .counter = 17}, .leg = 3};
  EXPECT_EQ(to_string(id.signal), "0000000000000abc-17");
  EXPECT_EQ(to_string(id), "0000000000000abc-17-3");
  EXPECT_EQ(parse_client_order_id(to_string(id)), id);
  const ClientOrderId largest{.signal = {UINT64_MAX, UINT64_MAX}, .leg = UINT32_MAX};
  EXPECT_EQ(parse_client_order_id(to_string(largest)), largest);
  EXPECT_EQ(to_string(TraceId{1}), "0000000000000001");
}

TEST(Ids, RefusesOrderIdsThatAreNone) {
  for (const char* text :
       {"", "-", "--", "0000000000000abc", "0000000000000abc-17", "0000000000000abc-17-",
        "0000000000000abc--3", "abc-17-3", "0000000000000abg-17-3", "0000000000000abc-17-3-4",
        "0000000000000abc-17-x", "0000000000000abc-18446744073709551616-3",
        "0000000000000abc-17-4294967296", "0000000000000abc--17-3", " 000000000000abc-17-3",
        "0000000000000abc-17-3 "}) {
    EXPECT_FALSE(parse_client_order_id(text).has_value()) << text;
  }
}

TEST(Ids, ShardsAreStableAndSpread) {
  // The value is fixed: a changed hash would make gateway and runners of two builds disagree about
  // every market.
  EXPECT_EQ(shard_of(EventGroupId{}).value, kShardOfZero);
  std::array<int, kShards> counts{};
  std::mt19937_64 random(5);
  for (int i = 0; i < 6400; ++i) {
    EventGroupId event;
    for (std::uint8_t& byte : event.bytes) byte = static_cast<std::uint8_t>(random());
    const Shard shard = shard_of(event);
    ASSERT_LT(shard.value, kShards);
    ++counts[shard.value];
  }
  for (const int count : counts) {
    EXPECT_GT(count, 50);
    EXPECT_LT(count, 160);
  }
}

TEST(Ids, NearbyIdsSpreadOverShardsToo) {
  std::set<int> used;
  for (std::uint8_t i = 0; i < 64; ++i) {
    EventGroupId event;
    event.bytes[31] = i;
    used.insert(shard_of(event).value);
  }
  EXPECT_GT(used.size(), 20u);
}

TEST(Ids, HashesUseEveryByte) {
  const std::size_t zero = std::hash<MarketId>{}(MarketId{});
  for (std::size_t at = 0; at < 32; ++at) {
    MarketId market;
    market.bytes[at] = 1;
    EXPECT_NE(std::hash<MarketId>{}(market), zero) << at;
  }
}

}  // namespace
}  // namespace polybot::domain
