#include <gtest/gtest.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "tests/integration/bus/loop.hpp"

namespace polybot::bus::test {
namespace {

SubscriberConfig subscriber_config(std::vector<Endpoint> endpoints,
                                   std::vector<Subscription> wanted) {
  return {.endpoints = std::move(endpoints), .subscriptions = std::move(wanted)};
}

class OverEachTransport : public testing::TestWithParam<std::string> {
 protected:
  std::string address(const std::string& name) {
    if (GetParam() == "inproc") return inproc(name);
    if (GetParam() == "ipc") return ipc_address(folder_ / "bus", name);
    return kAnyTcpPort;
  }
  Loop loop_;
  Stats stats_;
  TemporaryFolder folder_;
};

TEST_P(OverEachTransport, DeliversABurstOfAHundredThousandMessagesWithoutLoss) {
  Publisher publisher(loop_.executor(), publisher_config({listen_on(address("burst"))}), stats_);
  Stats received;
  Subscriber subscriber(
      loop_.executor(),
      subscriber_config({dial_to(publisher.addresses()[0])}, {Subscription::channel("md")}),
      received);
  Collector collector(loop_, subscriber);
  connect(loop_, publisher, collector, "md.7");
  const std::size_t before = collector.messages.size();
  const std::uint64_t already = stats_.channel("md").published;

  constexpr int kMessages = 100'000;
  constexpr int kPerTurn = 1'000;
  const std::string body(100, 'x');
  for (int i = 0; i < kMessages; ++i) {
    publisher.publish("md.7", std::to_string(i) + body);
    if (i % kPerTurn == kPerTurn - 1) loop_.turn();
  }
  loop_.run_until([&] {
    return !collector.messages.empty() && collector.messages.back().second.starts_with("99999x");
  });

  // The tail of the handshake may still have been on its way when the burst began.
  const auto first =
      std::find_if(collector.messages.begin() + static_cast<long>(before), collector.messages.end(),
                   [](const auto& message) { return message.second.starts_with("0x"); });
  ASSERT_EQ(collector.messages.end() - first, kMessages);
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE((first + i)->second.starts_with(std::to_string(i) + "x")) << i;
  }
  EXPECT_EQ(received.channel("md").lost, 0u);
  EXPECT_EQ(collector.lost, 0u);
  EXPECT_EQ(stats_.channel("md").published, already + kMessages);
  EXPECT_GT(received.channel("md").take_waiting_max(), 0u);
  EXPECT_EQ(received.channel("md").waiting, 0u);
}

TEST_P(OverEachTransport, ManyPublishersDialOneListeningSubscriber) {
  Subscriber subscriber(
      loop_.executor(),
      subscriber_config({listen_on(address("signals"))}, {Subscription::channel("signal")}),
      stats_);
  Collector collector(loop_, subscriber);
  Stats sent;
  Publisher first(loop_.executor(), publisher_config({dial_to(subscriber.addresses()[0])}, 1),
                  sent);
  Publisher second(loop_.executor(), publisher_config({dial_to(subscriber.addresses()[0])}, 2),
                   sent);
  connect(loop_, first, collector, "signal.arbitrage");
  connect(loop_, second, collector, "signal.momentum");
  const auto heard = [&](std::uint64_t incarnation) {
    return std::any_of(collector.frames.begin(), collector.frames.end(), [&](const auto& frame) {
      return frame.producer.incarnation == incarnation;
    });
  };
  EXPECT_TRUE(heard(1));
  EXPECT_TRUE(heard(2));
}

TEST_P(OverEachTransport, CarriesAMessageOfNearlyOneMebibyte) {
  Publisher publisher(loop_.executor(), publisher_config({listen_on(address("large"))}), stats_);
  Stats received;
  Subscriber subscriber(
      loop_.executor(),
      subscriber_config({dial_to(publisher.addresses()[0])}, {Subscription::topic("command")}),
      received);
  Collector collector(loop_, subscriber);
  connect(loop_, publisher, collector, "command");
  const std::string large(kMessageBytesMax, '\xff');
  publisher.publish("command", large);
  publisher.publish("command", large);
  loop_.run_until([&] {
    return std::count_if(collector.messages.begin(), collector.messages.end(),
                         [&](const auto& message) { return message.second == large; }) == 2;
  });
  EXPECT_EQ(received.channel("command").lost, 0u);
  EXPECT_THROW(publisher.publish("command", large + "x"), std::length_error);
}

INSTANTIATE_TEST_SUITE_P(Transports, OverEachTransport, testing::Values("inproc", "ipc", "tcp"),
                         [](const auto& parameter) { return parameter.param; });

// A listener is open to all who dial it: what does not belong there is no silence, but counted.
TEST(PublishSubscribe, AListenerCountsWhatDoesNotBelongThere) {
  Loop loop;
  Stats stats;
  SubscriberConfig config =
      subscriber_config({listen_on(inproc("choosy"))}, {Subscription::channel("md")});
  config.senders = {"gateway"};
  Subscriber subscriber(loop.executor(), std::move(config), stats);
  Collector collector(loop, subscriber);
  Stats sent;
  PublisherConfig foreign = publisher_config({dial_to(inproc("choosy"))}, 2);
  foreign.producer.service = "stranger";
  Publisher stranger(loop.executor(), std::move(foreign), sent);
  Publisher gateway(loop.executor(), publisher_config({dial_to(inproc("choosy"))}), sent);
  loop.run_until([&] {
    stranger.publish("md.7", "from a stranger");
    gateway.publish("command", "on another topic");
    return stats.refused_for(Refusal::ForeignSender) > 2 &&
           stats.refused_for(Refusal::UnknownTopic) > 2;
  });
  EXPECT_TRUE(collector.messages.empty());
  EXPECT_EQ(stats.channel("md").lost, 0u);
  connect(loop, gateway, collector, "md.7");
}

TEST(PublishSubscribe, ADialerMayStartBeforeItsListener) {
  Loop loop;
  Stats stats;
  Subscriber subscriber(
      loop.executor(),
      subscriber_config({dial_to(inproc("late-listener"))}, {Subscription::channel("md")}), stats);
  Collector collector(loop, subscriber);
  loop.turn();
  Stats sent;
  Publisher publisher(loop.executor(), publisher_config({listen_on(inproc("late-listener"))}),
                      sent);
  connect(loop, publisher, collector, "md.1");
  EXPECT_EQ(stats.channel("md").lost, 0u);
}

TEST(PublishSubscribe, JoiningLateIsNotALoss) {
  Loop loop;
  Stats sent;
  Publisher publisher(loop.executor(), publisher_config({listen_on(inproc("late-join"))}), sent);
  for (int i = 0; i < 1000; ++i) publisher.publish("md.1", "before the first subscriber");
  publisher.flush();
  Stats stats;
  Subscriber subscriber(
      loop.executor(),
      subscriber_config({dial_to(inproc("late-join"))}, {Subscription::channel("md")}), stats);
  Collector collector(loop, subscriber);
  connect(loop, publisher, collector, "md.1");
  EXPECT_GT(collector.frames.front().first_seq, 1000u);
  EXPECT_TRUE(collector.frames.front().first_contact);
  EXPECT_EQ(stats.channel("md").lost, 0u);
  EXPECT_EQ(collector.lost, 0u);
}

TEST(PublishSubscribe, AListenerThatRestartsIsHeardAgainUnderItsNewIncarnation) {
  Loop loop;
  TemporaryFolder folder;
  const std::string address = ipc_address(folder.path(), "md");
  Stats stats;
  Subscriber subscriber(
      loop.executor(), subscriber_config({dial_to(address)}, {Subscription::channel("md")}), stats);
  Collector collector(loop, subscriber);
  Stats sent;
  auto publisher =
      std::make_unique<Publisher>(loop.executor(), publisher_config({listen_on(address)}, 1), sent);
  connect(loop, *publisher, collector, "md.1");
  publisher.reset();
  EXPECT_FALSE(std::filesystem::exists(folder / "md"));
  publisher =
      std::make_unique<Publisher>(loop.executor(), publisher_config({listen_on(address)}, 2), sent);
  connect(loop, *publisher, collector, "md.1");
  EXPECT_EQ(collector.frames.back().producer.incarnation, 2u);
  EXPECT_EQ(stats.channel("md").lost, 0u);
}

TEST(PublishSubscribe, AnExactTopicDoesNotHearALongerOne) {
  Loop loop;
  Stats stats;
  Subscriber subscriber(
      loop.executor(),
      subscriber_config({listen_on(inproc("exact"))}, {Subscription::topic("signal.arb")}), stats);
  Collector collector(loop, subscriber);
  Stats sent;
  Publisher publisher(loop.executor(), publisher_config({dial_to(inproc("exact"))}), sent);
  connect(loop, publisher, collector, "signal.arb");
  publisher.publish("signal.arb2", "not for you");
  publisher.publish("signal", "nor this");
  publisher.publish("signal.arb.x", "nor this");
  publisher.publish("signal.arb", "the end");
  loop.run_until([&] { return collector.messages.back().second == "the end"; });
  for (const auto& [topic, message] : collector.messages) EXPECT_EQ(topic, "signal.arb");
}

TEST(PublishSubscribe, OneTurnOfTheLoopMakesOneFramePerTopic) {
  Loop loop;
  Stats stats;
  Subscriber subscriber(
      loop.executor(),
      subscriber_config({listen_on(inproc("batch"))}, {Subscription::channel("md")}), stats);
  Collector collector(loop, subscriber);
  Stats sent;
  Publisher publisher(loop.executor(), publisher_config({dial_to(inproc("batch"))}), sent);
  connect(loop, publisher, collector, "md.0");
  const std::uint64_t already = publisher.last_seq("md.0");
  for (int i = 0; i < 10; ++i) {
    publisher.publish("md.0", "a");
    publisher.publish("md.1", "b");
  }
  loop.run_until([&] {
    return collector.frames.back().topic == "md.1" && collector.frames.back().count == 10;
  });
  const auto& before_last = collector.frames[collector.frames.size() - 2];
  EXPECT_EQ(before_last.topic, "md.0");
  EXPECT_EQ(before_last.count, 10u);
  EXPECT_EQ(before_last.first_seq, already + 1);
  EXPECT_EQ(before_last.sent_unix_ns, 1'700'000'000'000'000'000);
  EXPECT_EQ(collector.frames.back().first_seq, 1u);
}

TEST(PublishSubscribe, ATinyRingCountsEveryLossAndTellsTheConsumer) {
  Loop loop;
  Stats stats;
  auto config = subscriber_config({listen_on(inproc("tiny"))},
                                  {Subscription::channel("md"), Subscription::topic("hello")});
  config.ring_frames = 4;
  Subscriber subscriber(loop.executor(), config, stats);
  Stats sent;
  Publisher publisher(loop.executor(), publisher_config({dial_to(inproc("tiny"))}), sent);
  // No consumer takes frames yet; wait until the connection stands.
  loop.run_until([&] {
    if (stats.channel("hello").received > 0) return true;
    publisher.publish("hello", "");
    return false;
  });
  for (int i = 0; i < 1000; ++i) {
    publisher.publish("md.1", "x");
    publisher.publish("md.1", "y");
    loop.turn();
  }
  publisher.publish("md.1", "last");
  loop.run_until([&] { return stats.channel("md").received == 2001; });
  EXPECT_LE(stats.channel("md").waiting, 8u);
  EXPECT_GT(stats.channel("md").lost, 1900u);

  Collector collector(loop, subscriber);
  loop.run_until(
      [&] { return !collector.messages.empty() && collector.messages.back().second == "last"; });
  EXPECT_EQ(collector.messages.size() + stats.channel("md").lost, 2001u);
  std::uint64_t told = 0;
  for (const auto& frame : collector.frames) told += frame.topic == "md.1" ? frame.lost_before : 0;
  EXPECT_EQ(told, stats.channel("md").lost);
}

TEST(PublishSubscribe, AFullQueueOnTheWayIsCounted) {
  Loop loop;
  Stats stats;
  auto config = subscriber_config({listen_on(inproc("full"))}, {Subscription::channel("md")});
  config.queue_frames = 1;
  Subscriber subscriber(loop.executor(), config, stats);
  Collector collector(loop, subscriber);
  Stats sent;
  auto sender = publisher_config({dial_to(inproc("full"))});
  sender.queue_frames = 1;
  Publisher publisher(loop.executor(), sender, sent);
  connect(loop, publisher, collector, "md.1");
  const std::size_t before = collector.messages.size();
  const std::uint64_t lost_before = stats.channel("md").lost;
  // Without a turn of the loop nothing drains the one-frame queues.
  for (int i = 0; i < 500; ++i) {
    publisher.publish("md.1", "x");
    publisher.flush();
  }
  loop.run_until([&] {
    return collector.messages.size() - before + stats.channel("md").lost - lost_before == 500 &&
           collector.lost == stats.channel("md").lost;
  });
  EXPECT_GT(stats.channel("md").lost, lost_before);
}

TEST(PublishSubscribe, ATipShowsALostTail) {
  Loop loop;
  Stats stats;
  Subscriber subscriber(
      loop.executor(),
      subscriber_config({listen_on(inproc("tail"))}, {Subscription::channel("md")}), stats);
  Collector collector(loop, subscriber);
  nng::Socket socket(nng::Protocol::Publish, 16);
  socket.attach(dial_to(inproc("tail")), NetworkTrust::LoopbackOnly);
  const Producer producer{.service = "gateway", .replica = "gateway-1", .incarnation = 5};
  loop.run_until([&] {
    std::string body;
    append_message(body, "1");
    socket.send(nng::Message::of(encode_header(producer, "md.1", 1, 0), body));
    return !collector.messages.empty();
  });
  socket.send(nng::Message::of(encode_tip(producer, "md.1", 4, 0)));
  loop.run_until([&] { return collector.lost == 3; });
  EXPECT_EQ(collector.messages.size(), 1u);
  EXPECT_EQ(collector.frames.back().count, 0u);
  EXPECT_EQ(stats.channel("md").lost, 3u);
}

TEST(PublishSubscribe, AnIdleTopicSendsTips) {
  Loop loop;
  nng::Socket socket(nng::Protocol::Subscribe, 16);
  socket.attach(listen_on(inproc("idle")), NetworkTrust::LoopbackOnly);
  socket.subscribe("md.1");
  Stats sent;
  Publisher publisher(loop.executor(), publisher_config({dial_to(inproc("idle"))}), sent);
  publisher.publish("md.1", "one");
  publisher.publish("md.1", "two");
  std::uint64_t tip = 0;
  loop.run_until([&] {
    const nng::Message message = socket.try_receive();
    if (!message) return false;
    const auto decoded = decode_frame(message.bytes());
    if (const auto* frame = std::get_if<FrameView>(&decoded)) tip = frame->tip_seq;
    return tip != 0;
  });
  EXPECT_EQ(tip, 2u);
}

TEST(PublishSubscribe, SubscriptionsMayChangeWhileRunning) {
  Loop loop;
  Stats stats;
  Subscriber subscriber(
      loop.executor(),
      subscriber_config({listen_on(inproc("change"))}, {Subscription::topic("md.1")}), stats);
  Collector collector(loop, subscriber);
  Stats sent;
  Publisher publisher(loop.executor(), publisher_config({dial_to(inproc("change"))}), sent);
  connect(loop, publisher, collector, "md.1");
  subscriber.subscribe(Subscription::topic("md.2"));
  connect(loop, publisher, collector, "md.2");
  EXPECT_EQ(collector.messages.back().first, "md.2");
  subscriber.unsubscribe(Subscription::topic("md.1"));
  publisher.publish("md.1", "unwanted");
  publisher.publish("md.2", "wanted");
  loop.run_until([&] { return collector.messages.back().second == "wanted"; });
  for (const auto& [topic, message] : collector.messages) EXPECT_NE(message, "unwanted");
}

TEST(PublishSubscribe, MalformedMessagesAreCountedAndTheRestGoesOn) {
  Loop loop;
  Stats stats;
  Subscriber subscriber(
      loop.executor(),
      subscriber_config({listen_on(inproc("garbage"))}, {Subscription::channel("md")}), stats);
  Collector collector(loop, subscriber);
  nng::Socket garbage(nng::Protocol::Publish, 16);
  garbage.attach(dial_to(inproc("garbage")), NetworkTrust::LoopbackOnly);
  loop.run_until([&] {
    garbage.send(nng::Message::of("md.1"));  // no NUL: dropped by reason
    return stats.refused_for(Refusal::NoTopic) == 0 ? false : true;
  });
  using namespace std::string_view_literals;
  garbage.send(nng::Message::of("md.1\0"sv, "\xff\xff\xff"));
  garbage.send(nng::Message::of("md.1\0"sv, std::string(kFrameBytesMax, 'x')));
  loop.run_until([&] {
    return stats.refused_for(Refusal::Undecodable) == 1 &&
           stats.refused_for(Refusal::Oversize) == 1;
  });
  Stats sent;
  Publisher publisher(loop.executor(), publisher_config({dial_to(inproc("garbage"))}), sent);
  connect(loop, publisher, collector, "md.1");
}

TEST(PublishSubscribe, ClosingEndsAPendingReceive) {
  Loop loop;
  Stats stats;
  Subscriber subscriber(
      loop.executor(),
      subscriber_config({listen_on(inproc("close"))}, {Subscription::channel("md")}), stats);
  bool ended = false;
  auto wait = [&]() -> asio::awaitable<void> { co_await subscriber.receive(); };
  asio::co_spawn(loop.io, wait(), [&](std::exception_ptr error) { ended = error != nullptr; });
  loop.turn();
  subscriber.close();
  loop.run_until([&] { return ended; });
}

TEST(PublishSubscribe, MayBeDestroyedWithWorkQueued) {
  Loop loop;
  Stats stats;
  {
    Subscriber subscriber(
        loop.executor(),
        subscriber_config({listen_on(inproc("gone"))}, {Subscription::channel("md")}), stats);
    Publisher publisher(loop.executor(), publisher_config({dial_to(inproc("gone"))}), stats);
    publisher.publish("md.1", "queued");
  }
  loop.turn();
}

// A connection that stands and carries nothing, as to a process that is gone without a word.
class SilentListener {
 public:
  SilentListener() {
    EXPECT_EQ(nng_pub0_open(&socket_), 0);
    nng_listener listener{};
    EXPECT_EQ(nng_listen(socket_, "tcp://127.0.0.1:0", &listener, 0), 0);
    EXPECT_EQ(nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port_), 0);
    EXPECT_EQ(nng_pipe_notify(socket_, NNG_PIPE_EV_ADD_POST, &SilentListener::visited, this), 0);
  }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  ~SilentListener() { nng_close(socket_); }

  [[nodiscard]] std::string address() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int visits() const { return visits_; }
  void speak() const {
    std::string text = "md.7";
    EXPECT_EQ(nng_send(socket_, text.data(), text.size(), 0), 0);
  }

 private:
  static void visited(nng_pipe, nng_pipe_ev, void* self) {
    ++static_cast<SilentListener*>(self)->visits_;
  }
  nng_socket socket_ = NNG_SOCKET_INITIALIZER;
  int port_ = 0;
  std::atomic<int> visits_ = 0;
};

SubscriberConfig impatient(const SilentListener& listener) {
  SubscriberConfig config =
      subscriber_config({dial_to(listener.address())}, {Subscription::channel("md")});
  config.silence_max = std::chrono::milliseconds(50);
  return config;
}

TEST(ASubscriberThatHearsNothing, DialsAgainAndEverLessOften) {
  const SilentListener listener;
  Loop loop;
  Stats stats;
  const auto begun = std::chrono::steady_clock::now();
  const Subscriber subscriber(loop.executor(), impatient(listener), stats);
  loop.run_until([&] { return listener.visits() == 5; });
  EXPECT_GE(std::chrono::steady_clock::now() - begun,
            std::chrono::milliseconds(50 * (1 + 2 + 4 + 8)));
}

// Without that, five further visits would take 0.8 + 1.6 + 3.2 + 6.4 + 12.8 seconds.
TEST(ASubscriberThatHearsNothing, IsInAHurryAgainOnceItHasHeardSomething) {
  const SilentListener listener;
  Loop loop;
  Stats stats;
  const Subscriber subscriber(loop.executor(), impatient(listener), stats);
  loop.run_until([&] { return listener.visits() == 5; });
  listener.speak();
  loop.run_until([&] { return listener.visits() == 10; });
}

TEST(ASubscriberThatHearsSomething, KeepsItsConnection) {
  Loop loop;
  Stats stats;
  Stats received;
  Publisher publisher(loop.executor(), publisher_config({listen_on(kAnyTcpPort)}), stats);
  SubscriberConfig config =
      subscriber_config({dial_to(publisher.addresses()[0])}, {Subscription::channel("md")});
  config.silence_max = std::chrono::milliseconds(100);
  Subscriber subscriber(loop.executor(), std::move(config), received);
  Collector collector(loop, subscriber);
  connect(loop, publisher, collector, "md.7");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  const std::size_t before = collector.messages.size();
  std::size_t sent = 0;
  loop.run_until([&] {  // one at a time, so that no queue overflows
    if (collector.messages.size() - before < sent) return false;
    publisher.publish("md.7", "tick");
    ++sent;
    return std::chrono::steady_clock::now() > end;
  });
  EXPECT_EQ(received.channel("md").lost, 0U);
}

}  // namespace
}  // namespace polybot::bus::test
