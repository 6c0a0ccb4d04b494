#include "common/recording/cut.hpp"

#include <gmock/gmock.h>

#include "common/recording/inspection.hpp"
#include "tests/unit/recording/samples.hpp"

namespace polybot::recording {
namespace {

const domain::Market kRain = sample_market(1);
const domain::Market kSnow = sample_market(2);

std::string book_of(const domain::Market& market, std::int64_t at_ms) {
  return book_frame(market, market.yes_token, at_ms, {{cents(40), shares(10)}},
                    {{cents(60), shares(10)}});
}

SampleLines whole() {
  SampleLines lines;
  lines.note(900, Header{.version = 1, .program = "p", .venue = "v", .clock_offset_ms = 0});
  lines.note(950, MarketNote{kRain});
  lines.note(950, MarketNote{kSnow});
  lines.frame(1'000, "[" + book_of(kRain, 1'000) + "," + book_of(kSnow, 1'000) + "]");
  lines.frame(1'100, change_frame(kRain, 1'100, cents(45), shares(7), {cents(45), cents(60)}));
  lines.frame(1'200, change_frame(kSnow, 1'200, cents(46), shares(7), {cents(46), cents(60)}));
  lines.frame(1'300, change_frame(kRain, 1'300, cents(47), shares(7), {cents(47), cents(60)}));
  lines.note(
      1'350,
      GapNote{
          .reason = "disconnected", .from_ms = {}, .markets = {kRain.id, kSnow.id}, .lines = 0});
  lines.note(1'400, ResolvedNote{kSnow.id, {domain::kPriceOne, {}}});
  return lines;
}

struct CutOut {
  std::uint64_t frames = 0;
  SampleLines lines;
};
CutOut cut_of(const SampleLines& lines, const Part& part) {
  CutOut result;
  result.frames =
      cut(*lines.read(), part, [&](std::string_view text) { result.lines.raw(std::string(text)); });
  return result;
}

TEST(Cut, IsCompleteByItself) {
  const CutOut out = cut_of(whole(), {.from_ms = 1'150, .to_ms = 1'300, .markets = {}});
  EXPECT_EQ(out.frames, 2U);
  const Inspection found = inspect(*out.lines.read());
  EXPECT_EQ(found.problem_count, 0U) << found.problems.front();
  EXPECT_EQ(found.described_markets, 2U);
  EXPECT_EQ(found.made_frames, 2U);
  EXPECT_EQ(found.first_ms, 1'200);
  EXPECT_EQ(found.last_ms, 1'300);
}

TEST(Cut, BeginsWithTheBooksAsTheyStoodThen) {
  const CutOut out = cut_of(whole(), {.from_ms = 1'150, .to_ms = 1'200, .markets = {kRain.slug}});
  Books books;
  const auto recording = out.lines.read();
  polymarket::MarketFrame frame;
  std::vector<Finding> findings;
  for (; const Entry* entry = recording->peek(); recording->pop()) {
    if (entry->is_note) {
      books.take(entry->note);
    } else if (polymarket::parse_market_frame(entry->raw, frame)) {
      books.take(frame, findings);
    }
  }
  ASSERT_EQ(books.by_token().size(), 1U);
  const Books::Book& book = books.by_token().at(kRain.yes_token);
  EXPECT_TRUE(book.whole);
  EXPECT_EQ(book.book.best_bid(), (domain::Level{cents(45), shares(7)}));
  EXPECT_EQ(book.book.quantity_at(domain::BookSide::Bid, cents(40)), shares(10));
}

TEST(Cut, LeavesOtherMarketsOut) {
  const CutOut out = cut_of(whole(), {.from_ms = 0, .to_ms = 5'000, .markets = {kRain.slug}});
  EXPECT_EQ(out.frames, 3U);
  EXPECT_THAT(out.lines.text(), ::testing::Not(::testing::HasSubstr(domain::to_string(kSnow.id))));
  const Inspection found = inspect(*out.lines.read());
  EXPECT_EQ(found.problem_count, 0U) << found.problems.front();
  EXPECT_EQ(found.markets, std::set{kRain.id});
  EXPECT_EQ(found.gaps.size(), 1U);
  EXPECT_EQ(found.gaps[0].markets, 1U);
}

TEST(Cut, TakesMarketsByIdAndByEvent) {
  EXPECT_EQ(cut_of(whole(), {.markets = {domain::to_string(kSnow.id)}}).frames, 2U);
  EXPECT_EQ(cut_of(whole(), {.markets = {"weather"}}).frames, 4U);
  EXPECT_EQ(cut_of(whole(), {.markets = {"another"}}).frames, 0U);
}

}  // namespace
}  // namespace polybot::recording
