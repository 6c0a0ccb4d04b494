// The whole process without main(), between a gateway and an order-manager made of bus ends: real
// NNG, port 0.
#include "services/strategy-runner/service.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/wire/lease_codec.hpp"
#include "common/wire/market_data_codec.hpp"
#include "common/wire/order_codec.hpp"
#include "common/wire/recovery_codec.hpp"
#include "common/wire/signal_codec.hpp"
#include "common/wire/strategy_codec.hpp"
#include "common/wire/topics.hpp"
#include "tests/integration/bus/loop.hpp"

namespace polybot::strategy_runner {
namespace {

using namespace std::chrono_literals;
using bus::test::kAnyTcpPort;
using bus::test::listen_on;
using bus::test::Loop;

const domain::StrategyName kName{"spread_farm"};
const domain::Parameters kParameters{{"quote_quantity", "20"}};
constexpr std::uint64_t kIncarnation = 99;
constexpr std::uint64_t kGateway = 1;

domain::Market make_market() {
  domain::Market market;
  market.id.bytes[0] = 7;
  market.event.bytes[0] = 8;
  market.slug = "it-rains";
  market.question = "Will it rain?";
  market.event_slug = "rain";
  market.yes_token.bytes[0] = 1;
  market.no_token.bytes[0] = 2;
  return market;
}

bus::PublisherConfig order_manager_config() {
  bus::PublisherConfig config = bus::test::publisher_config({listen_on(kAnyTcpPort)}, 2);
  config.producer.service = "order-manager";
  return config;
}

// Gateway, order-manager and the runner between them, on one loop.
class RunnerServiceTest : public testing::Test {
 protected:
  RunnerServiceTest() {
    serve_books();
    serve_orders();
  }
  ~RunnerServiceTest() override {
    stop_.request();
    loop_.run_until([&] { return ended_; });
    signals_.close();
    books_.reset();
    orders_.reset();
    loop_.turn();
  }

  void start_runner() {
    Config config;
    config.bus = {.market_data = market_data_.addresses()[0],
                  .market_data_recovery = books_->address(),
                  .signals = signals_.addresses()[0],
                  .orders = order_events_.addresses()[0],
                  .orders_recovery = orders_->address()};
    config.timer_every = 20ms;
    config.announce_every = 20ms;
    const auto factory = find_strategy_type("spread_farm")->configure({});
    config.runner.strategies.push_back({.name = kName,
                                        .factory = std::get<StrategyFactory>(factory),
                                        .parameters = kParameters,
                                        .markets = {},
                                        .desk = {.strategy = kName, .repeat_every = 30ms}});
    config.metrics.metrics_address = {};
    config.metrics.status_address = {};
    const auto ended = [this](const std::exception_ptr& error) {
      ended_ = true;
      EXPECT_FALSE(error);
    };
    boost::asio::co_spawn(loop_.io, run(runtime_, config), ended);
    boost::asio::co_spawn(loop_.io, collect(), [](const std::exception_ptr&) {});
  }

  boost::asio::awaitable<void> collect() {
    while (true) {
      const bus::Received received = co_await signals_.receive();
      for (const std::string_view bytes : received.messages) {
        if (bus::channel_of(received.topic) == wire::channels::kSignal) {
          domain::Signal signal;
          EXPECT_EQ(wire::decode_signal(bytes, signal), wire::DecodeError::None);
          heard_.push_back(signal);
        } else {
          EXPECT_EQ(wire::decode_runner(bytes, announced_), wire::DecodeError::None);
          ++announcements_;
        }
      }
    }
  }

  void serve_books() {
    const auto answer =
        [this](std::string bytes) -> boost::asio::awaitable<boost::system::result<std::string>> {
      wire::BooksRequest request;
      EXPECT_EQ(wire::decode_books_request(bytes, request), wire::DecodeError::None);
      ++books_asked_;
      wire::BooksAnswer books{
          .position = {kGateway, market_data_.last_seq(md_topic())}, .books = {}, .complete = true};
      if (recovery_book_ && request.shard == shard_) {
        books.markets.push_back(market_);
        books.books.push_back(book());
      }
      co_return wire::encode_books_answer(books);
    };
    books_ = std::make_unique<bus::RecoveryServer>(
        loop_.executor(), bus::RecoveryServerConfig{.endpoint = listen_on(kAnyTcpPort)}, answer,
        stats_);
  }

  void serve_orders() {
    const auto answer =
        [this](std::string bytes) -> boost::asio::awaitable<boost::system::result<std::string>> {
      wire::OrdersRequest request;
      EXPECT_EQ(wire::decode_orders_request(bytes, request), wire::DecodeError::None);
      if (const auto* replay = std::get_if<wire::ReplayRequest>(&request)) {
        ++replays_asked_;
        wire::ReplayedEvents replayed;
        for (const domain::StreamedEvent& event : journal_) {
          if (event.event.seq > replay->after_seq)
            replayed.events.push_back(wire::encode_streamed(event));
        }
        co_return wire::encode_orders_answer(replayed);
      }
      ++states_asked_;
      wire::StatePage page{.at_seq = state_seq_, .page = 0, .pages = 1, .entries = {}};
      co_return wire::encode_orders_answer(page);
    };
    orders_ = std::make_unique<bus::RecoveryServer>(
        loop_.executor(), bus::RecoveryServerConfig{.endpoint = listen_on(kAnyTcpPort)}, answer,
        stats_);
  }

  domain::BookSnapshot book() const {
    const auto level = [](std::int64_t raw) {
      return domain::Level{domain::Price::from_raw(raw), domain::Quantity::from_units(100)};
    };
    return {.market = market_.id,
            .bids = {level(4'600)},
            .asks = {level(5'400)},
            .venue_at = clock_.now(),
            .stamped_at = clock_.now()};
  }
  std::string md_topic() const { return wire::topics::market_data(shard_); }

  // Sends what a gateway and an order-manager repeat all the time.
  void speak() {
    if (stream_) market_data_.publish(wire::topics::market(shard_), wire::encode_market(market_));
    if (stream_ && stream_book_) market_data_.publish(md_topic(), codec_.encode(book()));
    domain::StrategyState state{.strategy = managed_,
                                .enabled = true,
                                .parameters = {},
                                .last_seq = journal_.empty() ? 0 : journal_.back().event.seq,
                                .figures = {}};
    order_events_.publish(wire::topics::kStrategy,
                          wire::encode_strategies({.strategies = {state}, .account = {}}));
    std::vector<domain::Lease> leases;
    for (int i = 0; i < domain::kShards; ++i) {
      leases.push_back({.strategy = kName,
                        .shard = {static_cast<std::uint8_t>(i)},
                        .replica = {"runner-1"},
                        .incarnation = kIncarnation,
                        .epoch = {1, 1},
                        .expires_at = clock_.now() + 10s,
                        .granted_seq = granted_seq_});
    }
    order_events_.publish(wire::topics::kLease, wire::encode_leases(leases));
  }
  // Runs until `condition`, with both peers sending.
  template <class Condition>
  bool live_until(Condition condition) {
    auto next = std::chrono::steady_clock::now();
    return loop_.run_until([&] {
      if (condition()) return true;
      if (std::chrono::steady_clock::now() >= next) {
        speak();
        next = std::chrono::steady_clock::now() + 50ms;
      }
      return false;
    });
  }
  domain::StreamedEvent next_event() {
    domain::StreamedEvent event;
    event.prev = journal_.empty() ? state_seq_ : journal_.back().event.seq;
    event.event = {.seq = event.prev + 3,
                   .at = clock_.now(),
                   .strategy = kName,
                   .trace = {},
                   .body = domain::LegsLevelled{{1, 1}, market_.event}};
    journal_.push_back(event);
    return event;
  }
  void publish(const domain::StreamedEvent& event) {
    order_events_.publish(wire::topics::order(kName), wire::encode_streamed(event));
  }

  Loop loop_;
  bus::Stats stats_;
  runtime::Clock clock_;
  domain::Market market_ = make_market();
  domain::Shard shard_ = domain::shard_of(market_.event);
  wire::MarketDataCodec codec_;
  bus::Publisher market_data_{
      loop_.executor(), bus::test::publisher_config({listen_on(kAnyTcpPort)}, kGateway), stats_};
  bus::Publisher order_events_{loop_.executor(), order_manager_config(), stats_};
  bus::Subscriber signals_{loop_.executor(),
                           {.endpoints = {listen_on(kAnyTcpPort)},
                            .subscriptions = {bus::Subscription::channel("signal"),
                                              bus::Subscription::channel("runner")}},
                           stats_};
  std::unique_ptr<bus::RecoveryServer> books_;
  std::unique_ptr<bus::RecoveryServer> orders_;
  runtime::StopSignal stop_{loop_.executor()};
  runtime::Health health_{"strategy-runner", "runner-1", "test",
                          [clock = clock_] { return clock.now(); }};
  runtime::AdminServer admin_{loop_.executor(), {.address = "127.0.0.1", .port = 0}, health_};
  runtime::Runtime runtime_{loop_.io,          stop_,      health_,      admin_, clock_,
                            "strategy-runner", "runner-1", kIncarnation, "test", ""};
  std::vector<domain::StreamedEvent> journal_;
  std::uint64_t state_seq_ = 0;
  std::uint64_t granted_seq_ = 0;
  domain::StrategyName managed_ = kName;
  bool stream_ = true;  // of market data
  bool stream_book_ = true;
  bool recovery_book_ = false;
  std::vector<domain::Signal> heard_;
  domain::RunnerAnnounced announced_;
  int announcements_ = 0;
  int books_asked_ = 0;
  int replays_asked_ = 0;
  int states_asked_ = 0;
  bool ended_ = false;
};

TEST_F(RunnerServiceTest, EmitsSignalsOnceItKnowsTheMarketsAndHoldsTheLease) {
  start_runner();
  ASSERT_TRUE(live_until([&] { return !heard_.empty(); }));
  const domain::Signal& signal = heard_.front();
  EXPECT_EQ(signal.strategy, kName);
  EXPECT_EQ(signal.id.incarnation, kIncarnation);
  EXPECT_EQ(signal.shard, shard_);
  EXPECT_EQ(std::get<domain::QuoteTarget>(signal.intent).market, market_.id);
  EXPECT_GT(signal.expires_at, signal.decided_at);
  EXPECT_TRUE(live_until([&] { return health_.ready(); }));
  // There is no answer, so the same signal comes again.
  const domain::SignalId id = signal.id;
  EXPECT_TRUE(live_until([&] {
    return std::count_if(heard_.begin(), heard_.end(),
                         [&](const auto& one) { return one.id == id; }) > 1;
  }));
}

TEST_F(RunnerServiceTest, AnnouncesItselfAndSaysWhenItLeaves) {
  start_runner();
  ASSERT_TRUE(live_until([&] { return announcements_ > 2; }));
  EXPECT_EQ(announced_.replica, domain::ReplicaName{"runner-1"});
  EXPECT_EQ(announced_.incarnation, kIncarnation);
  EXPECT_EQ(announced_.strategies, std::vector{kName});
  EXPECT_EQ(announced_.parameters, (std::map{std::pair{kName, kParameters}}));
  EXPECT_FALSE(announced_.leaving);
  stop_.request();
  EXPECT_TRUE(loop_.run_until([&] { return announced_.leaving && ended_; }));
}

TEST_F(RunnerServiceTest, IsNotReadyBeforeItHasHeardItsPeers) {
  start_runner();
  loop_.run_until([&] { return announcements_ > 2; });
  EXPECT_FALSE(health_.ready());
  EXPECT_TRUE(live_until([&] { return health_.ready(); }));
}

// Order-manager's table does not name it: it would wait for a lease for ever.
TEST_F(RunnerServiceTest, IsNotReadyWithAStrategyThatOrderManagerDoesNotHave) {
  managed_.value = "another";
  start_runner();
  ASSERT_TRUE(live_until([&] {
    return health_.ready_body().find("order-manager.toml has no [strategies.spread_farm]") !=
           std::string::npos;
  }));
  EXPECT_FALSE(health_.ready());
  managed_ = kName;
  EXPECT_TRUE(live_until([&] { return health_.ready(); }));
}

TEST_F(RunnerServiceTest, IsNotReadyWhileTheStreamOfMarketDataIsDead) {
  recovery_book_ = true;
  start_runner();
  ASSERT_TRUE(live_until([&] { return health_.ready(); }));
  stream_ = false;
  ASSERT_TRUE(live_until([&] { return !health_.ready(); }));
  stream_ = true;
  EXPECT_TRUE(live_until([&] { return health_.ready(); }));
}

TEST_F(RunnerServiceTest, IsReadyAtAGatewayThatHasNoMarkets) {
  stream_ = false;
  start_runner();
  EXPECT_TRUE(live_until([&] { return health_.ready(); }));
}

TEST_F(RunnerServiceTest, AsksForTheBooksThatTheStreamDoesNotBring) {
  stream_book_ = false;
  start_runner();
  // Definitions and leases are there, and a trade makes the shard known; its book comes only on
  // request.
  ASSERT_TRUE(live_until([&] { return health_.ready() && announcements_ > 2; }));
  EXPECT_TRUE(heard_.empty());
  recovery_book_ = true;
  const domain::TradeTick trade{.market = market_.id,
                                .price = domain::Price::from_raw(5'000),
                                .quantity = domain::Quantity::from_units(1),
                                .venue_at = clock_.now(),
                                .stamped_at = clock_.now()};
  market_data_.publish(md_topic(), codec_.encode(trade));
  EXPECT_TRUE(live_until([&] { return !heard_.empty(); }));
  EXPECT_GE(books_asked_, 1);
}

TEST_F(RunnerServiceTest, WaitsForTheOrderEventsBeforeTheGrant) {
  state_seq_ = 5;
  granted_seq_ = 8;
  next_event();  // known to order-manager, lost on the way
  start_runner();
  ASSERT_TRUE(live_until([&] { return !heard_.empty(); }));
  EXPECT_EQ(states_asked_, 1);
  EXPECT_GE(replays_asked_, 1);
  EXPECT_EQ(heard_.front().applied_seq, 8U);
}

TEST_F(RunnerServiceTest, FillsAHoleInTheOrderStream) {
  start_runner();
  ASSERT_TRUE(live_until([&] { return !heard_.empty(); }));
  const int replays = replays_asked_;
  next_event();  // never sent
  publish(next_event());
  const std::uint64_t last = journal_.back().event.seq;
  market_.tick = domain::Price::from_raw(10);  // something new to say
  EXPECT_TRUE(live_until([&] { return heard_.back().applied_seq == last; }));
  EXPECT_GT(replays_asked_, replays);
}

TEST_F(RunnerServiceTest, SurvivesWhatItCannotRead) {
  start_runner();
  ASSERT_TRUE(live_until([&] { return !heard_.empty(); }));
  for (const char* topic : {"strategy", "lease", "order.spread_farm"})
    order_events_.publish(topic, "\xFF\x00garbage");
  market_data_.publish(md_topic(), "\x01");
  market_data_.publish(wire::topics::market(shard_), std::string(1'000, '\x7F'));
  heard_.clear();
  EXPECT_TRUE(live_until([&] { return !heard_.empty(); }));
  EXPECT_FALSE(ended_);
}

// The type is wrong; its parameters may be right.
TEST(Configuration, NamesAnUnknownTypeAndNotEveryKeyBesideIt) {
  auto reader = runtime::config::Reader::parse(
      "[strategies.mine]\ntype = \"momentun\"\n[strategies.mine.parameters]\nwindow = \"8s\"\n",
      "strategy-runner.toml", {});
  (void)read_config(reader);
  try {
    reader.finish();
    ADD_FAILURE() << "no error";
  } catch (const runtime::ConfigError& error) {
    const std::string errors = error.what();
    EXPECT_NE(errors.find("must be one of"), std::string::npos) << errors;
    EXPECT_EQ(errors.find("unknown key"), std::string::npos) << errors;
  }
}

}  // namespace
}  // namespace polybot::strategy_runner
