// What order-manager says, whole and in order: the lossless order.<strategy> streams with replay
// and snapshot, and its state topics (strategy, lease). Everything is handed to one listener;
// folding it into read models is theirs.
//
// A hole in a stream is certain (each message names the one before it) and is filled from the
// recovery port before anything after it is delivered. Until every stream known is whole, in_sync()
// is false.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus/recovery.hpp"
#include "common/bus/stream_tracker.hpp"
#include "common/bus/subscriber.hpp"
#include "common/domain/state_topics.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/health.hpp"
#include "common/runtime/logging.hpp"
#include "common/wire/recovery_codec.hpp"

namespace polybot::gateway {

struct OrderStreamSettings {
  std::string orders_address;    // order-manager's 5561
  std::string recovery_address;  // and 5562
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  domain::Duration recovery_timeout = std::chrono::seconds(2);
  domain::Duration silence = std::chrono::seconds(3);  // order-manager speaks every 500 ms
};

struct OrderStreamListener {
  // Each event once, in order. From a snapshot: state, not news.
  enum class Kind : std::uint8_t { News, Snapshot };
  std::function<void(const domain::StreamedEvent&, Kind)> on_event;
  // A snapshot of this stream follows (the empty name: order.all).
  std::function<void(const domain::StrategyName&)> on_forget;
  std::function<void(std::vector<domain::StrategyState>, domain::AccountState)> on_strategies;
  std::function<void(std::vector<domain::Lease>)> on_leases;
  // CommandAccepted or CommandDenied, repeats of old answers included.
  std::function<void(const domain::Event&)> on_command_answer;
};

class OrderStream {
 public:
  // The listener's functions must all be set. Throws for an address that is not allowed.
  OrderStream(boost::asio::any_io_executor executor, OrderStreamSettings settings,
              runtime::Health& health, runtime::Clock clock, bus::Stats& stats,
              OrderStreamListener listener);

  // Until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();

  [[nodiscard]] bool in_sync() const;
  [[nodiscard]] std::uint64_t events_seen() const { return events_seen_; }

 private:
  struct Stream {
    bus::StreamTracker tracker;
    bool whole = false;
    std::uint64_t announced_seq = 0;  // by the strategy topic
  };

  [[nodiscard]] boost::asio::awaitable<void> receive();
  [[nodiscard]] boost::asio::awaitable<void> watch();
  [[nodiscard]] boost::asio::awaitable<void> on_order_message(std::string_view stream,
                                                              std::string_view bytes);
  [[nodiscard]] boost::asio::awaitable<void> on_strategies(std::string_view bytes);
  void on_leases(std::string_view bytes);
  // Brings a stream up to date; false when that failed and must be tried again.
  [[nodiscard]] boost::asio::awaitable<bool> recover(std::string name);
  [[nodiscard]] boost::asio::awaitable<std::optional<wire::OrdersAnswer>> ask(
      wire::OrdersRequest request);
  [[nodiscard]] boost::asio::awaitable<bool> take_snapshot(std::string name);
  void deliver(const domain::StreamedEvent& event, OrderStreamListener::Kind kind);
  void refuse(std::string_view what, wire::DecodeError error);

  boost::asio::any_io_executor executor_;
  OrderStreamSettings settings_;
  runtime::Health& health_;
  runtime::Clock clock_;
  OrderStreamListener listener_;
  bus::Subscriber subscriber_;
  bus::RecoveryClient recovery_;
  std::map<std::string, Stream, std::less<>> streams_;  // by topic tail: a strategy, or "all"
  domain::Duration heard_at_{};
  bool heard_ = false;
  std::uint64_t events_seen_ = 0;
  runtime::log::Limited refused_;
};

}  // namespace polybot::gateway
