// The rooms of the simulated venue's REST over real sockets: what each route answers, and what it
// says to a token that nobody knows, a body that is none, and a list that is too long.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "services/venue-simulator/api/authentication.hpp"
#include "tests/integration/venue-simulator/venue.hpp"
#include "tests/unit/polymarket/book_hash.hpp"

namespace polybot::venue_simulator::testing {
namespace {

namespace json = boost::json;
using http::Method;

struct RoomsTest : VenueTest {
  // Runs `body` with a venue and a client that has a key.
  template <class Body>
  void visit(Body body, Config config = {}) {
    Running venue(folder, std::move(config));
    Trader trader(venue);
    auto all = [&]() -> asio::awaitable<void> {
      co_await trader.log_in();
      co_await body(venue, trader);
    };
    test::run(venue.io, all());
  }
};

json::value parsed(const http::Outcome& answer) {
  EXPECT_EQ(answer->status, 200U) << answer->body;
  boost::system::error_code error;
  json::value value = json::parse(answer->body, error);
  EXPECT_FALSE(error) << answer->body;
  return value;
}

asio::awaitable<http::Outcome> post(Running& venue, std::string path, std::string body) {
  http::Client client(venue.io.get_executor(), {.request_timeout = 3s});
  http::ClientRequest request{.method = Method::Post, .url = venue.url(path)};
  request.body = std::move(body);
  http::Outcome answer = co_await client.send(std::move(request));
  co_return answer;
}

// Signed with L1, for the key of that nonce.
asio::awaitable<http::Outcome> ask_for_key(Running& venue, const Trader& trader, Method method,
                                           std::string path, std::uint64_t nonce = 0) {
  http::Client client(venue.io.get_executor(), {.request_timeout = 3s});
  http::ClientRequest request{.method = method, .url = venue.url(path)};
  for (const auto& [name, value] :
       polymarket::l1_headers(trader.signer, 137, trader.now_s(), nonce))
    request.headers.set(name, value);
  http::Outcome answer = co_await client.send(std::move(request));
  co_return answer;
}

// {"token_id": token}, so many times.
std::string rows(const std::string& token, std::size_t count, const std::string& more = "") {
  std::string body = "[";
  for (std::size_t i = 0; i < count; ++i)
    body += (i > 0 ? "," : "") + ("{\"token_id\":\"" + token + "\"" + more + "}");
  return body + "]";
}

// The fields of an answer as one text.
std::string field(const json::value& value, const char* key) {
  const json::value& found = value.at(key);
  return found.is_string() ? std::string(found.as_string()) : json::serialize(found);
}

TEST_F(RoomsTest, ListMarketsInFourWaysAndOneByOne) {
  visit([](Running& venue, Trader& trader) -> asio::awaitable<void> {
    const domain::Market market = co_await trader.pick_market();
    std::vector<std::size_t> sizes;
    for (const char* path :
         {"/markets", "/simplified-markets", "/sampling-markets", "/sampling-simplified-markets"}) {
      const std::string url = venue.url(path);
      http::Outcome answer = co_await trader.get(url + "?next_cursor=MA==");
      const json::value page = parsed(answer);
      EXPECT_EQ(field(page, "next_cursor"), "LTE=");
      EXPECT_EQ(page.at("data").as_array().size(), page.at("count").as_int64());
      sizes.push_back(page.at("data").as_array().size());
      answer = co_await trader.get(url + "?next_cursor=LTE=");
      EXPECT_EQ(answer->status, 400U);
    }
    EXPECT_GE(sizes[0], 40U);
    EXPECT_EQ(sizes[0], sizes[1]);
    EXPECT_EQ(sizes[2], sizes[3]);
    EXPECT_LT(sizes[2], sizes[0]);  // unnamed outcomes are not sampled
    const std::string id = domain::to_string(market.id);
    http::Outcome answer = co_await trader.get(venue.url("/markets/" + id));
    const json::value record = parsed(answer);
    EXPECT_EQ(field(record, "market_slug"), market.slug);
    EXPECT_NEAR(record.at("minimum_tick_size").to_number<double>(), 0.01, 1e-9);
    answer =
        co_await trader.get(venue.url("/markets-by-token/" + domain::to_string(market.no_token)));
    EXPECT_EQ(field(parsed(answer), "condition_id"), id);
    for (const char* path : {"/markets/0x12", "/markets-by-token/12345", "/clob-markets/no",
                             "/markets/live-activity/0x12", "/rewards/markets/0x12"}) {
      answer = co_await trader.get(venue.url(path));
      EXPECT_EQ(answer->status, 404U) << path;
    }
    answer = co_await trader.get(venue.url("/markets-by-token/abc"));
    EXPECT_EQ(answer->status, 400U);
  });
}

TEST_F(RoomsTest, QuoteWhatTheBookSays) {
  visit([](Running& venue, Trader& trader) -> asio::awaitable<void> {
    // The crowd stands still, so that all answers are of the same book.
    (void)co_await trader.admin(Method::Post, "/flow/pause");
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    const domain::Price bid = book.bids.back().price;
    const domain::Price ask = book.asks.back().price;
    const std::string token = domain::to_string(market.yes_token);
    const std::string query = "?token_id=" + token;
    const auto get = [&](std::string path) -> asio::awaitable<json::value> {
      const http::Outcome answer = co_await trader.get(venue.url(path));
      co_return parsed(answer);
    };
    EXPECT_EQ(field(co_await get("/midpoint" + query), "mid"), polymarket::midpoint_text(bid, ask));
    EXPECT_EQ(field(co_await get("/price" + query + "&side=BUY"), "price"), bid.to_string());
    EXPECT_EQ(field(co_await get("/price" + query + "&side=sell"), "price"), ask.to_string());
    EXPECT_EQ(field(co_await get("/spread" + query), "spread"), (ask - bid).to_string());
    const std::string one = rows(token, 1);
    http::Outcome answer = co_await post(venue, "/midpoints", one);
    EXPECT_EQ(field(parsed(answer), token.c_str()), polymarket::midpoint_text(bid, ask));
    answer = co_await post(venue, "/spreads", one);
    EXPECT_EQ(field(parsed(answer), token.c_str()), (ask - bid).to_string());
    answer = co_await post(venue, "/prices", rows(token, 1, R"(,"side":"SELL")"));
    EXPECT_EQ(field(parsed(answer).at(token), "SELL"), ask.to_string());
    answer = co_await trader.get(venue.url("/book" + query));
    const auto hash = polymarket::check_book_hash(answer->body, {});
    EXPECT_TRUE(hash.has_value() && hash->agrees());
    EXPECT_THAT(answer->body, ::testing::Not(HasSubstr("event_type")));
  });
}

TEST_F(RoomsTest, RefuseTokensSidesAndListsThatAreNone) {
  visit([](Running& venue, Trader& trader) -> asio::awaitable<void> {
    for (const char* path : {"/midpoint", "/spread", "/last-trade-price", "/tick-size", "/neg-risk",
                             "/fee-rate", "/price?side=BUY"}) {
      const std::string url = venue.url(path);
      const std::string sign = url.find('?') == std::string::npos ? "?" : "&";
      http::Outcome answer = co_await trader.get(url + sign + "token_id=12345");
      EXPECT_EQ(answer->status, 404U) << path;
      answer = co_await trader.get(url + sign + "token_id=abc");
      EXPECT_EQ(answer->status, 400U) << path;
      EXPECT_THAT(answer->body, HasSubstr("Invalid token id")) << path;
      answer = co_await trader.get(url);
      EXPECT_EQ(answer->status, 400U) << path;
    }
    http::Outcome answer = co_await trader.get(venue.url("/price?token_id=1&side=HOLD"));
    EXPECT_EQ(answer->status, 400U);
    EXPECT_THAT(answer->body, HasSubstr("Invalid side"));
    for (const char* path : {"/midpoints", "/prices", "/spreads", "/last-trades-prices"}) {
      for (const std::string bad : {"", "null", "{}", "[1]", "[{}]", R"([{"token_id":"x"}])"}) {
        answer = co_await post(venue, path, bad);
        EXPECT_EQ(answer->status, 400U) << path << " " << bad;
      }
      answer = co_await post(venue, path, rows("12345", 501, R"(,"side":"BUY")"));
      EXPECT_EQ(answer->status, 400U) << path;
      EXPECT_THAT(answer->body, HasSubstr("Payload exceeds the limit")) << path;
      answer = co_await post(venue, path, rows("12345", 500, R"(,"side":"BUY")"));
      EXPECT_EQ(answer->status, 200U) << path;
      EXPECT_THAT(answer->body, ::testing::AnyOf("{}", "[]")) << path;
    }
    answer = co_await post(venue, "/prices", rows("12345", 1));
    EXPECT_THAT(answer->body, HasSubstr("Invalid side"));
    for (const char* path : {"/prices-history?market=abc&interval=1h", "/prices-history?market=1",
                             "/prices-history?market=1&interval=2h", "/builder/trades",
                             "/builder/trades?builder_code=0x1", "/fees/builder-fees/0x1",
                             "/rewards/markets/current?next_cursor=LTE="}) {
      answer = co_await trader.get(venue.url(path));
      EXPECT_EQ(answer->status, 400U) << path;
    }
    answer = co_await trader.get(venue.url("/prices-history?market=12345&interval=max"));
    EXPECT_EQ(answer->body, R"({"history":[]})");
  });
}

TEST_F(RoomsTest, TellATradeWhereverItIsAskedFor) {
  visit([](Running& venue, Trader& trader) -> asio::awaitable<void> {
    (void)co_await trader.admin(Method::Post, "/flow/pause");
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    const domain::Price price = book.asks.back().price;
    auto posted = trader.order(market, Side::Buy, price, "10", TimeInForce::Fak);
    posted.order.builder = {7};
    trader.sign(posted, market);
    http::Outcome answer = co_await trader.post(posted);
    EXPECT_EQ(answer->status, 200U) << answer->body;
    const std::string yes = domain::to_string(market.yes_token);
    const std::string no = domain::to_string(market.no_token);
    answer = co_await trader.get(venue.url("/last-trade-price?token_id=" + yes));
    EXPECT_EQ(answer->body, R"({"price":")" + price.to_string() + R"(","side":"BUY"})");
    answer = co_await trader.get(venue.url("/last-trade-price?token_id=" + no));
    EXPECT_EQ(answer->body,
              R"({"price":")" + domain::complement(price).to_string() + R"(","side":"SELL"})");
    answer = co_await post(venue, "/last-trades-prices", rows(yes, 1));
    EXPECT_EQ(field(parsed(answer).at(0), "side"), "BUY");
    answer = co_await trader.get(venue.url("/prices-history?interval=1h&market=" + no));
    const json::value history = parsed(answer);
    const double last = history.at("history").as_array().back().at("p").to_number<double>();
    EXPECT_NEAR(last, static_cast<double>(domain::complement(price).raw()) / 1e4, 1e-9);
    const std::string id = domain::to_string(market.id);
    answer = co_await trader.get(venue.url("/markets/live-activity/" + id));
    const json::value events = parsed(answer);
    EXPECT_EQ(field(events.at(0).at("user"), "address"),
              polymarket::to_checksum(trader.signer.address()));
    const std::string code = "0x07" + std::string(62, '0');
    answer = co_await trader.get(venue.url("/builder/trades?builder_code=" + code));
    const json::value trades = parsed(answer);
    EXPECT_EQ(trades.at("count").as_int64(), 1);
    EXPECT_EQ(field(trades.at("data").at(0), "tradeType"), "TAKER");
    EXPECT_EQ(field(trades.at("data").at(0), "owner"), trader.credentials->api_key());
    answer =
        co_await trader.get(venue.url("/builder/trades?builder_code=0x08" + std::string(62, '0')));
    EXPECT_EQ(parsed(answer).at("count").as_int64(), 0);
    const std::string maker = "?maker_address=" + polymarket::to_checksum(trader.signer.address());
    answer = co_await trader.send(Method::Get, "/data/trades", maker);
    EXPECT_EQ(polymarket::parse_trades(answer->body)->items.size(), 1U);
    answer = co_await trader.send(Method::Get, "/data/trades", "?maker_address=0x12");
    EXPECT_EQ(answer->status, 400U);
  });
}

TEST_F(RoomsTest, TellEitherReadingOfLiveActivity) {
  Config config;
  config.live_activity = LiveActivity::Market;
  visit(
      [](Running& venue, Trader& trader) -> asio::awaitable<void> {
        const domain::Market market = co_await trader.pick_market();
        const std::string id = domain::to_string(market.id);
        const http::Outcome answer = co_await trader.get(venue.url("/markets/live-activity/" + id));
        EXPECT_EQ(field(parsed(answer), "market_slug"), market.slug);
      },
      config);
}

TEST_F(RoomsTest, NotifyOfFillsAndForgetWhatIsDropped) {
  visit([](Running&, Trader& trader) -> asio::awaitable<void> {
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    const auto posted = trader.order(market, Side::Buy, lower(book), "10");
    (void)co_await trader.post(posted);
    (void)co_await trader.send(Method::Delete, "/cancel-all");
    http::Outcome answer = co_await trader.send(Method::Get, "/notifications", "?signature_type=0");
    const json::value notices = parsed(answer);
    EXPECT_EQ(notices.as_array().size(), 1U);
    EXPECT_EQ(field(notices.at(0), "type"), "1");
    EXPECT_EQ(field(notices.at(0).at("payload"), "order_id"),
              domain::to_string(trader.id_of(posted, market)));
    for (const char* bad : {"", "?signature_type=9", "?signature_type=x"}) {
      answer = co_await trader.send(Method::Get, "/notifications", bad);
      EXPECT_EQ(answer->status, 400U) << bad;
    }
    for (const char* bad : {"", "?ids=", "?ids=1,", "?ids=x"}) {
      answer = co_await trader.send(Method::Delete, "/notifications", bad);
      EXPECT_EQ(answer->status, 400U) << bad;
    }
    answer = co_await trader.send(Method::Delete, "/notifications",
                                  "?ids=" + field(notices.at(0), "id"));
    EXPECT_EQ(answer->body, "\"OK\"");
    answer = co_await trader.send(Method::Get, "/notifications", "?signature_type=0");
    EXPECT_EQ(answer->body, "[]");
  });
}

TEST_F(RoomsTest, RewardNobodyButSayWhoScores) {
  visit([](Running& venue, Trader& trader) -> asio::awaitable<void> {
    const std::string day = "?date=2026-12-01&signature_type=0";
    http::Outcome answer = co_await trader.send(Method::Get, "/rewards/user", day);
    EXPECT_EQ(parsed(answer).at("count").as_int64(), 0);
    answer = co_await trader.send(Method::Get, "/rewards/user/total", day);
    EXPECT_EQ(answer->body, "[]");
    const std::string maker = "&maker_address=" + polymarket::to_checksum(trader.signer.address());
    answer = co_await trader.get(venue.url("/rebates/current?date=2026-12-01" + maker));
    EXPECT_EQ(answer->body, "[]");
    for (const std::string bad : {"?date=today" + maker, std::string("?date=2026-12-01")}) {
      answer = co_await trader.get(venue.url("/rebates/current" + bad));
      EXPECT_EQ(answer->status, 400U) << bad;
    }
    answer = co_await trader.send(Method::Get, "/rewards/user/percentages", day);
    EXPECT_EQ(answer->body, "{}");
    answer = co_await trader.send(Method::Get, "/rewards/user/markets", day);
    const json::value page = parsed(answer);
    EXPECT_EQ(field(page.at("data").at(0), "maker_address"),
              polymarket::to_checksum(trader.signer.address()));
    answer = co_await trader.get(venue.url("/rewards/markets/current"));
    EXPECT_EQ(field(parsed(answer).at("data").at(0).at("rewards_config").at(0), "rate_per_day"),
              "0");
    for (const char* path : {"/rewards/user", "/rewards/user/total", "/rewards/user/markets"}) {
      for (const char* bad : {"?date=", "?date=today", "?date=2026-12-01&signature_type=9"}) {
        answer = co_await trader.send(Method::Get, path, bad);
        EXPECT_EQ(answer->status, 400U) << path << bad;
      }
    }
    answer = co_await trader.send(Method::Get, "/rewards/user/percentages", "?signature_type=9");
    EXPECT_EQ(answer->status, 400U);
    const std::string id = "0x" + std::string(64, '1');
    answer = co_await trader.send(Method::Get, "/order-scoring", "?order_id=" + id);
    EXPECT_EQ(answer->body, R"({"scoring":false})");
    answer = co_await trader.send(Method::Get, "/order-scoring", "?order_id=1");
    EXPECT_EQ(answer->status, 400U);
    answer = co_await trader.send(Method::Post, "/orders-scoring", "", "[\"" + id + "\"]");
    EXPECT_EQ(answer->body, "{\"" + id + "\":false}");
    for (const std::string bad : {"", "null", "[1]", "[\"0x1\"]"}) {
      answer = co_await trader.send(Method::Post, "/orders-scoring", "", bad);
      EXPECT_EQ(answer->status, 400U) << bad;
    }
    answer = co_await trader.send(Method::Get, "/data/pre-migration-orders", "?next_cursor=MA==");
    EXPECT_EQ(parsed(answer).at("count").as_int64(), 0);
    answer = co_await trader.send(Method::Get, "/data/pre-migration-orders", "?next_cursor=?");
    EXPECT_EQ(answer->status, 400U);
  });
}

TEST_F(RoomsTest, KeepKeysByNonceUntilTheyAreDeleted) {
  std::string second;
  visit([&](Running& venue, Trader& trader) -> asio::awaitable<void> {
    const std::string first = trader.credentials->api_key();
    const auto l1 = [&](Method method, std::string path, std::uint64_t nonce) {
      return ask_for_key(venue, trader, method, std::move(path), nonce);
    };
    http::Outcome answer = co_await l1(Method::Post, "/auth/api-key", 0);
    EXPECT_EQ(answer->status, 400U);
    answer = co_await l1(Method::Get, "/auth/derive-api-key", 5);
    EXPECT_EQ(answer->status, 400U);
    answer = co_await l1(Method::Post, "/auth/api-key", 5);
    second = field(parsed(answer), "apiKey");
    answer = co_await trader.send(Method::Get, "/auth/api-keys");
    EXPECT_EQ(answer->body, "{\"apiKeys\":[\"" + first + "\",\"" + second + "\"]}");
    answer = co_await trader.send(Method::Get, "/auth/ban-status/closed-only");
    EXPECT_EQ(answer->body, R"({"closed_only":false})");
    answer = co_await trader.send(Method::Delete, "/auth/api-key");
    EXPECT_EQ(answer->body, "\"OK\"");
    answer = co_await trader.send(Method::Get, "/auth/api-keys");
    EXPECT_EQ(answer->status, 401U);
    answer = co_await l1(Method::Get, "/auth/derive-api-key", 0);
    EXPECT_EQ(answer->status, 400U);
  });
  // After a restart the deleted key is still dead, and comes back as the same one.
  visit([&](Running&, Trader& trader) -> asio::awaitable<void> {
    const http::Outcome answer = co_await trader.send(Method::Get, "/auth/api-keys");
    EXPECT_EQ(answer->body,
              "{\"apiKeys\":[\"" + trader.credentials->api_key() + "\",\"" + second + "\"]}");
  });
}

TEST_F(RoomsTest, EndTheKeyOfTheNextRequestWhenToldTo) {
  visit([](Running& venue, Trader& trader) -> asio::awaitable<void> {
    http::Outcome answer = co_await trader.send(Method::Post, "/auth/readonly-api-key");
    const std::string read_only = field(parsed(answer), "apiKey");
    // A read-only key is another key.
    answer = co_await trader.admin(Method::Post, "/faults/key-revoked", R"({"count":1})");
    EXPECT_EQ(answer->status, 200U) << answer->body;
    http::Client client(venue.io.get_executor(), {.request_timeout = 3s});
    http::ClientRequest read{.url = venue.url("/data/orders")};
    read.headers.set(kHeaderReadOnlyKey, read_only);
    read.headers.set(polymarket::kHeaderAddress, polymarket::to_checksum(trader.signer.address()));
    EXPECT_EQ((co_await client.send(read))->status, 200U);
    // The fault has struck once and is over, and the key stays ended.
    for (int i = 0; i < 2; ++i) {
      answer = co_await trader.send(Method::Get, "/data/orders");
      EXPECT_EQ(answer->status, 401U);
      EXPECT_THAT(answer->body, HasSubstr("Unauthorized/Invalid api key"));
    }
    answer = co_await ask_for_key(venue, trader, Method::Get, "/auth/derive-api-key");
    EXPECT_EQ(answer->status, 400U);
    answer = co_await ask_for_key(venue, trader, Method::Post, "/auth/api-key");
    EXPECT_EQ(field(parsed(answer), "apiKey"), trader.credentials->api_key());
    answer = co_await trader.send(Method::Get, "/data/orders");
    EXPECT_EQ(answer->status, 200U);
  });
}

TEST_F(RoomsTest, SpareTheKeyWhenTheFaultDoesNotStrike) {
  visit([](Running&, Trader& trader) -> asio::awaitable<void> {
    http::Outcome answer =
        co_await trader.admin(Method::Post, "/faults/key-revoked", R"({"probability":0})");
    EXPECT_EQ(answer->status, 200U) << answer->body;
    answer = co_await trader.send(Method::Get, "/data/orders");
    EXPECT_EQ(answer->status, 200U);
  });
}

TEST_F(RoomsTest, ReturnAKeyThatIsThereWhenToldTo) {
  Config config;
  config.existing_key = ExistingKey::Return;
  visit(
      [](Running& venue, Trader& trader) -> asio::awaitable<void> {
        const http::Outcome answer =
            co_await ask_for_key(venue, trader, Method::Post, "/auth/api-key");
        EXPECT_EQ(field(parsed(answer), "apiKey"), trader.credentials->api_key());
      },
      config);
}

TEST_F(RoomsTest, LetAReadOnlyKeyReadAndNothingElse) {
  visit([](Running& venue, Trader& trader) -> asio::awaitable<void> {
    http::Outcome answer = co_await trader.send(Method::Post, "/auth/readonly-api-key");
    const std::string key = field(parsed(answer), "apiKey");
    answer = co_await trader.send(Method::Get, "/auth/readonly-api-keys");
    EXPECT_EQ(answer->body, "[\"" + key + "\"]");
    const auto with_key = [&](Method method, std::string path) -> asio::awaitable<unsigned> {
      http::Client client(venue.io.get_executor(), {.request_timeout = 3s});
      http::ClientRequest request{.method = method, .url = venue.url(path)};
      request.headers.set(kHeaderReadOnlyKey, key);
      request.headers.set(polymarket::kHeaderAddress,
                          polymarket::to_checksum(trader.signer.address()));
      const http::Outcome read = co_await client.send(std::move(request));
      co_return read->status;
    };
    EXPECT_EQ(co_await with_key(Method::Get, "/data/orders"), 200U);
    EXPECT_EQ(co_await with_key(Method::Delete, "/cancel-all"), 401U);
    EXPECT_EQ(co_await with_key(Method::Get, "/auth/api-keys"), 401U);
    for (const std::string bad : {"", "{}", R"({"key":1})"}) {
      answer = co_await trader.send(Method::Delete, "/auth/readonly-api-key", "", bad);
      EXPECT_EQ(answer->status, 400U) << bad;
    }
    answer =
        co_await trader.send(Method::Delete, "/auth/readonly-api-key", "", R"({"key":"none"})");
    EXPECT_EQ(answer->status, 404U);
    answer = co_await trader.send(Method::Delete, "/auth/readonly-api-key", "",
                                  "{\"key\":\"" + key + "\"}");
    EXPECT_EQ(answer->body, "true");
    EXPECT_EQ(co_await with_key(Method::Get, "/data/orders"), 401U);
  });
}

TEST_F(RoomsTest, MakeListAndRevokeKeysOfBuilders) {
  visit([](Running&, Trader& trader) -> asio::awaitable<void> {
    http::Outcome answer = co_await trader.send(Method::Delete, "/auth/builder-api-key");
    EXPECT_EQ(answer->status, 400U);
    answer = co_await trader.send(Method::Post, "/auth/builder-api-key");
    const std::string key = field(parsed(answer), "key");
    answer = co_await trader.send(Method::Get, "/auth/builder-api-key");
    EXPECT_EQ(field(parsed(answer).at(0), "key"), key);
    EXPECT_THAT(answer->body, ::testing::Not(HasSubstr("revokedAt")));
    answer = co_await trader.send(Method::Delete, "/auth/builder-api-key");
    EXPECT_EQ(answer->body, "\"OK\"");
    answer = co_await trader.send(Method::Get, "/auth/builder-api-key");
    EXPECT_THAT(answer->body, HasSubstr("revokedAt"));
  });
}

TEST_F(RoomsTest, RefuseOrdersOfTheFirstProtocolInTheVenuesWords) {
  visit([](Running&, Trader& trader) -> asio::awaitable<void> {
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    std::string body =
        polymarket::write_order_body(trader.order(market, Side::Buy, lower(book), "10"));
    const std::size_t at = body.find("\"tokenId\"");
    body.insert(at, R"("taker":"0x0000000000000000000000000000000000000000",)");
    http::Outcome answer = co_await trader.send(Method::Post, "/order", "", body);
    EXPECT_EQ(answer->status, 400U);
    EXPECT_THAT(answer->body, HasSubstr("invalid order version, please use the latest"));
    answer = co_await trader.send(Method::Post, "/orders", "", "[" + body + "]");
    EXPECT_THAT(answer->body, HasSubstr("invalid order version"));
  });
}

TEST_F(RoomsTest, KnowEveryWrongPartOfAKey) {
  visit([](Running&, Trader& trader) -> asio::awaitable<void> {
    const polymarket::ApiCredentials own = *trader.credentials;
    const std::string key = own.api_key();
    const std::string secret(own.secret());
    const std::string passphrase(own.passphrase());
    for (const auto& [a, b, c] : std::vector<std::array<std::string, 3>>{
             {key, "AAAA", passphrase},
             {key, secret, "wrong"},
             {"00000000-0000-4000-a000-000000000000", secret, passphrase}}) {
      trader.credentials.emplace(a, b, c);
      const http::Outcome answer = co_await trader.send(Method::Get, "/data/orders");
      EXPECT_EQ(answer->status, 401U);
      EXPECT_THAT(answer->body, HasSubstr("Unauthorized/Invalid api key"));
    }
  });
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
