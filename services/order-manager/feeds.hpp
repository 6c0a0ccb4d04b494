// What arrives over the bus, as inputs of the core: quotes and market hints from the gateway,
// signals and announcements from runners, and commands from operators, which the gateway alone may
// send and which have a port of their own. What another service sends, and what cannot be read, is
// counted and dropped.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <string>

#include "common/bus/subscriber.hpp"
#include "common/follow/quote_follower.hpp"
#include "common/metrics/per_enum.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "services/order-manager/config.hpp"
#include "services/order-manager/core/inputs.hpp"

namespace polybot::order_manager {

// Why a message was dropped; a metric label (domain/enumeration.hpp).
enum class MessageRefusal : std::uint8_t { Malformed = 0, WrongTopic = 1 };

class Feeds {
 public:
  struct Core {
    std::function<void(Input)> post;
    std::function<bool()> is_behind;  // signals and quotes wait meanwhile, in their rings
  };

  // Listens for signals and commands, dials the gateway. Throws as bus::Subscriber does.
  Feeds(boost::asio::any_io_executor executor, const Config& config, bus::Stats& stats,
        metrics::Registry& registry, Core core);

  // All run until closed or cancelled.
  [[nodiscard]] boost::asio::awaitable<void> read_quotes();
  [[nodiscard]] boost::asio::awaitable<void> read_signals();
  [[nodiscard]] boost::asio::awaitable<void> read_commands();
  void close();

  // Bit n: quotes of shard n are missing (AccountState::quotes_wanted).
  [[nodiscard]] std::uint64_t quotes_wanted() const { return follower_.wanted(); }
  // The parameters that runners run each strategy with, as last announced.
  [[nodiscard]] const std::map<domain::StrategyName, domain::Parameters>& parameters() const {
    return parameters_;
  }

 private:
  [[nodiscard]] follow::QuoteSink sink();
  [[nodiscard]] boost::asio::awaitable<void> wait_for_the_core() const;
  void take_quotes(const bus::Received& received);
  void take_hints(const bus::Received& received);
  void take_signals(const bus::Received& received);
  void take_commands(const bus::Received& received);
  void learn_parameters(const domain::RunnerAnnounced& runner);
  void refuse(const std::string& topic, MessageRefusal reason);

  bus::Subscriber quotes_;
  bus::Subscriber signals_;
  bus::Subscriber commands_;
  Core core_;
  follow::QuoteFollower follower_;
  runtime::Clock clock_;
  runtime::log::Limited refusals_log_;
  metrics::PerEnum<MessageRefusal, metrics::Counter> refused_;
  metrics::Histogram bus_latency_;
  std::map<domain::StrategyName, domain::Parameters> parameters_;  // at most kStrategiesMax
};

}  // namespace polybot::order_manager
