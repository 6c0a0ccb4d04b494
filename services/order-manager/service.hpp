// The order-manager process: wires the engine to the bus, the venue, metrics and health, and ends
// in order: no new orders, everything canceled, the last events published, the last snapshot sent.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/runtime/service.hpp"
#include "services/order-manager/config.hpp"

namespace polybot::order_manager {

// Returns after an orderly stop. Throws runtime::CannotStart.
[[nodiscard]] boost::asio::awaitable<void> run(runtime::Runtime& runtime, Config config);

}  // namespace polybot::order_manager
