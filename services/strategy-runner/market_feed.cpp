#include "services/strategy-runner/market_feed.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/wire/topics.hpp"

namespace polybot::strategy_runner {
namespace {

using namespace std::chrono_literals;

constexpr auto kBooksWithin = std::chrono::milliseconds(1000);
// Between two rounds of requests that failed, or in silence: the stream's own snapshots are as
// fast.
constexpr domain::Duration kBooksAgainAfter = 1s;
// After this long without a word of the stream the gateway is asked whether there is any. Where
// there are markets it speaks every second.
constexpr domain::Duration kSilenceMax = 2s;

bus::SubscriberConfig subscription(const BusConfig& config) {
  return {.endpoints = {{.role = bus::EndpointRole::Dial, .address = config.market_data}},
          .subscriptions = {},  // they follow the leases
          .trust = config.trust,
          .ring_frames = config.ring_frames};
}

}  // namespace

MarketFeed::MarketFeed(boost::asio::any_io_executor executor, const BusConfig& config,
                       bus::Stats& stats, metrics::Registry& registry, Sink sink)
    : subscriber_(executor, subscription(config), stats),
      recovery_(executor, {.address = config.market_data_recovery}, stats),
      wanted_(executor, boost::asio::steady_timer::time_point::max()),
      bus_latency_(registry.histogram("polybot_order_latency_seconds", {"bus"})),
      sink_(std::move(sink)) {}

void MarketFeed::close() {
  subscriber_.close();
  recovery_.close();
  wanted_.cancel();
}

// ---- what is followed --------------------------------------------------------------------------

void MarketFeed::follow(std::uint64_t shards) {
  for (std::uint8_t i = 0; i < domain::kShards; ++i) {
    const bool wanted = (shards >> i & 1) != 0;
    if (wanted && !shards_[i].followed) begin({i});
    if (!wanted && shards_[i].followed) end({i});
  }
}

void MarketFeed::begin(domain::Shard shard) {
  shards_[shard.value] = ShardState{.followed = true};
  subscriber_.subscribe(bus::Subscription::topic(wire::topics::market(shard)));
  subscriber_.subscribe(bus::Subscription::topic(wire::topics::market_data(shard)));
  sink_.apply(MarketDataGap{shard});
  want(shard);
}

void MarketFeed::end(domain::Shard shard) {
  subscriber_.unsubscribe(bus::Subscription::topic(wire::topics::market_data(shard)));
  subscriber_.unsubscribe(bus::Subscription::topic(wire::topics::market(shard)));
  shards_[shard.value] = ShardState{};
}

// What the stream said so far holds no longer; its next frame begins it anew.
void MarketFeed::start_over(domain::Shard shard) {
  ShardState& state = shards_[shard.value];
  state.sequence = {};
  state.incarnation = 0;
  forget_kept(state);
  sink_.apply(MarketDataGap{shard});
}

std::optional<domain::Duration> MarketFeed::alive_at() const {
  std::optional<domain::Duration> idle_at;
  for (const ShardState& state : shards_) {
    if (!state.followed) continue;
    if (!state.idle_at) return heard_at_;
    idle_at = std::min(idle_at.value_or(*state.idle_at), *state.idle_at);
  }
  return std::max(heard_at_, idle_at);  // nothing is before everything
}

bool MarketFeed::silent() const {
  return !heard_at_ || clock_.monotonic() - *heard_at_ > kSilenceMax;
}

// ---- what comes --------------------------------------------------------------------------------

boost::asio::awaitable<void> MarketFeed::read() {
  while (true) {
    bus::Received received = co_await subscriber_.receive();
    const auto shard = wire::topics::shard_of(received.topic);
    if (shard && !shards_[shard->value].followed) continue;  // it was under way
    const domain::Duration received_at = clock_.monotonic();
    heard_at_ = received_at;
    if (bus::channel_of(received.topic) == wire::channels::kMarket) {
      take_markets(received);
    } else {
      bus_latency_.observe(
          std::max(clock_.now() - domain::from_unix_ns(received.sent_unix_ns), domain::Duration{}));
      take_market_data(std::move(received));
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

void MarketFeed::take_market_data(bus::Received received) {
  const auto shard = wire::topics::shard_of(received.topic);
  if (!shard) return refuse(received.topic, wire::DecodeError::Malformed);
  ShardState& state = shards_[shard->value];
  const std::uint64_t incarnation = received.producer.incarnation;
  const bool gap = received.lost_before > 0 || incarnation != state.incarnation;
  state.incarnation = incarnation;
  const auto sequence = state.sequence.heard(incarnation, received.lost_before);
  if (gap) {
    forget_kept(state);
    sink_.apply(MarketDataGap{*shard});
    want(*shard);
  }
  deliver(*shard, received);
  if (sequence == wire::Sequence::State::InSync) return;
  state.kept_messages += received.messages.size();
  state.kept.push_back(std::move(received));
  if (state.kept_messages <= kKeptMessagesMax) return;
  // A snapshot that takes this long to come is not worth waiting for.
  forget_kept(state);
  want(*shard);
}

void MarketFeed::forget_kept(ShardState& state) {
  state.kept.clear();
  state.kept_messages = 0;
}

FrameOrigin MarketFeed::origin_of(domain::Shard shard, const bus::Received& received) {
  // The frame names the tick: everybody who saw it can tell the same trace.
  const std::uint64_t trace =
      (received.producer.incarnation ^ (received.first_seq << 6 | shard.value)) | 1;
  return {.shard = shard, .sent_at = domain::from_unix_ns(received.sent_unix_ns), .trace = {trace}};
}

// While the shard is behind, everything goes to the core all the same: it ignores changes to stale
// books, and a snapshot in the stream heals its book.
void MarketFeed::deliver(domain::Shard shard, const bus::Received& received) {
  const wire::Sequence& sequence = shards_[shard.value].sequence;
  const bool in_sync = sequence.state() == wire::Sequence::State::InSync;
  const FrameOrigin origin = origin_of(shard, received);
  for (std::size_t i = 0; i < received.messages.size(); ++i) {
    const wire::Position position{received.producer.incarnation, received.first_seq + i};
    if (in_sync && !sequence.applies(position)) continue;  // already in the snapshot
    const auto error = codec_.decode(received.messages[i], message_);
    if (error == wire::DecodeError::None) {
      apply(origin, message_);
    } else {
      refuse(received.topic, error);
    }
  }
}

void MarketFeed::apply(const FrameOrigin& origin, const wire::MarketData& message) {
  struct Apply {
    const Sink& sink;
    const FrameOrigin& origin;
    void operator()(const domain::BookSnapshot& snapshot) const {
      sink.apply(BookLoaded{origin, snapshot});
    }
    void operator()(const domain::BookDelta& delta) const {
      sink.apply(BookChanged{origin, delta});
    }
    void operator()(const domain::TradeTick& trade) const { sink.apply(TradeSeen{origin, trade}); }
    void operator()(const domain::BookStale& stale) const { sink.apply(BookDistrusted{stale}); }
  };
  std::visit(Apply{sink_, origin}, message);
}

void MarketFeed::want(domain::Shard shard) {
  shards_[shard.value].wanted = true;
  wanted_.cancel();
}

boost::asio::awaitable<void> MarketFeed::recover() {
  while (true) {
    bool failed = false;
    for (int i = 0; i < domain::kShards; ++i) {
      const domain::Shard shard{static_cast<std::uint8_t>(i)};
      if (!shards_[shard.value].wanted) continue;
      shards_[shard.value].wanted = false;
      const bool fetched = co_await fetch(shard);
      if (fetched) continue;
      shards_[shard.value].wanted = true;
      failed = true;
      break;  // the others would fail as well
    }
    const bool idle =
        std::none_of(shards_.begin(), shards_.end(), [](const ShardState& s) { return s.wanted; });
    if (!failed && !idle) continue;
    wanted_.expires_at(std::chrono::steady_clock::now() + kBooksAgainAfter);
    co_await wanted_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    // After a failure the pause is kept even when further shards become wanted meanwhile.
    if (failed) co_await runtime::sleep_for(kBooksAgainAfter);
    if (!silent()) continue;
    for (ShardState& state : shards_) state.wanted = state.wanted || state.followed;
  }
}

boost::asio::awaitable<bool> MarketFeed::fetch(domain::Shard shard) {
  const std::string request = wire::encode_books_request({shard});
  const auto bytes = co_await recovery_.request(request, kBooksWithin);
  if (!bytes) co_return false;
  wire::BooksAnswer answer;
  const auto error = wire::decode_books_answer(*bytes, answer);
  if (error != wire::DecodeError::None) {
    refuse(wire::topics::market_data(shard), error);
    co_return false;
  }
  const domain::Duration received_at = clock_.monotonic();
  ShardState& state = shards_[shard.value];
  if (!state.followed) co_return true;  // given up meanwhile
  // The stream owes nothing where there is nothing, and nothing yet where it has just been asked
  // for.
  const bool nothing_to_say = answer.markets.empty() && answer.books.empty();
  if (nothing_to_say || !state.idle_at) state.idle_at = received_at;
  for (const domain::Market& market : answer.markets) sink_.apply(MarketHeard{market});
  // These books may be from before what was lost while they were under way: the next are not.
  if (!state.wanted) join(shard, answer);
  sink_.settle(received_at);
  co_return true;
}

void MarketFeed::join(domain::Shard shard, const wire::BooksAnswer& answer) {
  ShardState& state = shards_[shard.value];
  // Who hears nothing cannot know what was missed: from here on the answers alone bring the books.
  if (silent() && state.incarnation != 0) start_over(shard);
  if (state.sequence.state() == wire::Sequence::State::InSync) return;
  // A gateway that began anew and has said nothing in this shard yet.
  const bool of_another =
      state.incarnation != 0 &&
      state.sequence.snapshot_taken(answer.position) != wire::Sequence::State::InSync;
  if (of_another) start_over(shard);
  // Nothing has come of the stream yet that these books could be joined with. They stand by their
  // own stamp; the first frame asks for them anew.
  if (state.incarnation == 0) {
    for (const domain::BookSnapshot& book : answer.books) {
      sink_.apply(BookLoaded{{.shard = shard, .sent_at = book.stamped_at, .trace = {}}, book});
    }
    return;
  }
  // Books that a snapshot in the stream has healed meanwhile are newer than these.
  std::vector<domain::MarketId> loaded;
  for (const domain::BookSnapshot& book : answer.books) {
    if (!sink_.is_stale(book.market)) continue;
    sink_.apply(BookLoaded{{.shard = shard, .sent_at = book.stamped_at, .trace = {}}, book});
    loaded.push_back(book.market);
  }
  deliver_kept(shard, loaded);
  forget_kept(state);
}

// What came after the snapshot was taken, for the books that were loaded from it.
void MarketFeed::deliver_kept(domain::Shard shard, const std::vector<domain::MarketId>& markets) {
  const ShardState& state = shards_[shard.value];
  for (const bus::Received& received : state.kept) {
    const FrameOrigin origin = origin_of(shard, received);
    for (std::size_t i = 0; i < received.messages.size(); ++i) {
      if (!state.sequence.applies({received.producer.incarnation, received.first_seq + i}))
        continue;
      if (codec_.decode(received.messages[i], message_) != wire::DecodeError::None)
        continue;  // counted before
      const domain::MarketId market =
          std::visit([](const auto& body) { return body.market; }, message_);
      const bool is_trade = std::holds_alternative<domain::TradeTick>(message_);  // heard before
      if (is_trade || std::find(markets.begin(), markets.end(), market) == markets.end()) continue;
      apply(origin, message_);
    }
  }
}

void MarketFeed::refuse(const std::string& topic, wire::DecodeError error) {
  ++refused_;
  refusals_log_.warning("A bus message was refused",
                        {{"topic", topic}, {"reason", wire::to_string(error)}});
}

}  // namespace polybot::strategy_runner
