#include "common/domain/order_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace polybot::domain {
namespace {

Level level(const char* price, const char* quantity) {
  return {*Price::parse(price), *Quantity::parse(quantity)};
}
LevelChange bid(const char* price, const char* quantity) {
  return {BookSide::Bid, *Price::parse(price), *Quantity::parse(quantity)};
}
LevelChange ask(const char* price, const char* quantity) {
  return {BookSide::Ask, *Price::parse(price), *Quantity::parse(quantity)};
}
Money money(const char* text) {
  return *Money::parse(text);
}
Quantity quantity(const char* text) {
  return *Quantity::parse(text);
}
Price price(const char* text) {
  return *Price::parse(text);
}

// bids 0.40 x 10, 0.42 x 5; asks 0.45 x 4, 0.50 x 100
OrderBook sample_book() {
  OrderBook book;
  book.load(std::vector{level("0.42", "5"), level("0.4", "10")},
            std::vector{level("0.5", "100"), level("0.45", "4")});
  return book;
}

TEST(OrderBook, StartsEmpty) {
  const OrderBook book;
  EXPECT_FALSE(book.best_bid().has_value());
  EXPECT_FALSE(book.best_ask().has_value());
  EXPECT_FALSE(book.mid().has_value());
  EXPECT_FALSE(book.crossed());
}

TEST(OrderBook, LoadsLevelsInAnyOrderWithTheBestLast) {
  const OrderBook book = sample_book();
  EXPECT_EQ(book.best_bid(), level("0.42", "5"));
  EXPECT_EQ(book.best_ask(), level("0.45", "4"));
  EXPECT_EQ(book.bids().front(), level("0.4", "10"));
  EXPECT_EQ(book.asks().front(), level("0.5", "100"));
  EXPECT_EQ(book.mid(), price("0.435"));
}

TEST(OrderBook, OfARepeatedPriceTheLastCounts) {
  OrderBook book;
  book.load(std::vector{level("0.4", "1"), level("0.3", "7"), level("0.4", "2")},
            std::vector{level("0.5", "3"), level("0.5", "0"), level("0.6", "1")});
  EXPECT_EQ(book.best_bid(), level("0.4", "2"));
  EXPECT_EQ(book.bids().size(), 2u);
  EXPECT_EQ(book.best_ask(), level("0.6", "1")) << "a zero removes the level that came before it";
}

TEST(OrderBook, LoadingReplacesEverything) {
  OrderBook book = sample_book();
  book.load({}, std::vector{level("0.9", "1")});
  EXPECT_FALSE(book.best_bid().has_value());
  EXPECT_EQ(book.asks().size(), 1u);
  book.clear();
  EXPECT_TRUE(book.asks().empty());
}

TEST(OrderBook, TellsWhetherLoadingChangedIt) {
  OrderBook book;
  EXPECT_FALSE(book.load({}, {}));
  const std::vector bids{level("0.4", "1"), level("0.3", "7")};
  const std::vector asks{level("0.5", "3")};
  EXPECT_TRUE(book.load(bids, asks));
  EXPECT_FALSE(book.load(bids, asks));
  EXPECT_FALSE(
      book.load(std::vector{level("0.3", "7"), level("0.4", "1"), level("0.2", "0")}, asks))
      << "in another order, with a level of nothing";
  EXPECT_TRUE(book.load(bids, std::vector{level("0.5", "4")}));
  EXPECT_TRUE(book.load(std::vector{level("0.3", "7")}, std::vector{level("0.5", "4")}));
  EXPECT_EQ(book.bids().size(), 1u);
}

TEST(OrderBook, SetsInsertsAndRemovesLevels) {
  OrderBook book = sample_book();
  book.apply(bid("0.41", "3"));
  book.apply(bid("0.42", "0"));
  EXPECT_EQ(book.best_bid(), level("0.41", "3"));
  book.apply(bid("0.42", "0"));
  EXPECT_EQ(book.bids().size(), 2u) << "removing an unknown level is harmless";
  book.apply(std::vector{ask("0.44", "1"), ask("0.44", "2"), ask("0.5", "0")});
  EXPECT_EQ(book.best_ask(), level("0.44", "2"));
  EXPECT_EQ(book.asks().size(), 2u);
  EXPECT_EQ(book.quantity_at(BookSide::Ask, price("0.45")), quantity("4"));
  EXPECT_EQ(book.quantity_at(BookSide::Ask, price("0.5")), Quantity());
}

TEST(OrderBook, SeesWhenItIsCrossed) {
  OrderBook book = sample_book();
  book.apply(bid("0.44", "1"));
  EXPECT_FALSE(book.crossed());
  book.apply(bid("0.45", "1"));
  EXPECT_TRUE(book.crossed()) << "touching is crossed: a sound venue would have matched";
}

TEST(OrderBook, TheMidRoundsDown) {
  OrderBook book;
  book.load(std::vector{level("0.0001", "1")}, std::vector{level("0.0004", "1")});
  EXPECT_EQ(book.mid(), price("0.0002"));
}

TEST(OrderBook, BuyingSweepsTheAsksCheapestFirst) {
  const OrderBook book = sample_book();
  const auto sweep = book.sweep(Outcome::Yes, Side::Buy, quantity("10"), price("0.5"));
  EXPECT_EQ(sweep.quantity, quantity("10"));
  EXPECT_EQ(sweep.cash, money("4.8"));  // 4 x 0.45 + 6 x 0.50
  EXPECT_EQ(sweep.worst, price("0.5"));
}

TEST(OrderBook, ASweepStopsAtItsLimitAndAtTheDepth) {
  const OrderBook book = sample_book();
  auto sweep = book.sweep(Outcome::Yes, Side::Buy, quantity("10"), price("0.4999"));
  EXPECT_EQ(sweep.quantity, quantity("4"));
  EXPECT_EQ(sweep.worst, price("0.45"));
  sweep = book.sweep(Outcome::Yes, Side::Sell, quantity("100"), price("0.0001"));
  EXPECT_EQ(sweep.quantity, quantity("15"));
  EXPECT_EQ(sweep.cash, money("6.1"));
  sweep = book.sweep(Outcome::Yes, Side::Sell, quantity("100"), price("0.43"));
  EXPECT_EQ(sweep.quantity, Quantity());
  EXPECT_EQ(sweep.cash, Money());
}

TEST(OrderBook, NoIsTheMirrorOfYes) {
  const OrderBook book = sample_book();
  EXPECT_EQ(book.best_to_take(Outcome::No, Side::Buy), level("0.58", "5"));
  EXPECT_EQ(book.best_to_take(Outcome::No, Side::Sell), level("0.55", "4"));
  EXPECT_EQ(book.best_to_take(Outcome::Yes, Side::Buy), level("0.45", "4"));
  EXPECT_EQ(book.best_to_take(Outcome::Yes, Side::Sell), level("0.42", "5"));
  const auto sweep = book.sweep(Outcome::No, Side::Buy, quantity("10"), price("0.6"));
  EXPECT_EQ(sweep.quantity, quantity("10"));
  EXPECT_EQ(sweep.cash, money("5.9"));  // 5 x 0.58 + 5 x 0.60
  EXPECT_EQ(sweep.worst, price("0.6"));
}

TEST(OrderBook, BuyingBothOutcomesNeverCostsLessThanOne) {
  const OrderBook book = sample_book();
  const auto yes = book.best_to_take(Outcome::Yes, Side::Buy);
  const auto no = book.best_to_take(Outcome::No, Side::Buy);
  EXPECT_GE(yes->price + no->price, kPriceOne);
}

TEST(OrderBook, RoundsCashAgainstUs) {
  OrderBook book;
  book.load(std::vector{level("0.3333", "0.000001")}, std::vector{level("0.6667", "0.000001")});
  EXPECT_EQ(book.sweep(Outcome::Yes, Side::Buy, quantity("1"), kPriceOne).cash, Money::from_raw(1));
  EXPECT_EQ(book.sweep(Outcome::Yes, Side::Sell, quantity("1"), Price()).cash, Money());
}

// A book is a map from price to quantity: any run of changes and loads ends in the same levels.
TEST(OrderBook, AgreesWithAPlainMapUnderRandomChanges) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    std::mt19937_64 random(seed);
    OrderBook book;
    std::map<Price, Quantity> bids;
    std::map<Price, Quantity> asks;
    for (int step = 0; step < 2000; ++step) {
      const auto raw = static_cast<std::int64_t>(1 + random() % (seed % 2 == 0 ? 40 : 2000));
      const Quantity amount =
          Quantity::from_raw(static_cast<std::int64_t>(random() % 4) * 1'000'000);
      const LevelChange change{random() % 2 == 0 ? BookSide::Bid : BookSide::Ask,
                               Price::from_raw(raw), amount};
      book.apply(change);
      auto& side = change.side == BookSide::Bid ? bids : asks;
      if (amount.is_zero()) {
        side.erase(change.price);
      } else {
        side[change.price] = amount;
      }
      ASSERT_EQ(book.quantity_at(change.side, change.price), amount);
    }
    ASSERT_EQ(book.bids().size(), bids.size());
    ASSERT_TRUE(std::equal(book.bids().begin(), book.bids().end(), bids.begin(),
                           [](const Level& a, const auto& b) {
                             return a.price == b.first && a.quantity == b.second;
                           }));
    ASSERT_EQ(book.asks().size(), asks.size());
    ASSERT_TRUE(std::equal(book.asks().rbegin(), book.asks().rend(), asks.begin(),
                           [](const Level& a, const auto& b) {
                             return a.price == b.first && a.quantity == b.second;
                           }));
    OrderBook copy;
    std::vector<Level> shuffled(book.bids().begin(), book.bids().end());
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    copy.load(shuffled, book.asks());
    ASSERT_TRUE(
        std::equal(copy.bids().begin(), copy.bids().end(), book.bids().begin(), book.bids().end()));
  }
}

}  // namespace
}  // namespace polybot::domain
