#include "common/bus/publisher.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/bus/connection_guard.hpp"
#include "common/bus/nng.hpp"

namespace polybot::bus {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kTipInterval{1};

struct Topic {
  std::string name;
  ChannelStats* channel = nullptr;
  std::uint64_t last_seq = 0;
  std::string pending;  // encoded messages not sent yet
  std::uint64_t pending_count = 0;
  bool sent_since_tip = false;
};

}  // namespace

struct Publisher::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor where, PublisherConfig settings, Stats& counters)
      : executor(std::move(where)),
        config(std::move(settings)),
        stats(counters),
        socket(nng::Protocol::Publish, config.queue_frames),
        tip_timer(executor) {
    if (!is_valid_producer_name(config.producer.service) ||
        !is_valid_producer_name(config.producer.replica)) {
      throw std::invalid_argument("bus: a producer needs a printable service and replica name");
    }
    for (const Endpoint& endpoint : config.endpoints) {
      addresses.push_back(socket.attach(endpoint, config.trust));
    }
    guard.emplace(executor, socket, stats);
  }

  Topic& topic_named(std::string_view name) {
    const auto found = topics.find(name);
    if (found != topics.end()) return found->second;
    if (!is_valid_topic(name)) {
      throw std::invalid_argument("bus: not a topic: \"" + std::string(name) + "\"");
    }
    if (topics.size() >= kPublishedTopicsMax) throw std::length_error("bus: too many topics");
    Topic& topic = topics[std::string(name)];
    topic.name = name;
    topic.channel = &stats.channel(name);
    return topic;
  }

  void collect(std::string_view name, std::string_view message) {
    if (message.size() > kMessageBytesMax) {
      throw std::length_error("bus: message of " + std::to_string(message.size()) + " bytes on " +
                              std::string(name));
    }
    Topic& topic = topic_named(name);
    const std::size_t size = encoded_message_size(message);
    if (topic.pending_count > 0 && (topic.pending.size() + size > kMessageBytesMax ||
                                    topic.pending_count >= kFrameMessagesMax)) {
      send_frame(topic);
    }
    if (topic.pending_count == 0) dirty.push_back(&topic);
    append_message(topic.pending, message);
    ++topic.pending_count;
    ++topic.last_seq;
    ++topic.channel->published;
    schedule_flush();
  }

  void schedule_flush() {
    if (std::exchange(flush_is_posted, true)) return;
    asio::post(executor, [self = shared_from_this()] { self->flush(); });
  }

  void flush() {
    flush_is_posted = false;
    for (Topic* topic : dirty) {
      if (topic->pending_count > 0) send_frame(*topic);
    }
    dirty.clear();
  }

  void send_frame(Topic& topic) {
    const std::uint64_t first_seq = topic.last_seq - topic.pending_count + 1;
    if (socket.is_open()) {
      socket.send(nng::Message::of(
          encode_header(config.producer, topic.name, first_seq, config.unix_now_ns()),
          topic.pending));
    }
    topic.pending.clear();
    topic.pending_count = 0;
    topic.sent_since_tip = true;
  }

  void wait_for_tips() {
    tip_timer.expires_after(kTipInterval);
    tip_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || !self->socket.is_open()) return;
      self->send_tips();
      self->wait_for_tips();
    });
  }

  void send_tips() {
    for (auto& [name, topic] : topics) {
      if (std::exchange(topic.sent_since_tip, false) || topic.pending_count > 0) continue;
      if (topic.last_seq == 0) continue;
      socket.send(nng::Message::of(
          encode_tip(config.producer, name, topic.last_seq, config.unix_now_ns())));
    }
  }

  void close() {
    flush();
    tip_timer.cancel();
    guard.reset();
    socket.close();
  }

  asio::any_io_executor executor;
  PublisherConfig config;
  Stats& stats;
  nng::Socket socket;
  std::optional<ConnectionGuard> guard;
  asio::steady_timer tip_timer;
  std::vector<std::string> addresses;
  std::map<std::string, Topic, std::less<>> topics;  // node-stable
  std::vector<Topic*> dirty;  // with pending messages, in order of first publish
  bool flush_is_posted = false;
};

Publisher::Publisher(asio::any_io_executor executor, PublisherConfig config, Stats& stats)
    : state_(std::make_shared<State>(std::move(executor), std::move(config), stats)) {
  state_->wait_for_tips();
}

Publisher::~Publisher() {
  close();
}

void Publisher::publish(std::string_view topic, std::string_view message) {
  if (state_->socket.is_open()) state_->collect(topic, message);
}

void Publisher::flush() {
  state_->flush();
}

std::uint64_t Publisher::last_seq(std::string_view topic) const {
  const auto found = state_->topics.find(topic);
  return found == state_->topics.end() ? 0 : found->second.last_seq;
}

const std::vector<std::string>& Publisher::addresses() const {
  return state_->addresses;
}

void Publisher::close() {
  state_->close();
}

}  // namespace polybot::bus
