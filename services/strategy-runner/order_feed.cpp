#include "services/strategy-runner/order_feed.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/wire/lease_codec.hpp"
#include "common/wire/order_codec.hpp"
#include "common/wire/strategy_codec.hpp"
#include "common/wire/topics.hpp"

namespace polybot::strategy_runner {
namespace {

using namespace std::chrono_literals;

constexpr auto kReplayWithin = std::chrono::milliseconds(1000);
constexpr domain::Duration kReplayAgainAfter = 500ms;
// A snapshot larger than this is nonsense: it holds open orders and a few thousand ended ones.
constexpr std::uint32_t kPagesMax = 256;

bus::SubscriberConfig subscription(const Config& config) {
  bus::SubscriberConfig result{
      .endpoints = {{.role = bus::EndpointRole::Dial, .address = config.bus.orders}},
      .subscriptions = {bus::Subscription::topic(std::string(wire::topics::kStrategy)),
                        bus::Subscription::topic(std::string(wire::topics::kLease))},
      .trust = config.bus.trust,
      .ring_frames = config.bus.ring_frames};
  for (const StrategySettings& strategy : config.runner.strategies) {
    result.subscriptions.push_back(bus::Subscription::topic(wire::topics::order(strategy.name)));
  }
  return result;
}

}  // namespace

OrderFeed::OrderFeed(boost::asio::any_io_executor executor, const Config& config, bus::Stats& stats,
                     Sink sink)
    : subscriber_(executor, subscription(config), stats),
      recovery_(executor, {.address = config.bus.orders_recovery}, stats),
      needed_(executor, boost::asio::steady_timer::time_point::max()),
      sink_(std::move(sink)) {
  for (const StrategySettings& strategy : config.runner.strategies) streams_[strategy.name];
}

void OrderFeed::close() {
  subscriber_.close();
  recovery_.close();
  needed_.cancel();
}

boost::asio::awaitable<void> OrderFeed::read() {
  while (true) {
    const bus::Received received = co_await subscriber_.receive();
    const std::string_view channel = bus::channel_of(received.topic);
    if (channel == wire::channels::kOrder) {
      take_orders(received);
    } else if (channel == wire::channels::kStrategy) {
      take_strategies(received);
    } else {
      take_leases(received);
    }
    sink_.settle();
  }
}

void OrderFeed::take_orders(const bus::Received& received) {
  const domain::StrategyName name{std::string(wire::topics::tail_of(received.topic))};
  const auto stream = streams_.find(name);
  if (stream == streams_.end()) return;
  for (const std::string_view bytes : received.messages) {
    domain::StreamedEvent event;
    const auto error = wire::decode_streamed(bytes, event);
    if (error == wire::DecodeError::None) {
      observe(name, stream->second, event);
    } else {
      refuse(received.topic, error);  // the next message shows the hole
    }
  }
}

void OrderFeed::observe(const domain::StrategyName& name, Stream& stream,
                        const domain::StreamedEvent& event) {
  stream.newest_seq = std::max(stream.newest_seq, event.event.seq);
  // Until the snapshot is here there is nothing to join to.
  if (stream.need == Need::Snapshot) return;
  switch (stream.tracker.observe(event.event.seq, event.prev)) {
    case bus::StreamTracker::Verdict::Deliver:
      sink_.apply(OrderEventSeen{event});
      break;
    case bus::StreamTracker::Verdict::Duplicate:
      break;
    case bus::StreamTracker::Verdict::Gap:
      broken(name, stream, Need::Replay);
      break;
    case bus::StreamTracker::Verdict::Diverged:
      broken(name, stream, Need::Snapshot);
      start_over(stream);
      break;
  }
}

void OrderFeed::broken(const domain::StrategyName& name, Stream& stream, Need need) {
  stream.need = std::max(stream.need, need);
  sink_.apply(OrderStreamBroken{name});
  needed_.cancel();
}

void OrderFeed::take_strategies(const bus::Received& received) {
  wire::StrategyTable table;
  for (const std::string_view bytes : received.messages) {
    const auto error = wire::decode_strategies(bytes, table);
    if (error != wire::DecodeError::None) {
      refuse(received.topic, error);
      continue;
    }
    heard_at_ = clock_.monotonic();
    note_unmanaged(table.strategies);
    for (const domain::StrategyState& state : table.strategies) {
      sink_.apply(StrategyHeard{state});
      const auto found = streams_.find(state.strategy);
      if (found == streams_.end()) continue;
      Stream& stream = found->second;
      // The tail of the stream was lost when two states in a row know more than we do: one may only
      // have overtaken the event.
      const bool behind =
          stream.need == Need::Nothing && stream.state_seq_before > stream.tracker.last_seq();
      if (behind) broken(state.strategy, stream, Need::Replay);
      stream.state_seq_before = state.last_seq;
      stream.newest_seq = std::max(stream.newest_seq, state.last_seq);
    }
  }
}

// A message holds every strategy that order-manager is configured with.
void OrderFeed::note_unmanaged(const std::vector<domain::StrategyState>& managed) {
  unmanaged_.clear();
  for (const auto& [name, stream] : streams_) {
    const bool is_managed = std::any_of(
        managed.begin(), managed.end(),
        [&name = name](const domain::StrategyState& state) { return state.strategy == name; });
    if (!is_managed) unmanaged_.push_back(name);
  }
}

void OrderFeed::take_leases(const bus::Received& received) {
  for (const std::string_view bytes : received.messages) {
    LeasesHeard heard;
    const auto error = wire::decode_leases(bytes, heard.leases);
    if (error == wire::DecodeError::None) {
      sink_.apply(heard);
    } else {
      refuse(received.topic, error);
    }
  }
}

boost::asio::awaitable<void> OrderFeed::recover() {
  while (true) {
    bool failed = false;
    bool mended = false;
    for (auto& [name, stream] : streams_) {
      if (stream.need == Need::Nothing) continue;
      const bool whole = co_await mend(name, stream);
      (whole ? mended : failed) = true;
      sink_.settle();
    }
    if (mended && !failed) continue;  // something may have been missed meanwhile
    if (failed) {
      co_await runtime::sleep_for(kReplayAgainAfter);
      continue;
    }
    needed_.expires_at(boost::asio::steady_timer::time_point::max());
    co_await needed_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

// True when the stream is whole again.
boost::asio::awaitable<bool> OrderFeed::mend(domain::StrategyName name, Stream& stream) {
  if (stream.need == Need::Replay) {
    const bool whole = co_await replay(name, stream);
    if (whole || stream.need == Need::Replay) co_return whole;
  }
  co_return co_await restore(name, stream);
}

// False: either nobody answered, or only a snapshot can help (stream.need says which).
boost::asio::awaitable<bool> OrderFeed::replay(domain::StrategyName name, Stream& stream) {
  bool more = true;
  while (more) {
    const wire::OrdersRequest request =
        wire::ReplayRequest{.stream = name, .after_seq = stream.tracker.last_seq()};
    const auto answer = co_await ask(request);
    if (!answer) co_return false;
    const auto* replayed = std::get_if<wire::ReplayedEvents>(&*answer);
    std::vector<domain::StreamedEvent> events;
    if (replayed == nullptr || !decode_entries(replayed->events, events)) {
      start_over(stream);
      co_return false;
    }
    const std::uint64_t before = stream.tracker.last_seq();
    for (const domain::StreamedEvent& event : events) observe(name, stream, event);
    if (stream.need == Need::Snapshot) co_return false;
    // A replay that brings nothing new will not bring more by being asked again.
    more = replayed->more && stream.tracker.last_seq() > before;
  }
  if (stream.tracker.last_seq() < stream.newest_seq) {
    start_over(stream);  // what was spoken of is not in the replay
    co_return false;
  }
  stream.need = Need::Nothing;
  sink_.apply(OrderStreamMended{name});
  runtime::log::info("Order stream replayed",
                     {{"strategy", name.value}, {"seq", stream.tracker.last_seq()}});
  co_return true;
}

// The journal may be another one: no number heard before means anything.
void OrderFeed::start_over(Stream& stream) {
  stream.need = Need::Snapshot;
  stream.newest_seq = 0;
}

boost::asio::awaitable<bool> OrderFeed::restore(domain::StrategyName name, Stream& stream) {
  OrdersRestored restored{.strategy = name, .seq = 0, .entries = {}};
  std::uint32_t pages = 1;
  for (std::uint32_t page = 0; page < pages; ++page) {
    const wire::OrdersRequest request =
        wire::SnapshotRequest{.stream = name, .at_seq = restored.seq, .page = page};
    const auto answer = co_await ask(request);
    if (!answer || !std::holds_alternative<wire::OrdersSnapshot>(*answer)) co_return false;
    const auto& snapshot = std::get<wire::OrdersSnapshot>(*answer);
    if (snapshot.page != page || snapshot.pages > kPagesMax) co_return false;
    if (page > 0 && snapshot.at_seq != restored.seq) co_return false;
    if (!decode_entries(snapshot.entries, restored.entries)) co_return false;
    restored.seq = snapshot.at_seq;
    pages = snapshot.pages;
  }
  stream.tracker.forget();
  stream.tracker.resume_after(restored.seq);
  stream.state_seq_before = 0;
  stream.need = Need::Nothing;
  sink_.apply(restored);
  runtime::log::info(
      "Order stream restored",
      {{"strategy", name.value}, {"seq", restored.seq}, {"entries", restored.entries.size()}});
  if (stream.newest_seq <= restored.seq) co_return true;
  // Messages that came while the pages were read were dropped: a replay joins them.
  broken(name, stream, Need::Replay);
  co_return co_await replay(name, stream);
}

boost::asio::awaitable<std::optional<wire::OrdersAnswer>> OrderFeed::ask(
    wire::OrdersRequest request) {
  const std::string encoded = wire::encode_orders_request(request);
  const auto bytes = co_await recovery_.request(encoded, kReplayWithin);
  if (!bytes) co_return std::nullopt;
  wire::OrdersAnswer answer;
  const auto error = wire::decode_orders_answer(*bytes, answer);
  if (error != wire::DecodeError::None) {
    refuse("orders-recovery", error);
    co_return std::nullopt;
  }
  co_return answer;
}

bool OrderFeed::decode_entries(const std::vector<std::string>& encoded,
                               std::vector<domain::StreamedEvent>& out) {
  for (const std::string& bytes : encoded) {
    const auto error = wire::decode_streamed(bytes, out.emplace_back());
    if (error == wire::DecodeError::None) continue;
    refuse("orders-recovery", error);
    return false;
  }
  return true;
}

void OrderFeed::refuse(const std::string& topic, wire::DecodeError error) {
  ++refused_;
  refusals_log_.warning("A bus message was refused",
                        {{"topic", topic}, {"reason", wire::to_string(error)}});
}

}  // namespace polybot::strategy_runner
