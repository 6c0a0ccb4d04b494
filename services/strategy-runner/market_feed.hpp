// Market data off the bus: follows md.<shard> (books, trades; common/follow) and hears
// market.<shard> (definitions) of the shards it is told to follow, and of no others. Dials.
// Messages that cannot be read are counted.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/bus/recovery.hpp"
#include "common/bus/subscriber.hpp"
#include "common/follow/shard_followers.hpp"
#include "common/metrics/registry.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "services/strategy-runner/config.hpp"

namespace polybot::strategy_runner {

class MarketFeed {
 public:
  struct Sink {
    std::function<void(const Input&)> apply;  // one input
    // A frame or an answer is applied, so it is time to evaluate. `received_at` is monotonic.
    std::function<void(domain::Duration received_at)> settle;
  };

  // Throws as bus::Subscriber does. `stats` and `registry` outlive the feed.
  MarketFeed(boost::asio::any_io_executor executor, const BusConfig& config, bus::Stats& stats,
             metrics::Registry& registry, Sink sink);

  // Until closed or cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  void close();

  // The shards to follow from now on; bit n = shard n.
  void follow(std::uint64_t shards);

  // As follow::ShardFollowers says.
  [[nodiscard]] std::optional<domain::Duration> alive_at() const { return followers_.alive_at(); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  [[nodiscard]] follow::MarketSink sink();
  [[nodiscard]] boost::asio::awaitable<void> read();
  void take_markets(const bus::Received& received);
  void refuse(const std::string& topic, wire::DecodeError error);

  bus::Subscriber subscriber_;
  bus::RecoveryClient recovery_;
  boost::asio::steady_timer wake_;
  metrics::Histogram bus_latency_;
  Sink sink_;
  runtime::Clock clock_;
  follow::ShardFollowers followers_;
  std::uint64_t refused_ = 0;
  runtime::log::Limited refusals_log_;
};

}  // namespace polybot::strategy_runner
