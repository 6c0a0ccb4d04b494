#include "common/bus/subscriber.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "common/bus/connection_guard.hpp"
#include "common/bus/continuity.hpp"
#include "common/bus/nng.hpp"

namespace polybot::bus {
namespace {

namespace asio = boost::asio;

// Frames taken in a row before others on the loop get their turn.
constexpr int kReceivesPerTurn = 64;

}  // namespace

// ---- Subscription

Subscription Subscription::topic(std::string exact) {
  return {Kind::Topic, std::move(exact)};
}
Subscription Subscription::channel(std::string name) {
  return {Kind::Channel, std::move(name)};
}

bool Subscription::matches(std::string_view topic) const {
  if (kind_ == Kind::Topic) return topic == name_;
  return topic.size() > name_.size() && topic.starts_with(name_) && topic[name_.size()] == '.';
}

std::string Subscription::filter() const {
  return name_ + (kind_ == Kind::Topic ? std::string(1, '\0') : std::string("."));
}

// ---- Subscriber

struct Subscriber::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor executor, SubscriberConfig settings, Stats& counters)
      : config(std::move(settings)),
        stats(counters),
        socket(nng::Protocol::Subscribe, config.queue_frames),
        readable(executor),
        arrival(executor, asio::steady_timer::time_point::max()),
        silence(executor),
        patience(config.silence_max),
        continuity(config.tracked_streams_max),
        ring(config.ring_frames, config.ring_bytes) {
    // Filters come first: no connection may deliver before the wanted topics are known.
    hears_all =
        std::any_of(config.endpoints.begin(), config.endpoints.end(),
                    [](const Endpoint& endpoint) { return endpoint.role == EndpointRole::Listen; });
    if (hears_all) socket.subscribe({});
    for (const Subscription& subscription : config.subscriptions) apply(subscription);
    for (const Endpoint& endpoint : config.endpoints) {
      addresses.push_back(socket.attach(endpoint, config.trust));
    }
    readable.assign(socket.receive_descriptor());
    guard.emplace(executor, socket, stats);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { close(); }

  void apply(const Subscription& subscription) {
    if (!hears_all) socket.subscribe(subscription.filter());
    stats.channel(subscription.name());
  }

  void wait_for_frames() {
    readable.async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          if (error || !self->socket.is_open()) return;
                          self->drain();
                        });
  }

  void watch_silence() {
    silence.expires_after(patience);
    silence.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || !self->socket.is_open()) return;
      const bool was_heard = std::exchange(self->heard, false);
      if (!was_heard) self->socket.redial();
      self->patience = was_heard ? self->config.silence_max : 2 * self->patience;
      self->watch_silence();
    });
  }

  // The pauses had grown because there was nothing to hear. Now there is, so the next silence is to
  // be noticed as soon as the first was.
  void note_heard() {
    heard = true;
    if (hears_all || patience == config.silence_max) return;
    patience = config.silence_max;
    watch_silence();
  }

  void drain() {
    for (int i = 0; i < kReceivesPerTurn; ++i) {
      nng::Message message = socket.try_receive();
      if (!message) {
        wait_for_frames();
        return;
      }
      note_heard();
      accept(std::move(message));
    }
    asio::post(readable.get_executor(), [self = shared_from_this()] {
      if (self->socket.is_open()) self->drain();
    });
  }

  // Decodes, counts, and keeps the frame for the consumer.
  void accept(nng::Message message) {
    auto decoded = decode_frame(message.bytes());
    if (const auto* refusal = std::get_if<Refusal>(&decoded)) return stats.count(*refusal);
    auto& frame = std::get<FrameView>(decoded);
    const auto wanted = [&](const Subscription& subscription) {
      return subscription.matches(frame.topic);
    };
    if (std::none_of(config.subscriptions.begin(), config.subscriptions.end(), wanted)) {
      if (std::any_of(given_up.begin(), given_up.end(), wanted)) return;  // was under way
      return stats.count(Refusal::UnknownTopic);
    }
    const auto& senders = config.senders;
    if (!senders.empty() &&
        std::find(senders.begin(), senders.end(), frame.producer.service) == senders.end()) {
      return stats.count(Refusal::ForeignSender);
    }
    const bool is_tip = frame.tip_seq != 0;
    const auto seen =
        is_tip ? continuity.on_tip(frame.producer.incarnation, frame.topic, frame.tip_seq)
               : continuity.on_frame(frame.producer.incarnation, frame.topic, frame.first_seq,
                                     frame.messages.size());
    if (seen.implausible) return stats.count(Refusal::ImplausibleSequence);

    ChannelStats& channel = stats.channel(frame.topic);
    channel.lost += seen.lost;
    channel.duplicated += seen.duplicated;
    channel.received += frame.messages.size() - seen.duplicated;
    const bool says_something =
        frame.messages.size() > seen.duplicated || seen.lost > 0 ||
        (is_tip && ring.owes_report(frame.producer.incarnation, frame.topic));
    if (!says_something) return;
    frame.messages.erase(frame.messages.begin(),
                         frame.messages.begin() + static_cast<std::ptrdiff_t>(seen.duplicated));
    ring.push(Received{.producer = std::move(frame.producer),
                       .topic = std::move(frame.topic),
                       .first_seq = is_tip ? 0 : frame.first_seq + seen.duplicated,
                       .sent_unix_ns = frame.sent_unix_ns,
                       .messages = std::move(frame.messages),
                       .lost_before = seen.lost,
                       .first_contact = seen.first_contact,
                       .storage = std::move(message)},
              channel);
    arrival.cancel();
  }

  void close() {
    if (!socket.is_open()) return;
    readable.release();  // the descriptor is NNG's to close
    guard.reset();
    socket.close();
    arrival.cancel();
    silence.cancel();
  }

  SubscriberConfig config;
  Stats& stats;
  nng::Socket socket;
  std::optional<ConnectionGuard> guard;
  asio::posix::stream_descriptor readable;
  asio::steady_timer arrival;  // never expires; cancelled when a frame arrives
  asio::steady_timer silence;
  std::chrono::milliseconds patience;  // until the next look
  bool heard = false;                  // anything since the last look
  Continuity continuity;
  FrameRing ring;
  std::vector<std::string> addresses;
  std::vector<Subscription> given_up;  // subscribed to before
  int taken_in_a_row = 0;
  bool hears_all = false;
};

Subscriber::Subscriber(asio::any_io_executor executor, SubscriberConfig config, Stats& stats)
    : state_(std::make_shared<State>(std::move(executor), std::move(config), stats)) {
  state_->wait_for_frames();
  if (!state_->hears_all) state_->watch_silence();
}

Subscriber::~Subscriber() {
  close();
}

asio::awaitable<Received> Subscriber::receive() {
  const std::shared_ptr<State> state = state_;
  while (true) {
    if (!state->socket.is_open()) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
    if (!state->ring.empty()) break;
    state->taken_in_a_row = 0;
    // cancel() ends this wait. The error says no more than the ring does.
    co_await state->arrival.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (++state->taken_in_a_row >= kReceivesPerTurn) {
    state->taken_in_a_row = 0;
    co_await asio::post(state->readable.get_executor(), asio::use_awaitable);
    // The ring cannot be empty here, because there is only one consumer.
  }
  auto frame = state->ring.pop();
  co_return std::move(*frame);
}

void Subscriber::subscribe(const Subscription& subscription) {
  auto& subscriptions = state_->config.subscriptions;
  if (std::find(subscriptions.begin(), subscriptions.end(), subscription) != subscriptions.end())
    return;
  std::erase(state_->given_up, subscription);
  state_->apply(subscription);
  subscriptions.push_back(subscription);
}

void Subscriber::unsubscribe(const Subscription& subscription) {
  auto& subscriptions = state_->config.subscriptions;
  const auto found = std::find(subscriptions.begin(), subscriptions.end(), subscription);
  if (found == subscriptions.end()) return;
  if (!state_->hears_all) state_->socket.unsubscribe(subscription.filter());
  state_->continuity.forget(subscription.name());
  state_->given_up.push_back(*found);
  subscriptions.erase(found);
}

const std::vector<std::string>& Subscriber::addresses() const {
  return state_->addresses;
}

void Subscriber::close() {
  state_->close();
}

}  // namespace polybot::bus
