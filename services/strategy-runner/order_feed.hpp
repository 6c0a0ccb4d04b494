// What order-manager says as inputs of the core: the lossless streams order.<strategy> of the
// strategies this process runs, and the state topics (strategies, leases). A stream begins with a
// snapshot from the recovery port; a hole is filled by a replay, or by a new snapshot when
// order-manager no longer keeps what is missing. While a stream has a hole its strategy decides
// nothing.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/bus/recovery.hpp"
#include "common/bus/stream_tracker.hpp"
#include "common/bus/subscriber.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "common/wire/decode_error.hpp"
#include "common/wire/recovery_codec.hpp"
#include "services/strategy-runner/config.hpp"

namespace polybot::strategy_runner {

class OrderFeed {
 public:
  struct Sink {
    std::function<void(const Input&)> apply;  // one input
    std::function<void()> settle;             // a frame is applied: time to evaluate
  };

  // Dials. Throws as bus::Subscriber does. `stats` outlives the feed.
  OrderFeed(boost::asio::any_io_executor executor, const Config& config, bus::Stats& stats,
            Sink sink);

  // Both run until closed or cancelled.
  [[nodiscard]] boost::asio::awaitable<void> read();
  [[nodiscard]] boost::asio::awaitable<void> recover();
  void close();

  // Monotonic time of the last state message; empty before the first.
  [[nodiscard]] std::optional<domain::Duration> heard_at() const { return heard_at_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  // Strategies of this process that order-manager's configuration lacks: they never get a lease.
  [[nodiscard]] const std::vector<domain::StrategyName>& unmanaged() const { return unmanaged_; }

 private:
  enum class Need : std::uint8_t { Nothing, Replay, Snapshot };
  struct Stream {
    bus::StreamTracker tracker;
    Need need = Need::Snapshot;
    std::uint64_t newest_seq = 0;        // highest number anybody spoke of
    std::uint64_t state_seq_before = 0;  // what the last state message said
  };

  void take_orders(const bus::Received& received);
  void take_strategies(const bus::Received& received);
  void take_leases(const bus::Received& received);
  void note_unmanaged(const std::vector<domain::StrategyState>& managed);
  void observe(const domain::StrategyName& name, Stream& stream,
               const domain::StreamedEvent& event);
  void broken(const domain::StrategyName& name, Stream& stream, Need need);
  static void start_over(Stream& stream);
  [[nodiscard]] boost::asio::awaitable<bool> mend(domain::StrategyName name, Stream& stream);
  [[nodiscard]] boost::asio::awaitable<bool> replay(domain::StrategyName name, Stream& stream);
  [[nodiscard]] boost::asio::awaitable<bool> restore(domain::StrategyName name, Stream& stream);
  [[nodiscard]] boost::asio::awaitable<std::optional<wire::OrdersAnswer>> ask(
      wire::OrdersRequest request);
  [[nodiscard]] bool decode_entries(const std::vector<std::string>& encoded,
                                    std::vector<domain::StreamedEvent>& out);
  void refuse(const std::string& topic, wire::DecodeError error);

  bus::Subscriber subscriber_;
  bus::RecoveryClient recovery_;
  boost::asio::steady_timer needed_;  // cancelled when a stream needs mending
  Sink sink_;
  runtime::Clock clock_;
  std::map<domain::StrategyName, Stream> streams_;
  std::vector<domain::StrategyName> unmanaged_;
  std::optional<domain::Duration> heard_at_;
  std::uint64_t refused_ = 0;
  runtime::log::Limited refusals_log_;
};

}  // namespace polybot::strategy_runner
