#include "common/wire/market_data_codec.hpp"

#include <gtest/gtest.h>

#include "polybot/v1/market_data.pb.h"
#include "tests/unit/wire/samples.hpp"

namespace polybot::wire {
namespace {

using test::at;
using test::id_of;
using test::price;
using test::quantity;

domain::BookSnapshot sample_snapshot() {
  return {.market = id_of<domain::MarketId>(9),
          .bids = {{price(1), quantity(1)}, {price(4500), quantity(219'217'767)}},
          .asks = {{price(9999), quantity(kQuantityRawMax)}, {price(4600), quantity(0)}},
          .tick = price(100),
          .stale = true,
          .venue_at = at(1'780'000'000),
          .stamped_at = at(1'780'000'001)};
}

domain::BookDelta sample_delta() {
  return {.market = id_of<domain::MarketId>(9),
          .changes = {{domain::BookSide::Bid, price(4500), quantity(0)},
                      {domain::BookSide::Ask, price(4500), quantity(1)},
                      {domain::BookSide::Bid, price(9999), quantity(5'000'000)}},
          .venue_at = at(5),
          .stamped_at = at(6)};
}

domain::TradeTick sample_trade() {
  return {.market = id_of<domain::MarketId>(9),
          .aggressor = domain::Side::Sell,
          .price = price(321),
          .quantity = quantity(1),
          .venue_at = at(5),
          .stamped_at = at(6)};
}

template <class Kind>
Kind round_trip(const Kind& sent) {
  MarketDataCodec codec;
  MarketData received;
  EXPECT_EQ(codec.decode(std::string(codec.encode(sent)), received), DecodeError::None);
  const Kind* kind = std::get_if<Kind>(&received);
  EXPECT_NE(kind, nullptr);
  return kind == nullptr ? Kind{} : *kind;
}

DecodeError refusal_of(const v1::MarketData& message) {
  MarketDataCodec codec;
  MarketData out;
  return codec.decode(message.SerializeAsString(), out);
}

v1::MarketData generated(v1::MarketData::Kind kind) {
  v1::MarketData message;
  message.set_kind(kind);
  message.set_market(std::string(32, 'm'));
  message.set_tick(100);
  message.set_aggressor(v1::SIDE_BUY);
  message.set_price(5000);
  message.set_quantity(1);
  return message;
}

TEST(MarketDataCodec, CarriesASnapshot) {
  const auto sent = sample_snapshot();
  const auto received = round_trip(sent);
  EXPECT_EQ(received.market, sent.market);
  EXPECT_EQ(received.bids, sent.bids);
  EXPECT_EQ(received.asks, sent.asks);
  EXPECT_EQ(received.tick, sent.tick);
  EXPECT_EQ(received.stale, sent.stale);
  EXPECT_EQ(received.venue_at, sent.venue_at);
  EXPECT_EQ(received.stamped_at, sent.stamped_at);
}

TEST(MarketDataCodec, CarriesADeltaInItsOrder) {
  const auto sent = sample_delta();
  const auto received = round_trip(sent);
  EXPECT_EQ(received.market, sent.market);
  EXPECT_EQ(received.changes, sent.changes);
  EXPECT_EQ(received.venue_at, sent.venue_at);
  EXPECT_EQ(received.stamped_at, sent.stamped_at);
}

TEST(MarketDataCodec, CarriesATradeAndAStaleMark) {
  const auto sent = sample_trade();
  const auto received = round_trip(sent);
  EXPECT_EQ(received.market, sent.market);
  EXPECT_EQ(received.aggressor, sent.aggressor);
  EXPECT_EQ(received.price, sent.price);
  EXPECT_EQ(received.quantity, sent.quantity);
  EXPECT_EQ(received.venue_at, sent.venue_at);
  const auto stale =
      round_trip(domain::BookStale{.market = id_of<domain::MarketId>(1), .stamped_at = at(3)});
  EXPECT_EQ(stale.market, id_of<domain::MarketId>(1));
  EXPECT_EQ(stale.stamped_at, at(3));
}

TEST(MarketDataCodec, AnEmptyBookIsASnapshotToo) {
  const auto received = round_trip(domain::BookSnapshot{.market = id_of<domain::MarketId>(1)});
  EXPECT_TRUE(received.bids.empty());
  EXPECT_TRUE(received.asks.empty());
}

TEST(MarketDataCodec, ReusedBuffersLeaveNothingBehind) {
  MarketDataCodec codec;
  MarketData out;
  ASSERT_EQ(codec.decode(std::string(codec.encode(sample_snapshot())), out), DecodeError::None);
  ASSERT_EQ(codec.decode(std::string(codec.encode(sample_delta())), out), DecodeError::None);
  domain::BookDelta shorter = sample_delta();
  shorter.changes.resize(1);
  ASSERT_EQ(codec.decode(std::string(codec.encode(shorter)), out), DecodeError::None);
  EXPECT_EQ(std::get<domain::BookDelta>(out).changes.size(), 1u);
  ASSERT_EQ(codec.decode(std::string(codec.encode(MarketData(sample_trade()))), out),
            DecodeError::None);
  EXPECT_TRUE(std::holds_alternative<domain::TradeTick>(out));
}

TEST(MarketDataCodec, SurvivesAbuse) {
  MarketDataCodec codec;
  MarketData out;
  const auto decode = [&](std::string_view bytes) { return codec.decode(bytes, out); };
  test::abuse(std::string(codec.encode(sample_snapshot())), decode);
  test::abuse(std::string(codec.encode(sample_delta())), decode);
  test::abuse(std::string(codec.encode(sample_trade())), decode);
}

TEST(MarketDataCodec, RefusesWhatNoGatewaySends) {
  EXPECT_EQ(refusal_of(generated(v1::MarketData::KIND_UNSPECIFIED)), DecodeError::BadEnum);
  EXPECT_EQ(refusal_of(generated(static_cast<v1::MarketData::Kind>(99))), DecodeError::BadEnum);

  for (const std::size_t length : {0u, 31u, 33u}) {
    auto message = generated(v1::MarketData::KIND_BOOK_STALE);
    message.set_market(std::string(length, 'm'));
    EXPECT_EQ(refusal_of(message), DecodeError::BadId) << length;
  }

  const auto with_levels = [](std::initializer_list<std::uint64_t> numbers) {
    auto message = generated(v1::MarketData::KIND_BOOK_SNAPSHOT);
    for (const std::uint64_t number : numbers) message.add_bids(number);
    return message;
  };
  EXPECT_EQ(refusal_of(with_levels({1, 1})), DecodeError::None);
  EXPECT_EQ(refusal_of(with_levels({1})), DecodeError::OutOfRange) << "a price without a quantity";
  EXPECT_EQ(refusal_of(with_levels({0, 1})), DecodeError::OutOfRange);
  EXPECT_EQ(refusal_of(with_levels({10'000, 1})), DecodeError::OutOfRange);
  EXPECT_EQ(refusal_of(with_levels({UINT64_MAX, 1})), DecodeError::OutOfRange);
  EXPECT_EQ(refusal_of(with_levels({1, kQuantityRawMax + 1})), DecodeError::OutOfRange);
  EXPECT_EQ(refusal_of(with_levels({1, UINT64_MAX})), DecodeError::OutOfRange)
      << "a negative quantity";

  auto trade = generated(v1::MarketData::KIND_TRADE_TICK);
  EXPECT_EQ(refusal_of(trade), DecodeError::None);
  trade.set_aggressor(static_cast<v1::Side>(3));
  EXPECT_EQ(refusal_of(trade), DecodeError::BadEnum);
  trade = generated(v1::MarketData::KIND_TRADE_TICK);
  trade.set_quantity(0);
  EXPECT_EQ(refusal_of(trade), DecodeError::OutOfRange);
  trade = generated(v1::MarketData::KIND_TRADE_TICK);
  trade.set_stamped_at_ns(-1);
  EXPECT_EQ(refusal_of(trade), DecodeError::OutOfRange);
  trade.set_stamped_at_ns(INT64_MAX);
  EXPECT_EQ(refusal_of(trade), DecodeError::OutOfRange);
}

TEST(MarketDataCodec, BoundsTheLevelsOfABook) {
  auto message = generated(v1::MarketData::KIND_BOOK_SNAPSHOT);
  for (std::size_t i = 0; i < kBookLevelsMax + 1; ++i) {
    message.add_asks(5000);
    message.add_asks(1);
  }
  EXPECT_EQ(refusal_of(message), DecodeError::OutOfRange);
}

TEST(MarketDataCodec, TheLargestBookFitsAMessage) {
  domain::BookSnapshot book = sample_snapshot();
  book.bids.clear();
  for (int raw = 1; raw < 10'000; ++raw)
    book.bids.push_back({price(raw), quantity(kQuantityRawMax)});
  book.asks = book.bids;
  MarketDataCodec codec;
  EXPECT_LT(codec.encode(book).size(), std::size_t{1} << 20);
  EXPECT_EQ(round_trip(book).asks.size(), 9999u);
}

TEST(QuoteCodec, CarriesEverySideOrNone) {
  domain::QuoteTick sent{.market = id_of<domain::MarketId>(4), .stale = true, .stamped_at = at(9)};
  for (int sides = 0; sides < 8; ++sides) {
    sent.bid =
        (sides & 1) != 0 ? std::optional(domain::Level{price(4500), quantity(3)}) : std::nullopt;
    sent.ask =
        (sides & 2) != 0 ? std::optional(domain::Level{price(4600), quantity(4)}) : std::nullopt;
    sent.last = (sides & 4) != 0 ? std::optional(price(0)) : std::nullopt;
    QuoteData data = domain::QuoteTick{.last = price(77)};
    ASSERT_EQ(decode_quote(encode_quote(sent), data), DecodeError::None);
    const auto& received = std::get<domain::QuoteTick>(data);
    EXPECT_EQ(received.market, sent.market);
    EXPECT_EQ(received.bid, sent.bid);
    EXPECT_EQ(received.ask, sent.ask);
    EXPECT_EQ(received.last, sent.last);
    EXPECT_EQ(received.stale, sent.stale);
    EXPECT_EQ(received.stamped_at, sent.stamped_at);
  }
  test::abuse(encode_quote(sent), [](std::string_view bytes) {
    QuoteData out;
    return decode_quote(bytes, out);
  });
}

domain::ShardVouched sample_vouch() {
  return {.as_of = at(9),
          .except = {id_of<domain::MarketId>(4), id_of<domain::MarketId>(7)},
          .complete = true};
}

TEST(VouchCodec, CarriesExceptionsForBooksAndForQuotes) {
  const domain::ShardVouched sent = sample_vouch();
  MarketDataCodec codec;
  MarketData books;
  ASSERT_EQ(codec.decode(std::string(codec.encode(sent)), books), DecodeError::None);
  QuoteData quotes;
  ASSERT_EQ(decode_quote(encode_quote(sent), quotes), DecodeError::None);
  for (const auto& received :
       {std::get<domain::ShardVouched>(books), std::get<domain::ShardVouched>(quotes)}) {
    EXPECT_EQ(received.as_of, sent.as_of);
    EXPECT_EQ(received.except, sent.except);
    EXPECT_TRUE(received.complete);
  }
  test::abuse(encode_quote(sent), [](std::string_view bytes) {
    QuoteData out;
    return decode_quote(bytes, out);
  });
}

TEST(VouchCodec, RefusesAnExceptionThatIsNoMarketAndTooMany) {
  v1::Quote message;
  message.set_vouches(true);
  message.add_except("short");
  QuoteData out;
  EXPECT_NE(decode_quote(message.SerializeAsString(), out), DecodeError::None);
  message.clear_except();
  for (int i = 0; i <= kVouchExceptionsMax; ++i) message.add_except(std::string(32, 'm'));
  EXPECT_EQ(decode_quote(message.SerializeAsString(), out), DecodeError::OutOfRange);
}

TEST(QuoteCodec, RefusesAnEmptyLevelAndAPriceOutsideTheGame) {
  v1::Quote message;
  message.set_market(std::string(32, 'm'));
  QuoteData out;
  EXPECT_EQ(decode_quote(message.SerializeAsString(), out), DecodeError::None);
  message.set_bid_price(4500);
  EXPECT_EQ(decode_quote(message.SerializeAsString(), out), DecodeError::OutOfRange)
      << "a bid for nothing";
  message.set_bid_quantity(1);
  EXPECT_EQ(decode_quote(message.SerializeAsString(), out), DecodeError::None);
  message.set_bid_price(10'000);
  EXPECT_EQ(decode_quote(message.SerializeAsString(), out), DecodeError::OutOfRange);
}

TEST(MarketCodec, CarriesADefinitionWhole) {
  const domain::Market sent = test::sample_market();
  domain::Market received;
  ASSERT_EQ(decode_market(encode_market(sent), received), DecodeError::None);
  EXPECT_EQ(received, sent);
  domain::Market plain;
  ASSERT_EQ(decode_market(encode_market(domain::Market{}), plain), DecodeError::None);
  EXPECT_EQ(plain, domain::Market{});
}

TEST(MarketCodec, SurvivesAbuseAndRefusesNonsense) {
  test::abuse(encode_market(test::sample_market()), [](std::string_view bytes) {
    domain::Market out;
    return decode_market(bytes, out);
  });
  const auto refusal = [](auto change) {
    v1::Market message;
    EXPECT_TRUE(message.ParseFromString(encode_market(test::sample_market())));
    change(message);
    domain::Market out;
    return decode_market(message.SerializeAsString(), out);
  };
  EXPECT_EQ(refusal([](v1::Market& m) { m.set_slug("\xc3\x28"); }), DecodeError::BadText);
  EXPECT_EQ(refusal([](v1::Market& m) { m.set_slug(std::string(257, 'a')); }),
            DecodeError::BadText);
  EXPECT_EQ(refusal([](v1::Market& m) { m.set_tick(0); }), DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Market& m) { m.set_status(v1::MARKET_STATUS_UNSPECIFIED); }),
            DecodeError::BadEnum);
  EXPECT_EQ(refusal([](v1::Market& m) { m.set_exchange(static_cast<v1::ExchangeVersion>(4)); }),
            DecodeError::BadEnum);
  EXPECT_EQ(refusal([](v1::Market& m) { m.mutable_fee()->set_exponent(3); }),
            DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Market& m) { m.mutable_fee()->set_rate_ppm(UINT64_MAX); }),
            DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Market& m) { m.set_payout_yes(10'001); }), DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Market& m) { m.set_event_market_count(65'536); }),
            DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Market& m) { m.set_yes_token("short"); }), DecodeError::BadId);
}

}  // namespace
}  // namespace polybot::wire
