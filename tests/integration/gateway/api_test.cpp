// The client side against an order-manager that answers late, not at all, or twice.
#include "services/gateway/api/api.hpp"

#include <boost/json/parse.hpp>

#include "common/bus/publisher.hpp"
#include "common/bus/recovery.hpp"
#include "common/bus/subscriber.hpp"
#include "common/http/client.hpp"
#include "common/http/websocket_client.hpp"
#include "common/wire/lease_codec.hpp"
#include "common/wire/order_codec.hpp"
#include "common/wire/recovery_codec.hpp"
#include "common/wire/signal_codec.hpp"
#include "common/wire/topics.hpp"
#include "tests/integration/gateway/gateway_fixture.hpp"
#include "tests/unit/gateway/order_events.hpp"

namespace polybot::gateway::test {
namespace {

namespace json = boost::json;
using domain::OrderStatus;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

// order-manager as the gateway sees it: streams with replay, state topics, answers to commands.
class FakeOrderManager {
 public:
  FakeOrderManager(asio::any_io_executor executor, const std::string& name, runtime::Clock clock)
      : publisher_(executor,
                   {.producer = {"order-manager", "test", 7},
                    .endpoints = {{bus::EndpointRole::Listen, name + "-orders"}},
                    .unix_now_ns = [clock] { return domain::to_unix_ns(clock.now()); }},
                   stats_),
        commands_(executor,
                  {.endpoints = {{bus::EndpointRole::Listen, name + "-signals"}},
                   .subscriptions = {bus::Subscription::topic("command")}},
                  stats_),
        recovery_(
            executor, {.endpoint = {bus::EndpointRole::Listen, name + "-replay"}},
            [this](std::string request) { return answer(std::move(request)); }, stats_),
        timer_(executor) {}

  // Journals an event of a strategy (or of the account) and streams it, unless the bus loses it.
  enum class Bus { Delivers, Loses };
  void record(domain::StreamedEvent event, Bus bus = Bus::Delivers) {
    std::vector<domain::StreamedEvent>& stream = streams_[event.event.strategy];
    event.event.seq = ++seq_;
    event.prev = stream.empty() ? 0 : stream.back().event.seq;
    stream.push_back(event);
    if (bus == Bus::Delivers) publish(event);
  }

  asio::awaitable<void> run() { co_await (announce() && obey()); }

  bool silent = false;  // executes commands and keeps the answer to itself
  bool kept = true;     // false: replays are no longer possible, only snapshots
  domain::CommandDenyReason denies = domain::CommandDenyReason::None;
  std::vector<domain::CommandBody> executed;
  int commands_heard = 0;

 private:
  void publish(const domain::StreamedEvent& event) {
    const auto& strategy = event.event.strategy;
    publisher_.publish(
        strategy.value.empty() ? wire::topics::order_all() : wire::topics::order(strategy),
        wire::encode_streamed(event));
  }

  asio::awaitable<void> announce() {
    for (;;) {
      domain::StrategyState state{.strategy = kArb,
                                  .enabled = true,
                                  .trading_state = domain::TradingState::Active,
                                  .parameters = {{"edge", "0.01"}},
                                  .last_seq = 0,
                                  .figures = {}};
      state.figures.realized = domain::Money::from_units(3);
      state.figures.unrealized = domain::Money::from_units(-1);
      if (!streams_[kArb].empty()) state.last_seq = streams_[kArb].back().event.seq;
      publisher_.publish(wire::topics::kStrategy, wire::encode_strategies(std::vector{state}));
      timer_.expires_after(20ms);
      co_await timer_.async_wait(asio::use_awaitable);
    }
  }

  asio::awaitable<void> obey() {
    for (;;) {
      const bus::Received frame = co_await commands_.receive();
      for (const std::string_view message : frame.messages) {
        domain::Command command;
        EXPECT_EQ(wire::decode_command(message, command), wire::DecodeError::None);
        ++commands_heard;
        take(command);
      }
    }
  }

  void take(const domain::Command& command) {
    const auto known = answers_.find(command.id);
    if (known == answers_.end()) {
      domain::EventBody body = domain::CommandAccepted{command.id};
      if (denies != domain::CommandDenyReason::None)
        body = domain::CommandDenied{command.id, denies};
      executed.push_back(command.body);
      record(streamed(0, body, {}, {}), silent ? Bus::Loses : Bus::Delivers);
      answers_[command.id] = streams_[{}].back();
    } else if (!silent) {
      publish(known->second);
    }
  }

  asio::awaitable<boost::system::result<std::string>> answer(std::string bytes) {
    wire::OrdersRequest request;
    EXPECT_EQ(wire::decode_orders_request(bytes, request), wire::DecodeError::None);
    if (const auto* wanted = std::get_if<wire::ReplayRequest>(&request)) co_return replay(*wanted);
    wire::OrdersSnapshot snapshot{.at_seq = seq_, .page = 0, .pages = 1, .entries = {}};
    for (domain::StreamedEvent event :
         streams_[strategy_of(std::get<wire::SnapshotRequest>(request).stream)]) {
      event.event.seq = seq_;
      snapshot.entries.push_back(wire::encode_streamed(event));
    }
    co_return wire::encode_orders_answer(snapshot);
  }
  std::string replay(const wire::ReplayRequest& wanted) {
    // A command's answer that is being kept back is not replayed either.
    const domain::StrategyName strategy = strategy_of(wanted.stream);
    if (!kept && !streams_[strategy].empty())
      return wire::encode_orders_answer(wire::SnapshotNeeded{});
    wire::ReplayedEvents events;
    for (const auto& event : streams_[strategy]) {
      if (event.event.seq > wanted.after_seq && !(silent && strategy.value.empty())) {
        events.events.push_back(wire::encode_streamed(event));
      }
    }
    return wire::encode_orders_answer(events);
  }
  static domain::StrategyName strategy_of(const domain::StrategyName& stream) {
    return stream.value == "all" ? domain::StrategyName{} : stream;
  }

  bus::Stats stats_;
  bus::Publisher publisher_;
  bus::Subscriber commands_;
  bus::RecoveryServer recovery_;
  asio::steady_timer timer_;
  std::uint64_t seq_ = 0;
  std::map<domain::StrategyName, std::vector<domain::StreamedEvent>> streams_;
  std::map<domain::CommandId, domain::StreamedEvent> answers_;
};

class ApiTest : public GatewayFixture {
 protected:
  ApiTest() : manager(io.get_executor(), name, clock), client(io.get_executor(), {}) {
    api_settings.port = 0;
    api_settings.orders = {.orders_address = name + "-orders",
                           .recovery_address = name + "-replay"};
    api_settings.orders.recovery_timeout = 500ms;
    api_settings.commands = {.commands_address = name + "-signals",
                             .producer = {"gateway", "test", 42}};
    api_settings.commands.repeat_every = 20ms;
    api_settings.commands.patience = 2s;
    venue.add(1);
    venue.add(2);
  }

  void serve(std::function<asio::awaitable<void>()> body) {
    make_feed({.on_quote = [this](const auto& market,
                                  const auto& quote) { api->on_quote(market, quote); },
               .on_trade = [this](const auto& market,
                                  const auto& trade) { api->on_trade(market, trade); },
               .on_market = [this](const auto& market) { api->on_market(market); }});
    api = std::make_unique<Api>(io.get_executor(), api_settings, runtime::Secret(kToken), *feed,
                                registry, health, clock, stats);
    api->listen();
    run([this, body = std::move(body)] { return with_peers(body); });
  }
  asio::awaitable<void> with_peers(std::function<asio::awaitable<void>()> body) {
    co_await (api->run() || manager.run() || body());
    co_await api->stop(200ms);
  }

  asio::awaitable<http::ClientResponse> send(http::Method method, std::string target,
                                             http::Headers headers = {}) {
    http::ClientRequest request{.method = method,
                                .url = "http://" + api->address() + target,
                                .headers = std::move(headers),
                                .body = {},
                                .content_type = {},
                                .timeout = {}};
    const auto response = co_await client.send(std::move(request));
    EXPECT_TRUE(response.has_value());
    co_return response ? *response : http::ClientResponse{};
  }
  asio::awaitable<json::value> get(std::string target, unsigned status = 200) {
    const auto response = co_await send(http::Method::Get, target);
    EXPECT_EQ(response.status, status) << target << ": " << response.body;
    if (status >= 400) {
      EXPECT_EQ(response.headers.find("Content-Type"), "application/problem+json") << target;
    }
    co_return json::parse(response.body);
  }
  asio::awaitable<http::ClientResponse> post(std::string target, std::string key = {}) {
    http::Headers headers{{"Authorization", std::string("Bearer ") + kToken}};
    if (!key.empty()) headers.set("Idempotency-Key", key);
    return send(http::Method::Post, std::move(target), std::move(headers));
  }
  [[nodiscard]] std::size_t events_folded() const { return api->order_events(); }
  // The next message that contains `wanted`; others may come before it.
  asio::awaitable<std::string> next(http::WebSocketClient& stream, std::string wanted) {
    for (int i = 0; i < 100; ++i) {
      const auto text = co_await stream.read();
      if (!text) break;
      if (text->find(wanted) != std::string_view::npos) co_return std::string(*text);
    }
    ADD_FAILURE() << "never came: " << wanted;
    co_return std::string();
  }
  asio::awaitable<void> in_sync() {
    return until("order events are in sync", [this] {
      for (const auto& component : health.components()) {
        if (component.name == "orders") return component.ready;
      }
      return false;
    });
  }

  FakeOrderManager manager;
  http::Client client;
  ApiSettings api_settings;
  std::unique_ptr<Api> api;
  std::uint64_t sent = 0;
};

TEST_F(ApiTest, ServesMarketsAndTheirBooks) {
  serve([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await until_fresh(2);
    const json::value first = co_await get("/api/v1/markets?limit=1");
    EXPECT_EQ(first.at("markets").as_array().size(), 1U);
    EXPECT_EQ(first.at("next_cursor").as_string(), "market-1");
    const json::value second = co_await get("/api/v1/markets?limit=1&cursor=market-1");
    EXPECT_EQ(second.at("markets").at(0).at("slug").as_string(), "market-2");
    EXPECT_TRUE(second.at("next_cursor").is_null());
    const json::value found =
        co_await get("/api/v1/markets?q=WILL%202&status=active&event=event-2");
    EXPECT_EQ(found.at("markets").as_array().size(), 1U);
    const json::value book = co_await get("/api/v1/markets/market-1/book?depth=1");
    EXPECT_EQ(book.at("bids").at(0).at("price").as_string(), "0.4");
    const json::value no = co_await get("/api/v1/markets/market-1/book?outcome=no");
    EXPECT_EQ(no.at("asks").at(0).at("price").as_string(), "0.6");
    co_await get("/api/v1/markets/unknown/book", 404);
    co_await get("/api/v1/markets?limit=0", 400);
    co_await get("/api/v1/markets?status=open", 400);
    co_await get("/nothing/here", 404);
    const json::value index = co_await get("/");
    EXPECT_GE(index.at("routes").as_array().size(), 18U);
  });
}

TEST_F(ApiTest, ShowsOrdersFillsPositionsAndMoney) {
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    manager.record(submitted(1, 1));
    domain::StreamedEvent filled = streamed(2, fill(1, "trade-1", 10), OrderStatus::Filled);
    filled.position = domain::PositionState{.market = FakeVenue::id_of(1),
                                            .yes = shares(10),
                                            .no = {},
                                            .yes_cost = domain::Money::from_units(4),
                                            .no_cost = {},
                                            .realized = {}};
    manager.record(filled);
    manager.record(submitted(3, 2));
    co_await until("the events are folded", [&] { return events_folded() >= 3; });
    const json::value orders = co_await get("/api/v1/orders?limit=1");
    EXPECT_EQ(orders.at("orders").at(0).at("id").as_string(), "0000000000000007-2-0");
    const std::string cursor(orders.at("next_cursor").as_string());
    const json::value older = co_await get("/api/v1/orders?limit=1&cursor=" + cursor);
    EXPECT_EQ(older.at("orders").at(0).at("status").as_string(), "filled");
    EXPECT_EQ((co_await get("/api/v1/orders?status=live&strategy=arbitrage"))
                  .at("orders")
                  .as_array()
                  .size(),
              1U);
    EXPECT_EQ(
        (co_await get("/api/v1/orders/0000000000000007-1-0")).at("filled_quantity").as_string(),
        "10");
    EXPECT_EQ((co_await get("/api/v1/fills")).at("fills").at(0).at("price").as_string(), "0.4");
    const json::value positions = co_await get("/api/v1/positions");
    EXPECT_EQ(positions.at("positions").at(0).at("yes").as_string(), "10");
    EXPECT_EQ((co_await get("/api/v1/pnl")).at("sum").at("total").as_string(), "2");
    const json::value strategies = co_await get("/api/v1/strategies");
    EXPECT_EQ(strategies.at("strategies").at(0).at("parameters").at("edge").as_string(), "0.01");
    const json::value status = co_await get("/api/v1/status");
    EXPECT_EQ(status.at("orders").at("by_status").at("filled").to_number<int>(), 1);
    EXPECT_TRUE(status.at("orders").at("in_sync").as_bool());
    co_await get("/api/v1/orders/nonsense", 400);
    co_await get("/api/v1/orders/0000000000000007-99-0", 404);
    co_await get("/api/v1/orders?status=open", 400);
    co_await get("/api/v1/orders?cursor=x", 400);
    co_await get("/api/v1/orders?market=nowhere", 404);
  });
}

TEST_F(ApiTest, FillsAHoleInTheStreamByReplay) {
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    manager.record(submitted(1, 1), FakeOrderManager::Bus::Loses);
    manager.record(submitted(2, 2), FakeOrderManager::Bus::Loses);
    manager.record(submitted(3, 3));
    co_await until("all three orders are known", [&] { return events_folded() == 3; });
    EXPECT_EQ((co_await get("/api/v1/orders")).at("orders").as_array().size(), 3U);
  });
  EXPECT_GE(stats.replays_with(bus::ReplayOutcome::Answered), 1U);
}

TEST_F(ApiTest, TakesASnapshotWhenTheReplayIsNoLongerKept) {
  manager.kept = false;
  manager.record(submitted(1, 1));
  manager.record(streamed(2, fill(1, "t", 10), OrderStatus::Filled));
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    EXPECT_EQ(
        (co_await get("/api/v1/orders/0000000000000007-1-0")).at("filled_quantity").as_string(),
        "10");
    manager.record(submitted(3, 2));
    co_await until("news follow the snapshot", [&] { return events_folded() == 3; });
  });
}

TEST_F(ApiTest, AnswersACommandOnceItIsJournaled) {
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    const auto response = co_await post("/api/v1/trading/halt?strategy=arbitrage", "key-1");
    EXPECT_EQ(response.status, 200U) << response.body;
    EXPECT_EQ(json::parse(response.body).at("status").as_string(), "accepted");
    EXPECT_EQ(response.headers.find("Idempotency-Key"), "key-1");
    EXPECT_EQ((co_await post("/api/v1/strategies/arbitrage/stop")).status, 200U);
    EXPECT_EQ((co_await post("/api/v1/trading/flatten")).status, 200U);
  });
  EXPECT_EQ(manager.executed.at(0),
            domain::CommandBody(domain::SetTradingState{kArb, domain::TradingState::Halted}));
  EXPECT_EQ(manager.executed.at(1), domain::CommandBody(domain::StopStrategy{kArb}));
  EXPECT_EQ(manager.executed.at(2), domain::CommandBody(domain::FlattenPositions{}));
}

TEST_F(ApiTest, CancelsOneOrderOrAllOfAScope) {
  const http::Headers token{{"Authorization", std::string("Bearer ") + kToken}};
  serve([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await in_sync();
    EXPECT_EQ(
        (co_await send(http::Method::Delete, "/api/v1/orders/0000000000000007-1-0", token)).status,
        200U);
    EXPECT_EQ((co_await send(http::Method::Delete, "/api/v1/orders?market=market-1", token)).status,
              200U);
    EXPECT_EQ((co_await send(http::Method::Delete, "/api/v1/orders?market=nowhere", token)).status,
              404U);
  });
  EXPECT_EQ(manager.executed.at(0), domain::CommandBody(domain::CancelOrder{order_id(1)}));
  EXPECT_EQ(manager.executed.at(1),
            domain::CommandBody(domain::CancelAllOrders{{}, FakeVenue::id_of(1)}));
}

TEST_F(ApiTest, SaysSoWhenNoAnswerComesAndTheSameKeyRepeatsSafely) {
  api_settings.commands.patience = 150ms;
  manager.silent = true;
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    const auto lost = co_await post("/api/v1/trading/halt", "key-1");
    EXPECT_EQ(lost.status, 504U);
    EXPECT_THAT(lost.body, HasSubstr("urn:polybot:no-acknowledgement"));
    EXPECT_GE(manager.commands_heard, 3);  // it was repeated meanwhile
    manager.silent = false;
    EXPECT_EQ((co_await post("/api/v1/trading/halt", "key-1")).status, 200U);
    EXPECT_EQ((co_await post("/api/v1/trading/halt", "key-1")).status, 200U);
    EXPECT_EQ((co_await post("/api/v1/trading/resume", "key-1")).status, 422U);
  });
  EXPECT_EQ(manager.executed.size(), 1U);
}

TEST_F(ApiTest, PassesADenialOn) {
  manager.denies = domain::CommandDenyReason::UnknownStrategy;
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    const auto response = co_await post("/api/v1/strategies/nobody/start");
    EXPECT_EQ(response.status, 404U);
    EXPECT_THAT(response.body, HasSubstr("unknown_strategy"));
  });
}

TEST_F(ApiTest, LetsNobodyInWithoutTheTokenOrUnderAForeignName) {
  const http::Headers wrong{{"Authorization", "Bearer x"}};
  const http::Headers foreign{{"Origin", "https://evil.example"}};
  serve([&]() -> asio::awaitable<void> {
    EXPECT_EQ((co_await send(http::Method::Post, "/api/v1/trading/halt")).status, 401U);
    EXPECT_EQ((co_await send(http::Method::Post, "/api/v1/trading/halt", wrong)).status, 403U);
    EXPECT_EQ((co_await send(http::Method::Get, "/api/v1/orders", foreign)).status, 403U);
    EXPECT_EQ((co_await send(http::Method::Get, "/api/v1/trading/halt")).status, 405U);
  });
  EXPECT_TRUE(manager.executed.empty());
  EXPECT_EQ(counter("polybot_http_requests_total", {"POST", "/api/v1/trading/halt", "4xx"}), 2);
}

TEST_F(ApiTest, StreamsEventsToClients) {
  const std::vector<std::string> nonsense = {"{", "[]", R"({"subscribe":["everything"]})",
                                             R"({"hello":1})"};
  serve([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await in_sync();
    http::WebSocketClient stream(io.get_executor(), {});
    EXPECT_FALSE(co_await stream.connect("ws://" + api->address() + "/ws"));
    EXPECT_EQ(registry.gauge("polybot_websocket_connections").value(), 1);
    EXPECT_FALSE(
        co_await stream.write(R"({"subscribe":["orders","fills","quotes.market-1","status"]})"));
    EXPECT_THAT(std::string(*(co_await stream.read())), HasSubstr(R"("type":"subscribed")"));
    EXPECT_THAT(std::string(*(co_await stream.read())), HasSubstr(R"("topic":"status")"));
    manager.record(submitted(1, 1));
    co_await next(stream, "order_submitted");
    manager.record(streamed(2, fill(1, "t", 10), OrderStatus::Filled));
    co_await next(stream, R"("topic":"fills")");
    venue.set(2, Side::Buy, 41, 3);
    venue.set(1, Side::Buy, 42, 3);
    const std::string quote = co_await next(stream, R"("topic":"quotes")");
    EXPECT_THAT(quote, HasSubstr("market-1"));
    for (const std::string& bad : nonsense) {
      EXPECT_FALSE(co_await stream.write(bad));
      co_await next(stream, R"("type":"error")");
    }
    EXPECT_FALSE(co_await stream.write(R"({"unsubscribe":["orders"]})"));
    co_await next(stream, R"("type":"subscribed")");
    co_await stream.close();
    co_await until("the session is gone",
                   [&] { return registry.gauge("polybot_websocket_connections").value() == 0; });
  });
}

TEST_F(ApiTest, StreamsEachFillOfAReplayOnce) {
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    http::WebSocketClient stream(io.get_executor(), {});
    EXPECT_FALSE(co_await stream.connect("ws://" + api->address() + "/ws"));
    EXPECT_FALSE(co_await stream.write(R"({"subscribe":["fills"]})"));
    co_await next(stream, R"("type":"subscribed")");
    // Streams of two strategies come in any order of time.
    manager.record(streamed(9, fill(1, "trade-late", 10), OrderStatus::Filled));
    EXPECT_THAT(co_await next(stream, R"("topic":"fills")"), HasSubstr("trade-late"));
    manager.record(streamed(2, fill(2, "trade-early", 10), OrderStatus::Filled));
    EXPECT_THAT(co_await next(stream, R"("topic":"fills")"), HasSubstr("trade-early"));
    co_await stream.close();
  });
}

TEST_F(ApiTest, ClosesAClientThatDoesNotReadAndCountsIt) {
  api_settings.stream.queue_messages_max = 16;
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    polybot::test::RawConnection slow(io.get_executor());
    co_await slow.connect(api->port());
    co_await slow.send(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_THAT(co_await slow.response(), HasSubstr("101"));
    // {"subscribe":["orders"]} in one masked frame with a mask of zeros.
    co_await slow.send(std::string("\x81\x98\x00\x00\x00\x00", 6) + R"({"subscribe":["orders"]})");
    co_await until("the client is dropped", [&] {
      for (int i = 0; i < 200; ++i) manager.record(submitted(1, 1'000 + (++sent)));
      return counter("polybot_websocket_sessions_dropped_total", {"slow"}) == 1;
    });
  });
}

TEST_F(ApiTest, SaysInWordsWhyNothingTrades) {
  serve([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await in_sync();
    const json::value status = co_await get("/api/v1/status");
    EXPECT_EQ(status.at("idle_reasons").at(0).as_string(), "strategy arbitrage has no runner");
    EXPECT_EQ(status.at("trading_state").as_string(), "active");
  });
}

}  // namespace
}  // namespace polybot::gateway::test
