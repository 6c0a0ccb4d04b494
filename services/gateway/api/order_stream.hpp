// order-manager as the gateway hears it: every order stream from as far back as replays reach, and
// the state topics (common/feeds). This decides what silence or a hole means for the gateway's
// health; the listener folds the events into read models.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <string>

#include "common/feeds/order_feed.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/health.hpp"

namespace polybot::gateway {

struct OrderStreamSettings {
  bus::Address orders_address;    // order-manager's 5561
  bus::Address recovery_address;  // and 5562
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  std::chrono::milliseconds recovery_timeout{2000};
  domain::Duration silence = std::chrono::seconds(3);  // order-manager speaks every 500 ms
};

class OrderStream {
 public:
  // Throws for an address that is not allowed.
  OrderStream(boost::asio::any_io_executor executor, const OrderStreamSettings& settings,
              runtime::Health& health, runtime::Clock clock, bus::Stats& stats,
              feeds::OrderFeedListener listener);

  // Until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();

  // order-manager is heard, and every known stream is whole.
  [[nodiscard]] bool in_sync() const { return !silent() && feed_.whole(); }
  [[nodiscard]] std::uint64_t events_seen() const { return feed_.events_told(); }

 private:
  [[nodiscard]] boost::asio::awaitable<void> watch();
  [[nodiscard]] bool silent() const;

  domain::Duration silence_;
  runtime::Health& health_;
  runtime::Clock clock_;
  feeds::OrderFeed feed_;
};

}  // namespace polybot::gateway
