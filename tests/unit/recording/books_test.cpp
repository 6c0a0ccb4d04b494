#include "common/recording/books.hpp"

#include <gmock/gmock.h>

#include "tests/unit/recording/samples.hpp"

namespace polybot::recording {
namespace {

struct BooksTest : ::testing::Test {
  domain::Market market = sample_market();
  Books books;
  std::vector<Finding> findings;
  polymarket::MarketFrame parsed;

  void take(const std::string& frame) {
    ASSERT_TRUE(polymarket::parse_market_frame(frame, parsed));
    books.take(parsed, findings);
  }
  void describe() { books.take(MarketNote{market}); }
  void open_book() {
    take(book_frame(market, market.yes_token, 1'000, {{cents(40), shares(10)}},
                    {{cents(60), shares(10)}}));
  }
  [[nodiscard]] std::vector<Fault> faults() const {
    std::vector<Fault> all;
    for (const Finding& finding : findings) all.push_back(finding.fault);
    return all;
  }
};

TEST_F(BooksTest, FollowsTheYesBookOfADescribedMarket) {
  describe();
  open_book();
  take(change_frame(market, 1'001, cents(45), shares(7), {cents(45), cents(60)}));
  books.finish(findings);
  EXPECT_TRUE(findings.empty());
  ASSERT_EQ(books.by_token().size(), 1U);
  const auto& [token, book] = *books.by_token().begin();
  EXPECT_EQ(token, market.yes_token);
  EXPECT_TRUE(book.whole);
  EXPECT_EQ(book.book.best_bid()->price, cents(45));
}

TEST_F(BooksTest, JudgesABurstOnlyWhenItHasEnded) {
  describe();
  open_book();
  // The venue already quotes the state after both messages.
  take(change_frame(market, 1'001, cents(41), shares(7), {cents(45), cents(60)}));
  take(change_frame(market, 1'001, cents(45), shares(7), {cents(45), cents(60)}));
  take(change_frame(market, 1'002, cents(46), shares(7), {cents(47), cents(60)}));
  EXPECT_TRUE(findings.empty());
  books.finish(findings);
  EXPECT_EQ(faults(), (std::vector{Fault::OtherBestPrice}));
}

TEST_F(BooksTest, FindsACrossedBook) {
  describe();
  open_book();
  take(change_frame(market, 1'001, cents(65), shares(7), {cents(65), cents(60)}));
  books.finish(findings);
  EXPECT_EQ(faults(), (std::vector{Fault::Crossed}));
}

TEST_F(BooksTest, NamesATokenWithoutASnapshotOnce) {
  describe();
  take(change_frame(market, 1'001, cents(45), shares(7), {cents(45), cents(60)}));
  take(change_frame(market, 1'002, cents(45), shares(8), {cents(45), cents(60)}));
  EXPECT_EQ(faults(), (std::vector{Fault::NoSnapshot}));
  EXPECT_EQ(findings[0].market, market.id);
}

TEST_F(BooksTest, ClaimsNothingFromAGapToTheNextWholeBook) {
  describe();
  open_book();
  books.take(GapNote{.reason = "disconnected", .from_ms = {}, .markets = {market.id}, .lines = 0});
  take(change_frame(market, 1'001, cents(45), shares(7), {cents(48), cents(60)}));
  books.finish(findings);
  EXPECT_TRUE(findings.empty());
  EXPECT_FALSE(books.by_token().begin()->second.whole);
  open_book();
  EXPECT_TRUE(books.by_token().begin()->second.whole);
}

TEST_F(BooksTest, FollowsBothTokensWhereNoNoteNamesThem) {
  take(book_frame(market, market.yes_token, 1'000, {{cents(40), shares(10)}},
                  {{cents(60), shares(10)}}));
  take(book_frame(market, market.no_token, 1'000, {{cents(40), shares(10)}},
                  {{cents(60), shares(10)}}));
  take(change_frame(market, 1'001, cents(45), shares(7), {cents(45), cents(60)}));
  books.finish(findings);
  EXPECT_TRUE(findings.empty());
  EXPECT_EQ(books.by_token().at(market.no_token).book.best_ask()->price, cents(55));
}

}  // namespace
}  // namespace polybot::recording
