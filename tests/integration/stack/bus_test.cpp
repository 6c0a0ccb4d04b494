// A stack whose bus is over TLS, and somebody who has a runner's certificate: nothing that it says
// is taken for an operator's word, or for another service's numbers.
#include <gmock/gmock.h>

#include <deque>

#include "common/wire/metrics_codec.hpp"
#include "common/wire/signal_codec.hpp"
#include "tests/integration/bus/loop.hpp"
#include "tests/integration/stack/stack.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/prometheus_text.hpp"

namespace polybot::stack {
namespace {

using test_support::Certificates;
using test_support::PrometheusText;
using testing::HasSubstr;

constexpr int kSignals = 5560;
constexpr int kCommands = 5563;
constexpr int kMetricsOfRunners = 5574;
constexpr int kMetricsOfOrderManager = 5576;
constexpr double kForgedMoney = 123'456'789;

std::string resume() {
  const auto now = std::chrono::system_clock::now();
  return wire::encode_command(
      {.id = {0xF0, static_cast<std::uint64_t>(now.time_since_epoch().count())},
       .body = domain::SetTradingState{.state = domain::TradingState::Active},
       .issued_at = std::chrono::time_point_cast<domain::Duration>(now),
       .expires_at = std::chrono::time_point_cast<domain::Duration>(now) + 1min});
}

std::string forged_profit(std::uint64_t seq) {
  const std::string_view name = "polybot_pnl_total";
  return wire::encode_snapshot({.service = "order-manager",
                                .replica = "order-manager",
                                .incarnation = 666,
                                .seq = seq,
                                .uptime_ms = seq,
                                .interval_ms = 1000,
                                .fold = {"forged", 1},
                                .families = {{std::string(name),
                                              metrics::fingerprint(metrics::find(name)),
                                              {{"", kForgedMoney}}}}})
      .parts.front();
}

class Intruder {
 public:
  Intruder(bus::test::Loop& loop, const Stack& stack) : loop_(loop), stack_(stack) {}

  // Says `message` from now on, in the name of `service`, at a port of the stack.
  void speak(const std::string& service, int port, const Certificates* certificates,
             const std::string& peer, std::string topic) {
    const std::string host = "127.0.0.1:" + std::to_string(port + stack_.port_offset());
    bus::Address address("tcp://" + host);
    if (certificates != nullptr)
      address = certificates->address("tls+tcp://" + host, "strategy-runner", {peer});
    bus::PublisherConfig config =
        bus::test::publisher_config({{bus::EndpointRole::Dial, std::move(address)}}, 666);
    config.producer = {.service = service, .replica = service, .incarnation = 666};
    voices_.push_back({std::make_unique<bus::Publisher>(loop_.executor(), std::move(config), sent_),
                       std::move(topic)});
  }
  void say() {
    ++said_;
    for (const Voice& voice : voices_)
      voice.publisher->publish(voice.topic,
                               voice.topic == "command" ? resume() : forged_profit(said_));
    loop_.turn();
  }

 private:
  struct Voice {
    std::unique_ptr<bus::Publisher> publisher;
    std::string topic;
  };
  bus::test::Loop& loop_;
  const Stack& stack_;
  bus::Stats sent_;
  std::deque<Voice> voices_;
  std::uint64_t said_ = 0;
};

class BusOverTls : public StackTest {
 protected:
  double refused(const Stack& stack, const std::string& reason) {
    return PrometheusText(stack.get(8000, "/metrics").body)
        .value("polybot_bus_frames_refused_total", {{"reason", reason}})
        .value_or(0);
  }
  Certificates certificates_;
  Certificates strangers_;
  bus::test::Loop loop_;
};

TEST_F(BusOverTls, GivesARunnersCertificateNoCommandAndNoProfit) {
  Stack stack(folder_, [this] { ::setenv("BUS_TLS", certificates_.folder().c_str(), 1); });
  ASSERT_TRUE(stack.wait_for_line(kReady)) << stack.transcript();
  ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
  ASSERT_EQ(stack.command(folder_, "/api/v1/trading/halt").status, 200);

  Intruder intruder(loop_, stack);
  for (const Certificates* shown :
       {&certificates_, &strangers_, static_cast<Certificates*>(nullptr)}) {
    intruder.speak("gateway", kCommands, shown, "order-manager", "command");
    intruder.speak("gateway", kSignals, shown, "order-manager", "command");
    intruder.speak("strategy-runner", kSignals, shown, "order-manager", "command");
    intruder.speak("order-manager", kMetricsOfOrderManager, shown, "metrics-aggregator",
                   "metrics.order-manager");
    intruder.speak("order-manager", kMetricsOfRunners, shown, "metrics-aggregator",
                   "metrics.strategy-runner");
    intruder.speak("strategy-runner", kMetricsOfRunners, shown, "metrics-aggregator",
                   "metrics.order-manager");
    intruder.speak("strategy-runner", kMetricsOfRunners, shown, "metrics-aggregator",
                   "metrics.strategy-runner");
  }
  // With a runner's certificate it is heard where runners are heard, and there it is counted.
  EXPECT_TRUE(stack.wait_until([&] {
    intruder.say();
    return refused(stack, "unknown_topic") > 20 && refused(stack, "foreign_sender") > 20;
  })) << stack.get(8000, "/metrics").body;
  EXPECT_THAT(stack.get(8080, "/api/v1/status").body, HasSubstr(R"("trading_state":"halted")"));
  const PrometheusText shown(stack.get(8000, "/metrics").body);
  ASSERT_NE(shown.family("polybot_pnl_total"), nullptr);
  for (const auto& sample : shown.family("polybot_pnl_total")->samples)
    EXPECT_NE(sample.value, kForgedMoney);

  EXPECT_EQ(stack.command(folder_, "/api/v1/trading/resume").status, 200);
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
}

}  // namespace
}  // namespace polybot::stack
