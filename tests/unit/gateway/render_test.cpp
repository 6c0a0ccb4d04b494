#include "services/gateway/api/render.hpp"

#include <boost/json/parse.hpp>

#include "tests/unit/gateway/order_events.hpp"

namespace polybot::gateway {
namespace {

namespace json = boost::json;

class RenderTest : public testing::Test {
 protected:
  static json::value parsed(JsonWriter& out) { return json::parse(out.take()); }

  domain::Market market = make_market(1);
  MarketNames names{
      .find = [this](const domain::MarketId& id) { return id == market.id ? &market : nullptr; }};
  domain::BookSnapshot book{.market = market_id(1),
                            .bids = {level(40, 10), level(41, 5)},
                            .asks = {level(50, 1), level(45, 2)},
                            .tick = cents(1),
                            .stale = false,
                            .venue_at = at(0),
                            .stamped_at = at(1)};
};

TEST_F(RenderTest, ShowsABookBestFirst) {
  JsonWriter out;
  write_book(out, market, book, domain::Outcome::Yes, 10);
  const json::value value = parsed(out);
  EXPECT_EQ(value.at("bids").at(0).at("price").as_string(), "0.41");
  EXPECT_EQ(value.at("asks").at(0).at("price").as_string(), "0.45");
  EXPECT_EQ(value.at("asks").at(0).at("quantity").as_string(), "2");
}

TEST_F(RenderTest, ShowsTheNoBookAsTheMirrorImage) {
  JsonWriter out;
  write_book(out, market, book, domain::Outcome::No, 1);
  const json::value value = parsed(out);
  ASSERT_EQ(value.at("bids").as_array().size(), 1U);
  EXPECT_EQ(value.at("bids").at(0).at("price").as_string(), "0.55");
  EXPECT_EQ(value.at("asks").at(0).at("price").as_string(), "0.59");
}

TEST_F(RenderTest, ShowsAnOrderWithStringsForMoney) {
  OrderHistory history({});
  history.apply(submitted(1, 1));
  history.apply(streamed(2, fill(1, "t1", 4), domain::OrderStatus::PartiallyFilled));
  JsonWriter out;
  write_order(out, *history.find(order_id(1)), names);
  const json::value value = parsed(out);
  EXPECT_EQ(value.at("id").as_string(), "0000000000000007-1-0");
  EXPECT_EQ(value.at("market").as_string(), "market-1");
  EXPECT_EQ(value.at("status").as_string(), "partially_filled");
  EXPECT_EQ(value.at("leaves_quantity").as_string(), "6");
  EXPECT_EQ(value.at("average_price").as_string(), "0.4");
}

TEST_F(RenderTest, NamesAForgottenMarketByItsId) {
  OrderHistory history({});
  history.apply(submitted(1, 1, kArb, 9));
  JsonWriter out;
  write_order(out, *history.find(order_id(1)), names);
  EXPECT_EQ(parsed(out).at("market").as_string(), domain::to_string(market_id(9)));
}

TEST_F(RenderTest, TellsOrderEventsWithTheOrderAsItIsNow) {
  OrderHistory history({});
  const auto event = submitted(1, 1);
  history.apply(event);
  JsonWriter out;
  write_order_event(out, event, history.find(order_id(1)), names);
  const json::value value = parsed(out);
  EXPECT_EQ(value.at("topic").as_string(), "orders");
  EXPECT_EQ(value.at("type").as_string(), "order_submitted");
  EXPECT_EQ(value.at("order").at("side").as_string(), "buy");
}

TEST_F(RenderTest, FindsTheOrderOfEachOrderEvent) {
  EXPECT_EQ(order_of(domain::OrderAccepted{order_id(3)}), order_id(3));
  EXPECT_EQ(order_of(fill(4, "t", 1)), order_id(4));
  EXPECT_EQ(order_of(domain::FillReversed{{{"t"}, order_id(5)}}), order_id(5));
  EXPECT_EQ(order_of(submitted(1, 6).event.body), order_id(6));
  EXPECT_FALSE(order_of(domain::SignalAccepted{}).has_value());
  EXPECT_FALSE(order_of(domain::MarksTaken{}).has_value());
}

}  // namespace
}  // namespace polybot::gateway
