// The user channel session over a real WebSocket: subscribe, events, heartbeats, and every way to
// end.
#include "services/order-manager/execution/user_session.hpp"

#include <gmock/gmock.h>

#include "common/http/server.hpp"
#include "common/polymarket/messages/user_channel.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using test::run;
namespace asio = boost::asio;

polymarket::ApiCredentials credentials() {
  return {"key-1", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "pass"};
}

class UserSessionTest : public testing::Test {
 protected:
  using Script = std::function<asio::awaitable<void>(http::WebSocketSession&)>;

  // Plays the venue's side of one connection with `script`, and runs our side to its end.
  std::string run_against(Script script, UserSession::Timing timing = {}) {
    http::Server server(io.get_executor(), {});
    server.router().websocket(
        "/ws/user",
        [script](std::shared_ptr<http::WebSocketSession> session) -> asio::awaitable<void> {
          co_await script(*session);
        },
        {.pings = false});
    server.listen();
    UserSession session(io.get_executor(),
                        "ws://127.0.0.1:" + std::to_string(server.port()) + "/ws/user", reports(),
                        timing);
    return end_of(session);
  }

  std::string end_of(UserSession& session) {
    std::string why;
    run(io, [](UserSession& ours, std::string& out) -> asio::awaitable<void> {
      try {
        co_await ours.run(credentials(), "0xabc");
      } catch (const std::exception& error) {
        out = error.what();
      }
    }(session, why));
    return why;
  }

  UserSession::Reports reports() {
    return {.on_order =
                [this](domain::VenueOrderUpdate update) { orders.push_back(std::move(update)); },
            .on_trade = [this](domain::VenueTrade trade) { trades.push_back(std::move(trade)); },
            .on_up = [this] { ++ups; },
            .on_down = [this](std::string_view why) { downs.emplace_back(why); },
            .on_refused =
                [this](UserEventRefusal reason) { refused.emplace_back(domain::name_of(reason)); },
            .on_missed = [this] { ++missed; }};
  }

  asio::io_context io;
  std::vector<domain::VenueOrderUpdate> orders;
  std::vector<domain::VenueTrade> trades;
  int ups = 0;
  std::vector<std::string> downs;
  std::vector<std::string> refused;
  int missed = 0;
};

std::string order_frame() {
  polymarket::UserOrderEvent event;
  event.venue_at = domain::from_unix_ms(1757908892351);
  event.order.id.bytes[31] = 1;
  event.order.price = domain::Price::from_raw(5000);
  event.order.token.bytes[31] = 1;
  event.order.original_size = domain::Quantity::from_units(10);
  event.order.owner = "key-1";
  std::string out;
  polymarket::write_user_order(event, out);
  return out;
}

std::string trade_frame() {
  polymarket::UserTradeEvent event;
  event.venue_at = domain::from_unix_ms(1757908892351);
  event.trade.id = {"trade-1"};
  event.trade.price = domain::Price::from_raw(5000);
  event.trade.quantity = domain::Quantity::from_units(10);
  event.trade.matched_at = event.venue_at;
  event.trade.trader_side = domain::LiquiditySide::Maker;
  event.trade.makers.push_back({.order = {},
                                .owner = "key-1",
                                .quantity = domain::Quantity::from_units(10),
                                .price = domain::Price::from_raw(5000)});
  std::string out;
  polymarket::write_user_trade(event, out);
  return out;
}

TEST_F(UserSessionTest, SubscribesFirstAndHandsOutEvents) {
  std::string first;
  const std::string why =
      run_against([&first](http::WebSocketSession& session) -> asio::awaitable<void> {
        const auto message = co_await session.receive();
        if (message) first = *message;
        session.send(order_frame());
        session.send("[" + trade_frame() + "," + order_frame() + "]");
      });
  const auto subscription = polymarket::parse_user_subscription(first);
  ASSERT_TRUE(subscription.has_value());
  EXPECT_EQ(subscription->api_key, "key-1");
  EXPECT_TRUE(subscription->markets.empty());
  EXPECT_EQ(ups, 1);
  EXPECT_EQ(orders.size(), 2U);
  ASSERT_EQ(trades.size(), 1U);
  EXPECT_TRUE(trades[0].makers.at(0).ours);
  EXPECT_FALSE(trades[0].we_are_taker);
  EXPECT_EQ(downs.size(), 1U);
  EXPECT_THAT(why, testing::HasSubstr("user channel"));
}

TEST_F(UserSessionTest, SendsTextPingsAfterTheSubscription) {
  std::vector<std::string> received;
  run_against(
      [&received](http::WebSocketSession& session) -> asio::awaitable<void> {
        while (received.size() < 3) {
          const auto message = co_await session.receive();
          if (!message) co_return;
          received.push_back(*message);
          if (*message == "PING") session.send(std::string("PONG"));
        }
      },
      {.ping_interval = 20ms, .silence_max = 5s});
  ASSERT_EQ(received.size(), 3U);
  EXPECT_THAT(received[0], testing::HasSubstr("\"type\":\"user\""));
  EXPECT_EQ(received[1], "PING");
  EXPECT_EQ(received[2], "PING");
  EXPECT_TRUE(refused.empty());
  EXPECT_EQ(missed, 1) << "what happened before the venue had taken the subscription";
}

TEST_F(UserSessionTest, ALinkThatAnswersNothingIsGivenUp) {
  const std::string why = run_against(
      [](http::WebSocketSession& session) -> asio::awaitable<void> {
        bool open = true;
        while (open) open = (co_await session.receive()).has_value();
      },
      {.ping_interval = 10ms, .silence_max = 40ms});
  EXPECT_THAT(why, testing::HasSubstr("silent"));
  EXPECT_EQ(downs.size(), 1U);
}

TEST_F(UserSessionTest, BadFramesAreCountedAndTheSessionGoesOn) {
  run_against([](http::WebSocketSession& session) -> asio::awaitable<void> {
    (void)co_await session.receive();
    session.send(std::string("{\"event_type\":"));
    session.send(std::string("INVALID OPERATION"));
    session.send(std::string(R"({"event_type":"gossip"})"));
    session.send(order_frame());
  });
  EXPECT_THAT(refused, testing::ElementsAre("malformed", "invalid_operation", "unknown_event"));
  EXPECT_EQ(orders.size(), 1U);
  EXPECT_EQ(missed, 1) << "the other events concern no order";
}

TEST_F(UserSessionTest, AnEventThatCannotBeReadIsAskedForAndHidesNoOther) {
  run_against([](http::WebSocketSession& session) -> asio::awaitable<void> {
    (void)co_await session.receive();
    std::string pending = trade_frame();
    pending.replace(pending.find(R"("size":"10")"), 11, R"("size":"")");
    session.send("[" + pending + "," + order_frame() + "]");
  });
  EXPECT_EQ(orders.size(), 1U);
  EXPECT_TRUE(trades.empty());
  EXPECT_EQ(missed, 1);
}

TEST_F(UserSessionTest, AConnectionThatCannotBeMadeIsAnError) {
  asio::ip::tcp::acceptor closing(io, {asio::ip::address_v4::loopback(), 0});
  const std::uint16_t port = closing.local_endpoint().port();
  closing.close();
  UserSession session(io.get_executor(), "ws://127.0.0.1:" + std::to_string(port) + "/ws/user",
                      reports(), {});
  EXPECT_THAT(end_of(session), testing::HasSubstr("cannot connect"));
  EXPECT_EQ(ups, 0);
  EXPECT_TRUE(downs.empty());
}

TEST_F(UserSessionTest, TheNextRunIsANewSession) {
  http::Server server(io.get_executor(), {});
  int connections = 0;
  server.router().websocket(
      "/ws/user",
      [&connections](std::shared_ptr<http::WebSocketSession> session) -> asio::awaitable<void> {
        ++connections;
        (void)co_await session->receive();
        session->send(order_frame());
      });
  server.listen();
  UserSession session(io.get_executor(),
                      "ws://127.0.0.1:" + std::to_string(server.port()) + "/ws/user", reports(),
                      {});
  end_of(session);
  end_of(session);
  EXPECT_EQ(connections, 2);
  EXPECT_EQ(ups, 2);
  EXPECT_EQ(orders.size(), 2U);
}

}  // namespace
}  // namespace polybot::order_manager
