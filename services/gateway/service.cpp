#include "services/gateway/service.hpp"

#include <memory>
#include <utility>

#include "common/runtime/logging.hpp"
#include "common/runtime/supervise.hpp"
#include "common/runtime/until_one_ends.hpp"
#include "common/wire/topics.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;

namespace {

constexpr auto kApiGrace = std::chrono::milliseconds(1000);

// The API is made after the feed that it reads. From then on it hears the feed's news.
FeedListener forward_to(const std::unique_ptr<Api>& api) {
  return {.on_quote =
              [&api](const domain::Market& market, const domain::QuoteTick& quote) {
                if (api) api->on_quote(market, quote);
              },
          .on_trade =
              [&api](const domain::Market& market, const domain::TradeTick& trade) {
                if (api) api->on_trade(market, trade);
              },
          .on_market =
              [&api](const domain::Market& market) {
                if (api) api->on_market(market);
              },
          .pinned = [&api] { return api ? api->engaged_markets() : std::set<domain::MarketId>(); },
          .quotes_wanted = [&api] { return api ? api->quotes_wanted() : 0; }};
}

}  // namespace

asio::awaitable<void> run(runtime::Runtime& runtime, Config config) {
  const auto executor = runtime.io.get_executor();
  config.feed.publication.producer = runtime.producer();
  config.feed.supervisor.jitter_seed = runtime.incarnation;
  config.api.commands.producer = runtime.producer();

  bus::Stats stats;
  const auto metrics = runtime::make_metrics(runtime, config.metrics, stats,
                                             wire::channels::kOfGateway, config.data_folder);
  FeedMetrics feed_metrics(metrics->registry());
  const auto report = [](const std::string& what) {
    runtime::log::error("API tokens", {{"error", what}});
  };
  Tokens tokens(token_files(config.data_folder, config.read_token_file), report);
  std::unique_ptr<Api> api;
  Feed feed(executor, config.feed, feed_metrics, runtime.health, runtime.clock, stats,
            forward_to(api));
  std::unique_ptr<FeedRecorder> recorder;
  if (config.record) {
    recorder = std::make_unique<FeedRecorder>(
        RecorderSettings{*config.record, "gateway " + runtime.build.text(),
                         config.feed.urls.market_ws},
        feed.catalogue(), feed.books(), feed_metrics, runtime.clock);
    feed.record_to(*recorder);
    runtime::log::info("The gateway records", {{"folder", config.record->folder.string()}});
  }
  api = std::make_unique<Api>(executor, config.api, std::move(tokens), feed, metrics->registry(),
                              runtime.health, runtime.clock, stats);
  api->listen();
  metrics->start();
  runtime::log::info("Gateway serves its API", {{"url", "http://" + api->address()}});

  const std::function<asio::awaitable<void>()> follow_venue = [&feed] { return feed.run(); };
  const std::function<asio::awaitable<void>()> follow_orders = [&api] { return api->run(); };
  (void)co_await runtime::until_one_ends(runtime.stop.wait(),
                                         runtime::supervise("feed", follow_venue),
                                         runtime::supervise("orders", follow_orders));

  co_await api->stop(kApiGrace);
  if (recorder) recorder->close();  // before the books are given up: an end is no gap
  feed.close();
  co_await metrics->stop();
  api.reset();
}

}  // namespace polybot::gateway
