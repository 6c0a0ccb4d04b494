// Who may speak where: operators' commands come from the gateway, on their own port, and signals
// and announcements from runners on theirs. Whatever else arrives is counted, and the core never
// hears of it.
#include "services/order-manager/feeds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
    config.bus = {.quotes = ipc_address(folder_ / "bus", "quotes"),
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
  template <class Condition>
  void say_until(bus::Publisher& voice, const std::string& topic, const std::string& message,
                 Condition condition) {
    loop_.run_until([&] {
      if (condition()) return true;
      voice.publish(topic, message);
      return false;
    });
  }
  // Says it until it is counted as that; returns what the core has heard meanwhile.
  std::size_t refused(bus::Publisher& voice, const std::string& topic, const std::string& message,
                      Refusal reason) {
    const std::uint64_t before = stats_.refused_for(reason);
    say_until(voice, topic, message, [&] { return stats_.refused_for(reason) > before; });
    return heard_.size();
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
  bool behind_ = false;
  Feeds feeds_{loop_.executor(),
               config(),
               stats_,
               registry_,
               {.post = [this](Input input) { heard_.push_back(std::move(input)); },
                .is_behind = [this] { return behind_; }}};
};

TEST_F(FeedsTest, TakesCommandsOfTheGatewayOnTheirPort) {
  bus::Publisher gateway = speak("gateway", "commands");
  say_until(gateway, "command", resume(), [&] { return !heard_.empty(); });
  EXPECT_TRUE(std::holds_alternative<domain::Command>(heard_.at(0)));
  for (const std::uint64_t count : stats_.refused) EXPECT_EQ(count, 0U);
}

// A flood fills the rings, where what is lost is counted, and not the core's queue.
TEST_F(FeedsTest, TakesCommandsButNoSignalsWhileTheCoreIsBehind) {
  bus::Publisher gateway = speak("gateway", "commands");
  bus::Publisher runner = speak("strategy-runner", "signals");
  const std::string announced = announcement("strategy-runner-1");
  const auto is_runner = [](const Input& input) {
    return std::holds_alternative<domain::RunnerAnnounced>(input);
  };
  say_until(runner, "runner.strategy-runner-1", announced, [&] { return !heard_.empty(); });
  behind_ = true;
  const bus::ChannelStats& ring = stats_.channel("runner.strategy-runner-1");
  say_until(runner, "runner.strategy-runner-1", announced, [&] { return ring.waiting > 1; });
  loop_.turn();  // the one that was asked for before
  heard_.clear();
  say_until(gateway, "command", resume(), [&] { return !heard_.empty(); });
  EXPECT_TRUE(std::none_of(heard_.begin(), heard_.end(), is_runner));
  behind_ = false;
  loop_.run_until([&] { return std::any_of(heard_.begin(), heard_.end(), is_runner); });
}

TEST_F(FeedsTest, TakesNoCommandOnTheSignalsPort) {
  for (const char* service : {"strategy-runner", "gateway", "order-manager"}) {
    bus::Publisher voice = speak(service, "signals");
    EXPECT_EQ(refused(voice, "command", resume(), Refusal::UnknownTopic), 0U) << service;
  }
}

TEST_F(FeedsTest, TakesNoCommandOfAnotherService) {
  for (const char* service : {"strategy-runner", "order-manager", "stranger"}) {
    bus::Publisher voice = speak(service, "commands");
    EXPECT_EQ(refused(voice, "command", resume(), Refusal::ForeignSender), 0U) << service;
  }
}

TEST_F(FeedsTest, TakesNothingButCommandsOnTheirPort) {
  bus::Publisher gateway = speak("gateway", "commands");
  EXPECT_EQ(refused(gateway, "runner.gateway-1", announcement("gateway-1"), Refusal::UnknownTopic),
            0U);
}

TEST_F(FeedsTest, HearsARunnerSpeakOfItselfAlone) {
  bus::Publisher runner = speak("strategy-runner", "signals");
  say_until(runner, "runner.strategy-runner-1", announcement("strategy-runner-1"),
            [&] { return !heard_.empty(); });
  // Another one under its own topic, and another one's topic.
  for (const char* topic : {"runner.strategy-runner-1", "runner.strategy-runner-2"}) {
    const double before = wrong_topic_.value();
    say_until(runner, topic, announcement("strategy-runner-2"),
              [&] { return wrong_topic_.value() > before; });
  }
  for (const Input& input : heard_) {
    const auto* announced = std::get_if<domain::RunnerAnnounced>(&input);
    ASSERT_NE(announced, nullptr);
    EXPECT_EQ(announced->replica.value, "strategy-runner-1");
  }
}

}  // namespace
}  // namespace polybot::order_manager
