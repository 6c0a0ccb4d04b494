// Who may speak where: operators' commands come from the gateway, on their own port, and signals
// and announcements from runners on theirs. Whatever else arrives is counted, and the core never
// hears of it.
#include "services/order-manager/feeds.hpp"

#include <gtest/gtest.h>

#include <variant>

#include "common/wire/lease_codec.hpp"
#include "common/wire/signal_codec.hpp"
#include "common/wire/topics.hpp"
#include "tests/integration/bus/loop.hpp"

namespace polybot::order_manager {
namespace {

using bus::Refusal;
using bus::test::ipc_address;

class FeedsTest : public testing::Test {
 protected:
  FeedsTest() {
    for (const auto read : {&Feeds::read_signals, &Feeds::read_commands, &Feeds::read_quotes})
      boost::asio::co_spawn(loop_.io, (feeds_.*read)(), [](const std::exception_ptr&) {});
  }
  ~FeedsTest() override {
    feeds_.close();
    loop_.turn();
  }

  Config config() {
    Config config;
    config.bus = {.market_data = ipc_address(folder_ / "bus", "market-data"),
                  .signals = ipc_address(folder_ / "bus", "signals"),
                  .commands = ipc_address(folder_ / "bus", "commands"),
                  .orders = "",
                  .orders_recovery = ""};
    return config;
  }
  bus::Publisher speak(const std::string& service, const std::string& port) {
    return {loop_.executor(),
            {.producer = {service, service + "-1", kIncarnation},
             .endpoints = {bus::test::dial_to(ipc_address(folder_ / "bus", port))},
             .unix_now_ns = [] { return std::int64_t{1'700'000'000'000'000'000}; }},
            sent_};
  }
  static std::string resume() {
    return wire::encode_command(
        {.id = {1, 2},
         .body = domain::SetTradingState{.strategy = {}, .state = domain::TradingState::Active},
         .issued_at = domain::from_unix_ns(1),
         .expires_at = domain::from_unix_ns(2),
         .trace = {}});
  }
  static std::string announcement(const std::string& replica) {
    return wire::encode_runner({.replica = {replica}, .incarnation = kIncarnation});
  }
  // Says it until one of the two has happened.
  void say(bus::Publisher& voice, const std::string& topic, const std::string& message) {
    const std::uint64_t refused = refusals();
    heard_.clear();
    loop_.run_until([&] {
      if (!heard_.empty() || refusals() > refused) return true;
      voice.publish(topic, message);
      return false;
    });
  }
  // Of frames, and of messages in them.
  std::uint64_t refusals() {
    std::uint64_t all = static_cast<std::uint64_t>(wrong_topic_.value());
    for (const std::uint64_t count : stats_.refused) all += count;
    return all;
  }

  static constexpr std::uint64_t kIncarnation = 7;
  bus::test::Loop loop_;
  bus::test::TemporaryFolder folder_;
  bus::Stats stats_;
  bus::Stats sent_;
  metrics::Registry registry_{{"order-manager", "test", 1, "1", "r"}};
  metrics::Counter wrong_topic_ =
      registry_.counter("polybot_signals_refused_total", {"wrong_topic"});
  std::vector<Input> heard_;
  Feeds feeds_{loop_.executor(), config(), stats_, registry_,
               [this](Input input) { heard_.push_back(std::move(input)); }};
};

TEST_F(FeedsTest, TakesCommandsOfTheGatewayOnTheirPort) {
  bus::Publisher gateway = speak("gateway", "commands");
  say(gateway, "command", resume());
  ASSERT_EQ(heard_.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<domain::Command>(heard_[0]));
  EXPECT_EQ(refusals(), 0U);
}

TEST_F(FeedsTest, TakesNoCommandOnTheSignalsPort) {
  for (const char* service : {"strategy-runner", "gateway", "order-manager"}) {
    const std::uint64_t before = stats_.refused_for(Refusal::UnknownTopic);
    bus::Publisher voice = speak(service, "signals");
    say(voice, "command", resume());
    EXPECT_TRUE(heard_.empty()) << service;
    EXPECT_GT(stats_.refused_for(Refusal::UnknownTopic), before) << service;
  }
}

TEST_F(FeedsTest, TakesNoCommandOfAnotherService) {
  for (const char* service : {"strategy-runner", "order-manager", "stranger"}) {
    const std::uint64_t before = stats_.refused_for(Refusal::ForeignSender);
    bus::Publisher voice = speak(service, "commands");
    say(voice, "command", resume());
    EXPECT_TRUE(heard_.empty()) << service;
    EXPECT_GT(stats_.refused_for(Refusal::ForeignSender), before) << service;
  }
}

TEST_F(FeedsTest, TakesNothingButCommandsOnTheirPort) {
  bus::Publisher gateway = speak("gateway", "commands");
  say(gateway, "runner.gateway-1", announcement("gateway-1"));
  EXPECT_TRUE(heard_.empty());
  EXPECT_GT(stats_.refused_for(Refusal::UnknownTopic), 0U);
}

TEST_F(FeedsTest, HearsARunnerSpeakOfItselfAlone) {
  bus::Publisher runner = speak("strategy-runner", "signals");
  say(runner, "runner.strategy-runner-1", announcement("strategy-runner-1"));
  ASSERT_EQ(heard_.size(), 1U);
  say(runner, "runner.strategy-runner-1", announcement("strategy-runner-2"));
  EXPECT_TRUE(heard_.empty());
  say(runner, "runner.strategy-runner-2", announcement("strategy-runner-2"));
  EXPECT_TRUE(heard_.empty());
  EXPECT_GE(wrong_topic_.value(), 2);
}

}  // namespace
}  // namespace polybot::order_manager
