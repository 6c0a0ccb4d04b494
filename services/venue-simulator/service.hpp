// The venue-simulator as a process: the exchange, its API and its admin routes on one event loop.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/runtime/service.hpp"
#include "services/venue-simulator/config.hpp"

namespace polybot::venue_simulator {

// Runs until a stop is requested.
[[nodiscard]] boost::asio::awaitable<void> run(runtime::Runtime& runtime, Config config);

}  // namespace polybot::venue_simulator
