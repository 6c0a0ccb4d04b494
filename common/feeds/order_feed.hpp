// What order-manager says: its lossless streams, followed (common/follow), and its state topics
// (strategies, leases). Dials; runs on one loop: not thread-safe. Messages that cannot be read are
// counted.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus/recovery.hpp"
#include "common/bus/subscriber.hpp"
#include "common/follow/order_followers.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"

namespace polybot::feeds {

struct OrderFeedSettings {
  bus::Address orders_address;    // order-manager's 5561
  bus::Address recovery_address;  // and 5562
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  std::size_t ring_frames = 8192;
  std::chrono::milliseconds recovery_timeout{1000};
  follow::Beginning beginning = follow::Beginning::State;
  // Streams followed from the start. If empty: every stream, as soon as a message names it.
  std::vector<domain::StrategyName> streams;
};

struct OrderFeedListener {
  follow::OrderSink orders;  // except `refuse` and `ask`, which the feed sets
  std::function<void(const wire::StrategyTable&)> on_states;
  std::function<void(const std::vector<domain::Lease>&)> on_leases;
  std::function<void()> settle;  // called when a frame or an answer is delivered whole
};

class OrderFeed {
 public:
  // Throws as bus::Subscriber does. `stats` outlives the feed.
  OrderFeed(boost::asio::any_io_executor executor, const OrderFeedSettings& settings,
            bus::Stats& stats, OrderFeedListener listener);

  // Until closed or cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  void close();

  // Every known stream is followed without a hole.
  [[nodiscard]] bool whole() const { return followers_.whole(); }
  // Monotonic time of the last state message; empty before the first.
  [[nodiscard]] std::optional<domain::Duration> heard_at() const { return heard_at_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  // Told to the listener: events, and entries of states.
  [[nodiscard]] std::uint64_t events_told() const { return events_told_; }

 private:
  [[nodiscard]] follow::OrderSink sink(follow::OrderSink told);
  [[nodiscard]] boost::asio::awaitable<void> read();
  void take_orders(const bus::Received& received);
  void take_states(std::string_view bytes);
  void take_leases(std::string_view bytes);
  void refuse(std::string_view what, wire::DecodeError error);

  bus::Subscriber subscriber_;
  bus::RecoveryClient recovery_;
  std::chrono::milliseconds recovery_timeout_;
  bool follows_all_;
  boost::asio::steady_timer wake_;
  OrderFeedListener listener_;
  runtime::Clock clock_;
  follow::OrderFollowers followers_;
  std::optional<domain::Duration> heard_at_;
  std::uint64_t refused_ = 0;
  std::uint64_t events_told_ = 0;
  runtime::log::Limited refusals_log_;
};

}  // namespace polybot::feeds
