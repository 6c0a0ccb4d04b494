// Market data off the bus as inputs of the core: md.<shard> (books, trades) and market.<shard>
// (definitions) of the shards it is told to follow, and of no others. Who begins to follow a shard
// asks for its books and definitions at once. Notices what is missing, says so to the core, and
// fetches the books of a shard anew from the gateway's recovery port; should that fail, the
// snapshots in the stream heal each book within a second. While the stream is silent the books are
// fetched again and again. Undecodable messages are counted and dropped.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "common/bus/recovery.hpp"
#include "common/bus/subscriber.hpp"
#include "common/metrics/registry.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "common/wire/market_data_codec.hpp"
#include "common/wire/recovery_codec.hpp"
#include "common/wire/sequence.hpp"
#include "services/strategy-runner/config.hpp"

namespace polybot::strategy_runner {

class MarketFeed {
 public:
  struct Sink {
    std::function<void(const Input&)> apply;  // one input
    // A frame is applied; `received_at` is monotonic. Time to evaluate.
    std::function<void(domain::Duration received_at)> settle;
    // Whether a snapshot of this market's book is still wanted.
    std::function<bool(const domain::MarketId&)> is_stale;
  };

  // Dials. Throws as bus::Subscriber does. `stats` and `registry` outlive the feed.
  MarketFeed(boost::asio::any_io_executor executor, const BusConfig& config, bus::Stats& stats,
             metrics::Registry& registry, Sink sink);

  // Both run until closed or cancelled.
  [[nodiscard]] boost::asio::awaitable<void> read();
  [[nodiscard]] boost::asio::awaitable<void> recover();
  void close();

  // The shards to follow from now on; bit n = shard n.
  void follow(std::uint64_t shards);

  // Monotonic time at which the stream was last known to work: of its last frame or, where nothing
  // is published in the shards that are followed, of the answers that say so. Other answers prove
  // nothing, they come by another way. Empty before the first.
  [[nodiscard]] std::optional<domain::Duration> alive_at() const;
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  // Frames that came while a snapshot was awaited, to be joined with it.
  static constexpr std::size_t kKeptMessagesMax = 8192;
  struct ShardState {
    wire::Sequence sequence;
    std::uint64_t incarnation = 0;
    std::vector<bus::Received> kept;
    std::size_t kept_messages = 0;
    bool wanted = false;
    bool followed = false;
    // Monotonic time of the last answer after which the stream may be silent here.
    std::optional<domain::Duration> idle_at;
  };

  void begin(domain::Shard shard);
  void end(domain::Shard shard);
  void start_over(domain::Shard shard);
  [[nodiscard]] bool silent() const;
  void take_market_data(bus::Received received);
  void take_markets(const bus::Received& received);
  void deliver(domain::Shard shard, const bus::Received& received);
  void deliver_kept(domain::Shard shard, const std::vector<domain::MarketId>& markets);
  [[nodiscard]] static FrameOrigin origin_of(domain::Shard shard, const bus::Received& received);
  void apply(const FrameOrigin& origin, const wire::MarketData& message);
  void want(domain::Shard shard);
  void forget_kept(ShardState& state);
  [[nodiscard]] boost::asio::awaitable<bool> fetch(domain::Shard shard);
  void join(domain::Shard shard, const wire::BooksAnswer& answer);
  void refuse(const std::string& topic, wire::DecodeError error);

  bus::Subscriber subscriber_;
  bus::RecoveryClient recovery_;
  boost::asio::steady_timer wanted_;  // cancelled when a shard is wanted
  metrics::Histogram bus_latency_;
  Sink sink_;
  runtime::Clock clock_;
  wire::MarketDataCodec codec_;
  wire::MarketData message_;  // reused, so that decoding allocates little
  std::array<ShardState, domain::kShards> shards_;
  std::optional<domain::Duration> heard_at_;  // the stream, not the answers
  std::uint64_t refused_ = 0;
  runtime::log::Limited refusals_log_;
};

}  // namespace polybot::strategy_runner
