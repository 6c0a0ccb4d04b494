// The simulated venue over real sockets: requests as a client of the real one would send them, and
// the answers that must come back.
#include "tests/integration/venue-simulator/venue.hpp"

#include "common/http/websocket_client.hpp"
#include "common/polymarket/messages/heartbeats.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "common/polymarket/messages/user_channel.hpp"

namespace polybot::venue_simulator::testing {
namespace {

TEST_F(VenueTest, TakesHeartbeatsAndSaysWhichIdItExpectsAlsoAfterARestart) {
  std::string expected;
  const auto beat = [](Trader& trader, std::string id) -> asio::awaitable<http::Outcome> {
    std::string body = polymarket::write_heartbeat_body(id);
    http::Outcome answer = co_await trader.send(
        http::Method::Post, std::string(polymarket::kHeartbeatPath), "", std::move(body));
    co_return answer;
  };
  {
    Running venue(folder);
    Trader trader(venue);
    auto body = [&]() -> asio::awaitable<void> {
      co_await trader.log_in();
      http::Outcome answer = co_await beat(trader, "");
      EXPECT_EQ(answer->status, 200U) << answer->body;
      const std::string first = (*polymarket::parse_heartbeat_answer(answer->body)).heartbeat_id;
      answer = co_await beat(trader, first);
      EXPECT_EQ(answer->status, 200U) << answer->body;
      expected = (*polymarket::parse_heartbeat_answer(answer->body)).heartbeat_id;
      answer = co_await trader.send(http::Method::Post, std::string(polymarket::kHeartbeatPath), "",
                                    "{}");
      EXPECT_EQ(answer->status, 400U) << answer->body;
    };
    test::run(venue.io, body());
    venue.simulator.reset();
  }
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const http::Outcome answer = co_await beat(trader, "");
    EXPECT_EQ(answer->status, 400U);
    EXPECT_EQ(answer->body, polymarket::write_heartbeat_answer({expected, true}));
    const http::Outcome right = co_await beat(trader, expected);
    EXPECT_EQ(right->status, 200U) << right->body;
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, PlacesFindsAndCancelsASignedOrder) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    const auto posted = trader.order(market, Side::Buy, lower(book), "10");
    const auto id = trader.id_of(posted, market);
    http::Outcome answer = co_await trader.post(posted);
    EXPECT_EQ(answer->status, 200U) << answer->body;
    const auto outcome = polymarket::read_order_answer(answer->status, answer->body, id, {});
    const auto* accepted = std::get_if<domain::SubmitAccepted>(&outcome);
    EXPECT_TRUE(accepted != nullptr && accepted->state == domain::SubmitAccepted::State::Live)
        << answer->body;
    answer = co_await trader.send(http::Method::Get, "/data/orders", "?next_cursor=MA==");
    const auto page = polymarket::parse_open_orders(answer->body);
    EXPECT_TRUE(page && page->items.size() == 1 && page->last()) << answer->body;
    answer = co_await trader.send(http::Method::Get, "/data/order/" + domain::to_string(id));
    EXPECT_THAT(answer->body, testing::HasSubstr(domain::to_string(id)));
    answer =
        co_await trader.send(http::Method::Delete, "/order", "", polymarket::write_cancel_body(id));
    auto canceled = polymarket::parse_cancel_answer(answer->body);
    EXPECT_EQ(polymarket::cancel_result(*canceled, id).result,
              domain::CancelAnswered::Result::Canceled);
    answer =
        co_await trader.send(http::Method::Delete, "/order", "", polymarket::write_cancel_body(id));
    canceled = polymarket::parse_cancel_answer(answer->body);
    EXPECT_EQ(polymarket::cancel_result(*canceled, id).result,
              domain::CancelAnswered::Result::NotFound);
    answer = co_await trader.send(http::Method::Get, "/data/order/" + domain::to_string(id));
    EXPECT_EQ(answer->body, "null");
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, FillsATakerAndTellsItOnTheUserChannelThroughToConfirmed) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    http::WebSocketClient socket(venue.io.get_executor(), {});
    EXPECT_FALSE(co_await socket.connect(venue.socket_url("/ws/user")));
    co_await socket.write(polymarket::user_subscribe(*trader.credentials, {}));
    co_await socket.write("PING");
    const auto pong = co_await socket.read();
    EXPECT_EQ(*pong, "PONG");
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    const auto posted =
        trader.order(market, Side::Buy, book.asks.back().price, "10", TimeInForce::Fak);
    const http::Outcome answer = co_await trader.post(posted);
    EXPECT_THAT(answer->body, HasSubstr("\"status\":\"matched\""));
    std::vector<domain::VenueTradeStatus> statuses;
    while (statuses.size() < 3) {
      const auto text = co_await socket.read();
      if (!text) break;
      const auto frame = polymarket::parse_user_frame(*text);
      EXPECT_TRUE(frame.has_value()) << *text;
      for (const auto& event : frame->events) {
        if (const auto* trade = std::get_if<polymarket::UserTradeEvent>(&event)) {
          statuses.push_back(trade->trade.status);
          const auto read = polymarket::to_trade(trade->trade, {trader.credentials->api_key(), ""});
          EXPECT_TRUE(read.we_are_taker);
          EXPECT_EQ(read.taker_order, trader.id_of(posted, market));
        }
      }
    }
    EXPECT_THAT(statuses, ::testing::ElementsAre(domain::VenueTradeStatus::Matched,
                                                 domain::VenueTradeStatus::Mined,
                                                 domain::VenueTradeStatus::Confirmed));
    std::vector<std::int64_t> held;
    for (const char* path :
         {"/balance-allowance", "/balance-allowance/update", "/balance-allowance"}) {
      const http::Outcome answer = co_await trader.send(
          http::Method::Get, path,
          "?asset_type=CONDITIONAL&token_id=" + domain::to_string(market.yes_token) +
              "&signature_type=0");
      held.push_back(polymarket::parse_balance_allowance(answer->body)->balance);
    }
    EXPECT_THAT(held, ::testing::ElementsAre(0, 10'000'000, 10'000'000))
        << "the venue has no copy before it has read the chain";
    const http::Outcome trades =
        co_await trader.send(http::Method::Get, "/data/trades", "?after=0&next_cursor=MA==");
    EXPECT_EQ(polymarket::parse_trades(trades->body)->items.size(), 1U);
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, KnowsNoCashBeforeItWasToldToReadTheChain) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    std::vector<std::int64_t> told;
    for (const char* path :
         {"/balance-allowance", "/balance-allowance/update", "/balance-allowance"}) {
      const http::Outcome answer =
          co_await trader.send(http::Method::Get, path, "?asset_type=COLLATERAL&signature_type=0");
      told.push_back(polymarket::parse_balance_allowance(answer->body)->balance);
    }
    EXPECT_EQ(told[0], 0);
    EXPECT_GT(told[1], 0);
    EXPECT_EQ(told[2], told[1]);
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, RefusesWithTheVenuesTexts) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    const domain::Price price = lower(book);
    const auto refused = [&](polymarket::PostedOrder posted,
                             std::string text) -> asio::awaitable<void> {
      const http::Outcome answer = co_await trader.post(std::move(posted));
      EXPECT_EQ(answer->status, 400U) << answer->body;
      EXPECT_THAT(answer->body, HasSubstr(text));
    };
    auto posted = trader.order(market, Side::Buy, price, "10");
    posted.order.salt = 99;  // what is signed is something else
    co_await refused(posted, "invalid signature");
    posted = trader.order(market, Side::Buy, price, "10");
    posted.owner = "00000000-0000-0000-0000-000000000001";
    co_await refused(posted, "the order owner has to be the owner of the API KEY");
    posted = trader.order(market, Side::Buy, price, "4");
    co_await refused(posted, "lower than the minimum: 5");
    posted = trader.order(market, Side::Buy, price, "10");  // until canceled
    posted.expiration_s = static_cast<std::int64_t>(trader.now_s()) + 600;
    co_await refused(posted, "invalid expiration");
    posted = trader.order(market, Side::Buy, price, "10");
    posted.order.maker_amount += 12'500;
    trader.sign(posted, market);
    co_await refused(posted, "breaks minimum tick size rule: 0.01");
    posted = trader.order(market, Side::Buy, price, "99999");
    co_await refused(posted, "not enough balance / allowance");
    posted =
        trader.order(market, Side::Sell, domain::complement(domain::Price::from_raw(100)), "10");
    co_await refused(posted, "not enough balance / allowance");
    posted = trader.order(market, Side::Buy, book.asks.back().price, "10");
    posted.post_only = true;
    co_await refused(posted, "invalid post-only order: order crosses book");
    posted = trader.order(market, Side::Buy, domain::Price::from_raw(100), "200", TimeInForce::Fak);
    co_await refused(posted, "no orders found to match with FAK order");
    posted = trader.order(market, Side::Buy, book.asks.back().price, "9000", TimeInForce::Fok);
    co_await refused(posted, "couldn't be fully filled");
    posted = trader.order(market, Side::Buy, price, "10");
    http::Outcome answer = co_await trader.post(posted);
    EXPECT_EQ(answer->status, 200U) << answer->body;
    co_await refused(posted, "Duplicated.");
    answer = co_await trader.send(http::Method::Post, "/order", "", "{\"garbage\":true}");
    EXPECT_EQ(answer->status, 400U);
    EXPECT_THAT(answer->body, HasSubstr("Invalid order payload"));
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, RefusesRequestsThatAreNotAuthenticated) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    http::Outcome answer = co_await trader.get(venue.url("/data/orders"));
    EXPECT_EQ(answer->status, 401U);
    EXPECT_THAT(answer->body, HasSubstr("Unauthorized/Invalid api key"));
    const polymarket::ApiCredentials own = *trader.credentials;
    trader.credentials.emplace(own.api_key(), "AAAA", own.passphrase());
    answer = co_await trader.send(http::Method::Get, "/data/orders");
    EXPECT_EQ(answer->status, 401U);
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, AnswersABatchInOrderAndCancelsAll) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    const std::vector<polymarket::PostedOrder> orders = {
        trader.order(market, Side::Buy, lower(book), "10"),
        trader.order(market, Side::Buy, lower(book), "4"),
        trader.order(market, Side::Buy, lower(book), "6")};
    http::Outcome answer = co_await trader.send(http::Method::Post, "/orders", "",
                                                polymarket::write_orders_body(orders));
    std::vector<domain::VenueOrderId> ids;
    for (const auto& order : orders) ids.push_back(trader.id_of(order, market));
    const auto outcomes = polymarket::read_orders_answer(answer->status, answer->body, ids, {});
    EXPECT_TRUE(std::holds_alternative<domain::SubmitAccepted>(outcomes[0].outcome))
        << answer->body;
    EXPECT_TRUE(std::holds_alternative<domain::SubmitRejected>(outcomes[1].outcome));
    EXPECT_TRUE(std::holds_alternative<domain::SubmitAccepted>(outcomes[2].outcome));
    answer = co_await trader.send(http::Method::Delete, "/cancel-all");
    EXPECT_EQ(polymarket::parse_cancel_answer(answer->body)->canceled.size(), 2U);
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, ClosesAMarketSocketThatPingsBeforeItSubscribes) {
  Running venue(folder);
  auto body = [&]() -> asio::awaitable<void> {
    http::WebSocketClient socket(venue.io.get_executor(), {});
    EXPECT_FALSE(co_await socket.connect(venue.socket_url("/ws/market")));
    co_await socket.write("PING");
    const auto text = co_await socket.read();
    EXPECT_FALSE(text.has_value());
    EXPECT_EQ(socket.close_code(), 1008);
    EXPECT_EQ(socket.close_reason(), "invalid subscription payload");
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, SendsOpeningBooksThenChangesThatKeepThemRight) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    http::WebSocketClient socket(venue.io.get_executor(), {});
    EXPECT_FALSE(co_await socket.connect(venue.socket_url("/ws/market")));
    const std::vector<domain::TokenId> tokens = {market.yes_token, market.no_token};
    co_await socket.write(polymarket::market_subscribe(tokens));
    polymarket::MarketFrame frame;
    const auto opening = co_await socket.read();
    EXPECT_TRUE(polymarket::parse_market_frame(*opening, frame).has_value());
    EXPECT_EQ(frame.events.size(), 2U);
    const auto& book = std::get<polymarket::BookEvent>(frame.events[0]);
    const domain::Price best = book.bids.back().price;
    co_await trader.post(trader.order(market, Side::Buy, best, "10"));
    for (;;) {
      const auto text = co_await socket.read();
      if (!text) {
        ADD_FAILURE() << "the socket ended";
        co_return;
      }
      EXPECT_TRUE(polymarket::parse_market_frame(*text, frame).has_value()) << *text;
      const auto* change = frame.events.empty()
                               ? nullptr
                               : std::get_if<polymarket::PriceChangeEvent>(&frame.events[0]);
      if (change == nullptr) continue;
      EXPECT_EQ(change->changes.size() % 2, 0U);
      EXPECT_EQ(change->changes[0].token, market.yes_token);
      EXPECT_EQ(change->changes[1].token, market.no_token);
      EXPECT_EQ(change->changes[1].price, domain::complement(change->changes[0].price));
      co_return;
    }
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, CutsTheConnectionWhenTheAnswerIsToBeLostButExecutes) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    http::Outcome answer =
        co_await trader.admin(http::Method::Post, "/faults/answer-lost", R"({"count":1})");
    EXPECT_EQ(answer->status, 200U) << answer->body;
    answer = co_await trader.post(trader.order(market, Side::Buy, lower(book), "10"));
    EXPECT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().request_may_have_left);
    answer = co_await trader.send(http::Method::Get, "/data/orders");
    EXPECT_EQ(polymarket::parse_open_orders(answer->body)->items.size(), 1U);
    answer = co_await trader.admin(http::Method::Post, "/faults/no-such-fault");
    EXPECT_EQ(answer->status, 404U);
    answer = co_await trader.admin(http::Method::Post, "/faults/reject", R"({"probabilty":1})");
    EXPECT_EQ(answer->status, 400U);
    for (const char* rate : {R"({"size":"-0.5"})", R"({"size":"7"})"}) {
      answer = co_await trader.admin(http::Method::Post, "/faults/fee-change", rate);
      EXPECT_EQ(answer->status, 400U) << rate;
    }
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, RefusesOrdersOfABlockedRegionByItselfAndByItsProxy) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    const polymarket::BookSummary book = co_await trader.book(market.yes_token);
    const auto posted = trader.order(market, Side::Buy, lower(book), "10");
    const domain::VenueOrderId id = trader.id_of(posted, market);
    (void)co_await trader.admin(http::Method::Post, "/faults/region-block");
    bool in_words = false;
    bool as_page = false;
    for (int i = 0; i < 40 && !(in_words && as_page); ++i) {
      const http::Outcome answer = co_await trader.post(posted);
      EXPECT_EQ(answer->status, 403U);
      const auto outcome = polymarket::read_order_answer(answer->status, answer->body, id, {});
      const auto* refused = std::get_if<domain::SubmitRejected>(&outcome);
      EXPECT_TRUE(refused != nullptr && refused->reason == domain::RejectReason::Forbidden);
      (answer->body.front() == '{' ? in_words : as_page) = true;
    }
    EXPECT_TRUE(in_words && as_page);
    (void)co_await trader.admin(http::Method::Delete, "/faults/region-block");
    EXPECT_EQ((co_await trader.post(posted))->status, 200U);
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, LeavesTheNumbersOfATradeEmpty) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    const polymarket::BookSummary book = co_await trader.book(market.yes_token);
    (void)co_await trader.admin(http::Method::Post, "/faults/empty-numbers");
    auto posted = trader.order(market, Side::Buy, book.asks.back().price, "10", TimeInForce::Fak);
    EXPECT_EQ((co_await trader.post(posted))->status, 200U);
    http::Outcome answer = co_await trader.send(http::Method::Get, "/data/trades");
    auto page = polymarket::parse_trades(answer->body);
    EXPECT_EQ(page->unreadable.size(), 1U);
    EXPECT_TRUE(page->items.empty());
    (void)co_await trader.admin(http::Method::Delete, "/faults/empty-numbers");
    answer = co_await trader.send(http::Method::Get, "/data/trades");
    page = polymarket::parse_trades(answer->body);
    EXPECT_TRUE(page->unreadable.empty());
    EXPECT_EQ(page->items.size(), 1U);
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, SendsUnreadableTermsAndTheWinner) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    const std::string id = domain::to_string(market.id);
    const std::string wanted = "{\"market\":\"" + market.slug + "\"}";
    (void)co_await trader.admin(http::Method::Post, "/faults/unreadable-market", wanted);
    http::Outcome answer = co_await trader.get(venue.url("/clob-markets/" + id));
    EXPECT_FALSE(polymarket::parse_clob_market(answer->body).has_value());
    answer = co_await trader.get(venue.url("/markets/keyset?condition_ids=" + id));
    const auto page = polymarket::parse_gamma_page(answer->body);
    EXPECT_EQ(page->skipped.size(), 1U);
    EXPECT_TRUE(page->skipped.at(0).state.has_value());
    answer = co_await trader.get(venue.url("/markets/" + id));
    const auto result = polymarket::parse_clob_result(answer->body);
    EXPECT_TRUE(result.has_value());
    EXPECT_FALSE(result->closed);
    EXPECT_FALSE(result->winner);
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, DropsUserSocketsAndTellsTheTruth) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    http::WebSocketClient socket(venue.io.get_executor(), {});
    EXPECT_FALSE(co_await socket.connect(venue.socket_url("/ws/user")));
    co_await socket.write(polymarket::user_subscribe(*trader.credentials, {}));
    http::Outcome answer = co_await trader.admin(http::Method::Post, "/faults/user-socket-drop");
    EXPECT_EQ(answer->status, 200U);
    EXPECT_FALSE((co_await socket.read()).has_value());
    answer = co_await trader.admin(http::Method::Get, "/state");
    EXPECT_THAT(answer->body, HasSubstr("\"holds\":true"));
    EXPECT_THAT(answer->body, HasSubstr(polymarket::to_checksum(trader.signer.address())));
    answer = co_await trader.admin(http::Method::Post, "/flow/pause");
    EXPECT_THAT(answer->body, HasSubstr("\"running\":false"));
    answer = co_await trader.admin(http::Method::Get, "/events");
    EXPECT_THAT(answer->body, HasSubstr("btc-updown"));
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, KnowsEverythingAgainAfterAKill) {
  domain::VenueOrderId id;
  std::string api_key;
  {
    Running venue(folder);
    Trader trader(venue);
    auto body = [&]() -> asio::awaitable<void> {
      co_await trader.log_in();
      const domain::Market market = co_await trader.pick_market();
      const auto book = co_await trader.book(market.yes_token);
      const auto posted = trader.order(market, Side::Buy, lower(book), "10");
      id = trader.id_of(posted, market);
      const http::Outcome answer = co_await trader.post(posted);
      EXPECT_EQ(answer->status, 200U);
      api_key = trader.credentials->api_key();
    };
    test::run(venue.io, body());
  }
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    EXPECT_EQ(trader.credentials->api_key(), api_key);
    const http::Outcome answer = co_await trader.send(http::Method::Get, "/data/orders");
    const auto page = polymarket::parse_open_orders(answer->body);
    EXPECT_EQ(page->items.size(), 1U);
    if (!page->items.empty()) {
      EXPECT_EQ(page->items[0].id, id);
    }
  };
  test::run(venue.io, body());
}

TEST_F(VenueTest, ListsMarketsByPageIdAndEvent) {
  Running venue(folder);
  Trader trader(venue);
  auto body = [&]() -> asio::awaitable<void> {
    std::size_t count = 0;
    std::string cursor;
    domain::MarketId some;
    std::string event;
    do {
      const http::Outcome answer = co_await trader.get(
          venue.url("/markets/keyset?closed=false&limit=10&after_cursor=" + cursor));
      const auto page = polymarket::parse_gamma_page(answer->body);
      EXPECT_TRUE(page && page->skipped.empty()) << answer->body;
      count += page->markets.size();
      for (const auto& market : page->markets) {
        if (market.neg_risk && !market.neg_risk_augmented) {
          some = market.id;
          event = market.event_slug;
        }
      }
      cursor = page->next_cursor;
    } while (!cursor.empty());
    EXPECT_GE(count, 40U);
    http::Outcome answer = co_await trader.get(
        venue.url("/markets/keyset?closed=false&condition_ids=" + domain::to_string(some)));
    EXPECT_EQ(polymarket::parse_gamma_page(answer->body)->markets.size(), 1U);
    answer = co_await trader.get(venue.url("/events/slug/" + event));
    EXPECT_GE(polymarket::parse_gamma_page(answer->body)->markets.size(), 3U);
    answer = co_await trader.get(venue.url("/clob-markets/" + domain::to_string(some)));
    EXPECT_TRUE(polymarket::parse_clob_market(answer->body)->accepting_orders);
    answer = co_await trader.get(venue.url("/book?token_id=12345"));
    EXPECT_EQ(answer->status, 404U);
    EXPECT_THAT(answer->body, HasSubstr("No orderbook exists"));
    answer = co_await trader.get(venue.url("/book?token_id=abc"));
    EXPECT_EQ(answer->status, 400U);
    answer = co_await trader.get(venue.url("/time"));
    EXPECT_NEAR(static_cast<double>(*polymarket::parse_time(answer->body)),
                static_cast<double>(trader.now_s()), 2.0);
  };
  test::run(venue.io, body());
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
