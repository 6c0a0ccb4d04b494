// The gateway as a process: the market data side and the client side on one loop, and their orderly
// end.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/runtime/service.hpp"
#include "services/gateway/config.hpp"

namespace polybot::gateway {

// Runs until a stop is requested. Throws when it cannot start.
[[nodiscard]] boost::asio::awaitable<void> run(runtime::Runtime& runtime, Config config);

}  // namespace polybot::gateway
