// The client side against an order-manager that answers late, not at all, or twice.
#include "services/gateway/api/api.hpp"

#include <gmock/gmock.h>

#include "tests/integration/gateway/api_fixture.hpp"

namespace polybot::gateway::test {
namespace {

using domain::OrderStatus;
using testing::HasSubstr;

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

TEST_F(ApiTest, SaysWhichMarketsAreWatchedAndWhy) {
  venue.at(1).gamma.volume_24h = domain::Money::from_units(10);
  venue.at(2).gamma.volume_24h = domain::Money::from_units(20);
  settings.catalogue.selection.only.slugs = {"market-*"};
  serve([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await until_fresh(2);
    co_await until("they are compared", [&] { return feed->catalogue().best(9).size() == 2; });
    const json::value list = co_await get("/api/v1/markets");
    const json::value& first = list.at("markets").at(0);
    EXPECT_EQ(first.at("chosen_by").as_string(), "slug");
    EXPECT_EQ(first.at("rank").to_number<int>(), 2);
    EXPECT_EQ(first.at("volume_24h").as_string(), "10");
    EXPECT_TRUE(first.at("liquidity").is_null());
    EXPECT_EQ(first.at("reason").as_string(),
              "its slug is in markets.slugs (market-*); number 2 by volume of 24 hours, 10 pUSD");
    const json::value status = co_await get("/api/v1/status");
    const json::value& chosen = status.at("markets").at("chosen");
    EXPECT_EQ(chosen.at("places").to_number<int>(), 2);
    EXPECT_EQ(chosen.at("rank").as_string(), "volume");
    EXPECT_EQ(chosen.at("by").at("slug").to_number<int>(), 2);
    EXPECT_EQ(chosen.at("best").at(0).at("market").as_string(), "market-2");
    venue.at(1).gamma.accepting_orders = false;
    co_await until("it is paused",
                   [&] { return !feed->catalogue().has_book(FakeVenue::id_of(1)); });
    const json::value later = co_await get("/api/v1/markets?q=market-1");
    EXPECT_TRUE(later.at("markets").at(0).at("chosen_by").is_null());
    EXPECT_EQ(later.at("markets").at(0).at("reason").as_string(), "it takes no orders");
  });
}

TEST_F(ApiTest, ShowsOrdersFillsPositionsAndMoney) {
  serve([&]() -> asio::awaitable<void> {
    // The API shows what order-manager has counted, not what the gateway has heard.
    manager.account_state.figures.realized = domain::Money::from_units(2);
    manager.account_state.counts.orders[static_cast<std::size_t>(OrderStatus::Filled)] = 41;
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
    EXPECT_EQ(status.at("orders").at("by_status").at("filled").to_number<int>(), 41);
    EXPECT_TRUE(status.at("orders").at("in_sync").as_bool());
    co_await get("/api/v1/orders/nonsense", 400);
    co_await get("/api/v1/orders/0000000000000007-99-0", 404);
    co_await get("/api/v1/orders?status=open", 400);
    co_await get("/api/v1/orders?cursor=x", 400);
    co_await get("/api/v1/orders?market=nowhere", 404);
  });
}

// A strategy with a halt of its own has its reason: a resume of the account names it.
TEST_F(ApiTest, NamesWhatAResumeOfTheAccountLeavesHalted) {
  serve([&]() -> asio::awaitable<void> {
    manager.own = {domain::TradingState::Halted, domain::StateReason::Requested, at(0)};
    co_await in_sync();
    const http::ClientResponse answer = co_await post("/api/v1/trading/resume");
    EXPECT_EQ(answer.status, 200U) << answer.body;
    const json::value told = json::parse(answer.body);
    const json::value& left = told.at("still_restricted").at(0);
    EXPECT_EQ(left.at("strategy").as_string(), "arbitrage");
    EXPECT_EQ(left.at("trading_state").as_string(), "halted");
    EXPECT_EQ(left.at("by").as_string(), "operator");
    EXPECT_EQ(left.at("resume").as_string(), "POST /api/v1/trading/resume?strategy=arbitrage");
    const http::ClientResponse own = co_await post("/api/v1/trading/resume?strategy=arbitrage");
    EXPECT_EQ(own.body.find("still_restricted"), std::string::npos);
    const json::value status = co_await get("/api/v1/status");
    EXPECT_EQ(status.at("strategies").at(0).at("reason").as_string(), "requested");
    EXPECT_EQ(status.at("notices").as_array().size(), 2U) << "halted, and not as configured";
  });
}

TEST_F(ApiTest, SendsWithAHaltWhyAndUntilWhenItIsKnown) {
  const domain::Timestamp before = runtime::Clock().now();
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    const auto spoken = co_await post("/api/v1/trading/halt?reason=venue+upgrade%2C+v2&for=2h");
    EXPECT_EQ(spoken.status, 200U) << spoken.body;
    EXPECT_EQ((co_await post("/api/v1/trading/reduce?for=forever")).status, 400U);
    EXPECT_EQ((co_await post("/api/v1/trading/resume?for=2h")).status, 400U);
  });
  ASSERT_EQ(manager.executed.size(), 1U);
  const auto& halt = std::get<domain::SetTradingState>(manager.executed[0]);
  EXPECT_EQ(halt.stated_reason, "venue upgrade, v2");
  EXPECT_GE(halt.acknowledged_until, before + 2h);
  EXPECT_LE(halt.acknowledged_until, runtime::Clock().now() + 2h);
}

TEST_F(ApiTest, TellsUntilWhenAHaltIsAcknowledged) {
  serve([&]() -> asio::awaitable<void> {
    manager.own = {domain::TradingState::Halted, domain::StateReason::Requested, at(0), "upgrade",
                   at(3'600'000)};
    co_await in_sync();
    const json::value status = co_await get("/api/v1/status");
    const json::value& told = status.at("strategies").at(0);
    EXPECT_EQ(told.at("stated_reason").as_string(), "upgrade");
    EXPECT_EQ(told.at("acknowledged_until").as_string(), "1970-01-01T01:16:40.000Z");
    EXPECT_TRUE(status.at("trading").at("acknowledged_until").is_null());
    const json::value strategies = co_await get("/api/v1/strategies");
    EXPECT_EQ(strategies.at("strategies").at(0).at("stated_reason").as_string(), "upgrade");
  });
}

// The halt would show nowhere and stop nothing.
TEST_F(ApiTest, RefusesToHaltWhatIsTradedByHand) {
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    const http::ClientResponse answer = co_await post("/api/v1/trading/halt?strategy=external");
    EXPECT_EQ(answer.status, 409U) << answer.body;
    EXPECT_NE(answer.body.find("traded by hand"), std::string::npos) << answer.body;
  });
}

// A restored backup begins another history, also for streams that stay silent.
TEST_F(ApiTest, ReadsSilentStreamsAgainAfterARestore) {
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    const domain::StrategyName external{std::string(domain::kExternalStrategy)};
    manager.record(submitted(1, 1, external));
    co_await until("the event is folded", [&] { return events_folded() >= 1; });
    manager.restore();
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    std::size_t shown = 1;
    while (shown != 0 && std::chrono::steady_clock::now() < deadline) {
      const json::value orders = co_await get("/api/v1/orders");
      shown = orders.at("orders").as_array().size();
    }
    EXPECT_EQ(shown, 0U) << "the order of the lost history is still shown";
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

TEST_F(ApiTest, TakesTheStateWhenTheReplayIsNoLongerKept) {
  manager.kept = false;
  manager.record(submitted(1, 1));
  manager.record(streamed(2, fill(1, "t", 10), OrderStatus::Filled));
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    EXPECT_EQ(
        (co_await get("/api/v1/orders/0000000000000007-1-0")).at("filled_quantity").as_string(),
        "10");
    const std::size_t before = events_folded();  // the first two may have been heard as well
    manager.record(submitted(3, 2));
    co_await until("news follow the state", [&] { return events_folded() == before + 1; });
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

TEST_F(ApiTest, SaysThatACommandThatCameTooLateNeedsANewKey) {
  api_settings.commands.patience = 150ms;
  manager.silent = true;
  manager.denies = domain::CommandDenyReason::Expired;
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    const auto lost = co_await post("/api/v1/trading/halt", "key-1");
    EXPECT_EQ(lost.status, 504U);
    EXPECT_THAT(lost.body, HasSubstr("new key"));
    manager.silent = false;
    const auto denied = co_await post("/api/v1/trading/halt", "key-1");
    EXPECT_EQ(denied.status, 409U);
    EXPECT_THAT(denied.body, HasSubstr("expired"));
    EXPECT_THAT(denied.body, HasSubstr("not executed"));
    EXPECT_THAT(denied.body, HasSubstr("new key"));
    manager.denies = domain::CommandDenyReason::None;
    EXPECT_EQ((co_await post("/api/v1/trading/halt", "key-1")).status, 409U);
    EXPECT_EQ((co_await post("/api/v1/trading/halt", "key-2")).status, 200U);
  });
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

TEST_F(ApiTest, RefusesCallsWithoutTheTokenOrUnderAForeignName) {
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
  EXPECT_EQ(counter("polybot_requests_refused_total", {"gateway", "api", "no_token"}), 1);
  EXPECT_EQ(counter("polybot_requests_refused_total", {"gateway", "api", "wrong_token"}), 1);
  EXPECT_EQ(counter("polybot_requests_refused_total", {"gateway", "api", "origin"}), 1);
}

TEST_F(ApiTest, ReadsNeedATokenWhereOneIsConfigured) {
  token_files.read = folder / "secrets/read-token";
  serve([&]() -> asio::awaitable<void> {
    const std::string reader(read_token(token_files.read).reveal());
    const auto bearer = [](const std::string& token) {
      return http::Headers{{"Authorization", "Bearer " + token}};
    };
    using enum http::Method;
    EXPECT_EQ((co_await send(Get, "/")).status, 401U);
    EXPECT_EQ((co_await send(Get, "/api/v1/pnl")).status, 401U);
    EXPECT_EQ((co_await send(Get, "/api/v1/pnl", bearer("x"))).status, 403U);
    EXPECT_EQ((co_await send(Get, "/api/v1/pnl", bearer(reader))).status, 200U);
    EXPECT_EQ((co_await send(Get, "/api/v1/pnl", bearer(kToken))).status, 200U);
    EXPECT_EQ((co_await send(Post, "/api/v1/trading/halt", bearer(reader))).status, 403U);
    http::WebSocketClient stream(io.get_executor(), {});
    const std::string url = "ws://" + api->address() + "/ws";
    EXPECT_TRUE(co_await stream.connect(url));
    EXPECT_FALSE(co_await stream.connect(url, bearer(reader)));
  });
  EXPECT_TRUE(manager.executed.empty());
  EXPECT_EQ(counter("polybot_requests_refused_total", {"gateway", "api", "no_token"}), 3);
  EXPECT_EQ(counter("polybot_requests_refused_total", {"gateway", "api", "read_only_token"}), 1);
}

TEST_F(ApiTest, NamesTheTokenOfACommandAndRefusesItOnceRevoked) {
  const std::string alice = new_token();
  const auto list = [&](TokenUse use) {
    replace_secret_file(token_files.named, render_tokens({{"alice", use, digest_of(alice)}}));
  };
  const http::Headers bearer{{"Authorization", "Bearer " + alice}};
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    EXPECT_EQ((co_await post("/api/v1/trading/reduce")).status, 200U);
    list(TokenUse::Command);
    EXPECT_EQ((co_await send(http::Method::Post, "/api/v1/trading/halt", bearer)).status, 200U);
    list(TokenUse::Revoked);
    EXPECT_EQ((co_await send(http::Method::Post, "/api/v1/trading/resume", bearer)).status, 403U);
  });
  EXPECT_EQ(manager.issuers, (std::vector<std::string>{"default", "alice"}));
  EXPECT_EQ(counter("polybot_requests_refused_total", {"gateway", "api", "revoked_token"}), 1);
}

TEST_F(ApiTest, ClosesTheStreamOfARevokedToken) {
  token_files.read = folder / "secrets/read-token";
  const std::string looker = new_token();
  const auto list = [&](TokenUse use) {
    replace_secret_file(token_files.named, render_tokens({{"looker", use, digest_of(looker)}}));
  };
  serve([&]() -> asio::awaitable<void> {
    list(TokenUse::Read);
    http::WebSocketClient stream(io.get_executor(), {});
    const http::Headers bearer{{"Authorization", "Bearer " + looker}};
    EXPECT_FALSE(co_await stream.connect("ws://" + api->address() + "/ws", bearer));
    list(TokenUse::Revoked);
    const auto text = co_await stream.read();
    EXPECT_FALSE(text.has_value());
  });
}

TEST_F(ApiTest, HoldsWrongTokensBackAndNeverTheRightOne) {
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    const auto guess = [this](domain::Duration& took) -> asio::awaitable<void> {
      const http::Headers wrong{{"Authorization", "Bearer wrong"}};
      const domain::Duration begun = clock.monotonic();
      EXPECT_EQ((co_await send(http::Method::Post, "/api/v1/trading/halt", wrong)).status, 403U);
      took = clock.monotonic() - begun;
    };
    std::array<domain::Duration, 4> took{};
    for (domain::Duration& one : took) co_await guess(one);
    EXPECT_GE(took[0], 100ms);
    EXPECT_GE(took[3], 800ms);
    const domain::Duration begun = clock.monotonic();
    EXPECT_EQ((co_await post("/api/v1/trading/halt")).status, 200U);
    EXPECT_LT(clock.monotonic() - begun, 1600ms) << "as long as another guess would wait";
  });
}

// Subscribers are never idle, so none of them is closed; the halt has a connection of its own.
TEST_F(ApiTest, HaltsWhileReadersHaveEveryConnection) {
  api_settings.limits.connections_max = 2;
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    http::WebSocketClient first(io.get_executor(), {});
    http::WebSocketClient second(io.get_executor(), {});
    for (http::WebSocketClient* const stream : {&first, &second})
      EXPECT_FALSE(co_await stream->connect("ws://" + api->address() + "/ws"));
    EXPECT_EQ((co_await send(http::Method::Get, "/api/v1/status")).status, 503U);
    EXPECT_EQ((co_await send(http::Method::Post, "/api/v1/trading/halt")).status, 503U);
    const http::Headers wrong{{"Authorization", "Bearer wrong"}};
    EXPECT_EQ((co_await send(http::Method::Post, "/api/v1/trading/halt", wrong)).status, 503U);
    EXPECT_EQ((co_await post("/api/v1/trading/halt")).status, 200U);
  });
  EXPECT_EQ(manager.executed.size(), 1U);
  EXPECT_EQ(counter("polybot_requests_refused_total", {"gateway", "api", "crowded"}), 3);
  EXPECT_EQ(counter("polybot_requests_refused_total", {"gateway", "api", "wrong_token"}), 1);
  // No command has failed: CommandUnacknowledged must not say so.
  EXPECT_EQ(counter("polybot_http_requests_total", {"POST", "/api/v1/trading/halt", "5xx"}), 0);
  EXPECT_EQ(counter("polybot_http_requests_total", {"POST", "unmatched", "5xx"}), 2);
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

TEST_F(ApiTest, NamesWhatAStreamsClientMisspelt) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"subscribe":["orders","fils"]})", R"(unknown topic \"fils\")"},
      {R"({"unsubscribe":["order"]})", R"(unknown topic \"order\")"},
      {R"({"subscribe":["pnl"],"unsubscrib":["orders"]})", R"(unknown key \"unsubscrib\")"},
      {R"({"subscribe":[7]})", R"(a topic is a string, not \"7\")"},
      {R"({"subscribe":"orders"})", "subscribe takes a list"},
      {"{}", "say subscribe or unsubscribe"}};
  serve([&]() -> asio::awaitable<void> {
    co_await in_sync();
    http::WebSocketClient stream(io.get_executor(), {});
    EXPECT_FALSE(co_await stream.connect("ws://" + api->address() + "/ws"));
    for (const auto& [request, complaint] : cases) {
      EXPECT_FALSE(co_await stream.write(request));
      EXPECT_THAT(co_await next(stream, R"("type":"error")"), HasSubstr(complaint)) << request;
    }
    // The valid part of a message with a mistake counts.
    EXPECT_FALSE(co_await stream.write(R"({"subscribe":["markets"]})"));
    EXPECT_THAT(co_await next(stream, R"("topics":["markets")"), HasSubstr(R"("orders","pnl")"));
    co_await stream.close();
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

TEST_F(ApiTest, SaysInWhichModeOrdersAreSent) {
  manager.account_state.mode = domain::TradingMode::Live;
  serve([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await in_sync();
    const json::value status = co_await get("/api/v1/status");
    EXPECT_EQ(status.at("mode").as_string(), "live");
  });
}

}  // namespace
}  // namespace polybot::gateway::test
