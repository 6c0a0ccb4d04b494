// The lossless streams order.<strategy> and order.all on the bus: publishes every durable record
// and keeps the newest for readers who missed some (kept_streams.hpp). Also the state topics of
// order-manager (strategy, lease).
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

#include "common/bus/publisher.hpp"
#include "services/order-manager/core/order_manager.hpp"
#include "services/order-manager/kept_streams.hpp"

namespace polybot::order_manager {

class OrderStreams {
 public:
  explicit OrderStreams(bus::Publisher& publisher) : publisher_(publisher) {}

  void forget() { kept_ = KeptStreams(); }
  void resume(const Ledger& ledger) { kept_.resume(ledger); }
  // Keeps a record for replays without publishing it: records from before this start.
  void remember(const domain::StreamedEvent& event);
  void publish(const domain::StreamedEvent& event);
  // The state topics; every 500 ms. The core does not know what its shell has heard of others: that
  // is passed on.
  struct Heard {
    const std::map<domain::StrategyName, domain::Parameters>& parameters;
    std::uint64_t quotes_wanted = 0;
  };
  void publish_state(const OrderManager& core, const Heard& heard, domain::Timestamp now);

  // One request of the recovery port. Malformed ones are refused (bus::Errc::Malformed).
  [[nodiscard]] boost::system::result<std::string> answer(std::string_view request,
                                                          const OrderManager& core);

 private:
  bus::Publisher& publisher_;
  KeptStreams kept_;
};

}  // namespace polybot::order_manager
