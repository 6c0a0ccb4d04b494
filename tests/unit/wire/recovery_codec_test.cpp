#include "common/wire/recovery_codec.hpp"

#include <gtest/gtest.h>

#include "common/wire/market_data_codec.hpp"
#include "polybot/v1/recovery.pb.h"
#include "tests/unit/wire/samples.hpp"

namespace polybot::wire {
namespace {

using test::id_of;
using test::price;
using test::quantity;

domain::BookSnapshot book(std::uint8_t market, int levels) {
  domain::BookSnapshot snapshot{.market = id_of<domain::MarketId>(market)};
  for (int i = 1; i <= levels; ++i)
    snapshot.bids.push_back({price(i), quantity(kQuantityRawMax - i)});
  return snapshot;
}

TEST(BooksRecovery, CarriesARequest) {
  BooksRequest received;
  ASSERT_EQ(decode_books_request(encode_books_request({.shard = {63}}), received),
            DecodeError::None);
  EXPECT_EQ(received.shard, domain::Shard{63});
  v1::BooksRequest message;
  message.set_shard(64);
  EXPECT_EQ(decode_books_request(message.SerializeAsString(), received), DecodeError::OutOfRange);
}

TEST(BooksRecovery, CarriesTheBooksAndWhereTheyStand) {
  const BooksAnswer sent{.position = {.incarnation = 7, .seq = 1234},
                         .books = {book(1, 3), book(2, 0)},
                         .markets = {test::sample_market()}};
  BooksAnswer received;
  ASSERT_EQ(decode_books_answer(encode_books_answer(sent), received), DecodeError::None);
  EXPECT_EQ(received.position, sent.position);
  EXPECT_TRUE(received.complete);
  ASSERT_EQ(received.books.size(), 2u);
  EXPECT_EQ(received.books[0].market, sent.books[0].market);
  EXPECT_EQ(received.books[0].bids, sent.books[0].bids);
  EXPECT_EQ(received.markets, sent.markets);
}

TEST(BooksRecovery, LeavesOutWhatDoesNotFitAndSaysSo) {
  BooksAnswer sent;
  for (std::uint8_t market = 0; market < 20; ++market) sent.books.push_back(book(market, 9999));
  const std::string bytes = encode_books_answer(sent);
  EXPECT_LT(bytes.size(), std::size_t{1} << 20);
  BooksAnswer received;
  ASSERT_EQ(decode_books_answer(bytes, received), DecodeError::None);
  EXPECT_FALSE(received.complete);
  EXPECT_GT(received.books.size(), 1u);
  EXPECT_LT(received.books.size(), 20u);
}

TEST(BooksRecovery, SurvivesAbuseAndTakesNothingButSnapshots) {
  test::abuse(encode_books_answer({.position = {1, 2}, .books = {book(1, 2), book(2, 2)}}),
              [](std::string_view bytes) {
                BooksAnswer out;
                return decode_books_answer(bytes, out);
              });
  MarketDataCodec codec;
  v1::BooksAnswer message;
  message.add_snapshots(
      std::string(codec.encode(domain::BookStale{.market = id_of<domain::MarketId>(1)})));
  BooksAnswer out;
  EXPECT_EQ(decode_books_answer(message.SerializeAsString(), out), DecodeError::BadEnum);
}

TEST(OrdersRecovery, CarriesBothRequests) {
  OrdersRequest received;
  ASSERT_EQ(decode_orders_request(encode_orders_request(ReplayRequest{{"momentum"}, 17}), received),
            DecodeError::None);
  EXPECT_EQ(std::get<ReplayRequest>(received).stream.value, "momentum");
  EXPECT_EQ(std::get<ReplayRequest>(received).after_seq, 17u);
  ASSERT_EQ(decode_orders_request(encode_orders_request(ReplayRequest{{"all"}, 0}), received),
            DecodeError::None);
  EXPECT_EQ(std::get<ReplayRequest>(received).after_seq, 0u);
  ASSERT_EQ(decode_orders_request(encode_orders_request(StatePageRequest{{"all"}, 9, 2}), received),
            DecodeError::None);
  EXPECT_EQ(std::get<StatePageRequest>(received).at_seq, 9u);
  EXPECT_EQ(std::get<StatePageRequest>(received).page, 2u);
}

TEST(OrdersRecovery, CarriesEveryAnswer) {
  OrdersAnswer received;
  const ReplayedEvents events{.events = {"one", std::string("t\0o", 3)}, .more = true};
  ASSERT_EQ(decode_orders_answer(encode_orders_answer(events), received), DecodeError::None);
  EXPECT_EQ(std::get<ReplayedEvents>(received).events, events.events);
  EXPECT_TRUE(std::get<ReplayedEvents>(received).more);
  ASSERT_EQ(decode_orders_answer(encode_orders_answer(ReplayedEvents{}), received),
            DecodeError::None);
  EXPECT_TRUE(std::get<ReplayedEvents>(received).events.empty());
  const StatePage page{.at_seq = 12, .page = 1, .pages = 3, .entries = {"a", "b"}};
  ASSERT_EQ(decode_orders_answer(encode_orders_answer(page), received), DecodeError::None);
  EXPECT_EQ(std::get<StatePage>(received).at_seq, 12u);
  EXPECT_EQ(std::get<StatePage>(received).page, 1u);
  EXPECT_EQ(std::get<StatePage>(received).pages, 3u);
  EXPECT_EQ(std::get<StatePage>(received).entries, page.entries);
  ASSERT_EQ(decode_orders_answer(encode_orders_answer(NotKept{}), received), DecodeError::None);
  EXPECT_TRUE(std::holds_alternative<NotKept>(received));
}

TEST(OrdersRecovery, SurvivesAbuse) {
  const auto request = [](std::string_view bytes) {
    OrdersRequest out;
    return decode_orders_request(bytes, out);
  };
  const auto answer = [](std::string_view bytes) {
    OrdersAnswer out;
    return decode_orders_answer(bytes, out);
  };
  test::abuse(encode_orders_request(ReplayRequest{{"momentum"}, 17}), request);
  test::abuse(encode_orders_request(StatePageRequest{{"momentum"}, 17, 1}), request);
  test::abuse(encode_orders_answer(ReplayedEvents{.events = {"one", "two"}}), answer);
  test::abuse(encode_orders_answer(StatePage{.at_seq = 1, .entries = {"one"}}), answer);
}

TEST(OrdersRecovery, RefusesWhatWouldMisleadItsReader) {
  OrdersRequest request;
  v1::OrdersRequest asked;
  asked.set_stream("momentum");
  EXPECT_EQ(decode_orders_request(asked.SerializeAsString(), request), DecodeError::Missing);
  asked.set_after_seq(1);
  asked.set_stream("");
  EXPECT_EQ(decode_orders_request(asked.SerializeAsString(), request), DecodeError::BadName);

  OrdersAnswer answer;
  v1::OrdersAnswer given;
  EXPECT_EQ(decode_orders_answer(given.SerializeAsString(), answer), DecodeError::Missing);
  given.mutable_events()->set_more(true);
  EXPECT_EQ(decode_orders_answer(given.SerializeAsString(), answer), DecodeError::Missing)
      << "its reader would ask for more without end";
  given.mutable_snapshot()->set_pages(2);
  EXPECT_EQ(decode_orders_answer(given.SerializeAsString(), answer), DecodeError::None);
  given.mutable_snapshot()->set_page(2);
  EXPECT_EQ(decode_orders_answer(given.SerializeAsString(), answer), DecodeError::OutOfRange);
  given.mutable_snapshot()->set_pages(UINT32_MAX);
  EXPECT_EQ(decode_orders_answer(given.SerializeAsString(), answer), DecodeError::OutOfRange);
}

TEST(OrdersRecovery, AnAnswerFilledToTheBrimFitsTheBus) {
  StatePage page;
  std::size_t bytes = 0;
  const std::string entry(1000, 'e');
  while (fits_answer(bytes, entry.size())) page.entries.push_back(entry);
  EXPECT_GT(page.entries.size(), 1000u);
  EXPECT_LT(encode_orders_answer(page).size(), std::size_t{1} << 20);
}

}  // namespace
}  // namespace polybot::wire
