#include "services/venue-simulator/mirror_driver.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

#include "common/feeds/questions.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "common/runtime/until_one_ends.hpp"
#include "common/wire/topics.hpp"

namespace polybot::venue_simulator {
namespace {

constexpr std::string_view kMirror = "mirror";
constexpr auto kMirrorBooksWithin = std::chrono::milliseconds(1000);

bus::SubscriberConfig mirror_subscription(const MirrorConfig& config) {
  bus::SubscriberConfig subscription;
  subscription.endpoints = {{.role = bus::EndpointRole::Dial, .address = config.market_data}};
  for (const std::string_view channel : {wire::channels::kMarketData, wire::channels::kMarket})
    subscription.subscriptions.push_back(bus::Subscription::channel(std::string(channel)));
  subscription.senders = {std::string(wire::ports::kMarketData.listens.front())};
  return subscription;
}

}  // namespace

MirrorDriver::MirrorDriver(boost::asio::any_io_executor executor, const MirrorConfig& config,
                           ExchangeHost& host, MarketChannel& channel, runtime::Health& health)
    : host_(host),
      channel_(channel),
      health_(health),
      feed_(config.book_age_max),
      subscriber_(executor, mirror_subscription(config), stats_),
      recovery_(executor, {.address = config.market_data_recovery}, stats_),
      wake_(executor),
      followers_(sink()) {
  health_.add(kMirror, "no market of the venue is known yet");
  (void)followers_.follow(~std::uint64_t{0});
}

void MirrorDriver::take(domain::Shard, const domain::BookSnapshot& book) {
  load(book);
}
void MirrorDriver::take(domain::Shard, const domain::TradeTick& trade) {
  tell(trade);
}
void MirrorDriver::take(domain::Shard shard, const domain::ShardVouched& vouched) {
  feed_.on(shard, vouched);
}
template <class Message>
void MirrorDriver::take(domain::Shard, const Message& message) {
  MirrorFeed::Inputs inputs;
  feed_.on(message, inputs);
  apply(inputs);
}

follow::MarketSink MirrorDriver::sink() {
  follow::MarketSink sink;
  sink.deliver = [this](const follow::FrameHead& head, const wire::MarketData& message) {
    std::visit([&](const auto& body) { take(head.shard, body); }, message);
  };
  sink.define = [this](const domain::Market& market) { define(market); };
  sink.load = [this](domain::Shard, const domain::BookSnapshot& book) { load(book); };
  sink.broken = [this](domain::Shard shard) {
    MirrorFeed::Inputs inputs;
    feed_.on_gap(shard, inputs);
    apply(inputs);
  };
  sink.refuse = [this](domain::Shard shard, wire::DecodeError error) {
    refuse(wire::topics::market_data(shard), error);
  };
  sink.ask = [this] { wake_.cancel(); };
  return sink;
}

boost::asio::awaitable<void> MirrorDriver::run() {
  const std::function<void(domain::Duration)> answered = [](domain::Duration) {};
  (void)co_await runtime::until_one_ends(
      read(), feeds::put_questions(followers_, recovery_, kMirrorBooksWithin, wake_, answered));
}

boost::asio::awaitable<void> MirrorDriver::read() {
  for (;;) {
    const bus::Received received = co_await subscriber_.receive();
    take(received);
  }
}

void MirrorDriver::take(const bus::Received& received) {
  const auto shard = wire::topics::shard_of(received.topic);
  if (!shard) return refuse(received.topic, wire::DecodeError::Malformed);
  const domain::Duration now = clock_.monotonic();
  const follow::Frame frame{.head = {.shard = *shard,
                                     .incarnation = received.producer.incarnation,
                                     .first_seq = received.first_seq,
                                     .sent_at = domain::from_unix_ns(received.sent_unix_ns)},
                            .lost_before = received.lost_before,
                            .messages = received.messages};
  if (bus::channel_of(received.topic) != wire::channels::kMarket)
    return followers_.on_frame(frame, now);
  followers_.on_definitions(frame, now);
  take_markets(received);
}

void MirrorDriver::take_markets(const bus::Received& received) {
  for (const std::string_view bytes : received.messages) {
    domain::Market market;
    const auto error = wire::decode_market(bytes, market);
    if (error == wire::DecodeError::None) {
      define(market);
    } else {
      refuse(received.topic, error);
    }
  }
}

void MirrorDriver::define(const domain::Market& market) {
  MirrorFeed::Inputs inputs;
  feed_.on(market, host_.now(), inputs);
  apply(inputs);
}

// A market that the exchange halted by itself opens with the book that the gateway repeats.
void MirrorDriver::load(const domain::BookSnapshot& book) {
  MirrorFeed::Inputs inputs;
  if (halted(book.market)) feed_.on(domain::BookStale{book.market, book.stamped_at}, inputs);
  feed_.on(book, inputs);
  apply(inputs);
}

void MirrorDriver::tell(const domain::TradeTick& trade) {
  const domain::Market* market = feed_.find(trade.market);
  if (market == nullptr || halted(trade.market)) return;
  MirrorFeed::Inputs inputs;
  feed_.on(trade, inputs);
  apply(inputs);
  polymarket::MarketFrame frame;
  frame.events.emplace_back(polymarket::LastTradeEvent{.market = market->id,
                                                       .token = market->yes_token,
                                                       .venue_at = trade.venue_at,
                                                       .side = trade.aggressor,
                                                       .price = trade.price,
                                                       .quantity = trade.quantity});
  channel_.publish_recorded(frame, host_.now());
}

bool MirrorDriver::halted(const domain::MarketId& market) const {
  const auto number = host_.engine().find_market(market);
  return number && host_.exchange().mirror().halted(*number);
}

// Whoever reads the books of this venue hears of a halt, and of the whole book that ends it.
void MirrorDriver::apply(const MirrorFeed::Inputs& inputs) {
  for (const Input& input : inputs) {
    std::optional<domain::MarketId> waiting;
    if (const auto* moment = std::get_if<PlayMirror>(&input); moment && !moment->events.empty()) {
      if (const auto* book = std::get_if<RecordedBook>(&moment->events.front())) {
        const auto place = host_.engine().find_token(book->token);
        if (place && host_.exchange().mirror().halted(place->market))
          waiting = host_.engine().listing(place->market)->market.id;
      }
    }
    if (waiting) channel_.hold(*waiting);
    static_cast<void>(host_.apply(input));
    if (waiting) channel_.publish_books(*waiting);
    const auto* halt = std::get_if<HaltMirrored>(&input);
    if (halt == nullptr) continue;
    halts_log_.info("Markets are halted: nobody vouches for their books",
                    {{"markets", halt->markets.size()}});
    for (const domain::MarketId& market : halt->markets) channel_.publish_halt(market);
  }
}

void MirrorDriver::refuse(const std::string& topic, wire::DecodeError error) {
  ++refused_;
  refusals_log_.warning("A bus message was refused",
                        {{"topic", topic}, {"reason", wire::to_string(error)}});
}

void MirrorDriver::turn() {
  MirrorFeed::Inputs inputs;
  feed_.on_time(host_.now(), inputs);
  apply(inputs);
  const MirrorFeed::Count count = feed_.count();
  const std::size_t wanted = count.markets - count.paused;
  const std::size_t stopped = wanted - std::min(wanted, count.fresh);
  if (wanted == 0) {
    health_.set_not_ready(kMirror, "no market of the venue takes orders, or none is known yet");
  } else if (stopped * 10 > wanted) {
    health_.set_not_ready(kMirror, std::to_string(stopped) + " of " + std::to_string(wanted) +
                                       " markets are halted: nobody vouches for their books");
  } else {
    health_.set_ready(kMirror);
  }
}

std::string MirrorDriver::status() const {
  const MirrorFeed::Count count = feed_.count();
  const std::size_t wanted = count.markets - count.paused;
  return "{\"markets\":" + std::to_string(count.markets) +
         ",\"fresh\":" + std::to_string(count.fresh) +
         ",\"halted\":" + std::to_string(wanted - std::min(wanted, count.fresh)) +
         ",\"paused\":" + std::to_string(count.paused) +
         ",\"refused\":" + std::to_string(refused_) + "}";
}

}  // namespace polybot::venue_simulator
