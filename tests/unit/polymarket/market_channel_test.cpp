// Every market-channel message type, in and out, and what malformed frames do.
#include "common/polymarket/messages/market_channel.hpp"

#include <algorithm>

#include "common/polymarket/messages/json_cursor.hpp"
#include "tests/unit/polymarket/book_hash.hpp"
#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

using domain::Level;
using domain::Side;

constexpr std::string_view kMarket =
    "0xa400000000000000000000000000000000000000000000000000000000000001";

std::string token_text(std::uint8_t n) {
  return to_string(token_id(n));
}

// `MARKET`, `TOKEN1` and `TOKEN2` stand for ids, so that the samples stay readable.
std::string sample(std::string text) {
  const std::pair<std::string, std::string> names[] = {
      {"MARKET", std::string(kMarket)}, {"TOKEN1", token_text(1)}, {"TOKEN2", token_text(2)}};
  for (const auto& [name, value] : names) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name)) {
      text.replace(at, name.size(), value);
    }
  }
  return text;
}

const std::string kBook = sample(
    R"({"event_type":"book","market":"MARKET","asset_id":"TOKEN1","bids":[{"price":".48","size":"30"},)"
    R"({"price":"0.49","size":"20.5"}],"asks":[{"price":".52","size":"25"}],"timestamp":"1757908892351",)"
    R"("hash":"0xabc","min_order_size":"5","tick_size":"0.01","neg_risk":false,"last_trade_price":"0.5"})");
const std::string kPriceChange = sample(
    R"({"market": "MARKET", "price_changes": [{"asset_id": "TOKEN1", "price": "0.82", "size": "1355.53", )"
    R"("side": "SELL", "hash": "e78bb4", "best_bid": "0.74", "best_ask": "0.78"}, {"asset_id": "TOKEN2", )"
    R"("price": "0.18", "size": "0", "side": "BUY", "hash": "62052b", "best_bid": "0.22", "best_ask": "0.26"}], )"
    R"("timestamp": "1778685767817", "event_type": "price_change"})");
const std::string kLastTrade = sample(
    R"({"event_type":"last_trade_price","market":"MARKET","asset_id":"TOKEN1","price":"0.456","side":"BUY",)"
    R"("size":"219.217767","fee_rate_bps":"","timestamp":"1750428146322"})");
const std::string kTickChange = sample(
    R"({"event_type":"tick_size_change","market":"MARKET","asset_id":"TOKEN1","old_tick_size":"0.01",)"
    R"("new_tick_size":"0.001","timestamp":"1757908892351"})");
const std::string kBest = sample(
    R"({"event_type":"best_bid_ask","market":"MARKET","asset_id":"TOKEN1","best_bid":"0.73","best_ask":"0.77",)"
    R"("spread":"0.04","timestamp":"1766789469958"})");
const std::string kNewMarket = sample(
    R"({"event_type":"new_market","id":"1031769","question":"Will \"it\" rain\u00e9?","market":"MARKET",)"
    R"("slug":"rain","description":"d","assets_ids":["TOKEN1","TOKEN2"],"outcomes":["Yes","No"],)"
    R"("event_message":{"id":"1","ticker":"t","slug":"weather","title":"W","description":"d"},)"
    R"("timestamp":"1766790415550","tags":["stocks"],"condition_id":"MARKET","active":true,)"
    R"("clob_token_ids":["TOKEN1","TOKEN2"],"order_price_min_tick_size":"0.01","fees_enabled":true,)"
    R"("fee_schedule":{"rate":0.05}})");
const std::string kResolved = sample(
    R"({"event_type":"market_resolved","id":"1031769","market":"MARKET","assets_ids":["TOKEN1","TOKEN2"],)"
    R"("winning_asset_id":"TOKEN1","winning_outcome":"Yes","timestamp":"1766790415550","tags":[]})");

template <class Event>
const Event& only(const MarketFrame& frame) {
  EXPECT_EQ(frame.events.size(), 1U);
  return std::get<Event>(frame.events.front());
}

ParseError error_of(std::string_view text) {
  MarketFrame frame;
  const auto result = parse_market_frame(text, frame);
  EXPECT_FALSE(result.has_value()) << text;
  EXPECT_TRUE(frame.events.empty());
  return result.has_value() ? ParseError{} : result.error();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(MarketChannel, ReadsABook) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(kBook, frame));
  const auto& book = only<BookEvent>(frame);
  EXPECT_EQ(book.market, market_id(1));
  EXPECT_EQ(book.token, token_id(1));
  EXPECT_EQ(domain::to_unix_ms(book.venue_at), 1757908892351);
  ASSERT_EQ(book.bids.size(), 2U);
  EXPECT_EQ(book.bids[0], (Level{price("0.48"), quantity("30")}));
  EXPECT_EQ(book.bids[1], (Level{price("0.49"), quantity("20.5")}));
  ASSERT_EQ(book.asks.size(), 1U);
  EXPECT_EQ(book.asks[0], (Level{price("0.52"), quantity("25")}));
  EXPECT_EQ(book.tick, price("0.01"));
  EXPECT_EQ(book.last_trade_price, price("0.5"));
}

TEST(MarketChannel, ABookMayLackItsLastFourFieldsOrLeaveThemBlank) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(
      sample(R"({"asks":[],"bids":[],"timestamp":"1757908892351","asset_id":"TOKEN1","hash":"",)"
             R"("market":"MARKET","event_type":"book","last_trade_price":"","tick_size":null})"),
      frame));
  const auto& book = only<BookEvent>(frame);
  EXPECT_TRUE(book.bids.empty());
  EXPECT_FALSE(book.tick);
  EXPECT_FALSE(book.last_trade_price);
}

TEST(MarketChannel, ReadsPriceChangesOfBothOutcomes) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(kPriceChange, frame));
  const auto& event = only<PriceChangeEvent>(frame);
  EXPECT_EQ(event.market, market_id(1));
  ASSERT_EQ(event.changes.size(), 2U);
  EXPECT_EQ(event.changes[0], (PriceChange{.token = token_id(1),
                                           .side = Side::Sell,
                                           .price = price("0.82"),
                                           .quantity = quantity("1355.53"),
                                           .best_bid = price("0.74"),
                                           .best_ask = price("0.78"),
                                           .has_best = true}));
  EXPECT_TRUE(event.changes[1].quantity.is_zero());
  EXPECT_EQ(event.changes[1].side, Side::Buy);
}

TEST(MarketChannel, AnEmptySideHasNoBestPriceInAnySpelling) {
  for (const auto& [bid, ask] :
       {std::pair("", ""), std::pair("0", "1"), std::pair("0.0", "1.00")}) {
    std::string text = replaced(kPriceChange, R"("best_bid": "0.74")",
                                "\"best_bid\": \"" + std::string(bid) + "\"");
    text = replaced(text, R"("best_ask": "0.78")", "\"best_ask\": \"" + std::string(ask) + "\"");
    MarketFrame frame;
    ASSERT_TRUE(parse_market_frame(text, frame)) << text;
    const PriceChange& change = only<PriceChangeEvent>(frame).changes[0];
    EXPECT_TRUE(change.has_best);
    EXPECT_FALSE(change.best_bid);
    EXPECT_FALSE(change.best_ask);
  }
}

TEST(MarketChannel, AChangeWithoutBestPricesSaysSo) {
  const std::string text =
      replaced(kPriceChange, R"(, "best_bid": "0.74", "best_ask": "0.78")", "");
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(text, frame));
  EXPECT_FALSE(only<PriceChangeEvent>(frame).changes[0].has_best);
}

TEST(MarketChannel, ReadsTradesTickChangesAndBestPrices) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(kLastTrade, frame));
  EXPECT_EQ(only<LastTradeEvent>(frame),
            (LastTradeEvent{.market = market_id(1),
                            .token = token_id(1),
                            .venue_at = domain::from_unix_ms(1750428146322),
                            .side = Side::Buy,
                            .price = price("0.456"),
                            .quantity = quantity("219.217767")}));
  ASSERT_TRUE(parse_market_frame(kTickChange, frame));
  EXPECT_EQ(only<TickSizeChangeEvent>(frame).old_tick, price("0.01"));
  EXPECT_EQ(only<TickSizeChangeEvent>(frame).new_tick, price("0.001"));
  ASSERT_TRUE(parse_market_frame(kBest, frame));
  EXPECT_EQ(only<BestBidAskEvent>(frame).best_bid, price("0.73"));
  EXPECT_EQ(only<BestBidAskEvent>(frame).best_ask, price("0.77"));
}

TEST(MarketChannel, ReadsNewAndResolvedMarkets) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(kNewMarket, frame));
  EXPECT_EQ(only<NewMarketEvent>(frame),
            (NewMarketEvent{.market = market_id(1),
                            .venue_at = domain::from_unix_ms(1766790415550),
                            .slug = "rain",
                            .question = "Will \"it\" rain\u00e9?",
                            .event_slug = "weather",
                            .tokens = {token_id(1), token_id(2)},
                            .outcomes = {"Yes", "No"},
                            .tick = price("0.01")}));
  ASSERT_TRUE(parse_market_frame(kResolved, frame));
  EXPECT_EQ(only<MarketResolvedEvent>(frame).winning_token, token_id(1));
  EXPECT_EQ(only<MarketResolvedEvent>(frame).winning_outcome, "Yes");
}

TEST(MarketChannel, AFrameMayBeAnArrayOfMixedMessages) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame("[" + kBook + "," + kPriceChange + " , " + kBook + "]", frame));
  ASSERT_EQ(frame.events.size(), 3U);
  EXPECT_EQ(std::get<BookEvent>(frame.events[0]).bids[1].price, price("0.49"));
  EXPECT_EQ(std::get<PriceChangeEvent>(frame.events[1]).changes.size(), 2U);
  EXPECT_EQ(std::get<BookEvent>(frame.events[2]).asks[0].price, price("0.52"));
  ASSERT_TRUE(parse_market_frame("[]", frame));
  EXPECT_TRUE(frame.events.empty());
}

TEST(MarketChannel, OneMalformedMessageHidesNoOther) {
  std::string bad = kBook;
  bad.replace(bad.find("\"size\":\""), 8, "\"size\":\"x");
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame("[" + kBook + "," + bad + ",7," + kBook + "]", frame).has_value());
  EXPECT_EQ(frame.events.size(), 2U);
  ASSERT_EQ(frame.unreadable.size(), 2U);
  EXPECT_EQ(frame.unreadable[0].error, (ParseError{ParseFault::BadNumber, "size"}));
  EXPECT_EQ(frame.unreadable[0].market, std::get<BookEvent>(frame.events[0]).market);
  EXPECT_FALSE(frame.unreadable[1].market);
  EXPECT_EQ(frame.unreadable[0].events_before, 1U);
  EXPECT_EQ(frame.unreadable[1].events_before, 1U);
  EXPECT_TRUE(frame.unreadable[0].changes_books);
  EXPECT_TRUE(frame.unreadable[1].changes_books);
  EXPECT_EQ(parse_market_frame(bad, frame).error(), (ParseError{ParseFault::BadNumber, "size"}));
  EXPECT_EQ(frame.unreadable.size(), 1U);
  EXPECT_TRUE(frame.events.empty());
}

TEST(MarketChannel, AStructureInPlaceOfATextSpoilsItsMessageAlone) {
  MarketFrame frame;
  const std::string bad = replaced(kBook, R"("price":".48")", R"("price":{"a":[".48"]})");
  ASSERT_TRUE(parse_market_frame("[" + bad + "," + kBook + "]", frame).has_value());
  EXPECT_EQ(frame.events.size(), 1U);
  ASSERT_EQ(frame.unreadable.size(), 1U);
  EXPECT_EQ(frame.unreadable[0].error, (ParseError{ParseFault::MissingField, "price"}));
}

TEST(MarketChannel, MembersComeInAnyOrderWithSpacesAndTheLastOfTwoCounts) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(
      sample(
          R"({"timestamp" : "1778685767817", "price_changes": [{"best_ask": "0.78", "size": "7",)"
          R"("best_bid":"0.74", "price": "0.5", "more": {"price": 1}, "asset_id": "TOKEN1",)"
          R"( "side":"BUY","side" :"SELL" , "price" : "0.82"}], "market": "MARKET",)"
          "\n\t\"event_type\":\"price_change\"}\r\n"),
      frame));
  const auto& event = only<PriceChangeEvent>(frame);
  ASSERT_EQ(event.changes.size(), 1U);
  EXPECT_EQ(event.changes[0], (PriceChange{.token = token_id(1),
                                           .side = Side::Sell,
                                           .price = price("0.82"),
                                           .quantity = quantity("7"),
                                           .best_bid = price("0.74"),
                                           .best_ask = price("0.78"),
                                           .has_best = true}));
}

TEST(MarketChannel, WhatCannotBeReadSaysWhetherItChangesBooks) {
  MarketFrame frame;
  const auto changes = [&](const std::string& message) {
    EXPECT_FALSE(parse_market_frame(message, frame));
    return frame.unreadable.size() == 1 && frame.unreadable[0].changes_books;
  };
  for (const char* type : {"book", "price_change", "tick_size_change"})
    EXPECT_TRUE(changes(R"({"event_type":")" + std::string(type) + "\"}")) << type;
  for (const char* type : {"last_trade_price", "best_bid_ask", "new_market", "market_resolved"})
    EXPECT_FALSE(changes(R"({"event_type":")" + std::string(type) + "\"}")) << type;
  EXPECT_TRUE(changes("{}"));
  EXPECT_TRUE(changes("[" + kBook + ",")) << "it is cut off, so what is missing is unknown";
  EXPECT_FALSE(parse_market_frame("hello", frame));
  EXPECT_TRUE(frame.unreadable.empty()) << "no message";
}

TEST(MarketChannel, BareTextsAreNotEvents) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame("PONG", frame));
  EXPECT_EQ(frame.kind, FrameKind::Pong);
  ASSERT_TRUE(parse_market_frame("INVALID OPERATION", frame));
  EXPECT_EQ(frame.kind, FrameKind::InvalidOperation);
  ASSERT_TRUE(parse_market_frame(kBook, frame));
  EXPECT_EQ(frame.kind, FrameKind::Events);
}

TEST(MarketChannel, UnknownTypesAreCountedAndIgnored) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(
      "[" + kBook +
          R"(,{"event_type":"news","price":{"a":[1,2]},"bids":"none","asks":[{"price":"x"}],)" +
          R"("price_changes":[1,{"b":null}],"weight":1.5e-3,"on":true}])",
      frame));
  EXPECT_EQ(frame.events.size(), 1U);
  EXPECT_EQ(frame.unknown_events, 1U);
  EXPECT_EQ(only<BookEvent>(frame).bids.size(), 2U);
}

TEST(MarketChannel, ErrorsNameTheFaultAndTheField) {
  EXPECT_EQ(error_of(""), (ParseError{ParseFault::InvalidJson, "frame"}));
  EXPECT_EQ(error_of("ping"), (ParseError{ParseFault::InvalidJson, "frame"}));
  EXPECT_EQ(error_of("[1]"), (ParseError{ParseFault::UnexpectedType, "frame"}));
  EXPECT_EQ(error_of("{}"), (ParseError{ParseFault::MissingField, "event_type"}));
  EXPECT_EQ(error_of(kBook + "x"), (ParseError{ParseFault::InvalidJson, "frame"}));
  EXPECT_EQ(error_of(replaced(kBook, R"("price":".48")", R"("price":"1.48")")),
            (ParseError{ParseFault::BadNumber, "price"}));
  EXPECT_EQ(error_of(replaced(kBook, R"("price":".48")", R"("price":"0.48001")")),
            (ParseError{ParseFault::BadNumber, "price"}));
  EXPECT_EQ(error_of(replaced(kBook, R"("size":"30")", R"("size":"-30")")),
            (ParseError{ParseFault::BadNumber, "size"}));
  EXPECT_EQ(error_of(replaced(kBook, R"("size":"30")", R"("size":"1e3")")),
            (ParseError{ParseFault::BadNumber, "size"}));
  EXPECT_EQ(error_of(replaced(kBook, R"("size":"30")", R"("sighs":"30")")),
            (ParseError{ParseFault::MissingField, "size"}));
  EXPECT_EQ(error_of(replaced(kBook, kMarket, "0x12")), (ParseError{ParseFault::BadId, "market"}));
  EXPECT_EQ(error_of(replaced(kBook, token_text(1), "12x")),
            (ParseError{ParseFault::BadId, "asset_id"}));
  EXPECT_EQ(error_of(replaced(kBook, "1757908892351", "noon")),
            (ParseError{ParseFault::BadTimestamp, "timestamp"}));
  EXPECT_EQ(error_of(replaced(kPriceChange, "SELL", "HOLD")),
            (ParseError{ParseFault::UnknownValue, "side"}));
  EXPECT_EQ(error_of(replaced(kBook, "\"bids\":[", "\"bids\":7,\"bods\":[")),
            (ParseError{ParseFault::UnexpectedType, "bids"}));
  EXPECT_EQ(error_of(replaced(kNewMarket, "\"slug\":\"rain\"", "\"slug\":\"\xff\"")),
            (ParseError{ParseFault::BadText, "new_market"}));
  EXPECT_EQ(to_string(ParseError{ParseFault::BadNumber, "price"}), "BadNumber in price");
}

TEST(MarketChannel, ATruncatedFrameIsNeverAccepted) {
  for (const std::string& frame_text : {kBook, kPriceChange, kLastTrade, kTickChange, kBest,
                                        kNewMarket, kResolved, "[" + kBook + "," + kBest + "]"}) {
    MarketFrame frame;
    for (std::size_t size = 0; size < frame_text.size(); ++size) {
      ASSERT_FALSE(parse_market_frame(frame_text.substr(0, size), frame))
          << frame_text.substr(0, size);
      ASSERT_TRUE(frame.events.empty());
    }
    ASSERT_TRUE(parse_market_frame(frame_text, frame));
  }
}

TEST(MarketChannel, DamagedBytesNeverCrash) {
  const std::string_view damage("\"{}[]:,\\0x\x01\xff.-", 14);
  for (const std::string& frame_text : {kBook, kPriceChange, kNewMarket}) {
    MarketFrame frame;
    for (std::size_t at = 0; at < frame_text.size(); ++at) {
      for (const char c : damage) {
        std::string broken = frame_text;
        broken[at] = c;
        (void)parse_market_frame(broken, frame);
      }
    }
  }
}

TEST(MarketChannel, DeepNestingIsRefused) {
  const std::string deep =
      R"({"event_type":"x","a":)" + std::string(5000, '[') + std::string(5000, ']') + "}";
  EXPECT_EQ(error_of(deep), (ParseError{ParseFault::InvalidJson, "frame"}));
}

TEST(MarketChannel, StorageIsReusedBetweenFrames) {
  MarketFrame frame;
  ASSERT_TRUE(parse_market_frame(kPriceChange, frame));
  const auto* const first = only<PriceChangeEvent>(frame).changes.data();
  ASSERT_TRUE(parse_market_frame(kPriceChange, frame));
  EXPECT_EQ(only<PriceChangeEvent>(frame).changes.data(), first);
}

// What a writer makes of an event, read back.
template <class Event, class Write>
Event read_back(const Event& event, Write write) {
  static MarketFrame frame;  // events of a frame point into it
  std::string text;
  write(event, text);
  EXPECT_TRUE(parse_market_frame(text, frame)) << text;
  return only<Event>(frame);
}

TEST(MarketChannel, AWrittenBookReadsBackTheSame) {
  const std::vector<Level> bids{{price("0.01"), quantity("140")}, {price("0.44"), quantity("7.5")}};
  const std::vector<Level> asks{{price("0.99"), quantity("9")}};
  const BookEvent book{.market = market_id(1),
                       .token = token_id(2),
                       .venue_at = domain::from_unix_ms(1757908892351),
                       .bids = bids,
                       .asks = asks,
                       .tick = price("0.01"),
                       .last_trade_price = std::nullopt};
  std::string text;
  const auto read = read_back(book, [&](const BookEvent& event, std::string& out) {
    write_book(event, {.min_size = quantity("5"), .neg_risk = true}, out);
    text = out;
  });
  EXPECT_TRUE(std::ranges::equal(read.bids, bids));
  EXPECT_TRUE(std::ranges::equal(read.asks, asks));
  EXPECT_EQ(std::tie(read.market, read.token, read.venue_at, read.tick, read.last_trade_price),
            std::tie(book.market, book.token, book.venue_at, book.tick, book.last_trade_price));
  const auto hash = check_book_hash(text, {});
  ASSERT_TRUE(hash.has_value());
  EXPECT_TRUE(hash->agrees());
}

TEST(MarketChannel, WrittenPriceChangesReadBackTheSame) {
  const std::vector<PriceChange> changes{{.token = token_id(1),
                                          .side = Side::Buy,
                                          .price = price("0.44"),
                                          .quantity = quantity("0"),
                                          .best_bid = std::nullopt,
                                          .best_ask = price("0.5"),
                                          .has_best = true},
                                         {.token = token_id(2),
                                          .side = Side::Sell,
                                          .price = price("0.56"),
                                          .quantity = quantity("1.000001")}};
  const PriceChangeEvent event{market_id(1), domain::from_unix_ms(1757908892352), changes};
  EXPECT_TRUE(std::ranges::equal(read_back(event, write_price_change).changes, changes));
}

TEST(MarketChannel, WrittenTicksAndTradesReadBackTheSame) {
  const LastTradeEvent trade{market_id(1), token_id(1),  domain::from_unix_ms(1757908892353),
                             Side::Sell,   price("0.5"), quantity("3.581817")};
  EXPECT_EQ(read_back(trade, write_last_trade), trade);
  const TickSizeChangeEvent tick{market_id(1), token_id(1), domain::from_unix_ms(1757908892354),
                                 price("0.01"), price("0.001")};
  EXPECT_EQ(read_back(tick, write_tick_size_change), tick);
  const BestBidAskEvent best{market_id(1), token_id(1), domain::from_unix_ms(1757908892355),
                             price("0.4"), std::nullopt};
  EXPECT_EQ(read_back(best, write_best_bid_ask), best);
}

TEST(MarketChannel, WrittenListingsAndResultsReadBackTheSame) {
  const NewMarketEvent listed{.market = market_id(1),
                              .venue_at = domain::from_unix_ms(1757908892356),
                              .slug = "btc-updown",
                              .question = "Up\nor \"down\" \\ \x01?",
                              .event_slug = "btc",
                              .tokens = {token_id(1), token_id(2)},
                              .outcomes = {"Up", "Down"},
                              .tick = price("0.01")};
  EXPECT_EQ(read_back(listed, write_new_market), listed);
  const MarketResolvedEvent resolved{.market = market_id(1),
                                     .venue_at = domain::from_unix_ms(1757908892357),
                                     .tokens = {token_id(1), token_id(2)},
                                     .winning_token = std::nullopt,
                                     .winning_outcome = ""};
  EXPECT_EQ(read_back(resolved, write_market_resolved), resolved);
}

TEST(MarketChannel, SubscriptionsAreWrittenAsTheVenueWantsThem) {
  const std::vector<domain::TokenId> tokens{token_id(1), token_id(2)};
  EXPECT_EQ(
      market_subscribe(tokens),
      sample(R"({"type":"market","assets_ids":["TOKEN1","TOKEN2"],"initial_dump":true,"level":2,)"
             R"("custom_feature_enabled":true})"));
  EXPECT_EQ(
      market_subscribe_more(std::span(tokens).first(1)),
      sample(R"({"operation":"subscribe","assets_ids":["TOKEN1"],"custom_feature_enabled":true})"));
  EXPECT_EQ(market_unsubscribe(std::span(tokens).first(1)),
            sample(R"({"operation":"unsubscribe","assets_ids":["TOKEN1"]})"));
}

TEST(MarketChannel, SubscriptionsReadBack) {
  using Operation = MarketSubscription::Operation;
  const std::vector<domain::TokenId> tokens{token_id(1), token_id(2)};
  EXPECT_EQ(*parse_market_subscription(market_subscribe(tokens)),
            (MarketSubscription{Operation::Initial, tokens, true, true}));
  EXPECT_EQ(parse_market_subscription(market_subscribe_more(tokens))->operation,
            Operation::Subscribe);
  EXPECT_EQ(parse_market_subscription(market_unsubscribe(tokens))->operation,
            Operation::Unsubscribe);
  EXPECT_FALSE(
      parse_market_subscription(R"({"type":"market","assets_ids":[],"initial_dump":false})")
          ->initial_dump);
  EXPECT_FALSE(parse_market_subscription(R"({"type":"user","assets_ids":[]})"));
  EXPECT_FALSE(parse_market_subscription(R"({"type":"market"})"));
  EXPECT_FALSE(parse_market_subscription(R"({"type":"market","assets_ids":["x"]})"));
  EXPECT_FALSE(parse_market_subscription("PING"));
}

TEST(BookHash, ReproducesThePublishedVectors) {
  const auto computed = [](const std::string& timestamp, const std::string& bids,
                           const std::string& asks) {
    const auto check =
        check_book_hash(R"({"market":"0xaabbcc","asset_id":"100","timestamp":")" + timestamp +
                            R"(","hash":"whatever","bids":)" + bids + R"(,"asks":)" + asks + "}",
                        {"100", "0.01", false, "0.5"});
    return check.has_value() ? check->computed : to_string(check.error());
  };
  EXPECT_EQ(computed("123456789", R"([{"price":"0.3","size":"100"},{"price":"0.4","size":"100"}])",
                     R"([{"price":"0.6","size":"100"},{"price":"0.7","size":"100"}])"),
            "0458ea5755c9f73d64a14636fa5c36ed460ec394");
  EXPECT_EQ(computed("", "[]", "[]"), "74c6a7c81c1d572f1c877b7d3e25b80c336d8a6e");
  EXPECT_EQ(computed("", "[]", "7"), "UnexpectedType in asks");
}

TEST(JsonCursor, AcceptsJsonAndNothingElse) {
  const auto accepts = [](std::string_view text) {
    JsonCursor cursor(text);
    return cursor.skip_value() && cursor.at_end();
  };
  for (const std::string_view good :
       {"{}", "[]", "0", "-0.5e+10", R"("\u00e9\n\"")", "true", "false", "null",
        R"( { "a" : [ 1 , { } , "x" ] } )", "12", "[[[]]]"}) {
    EXPECT_TRUE(accepts(good)) << good;
  }
  for (const std::string_view bad :
       {"",          "{",           "}",     "[1,]",    "{,}",         R"({"a"})",
        R"({"a":})", "01",          "1.",    ".5",      "-",           "1e",
        "+1",        "tru",         "nul",   R"("\x")", R"("\u12g4")", "\"\x01\"",
        "\"",        R"({"a":1,})", "[1 2]", "'a'",     "NaN"}) {
    EXPECT_FALSE(accepts(bad)) << bad;
  }
}

}  // namespace
}  // namespace polybot::polymarket
