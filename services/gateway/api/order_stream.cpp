#include "services/gateway/api/order_stream.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "common/wire/lease_codec.hpp"
#include "common/wire/order_codec.hpp"
#include "common/wire/strategy_codec.hpp"
#include "common/wire/topics.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using bus::StreamTracker;
using domain::StrategyName;
using domain::StreamedEvent;
using Kind = OrderStreamListener::Kind;

namespace {

constexpr std::string_view kComponent = "orders";
constexpr std::string_view kAll = "all";

StrategyName strategy_of(std::string_view stream) {
  return stream == kAll ? StrategyName{} : StrategyName{std::string(stream)};
}

}  // namespace

OrderStream::OrderStream(asio::any_io_executor executor, OrderStreamSettings settings,
                         runtime::Health& health, runtime::Clock clock, bus::Stats& stats,
                         OrderStreamListener listener)
    : executor_(executor),
      settings_(std::move(settings)),
      health_(health),
      clock_(clock),
      listener_(std::move(listener)),
      subscriber_(
          executor,
          {.endpoints = {{bus::EndpointRole::Dial, settings_.orders_address}},
           .subscriptions = {bus::Subscription::channel(std::string(wire::channels::kOrder)),
                             bus::Subscription::topic(std::string(wire::topics::kStrategy)),
                             bus::Subscription::topic(std::string(wire::topics::kLease))},
           .trust = settings_.trust},
          stats),
      recovery_(executor, {.address = settings_.recovery_address}, stats) {
  // Streams that may stay silent for long and that no state topic announces.
  streams_[std::string(kAll)];
  streams_[std::string(domain::kExternalStrategy)];
  health_.add(kComponent, "order-manager has not been heard yet");
}

asio::awaitable<void> OrderStream::run() {
  using namespace asio::experimental::awaitable_operators;
  co_await (receive() && watch());
}

bool OrderStream::in_sync() const {
  return heard_ && clock_.monotonic() - heard_at_ < settings_.silence &&
         std::all_of(streams_.begin(), streams_.end(),
                     [](const auto& entry) { return entry.second.whole; });
}

asio::awaitable<void> OrderStream::watch() {
  for (;;) {
    co_await runtime::sleep_for(std::chrono::milliseconds(250));
    if (!heard_ || clock_.monotonic() - heard_at_ >= settings_.silence) {
      health_.set_not_ready(kComponent, "order-manager is silent");
    } else if (!in_sync()) {
      health_.set_not_ready(kComponent, "order events are being replayed");
    } else {
      health_.set_ready(kComponent);
    }
  }
}

asio::awaitable<void> OrderStream::receive() {
  for (;;) {
    const bus::Received frame = co_await subscriber_.receive();
    const std::string channel(bus::channel_of(frame.topic));
    const std::string stream(wire::topics::tail_of(frame.topic));
    for (const std::string_view message : frame.messages) {
      if (channel == wire::channels::kOrder) {
        co_await on_order_message(stream, message);
      } else if (channel == wire::channels::kStrategy) {
        co_await on_strategies(message);
      } else {
        on_leases(message);
      }
    }
    // A lost tail is noticed here at once; the replay finds out whether it mattered.
    if (frame.messages.empty() && frame.lost_before > 0 && channel == wire::channels::kOrder) {
      streams_[stream].whole = co_await recover(stream);
    }
  }
}

void OrderStream::refuse(std::string_view what, wire::DecodeError error) {
  refused_.warning("Message of order-manager could not be read",
                   {{"what", what}, {"error", wire::to_string(error)}});
}

asio::awaitable<void> OrderStream::on_order_message(std::string_view name, std::string_view bytes) {
  StreamedEvent event;
  if (const auto error = wire::decode_streamed(bytes, event); error != wire::DecodeError::None) {
    refuse("order event", error);
    co_return;
  }
  const auto& body = event.event.body;
  if (std::holds_alternative<domain::CommandAccepted>(body) ||
      std::holds_alternative<domain::CommandDenied>(body)) {
    listener_.on_command_answer(event.event);
  }
  Stream& stream = streams_[std::string(name)];
  for (int attempt = 0; attempt < 2; ++attempt) {
    switch (stream.tracker.observe(event.event.seq, event.prev)) {
      case StreamTracker::Verdict::Deliver:
        stream.whole = true;
        deliver(event, Kind::News);
        co_return;
      case StreamTracker::Verdict::Duplicate:
        co_return;
      case StreamTracker::Verdict::Diverged:
        stream.tracker.forget();
        stream.whole = co_await take_snapshot(std::string(name));
        break;
      case StreamTracker::Verdict::Gap:
        stream.whole = co_await recover(std::string(name));
        break;
    }
    if (!stream.whole) co_return;
  }
}

void OrderStream::deliver(const StreamedEvent& event, Kind kind) {
  ++events_seen_;
  listener_.on_event(event, kind);
}

// The state topic is heard every 500 ms: it retries what failed and finds streams that were never
// heard.
asio::awaitable<void> OrderStream::on_strategies(std::string_view bytes) {
  wire::StrategyTable table;
  if (const auto error = wire::decode_strategies(bytes, table); error != wire::DecodeError::None) {
    refuse("strategy state", error);
    co_return;
  }
  heard_ = true;
  heard_at_ = clock_.monotonic();
  for (const domain::StrategyState& state : table.strategies) {
    streams_[state.strategy.value].announced_seq = state.last_seq;
  }
  // What was read before a backup was restored is another history, also of streams that nothing
  // announces.
  for (auto& [name, stream] : streams_) {
    stream.announced_seq = std::max(stream.announced_seq, table.account.restored_seq);
  }
  listener_.on_strategies(std::move(table.strategies), std::move(table.account));
  std::vector<std::string> behind;
  for (const auto& [name, stream] : streams_) {
    if (!stream.whole || stream.announced_seq > stream.tracker.last_seq()) behind.push_back(name);
  }
  for (const std::string& name : behind) streams_[name].whole = co_await recover(name);
}

void OrderStream::on_leases(std::string_view bytes) {
  std::vector<domain::Lease> leases;
  if (const auto error = wire::decode_leases(bytes, leases); error != wire::DecodeError::None) {
    refuse("leases", error);
    return;
  }
  listener_.on_leases(std::move(leases));
}

// ---- recovery --------------------------------------------------------------------------------

asio::awaitable<std::optional<wire::OrdersAnswer>> OrderStream::ask(wire::OrdersRequest request) {
  const auto timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(settings_.recovery_timeout);
  const auto bytes = co_await recovery_.request(wire::encode_orders_request(request), timeout);
  if (!bytes) {
    refused_.warning("Order events could not be recovered", {{"error", bytes.error().message()}});
    co_return std::nullopt;
  }
  wire::OrdersAnswer answer;
  if (const auto error = wire::decode_orders_answer(*bytes, answer);
      error != wire::DecodeError::None) {
    refuse("recovery answer", error);
    co_return std::nullopt;
  }
  co_return answer;
}

asio::awaitable<bool> OrderStream::recover(std::string name) {
  StreamTracker& tracker = streams_[name].tracker;
  for (;;) {
    // Named first: gcc 12 destroys an aggregate temporary inside a co_await expression wrongly.
    wire::OrdersRequest request =
        wire::ReplayRequest{.stream = StrategyName{name}, .after_seq = tracker.last_seq()};
    const auto answer = co_await ask(std::move(request));
    if (!answer) co_return false;
    const auto* replayed = std::get_if<wire::ReplayedEvents>(&*answer);
    if (replayed == nullptr) co_return co_await take_snapshot(name);
    for (const std::string& bytes : replayed->events) {
      StreamedEvent event;
      if (const auto error = wire::decode_streamed(bytes, event);
          error != wire::DecodeError::None) {
        refuse("replayed event",
               error);  // asking again would bring the same bytes: go on without it
        continue;
      }
      if (event.event.seq <= tracker.last_seq()) continue;
      tracker.resume_after(event.event.seq);
      deliver(event, Kind::News);
    }
    if (!replayed->more || replayed->events.empty()) co_return true;
  }
}

asio::awaitable<bool> OrderStream::take_snapshot(std::string name) {
  wire::SnapshotRequest request{.stream = StrategyName{name}, .at_seq = 0, .page = 0};
  std::vector<std::string> entries;
  for (;;) {
    const auto answer = co_await ask(request);
    if (!answer) co_return false;
    const auto* page = std::get_if<wire::OrdersSnapshot>(&*answer);
    if (page == nullptr)
      co_return false;  // another snapshot was taken meanwhile: begin again later
    entries.insert(entries.end(), page->entries.begin(), page->entries.end());
    request.at_seq = page->at_seq;
    request.page = page->page + 1;
    if (request.page >= page->pages) break;
  }
  listener_.on_forget(strategy_of(name));
  for (const std::string& bytes : entries) {
    StreamedEvent event;
    if (const auto error = wire::decode_streamed(bytes, event); error != wire::DecodeError::None) {
      refuse("snapshot entry", error);
      continue;
    }
    deliver(event, Kind::Snapshot);
  }
  streams_[name].tracker.resume_after(request.at_seq);
  co_return true;
}

}  // namespace polybot::gateway
