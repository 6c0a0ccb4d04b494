#include "common/feeds/order_feed.hpp"

#include <utility>

#include "common/feeds/questions.hpp"
#include "common/runtime/until_one_ends.hpp"
#include "common/wire/lease_codec.hpp"
#include "common/wire/topics.hpp"

namespace polybot::feeds {
namespace {

bus::SubscriberConfig order_subscription(const OrderFeedSettings& settings) {
  bus::SubscriberConfig config{
      .endpoints = {{.role = bus::EndpointRole::Dial, .address = settings.orders_address}},
      .subscriptions = {bus::Subscription::topic(std::string(wire::topics::kStrategy)),
                        bus::Subscription::topic(std::string(wire::topics::kLease))},
      .senders = {std::string(wire::ports::kOrders.listens.front())},
      .trust = settings.trust,
      .ring_frames = settings.ring_frames};
  for (const domain::StrategyName& stream : settings.streams)
    config.subscriptions.push_back(bus::Subscription::topic(wire::topics::order(stream)));
  if (settings.streams.empty()) {
    config.subscriptions.push_back(bus::Subscription::channel(std::string(wire::channels::kOrder)));
  }
  return config;
}

}  // namespace

OrderFeed::OrderFeed(boost::asio::any_io_executor executor, const OrderFeedSettings& settings,
                     bus::Stats& stats, OrderFeedListener listener)
    : subscriber_(executor, order_subscription(settings), stats),
      recovery_(executor, {.address = settings.recovery_address, .trust = settings.trust}, stats),
      recovery_timeout_(settings.recovery_timeout),
      follows_all_(settings.streams.empty()),
      wake_(executor),
      listener_(std::move(listener)),
      followers_(settings.beginning, sink(std::move(listener_.orders))) {
  for (const domain::StrategyName& stream : settings.streams) followers_.follow(stream);
  if (!follows_all_) return;
  // An order-manager of before does not announce these two.
  followers_.follow({});
  followers_.follow({std::string(domain::kExternalStrategy)});
}

follow::OrderSink OrderFeed::sink(follow::OrderSink told) {
  told.mend = [this, mend = std::move(told.mend)](const domain::StrategyName& stream) {
    mend(stream);
    runtime::log::info("Order stream replayed",
                       {{"strategy", stream.value}, {"seq", followers_.stream(stream).last_seq()}});
  };
  told.deliver = [this, deliver = std::move(told.deliver)](const domain::StreamedEvent& event) {
    ++events_told_;
    deliver(event);
  };
  told.restore = [this, restore = std::move(told.restore)](const follow::StreamState& state) {
    events_told_ += state.entries.size();
    restore(state);
    runtime::log::info(
        "Order stream restored",
        {{"strategy", state.stream.value}, {"seq", state.seq}, {"entries", state.entries.size()}});
  };
  told.refuse = [this](wire::DecodeError error) { refuse("order", error); };
  told.ask = [this] { wake_.cancel(); };
  return told;
}

boost::asio::awaitable<void> OrderFeed::run() {
  const std::function<void(domain::Duration)> answered = [this](domain::Duration) {
    listener_.settle();
  };
  (void)co_await runtime::until_one_ends(
      read(), put_questions(followers_, recovery_, recovery_timeout_, wake_, answered));
}

void OrderFeed::close() {
  subscriber_.close();
  recovery_.close();
  wake_.cancel();
}

boost::asio::awaitable<void> OrderFeed::read() {
  while (true) {
    const bus::Received received = co_await subscriber_.receive();
    const std::string_view channel = bus::channel_of(received.topic);
    if (channel == wire::channels::kOrder) {
      take_orders(received);
    } else {
      for (const std::string_view bytes : received.messages) {
        if (channel == wire::channels::kStrategy) {
          take_states(bytes);
        } else {
          take_leases(bytes);
        }
      }
    }
    listener_.settle();
  }
}

void OrderFeed::take_orders(const bus::Received& received) {
  const domain::StrategyName stream = wire::topics::strategy_of(received.topic);
  if (follows_all_) followers_.follow(stream);
  for (const std::string_view bytes : received.messages) followers_.on_message(stream, bytes);
  if (received.messages.empty() && received.lost_before > 0) followers_.on_lost_tail(stream);
}

void OrderFeed::take_states(std::string_view bytes) {
  wire::StrategyTable table;
  if (const auto error = wire::decode_strategies(bytes, table); error != wire::DecodeError::None)
    return refuse(wire::topics::kStrategy, error);
  heard_at_ = clock_.monotonic();
  if (follows_all_) {
    for (const domain::StrategyState& state : table.strategies) followers_.follow(state.strategy);
    for (const wire::StreamEnd& end : table.further) followers_.follow(end.stream);
  }
  listener_.on_states(table);
  followers_.on_states(table);
}

void OrderFeed::take_leases(std::string_view bytes) {
  std::vector<domain::Lease> leases;
  if (const auto error = wire::decode_leases(bytes, leases); error != wire::DecodeError::None)
    return refuse(wire::topics::kLease, error);
  listener_.on_leases(leases);
}

void OrderFeed::refuse(std::string_view what, wire::DecodeError error) {
  ++refused_;
  refusals_log_.warning("A message of order-manager was refused",
                        {{"what", what}, {"reason", wire::to_string(error)}});
}

}  // namespace polybot::feeds
