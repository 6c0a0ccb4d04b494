// How the gateway reads a venue that limits it: each class of requests waits for itself alone.
#include "services/gateway/feed/venue_rest.hpp"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "common/http/server.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::gateway {
namespace {

namespace asio = boost::asio;

class VenueRestTest : public testing::Test {
 protected:
  VenueRestTest() : server(io.get_executor(), {}) {
    server.router().get("/markets/keyset", [this](http::Request) { return list(); });
    server.router().post("/books", [this](http::Request) -> asio::awaitable<http::Response> {
      ++books_requests;
      co_return http::json("[]");
    });
    server.listen();
    const std::string url = "http://" + server.address();
    rest = std::make_unique<VenueRest>(
        io.get_executor(), VenueUrls{.rest = url, .gamma = url, .market_ws = ""}, metrics, clock);
  }
  asio::awaitable<http::Response> list() {
    ++list_requests;
    co_return listing;
  }
  [[nodiscard]] double count(std::string_view operation, std::string_view outcome) {
    return registry.counter("polybot_venue_requests_total", {operation, outcome}).value();
  }

  asio::io_context io;
  http::Server server;
  http::Response listing = http::json(polymarket::write_gamma_page({}, ""));
  int list_requests = 0;
  int books_requests = 0;
  runtime::Clock clock;
  metrics::Registry registry{
      {.service = "gateway", .replica = "test", .incarnation = 42, .version = "0", .revision = ""}};
  FeedMetrics metrics{registry};
  std::unique_ptr<VenueRest> rest;
};

TEST_F(VenueRestTest, AThrottledListingHoldsBackNoBooks) {
  listing = http::text("slow down", 429);
  listing.headers.set("Retry-After", "60");
  const auto body = [this]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      const auto page = co_await rest->open_markets("", 100, WithTags::No, "");
      EXPECT_FALSE(page.has_value());
      std::vector<domain::TokenId> tokens(1);
      const auto books = co_await rest->books(std::move(tokens));
      EXPECT_TRUE(books.has_value());
    }
  };
  polybot::test::run(io, body());
  EXPECT_EQ(list_requests, 1) << "the venue is left alone, as it asked";
  EXPECT_EQ(books_requests, 3);
  EXPECT_EQ(count("list_markets", "throttled"), 3);
  EXPECT_EQ(count("read_books", "ok"), 3);
}

TEST_F(VenueRestTest, ARedirectIsRefusedAndNotFollowed) {
  listing = http::text("moved", 308);
  listing.headers.set("Location", "/books");
  const auto body = [this]() -> asio::awaitable<void> {
    const auto page = co_await rest->open_markets("", 100, WithTags::No, "");
    EXPECT_FALSE(page.has_value());
  };
  polybot::test::run(io, body());
  EXPECT_EQ(list_requests, 1);
  EXPECT_EQ(count("list_markets", "refused"), 1);
}

}  // namespace
}  // namespace polybot::gateway
