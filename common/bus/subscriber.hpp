// The receiving end of PUB/SUB. The NNG socket is drained at once into a bounded ring of our own,
// so that a slow consumer shows as queue depth and then as counted losses, never as silence. Losses
// on the way (sequence gaps, tips) are counted per channel and handed to the consumer with the next
// frame of that topic: `lost_before` says how many messages it will never see.
//
// Runs on one loop: not thread-safe. Constructing throws std::runtime_error or
// std::invalid_argument with one clear line when an address is wrong, taken or not allowed.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus/address.hpp"
#include "common/bus/frame.hpp"
#include "common/bus/frame_ring.hpp"
#include "common/bus/publisher.hpp"
#include "common/bus/stats.hpp"

namespace polybot::bus {

// What a subscriber wants: one exact topic, or every topic of a channel ("md" takes md.0, md.1,
// ...).
class Subscription {
 public:
  [[nodiscard]] static Subscription topic(std::string exact);
  [[nodiscard]] static Subscription channel(std::string name);

  [[nodiscard]] bool matches(std::string_view topic) const;
  [[nodiscard]] std::string_view name() const { return name_; }
  // NNG's prefix filter for it.
  [[nodiscard]] std::string filter() const;
  bool operator==(const Subscription&) const = default;

 private:
  enum class Kind : std::uint8_t { Topic, Channel };
  Subscription(Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {}
  Kind kind_;
  std::string name_;
};

// A subscriber that listens is open to all who can dial it. It takes every frame off the socket,
// and counts those that nobody should send to it. One that dials has NNG drop what it did not ask
// for.
struct SubscriberConfig {
  std::vector<Endpoint> endpoints;
  std::vector<Subscription> subscriptions;
  // The services that may speak here; frames that name another one are refused. Empty: any.
  std::vector<std::string> senders = {};
  NetworkTrust trust = NetworkTrust::LoopbackOnly;
  int queue_frames = kQueueFramesMax;
  // The ring drops its oldest frame beyond either bound.
  std::size_t ring_frames = 8192;
  std::size_t ring_bytes = std::size_t{64} << 20;
  // The sequence numbers of so many streams (incarnation and topic) are remembered. The stream that
  // was silent for longest goes first.
  std::size_t tracked_streams_max = 16384;
  // One that dials and hears nothing for so long dials again: NNG may hold a connection that no
  // longer carries anything. As long as it hears nothing it does so ever less often, because there
  // may be nothing to hear.
  std::chrono::milliseconds silence_max{5000};
};

class Subscriber {
 public:
  // `stats` outlives the subscriber. Draining begins at once.
  Subscriber(boost::asio::any_io_executor executor, SubscriberConfig config, Stats& stats);
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  ~Subscriber();

  // The next frame in order of arrival; waits for one. One caller at a time. Gives the loop to
  // others after 64 frames taken without waiting. Ends with operation_aborted (as an exception,
  // like any use_awaitable operation) when the subscriber is closed or the caller is cancelled.
  boost::asio::awaitable<Received> receive();

  // Messages that pass between an unsubscribe() and the next subscribe() are no loss. Messages
  // under way at the unsubscribe() are dropped silently.
  void subscribe(const Subscription& subscription);
  void unsubscribe(const Subscription& subscription);

  [[nodiscard]] const std::vector<std::string>& addresses() const;
  void close();

 private:
  struct State;
  // Shared with the pending wait on NNG's descriptor, which may still be queued when this is
  // destroyed.
  std::shared_ptr<State> state_;
};

}  // namespace polybot::bus
