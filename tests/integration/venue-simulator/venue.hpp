// The simulated venue in this process, over real sockets, and a client of it with a key.
#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include "common/http/client.hpp"
#include "common/polymarket/amounts.hpp"
#include "common/polymarket/messages/api_keys.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "services/venue-simulator/service.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::venue_simulator::testing {

using namespace std::chrono_literals;
using domain::Side;
using domain::TimeInForce;
using ::testing::HasSubstr;
namespace asio = boost::asio;
namespace fs = std::filesystem;

inline constexpr std::string_view kKey =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

// One start of the service, in this process.
struct Running {
  explicit Running(const fs::path& folder, Config config = {}) {
    config.api_port = 0;
    config.folder = folder;
    config.exchange.flow.book_changes_per_second = 20;
    config.exchange.engine.mined_after_min = config.exchange.engine.mined_after_max = 50ms;
    config.exchange.engine.confirmed_after_min = config.exchange.engine.confirmed_after_max = 50ms;
    admin.listen();
    simulator = std::make_unique<Simulator>(runtime, config);
    asio::co_spawn(io, simulator->run(), asio::detached);
  }

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(simulator->api_port()) + path;
  }
  std::string socket_url(const std::string& path) const {
    return "ws://127.0.0.1:" + std::to_string(simulator->api_port()) + path;
  }
  std::string admin_url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(admin.port()) + path;
  }

  // Never destroyed, as in a killed process: its suspended coroutines refer to objects that are
  // gone.
  static asio::io_context& new_loop() {
    static auto& loops = *new std::vector<asio::io_context*>;  // reachable until the end
    return *loops.emplace_back(new asio::io_context(1));
  }

  asio::io_context& io = new_loop();
  runtime::Clock clock;
  runtime::StopSignal stop{io.get_executor()};
  runtime::Health health{"venue-simulator", "test", "0", [this] { return clock.now(); }};
  runtime::AdminServer admin{io.get_executor(), {.address = "127.0.0.1", .port = 0}, health};
  runtime::Runtime runtime{io, stop, health, admin, clock, "venue-simulator", "test", 7, "0", ""};
  std::unique_ptr<Simulator> simulator;
};

// A client with a key, like order-manager.
class Trader {
 public:
  explicit Trader(Running& venue)
      : venue_(venue), client_(venue.io.get_executor(), {.request_timeout = 3s}) {}

  asio::awaitable<void> log_in() {
    http::ClientRequest request{.url = venue_.url("/auth/derive-api-key")};
    request.headers = headers(polymarket::l1_headers(signer, 137, now_s(), 0));
    http::Outcome answer = co_await client_.send(request);
    if (answer->status == 400) {
      EXPECT_THAT(answer->body, HasSubstr("Could not derive api key!"));
      request.method = http::Method::Post;
      request.url = venue_.url("/auth/api-key");
      answer = co_await client_.send(request);
    }
    EXPECT_EQ(answer->status, 200U) << answer->body;
    auto parsed = polymarket::parse_api_credentials(answer->body);
    EXPECT_TRUE(parsed.has_value());
    credentials.emplace(std::move(*parsed));
  }

  asio::awaitable<http::Outcome> send(http::Method method, std::string path, std::string query = {},
                                      std::string body = {}) {
    http::ClientRequest request{.method = method, .url = venue_.url(path + query)};
    request.headers = headers(
        credentials->headers(signer.address(), now_s(),
                             {.method = http::to_string(method), .path = path, .body = body}));
    request.body = std::move(body);
    http::Outcome answer = co_await client_.send(std::move(request));
    co_return answer;
  }
  asio::awaitable<http::Outcome> get(std::string url) {
    http::Outcome answer = co_await client_.get(std::move(url));
    co_return answer;
  }
  asio::awaitable<http::Outcome> admin(http::Method method, std::string path,
                                       std::string body = {}) {
    http::ClientRequest request{.method = method, .url = venue_.admin_url(path)};
    request.body = std::move(body);
    http::Outcome answer = co_await client_.send(std::move(request));
    co_return answer;
  }

  // A market whose book has both sides and which neither delays nor charges takers.
  asio::awaitable<domain::Market> pick_market() {
    const http::Outcome answer =
        co_await client_.get(venue_.url("/markets/keyset?closed=false&limit=100"));
    const auto page = polymarket::parse_gamma_page(answer->body);
    for (const polymarket::GammaMarket& market : page->markets) {
      if (!market.neg_risk && market.fee.rate_ppm == 0 &&
          market.tick == domain::Price::from_raw(100)) {
        co_return polymarket::to_market(market);
      }
    }
    ADD_FAILURE() << "no such market";
    co_return domain::Market{};
  }
  asio::awaitable<polymarket::BookSummary> book(domain::TokenId token) {
    const http::Outcome answer =
        co_await client_.get(venue_.url("/book?token_id=" + domain::to_string(token)));
    EXPECT_EQ(answer->status, 200U) << answer->body;
    const auto books = polymarket::parse_books("[" + answer->body + "]");
    co_return books->books.at(0);
  }

  polymarket::PostedOrder order(const domain::Market& market, Side side, domain::Price price,
                                const char* quantity, TimeInForce tif = TimeInForce::Gtc) {
    const auto amounts = polymarket::amounts_for_shares(side, *domain::Quantity::parse(quantity),
                                                        price, market.tick, tif);
    EXPECT_TRUE(amounts.has_value());
    polymarket::PostedOrder posted;
    posted.order = {.salt = ++salt_,
                    .maker = signer.address(),
                    .signer = signer.address(),
                    .token = market.yes_token,
                    .maker_amount = amounts->maker,
                    .taker_amount = amounts->taker,
                    .side = side,
                    .timestamp_ms = now_s() * 1000};
    posted.owner = credentials->api_key();
    posted.time_in_force = tif;
    sign(posted, market);
    return posted;
  }
  void sign(polymarket::PostedOrder& posted, const domain::Market& market) const {
    posted.signature = *signer.sign(posted.order, domains.of(market.exchange));
  }
  domain::VenueOrderId id_of(const polymarket::PostedOrder& posted,
                             const domain::Market& market) const {
    return polymarket::order_digest(posted.order, domains.of(market.exchange));
  }
  asio::awaitable<http::Outcome> post(polymarket::PostedOrder posted) {
    http::Outcome answer =
        co_await send(http::Method::Post, "/order", "", polymarket::write_order_body(posted));
    co_return answer;
  }

  std::uint64_t now_s() const {
    return static_cast<std::uint64_t>(domain::to_unix_ms(venue_.clock.now()) / 1000);
  }

  polymarket::OrderSigner signer{kKey};
  polymarket::ExchangeDomains domains{137};
  std::optional<polymarket::ApiCredentials> credentials;

 private:
  static http::Headers headers(const polymarket::HeaderList& list) {
    http::Headers made;
    for (const auto& [name, value] : list) made.set(name, value);
    return made;
  }
  Running& venue_;
  http::Client client_;
  std::uint64_t salt_ = 1;
};

struct VenueTest : ::testing::Test {
  fs::path folder =
      fs::temp_directory_path() / ("venue-test-" + std::to_string(::getpid()) + "-" +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
  void SetUp() override { fs::remove_all(folder); }
  void TearDown() override { fs::remove_all(folder); }
};

inline domain::Price lower(const polymarket::BookSummary& book) {
  return book.bids.back().price - domain::Price::from_raw(500);
}

}  // namespace polybot::venue_simulator::testing
