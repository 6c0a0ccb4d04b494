#include "services/strategy-runner/market_feed.hpp"

#include <algorithm>
#include <utility>

#include "common/feeds/questions.hpp"
#include "common/runtime/until_one_ends.hpp"
#include "common/wire/topics.hpp"
#include "services/strategy-runner/stream_inputs.hpp"

namespace polybot::strategy_runner {
namespace {

constexpr auto kBooksWithin = std::chrono::milliseconds(1000);

bus::SubscriberConfig subscription(const BusConfig& config) {
  return {.endpoints = {{.role = bus::EndpointRole::Dial, .address = config.market_data}},
          .subscriptions = {},  // they follow the leases
          .senders = {std::string(wire::ports::kMarketData.listens.front())},
          .trust = config.trust,
          .ring_frames = config.ring_frames};
}

}  // namespace

MarketFeed::MarketFeed(boost::asio::any_io_executor executor, const BusConfig& config,
                       bus::Stats& stats, metrics::Registry& registry, Sink sink)
    : subscriber_(executor, subscription(config), stats),
      recovery_(executor, {.address = config.market_data_recovery, .trust = config.trust}, stats),
      wake_(executor),
      bus_latency_(registry.histogram("polybot_order_latency_seconds", {"bus"})),
      sink_(std::move(sink)),
      followers_(this->sink()) {}

follow::MarketSink MarketFeed::sink() {
  follow::MarketSink sink = inputs_of_market_data(sink_.apply);
  sink.refuse = [this](domain::Shard shard, wire::DecodeError error) {
    refuse(wire::topics::market_data(shard), error);
  };
  sink.ask = [this] { wake_.cancel(); };
  return sink;
}

boost::asio::awaitable<void> MarketFeed::run() {
  (void)co_await runtime::until_one_ends(
      read(), feeds::put_questions(followers_, recovery_, kBooksWithin, wake_, sink_.settle));
}

void MarketFeed::close() {
  subscriber_.close();
  recovery_.close();
  wake_.cancel();
}

void MarketFeed::follow(std::uint64_t shards) {
  const auto [gained, lost] = followers_.follow(shards);
  for (std::uint8_t i = 0; i < domain::kShards; ++i) {
    for (const std::string& topic : {wire::topics::market({i}), wire::topics::market_data({i})}) {
      if ((gained >> i & 1) != 0) subscriber_.subscribe(bus::Subscription::topic(topic));
      if ((lost >> i & 1) != 0) subscriber_.unsubscribe(bus::Subscription::topic(topic));
    }
  }
}

boost::asio::awaitable<void> MarketFeed::read() {
  while (true) {
    const bus::Received received = co_await subscriber_.receive();
    const auto shard = wire::topics::shard_of(received.topic);
    if (!shard) {
      refuse(received.topic, wire::DecodeError::Malformed);
      continue;
    }
    if (!followers_.follows(*shard)) continue;  // it was under way
    const domain::Duration received_at = clock_.monotonic();
    const follow::Frame frame{.head = {.shard = *shard,
                                       .incarnation = received.producer.incarnation,
                                       .first_seq = received.first_seq,
                                       .sent_at = domain::from_unix_ns(received.sent_unix_ns)},
                              .lost_before = received.lost_before,
                              .messages = received.messages};
    if (bus::channel_of(received.topic) == wire::channels::kMarket) {
      followers_.on_definitions(frame, received_at);
      take_markets(received);
    } else {
      bus_latency_.observe(std::max(clock_.now() - frame.head.sent_at, domain::Duration{}));
      followers_.on_frame(frame, received_at);
    }
    sink_.settle(received_at);
  }
}

void MarketFeed::take_markets(const bus::Received& received) {
  for (const std::string_view bytes : received.messages) {
    MarketHeard heard;
    const auto error = wire::decode_market(bytes, heard.market);
    if (error == wire::DecodeError::None) {
      sink_.apply(heard);
    } else {
      refuse(received.topic, error);
    }
  }
}

void MarketFeed::refuse(const std::string& topic, wire::DecodeError error) {
  ++refused_;
  refusals_log_.warning("A bus message was refused",
                        {{"topic", topic}, {"reason", wire::to_string(error)}});
}

}  // namespace polybot::strategy_runner
