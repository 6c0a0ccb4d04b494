// Real recordings: every frame parses, and the venue's book hashes verify.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "tests/support/recorded_data.hpp"
#include "tests/unit/polymarket/book_hash.hpp"
#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

using test_support::kNoRecordedData;
using test_support::lines_of;
using test_support::recorded_data;

std::string raw_frame(std::string_view line) {
  const boost::json::value value = boost::json::parse({line.data(), line.size()});
  return std::string(value.at("raw").as_string());
}

TEST(RecordedFrames, EveryFrameOfTheHockeyFinalParses) {
  const auto folder = recorded_data();
  if (!folder) GTEST_SKIP() << kNoRecordedData;
  const std::string text =
      test_support::read_zstd(*folder / "polymarket/nhl_final_20260607_6min.jsonl.zst");
  MarketFrame frame;
  std::size_t lines = 0;
  std::size_t changes = 0;
  std::size_t books = 0;
  std::size_t trades = 0;
  for (const std::string_view line : lines_of(text)) {
    const auto parsed = parse_market_frame(raw_frame(line), frame);
    ASSERT_TRUE(parsed.has_value()) << to_string(parsed.error()) << " in line " << lines + 1;
    ASSERT_EQ(frame.unknown_events, 0U);
    for (const MarketEvent& event : frame.events) {
      if (const auto* const change = std::get_if<PriceChangeEvent>(&event)) {
        changes += change->changes.size();
      }
      books += std::holds_alternative<BookEvent>(event) ? 1U : 0U;
      trades += std::holds_alternative<LastTradeEvent>(event) ? 1U : 0U;
    }
    ++lines;
  }
  EXPECT_EQ(lines, 34773U);
  EXPECT_EQ(changes, 69150U);
  EXPECT_EQ(books, 76U);
  EXPECT_EQ(trades, 133U);
}

TEST(RecordedFrames, TheBookHashesOfTheBitcoinFramesVerify) {
  const auto folder = recorded_data();
  if (!folder) GTEST_SKIP() << kNoRecordedData;
  const std::string text =
      test_support::read_file(*folder / "polymarket/btc_updown_20251223_frames.jsonl");
  MarketFrame frame;
  int verified = 0;
  for (const std::string_view line : lines_of(text)) {
    const std::string raw = raw_frame(line);
    ASSERT_TRUE(parse_market_frame(raw, frame).has_value());
    const boost::json::value value = boost::json::parse(raw);
    const auto messages = value.is_array() ? value.get_array() : boost::json::array{value};
    for (const boost::json::value& message : messages) {
      if (message.at("event_type").as_string() != "book") continue;
      const auto hash =
          check_book_hash(boost::json::serialize(message), {"5", "0.01", false, "0.500"});
      ASSERT_TRUE(hash.has_value());
      EXPECT_TRUE(hash->agrees()) << hash->claimed << " != " << hash->computed;
      ++verified;
    }
  }
  EXPECT_EQ(verified, 3);
}

TEST(RecordedFrames, ALastTradeParses) {
  const auto folder = recorded_data();
  if (!folder) GTEST_SKIP() << kNoRecordedData;
  const std::string text =
      test_support::read_file(*folder / "polymarket/last_trade_price_20260609.jsonl");
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(raw_frame(lines_of(text).at(0)), frame).has_value());
  EXPECT_EQ(std::get<LastTradeEvent>(frame.events.at(0)).quantity, quantity("3.581817"));
}

TEST(RecordedFrames, EverySettledGammaMarketParsesWithItsPayout) {
  const auto folder = recorded_data();
  if (!folder) GTEST_SKIP() << kNoRecordedData;
  const std::string text =
      test_support::read_gzip(*folder / "polymarket/gamma_btc_5m_markets_20260608.jsonl.gz");
  int markets = 0;
  for (const std::string_view line : lines_of(text)) {
    const boost::json::value value = boost::json::parse({line.data(), line.size()});
    const auto page = parse_gamma_page(
        boost::json::serialize(boost::json::object{{"markets", {value.at("raw")}}}));
    ASSERT_TRUE(page.has_value()) << to_string(page.error());
    ASSERT_EQ(page->markets.size(), 1U);
    const GammaMarket* const market = &page->markets.front();
    EXPECT_EQ(market->slug, value.at("slug").as_string());
    EXPECT_EQ(to_string(market->tokens[0]), value.at("token_ids").at(0).as_string());
    EXPECT_EQ(tradability(*market), Tradability::Closed);
    const auto pays = payout(*market);
    ASSERT_TRUE(pays.has_value());
    EXPECT_EQ(pays->yes.to_string(), value.at("outcome_prices").at(0).as_string());
    EXPECT_EQ(domain::to_unix_ms(*market->end_at) / 1000, value.at("end_sec").as_int64());
    ++markets;
  }
  EXPECT_EQ(markets, 292);
}

}  // namespace
}  // namespace polybot::polymarket
