// The sending end of PUB/SUB. publish() only collects; one frame per topic goes out per turn of the
// loop, in a task posted by the first publish of that turn, because a small NNG message costs as
// much as one of 8 KiB. Sequence numbers run per exact topic; an idle topic sends a tip each second
// so that a lost tail is noticed. Nobody can know whether a message was received.
//
// Runs on one loop: not thread-safe. Constructing throws std::runtime_error or
// std::invalid_argument with one clear line when an address is wrong, taken or not allowed.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus/address.hpp"
#include "common/bus/frame.hpp"
#include "common/bus/stats.hpp"

namespace polybot::bus {

// NNG's largest: bursts of market data and orders must pass.
inline constexpr int kQueueFramesMax = 8192;
// For state that the next message replaces (metrics, status): a deep queue would only hold old
// news.
inline constexpr int kQueueFramesState = 8;
// Topics are a closed, small set (shards, strategies, replicas); more is a bug in the caller.
inline constexpr std::size_t kPublishedTopicsMax = 4096;

struct PublisherConfig {
  Producer producer;
  std::vector<Endpoint> endpoints;
  NetworkTrust trust = NetworkTrust::LoopbackOnly;
  int queue_frames = kQueueFramesMax;
  // Wall clock for `sent_unix_ns`; the age of data is judged by it.
  std::function<std::int64_t()> unix_now_ns;
};

class Publisher {
 public:
  // `stats` outlives the publisher.
  Publisher(boost::asio::any_io_executor executor, PublisherConfig config, Stats& stats);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  ~Publisher();

  // Collects one message (any bytes). A frame that reaches 1 MiB goes out at once and a new one
  // begins. Throws std::invalid_argument for a bad topic, std::length_error above kMessageBytesMax:
  // both are mistakes of the caller. After close() it does nothing.
  void publish(std::string_view topic, std::string_view message);
  // Sends what was collected now, without waiting for the posted task: a trade waits for it, or the
  // process stops.
  void flush();
  // The last sequence number given to `topic`; 0 when none.
  [[nodiscard]] std::uint64_t last_seq(std::string_view topic) const;
  // The addresses in configured order, with the real port where 0 was asked for.
  [[nodiscard]] const std::vector<std::string>& addresses() const;
  // Flushes and closes; removes the ipc socket files of listeners. NNG discards what its own queues
  // still hold. A caller whose last messages matter calls flush() and waits a moment before.
  void close();

 private:
  struct State;
  // Shared with the posted flush and the tip timer, which may still be queued when this is
  // destroyed.
  std::shared_ptr<State> state_;
};

}  // namespace polybot::bus
