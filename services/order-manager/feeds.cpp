#include "services/order-manager/feeds.hpp"

#include <chrono>
#include <utility>

#include "common/runtime/clock.hpp"
#include "common/wire/lease_codec.hpp"
#include "common/wire/market_data_codec.hpp"
#include "common/wire/signal_codec.hpp"
#include "common/wire/topics.hpp"

namespace polybot::order_manager {
namespace {

constexpr std::chrono::milliseconds kCoreCheck{1};

std::vector<std::string> senders(std::span<const std::string_view> services) {
  return {services.begin(), services.end()};
}

bus::SubscriberConfig quote_subscription(const Config& config) {
  return {.endpoints = {{.role = bus::EndpointRole::Dial, .address = config.bus.quotes}},
          .subscriptions = {bus::Subscription::channel(std::string(wire::channels::kQuote)),
                            bus::Subscription::channel(std::string(wire::channels::kMarket))},
          .senders = senders(wire::ports::kQuotes.listens),
          .trust = config.bus.trust,
          .ring_frames = config.ring_frames};
}

bus::SubscriberConfig signal_subscription(const Config& config) {
  return {.endpoints = {{.role = bus::EndpointRole::Listen, .address = config.bus.signals}},
          .subscriptions = {bus::Subscription::channel(std::string(wire::channels::kSignal)),
                            bus::Subscription::channel(std::string(wire::channels::kRunner))},
          .senders = senders(wire::ports::kSignals.dials),
          .trust = config.bus.trust,
          .ring_frames = config.ring_frames};
}

bus::SubscriberConfig command_subscription(const Config& config) {
  return {.endpoints = {{.role = bus::EndpointRole::Listen, .address = config.bus.commands}},
          .subscriptions = {bus::Subscription::topic(std::string(wire::topics::kCommand))},
          .senders = senders(wire::ports::kCommands.dials),
          .trust = config.bus.trust,
          .ring_frames = config.ring_frames};
}

// A runner speaks of itself alone.
bool is_of_its_sender(const domain::RunnerAnnounced& runner, const bus::Received& received) {
  return runner.replica.value == wire::topics::tail_of(received.topic) &&
         runner.replica.value == received.producer.replica &&
         runner.incarnation == received.producer.incarnation;
}

}  // namespace

Feeds::Feeds(boost::asio::any_io_executor executor, const Config& config, bus::Stats& stats,
             metrics::Registry& registry, Core core)
    : quotes_(executor, quote_subscription(config), stats),
      signals_(executor, signal_subscription(config), stats),
      commands_(executor, command_subscription(config), stats),
      core_(std::move(core)),
      follower_(sink()),
      refused_([&](std::string_view reason) {
        return registry.counter("polybot_signals_refused_total", {reason});
      }),
      bus_latency_(registry.histogram("polybot_order_latency_seconds", {"bus"})) {}

boost::asio::awaitable<void> Feeds::wait_for_the_core() const {
  while (core_.is_behind()) co_await runtime::sleep_for(kCoreCheck);
}

boost::asio::awaitable<void> Feeds::read_quotes() {
  while (true) {
    co_await wait_for_the_core();
    const bus::Received received = co_await quotes_.receive();
    take_quotes(received);
  }
}

boost::asio::awaitable<void> Feeds::read_signals() {
  while (true) {
    co_await wait_for_the_core();
    const bus::Received received = co_await signals_.receive();
    take_signals(received);
  }
}

boost::asio::awaitable<void> Feeds::read_commands() {
  while (true) {
    const bus::Received received = co_await commands_.receive();
    take_commands(received);
  }
}

void Feeds::close() {
  quotes_.close();
  signals_.close();
  commands_.close();
}

void Feeds::refuse(const std::string& topic, MessageRefusal reason) {
  refused_[reason].increment();
  refusals_log_.warning("A bus message was refused",
                        {{"topic", topic}, {"reason", domain::name_of(reason)}});
}

follow::QuoteSink Feeds::sink() {
  return {.hear =
              [this](domain::Shard shard, const domain::QuoteTick& quote) {
                core_.post(QuoteHeard{shard, quote});
              },
          .vouch =
              [this](domain::Shard shard, domain::ShardVouched vouched) {
                core_.post(QuotesVouched{shard, std::move(vouched)});
              },
          .missed = [this](domain::Shard shard) { core_.post(QuotesMissed{shard}); },
          .refuse =
              [this](domain::Shard shard, wire::DecodeError) {
                refuse(wire::topics::quote(shard), MessageRefusal::Malformed);
              }};
}

void Feeds::take_quotes(const bus::Received& received) {
  const auto shard = wire::topics::shard_of(received.topic);
  if (!shard) return refuse(received.topic, MessageRefusal::WrongTopic);
  const follow::Frame frame{.head = {.shard = *shard,
                                     .incarnation = received.producer.incarnation,
                                     .first_seq = received.first_seq,
                                     .sent_at = domain::from_unix_ns(received.sent_unix_ns)},
                            .lost_before = received.lost_before,
                            .messages = received.messages};
  if (bus::channel_of(received.topic) == wire::channels::kQuote) return follower_.on_frame(frame);
  follower_.on_definitions(frame);
  take_hints(received);
}

void Feeds::take_hints(const bus::Received& received) {
  for (const std::string_view message : received.messages) {
    MarketHinted hint;
    if (wire::decode_market(message, hint.market) == wire::DecodeError::None) {
      core_.post(std::move(hint));
    } else {
      refuse(received.topic, MessageRefusal::Malformed);
    }
  }
}

void Feeds::learn_parameters(const domain::RunnerAnnounced& runner) {
  for (const auto& [strategy, parameters] : runner.parameters) {
    if (parameters_.size() < wire::kStrategiesMax || parameters_.contains(strategy))
      parameters_[strategy] = parameters;
  }
}

void Feeds::take_signals(const bus::Received& received) {
  const std::string_view channel = bus::channel_of(received.topic);
  const domain::Timestamp sent_at = domain::from_unix_ns(received.sent_unix_ns);
  for (const std::string_view message : received.messages) {
    wire::DecodeError error = wire::DecodeError::Malformed;
    if (channel == wire::channels::kSignal) {
      SignalReceived input{.signal = {}, .sent_at = sent_at};
      error = wire::decode_signal(message, input.signal);
      if (error == wire::DecodeError::None &&
          input.signal.strategy.value != wire::topics::tail_of(received.topic)) {
        refuse(received.topic, MessageRefusal::WrongTopic);
        continue;
      }
      if (error == wire::DecodeError::None) {
        bus_latency_.observe(std::max(domain::Duration::zero(), clock_.now() - sent_at));
        core_.post(std::move(input));
      }
    } else {
      domain::RunnerAnnounced runner;
      error = wire::decode_runner(message, runner);
      if (error == wire::DecodeError::None && !is_of_its_sender(runner, received)) {
        refuse(received.topic, MessageRefusal::WrongTopic);
        continue;
      }
      if (error == wire::DecodeError::None) {
        learn_parameters(runner);
        core_.post(std::move(runner));
      }
    }
    if (error != wire::DecodeError::None) refuse(received.topic, MessageRefusal::Malformed);
  }
}

void Feeds::take_commands(const bus::Received& received) {
  for (const std::string_view message : received.messages) {
    domain::Command command;
    if (wire::decode_command(message, command) == wire::DecodeError::None) {
      core_.post(std::move(command));
    } else {
      refuse(received.topic, MessageRefusal::Malformed);
    }
  }
}

}  // namespace polybot::order_manager
