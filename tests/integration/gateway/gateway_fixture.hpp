// A gateway's market data side against the venue of the test, on one loop.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "services/gateway/feed/feed.hpp"
#include "tests/integration/gateway/fake_venue.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::gateway::test {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using domain::Side;

class GatewayFixture : public testing::Test {
 protected:
  GatewayFixture() : venue(io.get_executor()) {
    static std::atomic<int> number{0};
    name = "inproc://gateway-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
    settings.urls = {
        .rest = venue.http_url(), .gamma = venue.http_url(), .market_ws = venue.ws_url()};
    settings.discovery.interval = 100ms;
    settings.discovery.interval_min = 20ms;
    settings.discovery.page_retry = 10ms;
    settings.clock = {.interval = 10min, .pace = 20ms};
    settings.supervisor.reconnect_min = 10ms;
    settings.supervisor.reconnect_max = 50ms;
    settings.publication = {.producer = {"gateway", "test", 42},
                            .market_data_address = name + "-md",
                            .quotes_address = name + "-quotes",
                            .recovery_address = name + "-books"};
  }

  void make_feed(FeedListener listener = {}) {
    feed = std::make_unique<Feed>(io.get_executor(), settings, metrics, health, clock, stats,
                                  std::move(listener));
  }
  // Runs the feed while `body` runs.
  void run(std::function<asio::awaitable<void>()> body) {
    if (!feed) make_feed();
    polybot::test::run(io, whole(std::move(body)));
  }
  asio::awaitable<void> whole(std::function<asio::awaitable<void>()> body) {
    co_await (feed->run() || body());
    feed->close();
    co_await venue.stop();
  }

  // Waits until `condition` holds; the failure names `what` when it never does.
  asio::awaitable<void> until(std::string what, std::function<bool()> condition) {
    asio::steady_timer timer(io.get_executor());
    for (int i = 0; i < 2500; ++i) {
      if (condition()) co_return;
      timer.expires_after(2ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    ADD_FAILURE() << "never happened: " << what;
  }
  asio::awaitable<void> until_fresh(int n) {
    return until("market " + std::to_string(n) + " has a fresh book",
                 [this, n] { return fresh(n); });
  }
  [[nodiscard]] bool fresh(int n) const {
    const auto view = feed->books().find(FakeVenue::id_of(n));
    return view && view->fresh();
  }
  [[nodiscard]] std::optional<domain::Level> best_bid(int n) const {
    const auto view = feed->books().find(FakeVenue::id_of(n));
    return view ? view->book->best_bid() : std::nullopt;
  }
  [[nodiscard]] double counter(metrics::CounterName family, metrics::LabelValues labels) {
    return registry.counter(family, labels).value();
  }

  asio::io_context io;
  FakeVenue venue;
  std::string name;
  runtime::Clock clock;
  runtime::Health health{"gateway", "test", "0", [this] { return clock.now(); }};
  bus::Stats stats;
  metrics::Registry registry{
      {.service = "gateway", .replica = "test", .incarnation = 42, .version = "0", .revision = ""}};
  FeedMetrics metrics{registry};
  FeedSettings settings;
  std::unique_ptr<Feed> feed;
};

}  // namespace polybot::gateway::test
