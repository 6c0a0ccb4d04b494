// The user channel and the account pages of REST, with the oddities that the venue really sends.
#include <algorithm>

#include "common/polymarket/messages/account_records.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/user_channel.hpp"
#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

using domain::LiquiditySide;
using domain::Side;
using domain::VenueOrderStatus;
using domain::VenueTradeStatus;

std::string sample(std::string text) {
  const std::pair<std::string, std::string> names[] = {
      {"MARKET", to_string(market_id(1))}, {"TOKEN1", to_string(token_id(1))},
      {"TOKEN2", to_string(token_id(2))},  {"ORDER1", to_string(order_id(1))},
      {"ORDER2", to_string(order_id(2))},  {"ORDER3", to_string(order_id(3))}};
  for (const auto& [name, value] : names) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name)) {
      text.replace(at, name.size(), value);
    }
  }
  return text;
}

const std::string kOrder = sample(
    R"({"event_type":"order","type":"PLACEMENT","id":"ORDER1","owner":"me","order_owner":"me","market":"MARKET",)"
    R"("asset_id":"TOKEN1","side":"SELL","original_size":"10","size_matched":"0","price":"0.57",)"
    R"("associate_trades":null,"outcome":"YES","created_at":"1672290687","expiration":"1234567",)"
    R"("order_type":"GTD","status":"LIVE","maker_address":"0xabc","timestamp":"1672290687"})");
const std::string kKilled = sample(
    R"({"event_type":"order","type":"CANCELLATION","id":"ORDER1","owner":"me","market":"MARKET",)"
    R"("asset_id":"TOKEN1","side":"BUY","original_size":"10","size_matched":"","price":"0.57",)"
    R"("associate_trades":null,"outcome":"","created_at":"","expiration":"0","order_type":"FOK",)"
    R"("status":"CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed.",)"
    R"("maker_address":"0xabc","timestamp":"1757908892351"})");
const std::string kTrade = sample(
    R"({"event_type":"trade","type":"TRADE","id":"28c4d2eb","taker_order_id":"ORDER1","market":"MARKET",)"
    R"("asset_id":"TOKEN1","side":"BUY","size":"10","price":"0.5733333","fee_rate_bps":"","status":"MATCHED",)"
    R"("match_time":"1672290701","last_update":"1672290701","outcome":"YES","owner":"me","trade_owner":"me",)"
    R"("maker_address":"0xabc","transaction_hash":"","bucket_index":0,"maker_orders":[)"
    R"({"order_id":"ORDER2","owner":"you","maker_address":"0xdef","matched_amount":"6","price":"0.57",)"
    R"("fee_rate_bps":"0","asset_id":"TOKEN1","outcome":"YES","side":"SELL"},)"
    R"({"order_id":"ORDER3","owner":"me","maker_address":"0xabc","matched_amount":"4","price":"0.42",)"
    R"("fee_rate_bps":"0","asset_id":"TOKEN2","outcome":"NO"}],"trader_side":"TAKER","timestamp":"1672290701"})");

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

UserOrderEvent order_event(std::string_view text) {
  const auto frame = parse_user_frame(text);
  EXPECT_TRUE(frame.has_value()) << (frame.has_value() ? "" : to_string(frame.error()));
  return frame.has_value() ? std::get<UserOrderEvent>(frame->events.at(0)) : UserOrderEvent{};
}

UserTradeEvent trade_event(std::string_view text) {
  const auto frame = parse_user_frame(text);
  EXPECT_TRUE(frame.has_value()) << (frame.has_value() ? "" : to_string(frame.error()));
  return frame.has_value() ? std::get<UserTradeEvent>(frame->events.at(0)) : UserTradeEvent{};
}

OrderRecord order_record() {
  return {.id = order_id(1),
          .market = market_id(1),
          .token = token_id(1),
          .side = Side::Sell,
          .price = price("0.57"),
          .original_size = quantity("10"),
          .size_matched = quantity("2.5"),
          .status = VenueOrderStatus::Live,
          .time_in_force = domain::TimeInForce::Gtd,
          .owner = "me",
          .maker_address = "0xabc",
          .outcome = "Yes",
          .created_at = domain::from_unix_ms(1672290687000),
          .expiration_s = 1672299999,
          .trades = {{"t1"}, {"t2"}}};
}

TradeRecord trade_record() {
  return {.id = {"28c4d2eb"},
          .taker_order = order_id(1),
          .market = market_id(1),
          .token = token_id(1),
          .side = Side::Buy,
          .quantity = quantity("10"),
          .price = price("0.57"),
          .status = VenueTradeStatus::Mined,
          .trader_side = LiquiditySide::Maker,
          .owner = "you",
          .maker_address = "0xdef",
          .outcome = "Yes",
          .transaction_hash = "0x99",
          .matched_at = domain::from_unix_ns(1672290701123456789),
          .updated_at = domain::from_unix_ms(1672290702000),
          .makers = {{.order = order_id(2),
                      .owner = "me",
                      .maker_address = "0xabc",
                      .token = token_id(2),
                      .side = Side::Buy,
                      .quantity = quantity("10"),
                      .price = price("0.43"),
                      .outcome = "No"}}};
}

TEST(UserChannel, ReadsAPlacement) {
  const UserOrderEvent event = order_event(kOrder);
  EXPECT_EQ(event.type, UserOrderEventType::Placement);
  EXPECT_EQ(domain::to_unix_ms(event.venue_at), 1672290687000);  // given in seconds
  EXPECT_EQ(event.order.id, order_id(1));
  EXPECT_EQ(event.order.side, Side::Sell);
  EXPECT_EQ(event.order.size_matched, quantity("0"));
  EXPECT_EQ(event.order.expiration_s, 1234567);
  EXPECT_EQ(event.order.time_in_force, domain::TimeInForce::Gtd);
  const domain::VenueOrderUpdate update = to_update(event.order, event.venue_at);
  EXPECT_EQ(update.order, order_id(1));
  EXPECT_EQ(update.status, VenueOrderStatus::Live);
  EXPECT_EQ(update.original_quantity, quantity("10"));
  EXPECT_EQ(update.created_at, event.order.created_at);
}

TEST(UserChannel, AStatusMayCarryItsReasonAndFieldsMayBeBlank) {
  const UserOrderEvent event = order_event(kKilled);
  EXPECT_EQ(event.type, UserOrderEventType::Cancellation);
  EXPECT_EQ(domain::to_unix_ms(event.venue_at), 1757908892351);  // given in milliseconds
  EXPECT_EQ(event.order.status, VenueOrderStatus::Canceled);
  EXPECT_EQ(event.order.reason,
            "order couldn't be fully filled. FOK orders are fully filled or killed.");
  EXPECT_FALSE(event.order.size_matched);
  EXPECT_FALSE(event.order.created_at);
  EXPECT_FALSE(event.order.expiration_s);
  EXPECT_TRUE(to_update(event.order, event.venue_at).matched_quantity.is_zero());
}

TEST(UserChannel, StatusesReadInAllTheirSpellings) {
  const auto status = [](std::string_view text) {
    return order_event(
               replaced(kOrder, R"("status":"LIVE")", "\"status\":\"" + std::string(text) + "\""))
        .order;
  };
  EXPECT_EQ(status("ORDER_STATUS_LIVE").status, VenueOrderStatus::Live);
  EXPECT_EQ(status("ORDER_STATUS_MATCHED").status, VenueOrderStatus::Matched);
  EXPECT_EQ(status("DELAYED").status, VenueOrderStatus::Delayed);
  EXPECT_EQ(status("UNMATCHED_invalid post-only order: order crosses book").reason,
            "invalid post-only order: order crosses book");
  EXPECT_EQ(status("INVALID").status, VenueOrderStatus::Invalid);
  EXPECT_EQ(status("CANCELLED").status, VenueOrderStatus::Canceled);
  EXPECT_EQ(status("CANCELED_MARKET_RESOLVED").status, VenueOrderStatus::Canceled);
  EXPECT_EQ(status("CANCELED_MARKET_RESOLVED").reason, "MARKET_RESOLVED");
  // An unknown status ends no order.
  EXPECT_EQ(status("PARKED").status, VenueOrderStatus::Live);
  EXPECT_EQ(status("PARKED").reason, "PARKED");
}

TEST(UserChannel, ReadsATradeWithMakersOnBothTokens) {
  const UserTradeEvent event = trade_event(kTrade);
  const TradeRecord& trade = event.trade;
  EXPECT_EQ(trade.id.value, "28c4d2eb");
  EXPECT_EQ(trade.price, price("0.5733"));  // an average, to the nearest 1e-4
  EXPECT_EQ(trade.trader_side, LiquiditySide::Taker);
  EXPECT_EQ(domain::to_unix_ms(trade.matched_at), 1672290701000);
  ASSERT_EQ(trade.makers.size(), 2U);
  EXPECT_FALSE(trade.makers[1].side);

  const domain::VenueTrade ours = to_trade(trade, {"me", "0xABC"});
  EXPECT_TRUE(ours.we_are_taker);
  EXPECT_FALSE(ours.makers[0].ours);
  EXPECT_TRUE(ours.makers[1].ours);
  // Two buyers of the two outcomes: a mint.
  EXPECT_EQ(ours.makers[1].side, Side::Buy);
  EXPECT_EQ(ours.makers[1].price, price("0.42"));
  EXPECT_EQ(ours.makers[0].side, Side::Sell);
}

TEST(UserChannel, WithoutATraderSideTheTradeOwnerDecides) {
  const std::string text = replaced(kTrade, R"("trader_side":"TAKER",)", "");
  EXPECT_TRUE(to_trade(trade_event(text).trade, {"me", ""}).we_are_taker);
  EXPECT_FALSE(to_trade(trade_event(text).trade, {"someone", ""}).we_are_taker);
}

// The documented sample: the event and a maker order are ours, the trade is another's.
TEST(UserChannel, AMakerFillIsNotOurPurchaseBecauseTheEventIsOurs) {
  std::string text = replaced(kTrade, R"("trader_side":"TAKER",)", "");
  text = replaced(text, R"("trade_owner":"me","maker_address":"0xabc")",
                  R"("trade_owner":"you","maker_address":"0xdef")");
  const domain::VenueTrade trade = to_trade(trade_event(text).trade, {"me", "0xabc"});
  EXPECT_FALSE(trade.we_are_taker);
  EXPECT_TRUE(trade.makers[1].ours);
  // Rows of older captures have neither: the taker is not the owner of one of the makers.
  text = replaced(text, R"("trade_owner":"you","maker_address":"0xdef")", R"("trade_owner":"")");
  EXPECT_FALSE(to_trade(trade_event(text).trade, {"me", "0xabc"}).we_are_taker);
}

// Orders made by hand on the venue's pages have another API key of the same wallet.
TEST(UserChannel, AnOrderOfTheSameWalletIsOursUnderAnyKey) {
  const std::string text = replaced(kTrade, R"("owner":"you","maker_address":"0xdef")",
                                    R"("owner":"other","maker_address":"0xABC")");
  const domain::VenueTrade trade = to_trade(trade_event(text).trade, {"me", "0xabc"});
  EXPECT_TRUE(trade.makers[0].ours);
  EXPECT_TRUE(trade.makers[1].ours);
}

TEST(UserChannel, TradeStatusesReadWithAndWithoutPrefix) {
  const auto status = [](std::string_view text) {
    return trade_event(replaced(kTrade, R"("status":"MATCHED")",
                                "\"status\":\"" + std::string(text) + "\""))
        .trade.status;
  };
  EXPECT_EQ(status("MATCHED_NOT_BROADCASTED"), VenueTradeStatus::Matched);
  EXPECT_EQ(status("TRADE_STATUS_MINED"), VenueTradeStatus::Mined);
  EXPECT_EQ(status("CONFIRMED"), VenueTradeStatus::Confirmed);
  EXPECT_EQ(status("RETRYING"), VenueTradeStatus::Retrying);
  EXPECT_EQ(status("TRADE_STATUS_FAILED"), VenueTradeStatus::Failed);
  EXPECT_EQ(
      parse_user_frame(replaced(kTrade, R"("status":"MATCHED")", R"("status":"LOST")")).error(),
      (ParseError{ParseFault::UnknownValue, "status"}));
}

TEST(UserChannel, OldPayloadsNameTheMatchTimeDifferently) {
  const std::string text = replaced(kTrade, "\"match_time\"", "\"matchtime\"");
  EXPECT_EQ(domain::to_unix_ms(trade_event(text).trade.matched_at), 1672290701000);
}

TEST(UserChannel, AFrameMayBeABatchOrBareText) {
  const auto batch = parse_user_frame("[" + kOrder + "," + kTrade + R"(,{"event_type":"gossip"}])");
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->events.size(), 2U);
  EXPECT_EQ(batch->unknown_events, 1U);
  EXPECT_EQ(parse_user_frame("PONG")->kind, FrameKind::Pong);
  EXPECT_EQ(parse_user_frame("INVALID OPERATION")->kind, FrameKind::InvalidOperation);
}

TEST(UserChannel, OneMalformedEventHidesNoOther) {
  const auto frame = parse_user_frame(
      "[" + kOrder + "," + replaced(kTrade, R"("size":"10")", R"("size":"")") + "," + kTrade + "]");
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->events.size(), 2U);
  EXPECT_EQ(frame->unreadable, (std::vector{ParseError{ParseFault::MissingField, "size"}}));
}

TEST(UserChannel, AnEventWithoutAStatusIsWhatItsTypeSays) {
  const std::string placed = replaced(kOrder, R"("status":"LIVE",)", "");
  EXPECT_EQ(order_event(placed).order.status, VenueOrderStatus::Live);
  EXPECT_EQ(order_event(replaced(placed, "PLACEMENT", "CANCELLATION")).order.status,
            VenueOrderStatus::Canceled);
}

TEST(UserChannel, MalformedEventsAreNamed) {
  EXPECT_EQ(parse_user_frame("{").error(), (ParseError{ParseFault::InvalidJson, "frame"}));
  EXPECT_EQ(parse_user_frame("7").error(), (ParseError{ParseFault::UnexpectedType, "frame"}));
  EXPECT_EQ(parse_user_frame("{}").error(), (ParseError{ParseFault::MissingField, "event_type"}));
  EXPECT_EQ(parse_user_frame(replaced(kOrder, to_string(order_id(1)), "0x1")).error(),
            (ParseError{ParseFault::BadId, "id"}));
  EXPECT_EQ(parse_user_frame(replaced(kOrder, "PLACEMENT", "RUMOUR")).error(),
            (ParseError{ParseFault::UnknownValue, "type"}));
  EXPECT_EQ(parse_user_frame(replaced(kTrade, R"("matched_amount":"6")", R"("matched_amount":"a")"))
                .error(),
            (ParseError{ParseFault::BadNumber, "matched_amount"}));
  EXPECT_EQ(parse_user_frame(replaced(kTrade, R"("match_time":)",
                                      R"("match_time_nano":"4102444800000000001","match_time":)"))
                .error(),
            (ParseError{ParseFault::BadTimestamp, "match_time_nano"}));
  EXPECT_EQ(parse_user_frame(replaced(kTrade, R"("id":"28c4d2eb")", R"("id":"")")).error(),
            (ParseError{ParseFault::MissingField, "id"}));
}

TEST(UserChannel, ATruncatedFrameIsNeverAccepted) {
  for (const std::string& text : {kOrder, kKilled, kTrade, "[" + kOrder + "]"}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      ASSERT_FALSE(parse_user_frame(text.substr(0, size)).has_value()) << text.substr(0, size);
    }
  }
}

TEST(UserChannel, WhatIsWrittenReadsBackTheSame) {
  UserOrderEvent order{UserOrderEventType::Update, domain::from_unix_ms(1757908892351),
                       order_record()};
  for (const VenueOrderStatus status :
       {VenueOrderStatus::Live, VenueOrderStatus::Matched, VenueOrderStatus::Delayed,
        VenueOrderStatus::Unmatched, VenueOrderStatus::Canceled, VenueOrderStatus::Invalid,
        VenueOrderStatus::Expired}) {
    order.order.status = status;
    order.order.reason = status == VenueOrderStatus::Canceled ? "no \"match\" found" : "";
    std::string text;
    write_user_order(order, text);
    EXPECT_EQ(order_event(text), order);
  }
  UserTradeEvent trade{domain::from_unix_ms(1757908892351), trade_record()};
  for (const VenueTradeStatus status :
       {VenueTradeStatus::Matched, VenueTradeStatus::Mined, VenueTradeStatus::Confirmed,
        VenueTradeStatus::Retrying, VenueTradeStatus::Failed}) {
    trade.trade.status = status;
    std::string text;
    write_user_trade(trade, text);
    EXPECT_EQ(trade_event(text), trade);
  }
}

TEST(UserChannel, TheSubscriptionCarriesTheCredentials) {
  const ApiCredentials credentials("me", std::string(kSecret), "open sesame");
  const std::string all = user_subscribe(credentials, {});
  EXPECT_EQ(all, R"({"type":"user","auth":{"apiKey":"me","secret":")" + std::string(kSecret) +
                     R"(","passphrase":"open sesame"}})");
  const std::vector<domain::MarketId> markets{market_id(1), market_id(2)};
  const auto read = parse_user_subscription(user_subscribe(credentials, markets));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, (UserSubscription{"me", std::string(kSecret), "open sesame", markets}));
  EXPECT_FALSE(parse_user_subscription(all)->no_trades);
  EXPECT_TRUE(
      parse_user_subscription(replaced(all, R"("type":"user")", R"("type":"user","markets":[])"))
          ->no_trades);
  EXPECT_FALSE(parse_user_subscription(R"({"type":"user"})").has_value());
  EXPECT_FALSE(parse_user_subscription(R"({"type":"market","auth":{}})").has_value());
}

TEST(AccountPages, OpenOrdersReadBackPageByPage) {
  const Page<OrderRecord> page{{order_record(), order_record()}, "MjA="};
  const auto read = parse_open_orders(write_open_orders(page));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, page);
  EXPECT_FALSE(read->last());
  EXPECT_TRUE(parse_open_orders(R"({"data":[],"next_cursor":"LTE="})")->last());
  EXPECT_TRUE(parse_open_orders("[]")->last());
}

TEST(AccountPages, TradesReadBackPageByPage) {
  const Page<TradeRecord> page{{trade_record()}, std::string(kEndCursor)};
  const auto read = parse_trades(write_trades(page));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, page);
  EXPECT_TRUE(read->last());
}

TEST(AccountPages, RestOrdersMayUseNumbersAndNulls) {
  const auto page = parse_open_orders(sample(
      R"({"limit":100,"count":1,"next_cursor":"LTE=","data":[{"id":"ORDER1","status":"ORDER_STATUS_LIVE",)"
      R"("owner":"me","maker_address":"0xabc","market":"MARKET","asset_id":"TOKEN1","side":"BUY",)"
      R"("original_size":"10","size_matched":"0","price":"0.57","associate_trades":null,"outcome":"Yes",)"
      R"("created_at":1703875200,"expiration":null,"order_type":"GTC"}]})"));
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->items.at(0).created_at, domain::from_unix_ms(1703875200000));
  EXPECT_FALSE(page->items.at(0).expiration_s);
}

// The venue leaves numbers empty while a trade is being settled.
TEST(AccountPages, OneRowThatCannotBeReadHidesNoOther) {
  const std::string pending = replaced(
      replaced(replaced(replaced(kTrade, "28c4d2eb", "pending"), R"("size":"10")", R"("size":"")"),
               R"("price":"0.5733333")", R"("price":"")"),
      R"("matched_amount":"6")", R"("matched_amount":"")");
  const std::string later = replaced(kTrade, "28c4d2eb", "later");
  const auto page = parse_trades(R"({"next_cursor":"LTE=","data":[)" + kTrade + "," + pending +
                                 "," + later + "]}");
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->items.size(), 2U);
  EXPECT_EQ(page->items[0].id.value, "28c4d2eb");
  EXPECT_EQ(page->items[1].id.value, "later");
  ASSERT_EQ(page->unreadable.size(), 1U);
  const UnreadableRow& row = page->unreadable[0];
  EXPECT_EQ(row.error, (ParseError{ParseFault::MissingField, "size"}));
  EXPECT_EQ(row.id, "pending");
  EXPECT_EQ(row.orders, (std::vector{order_id(1), order_id(2), order_id(3)}));
  EXPECT_TRUE(row.names_all);
  EXPECT_EQ(row.matched_at, domain::from_unix_ms(1672290701000));
}

TEST(AccountPages, AnEmptyNumberIsNoZero) {
  for (const auto& [from, to] : {std::pair(R"("matched_amount":"6")", R"("matched_amount":"")"),
                                 std::pair(R"("size":"10")", R"("size":"")"),
                                 std::pair(R"("price":"0.42")", R"("price":"")")}) {
    const auto page = parse_trades("[" + replaced(kTrade, from, to) + "]");
    ASSERT_TRUE(page.has_value()) << to;
    EXPECT_TRUE(page->items.empty()) << to;
    EXPECT_EQ(page->unreadable.size(), 1U) << to;
  }
}

TEST(AccountPages, ARowThatDoesNotNameItsOrdersMayConcernAny) {
  const auto page = parse_trades(
      "[" + replaced(kTrade, R"("order_id":")" + to_string(order_id(2)), R"("order_id":"0x2)") +
      R"(,{"id":7}])");
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->unreadable.size(), 2U);
  EXPECT_FALSE(page->unreadable[0].names_all);
  EXPECT_FALSE(page->unreadable[1].names_all);
  EXPECT_FALSE(page->unreadable[1].matched_at);
}

TEST(AccountPages, AnOpenOrderThatCannotBeReadIsThereAllTheSame) {
  const auto page = parse_open_orders(
      "[" + replaced(kOrder, R"("side":"SELL")", R"("side":"HOLD")") + "," + kOrder + "]");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->items.size(), 1U);
  ASSERT_EQ(page->unreadable.size(), 1U);
  EXPECT_EQ(page->unreadable[0].orders, std::vector{order_id(1)});
  EXPECT_TRUE(page->unreadable[0].names_all);
}

TEST(AccountPages, APageThatIsNoneIsRefused) {
  EXPECT_EQ(parse_open_orders(R"({"next_cursor":"LTE="})").error(),
            (ParseError{ParseFault::MissingField, "data"}));
  EXPECT_EQ(parse_trades("<html>").error(), (ParseError{ParseFault::InvalidJson, "trades"}));
}

TEST(AccountPages, PositionsOfTheSecondProtocolHaveAnAssetTypeOfTheirOwn) {
  domain::TokenId position;
  position.bytes.fill(0xAB);
  std::fill(position.bytes.begin() + 19, position.bytes.begin() + 27, std::uint8_t{0});
  EXPECT_EQ(asset_type_of(position), "CONDITIONAL-V2");
  for (const std::size_t reserved : {19U, 26U}) {
    domain::TokenId token = position;
    token.bytes[reserved] = 1;
    EXPECT_EQ(asset_type_of(token), "CONDITIONAL") << reserved;
  }
}

TEST(AccountPages, BalancesAreBaseUnitsAndAllowancesSaturate) {
  const auto read = parse_balance_allowance(
      R"({"balance":"449814548","allowances":{"0xE111180000d2663C0091e4f400237545B87B996B":)"
      R"("115792089237316195423570985008687907853269984665640564039457584007913129639935"}})");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->balance, 449814548);
  EXPECT_EQ(read->allowances.at(0).second, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(*parse_balance_allowance(write_balance_allowance(*read)), *read);
  EXPECT_FALSE(parse_balance_allowance(R"({"balance":"-1"})").has_value());
  EXPECT_FALSE(parse_balance_allowance(R"({"allowances":{}})").has_value());
  EXPECT_FALSE(parse_balance_allowance(R"({"balance":"1","allowances":{"x":"1"}})").has_value());
}

}  // namespace
}  // namespace polybot::polymarket
