// The client API on a port of the system's choice, against the venue of the tests and an
// order-manager that answers late, not at all, or twice.
#pragma once

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/bus/publisher.hpp"
#include "common/bus/recovery.hpp"
#include "common/bus/subscriber.hpp"
#include "common/http/client.hpp"
#include "common/http/websocket_client.hpp"
#include "common/wire/lease_codec.hpp"
#include "common/wire/order_codec.hpp"
#include "common/wire/recovery_codec.hpp"
#include "common/wire/signal_codec.hpp"
#include "common/wire/strategy_codec.hpp"
#include "common/wire/topics.hpp"
#include "services/gateway/api/api.hpp"
#include "services/gateway/api/api_token.hpp"
#include "tests/integration/gateway/gateway_fixture.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/gateway/order_events.hpp"

namespace polybot::gateway::test {

namespace json = boost::json;

inline constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

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

  // A backup without records replaces the journal.
  void restore() {
    streams_.clear();
    seq_ = account_state.restored_seq = 1'000'000;
  }

  asio::awaitable<void> run() { co_await (announce() && obey()); }

  bool silent = false;  // executes commands and keeps the answer to itself
  bool kept = true;     // false: replays are no longer possible, only the state
  domain::CommandDenyReason denies = domain::CommandDenyReason::None;
  domain::AccountState account_state;
  domain::TradingStatus own;  // of the strategy
  std::vector<domain::CommandBody> executed;
  std::vector<std::string> issuers;  // of these
  int commands_heard = 0;

 private:
  void publish(const domain::StreamedEvent& event) {
    const auto& strategy = event.event.strategy;
    publisher_.publish(wire::topics::order(strategy), wire::encode_streamed(event));
  }

  asio::awaitable<void> announce() {
    for (;;) {
      domain::StrategyState state{.strategy = kArb,
                                  .enabled = true,
                                  .trading_state = domain::TradingState::Active,
                                  .parameters = {{"edge", "0.01"}},
                                  .last_seq = 0,
                                  .figures = {}};
      state.own = own;
      state.figures.realized = domain::Money::from_units(3);
      state.figures.unrealized = domain::Money::from_units(-1);
      if (!streams_[kArb].empty()) state.last_seq = streams_[kArb].back().event.seq;
      publisher_.publish(
          wire::topics::kStrategy,
          wire::encode_strategies({.strategies = {state}, .account = account_state}));
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
      issuers.push_back(command.issuer);
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
    wire::StatePage page{.at_seq = seq_, .page = 0, .pages = 1, .entries = {}};
    for (domain::StreamedEvent event :
         streams_[strategy_of(std::get<wire::StatePageRequest>(request).stream)]) {
      event.event.seq = seq_;
      page.entries.push_back(wire::encode_streamed(event));
    }
    co_return wire::encode_orders_answer(page);
  }
  std::string replay(const wire::ReplayRequest& wanted) {
    // An answer that is being kept back is not replayed either.
    const domain::StrategyName strategy = strategy_of(wanted.stream);
    if (wanted.after_seq < account_state.restored_seq)
      return wire::encode_orders_answer(wire::NotKept{});
    if (!kept && !streams_[strategy].empty()) return wire::encode_orders_answer(wire::NotKept{});
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
    api = std::make_unique<Api>(io.get_executor(), api_settings, tokens(), *feed, registry, health,
                                clock, stats);
    api->listen();
    run([this, body = std::move(body)] { return with_peers(body); });
  }
  Tokens tokens() {
    if (!std::filesystem::exists(token_files.command))
      replace_secret_file(token_files.command, kToken);
    return {token_files, [](const std::string& what) { ADD_FAILURE() << what; }};
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

  polybot::test_support::TemporaryFolder folder;
  TokenFiles token_files = gateway::token_files(folder.path(), {});
  FakeOrderManager manager;
  http::Client client;
  ApiSettings api_settings;
  std::unique_ptr<Api> api;
  std::uint64_t sent = 0;
};

}  // namespace polybot::gateway::test
