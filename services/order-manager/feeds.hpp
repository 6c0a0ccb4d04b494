// What arrives over the bus, as inputs of the core: quotes and market hints from the gateway,
// signals and announcements from runners, commands from operators. Undecodable messages are counted
// and dropped.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "common/bus/subscriber.hpp"
#include "common/metrics/registry.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "services/order-manager/config.hpp"
#include "services/order-manager/core/inputs.hpp"

namespace polybot::order_manager {

class Feeds {
 public:
  using Post = std::function<void(Input)>;

  // Listens for signals, dials the gateway. Throws as bus::Subscriber does.
  Feeds(boost::asio::any_io_executor executor, const Config& config, bus::Stats& stats,
        metrics::Registry& registry, Post post);

  // Both run until closed or cancelled.
  [[nodiscard]] boost::asio::awaitable<void> read_quotes();
  [[nodiscard]] boost::asio::awaitable<void> read_signals();
  void close();

  // When the last quote frame came; zero before the first.
  [[nodiscard]] domain::Duration last_quote_at() const { return last_quote_at_; }

 private:
  void take_quotes(const bus::Received& received);
  void take_signals(const bus::Received& received);
  void refuse(const std::string& topic, std::string_view reason);

  bus::Subscriber quotes_;
  bus::Subscriber signals_;
  bus::Stats& stats_;
  metrics::Registry& registry_;
  Post post_;
  runtime::Clock clock_;
  runtime::log::Limited refusals_log_;
  metrics::Histogram bus_latency_;
  domain::Duration last_quote_at_{};
};

}  // namespace polybot::order_manager
